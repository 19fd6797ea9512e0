"""The text in which an envelope is kept: the same, whether it came opened or as a text of the log."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Envelope
from casuslog.readmodels._kept_form import _taken_over, kept_form
from casuslog.store._chain import canonical

FULL = Envelope(
    **{f.name: f.name for f in fields(Envelope) if f.name not in ("time", "feitdatum", "sequence", "geimporteerd")},
    time=datetime(2017, 3, 10, 9, 30, tzinfo=UTC),
    feitdatum=date(2017, 3, 9),
    sequence=3,
    geimporteerd=True,
)
OPTIONAL = {f.name: f.default for f in fields(Envelope) if f.default is not MISSING}
TEXTS = st.text(st.sampled_from('"\\,:{}%s aé\n'), min_size=1) | st.just('"time":"x"')


def of_the_log(text: str) -> Envelope:
    """The envelope in a text of the log, not opened."""
    return Envelope.unopened(text, FULL.gemeente, FULL.stroom, FULL.subject, FULL.sequence, FULL.id, FULL.type)


@given(st.sets(st.sampled_from(sorted(OPTIONAL))), TEXTS)
def test_what_is_kept_of_a_text_of_the_log_is_what_is_kept_of_an_opened_one(absent: set[str], free: str) -> None:
    """Whatever is left out and whatever the values hold: byte for byte what the JSON library writes."""
    envelope = replace(FULL, **{name: OPTIONAL[name] for name in absent}, actorid=free)
    unopened = of_the_log(canonical(envelope.attributes()))
    kept = kept_form(unopened)
    assert kept == kept_form(envelope)
    assert kept.text == json.dumps(envelope.attributes(), ensure_ascii=False)
    assert (kept.source, kept.time) == (envelope.source, "2017-03-10T09:30:00.000000Z")


def test_a_text_without_an_escape_is_taken_over_as_it_stands() -> None:
    """The quick way is gone for the usual text, and not for one with a quote in it."""
    assert _taken_over(canonical(FULL.attributes())) == kept_form(FULL)
    assert _taken_over(canonical(replace(FULL, actorid='a"b').attributes())) is None


def test_what_a_later_version_added_is_not_kept() -> None:
    """An unknown attribute is left out of a text as it is left out of an envelope."""
    assert kept_form(of_the_log(canonical({**FULL.attributes(), "nieuw": "x", "a": "y"}))) == kept_form(FULL)


@pytest.mark.parametrize(
    "text",
    [json.dumps(FULL.attributes()), canonical(FULL.attributes()).replace(':"actorid"', ':"a","actorid":"actorid"')],
)
def test_a_text_in_another_form_is_read(text: str) -> None:
    """With spaces, or with a name twice: it is opened, and kept as what it says."""
    assert _taken_over(text) is None
    assert kept_form(of_the_log(text)) == kept_form(FULL)


def test_only_texts_are_taken_over() -> None:
    """A number is no value of an envelope."""
    assert _taken_over(canonical(FULL.attributes()).replace('"sequence":"3"', '"sequence":3')) is None


def test_damaged_text_is_not_kept() -> None:
    """What is no envelope is refused, as it is for whoever opens it."""
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        kept_form(of_the_log(canonical(FULL.attributes())[:-9]))
