"""Facts of one stream to the bytes that are kept and sent: what they have in common is made once, and gone with it.

The keys of the dossier are asked for once per append, their ciphers made once (a cipher is key material; it lives as
long as the append), and what a body begins with stands ready per event class.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, Fact, Privacy
from casuslog.privacy import NONCE_SIZE, Cipher
from casuslog.schema import MARKER, MAX_SIZE, SchemaVersion, long_bytes, record_view

_NO_BLOCK = b"\x00"
_BLOCK = b"\x02"


class KeysForWriting(Protocol):
    """What encoding needs of a key store."""

    def key_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klasse: Privacy
    ) -> tuple[str, bytes]: ...


class PlannedBlock(NamedTuple):
    """How a privacy class of a version is written, and what ties its ciphertext to this schema."""

    klasse: Privacy
    write: Callable[[Mapping[str, Any]], bytes]
    binding: bytes


class Plan(NamedTuple):
    """How a version is written: what its body begins with, and its two blocks; ``None`` where one has no fields."""

    begin: bytes
    blocks: tuple[PlannedBlock | None, ...]

    @classmethod
    def of(cls, version: SchemaVersion) -> Plan:
        """The plan of a version."""
        blocks = (
            PlannedBlock(block.klasse, block.schema.write, block.binding.encode()) if block.schema.fields else None
            for block in version.blocks
        )
        return cls(MARKER + version.stored.fingerprint + version.clear.fingerprint, tuple(blocks))


PlanOf = Callable[[type[DomainEvent]], Plan]
_Sealer = tuple[bytes, Cipher]
"""What the block begins with up to its nonce (the branch, the id of its key), and the cipher of that key."""


class Encoder:
    """Encodes the facts of one stream; for one append."""

    __slots__ = ("_belongs", "_holder", "_keys", "_plan_of", "_sealers")

    def __init__(
        self, keys: KeysForWriting, plan_of: PlanOf, gemeente: str, stroom: str, subject: str, service: str
    ) -> None:
        self._keys = keys
        self._plan_of = plan_of
        self._holder = (gemeente, service, subject)
        self._belongs = f"{gemeente}|{stroom}|{subject}|"
        """How the associated data begins; see :func:`casuslog.privacy.associated_data`."""
        self._sealers: dict[tuple[str, Privacy], _Sealer] = {}

    def encode(self, fact: Fact, event_id: str) -> bytes:
        """The body to keep and send: single-object encoding of the stored record. Creates keys when needed.

        Raises:
            SchemaError: a value does not fit its field, or it is too large; the message names the event.
        """
        try:
            return self._encoded(fact, event_id)
        except SchemaError as error:
            raise SchemaError(f"event {event_id}: {error.detail}") from None

    def _encoded(self, fact: Fact, event_id: str) -> bytes:
        plan = self._plan_of(type(fact.data))
        record = record_view(fact.data)
        belongs = f"{self._belongs}{event_id}|".encode()
        parts = [plan.begin]
        nonces = os.urandom(2 * NONCE_SIZE)
        for block in plan.blocks:
            if block is None:
                parts.append(_NO_BLOCK)
                continue
            nonce, nonces = nonces[:NONCE_SIZE], nonces[NONCE_SIZE:]
            of_block = (fact.betrokkene, block.klasse)
            if of_block not in self._sealers:
                self._sealers_of(plan, fact.betrokkene)
            begin, cipher = self._sealers[of_block]
            sealed = cipher.encrypt(nonce, block.write(record), belongs + block.binding)
            parts += (begin, nonce, long_bytes(len(sealed)), sealed)
        body = b"".join(parts)
        if len(body) > MAX_SIZE:
            raise SchemaError(f"an encoded event counts at most {MAX_SIZE} bytes; this one {len(body)}")
        return body

    def _sealers_of(self, plan: Plan, betrokkene: str) -> None:
        holder = (*self._holder, betrokkene)
        klassen = [block.klasse for block in plan.blocks if block is not None]
        have_all = getattr(self._keys, "have_all", None)
        if have_all is not None:
            have_all(*holder, klassen)
        for klasse in klassen:
            key_id, key = self._keys.key_for(*holder, klasse)
            named = key_id.encode()
            begin = b"".join((_BLOCK, long_bytes(len(named)), named, long_bytes(NONCE_SIZE)))
            self._sealers[betrokkene, klasse] = (begin, Cipher(key))
