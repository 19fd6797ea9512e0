"""Properties of the onderzoek: whatever is asked in whatever order, these hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import VERNIETIGD, Fact, Privacy, field_marks
from casuslog.schema import avsc_of
from casuslog.termijnen import events as t
from casuslog.termijnen import vrije_dag
from services.onderzoek import gebeurtenissen as g
from services.onderzoek import indicatie as i
from services.onderzoek import onderzoek as z
from services.onderzoek import opdrachten as o
from services.onderzoek.inrichting import IndicatieRegel, OnderzoekInrichting
from services.onderzoek.staat import ONDERZOEK, Onderzoek

START = date(2017, 1, 2)
TEAM = Actor("wijkteam", "9901", "p")
BUUR = Actor("centrumgemeente", "9902", "q")
INRICHTING = OnderzoekInrichting(
    gemeente="9901",
    naam="Voorbeeldstad",
    versie="voorbeeldstad@1",
    team="team",
    indicatie=(
        IndicatieRegel(
            thema="beschermd_wonen",
            wie_indiceert=("uitvoeringsteam",),
            indienen_bij="9902",
            pakketten=(1, 2),
            verplichte_velden=("pakket", "netwerk"),
        ),
    ),
)
Besluit = Callable[[Onderzoek, date], list[Fact]]


def _met(decide: Any, maak: Any, *, door: Actor = TEAM, **velden: Any) -> Besluit:
    def doe(staat: Onderzoek, op: date) -> list[Fact]:
        found: list[Fact] = decide(staat, maak(op=op, door=door, **velden), INRICHTING)
        return found

    return doe


GESPREK = _met(z.leg_gesprek_vast, o.LegGesprekVast, vorm="huisbezoek", deelnemers=("inwoner",))
AFRONDEN = _met(z.rond_onderzoek_af, o.RondOnderzoekAf, uitkomst=(g.Uitkomst(voorziening="beschermd_wonen"),))
MANTELZORG = _met(
    z.leg_gesprek_vast,
    o.LegGesprekVast,
    vorm="huisbezoek",
    deelnemers=("inwoner", "mantelzorger"),
    mantelzorg=o.Mantelzorg(eigen_woorden="zwaar"),
)
VERSLAG = _met(z.verstrek_verslag, o.VerstrekVerslag, inhoud="tekst")
BIJLAGE = _met(z.corrigeer_verslag, o.CorrigeerVerslag, namens="mantelzorger")
HANDELINGEN: list[Besluit] = [
    _met(z.plan_gesprek, o.PlanGesprek, gesprek_op=date(2019, 1, 1)),
    GESPREK,
    MANTELZORG,
    _met(z.leg_vast_geen_gesprek, o.LegVastGeenGesprek, reden="herindicatie"),
    _met(z.ontvang_persoonlijk_plan, o.OntvangPersoonlijkPlan),
    _met(z.betrek_persoonlijk_plan, o.BetrekPersoonlijkPlan, toelichting="gevolgd"),
    VERSLAG,
    BIJLAGE,
    _met(z.onderteken_verslag, o.OndertekenVerslag),
    AFRONDEN,
    _met(z.breek_onderzoek_af, o.BreekOnderzoekAf, reden="verhuisd"),
    _met(i.dien_indicatie_in, o.DienIndicatieIn, thema="beschermd_wonen", pakket=2),
    _met(i.stuur_indicatie_terug, o.StuurIndicatieTerug, door=BUUR, velden=("netwerk",)),
    _met(i.vul_indicatie_aan, o.VulIndicatieAan, velden={"netwerk": "klein"}),
    _met(i.koppel_besluit_terug, o.KoppelBesluitTerug, uitkomst="toegekend"),
    z.termijn_verstreken,
]
stappen = st.lists(st.tuples(st.sampled_from(HANDELINGEN), st.integers(-3, 15)), max_size=30)
dagen = st.dates(date(2015, 1, 1), date(2030, 12, 31))


def speel(reeks: list[tuple[Besluit, int]]) -> list[Fact]:
    """Play the acts after a melding on START; a refused one changes nothing."""
    facts = z.start_termijn(Onderzoek(), START, INRICHTING)
    op = START
    for doe, verder in reeks:
        op = max(START, op + timedelta(days=verder))
        try:
            facts += doe(ONDERZOEK.fold(facts), op)
        except Refused:
            continue
    return facts


def namen(facts: list[Fact]) -> list[str]:
    return [type(fact.data).__name__ for fact in facts]


@settings(deadline=None)
@given(stappen)
def test_the_term_starts_once_and_ends_at_most_once_either_way(reeks: list[tuple[Besluit, int]]) -> None:
    """One start, one overrun at most; met at most once, and never met and lapsed both."""
    found = namen(speel(reeks))
    assert found.count("TermijnGestart") == 1
    assert found.count("TermijnOverschreden") <= 1
    assert found.count("TermijnGehaald") + found.count("TermijnVervallen") <= 1
    assert "TermijnOpgeschort" not in found


@settings(deadline=None)
@given(stappen)
def test_the_last_day_never_moves(reeks: list[tuple[Besluit, int]]) -> None:
    """No act suspends or extends the six weeks."""
    facts = speel(reeks)
    begin = ONDERZOEK.fold(facts[:1])
    assert ONDERZOEK.fold(facts).uiterlijk == begin.uiterlijk
    for fact in facts:
        if isinstance(fact.data, t.TermijnGehaald | t.TermijnOverschreden):
            assert fact.data.uiterlijk == begin.uiterlijk


@settings(deadline=None)
@given(stappen)
def test_a_finished_onderzoek_met_its_term_or_overran_it(reeks: list[tuple[Besluit, int]]) -> None:
    """Finished on or before the last day is met with the days left; later the overrun was recorded first."""
    facts = speel(reeks)
    found = namen(facts)
    assert found.count("OnderzoekAfgerond") <= 1
    if "OnderzoekAfgerond" not in found:
        return
    klaar = facts[found.index("OnderzoekAfgerond")]
    uiterlijk = ONDERZOEK.fold(facts).uiterlijk
    assert uiterlijk is not None
    if klaar.on <= uiterlijk:
        gehaald = facts[found.index("TermijnGehaald")].data
        assert isinstance(gehaald, t.TermijnGehaald)
        assert gehaald.dagen_over == (uiterlijk - klaar.on).days
    else:
        assert found.index("TermijnOverschreden") < found.index("OnderzoekAfgerond")


@settings(deadline=None)
@given(stappen)
def test_nothing_follows_a_broken_off_onderzoek_but_its_term(reeks: list[tuple[Besluit, int]]) -> None:
    """After breaking off only the lapse of the term is recorded."""
    found = namen(speel(reeks))
    if "OnderzoekAfgebroken" in found:
        assert set(found[found.index("OnderzoekAfgebroken") + 1 :]) <= {"TermijnVervallen"}


@settings(deadline=None)
@given(stappen)
def test_versions_and_annexes_count_up(reeks: list[tuple[Besluit, int]]) -> None:
    """Versions and annexes are numbered 1, 2, 3 without gap, and an annex names the version there was."""
    versies = 0
    bijlagen = 0
    for fact in speel(reeks):
        if isinstance(fact.data, g.VerslagOpgesteld):
            versies += 1
            assert fact.data.versie == versies
        if isinstance(fact.data, g.BijlageToegevoegd):
            bijlagen += 1
            assert (fact.data.nummer, fact.data.verslagversie) == (bijlagen, versies)


@settings(deadline=None)
@given(stappen)
def test_an_indicatie_lies_with_one_of_both(reeks: list[tuple[Besluit, int]]) -> None:
    """Sent back and completed alternate, after it was handed in."""
    verkeer = [n for n in namen(speel(reeks)) if n in ("IndicatieTeruggestuurd", "IndicatieAangevuld")]
    assert all(n == ("IndicatieTeruggestuurd", "IndicatieAangevuld")[nr % 2] for nr, n in enumerate(verkeer))


@settings(deadline=None)
@given(dagen, st.integers(0, 400))
def test_a_timer_that_fires_late_dates_the_overrun_right(gemeld_op: date, later: int) -> None:
    """Whenever the timer fires, the overrun bears the first day after the last day; that last day is a working day."""
    begin = z.start_termijn(Onderzoek(), gemeld_op, INRICHTING)
    staat = ONDERZOEK.fold(begin)
    assert staat.uiterlijk is not None
    assert vrije_dag(staat.uiterlijk) is None
    assert staat.uiterlijk - gemeld_op >= timedelta(weeks=6)
    facts = z.termijn_verstreken(staat, gemeld_op + timedelta(days=later))
    if gemeld_op + timedelta(days=later) <= staat.uiterlijk:
        assert facts == []
    else:
        assert [fact.on for fact in facts] == [staat.uiterlijk + timedelta(days=1)]


@settings(deadline=None)
@given(stappen)
def test_folding_in_parts_gives_the_same_state(reeks: list[tuple[Besluit, int]]) -> None:
    """A stream folds to the same state in one go and from any snapshot."""
    facts = speel(reeks)
    half = len(facts) // 2
    assert ONDERZOEK.fold(facts) == ONDERZOEK.fold(facts[half:], ONDERZOEK.fold(facts[:half]))


def _vernietigd(fact: Fact) -> Fact:
    leeg = {f.name: VERNIETIGD for f in dataclasses.fields(fact.data)}  # type: ignore[arg-type]
    return replace(fact, data=replace(fact.data, **leeg))  # type: ignore[type-var]


@settings(deadline=None)
@given(stappen)
def test_a_destroyed_dossier_folds_and_takes_nothing_more(reeks: list[tuple[Besluit, int]]) -> None:
    """After destruction of the keys the stream still folds, acts are refused, and reactions and timers do nothing."""
    staat = ONDERZOEK.fold([_vernietigd(fact) for fact in speel(reeks)])
    with pytest.raises(Refused) as gevangen:
        VERSLAG(staat, date(2040, 1, 1))
    assert gevangen.value.reason == "dossier_vernietigd"
    assert z.termijn_verstreken(staat, date(2040, 1, 1)) == []
    assert z.volg_einde_melding(staat, date(2040, 1, 1), "melding_ingetrokken") == []
    assert HANDELINGEN[14](staat, date(2040, 1, 1)) == []


def test_destroyed_data_of_the_mantelzorger_leave_the_onderzoek_workable() -> None:
    """The mantelzorger's own words and annexes can be destroyed apart from the data of the client."""
    facts = speel([(MANTELZORG, 1), (VERSLAG, 1), (BIJLAGE, 1)])
    facts = [_vernietigd(f) if f.betrokkene == "mantelzorger" else f for f in facts]
    (bijlage,) = BIJLAGE(ONDERZOEK.fold(facts), date(2017, 1, 20))
    assert isinstance(bijlage.data, g.BijlageToegevoegd)
    assert bijlage.data.nummer == 2


EVENTS = [c for c in vars(g).values() if "__event__" in getattr(c, "__dict__", {})]


@pytest.mark.parametrize("soort", EVENTS, ids=lambda soort: soort.__name__)
def test_each_event_has_a_schema_a_doc_and_nothing_personal_among_its_facts(soort: Any) -> None:
    """An event yields an Avro schema; free text, findings, contents and BSN are persoonsgegeven."""
    assert avsc_of(soort)["doc"]
    persoonlijk = {
        "bsn",
        "toelichting",
        "bevinding",
        "wens",
        "eigen_woorden",
        "behoefte",
        "inhoud",
        "tekst",
        "herkomst",
    }
    for naam, mark in field_marks(soort).items():
        if naam in persoonlijk and (soort, naam) != (g.LeefgebiedBesproken, "herkomst"):
            assert mark.privacy is Privacy.PERSOONSGEGEVEN
