"""The rights function and its parts: involvement as recorded, the matrix as data, and what never shows."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from casuslog.codes import codes, schemas_folder
from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX, VERNIETIGD
from casuslog.recorded import RecordedEvent
from casuslog.rights import (
    BetrokkenheidVastgelegd,
    Consent,
    Involvement,
    Involvements,
    Level,
    Reader,
    ToestemmingGegeven,
    may_know_casus_exists,
    sight,
)
from casuslog.rights.matrix import RELATIES, matrix, parse

CASUS = str(uuid.uuid5(uuid.NAMESPACE_URL, "casus"))
DAY = date(2017, 3, 1)
TEXT = (schemas_folder() / "rechten.yaml").read_text(encoding="utf-8")


def envelope(**changes: Any) -> Envelope:
    """The envelope of a melding in Opsterland, with changes."""
    name = changes.pop("name", "melding-geregistreerd")
    right: dict[str, Any] = {
        "id": CASUS,
        "source": "urn:nld:oin:00000099000000860000:systeem:melding",
        "type": TYPE_PREFIX + name,
        "time": datetime(2017, 3, 1, 9, tzinfo=UTC),
        "subject": CASUS,
        "dataschema": "/schemas/0123456789abcdef",
        "sequence": 1,
        "gemeente": "0086",
        "stroom": "melding",
        "feitdatum": DAY,
        "correlationid": CASUS,
        "causationid": CASUS,
        "woongemeente": "0086",
        "thema": "beschermd_wonen",
        "actorrol": "inwoner",
        "actorid": "inwoner-1",
    }
    return Envelope(**{**right, **changes})


def recorded(data: Any, **changes: Any) -> RecordedEvent:
    """A recorded event."""
    return RecordedEvent(envelope(**changes), data)


def test_involvement_is_folded_from_typed_events_and_from_mappings() -> None:
    """A service's own events and those of another fold to the same."""
    typed = BetrokkenheidVastgelegd(organisatie="0080", als="besluitende_gemeente", vanaf=DAY, thema="beschermd_wonen")
    mapping = {
        "organisatie": "0080",
        "als": "besluitende_gemeente",
        "vanaf": "2017-03-01",
        "tot": None,
        "thema": "beschermd_wonen",
    }
    one = Involvements.of([recorded(typed, name="betrokkenheid-vastgelegd")])
    other = Involvements.of([recorded(mapping, name="betrokkenheid-vastgelegd")])
    assert one == other
    recorded_here = Involvement("0080", "besluitende_gemeente", DAY, thema="beschermd_wonen", door="0086")
    assert list(one.betrokken.values()) == [recorded_here]


def test_a_later_fact_replaces_the_earlier_of_the_same_party() -> None:
    """Involvement ends by recording it again with its last day."""
    begun = Involvement("98765401", "aanbieder", DAY)
    ended = Involvement("98765401", "aanbieder", DAY, tot=date(2017, 4, 1))
    assert list(Involvements().involving(begun, ended).betrokken.values()) == [ended]


def test_who_reports_for_himself_is_the_client_and_who_reports_for_another_is_not() -> None:
    """The envelope of the melding says who came; a derde becomes melder, never client."""
    own = Involvements.of([recorded({})])
    assert [one.als for one in own.betrokken.values()] == ["client"]
    other = Involvements.of([recorded({}, actorrol="derde", actorid="dochter-1")])
    assert [(one.organisatie, one.als) for one in other.betrokken.values()] == [("dochter-1", "melder")]
    later = Involvements.of([recorded({}, name="aanvraag-ontvangen", actorid="een-ander")])
    assert later == Involvements()


def test_a_destroyed_fact_gives_no_right() -> None:
    """When the key is gone, nobody is involved by it."""
    gone = dict.fromkeys(("organisatie", "als", "vanaf", "tot", "thema", "aan", "omvang"), VERNIETIGD)
    found = Involvements.of(
        [recorded(gone, name="betrokkenheid-vastgelegd"), recorded(gone, name="toestemming-gegeven")]
    )
    assert found == Involvements()


def test_consent_is_taken_back_by_an_empty_one() -> None:
    """A later consent replaces the earlier one; an empty one leaves nothing."""
    given_ = recorded(ToestemmingGegeven(aan="dochter-1", omvang=("afspraken",)), name="toestemming-gegeven")
    taken = recorded(ToestemmingGegeven(aan="dochter-1"), name="toestemming-gegeven", feitdatum=date(2017, 3, 5))
    daughter = Reader("derde", None, "dochter-1")
    afspraak = envelope(stroom="onderzoek", name="gesprek-gepland")
    assert sight(daughter, afspraak, Involvements.of([given_]), on=date(2017, 4, 1)).level is Level.FEITEN
    assert not sight(daughter, afspraak, Involvements.of([given_, taken]), on=date(2017, 4, 1))


