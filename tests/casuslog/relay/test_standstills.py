"""What stops a relay: each has a name, nothing is skipped, and it goes on by itself when the cause has ended."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from casuslog.errors import Unavailable
from casuslog.identifiers import new_id
from casuslog.recorded import START, Cursor
from casuslog.relay import RelayPosition, RelayStatus
from casuslog.relay._flight import Flight
from casuslog.relay._lease import Lease
from casuslog.relay._status import Pace
from casuslog.store import Holder, Horizon
from tests.casuslog.consume.brokers import until
from tests.casuslog.consume.world import World, log, whole_log
from tests.casuslog.relay.test_relay import Broker, broker, ids, relay

__all__ = ["broker"]


def position(world: World) -> Cursor:
    return RelayPosition(world.stores["bron"], "relay").read()


def sent(broker: Broker) -> list[str]:
    """What was sent, each once, in the order in which it came first."""
    return list(dict.fromkeys(event_id for event_id, _ in broker.kept))


def test_it_sends_on_while_the_broker_still_confirms(world: World, broker: Broker) -> None:
    """A window goes out before the one before it is confirmed; a third waits until there is room."""
    log(world.stores["bron"], new_id(), 8)
    broker.slow = True
    one = relay(world, broker, window=2)
    assert [one._turn() for _ in range(4)] == [2, 2, 0, 0]
    broker.slow = False
    assert [one._turn() for _ in range(4)] == [0, 2, 2, 0]
    assert sent(broker) == ids(whole_log(world.stores["bron"]))


def test_the_position_is_never_ahead_of_what_was_confirmed(world: World, broker: Broker) -> None:
    """What is under way is not kept as passed on, however often the relay looks."""
    log(world.stores["bron"], new_id(), 4)
    broker.slow, broker.confirms_at_most = True, 1
    one = relay(world, broker)
    for _ in range(3):
        one._turn()
        world.now += 1
    assert position(world) == whole_log(world.stores["bron"])[0].cursor


def test_the_position_is_kept_a_few_times_a_second_and_when_it_stops(world: World, broker: Broker) -> None:
    """A window by itself is no reason to write; who stops in order leaves nothing to send again."""
    one = relay(world, broker, keep_seconds=1.0)
    kept = []
    for _ in range(3):
        log(world.stores["bron"], new_id())
        one._turn()
        kept.append(position(world))
        world.now += 0.4
    first, second, third = (event.cursor for event in whole_log(world.stores["bron"]))
    assert kept == [first, first, first]
    one.stop()
    assert (position(world), second < third) == (third, True)


def test_a_blocked_broker_is_named_and_waited_for(world: World, broker: Broker) -> None:
    """While the broker takes nothing the relay says so and sends nothing; afterwards all goes over the same line."""
    one = relay(world, broker)
    one.step()
    broker.blocked = True
    log(world.stores["bron"], new_id(), 3)
    assert one.step() == 0
    assert (one.status, one.status.alarm, broker.kept) == (RelayStatus.BROKER_BLOCKED, True, [])
    assert "memory" in one.cause
    broker.blocked = False
    assert one.step() == 3
    assert (one.status, one.cause, broker.connections) == (RelayStatus.RUNNING, "", 1)


def test_a_full_queue_is_tried_again_one_event_at_a_time(world: World, broker: Broker) -> None:
    """A refusal is an alarm of its own; other queues are not flooded by the attempts, and nothing is skipped."""
    log(world.stores["bron"], new_id(), 5)
    one = relay(world, broker)
    broker.full = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            one.step()
    assert (one.status, one.cause) == (RelayStatus.BROKER_REFUSES, "a queue is full")
    assert len(broker.kept) == 5 + 1 + 1
    broker.full = False
    assert [one.step(), one.step(), one.step()] == [1, 4, 0]
    assert sent(broker) == ids(whole_log(world.stores["bron"]))
    assert position(world) == whole_log(world.stores["bron"])[-1].cursor


def test_a_database_that_is_away_is_named_and_waited_for(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line to the broker is kept alive meanwhile, and the log goes on where it was."""
    one = relay(world, broker)
    log(world.stores["bron"], new_id(), 2)
    one.step()
    log(world.stores["bron"], new_id(), 2)
    with monkeypatch.context() as away:
        away.setattr(one._tail, "page", _away)
        assert one._turn_safely() is None
        assert one.status is RelayStatus.DATABASE_AWAY
    assert one.step() == 2
    assert (one.status, broker.connections) == (RelayStatus.RUNNING, 1)
    assert [event_id for event_id, _ in broker.kept] == ids(whole_log(world.stores["bron"]))


def _away(*_: object) -> None:
    raise Unavailable("the database is away")


