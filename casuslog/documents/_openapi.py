"""OpenAPI 3.1 of one service: every command and question with its own fields, and every address that it serves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version as installed
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from casuslog import codes, edge
from casuslog.commands import CommandType, QuestionType
from casuslog.documents._examples import said
from casuslog.http import MAX_BODY, TAKES

OPEN = frozenset(
    {"/gezond", "/klaar", "/metrics", "/opdrachten", "/opdrachten/{naam}", "/schemas/{fingerprint}", "/openapi.json"}
) | {
    "/asyncapi.json",
    "/typen",
    "/typen/{naam}",
    "/webhooks/{abonnement}/toestemming/{woord}",
}
"""Addresses that need no token: whether it lives, its figures, and what is published anyhow. They show no case."""
QUERY: dict[str, dict[str, Any]] = {
    "op": {"schema": {"type": "string", "format": "date"}, "description": "Facts up to this day; rights are today's."},
    "na": {"schema": {"type": "string"}, "description": "Everything after this cursor or number."},
    "limiet": {"schema": {"type": "integer", "minimum": 1}, "description": "How many at most."},
    "gemeente": {
        "schema": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{4}$"}},
        "description": "Only of these; by default all of the token.",
    },
    "wacht": {
        "schema": {"type": "integer", "minimum": 0, "maximum": 30},
        "description": "For how many seconds to wait for a next one.",
    },
    "casus": {"schema": {"type": "string", "format": "uuid"}, "description": "Only of this casus."},
    "van_gemeente": {"schema": {"type": "string", "pattern": "^[0-9]{4}$"}, "description": "Only of its streams."},
    "sinds": {"schema": {"type": "string", "format": "date"}, "description": "Only what was logged from this day on."},
    "na_casus": {"schema": {"type": "string", "format": "uuid"}, "description": "The page after this casus."},
    "positie": {"schema": {"type": "integer", "minimum": 0}, "description": "The number that the first page named."},
    "vorm": {"schema": {"enum": ["json", "avro"]}, "description": "Encoding of the data; json when left out."},
    "wijze": {
        "schema": {"enum": ["binair", "gestructureerd"]},
        "description": "CloudEvents mode; gestructureerd when left out.",
    },
    "seconden": {"schema": {"type": "number", "minimum": 0, "maximum": 30}, "description": "How long to wait at most."},
}
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_ASKS = re.compile(rf"``\??({'|'.join(QUERY)})(?:=[^`]*)?``")


def openapi(service: Any) -> dict[str, Any]:
    """The document of a service class, as plain data. Made once: do not change it."""
    return _made(service)


@cache
def _made(service: Any) -> dict[str, Any]:
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title=f"Casuslog {service.name}",
        version=installed("casuslog"),
        openapi_version="3.1.0",
        info={"description": inspect.getdoc(service) or "", "license": {"name": "EUPL-1.2"}},
        plugins=[plugin],
    )
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_own_fields)  # type: ignore[no-untyped-call]  # it ships few types
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Fout", _PROBLEM)
    spec.components.schema("Antwoord", _ANSWER)
    for command in sorted(service.commands, key=lambda c: c.name):
        spec.path(f"/opdrachten/{command.name}", operations={"post": _command(plugin, command)})
    for question in sorted(service.questions, key=lambda q: q.name):
        spec.path(f"/vragen/{question.name}", operations={"post": _question(plugin, question)})
    bodies = _bodies(service)
    for method, path, told in sorted(_routes(service)):
        if method == "get" or not path.startswith(("/opdrachten/{", "/vragen/{")):
            taken = _taken(plugin, bodies.get((method, path)))
            spec.path(path, operations={method: {**_route(method, path, told), **taken}})
    made: dict[str, Any] = spec.to_dict()
    return made


def _own_fields(_self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What our own fields take, which apispec cannot know."""
    match field:
        case edge.CodeOf():
            listed = codes.codes(field.codelijst)
            return {"enum": list(listed.codes), "x-codelijst": field.codelijst}
        case edge.Gemeente():
            return {
                "description": "code (0086) or sleutel (opsterland)",
                "examples": [said()["velden"]["woongemeente"]],
            }
        case edge.Bsn():
            return {"pattern": "^[0-9]{9}$", "description": "passes the elfproef"}
        case edge.Code() if field.among:
            return {"enum": list(field.among)}
        case edge.Euro():
            return {"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,2})?$", "examples": [field.example]}
        case edge.Uren():
            return {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,4})?$", "examples": [field.example]}
    return {}


def _command(plugin: Any, command: CommandType) -> dict[str, Any]:
    return {
        "operationId": command.name,
        "summary": (inspect.getdoc(command.schema.into) or command.name).partition("\n")[0],  # type: ignore[attr-defined]
        "tags": ["opdrachten"],
        "security": [{"token": []}],
        "parameters": _COMMAND_HEADERS,
        "requestBody": _body(plugin, command),
        "responses": {
            "200": {
                "description": "Carried out, or answered again under the same key.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Antwoord"}}},
                "headers": {
                    "ETag": {"schema": {"type": "string"}},
                    "Idempotent-Replayed": {"schema": {"const": "true"}},
                },
            },
            **_PROBLEMS,
        },
    }


def _question(plugin: Any, question: QuestionType) -> dict[str, Any]:
    return {
        "operationId": question.name,
        "summary": (inspect.getdoc(question.schema.into) or question.name).partition("\n")[0],  # type: ignore[attr-defined]
        "tags": ["vragen"],
        "security": [{"token": []}],
        "requestBody": _body(plugin, question),
        "responses": {"200": _OBJECT, **_PROBLEMS},
    }


