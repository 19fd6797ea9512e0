"""nameko's web server, with an end: no new calls while it stops, and no connection that is cut in the middle."""

from __future__ import annotations

import logging
import time
from typing import Any

import eventlet
import structlog
from eventlet import wsgi
from eventlet.greenio import shutdown_safe
from eventlet.wsgi import STATE_CLOSE, STATE_IDLE
from nameko.web.server import WebServer

from casuslog.http._protocol import IDLE_SECONDS, READ_SECONDS, Protocol
from casuslog.http._wall import Wall

FINISH_SECONDS = 5.0
"""How long connections get to send the answer that they owe."""
MOST_OPEN = 1000
"""Connections that are open at once; who comes after that is let go at once."""

_log = structlog.get_logger("casuslog.http")


class ClosingServer(WebServer):  # type: ignore[misc]  # nameko ships no types
    """A server that lets go of connections which wait for a next call, instead of leaving them to be killed."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[int, list[Any]] = {}
        self._closed = False

    def get_wsgi_app(self) -> Wall:
        """The wall, with the entrypoints behind it."""
        return Wall(self)

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = Protocol, debug: bool = False) -> wsgi.Server:
        """eventlet's server, with an end to how long a client may be silent."""
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log=logging.getLogger("nameko.web.server"),
            log_output=False,
            keepalive=IDLE_SECONDS,
            socket_timeout=READ_SECONDS,
        )

    def process_request(self, sock: Any, address: Any) -> None:
        """Serve one connection until it ends. However it ends: nameko stops the whole service for an error here."""
        if len(self._open) >= MOST_OPEN:
            _log.warning("te_veel_verbindingen", open=len(self._open))
            sock.close()
            return
        connection = [address, sock, STATE_IDLE]
        self._open[id(connection)] = connection
        try:
            self._serv.process_request(connection)
        except Exception as error:
            _log.info("verbinding_afgebroken", soort=type(error).__name__)
            sock.close()
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
