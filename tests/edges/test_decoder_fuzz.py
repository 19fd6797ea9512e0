"""Whatever comes in as bytes or headers of an event: it is one, or is refused by name, at once and in little memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from casuslog.codec import Codec
from casuslog.codes import schemas_folder
from casuslog.consume import received, wire
from casuslog.envelope import CONTENT_TYPE
from casuslog.errors import SchemaError, StoreError
from casuslog.recorded import Cursor, StoredEvent
from casuslog.schema import SchemaRegistry, SchemaVersion
from casuslog.schema._framing import HEADER, MAX_SIZE
from casuslog.schema.corpus import Specimen, specimens
from casuslog.store import canonical, link

SEED = 20170215
EXAMPLES = 1000
SECONDS = 1.0
"""Of processor time for one decoding, generously: a hang takes for ever."""
MEGABYTES = 8
"""Of memory for one decoding: the largest body counts 64 KB."""

CORPUS = [one for versions in specimens(schemas_folder()).values() for one in versions]
REGISTRY = SchemaRegistry.load(schemas_folder())
LENGTHS = (
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # -2**63
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # 2**63 - 1
    b"\x80\x80\x80\x80\x10",  # 2**31
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",  # a number without end
    b"\x01",  # -1
    b"\x03\x80\x80\x80\x80\x10",  # a block of one item that says how large it is, as Avro allows
)
"""Numbers as an Avro length may hold them."""


class Keys:
    """The test keys of a specimen, as a key store."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None:  # noqa: ARG002  # the signature of a key store
        """A key that the specimen has; another one is lost."""
        if key_id not in self._keys:
            raise StoreError("no such key")
        return self._keys[key_id]

    def get_many(self, key_ids: Any, gemeente: str, purpose: str) -> dict[str, bytes | None]:
        """The same, for many."""
        return {key_id: self.get(key_id, gemeente, purpose) for key_id in key_ids}


@st.composite
def mutated(draw: st.DrawFn, real: bytes) -> bytes:
    """Real bytes with something done to them: cut, doubled, overwritten, or a length in the place of another."""
    data = bytearray(real)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 5)):
            case 0:
                del data[at:]
            case 1:
                data[at:at] = draw(st.binary(max_size=40))
            case 2:
                data[at : at + 8] = draw(st.binary(min_size=1, max_size=8))
            case 3:
                data[at : at + 1] = draw(st.sampled_from(LENGTHS))
            case 4:
                data[at:at] = data[max(0, at - 50) : at]
            case _ if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


def fuzzed(body: Callable[[Any], None]) -> Any:
    """A property over data that hypothesis draws: seeded, and every example counts."""
    healthy = [HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large]
    bounded = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=healthy)
    return seed(SEED)(bounded(given(st.data())(body)))


def refused_or_read(decode: Callable[[], Any]) -> bool:
    """Whether it was an event; anything but an event or a named refusal fails, and so does one that takes too much."""
    began = time.process_time()
    try:
        decode()
    except (SchemaError, StoreError):
        return False
    finally:
        assert time.process_time() - began < SECONDS
    return True


@fuzzed
def test_clear_bytes_are_read_or_refused(data: st.DataObject) -> None:
    """The body of a clear record, of every version that ever was: mutated, or made up."""
    one = data.draw(st.sampled_from(CORPUS))
    real = data.draw(st.sampled_from(one.examples)).helder[HEADER:]
    body = data.draw(mutated(real) | st.binary(max_size=200))
    refused_or_read(lambda: one.version.clear.read(body))
    reader = REGISTRY.current(one.version.wire_type).clear
    refused_or_read(lambda: one.version.clear.read(body, reader))


def _codec(one: Specimen) -> Codec:
    return Codec(REGISTRY, Keys(one.keys))


@fuzzed
def test_stored_bytes_are_decoded_or_refused(data: st.DataObject) -> None:
    """The body as it is kept and sent; a changed ciphertext does not pass for an event (GCM)."""
    one = data.draw(st.sampled_from(CORPUS))
    real = data.draw(st.sampled_from(one.examples)).opgeslagen
    body = data.draw(mutated(real) | st.binary(max_size=200))
    came_through = refused_or_read(
        lambda: _codec(one).decode(StoredEvent(one.envelope, body), purpose="test", typed=False)
    )
    assert came_through == (body == real)


@fuzzed
def test_a_message_is_taken_or_refused(data: st.DataObject) -> None:
    """Headers and body as they come from the broker: any type under any name, a part left out, a value changed."""
    one = data.draw(st.sampled_from(CORPUS))
    body = data.draw(st.sampled_from(one.examples)).opgeslagen
    told: dict[str, Any] = _message(one, body)
    anything = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=30) | st.text(max_size=40)
    value = (
        anything | st.lists(st.integers(), max_size=3) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    )
    for _ in range(data.draw(st.integers(0, 4))):
        name = data.draw(st.sampled_from(sorted(told)) | st.text(max_size=20).map("cloudEvents_".__add__))
        told[name] = data.draw(value)
    if data.draw(st.booleans()):
        told.pop(data.draw(st.sampled_from(sorted(told))))
    sent = data.draw(st.just(body) | mutated(body) | anything)
    kind = data.draw(st.just(CONTENT_TYPE) | st.none() | st.text(max_size=20))
    for read in (wire.read, received.read):
        refused_or_read(lambda read=read: read(told, sent, kind))  # type: ignore[misc]


def test_a_message_that_nothing_was_done_to_is_taken() -> None:
    """The property above can hold for the real thing: the whole corpus is read as it is."""
    for one in CORPUS:
        for example in one.examples:
            message = received.read(_message(one, example.opgeslagen), example.opgeslagen, CONTENT_TYPE)
            assert _codec(one).decode(message.stored, purpose="test", typed=False).envelope == one.envelope
            assert one.version.clear.read(example.helder[HEADER:]).keys() == one.version.privacy.keys()


@pytest.mark.parametrize("length", LENGTHS, ids=lambda one: one.hex())
def test_a_length_that_lies_takes_no_memory(length: bytes) -> None:
    """In every place of every body of the corpus: no allocation for what is not there, no loop over it."""
    bombs = [
        (one.version, example.helder[HEADER : HEADER + at] + length + example.helder[HEADER + at + 1 :])
        for one in CORPUS
        for example in one.examples[:1]
        for at in range(0, len(example.helder) - HEADER, 3)
    ]
    tracemalloc.start()
    try:
        for version, body in bombs:
            refused_or_read(lambda version=version, body=body: version.clear.read(body))  # type: ignore[misc]
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES * 2**20
    finally:
        tracemalloc.stop()
    assert len(bombs) > 1000


def test_the_largest_body_is_refused_in_time() -> None:
    """64 KB of what looks like lists in lists: every version says no (or yes) at once."""
    for version in {one.version.wire_type: one.version for one in CORPUS}.values():
        _endure(version)


def _endure(version: SchemaVersion) -> None:
    for filling in (b"\x02", b"\x7e", b"\xfe\x01", b"\x00", b"\xff"):
        body = (filling * MAX_SIZE)[:MAX_SIZE]
        refused_or_read(lambda body=body: version.clear.read(body))  # type: ignore[misc]


def _message(one: Specimen, body: bytes) -> dict[str, Any]:
    prev = bytes(32)
    hashed = link(prev, canonical(one.envelope.attributes()), body)
    return dict(wire.headers(StoredEvent(one.envelope, body, hashed, prev, Cursor(1, 1, 1)), Cursor(1, 1, 0)))