def _body(plugin: Any, kind: CommandType | QuestionType) -> dict[str, Any]:
    own: dict[str, Any] = plugin.converter.schema2jsonschema(kind.schema)
    # The day is filled in when it is left out.
    required = [name for name in own.pop("required", []) if name != "op"]
    properties = {**_common(kind), **own["properties"]}
    subject = [] if kind.begins else [kind.subject_field]
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["gemeente", *subject, *required],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _common(kind: CommandType | QuestionType) -> dict[str, Any]:
    ids = {"type": "string", "format": "uuid"}
    return {
        "gemeente": {"type": "string", "description": "whose college answers for the act: code or sleutel"},
        "casus": {**ids, "description": "id of the casus; made where the command begins one"},
        kind.subject_field: {**ids, "description": "what it is about"},
        "externereferentie": {"type": "string", "description": "your own reference; nothing personal"},
    }


def _routes(service: Any) -> Iterator[tuple[str, str, str]]:
    """Method, path and documentation of each http entrypoint of a service class."""
    for _, function in inspect.getmembers(service, callable):
        for point in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if hasattr(point, "url"):
                path = _ARGUMENT.sub(lambda match: f"{{{match[2]}}}", point.url)
                yield point.method.lower(), path, inspect.getdoc(function) or ""


def _bodies(service: Any) -> dict[tuple[str, str], Any]:
    """By method and path, the schema of the body that an entrypoint takes."""
    found = {}
    for _, function in inspect.getmembers(service, callable):
        for point in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if hasattr(point, "url") and getattr(function, TAKES, None) is not None:
                path = _ARGUMENT.sub(lambda match: f"{{{match[2]}}}", point.url)
                found[point.method.lower(), path] = getattr(function, TAKES)
    return found


def _taken(plugin: Any, schema: Any) -> dict[str, Any]:
    if schema is None:
        return {}
    told = {**plugin.converter.schema2jsonschema(schema), "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": told}}}}


def _route(method: str, path: str, told: str) -> dict[str, Any]:
    secured: dict[str, Any] = {} if path in OPEN else {"security": [{"token": []}]}
    named = [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]
    asked = [{"in": "query", "name": name, "required": False, **QUERY[name]} for name in _asked(told, path)]
    failures = {"404": _PROBLEMS["404"]} if path in OPEN else _PROBLEMS
    if "(410)" in told:
        failures = {**failures, "410": _problem("It was destroyed, and you may know that.")}
    return {
        "operationId": f"{method}{re.sub(r'[^a-z]+', '-', path)}".rstrip("-"),
        "summary": told.partition("\n")[0].replace("`", ""),
        "tags": ["lezen" if method == "get" else "beheer"],
        **secured,
        "parameters": [*named, *asked],
        "responses": {"200": _OBJECT, **failures},
    }


def _path_parameter(name: str) -> dict[str, Any]:
    kind = {"type": "integer", "minimum": 1} if name == "nummer" else {"type": "string"}
    return {"in": "path", "name": name, "required": True, "schema": kind}


def _asked(told: str, path: str) -> list[str]:
    """The query parameters that a route's documentation names as ``?name=`` or ``name``, unless its path has them."""
    return sorted(name for name in set(_ASKS.findall(told)) if f"{{{name}}}" not in path)


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457). `type` is stable and safe to branch on.",
    "properties": {
        "type": {"type": "string", "examples": ["urn:casuslog:fout:niet_bevoegd_te_besluiten"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence that a consulent can read."},
        "velden": {"type": "object", "description": "Which field breaks which rule."},
        "reden": {"type": "string"},
        "grondslag": {"type": "string"},
        "wat_zou_mogen": {"type": "string", "description": "What would be right."},
    },
    "required": ["type", "title", "status", "detail"],
}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "casus": {"type": "string", "format": "uuid"},
        "gebeurtenissen": {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "versie": {"type": "integer"},
        "positie": {"type": "string", "description": "To await elsewhere: GET /wacht/{positie}."},
        "herhaald": {"type": "boolean"},
    },
    "required": ["casus", "gebeurtenissen", "versie", "positie", "herhaald"],
}
_OBJECT: dict[str, Any] = {"description": "As told.", "content": {"application/json": {"schema": {"type": "object"}}}}


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Fout"}}}
    return {"description": description, "content": content}


_PROBLEMS: dict[str, Any] = {
    "400": _problem("The body is no JSON object, or was cut short."),
    "401": _problem("No token, or one that does not hold."),
    "403": _problem("This role, organisation or purpose may not."),
    "404": _problem("Not there, or not for you: both look the same."),
    "409": _problem("Refused by the domain, or the stream is at another version."),
    "408": _problem("The body came in too slowly."),
    "411": _problem("The body came in chunks, without Content-Length."),
    "413": _problem(f"The body is over {MAX_BODY} bytes."),
    "415": _problem("The body is not announced as JSON."),
    "422": _problem("A field breaks a rule, or the key was used for another body."),
    "429": {
        **_problem("More calls than one caller may make, or too many tokens from one address that do not hold."),
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    },
    "503": _problem("Database or broker is away. Nothing was lost; try again with the same key."),
}
_COMMAND_HEADERS: list[dict[str, Any]] = [
    {
        "in": "header",
        "name": "Idempotency-Key",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": "The same key with the same body gets the first answer.",
    },
    {
        "in": "header",
        "name": "If-Match",
        "required": False,
        "schema": {"type": "string", "examples": ['"4"']},
        "description": "The version that you saw (the ETag of an answer).",
    },
    {"in": "header", "name": "traceparent", "required": False, "schema": {"type": "string"}},
]
