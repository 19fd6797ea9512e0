"""Made-up events as they could have happened: codes out of their lists, names and ids that belong to nobody."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import yaml

from casuslog.codes import codes, schemas_folder
from casuslog.envelope import Envelope
from casuslog.schema import SchemaVersion

DAY = date(2017, 2, 15)
_NUMBERS = {"minuten": 180, "cent": 2329}
"""By the first or last word of a field's name."""


def envelope_of(version: SchemaVersion, stream: str) -> Envelope:
    """An envelope that goes with it; its ids follow from the name, so that each making gives the same document."""
    case = _id("casus")
    act = _id(f"{version.name} opdracht")
    return Envelope(
        id=_id(version.name),
        type=version.wire_type,
        time=datetime(2017, 2, 15, 9, 30, tzinfo=UTC),
        subject=case,
        dataschema=version.dataschema,
        sequence=1,
        stroom=stream,
        feitdatum=DAY,
        correlationid=act,
        causationid=act,
        **{name: text.format(service=version.service) for name, text in said()["envelop"].items()},
    )


@cache
def said() -> dict[str, dict[str, Any]]:
    """What every example says: ``envelop`` by attribute, ``velden`` by the name of the field."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((schemas_folder() / "voorbeeld.yaml").read_text(encoding="utf-8"))
    return found


def record_of(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event, every optional one filled."""
    return _record(declaration, {})


def _record(declaration: Mapping[str, Any], known: dict[str, Mapping[str, Any]]) -> dict[str, Any]:
    known[declaration["name"]] = declaration
    return {field["name"]: _value(field, field["type"], known) for field in declaration["fields"]}


def _value(field: Mapping[str, Any], avro: Any, known: dict[str, Mapping[str, Any]]) -> Any:
    if isinstance(avro, list):
        return _value(field, next(part for part in avro if part != "null"), known)
    if isinstance(avro, str):
        return _record(known[avro], known) if avro in known else _plain(field, avro)
    if avro["type"] == "array":
        return [_value(field, avro["items"], known)]
    if avro["type"] == "record":
        return _record(avro, known)
    return DAY if avro["logicalType"] == "date" else datetime(2017, 2, 15, 9, 30, tzinfo=UTC)


def _plain(field: Mapping[str, Any], avro: str) -> Any:
    if avro == "boolean":
        return True
    if avro in ("int", "long"):
        return _NUMBERS.get(field["name"].partition("_")[0], _NUMBERS.get(field["name"].rpartition("_")[2], 1))
    known = codes(field["codelijst"]).on(DAY) if "codelijst" in field else ()
    wanted = said()["velden"].get(field["name"])
    if known:
        return wanted if wanted in known else known[0]
    return wanted or f"({field['name'].replace('_', ' ')})"


def _id(name: str) -> str:
    # A UUIDv7 in form: persistent, and of nobody.
    digest = bytearray(hashlib.sha256(f"casuslog voorbeeld {name}".encode()).digest()[:16])
    digest[0:6] = bytes.fromhex("015a3e8c6e40")
    digest[6] = 0x70 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(digest)))
