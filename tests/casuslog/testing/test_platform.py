"""The platform in one process: it settles, it seeds, it runs on its clock, and two of them do not hear each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from casuslog.caller import Caller
from casuslog.errors import InvalidInput, Refused
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.testing.platform import INRICHTINGEN, NotSettled, Platform
from services.melding.gebeurtenissen import MeldingGeregistreerd

DAY = date(2017, 2, 15)
TEAM = Caller("wijkteam", "0086", "team-1", ("0086",))
GEMELD = MeldingGeregistreerd(
    vorm="vormvrij",
    kanaal="telefoon",
    velden=(),
    melder="inwoner",
    betrokkene="inwoner",
    ontvangen_door="gebiedsteam_opsterland",
    woongemeente="0086",
    thema="beschermd_wonen",
)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One platform for the module."""
    with Platform(DAY) as running:
        yield running


def names(platform: Platform, service: str, casus: str) -> list[str]:
    """What a service logged of a casus."""
    return [event.envelope.name for event in platform.events(service, casus)]


def test_settled_means_that_every_reaction_was_logged(platform: Platform) -> None:
    """After a command other services have done what they do, and that was passed on as well."""
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland").casus
    platform.settle()
    assert names(platform, "onderzoek", casus) == ["termijn-gestart"]
    assert [row["service"] for row in platform.timeline(casus, TEAM)][-1] == "onderzoek"


def test_seeded_history_flows_as_any_other_and_imported_history_triggers_nothing(platform: Platform) -> None:
    """A seeded melding starts a term; the same one imported does not; both can be read."""
    for imported, reactions in ((False, ["termijn-gestart"]), (True, [])):
        casus = new_id()
        platform.seed("melding", "0086", casus, [GEMELD], on=DAY - timedelta(days=3), geimporteerd=imported)
        platform.settle()
        assert names(platform, "onderzoek", casus) == reactions
        assert platform.timeline(casus, TEAM)[0]["datum"] == "2017-02-12"


def test_a_term_runs_out_on_the_clock_of_the_platform_once(platform: Platform) -> None:
    """Set past the last day, and settle: the event is there, dated on its day; settling again adds nothing."""
    casus = new_id()
    platform.seed("melding", "0086", casus, [GEMELD], on=DAY)
    platform.settle()
    platform.clock.set(DAY + timedelta(weeks=7))
    for _ in range(2):
        platform.settle()
        overschreden = platform.events("onderzoek", casus)[1:]
        assert [e.envelope.feitdatum for e in overschreden] == [DAY + timedelta(weeks=6, days=1)]
    platform.clock.set(DAY)


def test_a_command_raises_what_the_domain_raises_and_reading_what_the_edge_answers(platform: Platform) -> None:
    """Refused and InvalidInput in process, a problem detail over HTTP."""
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland").casus
    platform.settle()
    with pytest.raises(Refused):
        platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", casus=casus)
    with pytest.raises(InvalidInput):
        platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", bsn="123")
    with pytest.raises(Problem):
        platform.status(casus, Caller("wijkteam", "0074", "ander", ("0074",)))


def test_what_does_not_come_to_rest_is_named(platform: Platform) -> None:
    """When the time is up the error tells what was still under way."""
    platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland")
    with pytest.raises(NotSettled, match=r"relay of melding|onderzoek|has not|logged"):
        platform.settle(timeout=-1)
    platform.settle()


def test_two_platforms_in_one_process_do_not_hear_each_other(platform: Platform, tmp_path: Path) -> None:
    """Each has its own broker, stores and ports; and the environment is as it was."""
    before = os.environ.get(INRICHTINGEN)
    with Platform(DAY, data=tmp_path) as other:
        casus = other.command("melding", "registreer-melding", TEAM, gemeente="opsterland").casus
        other.settle()
        platform.settle()
        assert names(other, "onderzoek", casus) == ["termijn-gestart"]
        assert platform.events("onderzoek", casus) == []
    assert os.environ.get(INRICHTINGEN) == before
    assert (tmp_path / "melding.db").exists(), "a folder of one's own is kept"
