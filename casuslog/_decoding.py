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
    UNUSUAL,
    AvroSchema,
    Block,
    Blocks,
    Form,
    SchemaRegistry,
    SchemaVersion,
    becoming_typed,
    parts_of,
    read_stored,
)

KeyOf = Callable[[str], bytes | Cipher | None]
"""The key with an id, or None when it has been destroyed."""
Opened = tuple[SchemaVersion, Blocks]
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
    return agreeing(registry.version(record.helder), envelope), (record.feit, record.persoonsgegeven)


def agreeing(version: SchemaVersion, envelope: Envelope) -> SchemaVersion:
    """The version, when it is what the envelope names.

    Raises:
        SchemaError: the envelope names another type or schema.
    """
    if version.wire_type != envelope.type or version.dataschema != envelope.dataschema:
        raise SchemaError(f"its body is {version!r}, its envelope says {envelope.type} {envelope.dataschema}")
    return version


def unsealed(
    writer: SchemaVersion, reader: SchemaVersion, stored: Blocks, envelope: Envelope, key_of: KeyOf
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

    __slots__ = ("_blocks", "_empty", "_event_class", "asked")

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
        parts = None if event_class is None else parts_of(event_class)
        self._blocks = tuple(
            (
                at,
                written.binding.encode(),
                written.schema.quick_read(read.schema, parts),
                _Slowly(written, read.schema, event_class),
            )
            for at, ((written, read), asked) in enumerate(zip(pairs, self.asked, strict=True))
            if asked
        )
        """Those, each with its place among the two."""
        opened = (read.schema.fields for (_, read), asked in zip(pairs, self.asked, strict=True) if asked)
        names = reader.clear.fields if all(self.asked) else chain.from_iterable(opened)
        self._empty: dict[str, Any] = dict.fromkeys(names)
        """A dictionary that has its size: one that grows with each field takes twice as long to fill."""
        self._event_class = event_class

    def recorded(self, stored: StoredEvent, bloks: Blocks, key_of: KeyOf) -> RecordedEvent:
        """The event of a stored one, whose body holds these blocks.

        Raises:
            SchemaError: as :func:`unsealed`.
        """
        envelope, values = stored.envelope, self._empty.copy()
        place = place_of(envelope).encode()
        for at, binding, quick, slowly in self._blocks:
            blok = bloks[at]
            if blok is None:
                slowly.absent(values)
                continue
            key = key_of(blok[0])
            if key is None:
                slowly.destroyed(values)
                continue
            plain = unseal(blok, key, place + binding)
            if quick is not None:
                try:
                    quick(plain, values)
                    continue
                except UNUSUAL:
                    pass  # not handled here: an error that showed this one as its context would show the value
            slowly.read_into(plain, values)
        if self._event_class is None:
            return as_read(envelope, values, stored)
        # It is not validated anew: what was recorded once stays readable, whatever the class checks today.
        data = object.__new__(self._event_class)
        _put(data, "__dict__", values)
        return as_read(envelope, data, stored)


class _Slowly:
    """How a block is read that is not there, whose key is destroyed, or that the plain way does not go."""

    __slots__ = ("_become_typed", "_reader", "_written")

    def __init__(self, written: Block, reader: AvroSchema, event_class: type[DomainEvent] | None) -> None:
        self._written = written
        self._reader = reader
        self._become_typed = None if event_class is None else becoming_typed(event_class, reader.fields)

    def read_into(self, plain: bytes, values: dict[str, Any]) -> None:
        """Put the fields of its plaintext into ``values``, as they stand in an event of the class."""
        self._written.schema.read_into(plain, values, self._reader)
        if self._become_typed is not None:
            self._become_typed(values)

    def absent(self, values: dict[str, Any]) -> None:
        """There is no block: right where nothing was written, and then the defaults hold."""
        if self._written.schema.fields:
            raise SchemaError(f"its block {self._written.klasse} is missing")
        if self._reader.fields:
            self.read_into(b"", values)

    def destroyed(self, values: dict[str, Any]) -> None:
        """Its key is gone."""
        values.update(dict.fromkeys(self._reader.fields, VERNIETIGD))
