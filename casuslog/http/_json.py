"""Bodies: reading what came in, writing what goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from casuslog.errors import CasuslogError, InvalidInput

MAX_BODY = 64 * 1024
"""Largest request body in bytes: an event may not be larger either."""


BODY = "casuslog.http.body"
"""Key of the environ: the body, where it was read already."""
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "interest-cohort=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, as the NL GOV API Design Rules ask (module transport security); an answer may hold somebody's case,
so nothing keeps it. That of transport counts where TLS ends in front of us."""


_HEADERS = tuple(HEADERS.items())


class BodyTooLarge(InvalidInput):
    """The body is over :data:`MAX_BODY`."""

    status = 413
    code = "inhoud_te_groot"


class NotJson(InvalidInput):
    """The body is not a JSON object."""

    status = 400
    code = "geen_json"


def json_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        BodyTooLarge: over 64 KiB; nothing of it was read.
        NotJson: not JSON, or JSON but not an object.
    """
    raw = request.environ.get(BODY)
    if raw is None:
        raw = _read(request)
    try:
        body = _parsed(raw.decode(json.detect_encoding(raw), "surrogatepass"))
    except (ValueError, RecursionError):
        raise NotJson("De inhoud is geen JSON. Stuur een JSON-object met Content-Type application/json.") from None
    if not isinstance(body, dict):
        raise NotJson("De inhoud is JSON maar geen object. Stuur een object: {...}.")
    return body


def _read(request: Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise BodyTooLarge(f"De inhoud is {request.content_length} bytes; hooguit {MAX_BODY} bytes mag.")
    raw: bytes = request.stream.read(MAX_BODY + 1)
    if len(raw) > MAX_BODY:
        raise BodyTooLarge(f"De inhoud is groter dan {MAX_BODY} bytes.")
    return raw


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_parsed = json.JSONDecoder(parse_constant=_no_number).decode
"""Made once: with an argument ``json.loads`` makes a decoder for each body."""


def json_response(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; dates have to be text already."""
    return Response(_readable(payload), status=status, headers=dict(headers or {}), mimetype="application/json")


def _readable(payload: Any) -> str:
    """JSON that can be read without a tool. A line per attribute where none holds an object, as in most answers.

    That is done here, because an encoder that indents is written in Python and takes ten times as long.
    """
    if isinstance(payload, dict) and payload and all(_is_plain(value) for value in payload.values()):
        lines = ",\n".join([f"  {_compact(str(name))}: {_compact(value)}" for name, value in payload.items()])
        return f"{{\n{lines}\n}}\n"
    return json.dumps(payload, ensure_ascii=False, indent=2, default=str) + "\n"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(one, str | int) for one in value)
    return not isinstance(value, dict)


_compact = json.JSONEncoder(ensure_ascii=False, default=str).encode


def problem_response(error: CasuslogError) -> Response:
    """The problem detail of an error."""
    text = json.dumps(error.problem(), ensure_ascii=False, indent=2, default=str) + "\n"
    return Response(text, error.status, dict(error.headers), content_type="application/problem+json")


def secured(answer: Response) -> Response:
    """The same answer, with what has to stand on every one."""
    said = {name.lower() for name, _ in answer.headers}
    answer.headers.extend([pair for pair in _HEADERS if pair[0].lower() not in said])
    return answer
