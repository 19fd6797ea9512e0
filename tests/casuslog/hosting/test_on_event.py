"""The nameko entrypoint: a real container on RabbitMQ and on the twin, with dependencies and an orderly stop."""

# ruff: noqa: ARG002, ARG005  # handlers take what they are given

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider
from nameko.rpc import rpc

from casuslog.backoff import Backoff
from casuslog.consume.failures import Policy
from casuslog.consume.feeds import LocalFeed
from casuslog.errors import StoreError, Unavailable
from casuslog.hosting.entrypoint import OPTIONS_KEY, PLATFORM_KEY, LogConsumer, on_event
from casuslog.hosting.feed import FeedRpc, RpcFeed
from casuslog.identifiers import new_id
from casuslog.recorded import START
from tests.casuslog.consume.brokers import depth, publish, until
from tests.casuslog.consume.conftest import Broker
from tests.casuslog.consume.world import World, log, whole_log, with_previous


def positions(events) -> list[str]:
    return [str(event.envelope.position) for event in events]


class TheWorld(DependencyProvider):
    """Gives the service of a test its world."""

    def get_dependency(self, worker_ctx):
        return worker_ctx.container.config["WORLD"]


class VolgerService:
    name = "volger"
    world = TheWorld()
    slow = 0.0
    calls: list[str] = []  # noqa: RUF012  # one service class per test

    @on_event("bron", "IetsGedaan")
    @on_event("meer", "iets-gedaan")
    def verwerk(self, event, tx) -> None:
        self.calls.append(str(event.envelope.position))
        eventlet.sleep(self.slow)
        self.world.handle(event, tx)

    @on_event("bron", projection=True, batch=True)
    def projecteer(self, events, tx) -> None:
        assert isinstance(events, list)


class Eager(VolgerService):
    name = "volger"
    refused: list[str] = []  # noqa: RUF012

    @on_event("bron")
    def te_ijverig(self, event, tx) -> None:
        try:
            self.world.volger.run_transaction(lambda tx: None)
        except StoreError as error:
            self.refused.append(type(error).__name__)


class BronService(FeedRpc):
    name = "bron"
    log = TheWorld()

    @rpc
    def leeft(self) -> bool:
        return True


@pytest.fixture
def host(world: World, broker: Broker) -> Iterator:
    """Starts service classes in containers, as the platform does."""

    def log_of(source: str) -> LocalFeed:
        return LocalFeed(world.stores[source])

    started = []

    def begin(service_cls, thing=None, reads_from=log_of, **config) -> ServiceContainer:
        platform = SimpleNamespace(clock=world.clock, store_for=world.stores.__getitem__, feed_for=reads_from)
        made = {"AMQP_URI": broker.url, PLATFORM_KEY: platform, "WORLD": thing or world, "HEARTBEAT": 4, **config}
        made.setdefault(OPTIONS_KEY, {"policy": Policy(backoff=Backoff(first=0.01, bound=0.05))})
        container = ServiceContainer(service_cls, made)
        container.start()
        started.append(container)
        return container

    yield begin
    for container in started:
        container.stop()


def fresh(cls):
    """A service class whose record of calls is its own."""
    return type(cls.__name__, (cls,), {"name": cls.name, "calls": [], "refused": []})


def consumer_of(container: ServiceContainer) -> LogConsumer:
    return container.shared_extensions[LogConsumer]


def test_a_method_gets_its_events_with_dependencies_and_transaction(world: World, broker: Broker, host) -> None:
    """Methods run as nameko workers: injected, within the transaction, one after another per casus."""
    container = host(fresh(VolgerService))
    until(lambda: consumer_of(container).running.connected)
    casus = new_id()
    first = log(world.stores["bron"], casus, 3)
    log(world.stores["meer"], casus, oorzaak=str(first[-1].envelope.position))
    for name in ("meer", "bron"):
        publish(broker.url, with_previous(whole_log(world.stores[name])))
    until(lambda: len(world.effects()) == 4)
    assert world.effects() == positions([*whole_log(world.stores["bron"]), *whole_log(world.stores["meer"])])
    until(lambda: depth(broker.url) == 0)


