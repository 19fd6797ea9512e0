"""The line to RabbitMQ: one that went dead is given up, by whoever holds it.

A line goes dead when a switch or a host between the two ends fails: bytes vanish and neither end is told. py-amqp then
waits for ever, for an answer or for a goodbye; so do kombu and nameko, which stand on it. This is its connection with
two changes, under kombu's own names for it, so that every connection in the process has them.

And a third: what has come in is read from the socket in one go. py-amqp asks it for seven bytes, for what they announce
and for the one after that, three frames per message; under eventlet each of the nine goes through its loop.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Any

from amqp.exceptions import ConnectionForced
from amqp.transport import TCPTransport
from kombu.transport import TRANSPORT_ALIASES, pyamqp

SILENCE_SECONDS = 15.0
"""How long a connection without heartbeats may stay silent while an answer is due."""
MISSED = 2
"""Heartbeats of silence after which the other end is taken to be gone, as AMQP has it."""
AT_ONCE = 16_384
"""Bytes that are taken from a socket at a time, at most, beyond what is asked for."""
_HEAD = struct.Struct(">BHI")
_FRAME_END = 0xCE


class Buffered(TCPTransport):  # type: ignore[misc]  # py-amqp ships no types
    """The socket of a connection; what is read ahead waits in the buffer that py-amqp has for frames cut off."""

    _quick_recv: Any
    _read_buffer: bytes

    def _setup_transport(self) -> None:
        super()._setup_transport()
        recv = self._quick_recv
        self._quick_recv = lambda asked: recv(max(asked, AT_ONCE))

    def waiting_frame(self) -> tuple[int, int, bytes] | None:
        """The next frame, where it came in whole already: ``(type, channel, payload)``."""
        waiting = self._read_buffer
        if len(waiting) < _HEAD.size:
            return None
        kind, channel, size = _HEAD.unpack_from(waiting)
        end = _HEAD.size + size
        # One that is not closed as it should be is left to py-amqp, which says what is wrong.
        if len(waiting) <= end or waiting[end] != _FRAME_END:
            return None
        self._read_buffer = waiting[end + 1 :]
        return kind, channel, waiting[_HEAD.size : end]


class Line(pyamqp.Connection):
    """A connection that knows when it is dead."""

    def Transport(  # noqa: N802  # py-amqp's name
        self,
        host: str,
        connect_timeout: float | None,
        ssl: Any = False,
        read_timeout: float | None = None,
        write_timeout: float | None = None,
        socket_settings: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As py-amqp has it. Without TLS, which keeps a buffer of its own, it reads ahead."""
        limits = {"read_timeout": read_timeout, "write_timeout": write_timeout, "socket_settings": socket_settings}
        if ssl:
            return super().Transport(host, connect_timeout, ssl=ssl, **limits, **kwargs)
        return Buffered(host, connect_timeout=connect_timeout, **limits, **kwargs)

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
        transport = self.transport
        if isinstance(transport, Buffered) and (frame := transport.waiting_frame()) is not None:
            return self.on_inbound_frame(frame)
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
