"""Reading a stored body: what wrote it, and its blocks opened into the shape that its reader knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from typing import Any

from casuslog.envelope import Envelope
from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD, DomainEvent
from casuslog.privacy import Cipher, place_of, unseal
from casuslog.recorded import RecordedEvent, StoredEvent, as_read
from casuslog.schema import (
    AvroSchema,
    Block,
    Form,
    SchemaRegistry,
    SchemaVersion,
    StoredRecord,
    becoming_typed,
    read_stored,
)

KeyOf = Callable[[str], bytes | Cipher | None]
"""The key with an id, or None when it has been destroyed."""
Opened = tuple[SchemaVersion, StoredRecord]
_put = object.__setattr__


def opened(registry: SchemaRegistry, body: bytes, envelope: Envelope) -> Opened:
    """The version that wrote a body, and its blocks, still sealed.

    Raises:
        SchemaError: it is not the stored form of the type and schema that the envelope names, or the schema is unknown.
    """
    entry, rest = registry.open(body)
    if entry.form is not Form.OPGESLAGEN:
        raise SchemaError(f"its body is the {entry.form} form of {entry.version.wire_type}, not the stored one")
    record = read_stored(rest)
    return agreeing(registry.version(record.helder), envelope), record


def agreeing(version: SchemaVersion, envelope: Envelope) -> SchemaVersion:
    """The version, when it is what the envelope names.

    Raises:
        SchemaError: the envelope names another type or schema.
    """
    if version.wire_type != envelope.type or version.dataschema != envelope.dataschema:
        raise SchemaError(f"its body is {version!r}, its envelope says {envelope.type} {envelope.dataschema}")
    return version


def unsealed(
    writer: SchemaVersion, reader: SchemaVersion, stored: StoredRecord, envelope: Envelope, key_of: KeyOf
) -> dict[str, Any]:
    """The clear record in the shape of ``reader``; the fields of a destroyed key hold ``VERNIETIGD``.

    Raises:
        SchemaError: a block is missing, damaged or moved, or does not resolve to the reader.
    """
    sealed = StoredEvent(envelope, b"")
    values: dict[str, Any] = Reading(writer, reader).recorded(sealed, stored, key_of).data  # type: ignore[assignment]
    return values


class Reading:
    """How events of one version are read: in the shape of another, as a class or as mappings. Made once for many.

    Args:
        fields: where not all are asked for. A block that holds none of them stays closed, and its fields are left out.
    """

    __slots__ = ("_become_typed", "_blocks", "_empty", "_event_class", "asked")

    def __init__(
        self,
        writer: SchemaVersion,
        reader: SchemaVersion,
        event_class: type[DomainEvent] | None = None,
        fields: Collection[str] | None = None,
    ) -> None:
        pairs = tuple(zip(writer.blocks, reader.blocks, strict=True))
        self.asked = tuple(fields is None or not set(read.schema.fields).isdisjoint(fields) for _, read in pairs)
        """Which of the blocks are opened."""
        self._blocks = tuple(
            (at, written.binding, written.schema.read_into, read.schema, written)
            for at, ((written, read), asked) in enumerate(zip(pairs, self.asked, strict=True))
            if asked
        )
        """Those, each with its place among the blocks."""
        opened = (read.schema.fields for (_, read), asked in zip(pairs, self.asked, strict=True) if asked)
        names = reader.clear.fields if all(self.asked) else chain.from_iterable(opened)
        self._empty: dict[str, Any] = dict.fromkeys(names)
        """A dictionary that has its size: one that grows with each field takes twice as long to fill."""
        self._event_class = event_class
        self._become_typed = None if event_class is None else becoming_typed(event_class)

    def recorded(self, stored: StoredEvent, record: StoredRecord, key_of: KeyOf) -> RecordedEvent:
        """The event of a stored one, whose body holds this record.

        Raises:
            SchemaError: as :func:`unsealed`.
        """
        envelope, values = stored.envelope, self._empty.copy()
        place = place_of(envelope)
        bloks = record[1:]
        for at, binding, read_into, reader, written in self._blocks:
            blok = bloks[at]
            if blok is None:
                _absent(values, written, reader)
                continue
            key = key_of(blok[0])
            if key is None:
                values.update(dict.fromkeys(reader.fields, VERNIETIGD))
            else:
                read_into(unseal(blok, key, (place + binding).encode()), values, reader)
        if self._event_class is None:
            return as_read(envelope, values, stored)
        if self._become_typed is not None:
            self._become_typed(values)
        # It is not validated anew: what was recorded once stays readable, whatever the class checks today.
        data = object.__new__(self._event_class)
        _put(data, "__dict__", values)
        return as_read(envelope, data, stored)


def _absent(values: dict[str, Any], written: Block, reader: AvroSchema) -> None:
    if written.schema.fields:
        raise SchemaError(f"its block {written.klasse} is missing")
    if reader.fields:
        written.schema.read_into(b"", values, reader)
