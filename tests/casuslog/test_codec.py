"""The codec: an event to stored bytes and back, under its keys, whatever version wrote it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest

from casuslog.codec import Codec, sealed
from casuslog.envelope import Envelope
from casuslog.errors import SchemaError, StoreError
from casuslog.events import VERNIETIGD, DomainEvent, Fact, Part, event_type, feit, part, persoonsgegeven
from casuslog.privacy import KeyStore, RootKey
from casuslog.recorded import RecordedEvent, StoredEvent
from casuslog.schema import (
    MAX_SIZE,
    Form,
    SchemaRegistry,
    SchemaVersion,
    StoredRecord,
    avsc_of,
    encode,
    from_record,
    read_stored,
    record_view,
    write_stored,
)
from casuslog.schema import decode as unframed


@part
class Regel(Part):
    """Een budgetregel."""

    code: Annotated[str, feit("product")]
    bedrag_cent: Annotated[int, feit("bedrag", unit="eurocent")] = 0


@event_type("codecproef-gedaan", service="codecproef", rule="Wmo 2015 art. 2.3.2")
class CodecproefGedaan(DomainEvent):
    """Een gebeurtenis met elk soort veld."""

    naam: Annotated[str, persoonsgegeven("wie")]
    op: Annotated[date, feit("dag")]
    om: Annotated[datetime, feit("moment")]
    telefoon: Annotated[str | None, persoonsgegeven("telefoon")] = None
    aantal: Annotated[int, feit("aantal")] = 1
    spoed: Annotated[bool, feit("spoed")] = False
    tot: Annotated[date | None, feit("einddag")] = None
    codes: Annotated[tuple[str, ...], feit("codes", codes="proef")] = ()
    regels: Annotated[tuple[Regel, ...], feit("regels")] = ()
    hoofdregel: Annotated[Regel | None, feit("hoofdregel")] = None


@event_type("codecproef-geteld", service="codecproef")
class CodecproefGeteld(DomainEvent):
    """Alleen feiten."""

    aantal: Annotated[int, feit("aantal")]


EVENT = CodecproefGedaan(
    naam="J. de Vries",
    op=date(2024, 2, 29),
    om=datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC),
    telefoon="0123456789",
    codes=("a", "b"),
    regels=(Regel(code="44A09", bedrag_cent=1250), Regel(code="44A10")),
    hoofdregel=Regel(code="44A09"),
)


@pytest.fixture
def keys() -> KeyStore:
    return KeyStore.open("sqlite://", RootKey.generate())


@pytest.fixture
def codec(keys: KeyStore) -> Codec:
    return Codec(SchemaRegistry.of(CodecproefGedaan, CodecproefGeteld), keys)


def envelope(codec: Codec, event: DomainEvent, **changed: Any) -> Envelope:
    """An envelope that fits an event."""
    fitting = {
        "id": "0190d3c8-0000-7000-8000-000000000001",
        "source": "urn:nld:oin:00000099000000000000:systeem:codecproef",
        "type": event.__event__.wire_type,
        "time": datetime(2024, 3, 1, tzinfo=UTC),
        "subject": "0190d3c8-0000-7000-8000-0000000000aa",
        "dataschema": codec.dataschema_of(type(event)),
        "sequence": 1,
        "gemeente": "0072",
        "stroom": "codecproef",
        "feitdatum": date(2024, 2, 29),
        "correlationid": "0190d3c8-0000-7000-8000-0000000000c0",
        "causationid": "0190d3c8-0000-7000-8000-0000000000c0",
        "actorrol": "consulent",
        "actorid": "a1",
    }
    return Envelope(**{**fitting, **changed})


def stored(codec: Codec, event: DomainEvent = EVENT, betrokkene: str = "client", **changed: Any) -> StoredEvent:
    """An event as it is kept."""
    around = envelope(codec, event, **changed)
    return StoredEvent(around, codec.encode(Fact(event, around.feitdatum, betrokkene=betrokkene), around))


def read(codec: Codec, event: StoredEvent, typed: bool = True) -> RecordedEvent:
    return codec.decode(event, purpose="proef", typed=typed)


class TestRoundTrip:
    def test_an_own_event_comes_back_as_it_went_in(self, codec: Codec) -> None:
        """Encoding and decoding gives the same event, parts, tuples and all."""
        kept = stored(codec)
        recorded = read(codec, kept)
        assert recorded.data == EVENT
        assert recorded.stored is kept

    def test_a_foreign_event_is_a_mapping(self, codec: Codec) -> None:
        """Read untyped, an event is its clear record."""
        data = read(codec, stored(codec), typed=False).data
        assert isinstance(data, dict)
        assert data["naam"] == "J. de Vries"
        assert data["regels"][0] == {"code": "44A09", "bedrag_cent": 1250}

    def test_nothing_of_the_event_is_readable_in_its_bytes(self, codec: Codec) -> None:
        """Neither facts nor personal data stand in the clear."""
        body = stored(codec).body
        assert b"Vries" not in body
        assert b"44A09" not in body

    def test_no_nonce_is_used_twice(self, codec: Codec) -> None:
        """In an append of as many events as was said and of more: each block has a nonce of its own, of 96 bits."""
        around = envelope(codec, EVENT)
        encoder = codec.encoder(around.stream, "codecproef", 3)
        bodies = [encoder.encode(Fact(EVENT, around.feitdatum), around.id) for _ in range(6)]
        records = [read_stored(unframed(body)[1]) for body in bodies]
        nonces = {blok.nonce for one in records for blok in (one.feit, one.persoonsgegeven) if blok is not None}
        assert len(nonces) == 12
        assert {len(nonce) for nonce in nonces} == {12}

    @pytest.mark.parametrize("naam", ["Åsa", "x" * 1024, "\x00"])
    def test_what_is_not_written_quickly_is_written_all_the_same(self, codec: Codec, naam: str) -> None:
        """A name with an accent, a long text: another way to the same event."""
        event = dataclasses.replace(EVENT, naam=naam)
        assert read(codec, stored(codec, event)).data == event

    @pytest.mark.parametrize("event", [EVENT, CodecproefGeteld(aantal=3)])
    def test_an_append_writes_the_very_bytes_of_the_contract(
        self, codec: Codec, keys: KeyStore, event: DomainEvent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Encoded quickly or block by block, as the corpus is made: under the same nonces the bytes are the same."""
        around = envelope(codec, event)
        codec.encode(Fact(event, around.feitdatum), around)  # makes the keys
        monkeypatch.setattr("os.urandom", bytes)
        version = codec.registry.current(around.type)
        plain = sealed(
            version,
            record_view(event),
            around,
            lambda klasse: keys.key_for("0072", "codecproef", around.subject, "client", klasse),
        )
        encoder = codec.encoder(around.stream, "codecproef")
        fact = Fact(event, around.feitdatum)
        assert [encoder.encode(fact, around.id) for _ in range(2)] == [plain, plain]
        assert codec.encode(fact, around) == plain

    def test_a_class_without_fields_has_no_block_and_makes_no_key(self, codec: Codec, keys: KeyStore) -> None:
        """An event with facts only has one block, and no key for personal data exists."""
        recorded = read(codec, stored(codec, CodecproefGeteld(aantal=3)))
        assert recorded.data == CodecproefGeteld(aantal=3)
        assert keys.destroy("0072", "codecproef", recorded.envelope.subject) == 1

    def test_a_type_without_a_class_here_decodes_as_a_mapping(self, keys: KeyStore) -> None:
        """A service reads another's event with the schema alone, also when it asks for typed."""
        text = json.dumps({**avsc_of(CodecproefGeteld), "name": "Vreemd", "wiretype": "nl.overheid.wmo.iets-vreemds"})
        version = SchemaVersion(text)
        own = Codec(SchemaRegistry.of(CodecproefGeteld), keys)
        foreign = Codec(SchemaRegistry([version]), keys)
        around = envelope(own, CodecproefGeteld(aantal=1), type=version.wire_type, dataschema=version.dataschema)
        key = keys.key_for("0072", "codecproef", around.subject, "client", version.privacy["aantal"])
        body = sealed(version, {"aantal": 9}, around, lambda _klasse: key)
        assert read(foreign, StoredEvent(around, body)).data == {"aantal": 9}

    def test_many_are_decoded_in_order_with_few_questions(self, codec: Codec) -> None:
        """decode_many gives what decode gives, in the same order."""
        events = [stored(codec, CodecproefGeteld(aantal=n), id=f"e{n}") for n in range(1201)]
        decoded = codec.decode_many(iter(events), purpose="proef")
        assert [event["aantal"] for event in decoded] == list(range(1201))

    def test_what_stands_before_a_broken_event_is_still_read(self, codec: Codec) -> None:
        """A broken event, or one whose key is lost, raises in its turn and not before."""
        good = [stored(codec, CodecproefGeteld(aantal=n), id=f"e{n}") for n in range(3)]
        lost = StoredEvent(good[0].envelope, good[0].body.replace(b"-", b"+"))
        for broken in (StoredEvent(good[0].envelope, b"\xc3\x01"), lost):
            decoded = codec.decode_many([*good, broken], purpose="proef")
            assert [next(decoded)["aantal"] for _ in good] == [0, 1, 2]
            with pytest.raises((SchemaError, StoreError), match=r"truncated|lost"):
                next(decoded)


