"""Properties of the melding: whatever is asked in whatever order, these hold."""

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
from casuslog.termijnen import vrije_dag
from services.melding import gebeurtenissen, opdrachten
from services.melding import melding as m
from services.melding.inrichting import MeldingInrichting, Triage

START = date(2017, 1, 2)
ACTOR = Actor("inwoner", None, "p")
INRICHTING = MeldingInrichting(
    gemeente="9901",
    naam="Voorbeeldstad",
    versie="voorbeeldstad@1",
    team="team",
    triage=Triage(doorgeven_aan="wijkteam"),
    soorten={"hh1": "algemeen"},
)
Besluit = Callable[[m.Melding, date], list[Fact]]
o = opdrachten


def _met(decide: Any, maak: Any, *, inrichting: bool = True, **velden: Any) -> Besluit:
    def doe(staat: m.Melding, op: date) -> list[Fact]:
        opdracht = maak(op=op, door=ACTOR, **velden)
        found: list[Fact] = decide(staat, opdracht, INRICHTING) if inrichting else decide(staat, opdracht)
        return found

    return doe


HANDELINGEN: list[Besluit] = [
    _met(m.registreer_contact, o.RegistreerContact),
    _met(m.verhelder_vraag, o.VerhelderVraag, vraag="boodschappen"),
    _met(m.verwijs_door, o.VerwijsDoor, naar="boodschappendienst"),
    _met(m.registreer_melding, o.RegistreerMelding, naam="T"),
    _met(m.registreer_melding, o.RegistreerMelding, melder="derde", melder_naam="D"),
    _met(m.bevestig_melding, o.BevestigMelding),
    _met(m.bied_clientondersteuning_aan, o.BiedClientondersteuningAan, moment="gesprek"),
    _met(m.sla_clientondersteuning_af, o.SlaClientondersteuningAf, inrichting=False),
    _met(m.geef_melding_door, o.GeefMeldingDoor),
    _met(m.accepteer_overdracht, o.AccepteerOverdracht, inrichting=False),
    _met(m.geef_toestemming, o.GeefToestemming, inrichting=False, aan="derde", omvang=("afspraken",)),
    _met(m.trek_melding_in, o.TrekMeldingIn, inrichting=False),
    _met(m.sluit_melding, o.SluitMelding, reden="verhuisd"),
]
reeksen = st.lists(st.tuples(st.sampled_from(HANDELINGEN), st.integers(-3, 20)), max_size=25)


def speel(reeks: list[tuple[Besluit, int]]) -> list[Fact]:
    """Play the acts; a refused one changes nothing."""
    facts: list[Fact] = []
    op = START
    for doe, dagen in reeks:
        op += timedelta(days=dagen)
        try:
            facts += doe(m.MELDING.fold(facts), op)
        except Refused:
            continue
    return facts


def namen(facts: list[Fact]) -> list[str]:
    return [type(fact.data).__name__ for fact in facts]


@settings(deadline=None)
@given(reeksen)
def test_a_casus_has_at_most_one_melding_and_one_confirmation(reeks: list[tuple[Besluit, int]]) -> None:
    """However often it is asked, a casus has one melding, confirmed once, after it."""
    found = namen(speel(reeks))
    assert found.count("MeldingGeregistreerd") <= 1
    assert found.count("MeldingBevestigd") <= found.count("MeldingGeregistreerd")


@settings(deadline=None)
@given(reeksen)
def test_nothing_is_dated_before_the_melding_and_nothing_follows_its_end(reeks: list[tuple[Besluit, int]]) -> None:
    """Facts after the melding bear its day or a later one, and a closed melding stays closed."""
    facts = speel(reeks)
    found = namen(facts)
    if "MeldingGeregistreerd" in found:
        begin = found.index("MeldingGeregistreerd")
        assert all(fact.on >= facts[begin].on for fact in facts[begin:])
    einden = [n for n, naam in enumerate(found) if naam in ("MeldingIngetrokken", "MeldingAfgesloten")]
    assert einden in ([], [len(found) - 1])


