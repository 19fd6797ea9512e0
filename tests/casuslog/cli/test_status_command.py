"""``casuslog status``: how far everything is behind, as time."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import insert

from casuslog.caller import Caller
from casuslog.cli._table import duration, table
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.store.tables import relay_position
from tests.casuslog.cli.conftest import BenchClient
from tests.casuslog.consume.world import log, whole_log
from tests.casuslog.hosting.bench import Bench

Run = Callable[..., Result]
BEHEERDER = Caller("beheerder", None, "b-1", ("0086",))


def passed_on(bench: Bench, name: str) -> None:
    """Let the relay of a service have sent everything."""
    store = bench.world.stores[name]
    with store.engine.begin() as conn:
        conn.execute(insert(relay_position).values(name="relay", cursor=str(whole_log(store)[-1].cursor), token=1))


def row(result: Result, *begins: str) -> list[str]:
    """The cells of the first line that begins with these; services come before consumers."""
    lines = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in result.stdout.splitlines()]
    return next(cells for cells in lines if tuple(cells[: len(begins)]) == begins)


def test_a_level_installation_says_bij_everywhere(run: Run) -> None:
    """Nothing logged: every relay and every consumer is level, and the status succeeds."""
    result = run("status")
    assert result.exit_code == 0
    assert row(result, "bron") == ["bron", "0", "bij", "-", "-", "ja"]
    assert row(result, "volger", "bron") == ["volger", "bron", "bij", "-"]


def test_lag_is_told_as_time_per_consumer_and_source(run: Run, bench: Bench) -> None:
    """The oldest event that a consumer has not handled gives its lag, by the clock of the source; level is ``bij``."""
    bron, clock = bench.world.stores["bron"], bench.world.clock
    log(bron, new_id())
    bench.deliver()
    clock.advance(timedelta(hours=1))
    log(bron, new_id())
    clock.advance(timedelta(seconds=2))
    log(bron, new_id())
    clock.advance(timedelta(seconds=1))
    result = run("status")
    assert row(result, "volger", "bron") == ["volger", "bron", "oudste onverwerkt 3 s", "wordt weggewerkt"]
    assert row(result, "volger", "meer") == ["volger", "meer", "bij", "-"]
    assert row(result, "bron") == ["bron", "3", "oudste onverstuurd 1 u", "-", "-", "ja"]
    passed_on(bench, "bron")
    bench.deliver()
    result = run("status")
    assert row(result, "volger", "bron") == ["volger", "bron", "bij", "-"]
    assert row(result, "bron")[:3] == ["bron", "0", "bij"]


def test_a_parked_lane_does_not_look_like_lag(run: Run, bench: Bench) -> None:
    """What is parked is safe and shows as parked; the consumer itself is level."""
    stored = log(bench.world.stores["bron"], new_id())
    bench.world.errors[str(stored[0].envelope.position)] = ValueError("x")
    bench.deliver()
    result = run("status")
    assert row(result, "volger") == ["volger", "0", "bij", "1 baan", "-", "ja"]
    assert row(result, "volger", "bron") == ["volger", "bron", "bij", "1 baan geparkeerd sinds 0 s"]


def test_a_service_that_does_not_answer_is_told_and_fails_the_command(run: Run, client: BenchClient) -> None:
    """Away shows as away, whoever follows it as unknown; the others are still told, and a script sees status 1."""
    client.away.add("bron")
    result = run("status")
    assert result.exit_code == 1
    assert row(result, "bron") == ["bron", "-", "antwoordt niet", "-", "-", "nee"]
    assert row(result, "volger", "bron") == ["volger", "bron", "onbekend: bron antwoordt niet", "-"]
    assert row(result, "meer")[-1] == "ja"


def test_a_token_that_is_refused_is_not_called_a_service_that_is_away(run: Run, client: BenchClient) -> None:
    """Who answers with a refusal runs: what it says, and what would be right, is the answer of the command."""
    client.answers["/status"] = Problem(
        {"status": 401, "detail": "Het token is niet geldig.", "wat_zou_mogen": "Vraag een ander."}
    )
    result = run("status")
    assert result.exit_code == 1
    assert "casuslog: Het token is niet geldig. Vraag een ander." in result.stderr
    assert "antwoordt niet" not in result.output


HOLDER = {
    "sessie": 4711,
    "toepassing": "psql",
    "database": "elders",
    "toestand": "idle in transaction",
    "sinds": "2026-03-02T09:00:00+00:00",
    "seconden": 300.0,
}


def with_horizon(client: BenchClient, **horizon: Any) -> None:
    standing = client.get("bron", "/status", BEHEERDER)
    client.answers["/status"] = standing | {"horizon": horizon, "wachtend": 1000}


def test_a_held_horizon_names_who_holds_it(run: Run, client: BenchClient) -> None:
    """A transaction that is open for a moment shows with its age and its application, and is no alarm yet."""
    with_horizon(client, seconden=3.0, alarm=False, door=[HOLDER])
    result = run("status")
    assert result.exit_code == 0
    assert row(result, "bron")[4] == "3 s door psql"
    assert row(result, "bron")[1] == "1000 of meer"
    assert "ALARM" not in result.stdout


def test_a_horizon_that_stands_still_is_an_alarm(run: Run, client: BenchClient) -> None:
    """It stands above the tables, once for all services of the server, with whom to end and how; a script sees 1."""
    with_horizon(client, seconden=300.0, alarm=True, door=[HOLDER])
    result = run("status")
    assert result.exit_code == 1
    assert row(result, "bron")[4] == "ALARM: 5 min door psql"
    [alarm] = [line for line in result.stdout.splitlines() if line.startswith("ALARM")]
    assert alarm.startswith(
        "ALARM: het logboek staat sinds 2026-03-02T09:00:00+00:00 stil (5 min): sessie 4711 van psql"
    )
    assert "in database elders houdt een transactie open (idle in transaction)" in alarm
    assert alarm.endswith("SELECT pg_terminate_backend(4711)")


def test_an_alarm_without_a_session_names_the_prepared_transaction(run: Run, client: BenchClient) -> None:
    """A prepared transaction has no session to end: it is rolled back by its name, in its own database."""
    prepared = HOLDER | {"sessie": None, "toepassing": "twee-fasen", "toestand": "prepared", "sinds": None}
    with_horizon(client, seconden=7.0, alarm=True, door=[prepared])
    result = run("status")
    assert "het logboek staat stil (7 s): de voorbereide transactie twee-fasen in database elders" in result.stdout
    assert "ROLLBACK PREPARED 'twee-fasen'" in result.stdout


def behind_the_relay(bench: Bench) -> None:
    """What was passed on is handled, and one event more waits in the store of its service."""
    log(bench.world.stores["bron"], new_id())
    bench.deliver()
    passed_on(bench, "bron")
    log(bench.world.stores["bron"], new_id())
    bench.world.clock.advance(timedelta(seconds=20))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("broker_blocked", "de broker neemt niets aan"),
        ("binding_missing", "er ontbreekt een wachtrij: de relay verstuurt niets"),
        ("broker_away", "de broker is weg"),
    ],
)
def test_a_relay_that_cannot_carry_is_the_cause(
    run: Run, bench: Bench, client: BenchClient, state: str, told: str
) -> None:
    """A consumer that handled all that was passed on is behind because of the relay, and that says why it stands."""
    behind_the_relay(bench)
    client.relays["bron"] = {"toestand": state, "alarm": True, "oorzaak": "vol"}
    result = run("status")
    assert row(result, "volger", "bron") == ["volger", "bron", "oudste onverwerkt 20 s", told]
    assert row(result, "bron")[2] == f"oudste onverstuurd 20 s: {told}"
    [cause] = json.loads(run("status", "--json").stdout)["verwerkers"][0]["oorzaken"]
    assert cause == {"soort": state, "uitleg": "vol"}


def test_a_relay_that_does_not_run_is_the_cause(run: Run, bench: Bench, client: BenchClient) -> None:
    """Nobody answers for the relay: what waits for it waits until somebody starts it."""
    behind_the_relay(bench)
    client.away.add("relay")
    assert row(run("status"), "volger", "bron")[3] == "relay draait niet"


def test_a_relay_in_trouble_is_not_the_cause_of_what_it_passed_on(run: Run, bench: Bench, client: BenchClient) -> None:
    """What the log carried and the consumer did not handle is the consumer's own: without a connection it says so."""
    log(bench.world.stores["bron"], new_id())
    passed_on(bench, "bron")
    client.relays["bron"] = {"toestand": "broker_blocked", "alarm": True, "oorzaak": "vol"}
    assert row(run("status"), "volger", "bron")[3] == "wordt weggewerkt"
    bench.following.running.connected = False
    assert row(run("status"), "volger", "bron")[3] == "geen verbinding met de broker"


