"""The envelope of an event: what goes out comes back, and what is lacking is named."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Envelope

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
