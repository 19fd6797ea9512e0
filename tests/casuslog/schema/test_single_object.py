"""Single-object encoding: the specification's vector, and everything that is no such encoding."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, event_type, feit, persoonsgegeven
from casuslog.schema import MAX_SIZE, Form, SchemaRegistry, SchemaVersion, avsc_of, decode, encode, fingerprint_of


@event_type("kader-gezet", service="kaderproef")
class KaderGezet(DomainEvent):
    """Een gebeurtenis om te omlijsten."""

    naam: Annotated[str, persoonsgegeven("naam")]
    aantal: Annotated[int, feit("aantal")]


REGISTRY = SchemaRegistry.of(KaderGezet)
VERSION = REGISTRY.current("nl.overheid.wmo.kader-gezet")
GOOD = encode(VERSION.clear.fingerprint, VERSION.clear.write({"naam": "x", "aantal": 1}))


def test_the_vector_of_the_specification() -> None:
    """The CRC-64-AVRO of "int" is 0x7275d51a3f395c8f, which stands on the wire lowest byte first."""
    assert fingerprint_of("int") == (0x7275D51A3F395C8F).to_bytes(8, "little")


def test_a_framed_body_begins_with_marker_and_fingerprint() -> None:
    """C3 01, eight bytes, the body."""
    fingerprint = fingerprint_of("int")
    assert encode(fingerprint, b"\x02") == bytes.fromhex("c3018f5c393f1ad5757202")
    assert decode(bytes.fromhex("c3018f5c393f1ad5757202")) == (fingerprint, b"\x02")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"\xc3", "truncated"),
        (GOOD[:9], "truncated"),
        (b"\xc3\x02" + GOOD[2:], "no single-object encoding"),
        (b'{"specversion": "1.0"}', "no single-object encoding"),
        (GOOD + bytes(MAX_SIZE), "at most 65536"),
        (GOOD[:2] + bytes(8) + GOOD[10:], "0000000000000000"),
        (GOOD + b"\0", "1 bytes left over"),
        (GOOD[:-1], "do not decode"),
        (GOOD[:10] + b"\x02\xff\x02", "do not decode"),
        (GOOD[:10] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "do not decode"),
    ],
)
def test_what_is_no_encoding_is_refused_with_its_reason(data: bytes, why: str) -> None:
    """Wrong marker, unknown fingerprint, truncated, oversize, trailing, bad text, absurd length: each says so."""
    with pytest.raises(SchemaError, match=why):
        REGISTRY.read(data)


@given(st.binary(max_size=200))
def test_random_bytes_never_do_anything_but_decode_or_be_refused(noise: bytes) -> None:
    """Whatever stands behind a known fingerprint, the answer is a record or a SchemaError."""
    try:
        entry, record = REGISTRY.read(GOOD[:10] + noise)
    except SchemaError:
        return
    assert entry.schema.write(record)


def test_the_limit_is_inclusive() -> None:
    """64 KB is still allowed, one byte more is not."""
    fingerprint = fingerprint_of("bytes")
    assert len(encode(fingerprint, bytes(MAX_SIZE - 10))) == MAX_SIZE
    with pytest.raises(SchemaError, match="65537"):
        encode(fingerprint, bytes(MAX_SIZE - 9))


def test_a_fingerprint_is_eight_bytes() -> None:
    """A hex text or a SHA-256 in its place is refused."""
    with pytest.raises(SchemaError, match="8 bytes"):
        encode(b"8f5c393f1ad57572", b"")


class TestRegistry:
    def test_every_form_is_found_by_its_fingerprint(self) -> None:
        """Clear, both blocks and the stored form of a type have fingerprints of their own."""
        schemas = [VERSION.clear, VERSION.feit.schema, VERSION.persoonsgegeven.schema, VERSION.stored]
        assert [REGISTRY.lookup(s.fingerprint).form for s in schemas] == list(Form)

    def test_the_text_behind_a_fingerprint_is_the_schema(self) -> None:
        """Whoever decodes elsewhere gets JSON whose fingerprint is the one that was asked for."""
        for schema in (VERSION.clear, VERSION.feit.schema, VERSION.persoonsgegeven.schema, VERSION.stored):
            assert fingerprint_of(json.loads(REGISTRY.text(schema.fingerprint))) == schema.fingerprint

    def test_a_block_holds_the_fields_of_its_class_only(self) -> None:
        """The sub-record of the facts has no personal field, and the other way round."""
        assert VERSION.feit.schema.fields == ("aantal",)
        assert VERSION.persoonsgegeven.schema.fields == ("naam",)

    def test_the_sha256_tells_apart_what_a_fingerprint_does_not(self) -> None:
        """Two texts with one fingerprint are both kept, by the hash of the text."""
        other = json.dumps({**avsc_of(KaderGezet), "doc": "Anders gezegd."})
        later = SchemaVersion(other)
        registry = SchemaRegistry([later], [VERSION])
        assert later.clear.fingerprint == VERSION.clear.fingerprint
        assert registry.text_by_sha256(later.sha256) == other
        assert registry.text_by_sha256(VERSION.sha256) == VERSION.text

    def test_versions_that_bytes_cannot_tell_apart_are_refused(self) -> None:
        """A privacy class is invisible in the fingerprint: two versions that differ in it cannot both be read."""
        moved = avsc_of(KaderGezet)
        moved["fields"][1]["privacy"] = "persoonsgegeven"
        with pytest.raises(SchemaError, match="share fingerprint"):
            SchemaRegistry([SchemaVersion(json.dumps(moved))], [VERSION])

    def test_a_wire_type_has_one_current_schema(self) -> None:
        """Two current schemas of one type are refused."""
        with pytest.raises(SchemaError, match="two current"):
            SchemaRegistry([VERSION, VERSION])

    def test_an_unknown_type_is_named(self) -> None:
        """Asking for a type without schema says which."""
        with pytest.raises(SchemaError, match="iets-anders"):
            REGISTRY.current("nl.overheid.wmo.iets-anders")