class TestSomeFields:
    """decode_fields: what is not asked for stays closed."""

    def test_only_the_block_that_holds_a_field_is_opened(self, codec: Codec, keys: KeyStore) -> None:
        """Its fields are those of decode_many; the other block is not in it, and its key is not asked for."""
        events = [stored(codec, id=f"e{n}", subject=f"s{n}") for n in range(3)]
        whole = [event.data for event in codec.decode_many(events, purpose="proef", typed=False)]
        for fields, held in (
            (["naam"], {"naam", "telefoon"}),
            (["tot", "aantal"], set(whole[0]) - {"naam", "telefoon"}),
        ):
            keys.uses.clear()
            part = [event.data for event in codec.decode_fields(iter(events), fields, purpose="proef")]
            assert part == [{name: value for name, value in of.items() if name in held} for of in whole]
            assert keys.uses["0072", "proef"] == 3
        both = [event.data for event in codec.decode_fields(events, ["naam", "tot"], purpose="proef")]
        assert both == whole

    def test_a_destroyed_field_says_so_and_one_that_there_is_not_is_left_out(
        self, codec: Codec, keys: KeyStore
    ) -> None:
        """As for whoever reads all of it."""
        event, counted = stored(codec), stored(codec, CodecproefGeteld(aantal=2))
        keys.destroy("0072", "codecproef", event.envelope.subject)
        gone, none = codec.decode_fields([event, counted], ["naam"], purpose="proef")
        assert gone.data == {"naam": VERNIETIGD, "telefoon": VERNIETIGD}
        assert none.data == {}

    def test_a_broken_event_raises_in_its_turn_and_is_named(self, codec: Codec) -> None:
        """What stands before it is read; a block that was changed is told with the id of its event."""
        good = stored(codec)
        changed = StoredEvent(envelope(codec, EVENT, id="e2"), good.body)
        decoded = codec.decode_fields([good, changed, StoredEvent(good.envelope, b"x")], ["naam"], purpose="proef")
        assert next(decoded)["naam"] == "J. de Vries"
        with pytest.raises(SchemaError, match="event e2"):
            next(decoded)


