"""``GET /metrics`` of a service and of a relay process, on a running platform."""

import socket
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from werkzeug.test import Client

from casuslog.caller import Caller
from casuslog.errors import InvalidInput
from casuslog.hosting.measuring import measured
from casuslog.hosting.relay_http import RelayEdge
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.metrics import CATALOGUE
from casuslog.metrics._catalogue import ABONNEMENT, RELAY, SERVICE
from casuslog.relay import RelayStatus
from casuslog.testing.platform import Platform
from tests.casuslog.consume.world import World, log
from tests.casuslog.hosting.bench import Bench
from tests.casuslog.metrics.test_metrics import samples

TEAM = Caller("wijkteam", "0086", "w-1", ("0086",))


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Every service in one process."""
    with Platform(date(2017, 2, 13)) as running:
        yield running


def scrape(platform: Platform, name: str) -> dict[tuple[str, ...], float]:
    answer = requests.get(f"{platform.settings.http_url(name)}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def families_of(found: dict[tuple[str, ...], float]) -> set[str]:
    names = {key[0] for key in found if key[0].startswith("casuslog_")}
    return {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}


def test_a_command_shows_at_its_service_and_nowhere_else(platform: Platform) -> None:
    """A command over HTTP is counted by name and outcome, its events as appended; another service shows none of it."""
    before = scrape(platform, "melding")
    body = {"gemeente": "opsterland", "kanaal": "telefoon"}
    platform.api.command("melding", "registreer-melding", body, TEAM, key=new_id())
    with pytest.raises(Exception, match="kanaal"):
        platform.api.command("melding", "registreer-melding", {"gemeente": "opsterland", "kanaal": "rook"}, TEAM)
    platform.settle()
    after = scrape(platform, "melding")
    ok = ("casuslog_commands_total", "registreer-melding", "ok", "melding")
    invalid = ("casuslog_commands_total", "registreer-melding", "invalid", "melding")
    assert after[ok] == before.get(ok, 0) + 1
    assert after[invalid] == 1
    appended = ("casuslog_events_appended_total", "melding")
    assert after[appended] > before[appended]
    assert after["casuslog_relay_position", "melding"] == after["casuslog_log_position", "melding"] > 0
    assert after["casuslog_relay_lag_seconds", "melding"] == 0
    elsewhere = scrape(platform, "pgb")
    assert not [key for key in elsewhere if "melding" in key and key[0] == "casuslog_commands_total"]


def test_a_refused_sign_in_is_counted_where_it_was_tried(platform: Platform) -> None:
    """An expired token over HTTP, with a log line of its reason and its address, and without the token."""
    expired = platform.host.platform.issuer.issue(TEAM, hours=-1)
    key = ("casuslog_signins_refused_total", "verlopen", "melding")
    before = scrape(platform, "melding")[key]
    with capture_logs() as logged:
        url = f"{platform.settings.http_url('melding')}/opdrachten/registreer-melding"
        answer = requests.post(url, json={}, headers={"Authorization": f"Bearer {expired}"}, timeout=10)
    assert answer.status_code == 401
    [line] = [line for line in logged if line["event"] == "aanmelding_geweigerd"]
    assert (line["dienst"], line["vanaf"], line["reden"]) == ("melding", "127.0.0.1", "verlopen")
    assert expired not in str(logged)
    assert scrape(platform, "melding")[key] == before + 1


def test_every_metric_of_the_catalogue_is_given_by_who_should(platform: Platform) -> None:
    """What the table promises is there on a running platform, and nothing of ours is there that it leaves out."""
    platform.api.command(
        "melding", "registreer-melding", {"gemeente": "opsterland", "kanaal": "telefoon"}, TEAM, key=new_id()
    )
    of_service, of_relay = families_of(scrape(platform, "melding")), families_of(scrape(platform, "relay"))
    of_abonnement = families_of(scrape(platform, "abonnement"))
    by = {who: {one.name for one in CATALOGUE if one.given_by == who} for who in (SERVICE, RELAY, ABONNEMENT)}
    assert of_service == by[SERVICE]
    assert of_relay == by[RELAY]
    assert of_abonnement >= by[ABONNEMENT]
    assert of_abonnement <= by[ABONNEMENT] | by[SERVICE]


def test_a_consumer_that_is_behind_shows_how_long(world: World) -> None:
    """The oldest event that came in and was not handled gives the seconds; handled or parked is level."""
    bench = Bench(world)
    bron = world.stores["bron"]

    def read() -> dict[tuple[str, ...], float]:
        return samples(measured(world.volger, world.clock, bench.following))

    stored = log(bron, new_id())[0]
    bench.consumer.take(stored)
    world.clock.advance(timedelta(seconds=30))
    assert read()["casuslog_consumer_lag_seconds", "volger", "bron"] == 30
    assert read()["casuslog_consumer_waiting_events", "volger"] == 1
    bench.consumer.settle()
    assert read()["casuslog_consumer_lag_seconds", "volger", "bron"] == 0
    failing = log(bron, new_id())[0]
    world.errors[str(failing.envelope.position)] = ValueError("x")
    bench.deliver()
    found = read()
    assert found["casuslog_parked_lanes", "volger"] == 1
    assert found["casuslog_consumer_lag_seconds", "volger", "bron"] == 0
    assert found["casuslog_consumer_connected", "volger"] == 1


def test_a_service_without_its_database_still_tells_that(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scrape does not fail with the database: it says that the database is away, and leaves out what it held."""
    bench = Bench(world)

    def away(*_: Any) -> Any:
        raise InvalidInput("weg")

    monkeypatch.setattr("casuslog.hosting.measuring.lag", away)
    found = samples(measured(world.volger, world.clock, bench.following))
    assert found["casuslog_database_up", "volger"] == 0
    assert found["casuslog_consumer_connected", "volger"] == 1
    assert ("casuslog_relay_lag_seconds", "volger") not in found