@settings(deadline=None)
@given(reeksen)
def test_the_owner_changes_by_acceptance_only(reeks: list[tuple[Besluit, int]]) -> None:
    """Handing on does not change the owner; accepting does."""
    staat = m.Melding()
    for fact in speel(reeks):
        na = m.evolve(staat, fact)
        if na.eigenaar != staat.eigenaar:
            assert type(fact.data).__name__ in ("MeldingGeregistreerd", "OverdrachtGeaccepteerd")
        staat = na


@settings(deadline=None)
@given(st.dates(date(2015, 1, 1), date(2030, 12, 31)), st.integers(0, 40))
def test_the_plan_term_follows_the_melding_whenever_it_is_confirmed(gemeld_op: date, dagen: int) -> None:
    """The last day for the plan depends on the melding alone, is a working day, and no earlier than the seventh."""
    facts = HANDELINGEN[3](m.Melding(), gemeld_op)
    bevestigd = HANDELINGEN[5](m.MELDING.fold(facts), gemeld_op + timedelta(days=dagen))
    plan = bevestigd[1].data
    assert isinstance(plan, gebeurtenissen.PersoonlijkPlanMogelijkheidMeegedeeld)
    assert plan.rekendatum == gemeld_op + timedelta(days=7)
    assert plan.inleveren_tot_en_met >= plan.rekendatum
    assert vrije_dag(plan.inleveren_tot_en_met) is None


@settings(deadline=None)
@given(reeksen)
def test_folding_in_parts_gives_the_same_state(reeks: list[tuple[Besluit, int]]) -> None:
    """A stream folds to the same state in one go and from any snapshot."""
    facts = speel(reeks)
    half = len(facts) // 2
    assert m.MELDING.fold(facts) == m.MELDING.fold(facts[half:], m.MELDING.fold(facts[:half]))


def _vernietigd(fact: Fact) -> Fact:
    leeg = {f.name: VERNIETIGD for f in dataclasses.fields(fact.data)}  # type: ignore[arg-type]
    return replace(fact, data=replace(fact.data, **leeg))  # type: ignore[type-var]


@settings(deadline=None)
@given(reeksen)
def test_a_destroyed_dossier_folds_and_takes_nothing_more(reeks: list[tuple[Besluit, int]]) -> None:
    """After destruction of the keys the stream still folds, and each act is refused with that reason."""
    facts = [_vernietigd(fact) for fact in speel(reeks)]
    staat = m.MELDING.fold(facts)
    if not facts:
        return
    with pytest.raises(Refused) as gevangen:
        HANDELINGEN[5](staat, date(2040, 1, 1))
    assert gevangen.value.reason == "dossier_vernietigd"


def test_destroyed_data_of_another_melder_leave_the_melding_workable() -> None:
    """The melder's own data can be destroyed apart from those of the client."""
    facts = HANDELINGEN[4](m.Melding(), START)
    facts = [_vernietigd(f) if f.betrokkene == "derde" else f for f in facts]
    assert "MeldingBevestigd" in namen(HANDELINGEN[5](m.MELDING.fold(facts), START))


EVENTS = [c for c in vars(gebeurtenissen).values() if hasattr(c, "__event__") and "__event__" in vars(c)]


@pytest.mark.parametrize("soort", EVENTS, ids=lambda soort: soort.__name__)
def test_each_event_has_a_schema_a_doc_and_nothing_personal_among_its_facts(soort: Any) -> None:
    """An event yields an Avro schema; names, contact data, BSN and free text are persoonsgegeven."""
    assert avsc_of(soort)["doc"]
    persoonlijk = {"naam", "adres", "woonplaats", "telefoon", "email", "bsn", "geboortedatum", "hulpvraag", "vraag"}
    for naam, mark in field_marks(soort).items():
        if naam in persoonlijk | {"toelichting", "contactgegevens"}:
            assert mark.privacy is Privacy.PERSOONSGEGEVEN
