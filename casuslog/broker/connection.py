"""Connections to the broker: RabbitMQ (``amqp://``, ``amqps://``) or the twin in this process (``tweeling://``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from casuslog.broker import _line, _properties, content, twin
from casuslog.errors import Unavailable

HEARTBEAT = 10
"""Seconds between heartbeats; a peer that was silent for two of them is given up. Whoever holds a connection calls
``heartbeat_check`` at least twice in that time."""
CONNECT_TIMEOUT = 5.0
GOODBYE_SECONDS = 2.0
"""How long to wait for the broker's goodbye."""


def connect_to(
    url: str, *, name: str, heartbeat: int = HEARTBEAT, timeout: float = CONNECT_TIMEOUT, **options: Any
) -> Connection:
    """A kombu connection, not opened yet: it opens at first use.

    Args:
        url: one or more URLs, separated by ``;``: the next is tried when one does not answer.
        name: what the broker's operator sees beside the connection, e.g. ``relay melding``.
        heartbeat: seconds; the holder calls ``heartbeat_check`` at least twice in that time.
        timeout: seconds to wait for the broker when connecting.
        options: further arguments of :class:`kombu.Connection` (``ssl``, ``login_method``).
    """
    prepare(url)
    properties = {"client_properties": {"connection_name": name}}
    return Connection(
        url,
        heartbeat=heartbeat,
        connect_timeout=timeout,
        failover_strategy="round-robin",
        transport_options=properties,
        **options,
    )


def prepare(url: str) -> None:
    """Register what kombu must know before nameko or anyone else connects to this URL."""
    content.install()
    _line.install()
    _properties.install()
    if url.startswith(f"{twin.SCHEME}:"):
        twin.install()


@contextmanager
def reaching(connection: Connection) -> Iterator[None]:
    """Turn what kombu and py-amqp raise about this connection into :class:`~casuslog.errors.Unavailable`."""
    try:
        yield
    except (*connection.connection_errors, *connection.channel_errors, OperationalError, TimeoutError) as error:
        where = connection.as_uri(mask="**")
        raise Unavailable(f"the broker at {where} is away or refuses: {error}") from error


@contextmanager
def bounded(line: Any, seconds: float) -> Iterator[None]:
    """Within it no single read or write over a line waits longer; it then raises ``TimeoutError``.

    For what waits for an answer of the broker. Over a line that is half open it would otherwise wait for ever.

    Args:
        line: the py-amqp connection, ``connection.connection``.
        seconds: at most.
    """
    with line.transport.having_timeout(seconds):
        yield


def let_go(connection: Connection, line: Any) -> None:
    """Close in order where the broker answers soon; else drop the connection.

    Args:
        connection: as :func:`connect_to` made it.
        line: its py-amqp connection.
    """
    try:
        if line.connected and line.transport.sock is not None:
            line.transport.sock.settimeout(GOODBYE_SECONDS)
        connection.release()
    except (*connection.connection_errors, *connection.channel_errors, TimeoutError):
        connection.collect()
