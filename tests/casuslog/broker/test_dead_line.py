"""A line that went dead: whoever holds it gives it up within two heartbeats, and is not held by its goodbye."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from kombu import Connection, Queue
from kombu.mixins import ConsumerMixin

from casuslog.broker.connection import connect_to
from casuslog.testing.instances import PrivateRabbit
from tests.faults.proxy import Proxy

HEARTBEAT = 1
SOON = 8.0
"""Seconds: far more than two heartbeats, far less than for ever."""

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def line(rabbit: PrivateRabbit) -> Iterator[Proxy]:
    """A proxy before the broker, which can swallow what passes."""
    with Proxy(rabbit.port) as made:
        yield made


@pytest.fixture
def link(amqp_url: str, line: Proxy) -> Iterator[Connection]:
    """An open connection through the proxy, with a channel."""
    made = connect_to(amqp_url.replace(f":{line.target}/", f":{line.port}/"), name="proef", heartbeat=HEARTBEAT)
    assert made.default_channel is not None
    yield made
    made.release()


def took(began: float) -> float:
    return time.monotonic() - began


def test_an_answer_that_stays_away_is_not_awaited_for_ever(link: Connection, line: Proxy) -> None:
    """A question over a dead line, with no limit of its own, ends after two heartbeats of silence."""
    line.swallow()
    began = time.monotonic()
    with pytest.raises(link.connection_errors):
        link.default_channel.queue_declare("q", durable=True, auto_delete=False)
    assert took(began) < SOON


def test_missed_heartbeats_end_the_line_and_its_goodbye(link: Connection, line: Proxy) -> None:
    """Who notices that the broker went silent can close at once: nothing waits for a goodbye that cannot come."""
    line.swallow()
    began = time.monotonic()
    with pytest.raises(link.connection_errors):
        beat(link, until=began + SOON)
    assert took(began) < SOON
    began = time.monotonic()
    link.release()
    assert took(began) < 1
    assert line.dead <= 1  # the broker's own end, which it gives up by its own heartbeat


def beat(link: Connection, *, until: float) -> None:
    while time.monotonic() < until:
        link.heartbeat_check()
        try:
            link.drain_events(timeout=0.2)
        except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
            continue


def test_a_consumer_as_nameko_has_it_comes_back(amqp_url: str, line: Proxy) -> None:
    """kombu's own consumer, on which that of nameko stands, leaves a dead line and gets what comes after it."""
    got: list[bytes] = []

    class Reader(ConsumerMixin):
        def __init__(self) -> None:
            self.connection = connect_to(
                amqp_url.replace(f":{line.target}/", f":{line.port}/"), name="lezer", heartbeat=HEARTBEAT
            )

        def get_consumers(self, consumer: type, channel: object) -> list[object]:  # noqa: ARG002  # as kombu calls it
            return [consumer([Queue("na", durable=True)], on_message=self.take)]

        def take(self, message: object) -> None:
            got.append(bytes(message.body))  # type: ignore[attr-defined]
            message.ack()  # type: ignore[attr-defined]
            self.should_stop = True

    def cut_in() -> None:
        time.sleep(1)
        line.swallow()
        time.sleep(2 * HEARTBEAT + 1)
        line.restore()
        with Connection(amqp_url) as direct:
            direct.SimpleQueue("na", serializer="raw").put(b"hallo", content_type="application/data")

    threading.Thread(target=cut_in, daemon=True).start()
    began = time.monotonic()
    Reader().run()
    assert got == [b"hallo"]
    assert line.struck
    assert took(began) < 6 * SOON


def test_a_silent_broker_that_lives_is_waited_for(link: Connection, rabbit: PrivateRabbit) -> None:
    """A broker that has nothing to say but its heartbeats is not given up, however long it takes."""
    began = time.monotonic()
    beat(link, until=began + 4 * HEARTBEAT)
    link.default_channel.queue_declare("q", durable=True, auto_delete=False)
    assert rabbit.running
