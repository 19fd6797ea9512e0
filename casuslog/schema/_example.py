"""Made-up records for the corpus: the same ones every time, from the schema alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

_VALUES: dict[str, Any] = {"string": "voorbeeld", "long": 1250, "boolean": True}
_LOGICAL: dict[str, Any] = {
    "date": date(2024, 2, 29),
    "timestamp-micros": datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
}


def example(declaration: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    """A record that fits: ``full`` has every optional value and two of each repeated one, else none of them.

    A gate needs both: a field that may no longer be null breaks on the empty one only.
    """
    return _record(declaration, full, {})


def _record(declaration: Mapping[str, Any], full: bool, known: dict[str, Mapping[str, Any]]) -> dict[str, Any]:
    known[declaration["name"]] = declaration
    return {field["name"]: _value(field["type"], full, known) for field in declaration["fields"]}


def _value(avro: Any, full: bool, known: dict[str, Mapping[str, Any]]) -> Any:
    if isinstance(avro, list):
        filled = _value(avro[1], full, known)
        return filled if full else None
    if isinstance(avro, str):
        return _record(known[avro], full, known) if avro in known else _VALUES[avro]
    if avro["type"] == "array":
        filled = [_value(avro["items"], full, known) for _ in range(2)]
        return filled if full else []
    if avro["type"] == "record":
        return _record(avro, full, known)
    return _LOGICAL[avro["logicalType"]]