class TestDestroyed:
    def test_every_field_of_a_destroyed_key_is_vernietigd(self, codec: Codec, keys: KeyStore) -> None:
        """Destroying the keys leaves type, time and envelope, and says vernietigd for every field."""
        event = stored(codec)
        assert keys.destroy("0072", "codecproef", event.envelope.subject) == 2
        data = read(codec, event).data
        assert isinstance(data, CodecproefGedaan)
        assert all(value is VERNIETIGD for value in vars(data).values())

    def test_only_the_betrokkene_who_is_destroyed_is_gone(self, codec: Codec, keys: KeyStore) -> None:
        """A mantelzorger is a person too: the client's data stays when the mantelzorger's key goes."""
        of_client, of_carer = stored(codec), stored(codec, betrokkene="mantelzorger", id="e2")
        keys.destroy("0072", "codecproef", of_client.envelope.subject, "mantelzorger")
        client, carer = codec.decode_many([of_client, of_carer], purpose="proef", typed=False)
        assert client["naam"] == "J. de Vries"
        assert carer["naam"] is VERNIETIGD

    def test_in_json_a_destroyed_field_says_so(self, codec: Codec, keys: KeyStore) -> None:
        """JSON has an explicit member for what was destroyed: not null, and not left out."""
        event = stored(codec)
        keys.destroy("0072", "codecproef", event.envelope.subject)
        shown = codec.as_json(read(codec, event))
        assert shown["data"]["naam"] == {"vernietigd": True}
        assert json.loads(json.dumps(shown)) == shown

    def test_avro_has_no_place_for_vernietigd(self, codec: Codec, keys: KeyStore) -> None:
        """Clear bytes of a destroyed event are refused, instead of an invented value."""
        event = stored(codec)
        keys.destroy("0072", "codecproef", event.envelope.subject)
        with pytest.raises(SchemaError, match="vernietigd"):
            codec.clear_bytes(read(codec, event))


