"""What a pgb pays per hour or dagdeel, and what that makes over a period. Pure; a computation is no besluit.

Source of the tables: bronnen/inrichtingen/README.md section 4 (004:575-744). How they are set belongs in the
verordening (Wmo 2015 art. 2.1.3 lid 2 onder b and 2.3.6 lid 4; CRvB 17 mei 2017, ECLI:NL:CRVB:2017:1803).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from casuslog import rekenen
from casuslog.errors import Refused
from services.pgb.gebeurtenissen import Budgetregel, Wensregel
from services.pgb.inrichting import PgbInrichting, Tariefregel

GEKWALIFICEERD = "gekwalificeerd"
NIET_GEKWALIFICEERD = "niet_gekwalificeerd"
SOCIAAL_NETWERK = "sociaal_netwerk"
SOORTEN_HULPVERLENER = (GEKWALIFICEERD, NIET_GEKWALIFICEERD, SOCIAAL_NETWERK)

KENMERKEN = (
    "met_regie",
    "zonder_regie",
    "werkzaam_in_instelling",
    "niet_werkzaam_in_instelling",
    "gekwalificeerd_in_sociaal_netwerk",
    "niet_gekwalificeerd_in_sociaal_netwerk",
    "zonder_vervoer",
    "met_vervoer",
)
"""What can be stated of a wish besides the soort hulpverlener."""

_VOLGT_UIT = {"huishoudelijke_hulp_1": "zonder_regie", "huishoudelijke_hulp_2": "met_regie"}
"""HH1: the client directs the help; HH2: help with directing as well (004:579-583)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariefvraag:
    """What is asked: this voorziening by this soort hulpverlener.

    ``afgesproken_cent`` is what the budgethouder agreed, for tariffs that are a maximum. ``procent`` is a percentage
    that somebody wants instead of the one of the inrichting. ``als_maatwerk``: what is an algemene voorziening here is
    granted as maatwerk after an onderzoek.
    """

    voorziening: str
    hulpverlener: str
    kenmerken: tuple[str, ...] = ()
    afgesproken_cent: int | None = None
    procent: int | None = None
    als_maatwerk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarief:
    """A computed tariff: ``tarief_cent`` per ``eenheid``, and how it came about."""

    voorziening: str
    hulpverlener: str
    soort: str
    procent: int | None
    grondslag_cent: int | None
    tarief_cent: int
    eenheid: str
    begrensd: bool
    """What was agreed lies above the maximum; the maximum counts."""
    bron: str


def bereken_tarief(vraag: Tariefvraag, inrichting: PgbInrichting) -> Tarief:
    """The tariff that the inrichting sets for this question.

    Raises:
        Refused: ``geen_pgb_voor_algemene_voorziening``, ``onbekend_pgb_tarief``, ``kenmerk_ontbreekt``,
            ``vervoer_niet_inbegrepen``, ``tarief_zorg_in_natura_onbekend`` or ``tarief_volgt_soort_hulpverlener``.
    """
    vraag = replace(vraag, voorziening=inrichting.namen.get(vraag.voorziening, vraag.voorziening))
    if inrichting.is_algemeen(vraag.voorziening) and not vraag.als_maatwerk:
        raise _geen_pgb_voor_algemeen(vraag, inrichting)
    regel = _geldende_regel(vraag, inrichting)
    if vraag.procent is not None and vraag.procent != regel.procent:
        raise _volgt_soort_hulpverlener(vraag, regel, inrichting)
    return _uitgerekend(vraag, regel, inrichting)


def _uitgerekend(vraag: Tariefvraag, regel: Tariefregel, inrichting: PgbInrichting) -> Tarief:
    if regel.procent is not None:
        grondslag, eenheid = _natura(vraag, inrichting)
        bedrag = rekenen.percentage_van(grondslag, regel.procent)
    else:
        assert (
            regel.bedrag_cent is not None
        )  # the compiler of the inrichting gives a row either a percentage or an amount
        grondslag, eenheid, bedrag = None, regel.eenheid or "uur", regel.bedrag_cent
    afgesproken = vraag.afgesproken_cent if regel.maximum else None
    return Tarief(
        voorziening=vraag.voorziening,
        hulpverlener=vraag.hulpverlener,
        soort=regel.soort,
        procent=regel.procent,
        grondslag_cent=grondslag,
        tarief_cent=bedrag if afgesproken is None else min(bedrag, afgesproken),
        eenheid=eenheid,
        begrensd=afgesproken is not None and afgesproken > bedrag,
        bron=regel.bron,
    )


