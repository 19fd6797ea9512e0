"""nameko's web server, with an end: no new calls while it stops, and no connection that is cut in the middle."""

from __future__ import annotations

import time
from typing import Any

import eventlet
from eventlet.greenio import shutdown_safe
from eventlet.wsgi import STATE_CLOSE, STATE_IDLE
from nameko.web.server import WebServer

FINISH_SECONDS = 5.0
"""How long connections get to send the answer that they owe."""


class ClosingServer(WebServer):  # type: ignore[misc]  # nameko ships no types
    """A server that lets go of connections which wait for a next call, instead of leaving them to be killed."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[int, list[Any]] = {}
        self._closed = False

    def process_request(self, sock: Any, address: Any) -> None:
        """Serve one connection until it ends."""
        connection = [address, sock, STATE_IDLE]
        self._open[id(connection)] = connection
        try:
            self._serv.process_request(connection)
        finally:
            del self._open[id(connection)]

    def unregister_provider(self, provider: Any) -> None:
        """An entrypoint stops: then all of them do, and nobody is let in any more."""
        self._close()
        super().unregister_provider(provider)

    def _close(self) -> None:
        if self._closed or self._gt is None:
            return
        self._closed = True
        self._is_accepting = False
        self._gt.kill()
        self._sock.close()
        for connection in list(self._open.values()):
            idle = connection[2] == STATE_IDLE
            connection[2] = STATE_CLOSE
            if idle:
                shutdown_safe(connection[1])

    def stop(self) -> None:
        """Wait for the last answers to go out."""
        self._close()
        deadline = time.monotonic() + FINISH_SECONDS
        while self._open and time.monotonic() < deadline:
            eventlet.sleep(0.002)
