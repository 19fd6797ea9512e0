"""The relay's line to the broker when the broker is half there."""

from __future__ import annotations

import time

import pytest

from casuslog.errors import Unavailable
from casuslog.recorded import StoredEvent
from casuslog.relay import LogPublisher
from casuslog.testing.instances import PrivateRabbit
from tests.casuslog.consume.world import World, log
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.rabbitmq


def events(world: World, count: int = 1) -> list[StoredEvent]:
    return log(world.stores["bron"], "01900000-0000-7000-8000-000000000001", count)


def beat_for(line: LogPublisher, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        line.beat()
        time.sleep(0.05)


def test_a_line_that_went_dead_is_noticed_within_two_heartbeats(
    world: World, amqp_url: str, rabbit: PrivateRabbit
) -> None:
    """No word for two heartbeats ends the connection, also while nothing is sent; the confirm timeout is far away."""
    with Proxy(rabbit.port) as proxy:
        line = LogPublisher(amqp_url.replace(f":{rabbit.port}/", f":{proxy.port}/"), "bron", heartbeat=1)
        [event] = events(world)
        line.publish(event, {})
        line.confirm()
        proxy.swallow()
        since = time.monotonic()
        with pytest.raises(Unavailable):
            beat_for(line, 10)
        assert time.monotonic() - since < 2 * 1 + 2
        line.close()


def test_a_broker_that_does_not_answer_is_given_up_at_connecting(
    amqp_url: str, rabbit: PrivateRabbit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes the connection and then says nothing holds the relay up for seconds, not for ever."""
    monkeypatch.setattr("casuslog.broker.connection.CONNECT_TIMEOUT", 1.0)
    with Proxy(rabbit.port) as proxy:
        proxy.swallow()
        since = time.monotonic()
        with pytest.raises(Unavailable):
            LogPublisher(amqp_url.replace(f":{rabbit.port}/", f":{proxy.port}/"), "bron")
        assert time.monotonic() - since < 20


@pytest.mark.slow
def test_an_alarm_of_the_broker_is_told_and_waited_for(world: World, amqp_url: str, rabbit: PrivateRabbit) -> None:
    """While RabbitMQ has its memory alarm on it reads from no publisher: that shows, and ends by itself."""
    line = LogPublisher(amqp_url, "bron", confirm_timeout=2)
    stored = events(world, 200)
    rabbit.evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1}).")
    try:
        sent = 0
        deadline = time.monotonic() + 5
        while not line.blocked and time.monotonic() < deadline:
            line.publish(stored[sent], {})
            sent += 1
            line.beat(0.05)
        assert line.blocked
        for event in stored[sent:]:
            line.publish(event, {})
        until = time.monotonic() + 3
        while time.monotonic() < until:
            line.beat(0.1)
        assert line.confirmed < len(stored)
    finally:
        rabbit.evaluate("vm_memory_monitor:set_vm_memory_high_watermark({absolute, 1000000000}).")
    line.confirm()
    assert (line.blocked, line.confirmed) == (False, len(stored))
    line.close()