def test_a_held_horizon_is_the_cause_for_who_seems_level_too(run: Run, client: BenchClient) -> None:
    """Behind the horizon nothing counts as waiting yet: so whose session holds it is told at every consumer."""
    held = {"seconden": 300.0, "alarm": True, "door": [HOLDER]}
    client.answers["/status"] = client.get("volger", "/status", BEHEERDER) | {"horizon": held}
    told = row(run("status"), "volger", "bron")
    assert told == ["volger", "bron", "bij", "horizon gehouden door sessie 4711 (psql)"]
    [cause] = json.loads(run("status", "--json").stdout)["verwerkers"][0]["oorzaken"]
    assert (cause["soort"], cause["sessie"]) == ("horizon", 4711)


def test_each_subscriber_shows_with_its_last_delivery_and_next_try(run: Run, client: BenchClient) -> None:
    """Who cannot be served shows how often that was tried, why (a kind of error) and when it is tried again."""
    well = {
        "abonnement": "a-1", "kanaal": "amqp", "wacht": 0, "laatste_levering": "2026-03-02T09:00:00+00:00",
        "pogingen": 0, "volgende_poging": None, "reden": None,
    }  # fmt: skip
    failing = well | {
        "abonnement": "a-2", "kanaal": "webhook", "wacht": 7, "laatste_levering": None,
        "pogingen": 3, "volgende_poging": "2026-03-02T10:00:00+00:00", "reden": "onbereikbaar",
    }  # fmt: skip
    client.answers["/status"] = client.get("bron", "/status", BEHEERDER) | {"afnemers": [failing, well]}
    result = run("status")
    assert row(result, "a-1") == ["a-1", "amqp", "0", "2026-03-02T09:00:00+00:00", "-", "-"]
    assert row(result, "a-2") == ["a-2", "webhook", "7", "-", "3 (onbereikbaar)", "2026-03-02T10:00:00+00:00"]
    assert json.loads(run("status", "--json").stdout)["diensten"]["bron"]["afnemers"][0] == failing