def test_a_failing_method_parks_its_lane_without_a_word_of_it_in_the_log(
    world: World, broker: Broker, host, caplog: pytest.LogCaptureFixture
) -> None:
    """After its attempts the lane is parked; others proceed; what the exception says is logged nowhere."""
    bad, good = log(world.stores["bron"], new_id())[0], log(world.stores["bron"], new_id())[0]
    world.errors[str(bad.envelope.position)] = RuntimeError("mevrouw Jansen")
    container = host(fresh(VolgerService))
    until(lambda: consumer_of(container).parking.list() != [])
    until(lambda: world.effects() == positions([good]))
    [lane] = consumer_of(container).parking.list()
    assert (lane.lane, lane.events) == (bad.envelope.subject, 1)
    assert "Jansen" not in caplog.text + lane.reason
    world.errors.clear()
    assert consumer_of(container).parking.replay(lane.lane).left == 0
    assert world.effects() == positions([good, bad])


def test_a_transaction_inside_the_transaction_is_refused_and_does_not_hang(world: World, host) -> None:
    """A handler that opens a transaction of its own meets an error at once."""
    service = fresh(Eager)
    log(world.stores["bron"], new_id())
    host(service)
    until(lambda: service.refused == ["StoreError"])


def test_more_lanes_than_workers_do_not_lock_each_other_out(world: World, host) -> None:
    """With one worker for eight lanes everything is still handled: a worker comes before its transaction."""
    for _ in range(12):
        log(world.stores["bron"], new_id())
    host(fresh(VolgerService), max_workers=1)
    until(lambda: len(world.effects()) == 12)


def test_a_stop_finishes_what_it_holds(world: World, broker: Broker, host) -> None:
    """Stopping a container, as SIGTERM does, commits and acknowledges what is being handled; nothing is redone."""
    service = fresh(VolgerService)
    service.slow = 0.25  # long enough that a busy machine cannot handle all before the stop is heard
    few = {"prefetch": 5, "lanes": 2}
    # Deliveries only: a consumer that connects looks in the log as well, and would hold all 24 at once.
    container = host(service, reads_from=lambda _: LocalFeed(world.stores["meer"]), **{OPTIONS_KEY: few})
    until(lambda: consumer_of(container).running.connected)
    for _ in range(8):
        log(world.stores["bron"], new_id(), 3)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(service.calls) >= 3)
    container.stop()
    done = world.effects()
    assert 0 < len(done) < 24
    assert len(service.calls) == len(done)
    assert depth(broker.url) == 24 - len(done)
    host(service)
    until(lambda: len(world.effects()) == 24)
    assert len(service.calls) == 24


def test_a_handler_that_blocks_everything_past_the_heartbeat_is_survived(world: World, broker: Broker, host) -> None:
    """When a handler freezes the whole process until the broker gives up, the consumer comes back: effects once."""
    frozen = eventlet.patcher.original("time").sleep

    class Freezing(VolgerService):
        name = "volger"

        @on_event("bron")
        def bevries(self, event, tx) -> None:
            if event.envelope.sequence == 1:
                frozen(7)

    container = host(fresh(Freezing), HEARTBEAT=2)
    until(lambda: consumer_of(container).running.connected)
    log(world.stores["bron"], new_id(), 3)
    publish(broker.url, with_previous(whole_log(world.stores["bron"])))
    until(lambda: len(world.effects()) == 3)
    until(lambda: consumer_of(container).running.connected and depth(broker.url) == 0)
    assert world.effects() == positions(whole_log(world.stores["bron"]))


def test_the_feed_over_rpc_is_the_feed_itself(world: World, broker: Broker, host) -> None:
    """Another process reads the same log by rpc as the owner reads itself; while the owner is away it says so."""
    logged = log(world.stores["bron"], new_id(), 5)
    container = host(BronService, SimpleNamespace(store=world.stores["bron"]))
    near, far = LocalFeed(world.stores["bron"]), RpcFeed("bron", broker.url, timeout=5)
    assert far.head() == near.head()
    assert far.log(after=START, limit=3) == near.log(after=START, limit=3)
    stream = logged[0].envelope.stream
    assert far.stream(stream, after=3) == near.stream(stream, after=3)
    container.stop()
    with pytest.raises(Unavailable):
        far.head()


def test_a_decorated_method_can_be_called_as_it_is(world: World) -> None:
    """A unit test of a service calls its method with an event and a transaction, without any host."""
    [event] = log(world.stores["bron"], new_id())
    service = VolgerService()
    service.world = world
    recorded = world.codec.decode(event, purpose="test")
    world.volger.run_transaction(lambda tx: service.verwerk(recorded, tx))
    assert world.effects() == positions([event])
