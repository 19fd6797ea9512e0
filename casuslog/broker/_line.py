"""The line to RabbitMQ: one that went dead is given up, by whoever holds it.

A line goes dead when a switch or a host between the two ends fails: bytes vanish and neither end is told. py-amqp then
waits for ever, for an answer or for a goodbye; so do kombu and nameko, which stand on it. This is its connection with
two changes, under kombu's own names for it, so that every connection in the process has them.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from amqp.exceptions import ConnectionForced
from kombu.transport import TRANSPORT_ALIASES, pyamqp

SILENCE_SECONDS = 15.0
"""How long a connection without heartbeats may stay silent while an answer is due."""
MISSED = 2
"""Heartbeats of silence after which the other end is taken to be gone, as AMQP has it."""


class Line(pyamqp.Connection):
    """A connection that knows when it is dead."""

    def heartbeat_tick(self, rate: int = 2) -> None:
        """Send and expect heartbeats; when those of the broker stay away the line is dead.

        Raises:
            ConnectionForced: they stayed away.
        """
        try:
            super().heartbeat_tick(rate)
        except ConnectionForced:
            self.hang_up()
            raise

    def blocking_read(self, timeout: float | None = None) -> Any:
        """Read one frame. Where nobody set a limit an answer is due, and the broker says something before long.

        Raises:
            TimeoutError: the limit that was set has passed.
            ConnectionForced: no limit was set, and the broker said nothing at all for too long.
        """
        if timeout is not None or self.transport.sock.gettimeout() is not None:
            return super().blocking_read(timeout)
        longest = MISSED * self.heartbeat if self.heartbeat else SILENCE_SECONDS
        try:
            return super().blocking_read(longest)
        except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
            self.hang_up()
            raise ConnectionForced(f"the broker said nothing for {longest:.0f} s") from None

    def hang_up(self) -> None:
        """Let nobody wait for this line any more: what is read or written after this fails at once."""
        sock = getattr(self.transport, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Transport(pyamqp.Transport):
    """``amqp://``"""

    Connection = Line


class SSLTransport(pyamqp.SSLTransport):
    """``amqps://``"""

    Connection = Line


def install() -> None:
    """Let kombu use these for ``amqp`` and ``amqps``. May be called again."""
    TRANSPORT_ALIASES["amqp"] = f"{__name__}:Transport"
    TRANSPORT_ALIASES["amqps"] = f"{__name__}:SSLTransport"
