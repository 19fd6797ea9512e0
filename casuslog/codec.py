"""Between an event and the bytes that are kept and sent: schema (:mod:`casuslog.schema`) and privacy together.

Encoding writes the fields of each privacy class as one Avro sub-record, seals it under the key of its betrokkene, and
frames the whole. Decoding resolves every earlier version to the current one, so whoever reads sees one shape.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from casuslog._decoding import KeyOf, Opened, Reading, agreeing, opened, unsealed
from casuslog.encoding import Encoder, KeysForWriting, Plan
from casuslog.envelope import Envelope, Stream
from casuslog.errors import SchemaError, StoreError
from casuslog.events import CLIENT, VERNIETIGD, DomainEvent, Fact, Privacy, event_types
from casuslog.privacy import Cipher, associated_data, seal
from casuslog.recorded import RecordedEvent, StoredEvent
from casuslog.schema import (
    HEADER,
    MAX_SIZE,
    Block,
    Blocks,
    Blok,
    JsonForm,
    SchemaRegistry,
    SchemaVersion,
    Sealed,
    StoredRecord,
    cloudevent,
    encode,
    read_blocks,
    record_view,
    write_stored,
)

__all__ = ["Codec", "Keys", "opened", "sealed", "unsealed"]

_BATCH = 500
_BEGIN = HEADER + 8
"""Bytes with which a stored event begins: marker, fingerprint of the stored form, fingerprint of the clear schema."""


class Keys(KeysForWriting, Protocol):
    """What the codec needs of a :class:`casuslog.privacy.KeyStore`."""

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None: ...

    def get_many(self, key_ids: Iterable[str], gemeente: str, purpose: str) -> Mapping[str, bytes | None]: ...


class Codec:
    """Encodes and decodes events. Bytes that break the contract raise :class:`SchemaError`; destroyed keys do not."""

    def __init__(self, registry: SchemaRegistry, keys: Keys) -> None:
        self.registry = registry
        self._keys = keys
        self._ready: Callable[[Collection[str], str, str], Mapping[str, bytes | Cipher | None]]
        self._ready = getattr(keys, "ciphers", self._one_by_one)
        """The keys of one event: made ready, where the key store keeps some so."""
        self._types = event_types()
        """A view: what is declared later is in it."""
        self._versions: dict[type[DomainEvent], SchemaVersion] = {}
        self._plans: dict[type[DomainEvent], Plan] = {}
        self._json: dict[bytes, JsonForm] = {}
        self._begins: dict[bytes, SchemaVersion] = {}
        self._readings: dict[tuple[SchemaVersion, type[DomainEvent] | None], Reading] = {}
        self._parts: dict[tuple[SchemaVersion, frozenset[str]], Reading] = {}

    def dataschema_of(self, event_class: type[DomainEvent]) -> str:
        """The ``dataschema`` of events of this class: ``/schemas/<16 hex>``.

        Raises:
            SchemaError: the class has no schema in the registry, or another one.
        """
        return self._version_of(event_class).dataschema

    def encode(self, fact: Fact, envelope: Envelope) -> bytes:
        """The body to keep and send: single-object encoding of the stored record. Creates keys when needed.

        Raises:
            SchemaError: the envelope is of another type or schema, a value does not fit its field, or it is too large.
        """
        e = envelope
        try:
            _agreed(self._version_of(type(fact.data)), e)
        except SchemaError as error:
            raise _named(error, e) from None
        return Encoder(self._keys, self._plan_of, e.gemeente, e.stroom, e.subject, e.service).encode(fact, e.id)

    def encoder(self, stream: Stream, service: str, events: int = 1) -> Encoder:
        """Encodes the facts of one append: to this stream, by this service, about so many."""
        return Encoder(self._keys, self._plan_of, stream.gemeente, stream.kind, stream.id, service, events)

    def have_keys(self, service: str, gemeente: str, facts: Iterable[tuple[str, Fact]]) -> None:
        """Have at hand the keys that encoding these facts of a gemeente will ask for; each with its subject.

        They are made many at once where the key store can; where it cannot, encoding makes them one by one.
        """
        make_many = getattr(self._keys, "make_many", None)
        if make_many is not None:
            make_many(
                (gemeente, service, subject, fact.betrokkene, block.klasse)
                for subject, fact in facts
                for block in self._version_of(type(fact.data)).blocks
                if block.schema.fields
            )

    def find_keys(self, service: str, subjects: Iterable[tuple[str, str]]) -> None:
        """Have at hand the keys of these dossiers (gemeente, subject) of a service, as far as they are there.

        Where the key store cannot ask for many at once they are asked for one by one when they are needed.
        """
        find_many = getattr(self._keys, "find_many", None)
        if find_many is not None:
            find_many(
                (gemeente, service, subject, CLIENT, klasse) for gemeente, subject in subjects for klasse in Privacy
            )

    def decode(self, stored: StoredEvent, *, purpose: str, typed: bool = True) -> RecordedEvent:
        """The event in clear, resolved to the current version of its type.

        Args:
            stored: as kept or received.
            purpose: what it is read for (doelbinding).
            typed: as an object of its class where this process declares one; else as a mapping.

        Raises:
            SchemaError: the bytes break the contract; the message names the event id and what is wrong.
        """
        envelope = stored.envelope
        writer, bloks = self._opened(stored)
        try:
            reading = self._reading_of(writer, envelope, typed)
            feit, person = bloks
            # Not by going over them: nearly every event has both.
            asked = (feit[0], person[0]) if feit is not None and person is not None else _key_ids(bloks)
            keys = self._ready(asked, envelope.gemeente, purpose)
            return reading.recorded(stored, bloks, keys.__getitem__)
        except SchemaError as error:
            raise _named(error, envelope) from None

    def decode_many(
        self, stored: Iterable[StoredEvent], *, purpose: str, typed: bool = True
    ) -> Iterator[RecordedEvent]:
        """As :meth:`decode`, in order, asking for the keys of many events at once.

        An event that does not decode raises when its turn comes, after all that stand before it.
        """
        events = iter(stored)
        while batch := list(itertools.islice(events, _BATCH)):
            parts = [self._tried(event) for event in batch]
            known = self._keys_of(batch, [_bloks(part) for part in parts], purpose)
            for event, part in zip(batch, parts, strict=True):
                if isinstance(part, SchemaError):
                    raise part
                yield self._recorded(event, part, known[event.envelope.gemeente].__getitem__, typed)

    def decode_fields(
        self, stored: Iterable[StoredEvent], fields: Collection[str], *, purpose: str
    ) -> Iterator[RecordedEvent]:
        """As :meth:`decode_many`, as mappings with these fields: a block that holds none of them stays closed.

        What stands beside them in a block that is opened is in the mapping too. A field that a type does not have is
        in none.
        """
        events, wanted = iter(stored), frozenset(fields)
        while batch := list(itertools.islice(events, _BATCH)):
            parts = [self._tried(event) for event in batch]
            known = self._keys_of(batch, [self._asked_bloks(part, wanted) for part in parts], purpose)
            for event, part in zip(batch, parts, strict=True):
                if isinstance(part, SchemaError):
                    raise part
                key_of = known[event.envelope.gemeente].__getitem__
                try:
                    yield self._parts[part[0], wanted].recorded(event, part[1], key_of)
                except SchemaError as error:
                    raise _named(error, event.envelope) from None

    def clear_bytes(self, recorded: RecordedEvent) -> bytes:
        """Single-object encoding of the clear record, in the current version of its type.

        Raises:
            SchemaError: a part of it is *vernietigd*: Avro has no place for that; read it as JSON or as facts.
        """
        version = self.registry.current(recorded.envelope.type)
        return self._framed(recorded, version.clear)

    def facts_bytes(self, recorded: RecordedEvent) -> bytes:
        """Single-object encoding of its facts only: the sub-record of class ``feit``, for who may not see the person.

        Raises:
            SchemaError: the facts are *vernietigd*.
        """
        version = self.registry.current(recorded.envelope.type)
        return self._framed(recorded, version.feit.schema)

    def as_json(self, recorded: RecordedEvent) -> dict[str, Any]:
        """CloudEvents JSON (structured form), data in clear; a destroyed field is ``{"vernietigd": true}``.

        ``dataschema`` names the schema of the data as shown, which is the current version of the type.
        """
        version = self.registry.current(recorded.envelope.type)
        form = self._json.get(version.clear.fingerprint)
        if form is None:
            form = self._json[version.clear.fingerprint] = JsonForm(version.clear)
        return {**cloudevent(recorded.envelope, form.dump(_values(recorded))), "dataschema": version.dataschema}

    def _version_of(self, event_class: type[DomainEvent]) -> SchemaVersion:
        version = self._versions.get(event_class)
        if version is None:
            version = self.registry.current(event_class.__event__.wire_type)
            if version.governed != SchemaVersion.of(event_class).governed:
                raise SchemaError(f"class {event_class.__name__} differs from its schema: run `casuslog schema write`")
            self._versions[event_class] = version
        return version

    def _plan_of(self, event_class: type[DomainEvent]) -> Plan:
        plan = self._plans.get(event_class)
        if plan is None:
            plan = self._plans[event_class] = Plan.of(self._version_of(event_class), event_class)
        return plan

    def _opened(self, stored: StoredEvent) -> Opened:
        body, envelope = stored.body, stored.envelope
        try:
            # How a body begins (both fingerprints) says all of it but its length, once such a one was opened.
            version = self._begins.get(body[:_BEGIN])
            if version is None or len(body) > MAX_SIZE:
                parts = opened(self.registry, body, envelope)
                self._begins[body[:_BEGIN]] = parts[0]
                return parts
            if version.wire_type != envelope.type or version.dataschema != envelope.dataschema:
                agreeing(version, envelope)
            return version, read_blocks(body, HEADER)
        except SchemaError as error:
            raise _named(error, envelope) from None

    def _recorded(self, stored: StoredEvent, parts: Opened, key_of: KeyOf, typed: bool) -> RecordedEvent:
        envelope, (writer, bloks) = stored.envelope, parts
        try:
            return self._reading_of(writer, envelope, typed).recorded(stored, bloks, key_of)
        except SchemaError as error:
            raise _named(error, envelope) from None

    def _reading_of(self, writer: SchemaVersion, envelope: Envelope, typed: bool) -> Reading:
        event_class = self._types.get(envelope.type) if typed else None
        reading = self._readings.get((writer, event_class))
        if reading is None:
            reading = self._readings[writer, event_class] = self._reading(writer, event_class)
        return reading

    def _reading(self, writer: SchemaVersion, event_class: type[DomainEvent] | None) -> Reading:
        if event_class is None:
            return Reading(writer, self.registry.current(writer.wire_type))
        return Reading(writer, self._version_of(event_class), event_class)

    def _one_by_one(self, key_ids: Collection[str], gemeente: str, purpose: str) -> Mapping[str, bytes | None]:
        return {key_id: self._keys.get(key_id, gemeente, purpose) for key_id in key_ids}

    def _tried(self, stored: StoredEvent) -> Opened | SchemaError:
        try:
            return self._opened(stored)
        except SchemaError as error:
            return error

    def _asked_bloks(self, part: Opened | SchemaError, fields: frozenset[str]) -> Sequence[Sealed | None] | None:
        if isinstance(part, SchemaError):
            return None
        writer, bloks = part
        reading = self._parts.get((writer, fields))
        if reading is None:
            reader = self.registry.current(writer.wire_type)
            reading = self._parts[writer, fields] = Reading(writer, reader, fields=fields)
        return [blok for blok, asked in zip(bloks, reading.asked, strict=True) if asked]

    def _keys_of(
        self, batch: list[StoredEvent], bloks: list[Sequence[Sealed | None] | None], purpose: str
    ) -> dict[str, _Ciphers]:
        """The keys of a batch by gemeente, without those that are lost: the event that needs one will say so."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for event, of_event in zip(batch, bloks, strict=True):
            if of_event is not None:
                asked = wanted[event.envelope.gemeente]
                for blok in of_event:
                    if blok is not None:
                        asked.add(blok[0])
        found: dict[str, _Ciphers] = {}
        at_hand = self._asked_for(wanted, purpose)
        for gemeente in wanted:
            found[gemeente] = ciphers = _Ciphers(self._keys, gemeente, purpose)
            ciphers.take_up(at_hand.get(gemeente, {}))
        return found

    def _asked_for(self, wanted: Mapping[str, set[str]], purpose: str) -> Mapping[str, Mapping[str, bytes | None]]:
        """The keys of several gemeenten: in one question where the key store can, else one per gemeente."""
        get_of = getattr(self._keys, "get_of", None)
        if get_of is not None:
            together: Mapping[str, Mapping[str, bytes | None]] = get_of(wanted, purpose)
            return together
        found: dict[str, Mapping[str, bytes | None]] = {}
        for gemeente, asked in wanted.items():
            with contextlib.suppress(StoreError):
                found[gemeente] = self._keys.get_many(asked, gemeente, purpose)
        return found

    def _framed(self, recorded: RecordedEvent, schema: Any) -> bytes:
        values = _values(recorded)
        if any(values[name] is VERNIETIGD for name in schema.fields):
            raise SchemaError(f"event {recorded.envelope.id} is vernietigd in part: it has no {schema.name} any more")
        return encode(schema.fingerprint, schema.write(values))


