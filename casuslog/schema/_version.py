"""One version of one event type. One ``.avsc`` yields four schemas: clear, one per privacy class, and stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, Privacy
from casuslog.schema._avro import AvroSchema
from casuslog.schema._avsc import avsc_of, text_of
from casuslog.schema._stored import stored_declaration


class Block(NamedTuple):
    """The fields of one privacy class of one version: encrypted together."""

    klasse: Privacy
    schema: AvroSchema
    """Of the sub-record with these fields; possibly without any."""
    binding: str
    """``class|clear fingerprint (hex)``: what ties a ciphertext to this schema."""


FREE = frozenset({"doc", "grondslag"})
"""Properties that may change without a new version: they explain, they do not decide how a value is read."""


class SchemaVersion:
    """A version: its text, and the schemas that follow from it.

    Attributes:
        text: the ``.avsc`` file as it is; ``sha256`` is the hash of it (hex).
        name, service, wire_type: of the event type.
        clear: the schema of the whole record, without encryption.
        dataschema: what the envelope says: ``/schemas/<16 hex>``.
        feit, persoonsgegeven: the two blocks; ``blocks`` is both.
        stored: the schema of the encrypted form; the same for all versions of a type.
        privacy: the class of each field.
        governed: the text without what may change freely; two versions with one fingerprint have one ``governed``.
    """

    __slots__ = (
        "blocks",
        "clear",
        "dataschema",
        "feit",
        "governed",
        "name",
        "persoonsgegeven",
        "privacy",
        "service",
        "sha256",
        "stored",
        "text",
        "wire_type",
    )

    def __init__(self, text: str) -> None:
        """Parse an ``.avsc``.

        Raises:
            SchemaError: no JSON, no valid Avro, no wire type, or a field without a privacy class.
        """
        declaration = _parsed(text)
        self.text = text
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.name: str = declaration["name"]
        namespace: str = declaration["namespace"]
        self.service = namespace.rpartition(".")[2]
        self.wire_type: str = declaration["wiretype"]
        self.clear = AvroSchema(declaration)
        self.dataschema = f"/schemas/{self.clear.fingerprint.hex()}"
        self.privacy = _privacy(declaration)
        self.feit = self._block(declaration, Privacy.FEIT)
        self.persoonsgegeven = self._block(declaration, Privacy.PERSOONSGEGEVEN)
        self.blocks = (self.feit, self.persoonsgegeven)
        self.stored = AvroSchema(stored_declaration(self.name, namespace))
        self.governed = json.dumps(governed_form(declaration), sort_keys=True)

    @classmethod
    def of(cls, event_class: type[DomainEvent]) -> SchemaVersion:
        """The version that an event class is today."""
        return cls(text_of(avsc_of(event_class)))

    def _block(self, declaration: Mapping[str, Any], klasse: Privacy) -> Block:
        schema = AvroSchema(_sub_record(declaration, klasse))
        return Block(klasse, schema, f"{klasse.value}|{self.clear.fingerprint.hex()}")

    def __repr__(self) -> str:
        return f"<{self.wire_type} {self.clear.fingerprint.hex()}>"


def governed_form(declaration: Any) -> Any:
    """A declaration without the properties in :data:`FREE`, at every depth."""
    if isinstance(declaration, Mapping):
        return {key: governed_form(value) for key, value in declaration.items() if key not in FREE}
    if isinstance(declaration, list):
        return [governed_form(value) for value in declaration]
    return declaration


def _parsed(text: str) -> dict[str, Any]:
    try:
        declaration = json.loads(text)
    except ValueError as error:
        raise SchemaError(f"the schema is no JSON: {error}") from None
    if not isinstance(declaration, dict):
        raise SchemaError("the schema of an event is an Avro record")
    missing = [key for key in ("name", "namespace", "wiretype", "fields") if key not in declaration]
    if missing:
        raise SchemaError(f"schema {declaration.get('name', '?')} lacks {', '.join(missing)}")
    return declaration


def _privacy(declaration: Mapping[str, Any]) -> dict[str, Privacy]:
    try:
        return {field["name"]: Privacy(field["privacy"]) for field in declaration["fields"]}
    except (KeyError, ValueError) as error:
        raise SchemaError(f"{declaration['name']}: a field has no privacy class ({error})") from None


def _sub_record(declaration: Mapping[str, Any], klasse: Privacy) -> dict[str, Any]:
    return {
        "type": "record",
        "name": f"{declaration['name']}{klasse.value.capitalize()}",
        "namespace": declaration["namespace"],
        "doc": f"De velden van {declaration['name']} met privacyklasse {klasse.value}.",
        "fields": [field for field in declaration["fields"] if field["privacy"] == klasse.value],
    }
