"""The forms of one event: the stored one written by hand equals Avro's, and JSON says what Avro says."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD
from casuslog.schema import AvroSchema, Blok, JsonForm, StoredRecord, read_blocks, read_stored, write_stored
from casuslog.schema._stored import stored_declaration

STORED = fastavro.parse_schema(stored_declaration("Proef", "nl.overheid.wmo.proef"))
BLOKS = st.none() | st.builds(Blok, st.text(max_size=200), st.binary(max_size=20), st.binary(max_size=20_000))
RECORDS = st.builds(StoredRecord, st.binary(min_size=8, max_size=8), BLOKS, BLOKS)


@given(RECORDS)
def test_the_stored_form_is_plain_avro(record: StoredRecord) -> None:
    """What is written by hand for speed is, byte for byte, what an Avro library writes; and reads back the same."""
    stream = io.BytesIO()
    feit, persoonsgegeven = (blok and blok._asdict() for blok in (record.feit, record.persoonsgegeven))
    plain = {"helder": record.helder, "feit": feit, "persoonsgegeven": persoonsgegeven}
    fastavro.schemaless_writer(stream, STORED, plain)
    assert write_stored(record) == stream.getvalue()
    assert read_stored(stream.getvalue()) == record


OURS = st.builds(
    Blok, st.uuids().map(str), st.binary(min_size=12, max_size=12), st.integers(0, 9_000).map(lambda size: b"x" * size)
)


@given(st.none() | OURS, st.none() | OURS, st.data())
def test_blocks_as_ours_are_read_at_one_go_and_no_laxer(
    feit: Blok | None, persoonsgegeven: Blok | None, data: st.DataObject
) -> None:
    """Whatever the length of their ciphertext they come back; cut short or going on they are refused."""
    written = write_stored(StoredRecord(bytes(8), feit, persoonsgegeven))
    assert read_blocks(b"before" + written, len(b"before")) == (feit, persoonsgegeven)
    with pytest.raises(SchemaError):
        read_blocks(written + b"\0", 0)
    with pytest.raises(SchemaError):
        read_blocks(written[: data.draw(st.integers(8, len(written) - 1))], 0)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 8191, 8192])
def test_a_length_is_read_where_it_takes_one_byte_more(size: int) -> None:
    """Around each length that takes another byte the ciphertext is all of it and nothing else."""
    blok = Blok("0190d3c8-0000-7000-8000-000000000001", b"n" * 12, bytes(range(256)) * 33)
    blok = blok._replace(cijfertekst=blok.cijfertekst[:size])
    record = StoredRecord(bytes(8), blok, blok)
    assert read_stored(write_stored(record)) == record


@given(st.binary(max_size=100))
def test_noise_is_never_a_crash(noise: bytes) -> None:
    """Reading random bytes as a stored record gives a record that writes the same length or less, or a SchemaError."""
    try:
        record = read_stored(noise)
    except SchemaError:
        return
    assert len(write_stored(record)) <= len(noise)


@pytest.mark.parametrize(
    "tail", [b"", b"\x01", b"\x04", b"\x02", b"\x02\x01", b"\x02" + b"\xff" * 12, b"\x02\x02\xff\x00\x00\x00"]
)
def test_a_stored_record_that_breaks_off_or_lies_is_refused(tail: bytes) -> None:
    """A missing or unknown branch, a negative or endless length, a key id that is no text."""
    with pytest.raises(SchemaError):
        read_stored(bytes(8) + tail)


DAY = {"type": "int", "logicalType": "date"}
PART = {
    "type": "record",
    "name": "Deel",
    "fields": [{"name": "code", "type": "string"}, {"name": "op", "type": ["null", DAY]}],
}
SCHEMA = AvroSchema(
    {
        "type": "record",
        "name": "Vorm",
        "namespace": "nl.overheid.wmo.proef",
        "fields": [
            {"name": "tekst", "type": "string"},
            {"name": "getal", "type": "long"},
            {"name": "waar", "type": "boolean"},
            {"name": "op", "type": DAY},
            {"name": "om", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "tot", "type": ["null", DAY]},
            {"name": "codes", "type": {"type": "array", "items": "string"}},
            {"name": "delen", "type": {"type": "array", "items": PART}},
            {"name": "deel", "type": ["null", "Deel"]},
        ],
    }
)
FORM = JsonForm(SCHEMA)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DATES = st.dates()
PARTS = st.fixed_dictionaries({"code": TEXT, "op": st.none() | DATES})
VALUES = st.fixed_dictionaries(
    {
        "tekst": TEXT,
        "getal": st.integers(-(2**63), 2**63 - 1),
        "waar": st.booleans(),
        "op": DATES,
        "om": st.datetimes(timezones=st.just(UTC)),
        "tot": st.none() | DATES,
        "codes": st.lists(TEXT, max_size=3),
        "delen": st.lists(PARTS, max_size=3),
        "deel": st.none() | PARTS,
    }
)


@given(VALUES)
def test_avro_and_json_say_the_same(record: dict[str, Any]) -> None:
    """Through Avro and through JSON text an event comes back as the same record."""
    assert SCHEMA.read(SCHEMA.write(record)) == record
    assert FORM.load(json.loads(json.dumps(FORM.dump(record)))) == record


def test_json_shows_dates_and_moments_as_the_world_writes_them() -> None:
    """A date is ISO 8601, a moment RFC 3339 in UTC with microseconds."""
    moment = datetime(2024, 2, 29, 12, 0, 0, 5, tzinfo=UTC)
    shown = FORM.dump({**dict.fromkeys(SCHEMA.fields), "op": date(2024, 2, 29), "om": moment, "codes": [], "delen": []})
    assert shown["op"] == "2024-02-29"
    assert shown["om"] == "2024-02-29T12:00:00.000005Z"


def test_a_destroyed_field_is_said_in_json_and_read_back() -> None:
    """{"vernietigd": true} is VERNIETIGD, both ways, whatever the type of the field."""
    gone = dict.fromkeys(SCHEMA.fields, VERNIETIGD)
    shown = FORM.dump(gone)
    assert shown["delen"] == {"vernietigd": True}
    assert FORM.load(shown) == gone


@pytest.mark.parametrize(("name", "value"), [("op", "29-02-2024"), ("om", "2024-02-29T12:00:00"), ("delen", [{}])])
def test_json_of_another_form_is_refused_without_showing_the_value(name: str, value: object) -> None:
    """A date that is none, a moment without zone, a part without its fields: the field is named, not the value."""
    good = FORM.dump(
        {"tekst": "t", "getal": 1, "waar": True, "op": date(2024, 1, 1), "om": datetime(2024, 1, 1, tzinfo=UTC),
         "tot": None, "codes": [], "delen": [], "deel": None}
    )  # fmt: skip
    with pytest.raises(SchemaError, match=f"field {name}") as refused:
        FORM.load({**good, name: value})
    assert "2024" not in str(refused.value)
