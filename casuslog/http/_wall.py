"""The wall in front of every service: what is no call that we take is refused before a worker sees it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
from nameko.web.server import WsgiApp
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from casuslog.errors import BadRequest, CasuslogError
from casuslog.http._json import BODY, MAX_BODY, BodyTooLarge, problem_response, secured
from casuslog.http._protocol import CLOSE
from casuslog.http._unforeseen import unforeseen

BODY_SECONDS = 20.0
"""How long a body may take to come in."""
MOST_FOUND = 1_000
"""Paths that are remembered before all are forgotten: a bound on memory."""
StartResponse = Callable[..., Any]


class Wall(WsgiApp):  # type: ignore[misc]  # nameko ships no types
    """Takes a call to its entrypoint, or refuses it as a problem detail."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self._found: dict[tuple[str, str], tuple[Any, dict[str, Any]]] = {}
        """Where calls went before, by method and path."""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return self.answer(environ)(environ, start_response)

    def answer(self, environ: dict[str, Any]) -> Response:
        """The answer to a call, whatever it is."""
        try:
            answer = self._answer(environ)
        except CasuslogError as refusal:
            # What it sent along is not read: the connection ends, instead of what is left being taken for a next call.
            environ.get(CLOSE, bool)()
            answer = problem_response(refusal)
        except Exception as error:
            answer = problem_response(unforeseen(error, "wall"))
        return secured(answer)

    def _answer(self, environ: dict[str, Any]) -> Response:
        request = Request(environ)
        provider, values = self._entrypoint(environ)
        # Where nameko's entrypoint looks for them.
        setattr(request, "path_values", values)  # noqa: B010  # the request declares no such attribute
        if request.method in ("POST", "PUT"):
            _take_body(request)
        else:
            # Nothing that reads has a body; whatever came with it is not looked at.
            environ["wsgi.input"] = io.BytesIO()
            if _announced(request):
                environ.get(CLOSE, bool)()
        answer: Response = provider.handle_request(request)
        return answer

    def _entrypoint(self, environ: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        known = self._found.get(asked)
        if known is None or "HTTP_UPGRADE" in environ:
            known = self._looked_up(environ)
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found[asked] = known
        provider, values = known
        return provider, dict(values)

    def _looked_up(self, environ: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        try:
            found: tuple[Any, dict[str, Any]] = self.url_map.bind_to_environ(environ).match()
        except MethodNotAllowed as wrong:
            allowed = ", ".join(sorted(wrong.valid_methods or ()))
            raise BadRequest(
                405,
                "methode_niet_toegestaan",
                "Dit adres neemt deze methode niet aan.",
                remedy=f"Gebruik {allowed}.",
                headers={"Allow": allowed},
            ) from None
        except HTTPException:
            raise BadRequest(
                404,
                "adres_onbekend",
                "Dit adres is er niet.",
                remedy="De adressen van deze dienst staan op GET /openapi.json; de opdrachten op GET /opdrachten.",
            ) from None
        return found


def _announced(request: Request) -> bool:
    return bool(request.headers.get("Transfer-Encoding") or request.content_length)


def _take_body(request: Request) -> None:
    """Read the whole body, as far as it may reach, so that nobody holds a worker by sending slowly.

    Raises:
        BadRequest: without a length, cut short, too slow, or no JSON.
        BodyTooLarge: over :data:`MAX_BODY`.
    """
    if request.headers.get("Transfer-Encoding"):
        raise BadRequest(
            411,
            "lengte_vereist",
            "De inhoud komt in stukken, zonder lengte vooraf.",
            remedy=f"Stuur Content-Length mee, hooguit {MAX_BODY} bytes.",
        )
    length = request.content_length or 0
    if length > MAX_BODY:
        raise BodyTooLarge(f"De inhoud is {length} bytes; hooguit {MAX_BODY} bytes mag.")
    if length and not _is_json(request.mimetype):
        raise BadRequest(
            415,
            "geen_json_aangekondigd",
            "De inhoud is niet aangekondigd als JSON.",
            remedy="Stuur Content-Type: application/json.",
        )
    body = _read(request.environ["wsgi.input"], length)
    request.environ["wsgi.input"] = io.BytesIO(body)
    request.environ[BODY] = body


def _is_json(mimetype: str) -> bool:
    return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))


def _read(stream: Any, length: int) -> bytes:
    slow = eventlet.Timeout(BODY_SECONDS)
    try:
        body: bytes = stream.read(length) if length else b""
    except (TimeoutError, eventlet.Timeout):
        raise BadRequest(
            408,
            "inhoud_te_traag",
            f"De inhoud was na {BODY_SECONDS:g} s nog niet binnen.",
            remedy="Stuur zoveel bytes als Content-Length zegt, achter elkaar.",
        ) from None
    finally:
        slow.cancel()
    if len(body) < length:
        raise BadRequest(
            400,
            "inhoud_afgebroken",
            f"Er kwamen {len(body)} bytes waar Content-Length er {length} noemt.",
            remedy="Stuur zoveel bytes als Content-Length zegt.",
        )
    return body