def test_the_relay_tells_its_state(platform: Platform) -> None:
    """Of each relay exactly one state is 1: that it carries, once all has come to rest."""
    platform.settle()
    found = scrape(platform, "relay")
    states = {key[2]: value for key, value in found.items() if key[:2] == ("casuslog_relay_status", "melding")}
    assert states.keys() == {status.value for status in RelayStatus}
    assert [state for state, value in states.items() if value] == ["running"]
    assert platform.api.get("relay", "/status")["diensten"]["melding"]["alarm"] is False


def test_the_overview_is_for_a_beheerder(platform: Platform) -> None:
    """One address tells of every service, relay and consumer; who looks after nothing sees nothing of it."""
    platform.settle()
    seen = platform.api.get("relay", "/overzicht", Caller("beheerder", "0086", "b-1", ("0086",)))
    assert list(seen["diensten"]) == list(platform.services)
    assert seen["relays"]["melding"]["toestand"] == "running"
    followed = {(one["verwerker"], one["bron"]): one for one in seen["verwerkers"]}
    assert followed["onderzoek", "melding"]["seconden"] == 0
    assert followed["onderzoek", "melding"]["oorzaken"] == []
    for caller, code in ((TEAM, "rol_beheerder_vereist"), (None, "niet_aangemeld")):
        with pytest.raises(Problem) as refused:
            platform.api.get("relay", "/overzicht", caller)
        assert refused.value.code == code


def test_a_relay_that_cannot_carry_is_alive_and_not_ready() -> None:
    """While the broker blocks the process need not be started anew; it says which service waits, and why."""
    relays = {
        "melding": SimpleNamespace(status=RelayStatus.BROKER_BLOCKED, cause="vol", passed_on=7),
        "pgb": SimpleNamespace(status=RelayStatus.RUNNING, cause="", passed_on=0),
    }
    asking = Client(RelayEdge("relay", ("127.0.0.1", 1), cast("Any", relays)))
    blocked = asking.get("/klaar")
    assert blocked.status_code == 503
    told = {"toestand": "broker_blocked", "alarm": True, "oorzaak": "vol"}
    assert blocked.json["hindernissen"] == {"melding": told}
    text = asking.get("/metrics").text
    assert 'casuslog_broker_blocked{service="melding"} 1.0' in text
    assert 'casuslog_relay_confirmed_total{service="melding"} 7.0' in text
    assert asking.get("/gezond").status_code == 200
    assert asking.get("/opdrachten").status_code == 404
    relays["melding"].status = RelayStatus.WAITING
    assert asking.get("/klaar").status_code == 200


def test_a_relay_whose_port_is_taken_carries_all_the_same() -> None:
    """Nobody can ask it how it is, which shows as a scrape that fails; the log does not wait for that."""
    with socket.create_server(("127.0.0.1", 0)) as taken, capture_logs() as logged:
        edge = RelayEdge("relay", ("127.0.0.1", taken.getsockname()[1]), {})
        edge.start()
        edge.stop()
    assert [line["event"] for line in logged] == ["de relay is niet te bevragen"]
