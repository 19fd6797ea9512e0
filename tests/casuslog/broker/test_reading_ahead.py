"""What comes in over a connection is read from its socket in one go, and each frame is what it was."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from amqp.exceptions import UnexpectedFrame
from kombu import Connection, Queue

from casuslog.broker._line import AT_ONCE, Buffered
from casuslog.broker.connection import connect_to


def frame(payload: bytes, *, kind: int = 3, channel: int = 1, end: bytes = b"\xce") -> bytes:
    """A frame as AMQP has it."""
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + end


@pytest.fixture
def ends() -> Iterator[tuple[Buffered, socket.socket]]:
    """A transport on one end of a socket, and the other end."""
    here, there = socket.socketpair()
    made = Buffered("localhost")
    made.sock = here
    made._setup_transport()
    yield made, there
    here.close()
    there.close()


def test_frames_that_came_together_are_read_once(ends: tuple[Buffered, socket.socket]) -> None:
    """Only the first of them asks the socket; the others are there already, each with its own payload."""
    transport, other = ends
    other.sendall(frame(b"een") + frame(b"", channel=7) + frame(b"drie", kind=2))
    assert transport.waiting_frame() is None
    assert transport.read_frame() == (3, 1, b"een")
    other.close()
    assert transport.waiting_frame() == (3, 7, b"")
    assert transport.waiting_frame() == (2, 1, b"drie")
    assert transport.waiting_frame() is None


@pytest.mark.parametrize("cut", [1, 6, 7, 8, 12, 13])
def test_a_frame_that_is_cut_off_waits_for_its_rest(ends: tuple[Buffered, socket.socket], cut: int) -> None:
    """Wherever the first part ends: nothing of it is lost when the wait for the rest is over too soon."""
    transport, other = ends
    told = frame(b"helft")
    assert len(told) == 13
    other.sendall(frame(b"heel") + told[:cut])
    assert transport.read_frame() == (3, 1, b"heel")
    if cut < len(told):
        assert transport.waiting_frame() is None
        with pytest.raises(TimeoutError), transport.having_timeout(0.01):
            transport.read_frame()
        other.sendall(told[cut:])
    assert (transport.waiting_frame() or transport.read_frame()) == (3, 1, b"helft")


def test_a_frame_that_is_longer_than_what_is_read_at_once_is_whole(ends: tuple[Buffered, socket.socket]) -> None:
    """What is asked for is read as far as it goes, however long it is."""
    transport, other = ends
    other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * AT_ONCE)
    long = bytes(range(256)) * (AT_ONCE // 128)
    other.sendall(frame(long) + frame(b"kort"))
    assert transport.read_frame() == (3, 1, long)
    assert (transport.waiting_frame() or transport.read_frame()) == (3, 1, b"kort")


def test_a_frame_that_does_not_end_as_it_should_is_refused(ends: tuple[Buffered, socket.socket]) -> None:
    """It is not handed over as if it were whole, also where it came in behind another."""
    transport, other = ends
    other.sendall(frame(b"goed") + frame(b"fout", end=b"\x00"))
    assert transport.read_frame() == (3, 1, b"goed")
    assert transport.waiting_frame() is None
    with pytest.raises(UnexpectedFrame):
        transport.read_frame()


@pytest.mark.rabbitmq
def test_deliveries_come_in_order_and_whole(amqp_url: str) -> None:
    """Messages of every size arrive as sent: small ones together in one read, large ones in many frames."""
    bodies = [bytes([n % 251]) * size for n, size in enumerate([2, 1, 9, 4_000, AT_ONCE - 8, AT_ONCE, 300_000] * 5)]
    with connect_to(amqp_url, name="proef") as connection:
        assert isinstance(_transport(connection), Buffered)
        queue = Queue("vooruit", channel=connection.default_channel, durable=True)
        queue.declare()
        for body in bodies:
            channel = connection.default_channel
            message = channel.prepare_message(body, content_type="application/octet-stream", content_encoding="binary")
            channel.basic_publish(message, routing_key=queue.name)
        seen: list[object] = []
        with connection.Consumer([queue], on_message=lambda message: seen.append(message.body), no_ack=True):
            while len(seen) < len(bodies):
                connection.drain_events(timeout=10)
        queue.delete()
    assert seen == bodies


def _transport(connection: Connection) -> object:
    connection.connect()
    return connection.connection.transport