OPDRACHT = envelope(stroom="beschikking", name="opdracht-verstrekt", gemeente="0080")
AANBIEDER = Reader("aanbieder", "98765401", "medewerker-1", doelbinding="levering")


def test_when_the_involvement_ends_the_stream_stops() -> None:
    """The day after the last day nothing is seen, also not what was seen before."""
    known = Involvements().involving(Involvement("98765401", "aanbieder", DAY, tot=date(2017, 4, 1)))
    assert sight(AANBIEDER, OPDRACHT, known, on=date(2017, 4, 1))
    assert not sight(AANBIEDER, OPDRACHT, known, on=date(2017, 4, 2))
    assert not sight(AANBIEDER, OPDRACHT, known, on=date(2017, 2, 28))


def test_the_thema_limits_the_involvement() -> None:
    """Involved for another thema is not involved."""
    known = Involvements().involving(Involvement("98765401", "aanbieder", DAY, thema="maatwerk_zelfredzaamheid"))
    assert not sight(AANBIEDER, OPDRACHT, known, on=DAY)
    same = Involvements().involving(Involvement("98765401", "aanbieder", DAY, thema="beschermd_wonen"))
    assert sight(AANBIEDER, OPDRACHT, same, on=DAY)


def test_facts_from_before_the_involvement_stay_hidden() -> None:
    """The deciding gemeente sees nothing from before the indicatie."""
    known = Involvements().involving(Involvement("0080", "besluitende_gemeente", date(2017, 3, 23)))
    reader = Reader("centrumgemeente", "0080", "lezer", ("0080",), "besluit")
    early = envelope(stroom="onderzoek", name="indicatie-ingediend", feitdatum=date(2017, 3, 22))
    assert not sight(reader, early, known, on=date(2017, 5, 1))
    assert sight(
        reader,
        envelope(stroom="onderzoek", name="indicatie-ingediend", feitdatum=date(2017, 3, 23)),
        known,
        on=date(2017, 5, 1),
    )


def test_content_needs_a_purpose() -> None:
    """An organisation that names no doelbinding sees no content; a status needs none."""
    nameless = Reader("consulent", "0086", "lezer", ("0086",))
    assert sight(nameless, envelope(), on=DAY).reason == "doelbinding_ontbreekt"
    assert sight(Reader("kcc", "0086", "lezer", ("0086",)), envelope(), on=DAY).level is Level.STATUS


def test_what_a_mantelzorger_told_for_himself_is_not_for_the_inwoner() -> None:
    """The inwoner sees that it was recorded; the words are of the mantelzorger, for who does the onderzoek."""
    said = envelope(name="mantelzorg-situatie-vastgelegd", stroom="onderzoek")
    client = Involvements().involving(Involvement("inwoner-1", "client", DAY, door="0086"))
    seen = sight(Reader("inwoner", None, "inwoner-1"), said, client, on=DAY)
    assert seen.shows("alleen_gesproken", "feit")
    assert not seen.shows("eigen_woorden", "persoonsgegeven")
    assert not seen.shows("behoefte", "persoonsgegeven")
    team = sight(Reader("wijkteam", "0086", "w-1", ("0086",), "uitvoering_wmo"), said, on=DAY)
    assert team.shows("eigen_woorden", "persoonsgegeven")


def test_what_a_level_shows() -> None:
    """Status shows no field, feiten only facts, volledig all; a whitelist narrows and a hidden field never shows."""
    full = sight(Reader("consulent", "0086", "lezer", ("0086",), "x"), envelope(), on=DAY)
    assert full.shows("naam", "persoonsgegeven")
    status = sight(Reader("kcc", "0086", "lezer", ("0086",)), envelope(), on=DAY)
    assert not status.shows("kanaal", "feit")
    facts = sight(AANBIEDER, OPDRACHT, Involvements().involving(Involvement("98765401", "aanbieder", DAY)), on=DAY)
    assert facts.shows("ingang", "feit")
    assert not facts.shows("doelen_vrije_tekst", "persoonsgegeven")
    assert "rechten aanbieder-1" in facts.rule


def test_who_has_a_relation_but_no_need_hears_why() -> None:
    """The backoffice works for this gemeente, but needs no melding for its task."""
    backoffice = Reader("backoffice", "0086", "lezer", ("0086",), "x")
    found = sight(backoffice, envelope(), on=DAY)
    assert (found.level, found.reason) == (Level.NIETS, "niet_nodig_voor_taak")


