"""Reading the case history over HTTP: what each role gets, and that absent and secret look the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from casuslog.caller import Caller
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.rights import BetrokkenheidVastgelegd
from casuslog.testing.platform import Platform
from services.beschikking.gebeurtenissen import AanvraagOntvangen, OpdrachtVerstrekt
from services.melding.gebeurtenissen import MeldingGeregistreerd

DAG, STRAKS = date(2017, 2, 15), date(2017, 6, 1)
OPSTERLAND, HEERENVEEN = "0086", "0074"
NAAM = "Wiarda-Terpstra"
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,))
KCC = Caller("kcc", OPSTERLAND, "kcc-1", (OPSTERLAND,))
CLIENT = Caller("inwoner", None, "inwoner-1", (), "eigen_zaak")
AANBIEDER = Caller("aanbieder", "98765401", "medewerker-1", ())
BUREN = Caller("wijkteam", HEERENVEEN, "team-2", (HEERENVEEN,))
BUREN_KCC = Caller("kcc", HEERENVEEN, "kcc-2", (HEERENVEEN,))


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform some months on."""
    with Platform(STRAKS) as running:
        yield running


def gemeld(gemeente: str, naam: str | None = None) -> MeldingGeregistreerd:
    """A melding by the inwoner."""
    return MeldingGeregistreerd(
        vorm="vormvrij",
        kanaal="telefoon",
        velden=(),
        melder="inwoner",
        betrokkene="inwoner",
        ontvangen_door="wijkteam",
        thema="maatwerk_zelfredzaamheid",
        woongemeente=gemeente,
        naam=naam,
    )


@pytest.fixture
def casus(platform: Platform) -> str:
    """A casus of Opsterland: a melding with a name, the client, an aanvraag, and an opdracht that is over."""
    subject = new_id()
    client = BetrokkenheidVastgelegd(organisatie=CLIENT.id, als="client", vanaf=DAG)
    aanbieder = BetrokkenheidVastgelegd(
        organisatie="98765401", als="aanbieder", vanaf=date(2017, 3, 1), tot=date(2017, 4, 30)
    )
    platform.seed("melding", OPSTERLAND, subject, [gemeld(OPSTERLAND, NAAM), client], on=DAG)
    facts = [
        AanvraagOntvangen(ontvangen_door=OPSTERLAND, herkomst="aanvraagformulier"),
        aanbieder,
        OpdrachtVerstrekt(aanbieder="98765401", ingang=date(2017, 3, 1)),
    ]
    platform.seed("beschikking", OPSTERLAND, subject, facts, on=date(2017, 3, 1))
    platform.settle()
    return subject


def test_each_role_gets_what_its_task_asks(platform: Platform, casus: str) -> None:
    """The team and the client read the name; the kcc reads what happened and no content."""
    for reader in (TEAM, CLIENT):
        assert platform.timeline(casus, reader)[0]["data"]["naam"] == NAAM
    rows = platform.timeline(casus, KCC)
    assert {frozenset(row) for row in rows} == {frozenset({"datum", "service", "gebeurtenis", "gemeente"})}
    assert NAAM not in str(rows)
    assert platform.status(casus, KCC)["status"] == "opdracht_gegeven"


@pytest.mark.parametrize("reader", [BUREN, BUREN_KCC, AANBIEDER, Caller("inwoner", None, "inwoner-2", (OPSTERLAND,))])
def test_absent_and_secret_look_the_same(platform: Platform, casus: str, reader: Caller) -> None:
    """A casus of another and one that does not exist give the same answer."""
    answers: list[Any] = []
    for path in (f"/casussen/{casus}", f"/casussen/{new_id()}"):
        for suffix in ("", "/tijdlijn"):
            with pytest.raises(Problem) as refused:
                platform.api.get("historie", path + suffix, reader)
            answers.append(refused.value.body)
    assert answers[0]["status"] == 404
    assert all(answer == answers[0] for answer in answers)


