"""The Avro schemas that a subscriber meets, by their fingerprint: from a folder, or fetched when first needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from casuslog.errors import SchemaError
from casuslog.schema import AvroSchema, SchemaRegistry, decode

Fetch = Callable[[str], str]
"""The text of the schema with this fingerprint (16 hex), as ``GET /schemas/<fingerprint>`` gives it."""


class Schemas:
    """Decodes bodies in Avro single-object encoding.

    Args:
        folder: the published ``schemas/``; what is not in it is fetched.
        fetch: where to ask for a schema; without it an unknown fingerprint is an error.
    """

    def __init__(self, folder: Path | None = None, fetch: Fetch | None = None) -> None:
        self._registry = SchemaRegistry.load(folder) if folder else SchemaRegistry(())
        self._fetch = fetch
        self._fetched: dict[bytes, AvroSchema] = {}

    def data(self, body: bytes) -> dict[str, Any]:
        """The record in ``body``.

        Raises:
            SchemaError: no single-object encoding, an unknown schema, or bytes that do not fit it.
        """
        fingerprint, rest = decode(body)
        return self._schema(fingerprint).read(rest)

    def _schema(self, fingerprint: bytes) -> AvroSchema:
        known = self._fetched.get(fingerprint)
        if known is not None:
            return known
        try:
            return self._registry.lookup(fingerprint).schema
        except SchemaError:
            if self._fetch is None:
                raise
        made = AvroSchema(json.loads(self._fetch(fingerprint.hex())))
        if made.fingerprint != fingerprint:
            raise SchemaError(f"what was fetched is not the schema with fingerprint {fingerprint.hex()}")
        self._fetched[fingerprint] = made
        return made
