"""All schemas that this process knows: the current one of each event type and every earlier version."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent
from casuslog.schema import _framing
from casuslog.schema._avro import AvroSchema
from casuslog.schema._avsc import text_of
from casuslog.schema._version import SchemaVersion

CORPUS = "corpus"
"""The folder under ``schemas/`` with every version that was ever current."""


class Form(StrEnum):
    """Which of the schemas of a version a fingerprint stands for."""

    HELDER = "helder"
    FEIT = "feit"
    PERSOONSGEGEVEN = "persoonsgegeven"
    OPGESLAGEN = "opgeslagen"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a fingerprint stands for. Of the stored form, which all versions share, the version is the current one."""

    form: Form
    schema: AvroSchema
    version: SchemaVersion


class SchemaRegistry:
    """Schemas by fingerprint and by wire type. Everything is parsed once, when it is made."""

    def __init__(self, current: Iterable[SchemaVersion], earlier: Iterable[SchemaVersion] = ()) -> None:
        """Take up the current version of each type, then earlier ones.

        Raises:
            SchemaError: two current versions of one wire type, or two versions that their bytes cannot tell apart.
        """
        self._current: dict[str, SchemaVersion] = {}
        self._clear: dict[bytes, SchemaVersion] = {}
        self._entries: dict[bytes, Entry] = {}
        self._texts: dict[str, str] = {}
        for version in current:
            if version.wire_type in self._current:
                raise SchemaError(f"{version.wire_type} has two current schemas")
            self._current[version.wire_type] = version
            self._take_up(version)
        for version in earlier:
            self._take_up(version)

    @classmethod
    def load(cls, schemas_dir: Path) -> SchemaRegistry:
        """The registry of a ``schemas/`` folder: ``<service>/<Name>.avsc`` and the corpus.

        Raises:
            SchemaError: the folder is not there, or a file in it is no schema (the message names it).
        """
        if not schemas_dir.is_dir():
            raise SchemaError(f"there is no folder with schemas at {schemas_dir}")
        current = [_version(path, path.read_text(encoding="utf-8")) for path in sorted(schemas_dir.glob("*/*.avsc"))]
        corpus = ((path, _corpus_text(path)) for path in sorted((schemas_dir / CORPUS).glob("*/*/*.json")))
        # Most of the corpus is the current versions over again, and parsing one takes milliseconds.
        parsed = {version.text for version in current}
        return cls(current, [_version(path, text) for path, text in corpus if text not in parsed])

    @classmethod
    def of(cls, *event_classes: type[DomainEvent]) -> SchemaRegistry:
        """The registry of these classes as they are now, without a folder; for tests and tools."""
        return cls([SchemaVersion.of(event_class) for event_class in event_classes])

    @property
    def wire_types(self) -> tuple[str, ...]:
        """Every event type that has a current schema."""
        return tuple(self._current)

    def current(self, wire_type: str) -> SchemaVersion:
        """The current version of an event type.

        Raises:
            SchemaError: the type is unknown.
        """
        try:
            return self._current[wire_type]
        except KeyError:
            raise SchemaError(f"event type {wire_type} has no schema here") from None

    def version(self, clear_fingerprint: bytes) -> SchemaVersion:
        """The version whose clear schema has this fingerprint.

        Raises:
            SchemaError: it is unknown; the message names it.
        """
        try:
            return self._clear[clear_fingerprint]
        except KeyError:
            raise SchemaError(f"no clear schema has fingerprint {clear_fingerprint.hex()}") from None

    def lookup(self, fingerprint: bytes) -> Entry:
        """What a fingerprint stands for, whichever form.

        Raises:
            SchemaError: it is unknown; the message names it.
        """
        try:
            return self._entries[fingerprint]
        except KeyError:
            raise SchemaError(f"no schema has fingerprint {fingerprint.hex()}") from None

    def text(self, fingerprint: bytes) -> str:
        """The schema behind a fingerprint as JSON, for whoever decodes elsewhere.

        Raises:
            SchemaError: it is unknown; the message names it.
        """
        entry = self.lookup(fingerprint)
        return entry.version.text if entry.form is Form.HELDER else text_of(dict(entry.schema.declaration))

    def text_by_sha256(self, sha256: str) -> str | None:
        """The exact ``.avsc`` text with this hash (hex), if it is known: what a fingerprint cannot tell apart."""
        return self._texts.get(sha256)

    def open(self, data: bytes) -> tuple[Entry, bytes]:
        """The schema and the body of a single-object encoding.

        Raises:
            SchemaError: wrong marker, truncated header, oversize, or an unknown fingerprint.
        """
        fingerprint, body = _framing.decode(data)
        return self.lookup(fingerprint), body

    def read(self, data: bytes) -> tuple[Entry, dict[str, Any]]:
        """The record in a single-object encoding of a clear or projected event, as its writer's schema has it.

        Raises:
            SchemaError: as :meth:`open`; or the body is truncated or goes on after its end.
        """
        entry, body = self.open(data)
        return entry, entry.schema.read(body)

    def _take_up(self, version: SchemaVersion) -> None:
        known = self._clear.setdefault(version.clear.fingerprint, version)
        if known.governed != version.governed:
            raise SchemaError(
                f"two versions of {version.wire_type} share fingerprint {version.clear.fingerprint.hex()} but differ "
                "in what it does not show (default, logicalType, aliases, privacy, codelijst or eenheid)"
            )
        self._texts[version.sha256] = version.text
        for form, schema in _forms(known):
            self._entries.setdefault(schema.fingerprint, Entry(form, schema, known))


def _forms(version: SchemaVersion) -> list[tuple[Form, AvroSchema]]:
    return [
        (Form.HELDER, version.clear),
        (Form.FEIT, version.feit.schema),
        (Form.PERSOONSGEGEVEN, version.persoonsgegeven.schema),
        (Form.OPGESLAGEN, version.stored),
    ]


def _version(path: Path, text: str) -> SchemaVersion:
    try:
        return SchemaVersion(text)
    except SchemaError as error:
        raise SchemaError(f"{path.parent.name}/{path.name}: {error.detail}") from error


def _corpus_text(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["avsc"])
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError(f"{path.parent.name}/{path.name} is no corpus file: {error!r}") from None