class TestProjections:
    def test_clear_bytes_are_the_same_read_typed_or_not(self, codec: Codec) -> None:
        """The clear single-object encoding decodes to the event with the registry alone."""
        event = stored(codec)
        clear = codec.clear_bytes(read(codec, event))
        assert clear == codec.clear_bytes(read(codec, event, typed=False))
        entry, record = codec.registry.read(clear)
        assert entry.form is Form.HELDER
        assert from_record(CodecproefGedaan, record) == EVENT

    def test_facts_bytes_hold_facts_only(self, codec: Codec) -> None:
        """The projection for who may not see the person has no personal field, not even empty."""
        projected = codec.facts_bytes(read(codec, stored(codec)))
        entry, record = codec.registry.read(projected)
        assert entry.form is Form.FEIT
        assert "naam" not in record
        assert record["codes"] == ["a", "b"]
        assert b"Vries" not in projected

    def test_json_is_a_structured_cloudevent(self, codec: Codec) -> None:
        """as_json carries all attributes, the content type of the data, and the data in clear."""
        shown = codec.as_json(read(codec, stored(codec)))
        assert shown["specversion"] == "1.0"
        assert shown["type"] == "nl.overheid.wmo.codecproef-gedaan"
        assert shown["datacontenttype"] == "application/json"
        assert shown["data"]["om"] == "2024-02-29T23:59:59.123456Z"
        assert shown["data"]["op"] == "2024-02-29"
        assert list(shown["data"]) == [field.name for field in dataclasses.fields(CodecproefGedaan)]


