"""Whatever process dies in the middle of a case, the case ends in the same timeline."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from casuslog.caller import DevelopmentIssuer
from casuslog.clock import FileClock
from casuslog.hosting.supervisor import Supervisor
from casuslog.http.client import ApiClient
from casuslog.settings import Settings, service_names
from casuslog.testing.platform import _free_ports
from deploy.demo.spel import Speler
from deploy.demo.uitvoering import inwoner, wacht_tot_zij_draaien
from deploy.demo.zaken import lees
from tests.demo.draaien import Demo, tijdlijnen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
PARTIJEN, ZAKEN = lees()
ZAAK = ZAKEN[0]
KILL, TERM = signal.SIGKILL, signal.SIGTERM

NA_DE_OPDRACHT = {1: "melding", 4: "historie", 6: "relay", 10: "onderzoek", 12: "inrichting", 13: "beschikking"}
"""Killed as soon as the command of this step was answered: what follows from it is still under way."""
VOOR_DE_OPDRACHT = {2: "relay", 3: "onderzoek", 5: "inrichting", 9: "melding", 12: "beschikking", 14: "historie"}
"""Killed just before the command of this step is sent."""
GEVRAAGD_TE_STOPPEN = {4: "onderzoek", 7: "historie", 11: "beschikking", 13: "relay"}
"""Asked to stop (SIGTERM) as soon as the command of this step was answered."""


class Draaiend:
    """Every service and the relay as a process, and a case played on them."""

    def __init__(self, supervisor: Supervisor, settings: Settings, clock: FileClock) -> None:
        self.supervisor = supervisor
        self.clock = clock
        self.api = ApiClient(settings, DevelopmentIssuer.from_file(settings.data / "token.secret"), patience=60.0)

    def speel(self, *, na: dict[int, str], voor: dict[int, str], sein_na: int = KILL) -> list:
        """Play case 1, with these processes ended after or before these steps; the timeline of the inwoner."""
        stappen = iter(ZAAK.stappen)

        def zet_klok(dag: date) -> None:
            self.clock.set(dag)
            self._beeindig(voor.get(next(stappen).nummer), KILL)

        def vertel(regel: str) -> None:
            nummer = regel[12:].split()[1:2] if "stap" in regel else []
            self._beeindig(na.get(int(nummer[0])) if nummer else None, sein_na)

        spel = Speler(self.api, PARTIJEN, zet_klok, vertel).speel(ZAAK)
        return self.api.get("historie", f"/casussen/{spel.casus}/tijdlijn", inwoner(spel))["tijdlijn"]

    def _beeindig(self, naam: str | None, sein: int) -> None:
        if naam is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.supervisor.pid(naam), sein)


@pytest.fixture
def draaiend(postgres_url: str, amqp_url: str, tmp_path: Path) -> Iterator[Draaiend]:
    """The distributed platform, on a database and a broker of its own."""
    clock = FileClock(tmp_path / "klok")
    clock.set(date(2017, 1, 2))
    env = os.environ | {
        "CASUSLOG_DATABASE_URL": postgres_url,
        "CASUSLOG_AMQP_URL": amqp_url,
        "CASUSLOG_DATA": str(tmp_path),
        "CASUSLOG_CLOCK": f"file:{tmp_path / 'klok'}",
        "CASUSLOG_HTTP_PORT": str(_free_ports()),
        "CASUSLOG_LOG_LEVEL": "warning",
        "CASUSLOG_ONTWIKKELTOKENS": "ja",
        "PYTHONWARNINGS": "ignore",
    }
    settings = Settings.from_env(env)
    supervisor = Supervisor([*service_names(), "relay"], env)
    supervisor.start()
    try:
        wacht_tot_zij_draaien(settings)
        yield Draaiend(supervisor, settings, clock)
    finally:
        supervisor.stop()


@pytest.mark.postgres
@pytest.mark.rabbitmq
def test_sigkill_of_any_process_after_a_command_was_answered_changes_nothing(gespeeld, draaiend):
    """Melding, onderzoek, beschikking, historie, inrichting and relay each die at a step of their own and come back."""
    tijdlijn = draaiend.speel(na=NA_DE_OPDRACHT, voor={})
    assert sorted(draaiend.supervisor.ended) == sorted((naam, -KILL) for naam in NA_DE_OPDRACHT.values())
    is_de_tijdlijn(tijdlijn, gespeeld)


@pytest.mark.postgres
@pytest.mark.rabbitmq
def test_sigkill_before_a_command_and_sigterm_after_one_change_nothing(gespeeld, draaiend):
    """Whoever sends a command sends it again; who is asked to stop finishes what it holds and ends with status 0."""
    tijdlijn = draaiend.speel(na=GEVRAAGD_TE_STOPPEN, voor=VOOR_DE_OPDRACHT, sein_na=TERM)
    gedood = [(naam, -KILL) for naam in VOOR_DE_OPDRACHT.values()]
    gevraagd = [(naam, 0) for naam in GEVRAAGD_TE_STOPPEN.values()]
    assert sorted(draaiend.supervisor.ended) == sorted(gedood + gevraagd)
    is_de_tijdlijn(tijdlijn, gespeeld)


def is_de_tijdlijn(tijdlijn: list[dict], gespeeld) -> None:
    """The one without kills: date, service, event, who and rule; nothing double, nothing missing."""
    spel = gespeeld.spelen[ZAAK.id]
    ongestoord = gespeeld.platform.timeline(spel.casus, inwoner(spel))
    assert [_kern(rij) for rij in tijdlijn] == [_kern(rij) for rij in ongestoord]
    assert len({rij["id"] for rij in tijdlijn}) == len(tijdlijn)
    for stroom in {(rij["service"], rij["gemeente"]) for rij in tijdlijn}:
        nummers = [rij["sequence"] for rij in tijdlijn if (rij["service"], rij["gemeente"]) == stroom]
        assert nummers == list(range(1, len(nummers) + 1)), stroom


def _kern(rij: dict) -> tuple:
    # The number of a beschikking is made of the casus id, which every run has anew.
    data = {naam: waarde for naam, waarde in rij["data"].items() if naam != "beschikkingnummer"}
    return *(rij[naam] for naam in ("datum", "service", "gebeurtenis", "rol", "organisatie", "grondslag")), data


@pytest.mark.parametrize("stap", ["2017-04-13  stap 13", "2017-02-13  stap  7"])
def test_kill_of_the_embedded_process_and_a_new_start_on_its_data_end_in_the_same_timelines(ingebed, tmp_path, stap):
    """The second run takes the step that was broken off again, with the same keys, and goes on from there."""
    Demo(CASUSLOG_DATA=str(tmp_path)).doden_bij(stap)
    status, printed = Demo(CASUSLOG_DATA=str(tmp_path)).uitspelen()
    assert status == 0, printed
    assert tijdlijnen(printed) == tijdlijnen(ingebed)