class _Ciphers(dict[str, "Cipher | None"]):
    """The keys of one gemeente for a page of events, made ready once each; gone with the page."""

    def __init__(self, keys: Keys, gemeente: str, purpose: str) -> None:
        self._ask = keys, gemeente, purpose

    def take_up(self, found: Mapping[str, bytes | None]) -> None:
        """Make ready what was found."""
        for key_id, key in found.items():
            self[key_id] = None if key is None else Cipher(key)

    def __missing__(self, key_id: str) -> Cipher | None:
        keys, gemeente, purpose = self._ask
        self.take_up({key_id: keys.get(key_id, gemeente, purpose)})
        return self[key_id]


def sealed(
    version: SchemaVersion,
    record: Mapping[str, Any],
    envelope: Envelope,
    key_for: Callable[[Privacy], tuple[str, bytes]],
) -> bytes:
    """The stored form of a clear record, as single-object encoding; ``key_for`` gives id and key of a privacy class.

    Raises:
        SchemaError: the envelope is of another type or schema, a value does not fit its field, or it is too large.
    """
    _agreed(version, envelope)
    bloks = [_sealed_block(block, record, envelope, key_for) for block in version.blocks]
    return encode(version.stored.fingerprint, write_stored(StoredRecord(version.clear.fingerprint, *bloks)))


def _agreed(version: SchemaVersion, envelope: Envelope) -> None:
    if envelope.type != version.wire_type or envelope.dataschema != version.dataschema:
        raise SchemaError(f"its envelope says {envelope.type} {envelope.dataschema}, which is not {version!r}")


def _sealed_block(
    block: Block, record: Mapping[str, Any], envelope: Envelope, key_for: Callable[[Privacy], tuple[str, bytes]]
) -> Blok | None:
    if not block.schema.fields:
        return None
    plaintext = block.schema.write(record)
    key_id, key = key_for(block.klasse)
    return seal(key_id, key, plaintext, associated_data(envelope, block.binding))


def _bloks(part: Opened | SchemaError) -> Sequence[Sealed | None] | None:
    """The blocks of an event that was opened so far."""
    return None if isinstance(part, SchemaError) else part[1]


def _key_ids(bloks: Blocks) -> Sequence[str]:
    return [blok[0] for blok in bloks if blok is not None]


def _values(recorded: RecordedEvent) -> Mapping[str, Any]:
    data = recorded.data
    return record_view(data) if isinstance(data, DomainEvent) else data


def _named(error: SchemaError, envelope: Envelope) -> SchemaError:
    return SchemaError(f"event {envelope.id}: {error.detail}")
