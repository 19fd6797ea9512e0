"""The envelope of an event: what goes out comes back, and what is lacking is named."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Envelope
from casuslog.store._chain import canonical

FULL = Envelope(
    **{f.name: f.name for f in fields(Envelope) if f.name not in ("time", "feitdatum", "sequence", "geimporteerd")},
    time=datetime(2017, 3, 10, 9, 30, tzinfo=UTC),
    feitdatum=date(2017, 3, 9),
    sequence=3,
    geimporteerd=True,
)
OPTIONAL = {f.name: f.default for f in fields(Envelope) if f.default is not MISSING}


@given(st.sets(st.sampled_from(sorted(OPTIONAL))))
def test_an_envelope_comes_back_as_it_went_whatever_is_left_out(absent: set[str]) -> None:
    """For every choice of optional attributes the attributes give the same envelope again."""
    envelope = replace(FULL, **{name: OPTIONAL[name] for name in absent})
    assert Envelope.from_attributes(envelope.attributes()) == envelope


def test_what_a_later_version_added_is_passed_over() -> None:
    """An unknown attribute changes nothing, wherever it stands."""
    attributes = FULL.attributes()
    assert Envelope.from_attributes({"nieuw": "x", **attributes, "later": "y"}) == FULL


@pytest.mark.parametrize("name", sorted({f.name for f in fields(Envelope)} - OPTIONAL.keys()))
def test_an_attribute_that_is_lacking_is_named(name: str) -> None:
    """Each required attribute is asked for by name, the second time as the first."""
    attributes = FULL.attributes()
    del attributes[name]
    for _ in range(2):
        with pytest.raises(KeyError, match=rf"lacks {name}"):
            Envelope.from_attributes(attributes)


@pytest.mark.parametrize(("name", "value"), [("time", "gisteren"), ("feitdatum", "eergisteren"), ("sequence", "een")])
def test_a_value_that_does_not_parse_is_refused(name: str, value: str) -> None:
    """A moment, a day and a number must be one."""
    with pytest.raises(ValueError, match=value):
        Envelope.from_attributes({**FULL.attributes(), name: value})


def test_a_moment_of_elsewhere_becomes_utc() -> None:
    """The same moment in another zone is kept in UTC."""
    made = Envelope.from_attributes({**FULL.attributes(), "time": "2017-03-10T10:30:00+01:00"})
    assert made == FULL
    assert made.time.tzinfo is UTC


def unopened(envelope: Envelope, text: str | None = None) -> Envelope:
    """The envelope as it is read from the log."""
    e = envelope
    kept = canonical(e.attributes()) if text is None else text
    return Envelope.unopened(kept, e.gemeente, e.stroom, e.subject, e.sequence, e.id, e.type)


FREE = st.text(st.sampled_from('"\\,:{} aé\n'), min_size=1) | st.sampled_from(
    ['"source":"urn:nld:oin:1:systeem:x"', '"geimporteerd":"true"', '\\","dataschema":"/schemas/0"']
)


@given(st.sets(st.sampled_from(sorted(OPTIONAL))), FREE, st.sampled_from(["urn:nld:oin:1:systeem:melding", 'a"b\\c']))
def test_an_envelope_that_is_opened_later_is_the_same(absent: set[str], free: str, source: str) -> None:
    """Whatever free texts hold, each attribute of it is what it is in one that was opened at once."""
    envelope = replace(FULL, **{name: OPTIONAL[name] for name in absent}, actorid=free, source=source)
    for name in (f.name for f in fields(Envelope)):
        assert getattr(unopened(envelope), name) == getattr(envelope, name), name
    assert list(unopened(envelope).attributes().items()) == list(envelope.attributes().items())
    assert unopened(envelope) == envelope
    assert hash(unopened(envelope)) == hash(envelope)
    assert replace(unopened(envelope), thema="ander").thema == "ander"


def test_an_envelope_that_two_threads_open_at_once_has_all_of_it_for_both() -> None:
    """Who found nothing there, just before the other had it open, gets what the other put."""
    shared = unopened(FULL)
    assert shared.actorid == FULL.actorid
    assert shared.__getattr__("actorid") == FULL.actorid
    with pytest.raises(AttributeError):
        shared.__getattr__("unheard_of")


def test_text_in_another_form_is_opened_at_once() -> None:
    """JSON with spaces in it holds the same envelope."""
    assert unopened(FULL, json.dumps(FULL.attributes())) == FULL


def test_what_stands_beside_an_envelope_must_be_what_it_says() -> None:
    """A row whose gemeente was changed is not taken for an event of that gemeente: it does not open."""
    moved = Envelope.unopened(canonical(FULL.attributes()), "0080", FULL.stroom, FULL.subject, 3, FULL.id, FULL.type)
    with pytest.raises(ValueError, match="not what it says"):
        _ = moved.actorid
    with pytest.raises(ValueError, match="not what it says"):
        _ = moved.thema


@pytest.mark.parametrize("text", ["[1]", "{", "{}", canonical(FULL.attributes())[:-9], '"dataschema":"x"'])
def test_text_that_is_no_envelope_is_refused(text: str) -> None:
    """Damaged text is noticed where it is read or opened."""
    with pytest.raises((ValueError, KeyError)):
        _ = unopened(FULL, text).correlationid


def test_an_envelope_has_no_other_attributes() -> None:
    """A name that is none is refused, opened or not."""
    for envelope in (FULL, unopened(FULL)):
        with pytest.raises(AttributeError, match="naam"):
            _ = envelope.naam
