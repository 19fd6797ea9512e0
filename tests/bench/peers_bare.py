"""The limit of the codec: fastavro and AES-GCM by themselves, doing the same work without the promises around it.

Two Avro sub-records per event, each sealed by AES-256-GCM under its own key with the same associated data. No framing,
no check of values, no check that envelope and body agree, no key store: schemas parsed and ciphers made beforehand.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import fastavro
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casuslog.schema import SchemaRegistry, StoredRecord, read_stored
from casuslog.schema import decode as unframed


class BareBlock(NamedTuple):
    """A sealed sub-record."""

    key_id: str
    nonce: bytes
    text: bytes


class BareEvent(NamedTuple):
    """What stands bare in the place of an event: where it belongs, its type and its two blocks."""

    belongs: str
    """``gemeente|stroom|subject|event id``, as our associated data begins."""
    type: str
    feit: BareBlock | None
    persoonsgegeven: BareBlock | None


class BareCodec:
    """Both blocks of an event, written and read with nothing in between."""

    def __init__(self, registry: SchemaRegistry, keys: Mapping[str, bytes]) -> None:
        """``keys`` by id; the cipher of each is made here, before anything is measured."""
        self.ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.schemas: dict[str, tuple[Any, Any, str, str]] = {}
        for wire_type in registry.wire_types:
            version = registry.current(wire_type)
            feit, person = (fastavro.parse_schema(dict(block.schema.declaration)) for block in version.blocks)
            self.schemas[wire_type] = (feit, person, version.feit.binding, version.persoonsgegeven.binding)

    def encode(self, belongs: str, wire_type: str, record: Mapping[str, Any], key_ids: tuple[str, str]) -> BareEvent:
        """The two sealed blocks of a record."""
        feit, person, of_feit, of_person = self.schemas[wire_type]
        return BareEvent(
            belongs,
            wire_type,
            self._sealed(feit, record, key_ids[0], f"{belongs}|{of_feit}"),
            self._sealed(person, record, key_ids[1], f"{belongs}|{of_person}"),
        )

    def decode(self, event: BareEvent) -> tuple[Any, Any]:
        """The two sub-records of an event, as mappings."""
        feit, person, of_feit, of_person = self.schemas[event.type]
        return (
            self._opened(feit, event.feit, f"{event.belongs}|{of_feit}"),
            self._opened(person, event.persoonsgegeven, f"{event.belongs}|{of_person}"),
        )

    def _sealed(self, schema: Any, record: Mapping[str, Any], key_id: str, associated: str) -> BareBlock:
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, schema, record)
        nonce = os.urandom(12)
        text = self.ciphers[key_id].encrypt(nonce, stream.getvalue(), associated.encode())
        return BareBlock(key_id, nonce, text)

    def _opened(self, schema: Any, block: BareBlock | None, associated: str) -> Any:
        if block is None:
            return None
        plain = self.ciphers[block.key_id].decrypt(block.nonce, block.text, associated.encode())
        return fastavro.schemaless_reader(io.BytesIO(plain), schema, None)


def bare_event(belongs: str, wire_type: str, body: bytes) -> BareEvent:
    """The blocks of a body of ours, taken out of their framing."""
    record = read_stored(unframed(body)[1])
    return BareEvent(belongs, wire_type, *_blocks(record))


def _blocks(record: StoredRecord) -> Iterable[BareBlock | None]:
    return (None if blok is None else BareBlock(*blok) for blok in (record.feit, record.persoonsgegeven))
