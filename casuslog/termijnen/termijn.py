"""A term: the day from which it counts, its last day before and after shifting, and every step in between.

Counted from the day after ``van``; when the last day is a Saturday, Sunday, holiday or equated day, it shifts
(Algemene termijnenwet art. 1 and 3), is long enough to hold two other days (art. 2), and terms of more than twelve
weeks or ninety days are left alone (art. 4 (from general knowledge)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from casuslog.termijnen.kalender import KALENDER, eerste_werkdag, vrije_dag
from casuslog.termijnen.opschorting import Opschorting, opgeschorte_dagen

_DAG = timedelta(days=1)
_WEEKDAGEN = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")


@dataclass(frozen=True, slots=True)
class Termijn:
    """A computed term.

    ``soort`` is a code of the list ``termijnsoort``; ``rekendatum`` the last day before shifting, ``uiterlijk`` after
    it; ``stappen`` tell in Dutch how it was counted; ``opgeschort`` is the number of days that did not count.
    """

    soort: str
    van: date
    rekendatum: date
    uiterlijk: date
    artikel: str
    stappen: tuple[str, ...]
    kalender: str = KALENDER
    opgeschort: int = 0

    @property
    def overschreden_op(self) -> date:
        """The first day on which it is too late: the day after ``uiterlijk``."""
        return self.uiterlijk + _DAG

    def dagen_over(self, op: date) -> int:
        """Days left on that day: 0 on the last day, negative when it is too late."""
        return (self.uiterlijk - op).days

    def gehaald(self, op: date) -> bool:
        """Whether what was done on that day was in time."""
        return op <= self.uiterlijk


def bereken(
    soort: str, van: date, *, weken: int = 0, dagen: int = 0, artikel: str, opgeschort: int = 0, atw: bool = True
) -> Termijn:
    """Count a term of weeks and days from the day after ``van``.

    Args:
        soort: code of the list ``termijnsoort``.
        van: the day of the fact; it does not count itself.
        weken: length in weeks of seven days.
        dagen: length in days, added to the weeks.
        artikel: on which it rests.
        opgeschort: days that did not count.
        atw: whether the Algemene termijnenwet applies; False for a term that no law sets.

    Raises:
        ValueError: the term has no length.
    """
    lengte = 7 * weken + dagen
    if lengte < 1:
        raise ValueError("a term takes a day at least")
    rekendatum = van + timedelta(days=lengte + opgeschort)
    stappen = [f"telt vanaf {_dag(van + _DAG)}, de dag na {_dag(van)}", f"{_lengte(weken, dagen)}: {_dag(rekendatum)}"]
    if opgeschort:
        stappen.append(f"daarin {opgeschort} dagen opgeschort (Awb 4:15 lid 1)")
    uiterlijk = rekendatum
    if atw and _onder_atw(weken, dagen):
        uiterlijk = _verschoven(van, rekendatum, lengte, stappen)
    return Termijn(soort, van, rekendatum, uiterlijk, artikel, tuple(stappen), KALENDER, opgeschort)


def onderzoek(melding: date, *, weken: int = 6) -> Termijn:
    """The onderzoek after a melding: six weeks, without suspension or extension (Wmo 2015 art. 2.3.2 lid 1)."""
    return bereken("onderzoek", melding, weken=weken, artikel="Wmo 2015 art. 2.3.2 lid 1")


def persoonlijk_plan(melding: date, *, dagen: int = 7) -> Termijn:
    """Handing in a persoonlijk plan: seven days after the melding (Wmo 2015 art. 2.3.2 lid 2)."""
    return bereken("persoonlijk_plan", melding, dagen=dagen, artikel="Wmo 2015 art. 2.3.2 lid 2")


def besluit(aanvraag: date, *, weken: int = 2, opschortingen: Sequence[Opschorting] = ()) -> Termijn:
    """The beschikking on an aanvraag: two weeks, met by the bekendmaking (Wmo 2015 art. 2.3.5 lid 2).

    It stands still only while the aanvrager completes the aanvraag within a term given for it (Awb 4:15 lid 1).
    """
    artikel = "Wmo 2015 art. 2.3.5 lid 2"
    zonder = bereken("besluit", aanvraag, weken=weken, artikel=artikel)
    stil = opgeschorte_dagen(opschortingen, uiterlijk=zonder.uiterlijk)
    if not stil:
        return zonder
    # Invited when only the shift was left: count on from the shifted day, or the term would end before it resumed.
    in_verschuiving = min(o.uitgenodigd_op for o in opschortingen if o.dagen()) >= zonder.rekendatum
    extra = (zonder.uiterlijk - zonder.rekendatum).days if in_verschuiving else 0
    return bereken("besluit", aanvraag, weken=weken, dagen=extra, artikel=f"{artikel}; Awb 4:15 lid 1", opgeschort=stil)


def bezwaar(bekendmaking: date, *, weken: int = 6) -> Termijn:
    """Bezwaar against a besluit: six weeks from the day after the bekendmaking (Awb 6:7 and 6:8)."""
    return bereken("bezwaar", bekendmaking, weken=weken, artikel="Awb 6:7 en 6:8")


def weken_tussen(van: date, tot_en_met: date) -> int:
    """Whole weeks in a period, first and last day included; days left over do not make a week.

    Raises:
        ValueError: the period ends before it begins.
    """
    return dagen_tussen(van, tot_en_met) // 7


def dagen_tussen(van: date, tot_en_met: date) -> int:
    """Days in a period, first and last day included.

    Raises:
        ValueError: the period ends before it begins.
    """
    if tot_en_met < van:
        raise ValueError(f"the period ends on {tot_en_met.isoformat()}, before it begins on {van.isoformat()}")
    return (tot_en_met - van).days + 1


def _onder_atw(weken: int, dagen: int) -> bool:
    return weken <= 12 and dagen <= 90 and 7 * weken + dagen <= 90


def _verschoven(van: date, rekendatum: date, lengte: int, stappen: list[str]) -> date:
    dag = rekendatum
    while (reden := vrije_dag(dag)) is not None:
        stappen.append(f"{_dag(dag)} is {reden}")
        dag += _DAG
    if dag != rekendatum:
        stappen.append(f"verlengd tot en met {_dag(dag)} (Atw art. 1 lid 1)")
    return _met_twee_werkdagen(van, dag, stappen) if lengte >= 3 else dag


def _met_twee_werkdagen(van: date, dag: date, stappen: list[str]) -> date:
    verlengd = dag
    while sum(vrije_dag(van + timedelta(days=n)) is None for n in range(1, (verlengd - van).days + 1)) < 2:
        verlengd = eerste_werkdag(verlengd + _DAG)
    if verlengd != dag:
        stappen.append(f"verlengd tot en met {_dag(verlengd)}, zodat er twee werkdagen in liggen (Atw art. 2)")
    return verlengd


def _dag(dag: date) -> str:
    return f"{_WEEKDAGEN[dag.weekday()]} {dag.isoformat()}"


def _lengte(weken: int, dagen: int) -> str:
    delen = [f"{aantal} {naam}" for aantal, naam in ((weken, "weken"), (dagen, "dagen")) if aantal]
    return " en ".join(delen)
