"""The code that is made of a schema writes and reads what fastavro does, and leaves to it what is unusual."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, Part, event_type, feit, part
from casuslog.schema import UNUSUAL, AvroSchema, avsc_of, from_record, parts_of
from casuslog.schema._compiled import compiled, compiled_typed


@part
class Maat(Part):
    """Een maat."""

    code: Annotated[str, feit("code")]
    aantal: Annotated[int, feit("aantal")] = 0
    tot: Annotated[date | None, feit("einddag")] = None


@part
class Doos(Part):
    """Een deel dat delen heeft."""

    maten: Annotated[tuple[Maat, ...], feit("maten")]
    beste: Annotated[Maat | None, feit("beste")] = None


@event_type("code-gemaakt", service="codeproef")
class CodeGemaakt(DomainEvent):
    """Elk soort veld, delen in delen."""

    tekst: Annotated[str, feit("tekst")]
    getal: Annotated[int, feit("getal")]
    waar: Annotated[bool, feit("waar")]
    dag: Annotated[date, feit("dag")]
    om: Annotated[datetime, feit("moment")]
    misschien: Annotated[str | None, feit("misschien")] = None
    misschien_dag: Annotated[date | None, feit("misschien een dag")] = None
    codes: Annotated[tuple[str, ...], feit("codes")] = ()
    dozen: Annotated[tuple[Doos, ...], feit("dozen")] = ()
    doos: Annotated[Doos | None, feit("doos")] = None


DECLARATION = avsc_of(CodeGemaakt)
PARSED = fastavro.parse_schema(dict(DECLARATION))
WRITE, READ_INTO = compiled(DECLARATION)
READ_TYPED = compiled_typed(DECLARATION, parts_of(CodeGemaakt))
SCHEMA = AvroSchema(DECLARATION)

longs = st.integers(-(2**63), 2**63 - 1)
maten = st.fixed_dictionaries({"code": st.text(), "aantal": longs, "tot": st.none() | st.dates()})
dozen = st.fixed_dictionaries({"maten": st.lists(maten, max_size=3), "beste": st.none() | maten})
records = st.fixed_dictionaries(
    {
        "tekst": st.text(max_size=200),
        "getal": longs,
        "waar": st.booleans(),
        "dag": st.dates(),
        "om": st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=30)))),
        "misschien": st.none() | st.text(),
        "misschien_dag": st.none() | st.dates(),
        "codes": st.lists(st.text(max_size=5), max_size=70).map(tuple),
        "dozen": st.lists(dozen, max_size=3).map(tuple),
        "doos": st.none() | dozen,
    }
)
ONE = {
    "tekst": "t",
    "getal": 1,
    "waar": True,
    "dag": date(2024, 2, 29),
    "om": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "misschien": None,
    "misschien_dag": None,
    "codes": ("a",),
    "dozen": (),
    "doos": {"maten": [], "beste": {"code": "x", "aantal": -1, "tot": None}},
}


def by_fastavro(record: dict[str, Any]) -> bytes:
    """The body as the reference writes it."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED, record)
    return stream.getvalue()


def by_code(body: bytes) -> dict[str, Any]:
    """The record as the code reads it."""
    found: dict[str, Any] = {}
    READ_INTO(body, found)
    return found


@given(records)
def test_it_writes_the_bytes_and_reads_the_values_of_fastavro(record: dict[str, Any]) -> None:
    """Whatever the values: the same bytes, and from these the same values of the same classes."""
    body = WRITE(record)
    assert body == by_fastavro(record)
    read, reference = by_code(body), fastavro.schemaless_reader(io.BytesIO(body), PARSED, None)
    assert read == reference
    assert {name: value.__class__ for name, value in read.items()} == {
        name: value.__class__ for name, value in reference.items()
    }


@pytest.mark.parametrize("field", ["tekst", "misschien"])
@pytest.mark.parametrize("length", [0, 1, 63, 64, 1023, 1024, 8191, 8192, 70_000])
def test_the_length_of_a_text_is_written_as_fastavro_writes_it(field: str, length: int) -> None:
    """At hand or written out, of a text that may be null or may not be: the number of its bytes, not of its signs."""
    for text in ("a" * length, "é" * (length // 2) + "b" * (length % 2)):
        body = WRITE({**ONE, field: text})
        assert body == by_fastavro({**ONE, field: text})
        assert by_code(body)[field] == text


@given(records)
def test_read_typed_it_gives_the_object_that_the_mapping_becomes(record: dict[str, Any]) -> None:
    """Tuples and parts at every depth, as :func:`from_record` makes them of what is read as a mapping."""
    body = by_fastavro(record)
    typed: dict[str, Any] = {}
    READ_TYPED(body, typed)
    assert typed == vars(from_record(CodeGemaakt, by_code(body)))


@given(records, st.data())
def test_bytes_that_were_changed_are_read_as_fastavro_reads_them_or_left_to_it(
    record: dict[str, Any], data: st.DataObject
) -> None:
    """What the code reads at all, it reads as the reference does; it never invents a value."""
    body = bytearray(by_fastavro(record))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(body[: data.draw(st.integers(0, len(body)))]) if data.draw(st.booleans()) else bytes(body)
    try:
        read = by_code(changed)
    except UNUSUAL:
        return
    stream = io.BytesIO(changed)
    assert read == fastavro.schemaless_reader(stream, PARSED, None)
    assert stream.tell() == len(changed)


class Soort(StrEnum):
    """Een code als enum."""

    EEN = "een"


@pytest.mark.parametrize(
    "changed",
    [
        {"tekst": Soort.EEN},
        {"doos": MappingProxyType({"maten": (), "beste": None})},
    ],
)
def test_what_is_unusual_but_fits_is_written_by_fastavro(changed: dict[str, Any]) -> None:
    """A code that is an enum, a part that is another mapping: the code steps aside and the event is written."""
    record = {**ONE, **changed}
    with pytest.raises(UNUSUAL):
        WRITE(record)
    plain = {**record, "tekst": str(record["tekst"]), "doos": dict(record["doos"])}
    assert SCHEMA.write(record) == by_fastavro(plain)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tekst", None),
        ("tekst", "\ud800"),
        ("getal", True),
        ("getal", 1.5),
        ("getal", 2**63),
        ("getal", -(2**63) - 1),
        ("waar", 1),
        ("dag", datetime(2024, 1, 1, tzinfo=UTC)),
        ("om", datetime(2024, 1, 1)),  # the point is that it has no zone
        ("misschien", 3),
        ("codes", "abc"),
        ("codes", ("a", None)),
        ("doos", {"maten": []}),
    ],
)
def test_what_does_not_fit_is_refused_without_its_value(field: str, value: Any) -> None:
    """The code never writes what the check of the schema refuses; the refusal names the field and shows no cause."""
    record = {**ONE, field: value}
    with pytest.raises(UNUSUAL):
        WRITE(record)
    with pytest.raises(SchemaError) as refused:
        SCHEMA.write(record)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_an_array_in_blocks_with_their_size_is_left_to_fastavro() -> None:
    """Other writers may put a size before a block; the code does not read those, and the schema still does."""
    body = by_fastavro({**ONE, "codes": ()})
    before = len(WRITE({**ONE, "codes": ()})) - len(b"\0" + b"\0" + b"\2\0\2\2x\1\0")
    assert body[before : before + 1] == b"\0"
    sized = body[:before] + b"\x01\x04" + b"\x02a" + body[before:]
    with pytest.raises(UNUSUAL):
        by_code(sized)
    assert SCHEMA.read(sized) == {**ONE, "codes": ["a"], "dozen": []}
