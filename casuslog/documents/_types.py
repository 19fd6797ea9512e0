"""The type of a field: as a reader says it, and as JSON Schema."""

from __future__ import annotations

from typing import Any

_SAID = {"string": "tekst", "boolean": "ja of nee", "int": "geheel getal", "long": "geheel getal", "null": "leeg"}
_LOGICAL = {"date": "dag", "timestamp-micros": "moment (UTC)"}
_JSON: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer"},
    "long": {"type": "integer"},
}
_JSON_LOGICAL: dict[str, dict[str, Any]] = {
    "date": {"type": "string", "format": "date"},
    "timestamp-micros": {"type": "string", "format": "date-time"},
}
DESTROYED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"vernietigd": {"const": True}},
    "required": ["vernietigd"],
    "additionalProperties": False,
}
"""What stands in the place of a value whose key was destroyed."""


def said(avro: Any) -> str:
    """An Avro type in a few Dutch words: ``tekst``, ``lijst van dag``, ``tekst (mag leeg)``."""
    if isinstance(avro, list):
        return f"{said(next(part for part in avro if part != 'null'))} (mag leeg)"
    if isinstance(avro, str):
        return _SAID.get(avro, avro)
    if avro["type"] == "array":
        return f"lijst van {said(avro['items'])}"
    if avro["type"] == "record":
        return f"{avro['name']}: {', '.join(field['name'] for field in avro['fields'])}"
    return _LOGICAL[avro["logicalType"]]


def json_schema(avro: Any, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON form of an Avro type (see :mod:`casuslog.schema`) as JSON Schema 2020-12."""
    known = {} if known is None else known
    if isinstance(avro, list):
        value = json_schema(next(part for part in avro if part != "null"), known)
        return {"anyOf": [value, {"type": "null"}]}
    if isinstance(avro, str):
        return known[avro] if avro in known else dict(_JSON[avro])
    if avro["type"] == "array":
        return {"type": "array", "items": json_schema(avro["items"], known)}
    if avro["type"] == "record":
        return _record(avro, known)
    return dict(_JSON_LOGICAL[avro["logicalType"]])


def _record(avro: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object"}
    known[avro["name"]] = made
    made["properties"] = {field["name"]: json_schema(field["type"], known) for field in avro["fields"]}
    made["required"] = [field["name"] for field in avro["fields"]]
    return made


def data_schema(declaration: dict[str, Any]) -> dict[str, Any]:
    """The ``data`` of an event as JSON Schema: each field with its meaning, privacy class and code list."""
    known: dict[str, Any] = {}
    properties = {}
    for field in declaration["fields"]:
        marks = {f"x-{name}": field[name] for name in ("privacy", "codelijst", "eenheid") if name in field}
        value = {"anyOf": [json_schema(field["type"], known), DESTROYED_SCHEMA]}
        properties[field["name"]] = {"description": field.get("doc", ""), **value, **marks}
    return {"type": "object", "properties": properties}
