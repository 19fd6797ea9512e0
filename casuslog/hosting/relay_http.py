"""What a relay process shows over HTTP: that it lives, that it carries, and its figures. It takes no orders.

=========  ==========================================================================
path       answer
=========  ==========================================================================
/gezond    200 while the process lives
/klaar     200 when the log of every service can be carried; 503, with why, if not
/status    per service what its relay is doing, and why it cannot
/metrics   for Prometheus
/overzicht the whole installation, for who brings the token of a beheerder
=========  ==========================================================================
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
import eventlet.wsgi
import structlog
from werkzeug.wrappers import Request, Response

from casuslog.errors import CasuslogError, NotFound
from casuslog.hosting.measuring import metrics_response, of_relays
from casuslog.hosting.overview import Overview, overview
from casuslog.hosting.platform import Platform
from casuslog.hosting.reading import ensure_beheerder
from casuslog.http import json_response, problem_response, secured, unforeseen
from casuslog.http.client import ApiClient
from casuslog.relay import Relay, RelayStatus
from casuslog.settings import service_names

_log = structlog.get_logger("casuslog.relay")

IDLE_SECONDS = 60.0
"""How long a connection may wait for a next call."""


def standing_of(relay: Relay) -> dict[str, Any]:
    """What a relay is doing, for programs; ``oorzaak`` is empty while all is well."""
    return {"toestand": relay.status.value, "alarm": relay.status.alarm, "oorzaak": relay.cause}


class RelayEdge:
    """The HTTP side of a relay process.

    Args:
        name: of the process, as in ``casuslog start <name>``.
        address: where it listens.
        relays: by the service whose log they carry.
        look: looks over the whole installation for who asks, or refuses (:func:`looking`).
    """

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        relays: Mapping[str, Relay],
        look: Callable[[Request], Overview] | None = None,
    ) -> None:
        self._look = look
        self._name = name
        self._address = address
        self._relays = relays
        self._registry = of_relays(relays)
        self._socket: Any = None
        self._serving: Any = None

    def start(self) -> None:
        """Begin to answer. Where the port is taken it stays silent: the log is carried all the same."""
        try:
            self._socket = eventlet.listen(self._address, reuse_port=False)
        except OSError as error:
            _log.error("de relay is niet te bevragen", proces=self._name, poort=self._address[1], fout=error.errno)
            return
        self._serving = eventlet.spawn(
            eventlet.wsgi.server,
            self._socket,
            self,
            log=logging.getLogger(__name__),
            log_output=False,
            debug=False,
            socket_timeout=IDLE_SECONDS,
        )

    def stop(self) -> None:
        """Answer no more."""
        if self._serving is not None:
            self._serving.kill()
            self._socket.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one call (WSGI)."""
        return secured(self._answer(Request(environ)))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        routes: dict[str, Callable[[], Response]] = {
            "/gezond": self._alive,
            "/klaar": self._ready,
            "/status": self._standing,
            "/metrics": lambda: metrics_response(self._registry),
        }
        if self._look is not None:
            look = self._look
            routes["/overzicht"] = lambda: json_response(look(request).as_data())
        route = routes.get(request.path)
        if route is None or request.method not in ("GET", "HEAD"):
            return problem_response(NotFound(f"Een relay heeft alleen GET {', '.join(routes)}."))
        try:
            return route()
        except CasuslogError as error:
            return problem_response(error)
        except Exception as error:
            return problem_response(unforeseen(error, f"relay {request.path}"))

    def _alive(self) -> Response:
        return json_response({"service": self._name, "gezond": True})

    def _ready(self) -> Response:
        hindered = {
            service: standing_of(relay)
            for service, relay in self._relays.items()
            if relay.status.alarm or relay.status is RelayStatus.STARTING
        }
        told = {"service": self._name, "klaar": not hindered, "hindernissen": hindered}
        return json_response(told, 503 if hindered else 200)

    def _standing(self) -> Response:
        relays = {service: standing_of(relay) for service, relay in self._relays.items()}
        return json_response({"service": self._name, "diensten": relays})


def looking(platform: Platform) -> Callable[[Request], Overview]:
    """Looks over an installation in the name of who asks: each service judges the token by itself.

    Raises, when it is called:
        NotAuthenticated: no token that holds.
        Forbidden: of another role than beheerder.
    """
    settings = platform.settings

    def look(request: Request) -> Overview:
        header = request.headers.get("Authorization")
        rol = request.headers.get("Casuslog-Rol")
        caller = platform.gate.caller_of(header, rol, request.remote_addr, service="relay")
        ensure_beheerder(caller, "relay")
        client = ApiClient(settings, platform.issuer, token=(header or "").partition(" ")[2])

        def ask(name: str, path: str) -> Mapping[str, Any] | None:
            try:
                return client.get(name, path, caller)
            except CasuslogError:
                # That it does not answer is what the overview tells.
                return None

        return overview(ask, service_names(), settings.relay_processes())

    return look


__all__ = ["RelayEdge", "looking", "standing_of"]
