"""The properties of a delivery: read as py-amqp reads them, whatever they are."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from amqp import Message
from amqp.serialization import PROPERTY_CLASSES, decode_properties_basic
from hypothesis import given
from hypothesis import strategies as st

from casuslog.broker import _properties
from casuslog.broker._properties import BASIC, read
from casuslog.broker.connection import prepare

NAMES = st.text(st.characters(codec="utf-8"), max_size=40).filter(lambda name: len(name.encode()) < 256)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)
SHORT = {"content_type": "application/x", "content_encoding": "binary", "message_id": "0190", "type": "iets-gedaan"}
ODD: list[Any] = [
    7,
    2**40,
    True,
    None,
    1.5,
    Decimal("1.25"),
    datetime(2017, 1, 2),
    {"diep": "1"},
    ["a", 2],
    b"\xff\xfe",
]


def sent(headers: dict[str, Any] | None, **properties: Any) -> bytes:
    """The properties as a broker sends them on."""
    return bytes(Message("", application_headers=headers, **properties)._serialize_properties())


def same(frame: bytes, offset: int = 0) -> bool:
    return read(frame, offset) == decode_properties_basic(frame, offset)


@given(st.dictionaries(NAMES, TEXTS, max_size=30), st.sets(st.sampled_from(sorted(SHORT))), st.booleans())
def test_text_is_read_as_py_amqp_reads_it(headers: dict[str, str], which: set[str], durable: bool) -> None:
    """Any names, any texts, and any of the properties beside them."""
    properties: dict[str, Any] = {name: SHORT[name] for name in which} | ({"delivery_mode": 2} if durable else {})
    frame = b"before" + sent(headers, **properties)
    assert same(frame, 6)
    assert read(frame, 6)[0] == properties | {"application_headers": headers}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_a_value_that_is_no_text_is_read_as_py_amqp_reads_it(odd: Any) -> None:
    """Also when it stands among texts, as the death of a message does."""
    frame = sent({"eerst": "a", "vreemd": odd, "daarna": "b"}, type="x")
    assert same(frame)


@pytest.mark.parametrize("property_", ["priority", "timestamp", "correlation_id", "expiration", "app_id"])
def test_a_property_that_is_not_read_here_is_read_by_py_amqp(property_: str) -> None:
    """Nothing is left out because it is not ours."""
    given_value = 5 if property_ in {"priority", "timestamp"} else "5"
    frame = sent({"a": "b"}, content_type="x", **{property_: given_value})
    assert same(frame)
    assert read(frame, 0)[0][property_] == given_value


def test_no_headers_is_read_by_py_amqp() -> None:
    """A message without a table of headers has none."""
    assert read(sent(None, content_type="x"), 0)[0] == {"content_type": "x"}


@given(st.binary(max_size=60), st.dictionaries(NAMES, TEXTS, max_size=4), st.integers(0, 200))
def test_what_is_broken_is_as_broken_as_before(noise: bytes, headers: dict[str, str], kept: int) -> None:
    """Cut off, or noise: what py-amqp makes of it, an error or not, is what comes."""
    for frame in (noise, b"\x20\x00" + noise, sent(headers, content_type="x")[:kept] + noise[:3]):
        assert outcome(read, frame) == outcome(decode_properties_basic, frame)


def outcome(read_by: Any, frame: bytes) -> Any:
    try:
        return repr(read_by(frame, 0))
    except Exception as error:
        return type(error), str(error)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "xy", "é"])), max_size=12))
def test_a_table_as_long_as_another_is_not_taken_for_it(tables: list[dict[str, str]]) -> None:
    """What is remembered of one message never shows in another: neither its names nor where its values end."""
    for headers in (*tables, *tables):
        assert read(sent(headers), 0)[0] == {"application_headers": headers}


def test_names_and_layouts_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may publish may invent them; so many are remembered and no more, and none that is very long."""
    monkeypatch.setattr(_properties, "_LAYOUTS", {})
    assert same(sent({"lang": "x" * 5000}))
    assert not _properties._LAYOUTS
    for number in range(2 * _properties.NAMES):
        frame = sent({f"naam-{number}": "x" * number})
        assert same(frame)
        assert same(frame)
    assert 0 < len(_properties._NAMED) <= _properties.NAMES
    assert len(_properties._LAYOUTS) == _properties.NAMES


def test_every_connection_reads_so() -> None:
    """It is installed wherever a connection is prepared."""
    prepare("amqp://ergens")
    assert PROPERTY_CLASSES[BASIC] is read
