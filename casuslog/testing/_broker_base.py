"""What the cases of the broker contract stand on: a client that says what it does in the words of the contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from kombu.connection import Connection

from casuslog.broker.connection import connect_to
from casuslog.broker.publish import ConfirmingPublisher, Outgoing

PATIENCE = 10.0
"""Seconds to wait for what must come. RabbitMQ on a busy machine needs some of them."""
QUIET = 0.4
"""Seconds without anything after which nothing is held to come."""

WAITING_KINDS = pytest.mark.parametrize("kind", ["classic", "quorum"])


@dataclass(frozen=True, slots=True)
class BrokerUnderTest:
    """The broker that must keep the contract.

    Args:
        url: of an empty vhost, for kombu.
        close_connections: closes every connection from the broker's side, as an operator does.
    """

    url: str
    close_connections: Callable[[], object]


class Client:
    """One connection with one channel."""

    def __init__(self, url: str) -> None:
        self.connection: Connection = connect_to(url, name="broker contract")
        self.connection.connect()
        self.channel: Any = self.connection.default_channel

    def declare(self, name: str, kind: str = "quorum", **arguments: Any) -> str:
        """Declare a durable queue; ``max_length=2`` is the argument ``x-max-length``."""
        named = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
        self.channel.queue_declare(name, durable=True, auto_delete=False, arguments={"x-queue-type": kind, **named})
        return name

    def publish(self, key: str, *bodies: str, exchange: str = "", **headers: Any) -> None:
        """Publish and wait until the broker has confirmed."""
        publisher = ConfirmingPublisher(self.connection, exchange=exchange, mandatory=False)
        for body in bodies:
            publisher.publish(Outgoing(key, body.encode(), headers))
        publisher.flush()
        publisher.close()

    def consume(self, queue: str, *, prefetch: int = 20, **options: Any) -> list[Any]:
        """Subscribe; the list fills up as events are drained."""
        got: list[Any] = []
        self.channel.basic_qos(0, prefetch, False)
        self.channel.basic_consume(queue, callback=got.append, **options)
        return got

    def until(self, got: list[Any], count: int) -> list[Any]:
        """Wait for ``count`` messages and give them."""
        deadline = time.monotonic() + PATIENCE
        while len(got) < count and time.monotonic() < deadline:
            self._drain(0.5)
        assert len(got) >= count, f"{len(got)} of {count} messages came: {bodies(got)}"
        return got[:count]

    def settle(self, seconds: float = QUIET) -> None:
        """Take in everything that still comes, until it stays quiet."""
        while self._drain(seconds):
            pass

    def take(self, queue: str) -> Any:
        """Take one message outside any consumer; waits for it."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.channel.basic_get(queue)) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found is not None, f"nothing in {queue}"
        return found

    def nack(self, number: int, *, multiple: bool, requeue: bool) -> None:
        """basic.nack, which py-amqp has no method for."""
        self.channel.send_method((60, 120), "Lbb", (number, multiple, requeue))

    def sever(self) -> None:
        """Break the line without a goodbye, as a crash or a network does."""
        self.connection.connection.transport.close()

    def _drain(self, seconds: float) -> bool:
        try:
            self.connection.drain_events(timeout=seconds)
        except TimeoutError:
            return False
        return True


def bodies(messages: list[Any]) -> list[str]:
    """The bodies as text."""
    return [bytes(m.body).decode() for m in messages]


def counts(messages: list[Any]) -> list[int | None]:
    """``x-delivery-count`` of each; None where the header is absent."""
    return [(m.headers or {}).get("x-delivery-count") for m in messages]


def redelivered(messages: list[Any]) -> list[bool]:
    """Whether each was marked as delivered before."""
    return [m.delivery_info["redelivered"] for m in messages]


class BrokerCases:
    """Base of the cases: the fixtures. A subclass in a test file gives the fixture ``broker``."""

    @pytest.fixture
    def broker(self) -> BrokerUnderTest:
        """The broker under test."""
        raise NotImplementedError("give a fixture `broker` that returns a BrokerUnderTest")

    @pytest.fixture
    def connect(self, broker: BrokerUnderTest) -> Iterator[Callable[[], Client]]:
        """Opens connections, and closes those that are still open at the end."""
        opened: list[Client] = []

        def connect() -> Client:
            opened.append(Client(broker.url))
            return opened[-1]

        yield connect
        for client in opened:
            client.connection.release()

    @pytest.fixture
    def client(self, connect: Callable[[], Client]) -> Client:
        """One open connection."""
        return connect()
