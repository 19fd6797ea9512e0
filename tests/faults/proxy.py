"""A line between a process and its server that can go dead: bytes vanish in both directions and nobody is told.

That is what a broken switch, a firewall that forgot a connection or a host that lost power looks like. A connection
that is closed is another fault: there both ends hear of it at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

CHUNK = 65536


class _Line:
    """One connection: the client's end and the server's, if it was reached."""

    def __init__(self, *ends: socket.socket, dead: bool) -> None:
        self.ends = ends
        self.dead = dead
        self.left = len(ends)
        """Ends that are not gone yet."""

    def hang_up(self) -> None:
        """Let both ends hear that it is over."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens on a port of its own and passes everything on to a server, until told otherwise.

    ``passed`` and ``swallowed`` count bytes, ``struck`` the connections that died while they were in use: with
    ``struck`` at 0 no fault has happened.

    Args:
        target: port of the server on 127.0.0.1.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.passed = 0
        self.swallowed = 0
        self.struck = 0
        self._swallowing = False
        self._lines: set[_Line] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        """Where clients connect."""

    def start(self) -> Self:
        """Begin to take connections."""
        threading.Thread(target=self._accept, name=f"proxy-{self.port}", daemon=True).start()
        return self

    @property
    def alive(self) -> int:
        """Connections that pass bytes now."""
        with self._lock:
            return sum(not line.dead for line in self._lines)

    @property
    def dead(self) -> int:
        """Connections that an end still believes in, though nothing passes."""
        with self._lock:
            return sum(line.dead for line in self._lines)

    def swallow(self) -> None:
        """From now on every connection is dead, also a new one: it opens, and nothing ever comes back."""
        with self._lock:
            self._swallowing = True
            for line in self._lines:
                self.struck += not line.dead
                line.dead = True

    def restore(self) -> None:
        """New connections pass again. The dead ones stay dead: the network has forgotten them."""
        with self._lock:
            self._swallowing = False

    def cut(self) -> None:
        """End every connection; both ends hear it at once."""
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            line.hang_up()

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open(client)

    def _open(self, client: socket.socket) -> None:
        with self._lock:
            swallowing = self._swallowing
        try:
            reached = () if swallowing else (socket.create_connection(("127.0.0.1", self.target), timeout=5),)
        except OSError:
            # The server is away: the client hears the same as without us.
            client.close()
            return
        ends = (client, *reached)
        for end in ends:
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            line = _Line(*ends, dead=self._swallowing or not reached)
            self._lines.add(line)
        for source, sink in zip(ends, reversed(ends), strict=True):
            threading.Thread(target=self._pump, args=(line, source, sink), daemon=True).start()

    def _pump(self, line: _Line, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what one end says, until it is gone. On a dead line the other end does not hear of that."""
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if line.dead:
                    self.swallowed += len(data)
                else:
                    sink.sendall(data)
                    self.passed += len(data)
        if not line.dead:
            line.hang_up()
        source.close()
        with self._lock:
            line.left -= 1
            if not line.left:
                self._lines.discard(line)