def test_a_hanging_transaction_that_hides_events_is_named(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed but not readable is no rest: the relay says whose transaction hides what was logged, and since when."""
    since = datetime(2026, 3, 10, 9, tzinfo=UTC)
    holder = Holder(4711, "boekhouding", "psql", "idle in transaction", 9.0, since)
    one = relay(world, broker)
    monkeypatch.setattr("casuslog.relay._relay.QUIET_SECONDS", 0.0)
    monkeypatch.setattr(one._store, "horizon", lambda: Horizon(9.0, (holder,)))
    one.step()
    assert one.status is RelayStatus.RUNNING, "nothing is hidden"
    monkeypatch.setattr(one._tail, "hides", lambda _after: True)
    one.step()
    assert one.status is RelayStatus.HORIZON_STALLED
    assert "4711" in one.cause
    assert "boekhouding" in one.cause
    assert since.isoformat() in one.cause


@pytest.mark.postgres
def test_nothing_is_skipped_behind_a_transaction_that_hangs_in_another_database(
    tmp_path, postgres_url: str, postgres, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed behind it waits, is known to wait, and goes out when the transaction is over."""
    from sqlalchemy import create_engine, text

    world = World(tmp_path, postgres_url)
    elsewhere = create_engine(postgres.create_database())
    monkeypatch.setattr("casuslog.relay._relay.QUIET_SECONDS", 0.0)
    monkeypatch.setattr("casuslog.store._horizon.ALARM_SECONDS", 0.2)
    one = relay(world, broker)
    with elsewhere.connect() as hanging:
        hanging.execute(text("CREATE TABLE x (y int)"))
        log(world.stores["bron"], new_id(), 2)
        time.sleep(0.4)
        assert one.step() == 0
        assert one.status is RelayStatus.HORIZON_STALLED
        assert elsewhere.url.database in one.cause
    assert one.step() == 2
    assert one.status is RelayStatus.RUNNING
    one.stop()
    elsewhere.dispose()
    world.close()


def test_a_lease_that_ends_too_far_ahead_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease given before the clock of the database was set back would hold up every other for hours."""
    store = world.stores["bron"]
    with monkeypatch.context() as ahead:
        ahead.setattr("casuslog.relay._lease.database_now", lambda _conn: datetime.now(UTC) + timedelta(hours=3))
        assert Lease(store, "x").hold()
    next_one = Lease(store, "x")
    assert (next_one.hold(), next_one.token) == (True, 2)


def test_of_two_relays_one_works_and_the_other_goes_on_after_its_death(world: World, broker: Broker) -> None:
    """The second takes over when the lease of the first runs out; together they sent everything, in order."""
    store = world.stores["bron"]
    first, stopping = relay(world, broker, lease_seconds=0.3), threading.Event()
    log(store, new_id(), 2)
    assert first.step() == 2
    second = relay(world, broker, lease_seconds=0.3)
    running = threading.Thread(target=second.run, args=(stopping,))
    running.start()
    log(store, new_id(), 3)
    until(lambda: len(sent(broker)) == 5)
    stopping.set()
    second.wake()
    running.join(5)
    assert sent(broker) == ids(whole_log(store))
    assert position(world) == whole_log(store)[-1].cursor


def test_a_stop_waits_for_what_is_under_way(world: World, broker: Broker) -> None:
    """Confirms that come during the stop count: the next relay sends nothing twice."""
    log(world.stores["bron"], new_id(), 3)
    one = relay(world, broker)
    broker.slow = True
    one._turn()
    broker.slow = False
    one.stop()
    assert relay(world, broker).step() == 0
    assert len(broker.kept) == 3


def test_the_pause_is_a_part_of_the_silence() -> None:
    """Right after an event it looks at once; the longer the silence the longer the pause, up to a bound."""
    pace = Pace(part=0.05, least=0.001, most=0.1, seen=100.0)
    assert [pace.pause(100.0 + silence) for silence in (0.0, 0.01, 1.0, 60.0)] == [0.001, 0.001, 0.05, 0.1]


def test_a_relay_rests_longer_after_a_longer_turn() -> None:
    """Where turns take longer it takes fewer of them; but one that took long itself has kept events waiting enough."""
    pace = Pace(least=0.001, rest=3.0, cycle=0.008, seen=100.0)
    paused = [pace.pause(100.0, took) for took in (0.0, 0.0001, 0.001, 0.005, 0.0075, 0.5)]
    assert paused == pytest.approx([0.001, 0.001, 0.003, 0.003, 0.001, 0.001])


def test_a_flight_is_confirmed_from_the_first_on() -> None:
    """The broker tells a number; it stands for the first so many that were sent."""
    flight = Flight(START)
    cursors = [Cursor(1, 1, n) for n in range(1, 4)]
    for cursor in cursors:
        flight.add(cursor)
    assert (flight.confirm(2), flight.confirmed, len(flight), flight.sent) == (2, cursors[1], 1, cursors[2])
    assert (flight.confirm(2), flight.confirm(3), len(flight)) == (0, 1, 0)