def _natura(vraag: Tariefvraag, inrichting: PgbInrichting) -> tuple[int, str]:
    natura = inrichting.natura.get(vraag.voorziening)
    if natura is None or natura.cent is None:
        raise Refused(
            "tarief_zorg_in_natura_onbekend",
            f"Geen tarief berekend: het pgb voor {_woorden(vraag.voorziening)} is een percentage van het tarief zorg "
            f"in natura, en dat tarief is in {inrichting.naam} niet bekend ({inrichting.versie_in_woorden}).",
            rule="Wmo 2015 art. 2.3.6 lid 4; percentage van het tarief zorg in natura (004:575)",
            remedy="Leg het tarief zorg in natura van deze voorziening vast in de inrichting.",
            field="voorziening",
        )
    return natura.cent, natura.eenheid


# -- over a period -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a wish costs over a period: the lines, the weeks (a week that has begun counts) and the total."""

    regels: tuple[Budgetregel, ...]
    weken: int
    totaal_cent: int


def bereken_budget(wens: Sequence[Wensregel], van: date, tot_en_met: date, inrichting: PgbInrichting) -> Budget:
    """The budget of each line and of all, as the besluit would set it; a computation, no besluit.

    Raises:
        Refused: as :func:`bereken_tarief`, for the first line without a tariff.
        ValueError: the period ends before it begins.
    """
    weken = rekenen.begonnen_weken(van, tot_en_met)
    regels = tuple(_budgetregel(regel, weken, inrichting) for regel in wens)
    return Budget(regels=regels, weken=weken, totaal_cent=sum(r.bedrag_cent for r in regels))


def _budgetregel(wens: Wensregel, weken: int, inrichting: PgbInrichting) -> Budgetregel:
    vraag = Tariefvraag(voorziening=wens.voorziening, hulpverlener=wens.hulpverlener, kenmerken=wens.kenmerken)
    tarief = bereken_tarief(vraag, inrichting)
    return Budgetregel(
        regel=wens.regel,
        voorziening=wens.voorziening,
        minuten_per_week=wens.minuten_per_week,
        hulpverlener=wens.hulpverlener,
        tarief_cent=tarief.tarief_cent,
        bedrag_cent=rekenen.budget(tarief.tarief_cent, wens.minuten_per_week, weken, eenheid=tarief.eenheid),
        eenheid=tarief.eenheid,
    )


# -- which row holds ---------------------------------------------------------------------------------------------------


def _geldende_regel(vraag: Tariefvraag, inrichting: PgbInrichting) -> Tariefregel:
    gesteld = _gesteld(vraag)
    voor_deze = [
        r
        for r in inrichting.tarieven
        if vraag.voorziening in r.voorzieningen and vraag.hulpverlener in r.soorten_hulpverlener
    ]
    geldend = [r for r in voor_deze if set(r.voorwaarden) <= gesteld]
    if geldend:
        # At most one row holds by the promise of the compiler; the most exact one, should a file break it.
        return max(geldend, key=lambda r: len(r.voorwaarden))
    raise _geen_regel(vraag, voor_deze, gesteld, inrichting)


def _gesteld(vraag: Tariefvraag) -> set[str]:
    """What holds of the wish: what was stated, and what follows from the voorziening.

    An amount without vervoer holds unless vervoer was asked for: it says what the amount contains (S47).
    """
    gesteld = set(vraag.kenmerken)
    volgt = _VOLGT_UIT.get(vraag.voorziening)
    if volgt and _tegendeel(volgt) not in gesteld:
        gesteld.add(volgt)
    if "met_vervoer" not in gesteld:
        gesteld.add("zonder_vervoer")
    return gesteld


def _tegendeel(kenmerk: str) -> str:
    for een, ander in (("niet_", ""), ("met_", "zonder_"), ("zonder_", "met_")):
        if kenmerk.startswith(een):
            return ander + kenmerk.removeprefix(een)
    return f"niet_{kenmerk}"


