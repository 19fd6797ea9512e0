"""What tests do with a broker, RabbitMQ or its twin."""

from __future__ import annotations

import time

from casuslog.broker.connection import connect_to
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import declare_log
from casuslog.consume import wire
from casuslog.routing import routing_key


def connect(url: str, heartbeat: int = 10):
    return connect_to(url, name="test", heartbeat=heartbeat)


def publish(url: str, events) -> None:
    """Publish ``(stored, previous)`` as a relay does."""
    with connect(url) as connection:
        declare_log(connection.default_channel, stream=False)
        publisher = ConfirmingPublisher(connection)
        for stored, previous in events:
            publisher.publish(Outgoing(routing_key(stored.envelope), stored.body, wire.headers(stored, previous)))
        publisher.flush()


def until(reached, seconds: float = 20.0) -> None:
    """Wait for something that must come true."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come that far"
        time.sleep(0.02)


def depth(url: str, consumer: str = "volger") -> int:
    """Messages that stand ready in an inbox."""
    with connect(url) as connection:
        return connection.default_channel.queue_declare(f"casuslog.inbox.{consumer}", passive=True).message_count
