"""Store, relay, broker, consumer: the whole road, on SQLite with the twin and on PostgreSQL with RabbitMQ."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from casuslog.broker.topology import STREAM_QUEUE, declare_log
from casuslog.consume.inbox import declare, inbox_of, inboxes_of
from casuslog.consume.running import RunningConsumer
from casuslog.identifiers import new_id
from casuslog.relay import LogPublisher, Relay, RelayStatus
from tests.casuslog.consume.brokers import connect, until
from tests.casuslog.consume.conftest import Broker
from tests.casuslog.consume.conftest import broker as any_broker
from tests.casuslog.consume.world import World, log, whole_log

broker = any_broker
FOLLOWS = {"volger": ("bron", "meer")}


class Road:
    """Relays of two owners and one consumer, all at work."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url
        self.stopping = threading.Event()
        self.relays = [self._relay(name) for name in ("bron", "meer")]
        self.threads = [threading.Thread(target=relay.run, args=(self.stopping,)) for relay in self.relays]
        self.running = self.consume()

    def start(self) -> None:
        for thread in self.threads:
            thread.start()
        self.running.start()

    def consume(self) -> RunningConsumer:
        inbox = inbox_of("volger", FOLLOWS["volger"])
        return RunningConsumer(
            self.world.consumer(monotonic=time.monotonic),
            lambda: connect(self.url),
            lambda connection: declare(connection, inbox),
        )

    def stop(self) -> None:
        self.stopping.set()
        for relay in self.relays:
            relay.wake()
        for thread in self.threads:
            thread.join(20)
        self.running.stop()

    def _relay(self, name: str) -> Relay:
        required = inboxes_of(name, FOLLOWS)
        store, url = self.world.stores[name], self.url
        return Relay(store, lambda: LogPublisher(url, name, required), self.world.clock, check_seconds=0.2)


@pytest.fixture
def road(broker: Broker, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Road]:
    """SQLite goes with the twin, PostgreSQL with RabbitMQ."""
    embedded = broker.url.startswith("tweeling:")
    world = World(tmp_path, None if embedded else request.getfixturevalue("postgres_url"))
    made = Road(world, broker.url)
    made.start()
    yield made
    made.stop()
    world.close()


def expected(world: World) -> list[str]:
    return sorted(str(e.envelope.position) for name in ("bron", "meer") for e in whole_log(world.stores[name]))


def chain(world: World, count: int = 12) -> None:
    """A casus to and fro between two services, each event caused by the one before."""
    casus, cause = new_id(), None
    for n in range(count):
        [event] = log(world.stores["bron" if n % 2 else "meer"], casus, oorzaak=cause)
        cause = str(event.envelope.position)


def in_causal_order(world: World) -> bool:
    effects = world.effects()
    place = {position: n for n, position in enumerate(effects)}
    logged = [e.envelope for name in ("bron", "meer") for e in whole_log(world.stores[name])]
    return all(e.oorzaak is None or place[e.oorzaak] < place[str(e.position)] for e in logged)


def test_what_is_committed_takes_effect_elsewhere_once_and_in_order(road: Road) -> None:
    """Events of two services about many cases arrive once each, no effect before its cause."""
    for _ in range(4):
        chain(road.world)
    until(lambda: len(road.world.effects()) == 48)
    assert sorted(road.world.effects()) == expected(road.world)
    assert in_causal_order(road.world)


def test_cut_connections_lose_and_double_nothing(road: Road, broker: Broker) -> None:
    """Closing every connection again and again, in the middle of the work, changes nothing in the outcome."""
    until(lambda: road.running.connected)
    for _ in range(3):
        chain(road.world)
        broker.cut()
    until(lambda: len(road.world.effects()) == 36, 40)
    assert sorted(road.world.effects()) == expected(road.world)
    assert in_causal_order(road.world)


def test_the_relays_stop_while_an_inbox_is_gone_and_resume(road: Road, broker: Broker) -> None:
    """A deleted stream stops the relays with a named alarm; when it is back they go on and nothing is lost."""
    until(lambda: all(relay.status is RelayStatus.RUNNING for relay in road.relays))
    with connect(broker.url) as connection:
        connection.default_channel.queue_delete(STREAM_QUEUE)
    until(lambda: all(relay.status is RelayStatus.BINDING_MISSING for relay in road.relays))
    assert road.relays[0].missing == (STREAM_QUEUE,)
    chain(road.world)
    with connect(broker.url) as connection:
        declare_log(connection.default_channel)
    until(lambda: len(road.world.effects()) == 12)
    assert all(relay.lag() == 0 for relay in road.relays)


def test_a_consumer_that_was_away_catches_up_without_stream_or_inbox(road: Road, broker: Broker) -> None:
    """With its inbox and the stream deleted while it was away, a consumer gets everything from the owners' feeds."""
    until(lambda: road.running.connected)
    road.running.stop()
    chain(road.world)
    with connect(broker.url) as connection:
        channel = connection.default_channel
        channel.queue_delete("casuslog.inbox.volger")
        channel.queue_delete(STREAM_QUEUE)
    chain(road.world)
    road.running = road.consume()
    road.running.start()
    until(lambda: len(road.world.effects()) == 24)
    assert sorted(road.world.effects()) == expected(road.world)
    assert in_causal_order(road.world)