def test_a_role_without_a_task_is_not_competent() -> None:
    """The system and its administrator have no task in a casus."""
    assert sight(Reader("beheerder", "0086", "x", ("0086",), "x"), envelope(), on=DAY).reason == "niet_bevoegd"


ROLES = st.sampled_from([*sorted(codes("rol").codes), "onbekend"])
CODES = st.sampled_from(["0074", "0080", "0086", "0518"])
NAMES = st.sampled_from(
    sorted({name for rule in matrix().regels for name in rule.types} | {"melding-geregistreerd", "iets-anders"})
)
STROMEN = st.sampled_from(["melding", "onderzoek", "beschikking", "pgb"])


@given(ROLES, NAMES, STROMEN)
def test_a_gemeente_without_involvement_never_sees_a_casus(rol: str, name: str, stroom: str) -> None:
    """Whatever the role: of a casus of other gemeenten nothing shows, not even that it exists."""
    stranger = Reader(rol, "0074", "vreemde", ("0074",), "x")
    one = envelope(name=name, stroom=stroom)
    assert not may_know_casus_exists(stranger, [one], on=DAY)


@given(ROLES, NAMES, CODES)
def test_a_closed_stream_is_for_the_supervisor(rol: str, name: str, code: str) -> None:
    """Of toezicht only the toezichthouder of that gemeente sees personal data; involvement opens nothing."""
    everything = codes("betrokkenheid").codes
    known = Involvements().involving(*(Involvement("lezer", als, date(2015, 1, 1)) for als in everything))
    known = known.consenting(Consent("lezer", tuple(codes("toestemming_omvang").codes), date(2015, 1, 1)))
    one = envelope(name=name, stroom="toezicht", actorid="een-ander", actororganisatie="een-ander")
    found = sight(Reader(rol, code, "lezer", (code,), "x"), one, known, on=DAY)
    if found.level is Level.VOLLEDIG:
        assert (rol, code) == ("toezichthouder", "0086")
    elif found:
        assert rol in ("college", "gemeenteraad")


@given(ROLES, NAMES, STROMEN, CODES)
def test_more_involvement_never_means_less_sight_of_existence(rol: str, name: str, stroom: str, code: str) -> None:
    """Recording an involvement takes no right away."""
    reader, one = Reader(rol, code, "lezer", (code,), "x"), envelope(name=name, stroom=stroom)
    known = Involvements().involving(
        *(Involvement(code, als, date(2015, 1, 1)) for als in codes("betrokkenheid").codes)
    )
    assert bool(sight(reader, one, known, on=DAY)) >= bool(sight(reader, one, on=DAY))


def test_the_matrix_speaks_of_known_roles_capacities_and_scopes() -> None:
    """Every role, involvement and scope of consent in the matrix is a code."""
    for rule in matrix().regels:
        assert rule.rollen - {"*"} <= set(codes("rol").codes), rule.id
        assert rule.als <= set(codes("betrokkenheid").codes), rule.id
        assert rule.omvang is None or rule.omvang in codes("toestemming_omvang").codes, rule.id
        assert rule.grondslag, rule.id


def test_every_scope_of_consent_opens_something() -> None:
    """A person cannot consent to what no rule knows."""
    assert {rule.omvang for rule in matrix().regels} - {None} == set(codes("toestemming_omvang").codes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"relatie": "lid_van_verband"}, "is no relatie"),
        ({"niveau": "alles"}, "is no niveau"),
        ({"kleur": "rood"}, "unknown keys \\['kleur'\\]"),
        ({"relatie": "betrokken"}, "als goes with"),
        ({"omvang": "afspraken"}, "omvang goes with"),
        ({"rollen": ["*"], "stromen": ["toezicht"]}, "not for every role"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    """The error names the rule and the key."""
    content = yaml.safe_load(TEXT)
    rule = {"id": "proef", "rollen": ["kcc"], "relatie": "iedereen", "niveau": "status", "grondslag": "x", **changes}
    content["regels"].append(rule)
    with pytest.raises(ValueError, match=f"rule proef: .*{told}"):
        parse(content)


def test_two_rules_with_one_id_are_refused() -> None:
    """The id of a rule stands in the log of readings, so it names one rule."""
    content = yaml.safe_load(TEXT)
    content["regels"].append(content["regels"][0])
    with pytest.raises(ValueError, match="same id"):
        parse(content)


def test_membership_is_no_relation() -> None:
    """No rule can be written on being a member of a samenwerkingsverband."""
    assert not any("verband" in relatie or "lid" in relatie for relatie in RELATIES)
