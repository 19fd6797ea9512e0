"""The forms of CloudEvents: whatever an event holds comes back out of each of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.cloudevents import (
    AVRO_DATA,
    CLOUDEVENTS_AVRO,
    CLOUDEVENTS_JSON,
    JSON_DATA,
    CloudEvent,
)
from casuslog.errors import SchemaError

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True).filter(lambda n: n not in ("data", "datacontenttype"))
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
ATTRIBUTES = st.dictionaries(NAMES, TEXTS, max_size=6)
JSON_VALUES = st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | TEXTS, max_size=5)


@given(ATTRIBUTES, JSON_VALUES)
def test_json_in_both_modes(attributes, data):
    """Also where an attribute holds spaces, quotes, percent signs or letters that no header takes."""
    event = CloudEvent(attributes, json.dumps(data, ensure_ascii=False).encode(), JSON_DATA)
    content_type, body = event.structured()
    assert content_type == CLOUDEVENTS_JSON
    assert json.loads(CloudEvent.from_http({"Content-Type": content_type}, body).data) == data
    assert CloudEvent.from_http({"Content-Type": content_type}, body).attributes == attributes
    headers = event.http_headers()
    assert all(value.isascii() and value.isprintable() and " " not in value for value in headers.values())
    assert CloudEvent.from_http(headers, event.data) == event


@given(ATTRIBUTES, st.binary(min_size=1, max_size=200))
def test_avro_in_both_modes(attributes, data):
    """The bytes of the data are the same in both."""
    event = CloudEvent(attributes, data, AVRO_DATA)
    content_type, body = event.structured()
    assert content_type == CLOUDEVENTS_AVRO
    assert CloudEvent.from_http({"content-type": content_type}, body) == event
    assert CloudEvent.from_http(event.http_headers(), data) == event


def test_an_event_without_data_has_no_content_type():
    """In neither mode; numbers and booleans stay what they are where the form can hold them."""
    event = CloudEvent({"id": "1", "nummer": 7, "ingehouden": True})
    assert CloudEvent.read_json(event.as_json()) == event
    assert CloudEvent.read_avro(event.as_avro()) == event
    assert event.http_headers() == {"ce-id": "1", "ce-nummer": "7", "ce-ingehouden": "true"}


@given(st.binary(max_size=300))
def test_no_bytes_bring_the_readers_down(body):
    """They are an event, or refused as none."""
    for content_type in (CLOUDEVENTS_JSON, CLOUDEVENTS_AVRO):
        try:
            CloudEvent.from_http({"content-type": content_type}, body)
        except SchemaError:
            continue


def test_what_is_too_large_is_not_read():
    """An array length in Avro is a number that anybody may write."""
    with pytest.raises(SchemaError):
        CloudEvent.read_avro(bytes(2_000_000))