def test_json_holds_the_same_for_programs(run: Run, bench: Bench, client: BenchClient) -> None:
    """For programs: seconds as numbers, moments as ISO 8601, and null for what does not answer."""
    stored = log(bench.world.stores["bron"], new_id())[0]
    bench.world.clock.advance(timedelta(seconds=90))
    client.away.add("meer")
    told = json.loads(run("status", "--json").stdout)
    assert told["diensten"]["bron"]["achterstand_seconden"] == 90.0
    assert told["diensten"]["meer"] is None
    assert told["verwerkers"] == [
        {
            "verwerker": "volger",
            "bron": "bron",
            "oudste": stored.envelope.time.isoformat(),
            "seconden": 90.0,
            "oorzaken": [{"soort": "werkt_achterstand_weg"}],
        },
        {
            "verwerker": "volger",
            "bron": "meer",
            "oudste": None,
            "seconden": None,
            "oorzaken": [{"soort": "bron_antwoordt_niet"}],
        },
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.4, "minder dan 1 s"),
        (3.9, "3 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 u"),
        (5400, "1 u 30 min"),
        (3605, "1 u"),
        (266_400, "3 d 2 u"),
        (86_400 * 400, "400 d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    """Nobody counts 5400 seconds; and what is smaller than the second unit no longer matters."""
    assert duration(seconds) == told


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """Columns line up, and no line ends in spaces."""
    assert table(["a", "bb"], [["xxx", "y"], ["z", ""]]).splitlines() == ["a    bb", "---  --", "xxx  y", "z"]
