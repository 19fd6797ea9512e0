"""A destruction that stops halfway goes on; a phase or a person is destroyed apart; what stands parked goes too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from casuslog.beheer.vernietiging import Vernietiging
from casuslog.bewijs import Zegel
from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.codes import codes
from casuslog.testing.platform import Platform

GEMEENTE = "0086"
TEAM = Caller("wijkteam", GEMEENTE, "team-1", (GEMEENTE,), "uitvoering_wmo")
INGETROKKEN, VERSTREKEN = date(2017, 2, 20), date(2017, 4, 4)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose clock the tests set."""
    with Platform(date(2017, 2, 13), data=tmp_path_factory.mktemp("stappen")) as made:
        yield made


@pytest.fixture
def casus(platform: Platform) -> str:
    """A melding by a daughter that was withdrawn a week later, 43 days ago."""
    platform.clock.set(date(2017, 2, 13))
    body = {"gemeente": "opsterland", "kanaal": "telefoon", "naam": "Wiarda-Terpstra", "bsn": "999900006"}
    melder = {"melder": "derde", "relatie": "dochter", "melder_naam": "Dochter-Wiarda", "akkoord_inwoner": True}
    made = platform.command("melding", "registreer-melding", TEAM, **body, **melder).casus
    platform.settle()
    platform.clock.set(INGETROKKEN)
    platform.command("melding", "trek-melding-in", TEAM, gemeente="opsterland", casus=made, reden="opgelost")
    platform.settle()
    platform.clock.set(VERSTREKEN)
    platform.settle()
    return made


@pytest.fixture(autouse=True)
def _services_log_elsewhere() -> Iterator[None]:
    """The services live in this process; what they log is not what a command prints."""
    with structlog.testing.capture_logs():
        yield


def run(platform: Platform, *words: str) -> Result:
    """A command line on this installation."""
    installation = Installation(platform.settings)
    installation.__dict__["clock"] = platform.clock
    return CliRunner().invoke(cli, list(words), obj=installation)


def vernietig(platform: Platform, casus: str, *words: str) -> Result:
    """Destroy it."""
    return run(platform, "vernietig", casus, "--gemeente", GEMEENTE, "--kenmerk", "VL-2017-3", "--json", *words)


def test_what_was_broken_off_is_kept_for_42_days(platform: Platform, casus: str) -> None:
    """On the 42nd day it is refused, the day after it may."""
    platform.clock.set(date(2017, 4, 3))
    assert "42 dagen" in vernietig(platform, casus).output
    platform.clock.set(VERSTREKEN)
    assert vernietig(platform, casus).exit_code == 0


def test_who_has_not_acknowledged_is_named_and_waited_for(platform: Platform, casus: str) -> None:
    """Without waiting the certificate is incomplete and says who is missing; the same again completes the same one."""
    first = vernietig(platform, casus, "--wacht", "0")
    begun = json.loads(first.stdout)
    assert (first.exit_code, begun["compleet"]) == (3, False)
    assert {"dienst": "historie", "dossier": "melding"} in begun["nog_niet_bevestigd"]
    platform.settle()
    again = vernietig(platform, casus)
    ended = json.loads(again.stdout)
    assert (again.exit_code, ended["compleet"], ended["nog_niet_bevestigd"]) == (0, True, [])
    assert ended["vernietiging"] == begun["vernietiging"]


