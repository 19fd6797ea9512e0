"""The code that writes an event from the object itself writes what its record gives, and leaves the unusual."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.schema import UNUSUAL, from_record, parts_of, record_view
from tests.casuslog.schema.test_compiled import DECLARATION, ONE, SCHEMA, CodeGemaakt, Maat, records

WRITE = SCHEMA.quick_write(parts_of(CodeGemaakt))
EVENT = from_record(CodeGemaakt, {**ONE, "doos": {"maten": [], "beste": {"code": "x", "aantal": -1, "tot": None}}})
DAYS = [date.min, date(1903, 1, 1), date(1947, 7, 27), date(1947, 7, 28), date(1969, 12, 31), date(1970, 1, 1)]
DAYS += [date(1970, 3, 5), date(1970, 3, 6), date(1992, 6, 5), date(1992, 6, 6), date(4840, 11, 17), date.max]


class Soort(StrEnum):
    """Een code als enum."""

    EEN = "een"


def written(event: CodeGemaakt) -> bytes | None:
    """What the code writes; nothing where it steps aside."""
    try:
        return WRITE(event)
    except UNUSUAL:
        return None


@given(records)
def test_it_writes_the_bytes_of_the_record_or_steps_aside(record: dict[str, Any]) -> None:
    """Whatever the values, accents and parts in parts too: the same bytes as by the schema, or none."""
    event = from_record(CodeGemaakt, record)
    assert written(event) in (None, SCHEMA.write(record_view(event)))


ascii_texts = st.text(st.characters(max_codepoint=127), max_size=300)


@given(ascii_texts, st.none() | ascii_texts, st.lists(ascii_texts, max_size=70).map(tuple), st.booleans())
def test_texts_without_accents_go_the_plain_way(
    tekst: str, misschien: str | None, codes: tuple[str, ...], waar: bool
) -> None:
    """Of any length below a thousand signs, also in an array: nothing steps aside."""
    event = replace(EVENT, tekst=tekst, misschien=misschien, codes=codes, waar=waar)
    assert WRITE(event) == SCHEMA.write(record_view(event))


@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_written_in_as_many_bytes_as_it_takes(day: date) -> None:
    """Around each day from which another byte is taken, on both sides of 1970."""
    event = replace(EVENT, dag=day, misschien_dag=day, om=datetime(day.year, 6, 1, tzinfo=UTC))
    assert WRITE(event) == SCHEMA.write(record_view(event))


@pytest.mark.parametrize("getal", [0, -1, 63, 64, -64, -65, 8191, 8192, 2**63 - 1, -(2**63)])
def test_a_number_is_written_in_as_many_bytes_as_it_takes(getal: int) -> None:
    """Up to the bounds of 64 bits."""
    event = replace(EVENT, getal=getal)
    assert WRITE(event) == SCHEMA.write(record_view(event))


@pytest.mark.parametrize("text", ["é", "x" * 100 + "ë", "€", "\ud800", "x" * 1024, None, 3, b"", b"abc", ["a"], ()])
@pytest.mark.parametrize("place", ["tekst", "misschien", "codes", "part"])
def test_a_text_that_is_no_plain_one_is_left_to_the_schema(text: Any, place: str) -> None:
    """An accent, a lone surrogate, a thousand signs, no text at all: where it writes at all, it writes the same."""
    changed: dict[str, Any] = {"codes": ("a", text)} if place == "codes" else {place: text}
    if place == "part":
        changed = {"doos": replace(EVENT.doos, beste=Maat(code=text))}
    event = replace(EVENT, **changed)
    if text is None and place == "misschien":
        assert WRITE(event) == SCHEMA.write(record_view(event))
    else:
        assert written(event) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"getal": True},
        {"getal": 1.5},
        {"getal": 2**63},
        {"waar": 1},
        {"waar": None},
        {"dag": datetime(2024, 1, 1, tzinfo=UTC)},
        {"om": datetime(2024, 1, 1)},  # the point is that it has no zone
        {"codes": ["a"]},
        {"codes": "abc"},
        {"codes": None},
        {"dozen": (Maat(code="x"),)},
        {"doos": {"maten": (), "beste": None}},
    ],
)
def test_what_does_not_fit_is_left_to_the_schema(changed: dict[str, Any]) -> None:
    """The code never writes what the check of the schema might refuse."""
    assert written(replace(EVENT, **changed)) is None


def test_a_code_that_is_an_enum_is_written_as_its_text() -> None:
    """As fastavro writes it."""
    assert WRITE(replace(EVENT, tekst=Soort.EEN)) == SCHEMA.write({**record_view(EVENT), "tekst": "een"})


def test_every_field_of_the_declaration_is_written() -> None:
    """The event of these tests holds each kind of field, so that none is left out of them."""
    assert {field["name"] for field in DECLARATION["fields"]} == vars(EVENT).keys()
