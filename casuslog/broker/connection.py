"""Connections to the broker: RabbitMQ (``amqp://``, ``amqps://``) or the twin in this process (``tweeling://``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from casuslog.broker import content, twin
from casuslog.errors import Unavailable

HEARTBEAT = 15
"""Seconds after which a silent peer is given up; whoever holds a connection sends one at least every 5 s."""
CONNECT_TIMEOUT = 5.0


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