def test_a_right_that_ended_shows_nothing_whatever_day_is_asked(platform: Platform, casus: str) -> None:
    """``op`` chooses facts, never rights: an aanbieder whose opdracht is over gets nothing by naming a day of it."""
    with pytest.raises(Problem) as refused:
        platform.timeline(casus, AANBIEDER, op=date(2017, 3, 15))
    assert refused.value.status == 404


def test_as_of_a_day_later_facts_are_left_out(platform: Platform, casus: str) -> None:
    """A reader with a right sees the casus as it stood on that day."""
    rows = platform.timeline(casus, TEAM, op=DAG)
    assert {row["datum"] for row in rows} == {DAG.isoformat()}
    assert platform.status(casus, TEAM, op=DAG)["status"] == "melding_ontvangen"
    with pytest.raises(Problem) as refused:
        platform.timeline(casus, TEAM, op=date(2017, 2, 14))
    assert refused.value.status == 404


def test_a_gemeente_that_writes_under_the_id_learns_and_changes_nothing(platform: Platform, casus: str) -> None:
    """Its own stream in another's casus opens neither timeline nor status, and does not move the casus back."""
    before = platform.status(casus, TEAM)
    self_made = [
        gemeld(HEERENVEEN),
        BetrokkenheidVastgelegd(organisatie=HEERENVEEN, als="besluitende_gemeente", vanaf=DAG),
        BetrokkenheidVastgelegd(organisatie=OPSTERLAND, als="woongemeente", vanaf=DAG),
        BetrokkenheidVastgelegd(organisatie="inwoner-2", als="client", vanaf=DAG),
        BetrokkenheidVastgelegd(organisatie=CLIENT.id, als="client", vanaf=DAG, tot=DAG),
    ]
    platform.seed("melding", HEERENVEEN, casus, self_made, on=DAG)
    platform.settle()
    for reader in (BUREN, Caller("inwoner", None, "inwoner-2", (), "eigen_zaak")):
        assert {row["gemeente"] for row in platform.timeline(casus, reader)} == {HEERENVEEN}
        told = platform.status(casus, reader)
        assert (told["eigenaar"], told["status"]) == (HEERENVEEN, "melding_ontvangen")
    assert platform.status(casus, TEAM) == before
    assert platform.timeline(casus, CLIENT)[0]["data"]["naam"] == NAAM


@pytest.mark.parametrize("op", ["gisteren", "2017-02-30", "15-02-2017"])
def test_a_day_that_is_none_is_bad_input(platform: Platform, casus: str, op: str) -> None:
    """The parameter is named, with its form."""
    with pytest.raises(Problem) as refused:
        platform.api.get("historie", f"/casussen/{casus}?op={op}", TEAM)
    assert (refused.value.status, list(refused.value.body["velden"])) == (422, ["op"])


def test_nobody_reads_without_a_token(platform: Platform, casus: str) -> None:
    """Timeline and status ask who reads, also of a casus that does not exist."""
    for subject in (casus, new_id()):
        for path in (f"/casussen/{subject}", f"/casussen/{subject}/tijdlijn"):
            with pytest.raises(Problem) as refused:
                platform.api.get("historie", path)
            assert refused.value.status == 401


def test_a_withdrawn_melding_reads_as_withdrawn(platform: Platform) -> None:
    """From command to status: the onderzoek that stops because of it does not hide who ended it."""
    answer = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland")
    platform.settle()
    platform.command("melding", "trek-melding-in", TEAM, gemeente="opsterland", casus=answer.casus, reden="opgelost")
    platform.settle()
    told = platform.status(answer.casus, TEAM)
    assert (told["status"], told["volgende_stap"]) == ("ingetrokken", "geen")
    names = [row["gebeurtenis"] for row in platform.timeline(answer.casus, TEAM)]
    assert names.index("MeldingIngetrokken") < names.index("OnderzoekAfgebroken")