@pytest.mark.parametrize("step", ["_vertel", "wacht", "verklaard"])
def test_stopped_halfway_it_goes_on(platform: Platform, casus: str, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Broken off before it is told, before it is acknowledged or before it is sealed: done once, and finished."""

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Vernietiging, step, stop)
        assert vernietig(platform, casus).exit_code != 0
    platform.host.platform.keys.forget()  # what another process destroyed is remembered here for a minute at most
    assert "Wiarda" not in str(platform.events("melding", casus))
    # What was decided stands: a hold that comes now is too late, and another scope has to wait.
    assert "niet afgerond" in vernietig(platform, casus, "--fase", "melding").output
    done = vernietig(platform, casus)
    assert done.exit_code == 0, done.output
    platform.settle()
    names = [event.envelope.name for event in platform.events("historie", casus)]
    assert (names.count("vernietiging-besloten"), names.count("verklaring-van-vernietiging-opgemaakt")) == (1, 1)
    told = [event.envelope.name for event in platform.events("melding", casus)]
    assert told.count("gegevens-vernietigd") == 1


def test_one_phase_is_destroyed_and_the_others_are_read_on(platform: Platform, casus: str) -> None:
    """Of the melding nothing can be read any more; the onderzoek is as it was."""
    before = str(platform.events("onderzoek", casus))
    assert vernietig(platform, casus, "--fase", "melding").exit_code == 0
    platform.settle()
    assert "Wiarda" not in str(platform.events("melding", casus))
    kept = [e for e in platform.events("onderzoek", casus) if e.envelope.stroom == "onderzoek"]
    assert str(kept) in before or str(kept) == before
    assert {row["service"] for row in platform.timeline(casus, TEAM)} >= {"onderzoek", "melding"}


def test_a_person_is_forgotten_on_request_and_the_casus_is_kept(platform: Platform, casus: str) -> None:
    """The daughter asks: her name is gone, that of the inwoner stays; no term is waited for."""
    platform.clock.set(INGETROKKEN)
    assert "Dochter-Wiarda" in str(platform.events("melding", casus))
    refused = vernietig(platform, casus, "--betrokkene", "derde")
    assert "wordt bewaard" in refused.output
    done = vernietig(platform, casus, "--betrokkene", "derde", "--grond", "verzoek_betrokkene")
    assert done.exit_code == 0, done.output
    platform.settle()
    read = str(platform.events("melding", casus))
    assert "Dochter-Wiarda" not in read
    assert "Wiarda-Terpstra" in read
    assert {key["betrokkene"] for key in json.loads(done.stdout)["sleutels"]} == {"derde"}


def test_a_case_that_runs_is_not_destroyed(platform: Platform) -> None:
    """Not when the term would be over, nor on request: it has to be closed first."""
    platform.clock.set(date(2017, 2, 13))
    open_ = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon").casus
    platform.settle()
    for words in ((), ("--grond", "verzoek_betrokkene")):
        refused = vernietig(platform, open_, *words)
        assert refused.exit_code == 1
        assert "niet afgehandeld" in refused.output


def test_a_casus_is_kept_while_another_of_the_same_person_runs(platform: Platform, casus: str) -> None:
    """Its term has passed, and a new melding needs it: refused and recorded. Not on request, nor for another person."""
    body = {"gemeente": "opsterland", "kanaal": "telefoon"}
    platform.command("melding", "registreer-melding", TEAM, **body, bsn="999990019")
    platform.settle()
    assert vernietig(platform, casus, "--proef").exit_code == 0
    nieuw = platform.command("melding", "registreer-melding", TEAM, **body, bsn="999900006").casus
    platform.settle()
    refused = vernietig(platform, casus)
    assert refused.exit_code == 1
    assert f"loopt een andere casus, sinds {VERSTREKEN}" in refused.output
    assert "999900006" not in refused.output
    told = [one["reden"] for one in platform.events("historie", casus) if one.envelope.name == "vernietiging-geweigerd"]
    assert told == ["nieuwe_zaak_loopt"]
    assert vernietig(platform, casus, "--grond", "verzoek_betrokkene", "--proef").exit_code == 0
    platform.command("melding", "trek-melding-in", TEAM, gemeente="opsterland", casus=nieuw, reden="opgelost")
    platform.settle()
    assert vernietig(platform, casus).exit_code == 0


def test_a_casus_that_stood_on_the_wrong_person_keeps_nothing_of_him(platform: Platform, casus: str) -> None:
    """What runs under a BSN that was taken by mistake is no new casus of whoever has that BSN."""
    body = {"gemeente": "opsterland", "kanaal": "telefoon", "bsn": "999900006"}
    ander = platform.command("melding", "registreer-melding", TEAM, **body).casus
    platform.settle()
    assert vernietig(platform, casus, "--proef").exit_code == 1
    verwisseld = {"gemeente": "opsterland", "casus": ander, "reden": "naamgenoot"}
    platform.command("melding", "leg-persoonsverwisseling-vast", TEAM, **verwisseld)
    platform.settle()
    assert vernietig(platform, casus, "--proef").exit_code == 0


def test_another_persons_words_are_not_in_the_export_of_the_inwoner(
    platform: Platform, casus: str, tmp_path: Any
) -> None:
    """What the daughter left of herself is hers (AVG art. 15 lid 4); for the archive it is there."""
    words = ("export", casus, "--gemeente", GEMEENTE, "--uit")
    assert run(platform, *words, str(tmp_path / "inwoner.json")).exit_code == 0
    assert run(platform, *words, str(tmp_path / "archief.json"), "--alles", "--rol", "archivaris").exit_code == 0
    inwoner, archief = ((tmp_path / f"{name}.json").read_text() for name in ("inwoner", "archief"))
    assert ("Dochter-Wiarda" in inwoner, "Wiarda-Terpstra" in inwoner) == (False, True)
    assert "Dochter-Wiarda" in archief
    seal = Zegel.van(platform.settings.data, GEMEENTE).openbaar.id
    assert json.loads(inwoner)["zegels"][GEMEENTE]["sleutel"] == seal
    assert [one["name"] for one in json.loads(archief)["verwerkingen"]].count("uitdraai") == 2


def test_the_codes_of_the_commands_are_lists_with_dates() -> None:
    """Grounds, holds and scopes are data."""
    for name in ("vernietigingsgrond", "opschorting_vernietiging", "vernietigingsomvang"):
        assert codes(name).on(VERSTREKEN)
