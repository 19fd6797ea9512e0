"""The same event as JSON: dates in ISO 8601, moments in RFC 3339, a destroyed field as ``{"vernietigd": true}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from casuslog.envelope import Envelope
from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD
from casuslog.schema._avro import AvroSchema

CLOUDEVENTS_JSON = "application/cloudevents+json"
"""Content type of the structured JSON form (CloudEvents JSON format 1.0)."""
DESTROYED = {"vernietigd": True}
"""What stands in JSON for a value whose key has been destroyed. No event field is an object with this member."""

_Convert = Callable[[Any], Any]


class JsonForm:
    """Between the clear record of a schema and what ``json`` reads and writes."""

    __slots__ = ("_fields", "_name")

    def __init__(self, schema: AvroSchema) -> None:
        self._name = schema.name
        self._fields = _compiled_fields(schema.declaration, {})

    def dump(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as JSON values, in the order of the schema."""
        return {name: _dumped(record[name], out) for name, out, _ in self._fields}

    def load(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The record of JSON values.

        Raises:
            SchemaError: a field is missing or has another form; the message names the field, never the value.
        """
        record = {}
        for name, _, into in self._fields:
            try:
                record[name] = VERNIETIGD if data[name] == DESTROYED else into(data[name])
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise SchemaError(f"{self._name}: field {name} is not right ({type(error).__name__})") from None
        return record


def cloudevent(envelope: Envelope, data: dict[str, Any]) -> dict[str, Any]:
    """An event in the structured JSON form of CloudEvents 1.0: all attributes, and the data in clear."""
    return {**envelope.attributes(), "datacontenttype": "application/json", "data": data}


def _dumped(value: Any, out: _Convert) -> Any:
    return dict(DESTROYED) if value is VERNIETIGD else out(value)


_Field = tuple[str, _Convert, _Convert]


def _compiled_fields(declaration: Mapping[str, Any], known: dict[str, list[_Field]]) -> list[_Field]:
    fields: list[_Field] = []
    known[declaration["name"]] = fields
    fields.extend((field["name"], *_pair(field["type"], known)) for field in declaration["fields"])
    return fields


def _pair(avro: Any, known: dict[str, list[_Field]]) -> tuple[_Convert, _Convert]:
    if isinstance(avro, list):
        return _optional(*_pair(avro[1], known))
    if isinstance(avro, str):
        return _record(known[avro]) if avro in known else (_same, _same)
    if avro["type"] == "array":
        return _array(*_pair(avro["items"], known))
    if avro["type"] == "record":
        return _record(_compiled_fields(avro, known))
    return _LOGICAL[avro["logicalType"]]


def _same(value: Any) -> Any:
    return value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _parsed_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return moment.astimezone(UTC)


_LOGICAL: dict[str, tuple[_Convert, _Convert]] = {
    "date": (date.isoformat, date.fromisoformat),
    "timestamp-micros": (_moment, _parsed_moment),
}


def _optional(out: _Convert, into: _Convert) -> tuple[_Convert, _Convert]:
    return (
        lambda value: None if value is None else out(value),
        lambda value: None if value is None else into(value),
    )


def _array(out: _Convert, into: _Convert) -> tuple[_Convert, _Convert]:
    return (lambda values: [out(value) for value in values], lambda values: [into(value) for value in values])


def _record(fields: list[_Field]) -> tuple[_Convert, _Convert]:
    return (
        lambda value: {name: out(value[name]) for name, out, _ in fields},
        lambda value: {name: into(value[name]) for name, _, into in fields},
    )
