"""The topology of the log by hand, so that these tests rest on RabbitMQ alone."""

from __future__ import annotations

import time

import kombu

from casuslog.consume import wire
from casuslog.envelope import CONTENT_TYPE
from casuslog.routing import binding, routing_key

LOG = kombu.Exchange("casuslog.log", "topic", durable=True)


def connect(url: str, heartbeat: float = 10) -> kombu.Connection:
    return kombu.Connection(url, heartbeat=heartbeat, connect_timeout=5)


def declare_inbox(connection, consumer: str, sources) -> kombu.Queue:
    """A quorum queue with one active consumer, bound to whole services."""
    queue = kombu.Queue(
        f"casuslog.inbox.{consumer}",
        bindings=[kombu.binding(LOG, binding(source)) for source in sources],
        durable=True,
        queue_arguments={"x-queue-type": "quorum", "x-single-active-consumer": True},
    )
    queue(connection.default_channel).declare()
    return queue


def publish(url: str, events) -> None:
    """Publish ``(stored, previous)`` as a relay does."""
    with connect(url) as connection:
        producer = connection.Producer()
        LOG(connection.default_channel).declare()
        for stored, previous in events:
            producer.publish(
                stored.body,
                exchange=LOG,
                routing_key=routing_key(stored.envelope),
                headers=wire.headers(stored, previous),
                content_type=CONTENT_TYPE,
                content_encoding="binary",
                message_id=stored.envelope.id,
                delivery_mode=2,
            )


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
