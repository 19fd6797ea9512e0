"""An event type with all that there is to say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casuslog.documents import _examples
from casuslog.envelope import Envelope
from casuslog.schema import JsonForm, SchemaVersion, cloudevent, encode
from casuslog.schema.corpus import Specimen
from casuslog.schema.uitfasering import Uitfasering


@dataclass(frozen=True)
class Described:
    """One event type: its current version, where it stands, every version that is still read, and an example.

    Attributes:
        streams: the kinds of stream in which it may stand.
        specimens: its versions in the corpus, in order.
        ends: of the versions that come to an end, by number: when.
    """

    version: SchemaVersion
    streams: Sequence[str]
    specimens: Sequence[Specimen]
    ends: Mapping[int, Uitfasering] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``melding-geregistreerd``: as the matrix of rights names it."""
        return self.version.wire_type.removeprefix("nl.overheid.wmo.")

    @property
    def declaration(self) -> dict[str, Any]:
        """The Avro schema, with meanings and privacy classes."""
        declared: dict[str, Any] = json.loads(self.version.text)
        return declared

    @property
    def meaning(self) -> str:
        """In one or more Dutch sentences."""
        return str(self.declaration.get("doc", ""))

    @property
    def law(self) -> str:
        """The article under which the fact usually holds; empty where there is none of its own."""
        return str(self.declaration.get("grondslag", ""))

    @property
    def page(self) -> str:
        """Path of its page under ``docs/api``."""
        return f"events/{self.version.service}/{self.version.name}.md"

    def envelope(self) -> Envelope:
        """Of the example."""
        return _examples.envelope_of(self.version, self.streams[0])

    def as_json(self) -> dict[str, Any]:
        """The example as structured CloudEvents JSON."""
        return cloudevent(self.envelope(), JsonForm(self.version.clear).dump(self._record()))

    def as_avro(self) -> bytes:
        """The example as single-object encoding, in clear."""
        return encode(self.version.clear.fingerprint, self.version.clear.write(self._record()))

    def _record(self) -> dict[str, Any]:
        return _examples.record_of(self.version.clear.declaration)
