"""A consumer on RabbitMQ and on the twin: binding, catching up, cut connections, lost queues, and an orderly stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import insert

from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.consume import wire
from casuslog.consume.handlers import Handler, Handlers
from casuslog.consume.inbox import declare, inbox_of
from casuslog.consume.running import RunningConsumer
from casuslog.identifiers import new_id
from casuslog.recorded import START
from casuslog.routing import routing_key
from tests.casuslog.consume.brokers import connect, depth, publish, until
from tests.casuslog.consume.conftest import Broker
from tests.casuslog.consume.world import World, ledger, log, whole_log, with_previous

Start = Callable[..., RunningConsumer]


def positions(events) -> list[str]:
    return [str(event.envelope.position) for event in events]


@pytest.fixture
def start(world: World, broker: Broker) -> Iterator[Start]:
    """Starts a consumer on the broker of the test; stopped at the end."""
    started: list[RunningConsumer] = []

    def begin(handlers: Handlers | None = None, heartbeat: float = 10, **known) -> RunningConsumer:
        consumer = world.consumer(handlers=handlers, monotonic=time.monotonic)
        running = RunningConsumer(
            consumer,
            partial(connect, broker.url, heartbeat),
            lambda connection: declare(connection, inbox_of("volger", consumer.handlers.sources)),
            **known,
        )
        running.start()
        started.append(running)
        return running

    yield begin
    for running in started:
        running.stop()


def test_it_catches_up_and_then_takes_what_comes_in(world: World, broker: Broker, start: Start) -> None:
    """History comes from the feed, though the broker never had it; news comes over the broker, each once."""
    casus = new_id()
    log(world.stores["bron"], casus, 3)
    running = start()
    until(running.caught_up.is_set)
    log(world.stores["bron"], casus, 2)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(world.effects()) == 5)
    until(lambda: depth(broker.url) == 0)
    assert world.effects() == positions(whole_log(world.stores["bron"]))


def test_a_purged_and_a_deleted_inbox_lose_nothing(world: World, broker: Broker, start: Start) -> None:
    """What stood in the inbox when it was purged, or deleted while running, is fetched from the feed."""
    start().stop()
    log(world.stores["bron"], new_id(), 3)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    with connect(broker.url) as connection:
        connection.default_channel.queue_purge("casuslog.inbox.volger")
    running = start()
    until(lambda: len(world.effects()) == 3)
    until(lambda: running.connected)
    with connect(broker.url) as connection:
        connection.default_channel.queue_delete("casuslog.inbox.volger")
    log(world.stores["bron"], new_id(), 2)
    until(lambda: len(world.effects()) == 5)
    assert sorted(world.effects()) == sorted(positions(whole_log(world.stores["bron"])))


def test_a_cut_connection_comes_back_and_effects_happen_once(world: World, broker: Broker, start: Start) -> None:
    """The connection is closed by the broker while handlers work; all is redelivered, and nothing happens twice."""
    busy = threading.Event()

    def slow(event, tx) -> None:
        busy.set()
        time.sleep(0.05)
        world.handle(event, tx)

    running = start(Handlers([Handler("bron", "*", slow)]))
    until(lambda: running.connected)
    for _ in range(4):
        log(world.stores["bron"], new_id(), 5)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    assert busy.wait(10)
    broker.cut()
    until(lambda: len(world.effects()) >= 20)
    until(lambda: running.connected and depth(broker.url) == 0)
    assert sorted(world.effects()) == sorted(positions(whole_log(world.stores["bron"])))


def test_a_handler_slower_than_the_heartbeat_keeps_the_connection(world: World, broker: Broker, start: Start) -> None:
    """While a handler takes three heartbeats, the connection lives on and the effect happens once."""
    lives = []

    def slow(event, tx) -> None:
        tx.conn.execute(insert(ledger).values(consumer="volger", position=str(event.envelope.position)))
        time.sleep(6)

    running = start(Handlers([Handler("bron", "*", slow)]), heartbeat=2)
    reconnected = running._intake._reconnected
    running._intake._reconnected = lambda: (lives.append(1), reconnected())
    until(lambda: running.connected)
    log(world.stores["bron"], new_id())
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(world.effects()) == 1)
    assert running.connected
    assert len(lives) <= 1
    until(lambda: depth(broker.url) == 0)


def test_a_stop_finishes_what_it_holds_and_nothing_is_redone(world: World, broker: Broker, start: Start) -> None:
    """Stopping in the middle of the work acknowledges what was done; a next consumer does only the rest."""
    calls: list[str] = []

    def slow(event, tx) -> None:
        calls.append(str(event.envelope.position))
        time.sleep(0.03)
        world.handle(event, tx)

    handlers = Handlers([Handler("bron", "*", slow)])
    running = start(handlers, prefetch=10)
    until(lambda: running.connected)
    for _ in range(40):
        log(world.stores["bron"], new_id(), 5)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(calls) >= 5)
    running.stop()
    done = world.effects()
    assert 0 < len(done) < 200
    assert len(calls) == len(done)
    assert depth(broker.url) == 200 - len(done)
    start(handlers)
    until(lambda: len(world.effects()) == 200)
    assert len(calls) == 200


def test_a_stop_does_not_wait_for_a_trickle_to_end(world: World, broker: Broker, start: Start) -> None:
    """Deliveries that come in one by one keep nobody waiting: a stop is heard, and what came before is acknowledged."""
    running = start()
    until(lambda: running.connected)
    enough = threading.Event()

    def trickle() -> None:
        with connect(broker.url) as connection:
            publisher = ConfirmingPublisher(connection)
            for _ in range(90):
                if enough.wait(0.1):
                    return
                [stored] = log(world.stores["bron"], new_id())
                publisher.publish(Outgoing(routing_key(stored.envelope), stored.body, wire.headers(stored, START)))
                publisher.flush()

    trickling = threading.Thread(target=trickle)
    trickling.start()
    until(lambda: len(world.effects()) >= 3)
    began = time.monotonic()
    running.stop()
    took = time.monotonic() - began
    still = trickling.is_alive()
    enough.set()
    trickling.join()
    assert still, "it was over before the stop was"
    assert took < 4
    # None was handled and not acknowledged: that would still lie in the inbox.
    until(lambda: len(world.effects()) + depth(broker.url) == len(whole_log(world.stores["bron"])))


def test_a_second_instance_waits_until_the_first_is_gone(world: World, broker: Broker, start: Start) -> None:
    """Two instances on one inbox: one is active, and the other takes over without doing anything twice."""
    one, two = start(), start()
    until(lambda: one.connected and two.connected)
    casus = new_id()
    log(world.stores["bron"], casus, 5)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(world.effects()) == 5)
    one.stop()
    log(world.stores["bron"], casus, 5)
    publish(broker.url, with_previous(whole_log(world.stores["bron"]))[5:])
    until(lambda: len(world.effects()) == 10)
    assert world.effects() == positions(whole_log(world.stores["bron"]))
