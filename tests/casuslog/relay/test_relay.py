"""What the relay promises: all of the log, in order, by one at a time, and no step further than was confirmed."""

from __future__ import annotations

import threading
import time

import pytest

from casuslog.broker.publish import Refused
from casuslog.consume import wire
from casuslog.envelope import CONTENT_TYPE
from casuslog.errors import Unavailable
from casuslog.identifiers import new_id
from casuslog.recorded import START
from casuslog.relay import Relay, RelayPosition, RelayStatus
from casuslog.relay._lease import Lease
from tests.casuslog.consume.world import World, log, whole_log


class Broker:
    """A broker that keeps what was confirmed, and fails when told."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, str]]] = []
        self.missing: list[str] = []
        self.away = False
        self.blocked = False
        self.full = False
        self.slow = False
        self.refuse_confirm = False
        self.connections = 0
        self.confirms_at_most = 0

    def connect(self) -> Link:
        if self.away:
            raise ConnectionRefusedError
        self.connections += 1
        return Link(self)


class Link:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.sent: list[str] = []
        self.confirmed = 0

    @property
    def blocked(self) -> bool:
        return self.broker.blocked

    def send(self, message) -> None:
        if self.broker.away:
            raise ConnectionResetError
        event_id = message.properties["message_id"]
        self.broker.kept.append((event_id, dict(message.headers)))
        self.sent.append(event_id)
        self.confirmed = min(len(self.sent), self.broker.confirms_at_most)

    def beat(self, seconds: float = 0.0) -> None:  # noqa: ARG002  # nothing to wait for
        if self.broker.away:
            raise ConnectionResetError
        if self.broker.full and self.sent:
            raise Refused("a queue is full")
        if self.broker.refuse_confirm and len(self.sent) > self.confirmed:
            raise TimeoutError
        if not self.broker.slow:
            self.confirmed = len(self.sent)

    def missing_bindings(self) -> list[str]:
        return self.broker.missing

    def close(self) -> None:
        pass


@pytest.fixture
def broker() -> Broker:
    """A broker that works."""
    return Broker()


def relay(world: World, broker: Broker, **known) -> Relay:
    return Relay(world.stores["bron"], broker.connect, world.clock, monotonic=lambda: world.now, **known)


def ids(events) -> list[str]:
    return [event.envelope.id for event in events]


def test_all_that_was_logged_is_sent_in_order(world: World, broker: Broker) -> None:
    """Windows of any size together hold the whole log, in its order."""
    for _ in range(3):
        log(world.stores["bron"], new_id(), 3)
    one = relay(world, broker, window=4)
    assert [one.step() for _ in range(4)] == [4, 4, 1, 0]
    assert [event_id for event_id, _ in broker.kept] == ids(whole_log(world.stores["bron"]))
    assert one.status is RelayStatus.RUNNING


def test_a_message_tells_where_it_stands_and_what_came_before(world: World, broker: Broker) -> None:
    """Headers hold the envelope, the cursor, the cursor before it, and the link of the hash chain."""
    log(world.stores["bron"], new_id(), 2)
    relay(world, broker, window=1).step()
    again = relay(world, broker)
    world.now += 60
    first, second = whole_log(world.stores["bron"])
    read = wire.read(broker.kept[0][1], first.body, CONTENT_TYPE)
    assert (read.stored, read.previous) == (first, START)
    del again
    assert second.prev_hash == first.hash


def test_after_a_stop_it_goes_on_where_the_broker_confirmed(world: World, broker: Broker) -> None:
    """A next relay sends what was not confirmed, and nothing that was."""
    log(world.stores["bron"], new_id(), 3)
    one = relay(world, broker, window=2)
    one.step()
    one.stop()
    two = relay(world, broker)
    two.step()
    assert [event_id for event_id, _ in broker.kept] == ids(whole_log(world.stores["bron"]))
    third = wire.read(broker.kept[2][1], b"", CONTENT_TYPE)
    assert third.previous == whole_log(world.stores["bron"])[1].cursor


def test_what_was_not_confirmed_is_sent_again(world: World, broker: Broker) -> None:
    """Without confirm the position does not move; the window repeats over a new connection."""
    log(world.stores["bron"], new_id(), 2)
    one = relay(world, broker)
    broker.refuse_confirm = True
    with pytest.raises(Unavailable):
        one.step()
    assert one.status is RelayStatus.BROKER_AWAY
    assert RelayPosition(world.stores["bron"], "relay").read() == START
    broker.refuse_confirm = False
    assert [one.step(), one.step()] == [1, 1], "after a failure one goes first, alone"
    assert broker.connections == 2


def test_it_resumes_after_the_last_confirmed_event_of_a_broken_window(world: World, broker: Broker) -> None:
    """When a window breaks off half confirmed, only the other half is sent again."""
    log(world.stores["bron"], new_id(), 4)
    one = relay(world, broker)
    broker.refuse_confirm, broker.confirms_at_most = True, 3
    with pytest.raises(Unavailable):
        one.step()
    broker.refuse_confirm = False
    assert one.step() == 1


def test_a_missing_binding_stops_the_relay_until_it_is_back(world: World, broker: Broker) -> None:
    """It publishes nothing while a binding is missing, says so, and resumes by itself."""
    log(world.stores["bron"], new_id())
    broker.missing = ["casuslog.inbox.volger"]
    one = relay(world, broker)
    assert one.step() == 0
    assert (one.status, one.missing) == (RelayStatus.BINDING_MISSING, ("casuslog.inbox.volger",))
    assert broker.kept == []
    broker.missing = []
    assert one.step() == 0, "it looks again after a while, not at every step"
    world.now += 2
    assert one.step() == 1
    assert one.status is RelayStatus.RUNNING


def test_bindings_are_verified_every_minute(world: World, broker: Broker) -> None:
    """A binding that disappears while all goes well is noticed within a minute."""
    one = relay(world, broker)
    one.step()
    broker.missing = ["casuslog.stream"]
    log(world.stores["bron"], new_id())
    world.now += 61
    assert one.step() == 0
    assert one.status is RelayStatus.BINDING_MISSING


def test_a_second_relay_waits_for_the_lease(world: World, broker: Broker) -> None:
    """While one relay holds the lease another sends nothing; when it lets go the other goes on."""
    log(world.stores["bron"], new_id())
    one, two = relay(world, broker), relay(world, broker)
    one.step()
    assert two.step() == 0
    assert two.status is RelayStatus.WAITING
    one.stop()
    log(world.stores["bron"], new_id())
    assert two.step() == 1
    assert len(broker.kept) == 2


def test_a_relay_that_was_overtaken_cannot_move_the_position(world: World, broker: Broker) -> None:
    """One that slept through its lease is fenced off by the token: its late position is refused."""
    log(world.stores["bron"], new_id(), 4)
    one = relay(world, broker, window=1, lease_seconds=0.5)
    one.step()
    time.sleep(0.6)
    two = relay(world, broker, window=2)
    assert two.step() == 2
    position = RelayPosition(world.stores["bron"], "relay").read()
    world.now += 0.15
    assert one._turn_safely() is False
    assert one.status is RelayStatus.WAITING
    assert RelayPosition(world.stores["bron"], "relay").read() == position
    assert one.step() == 0
    assert one._tail._connection is None, "who waits holds no connection to the log"


def test_the_token_grows_with_every_holder(world: World) -> None:
    """A renewal keeps the token; a new holder gets a higher one."""
    store = world.stores["bron"]
    one = Lease(store, "x", seconds=60)
    assert (one.hold(), one.token, one.hold(), one.token) == (True, 1, True, 1)
    two = Lease(store, "x")
    assert not two.hold()
    one.release()
    assert (two.hold(), two.token) == (True, 2)


def test_it_outlives_an_outage_and_skips_nothing(world: World, broker: Broker) -> None:
    """While the broker is away it keeps trying; afterwards the whole log has been confirmed."""
    one, stopping = relay(world, broker), threading.Event()
    broker.away = True
    running = threading.Thread(target=one.run, args=(stopping,))
    running.start()
    log(world.stores["bron"], new_id(), 3)
    _until(lambda: one.status is RelayStatus.BROKER_AWAY)
    broker.away = False
    _until(lambda: len(broker.kept) == 3)
    stopping.set()
    one.wake()
    running.join(5)
    assert one.status is RelayStatus.STOPPED
    assert [event_id for event_id, _ in broker.kept] == ids(whole_log(world.stores["bron"]))


def test_the_lag_is_the_age_of_the_oldest_event_not_confirmed(world: World, broker: Broker) -> None:
    """Lag is told in seconds of the store's clock; all sent is no lag."""
    from datetime import timedelta

    log(world.stores["bron"], new_id())
    one = relay(world, broker)
    world.clock.advance(timedelta(seconds=42))
    assert one.lag() == 42
    one.step()
    assert one.lag() == 0


def _until(reached, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come that far"
        time.sleep(0.01)
