"""One Avro record schema, parsed once: its fingerprint, and writing and reading bodies with it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import to_parsing_canonical_form

from casuslog.errors import SchemaError
from casuslog.schema._compiled import UNUSUAL, ReadInto, Write, compiled, compiled_typed
from casuslog.schema._fit import Fit
from casuslog.schema._from_objects import WriteObject, compiled_from_object
from casuslog.schema._rabin import rabin


def fingerprint_of(declaration: Any) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema's Parsing Canonical Form, as it stands on the wire (little-endian)."""
    return rabin(to_parsing_canonical_form(declaration).encode())


class AvroSchema:
    """A record schema that writes and reads. Reading is strict where fastavro is lenient.

    What goes the plain way is done by code made for this schema; fastavro decides about everything else.
    """

    __slots__ = ("_fit", "_parsed", "_plain_read", "_plain_write", "declaration", "fields", "fingerprint", "name")

    def __init__(self, declaration: Mapping[str, Any]) -> None:
        """Parse a record declaration.

        Raises:
            SchemaError: it is no valid Avro, or holds types that events do not have.
        """
        self.declaration = declaration
        self.name = str(declaration.get("name"))
        try:
            self._parsed = fastavro.parse_schema(dict(declaration))
            self._fit = Fit(declaration)
            self.fields = tuple(field["name"] for field in declaration["fields"])
            self._plain_write: Write = self._first_write
            self._plain_read: ReadInto = self._first_read
        except Exception as error:  # fastavro, and we on what it lets through, meet malformed JSON in many ways
            raise SchemaError(f"schema {self.name} is not valid: {type(error).__name__}: {error}") from error
        self.fingerprint = fingerprint_of(self._parsed)

    def write(self, record: Mapping[str, Any]) -> bytes:
        """The Avro body of a record; keys that the schema does not know are passed over.

        Raises:
            SchemaError: a field is missing or does not fit; the message names the field, never the value.
        """
        try:
            return self._plain_write(record)
        except UNUSUAL:
            pass  # not handled here: an error that showed this one as its context would show the value
        return self._written(record)

    def read(self, body: bytes, reader: AvroSchema | None = None) -> dict[str, Any]:
        """The record in a body that was written with this schema, resolved to ``reader`` where one is given.

        Raises:
            SchemaError: the body is truncated, goes on after its end, or does not resolve.
        """
        record: dict[str, Any] = {}
        self.read_into(body, record, reader)
        return record

    def read_into(self, body: bytes, record: dict[str, Any], reader: AvroSchema | None = None) -> None:
        """As :meth:`read`, putting the fields into ``record``; where it raises, some of them may be there."""
        if reader is None or reader is self:
            try:
                self._plain_read(body, record)
            except UNUSUAL:
                pass  # as in write
            else:
                return
        record.update(self._read(body, reader))

    def quick_read(self, reader: AvroSchema, parts: Mapping[str, type] | None) -> ReadInto | None:
        """What reads the plain way into the shape of ``reader``, for who reads many; ``None`` where fastavro resolves.

        At what is not plain it raises one of :data:`UNUSUAL`; then :meth:`read_into` decides. With the classes of parts
        by name it gives tuples and these parts, where :meth:`read_into` gives lists and mappings.
        """
        if reader is not self:
            return None
        if parts is not None:
            return compiled_typed(self.declaration, parts)
        if self._plain_read == self._first_read:
            self._plain_write, self._plain_read = compiled(self.declaration)
        return self._plain_read

    def quick_write(self, parts: Mapping[str, type]) -> WriteObject:
        """What writes the body from an object with the fields as attributes, for who writes many.

        At what is not plain it raises one of :data:`UNUSUAL` (or lacks an attribute); then :meth:`write` decides.
        ``parts`` are the classes of parts by name.
        """
        return compiled_from_object(self.declaration, parts)

    def _first_write(self, record: Mapping[str, Any]) -> bytes:
        """Make the code when it is first needed: of most versions nothing is ever written or read here."""
        self._plain_write, self._plain_read = compiled(self.declaration)
        return self._plain_write(record)

    def _first_read(self, body: bytes, record: dict[str, Any]) -> None:
        self._plain_write, self._plain_read = compiled(self.declaration)
        self._plain_read(body, record)

    def _written(self, record: Mapping[str, Any]) -> bytes:
        misfit = self._fit.misfit(record)
        if misfit is not None:
            raise SchemaError(f"{self.name}: {misfit}")
        stream = io.BytesIO()
        try:
            fastavro.schemaless_writer(stream, self._parsed, record)
        except (OverflowError, UnicodeEncodeError) as error:
            # What the types allow and the format does not: 2**63, a lone surrogate. The cause would show the value.
            raise SchemaError(f"{self.name}: a value does not fit its type ({type(error).__name__})") from None
        return stream.getvalue()

    def _read(self, body: bytes, reader: AvroSchema | None) -> dict[str, Any]:
        stream = io.BytesIO(body)
        resolved = None if reader is None or reader is self else reader._parsed
        try:
            record = fastavro.schemaless_reader(stream, self._parsed, resolved)
        except SchemaResolutionError as error:
            raise SchemaError(f"{self.name} does not resolve: {error}") from None
        except Exception as error:
            # Undecodable bytes end in any exception (EOFError, IndexError, UnicodeDecodeError, ...), and its text may
            # quote them: whatever it is, the caller parks the event, and no value leaks.
            raise SchemaError(f"these bytes do not decode as {self.name}: {type(error).__name__}") from None
        if stream.tell() != len(body):
            raise SchemaError(f"{len(body) - stream.tell()} bytes left over after {self.name}")
        return record  # type: ignore[return-value]  # a record schema yields a mapping