class TestRefused:
    @pytest.mark.parametrize(
        "changed",
        [
            {"gemeente": "0080"},
            {"stroom": "pgb"},
            {"subject": "0190d3c8-0000-7000-8000-0000000000bb"},
            {"id": "0190d3c8-0000-7000-8000-000000000002"},
        ],
    )
    def test_a_body_does_not_open_under_another_envelope(self, codec: Codec, changed: dict[str, str]) -> None:
        """A block is bound to gemeente, stroom, subject and event id: moved elsewhere it is refused."""
        event = stored(codec)
        moved = StoredEvent(dataclasses.replace(event.envelope, **changed), event.body)
        with pytest.raises((SchemaError, StoreError), match=r"damaged|no key") as refused:
            read(codec, moved)
        assert "Vries" not in str(refused.value)

    def test_blocks_cannot_change_places(self, codec: Codec) -> None:
        """A block is bound to its privacy class."""
        event = stored(codec)
        entry, rest = codec.registry.open(event.body)
        record = read_stored(rest)
        swapped = StoredRecord(record.helder, record.persoonsgegeven, record.feit)
        body = encode(entry.schema.fingerprint, write_stored(swapped))
        with pytest.raises(SchemaError, match="damaged"):
            read(codec, StoredEvent(event.envelope, body))

    def test_every_changed_byte_is_refused(self, codec: Codec) -> None:
        """No byte of a stored event can be changed unnoticed, and what is said names the event id only."""
        event = stored(codec)
        for at in range(len(event.body)):
            changed = bytearray(event.body)
            changed[at] ^= 0x01
            with pytest.raises((SchemaError, StoreError), match=r"event 0190d3c8|has no key") as refused:
                read(codec, StoredEvent(event.envelope, bytes(changed)))
            assert "Vries" not in str(refused.value)

    def test_every_truncation_and_any_addition_is_refused(self, codec: Codec) -> None:
        """Bytes that end early or go on after the end do not decode."""
        event = stored(codec)
        for end in range(len(event.body)):
            with pytest.raises(SchemaError):
                read(codec, StoredEvent(event.envelope, event.body[:end]))
        with pytest.raises(SchemaError, match="1 bytes left over"):
            read(codec, StoredEvent(event.envelope, event.body + b"\0"))

    def test_clear_bytes_are_not_a_stored_event(self, codec: Codec) -> None:
        """Who sends the clear form where the stored one belongs is told so."""
        event = stored(codec)
        clear = codec.clear_bytes(read(codec, event))
        with pytest.raises(SchemaError, match="helder form"):
            read(codec, StoredEvent(event.envelope, clear))

    @pytest.mark.parametrize("changed", [{"type": "nl.overheid.wmo.codecproef-geteld"}, {"dataschema": "/schemas/00"}])
    def test_envelope_and_body_must_agree(self, codec: Codec, changed: dict[str, str]) -> None:
        """Type and dataschema of the envelope are those of the body, writing and reading."""
        event = stored(codec)
        wrong = dataclasses.replace(event.envelope, **changed)
        with pytest.raises(SchemaError, match="envelope says"):
            codec.encode(Fact(EVENT, wrong.feitdatum), wrong)
        with pytest.raises(SchemaError, match="envelope says"):
            read(codec, StoredEvent(wrong, event.body))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("aantal", 1.5),
            ("aantal", True),
            ("spoed", "nee"),
            ("codes", "abc"),
            ("op", datetime(2024, 1, 1)),  # the point is that it has no zone
            ("om", datetime(2024, 1, 1)),
            ("naam", None),
            ("naam", VERNIETIGD),
            ("aantal", 2**63),
            ("regels", (EVENT,)),
        ],
    )
    def test_a_value_of_another_type_is_refused_without_showing_it(
        self, codec: Codec, field: str, value: object
    ) -> None:
        """fastavro would write most of these as something else; here each is refused, naming the event."""
        wrong = dataclasses.replace(EVENT, **{field: value})
        around = envelope(codec, EVENT)
        with pytest.raises(SchemaError, match=around.id):
            codec.encode(Fact(wrong, around.feitdatum), around)

    def test_an_event_that_is_too_large_is_refused(self, codec: Codec) -> None:
        """More than 64 KB goes neither into the log nor out of it."""
        around = envelope(codec, EVENT)
        with pytest.raises(SchemaError, match=str(MAX_SIZE)):
            codec.encode(Fact(dataclasses.replace(EVENT, naam="x" * MAX_SIZE), around.feitdatum), around)
        with pytest.raises(SchemaError, match=str(MAX_SIZE)):
            read(codec, StoredEvent(around, b"\xc3\x01" + bytes(MAX_SIZE)))

    def test_a_class_that_differs_from_its_schema_is_refused(self, keys: KeyStore) -> None:
        """A process whose classes and schemas/ have drifted apart does not write."""
        drifted = avsc_of(CodecproefGeteld)
        drifted["fields"][0]["privacy"] = "persoonsgegeven"
        codec = Codec(SchemaRegistry([SchemaVersion(json.dumps(drifted))]), keys)
        with pytest.raises(SchemaError, match="casuslog schema write"):
            codec.dataschema_of(CodecproefGeteld)


class TestEvolution:
    def test_an_earlier_version_reads_as_the_current_one(self, keys: KeyStore) -> None:
        """What was written before fields were added reads with their defaults, also where it had no such block."""
        now = avsc_of(CodecproefGeteld)
        then_text = json.dumps(now)
        now["fields"] += [
            {"name": "soort", "type": "string", "default": "gewoon", "doc": "soort", "privacy": "feit"},
            {"name": "naam", "type": ["null", "string"], "default": None, "doc": "naam", "privacy": "persoonsgegeven"},
        ]
        then, later = SchemaVersion(then_text), SchemaVersion(json.dumps(now))
        event = stored(Codec(SchemaRegistry([then]), keys), CodecproefGeteld(aantal=7))
        reader = Codec(SchemaRegistry([later], [then]), keys)
        recorded = read(reader, event, typed=False)
        assert recorded.data == {"aantal": 7, "soort": "gewoon", "naam": None}
        assert reader.as_json(recorded)["dataschema"] == later.dataschema

    def test_an_unknown_version_is_named(self, codec: Codec, keys: KeyStore) -> None:
        """An event of a version that this process does not have says which fingerprint is missing."""
        event = stored(codec)
        other = Codec(SchemaRegistry.of(CodecproefGeteld), keys)
        with pytest.raises(SchemaError, match=event.body[2:10].hex()):
            read(other, event)