def _geen_regel(
    vraag: Tariefvraag, voor_deze: Sequence[Tariefregel], gesteld: set[str], inrichting: PgbInrichting
) -> Refused:
    if any("zonder_vervoer" in r.voorwaarden for r in voor_deze) and "met_vervoer" in gesteld:
        return _zonder_vervoer(vraag, inrichting)
    open_gebleven = sorted(
        {
            kenmerk
            for r in voor_deze
            if not any(_tegendeel(v) in gesteld for v in r.voorwaarden)
            for kenmerk in r.voorwaarden
            if kenmerk not in gesteld
        }
    )
    if open_gebleven:
        return _kenmerk_ontbreekt(vraag, open_gebleven, inrichting)
    return Refused(
        "onbekend_pgb_tarief",
        f"Geen tarief berekend: {inrichting.naam} kent ({inrichting.versie_in_woorden}) geen pgb-tarief voor "
        f"{_woorden(vraag.voorziening)} door hulpverlener {_woorden(vraag.hulpverlener)}.",
        rule="Wmo 2015 art. 2.1.3 lid 2 onder b: de verordening bepaalt hoe de hoogte wordt vastgesteld",
        remedy="Laat individueel beoordelen, of vul de inrichting aan. Er geldt niet stil een ander tarief.",
        field="voorziening",
    )


# -- refusals ----------------------------------------------------------------------------------------------------------


def _geen_pgb_voor_algemeen(vraag: Tariefvraag, inrichting: PgbInrichting) -> Refused:
    als_maatwerk = _als_maatwerk(vraag, inrichting)
    extra: dict[str, Any] = {"rekenkundig_als_maatwerk_cent": als_maatwerk} if als_maatwerk is not None else {}
    bedrag = f"; dan geldt {rekenen.in_euro(als_maatwerk)} per uur" if als_maatwerk is not None else ""
    return Refused(
        "geen_pgb_voor_algemene_voorziening",
        f"Geen pgb-tarief: {_woorden(vraag.voorziening)} is in {inrichting.naam} een algemene voorziening "
        f"({inrichting.versie_in_woorden}), en een pgb hoort bij een maatwerkvoorziening.",
        rule="Wmo 2015 art. 2.3.6 lid 1",
        remedy="Blijkt de algemene voorziening niet passend of niet betaalbaar, dan kan zij na onderzoek als maatwerk "
        f"worden toegekend{bedrag}. Dit is geen afwijzing.",
        field="voorziening",
        **extra,
    )


def _als_maatwerk(vraag: Tariefvraag, inrichting: PgbInrichting) -> int | None:
    """What the table would give if it were maatwerk; shown with the refusal, so that nobody has to guess."""
    try:
        regel = _geldende_regel(vraag, inrichting)
        return _uitgerekend(vraag, regel, inrichting).tarief_cent
    except Refused:
        return None  # the table has no amount either; the refusal stands without it


def _volgt_soort_hulpverlener(vraag: Tariefvraag, regel: Tariefregel, inrichting: PgbInrichting) -> Refused:
    geldt = f"{regel.procent} procent" if regel.procent is not None else rekenen.in_euro(regel.bedrag_cent or 0)
    return Refused(
        "tarief_volgt_soort_hulpverlener",
        f"Niet berekend met {vraag.procent} procent: voor hulpverlener {_woorden(vraag.hulpverlener)} geldt in "
        f"{inrichting.naam} {geldt} ({inrichting.versie_in_woorden}).",
        rule="Wmo 2015 art. 2.3.6 lid 4 en de verordening; het tarief volgt de soort hulpverlener",
        remedy="Een uitzondering vraagt een besluit met eigen grondslag en motivering.",
        field="procent",
    )


def _kenmerk_ontbreekt(vraag: Tariefvraag, kenmerken: Iterable[str], inrichting: PgbInrichting) -> Refused:
    keuze = " of ".join(_woorden(k) for k in kenmerken)
    return Refused(
        "kenmerk_ontbreekt",
        f"Geen tarief berekend: in {inrichting.naam} hangt het tarief voor {_woorden(vraag.voorziening)} af van een "
        f"kenmerk dat niet genoemd is ({keuze}; {inrichting.versie_in_woorden}).",
        rule=f"{inrichting.versie_in_woorden}",
        remedy=f"Noem in kenmerken wat geldt: {keuze}.",
        field="kenmerken",
    )


def _zonder_vervoer(vraag: Tariefvraag, inrichting: PgbInrichting) -> Refused:
    return Refused(
        "vervoer_niet_inbegrepen",
        f"Het bedrag voor {_woorden(vraag.voorziening)} is in {inrichting.naam} zonder vervoer "
        f"({inrichting.versie_in_woorden}).",
        rule="004:662-706: dagdeelbedrag zonder vervoer",
        remedy="Neem vervoer op als eigen onderdeel van het besluit.",
        field="kenmerken",
    )


def _woorden(code: str) -> str:
    return code.replace("_", " ")
