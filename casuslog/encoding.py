"""Facts of one stream to the bytes that are kept and sent: what they have in common is made once, and gone with it.

The keys of the dossier are asked for once per append, ready to encrypt, and what a body begins with stands ready per
event class.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from typing import Any, NamedTuple, Protocol

from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, Fact, Privacy
from casuslog.privacy import NONCE_SIZE, Cipher
from casuslog.schema import MARKER, MAX_SIZE, UNUSUAL, SchemaVersion, long_bytes, parts_of, record_view

_NO_BLOCK = b"\x00"
_BLOCK = b"\x02"
_NONCE_LENGTH = long_bytes(NONCE_SIZE)


class KeysForWriting(Protocol):
    """What encoding needs of a key store."""

    def ciphers_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Collection[Privacy]
    ) -> Mapping[Privacy, tuple[str, Cipher]]: ...


class PlannedBlock(NamedTuple):
    """How a privacy class of a version is written, and what ties its ciphertext to this schema."""

    klasse: Privacy
    quick: Callable[[Any], bytes]
    """Writes it from the event object, or says by an error that it is for ``write``."""
    write: Callable[[Mapping[str, Any]], bytes]
    binding: bytes


class Plan(NamedTuple):
    """How a version is written: what its body begins with, and its two blocks; ``None`` where one has no fields."""

    begin: bytes
    blocks: tuple[PlannedBlock | None, ...]
    klassen: frozenset[Privacy]
    """Of the blocks that are there."""

    @classmethod
    def of(cls, version: SchemaVersion, event_class: type[DomainEvent]) -> Plan:
        """The plan of a version, for events of its class."""
        parts = parts_of(event_class)
        blocks = tuple(
            PlannedBlock(klasse, schema.quick_write(parts), schema.write, binding.encode()) if schema.fields else None
            for klasse, schema, binding in version.blocks
        )
        klassen = frozenset(block.klasse for block in blocks if block is not None)
        return cls(MARKER + version.stored.fingerprint + version.clear.fingerprint, blocks, klassen)


PlanOf = Callable[[type[DomainEvent]], Plan]
_Sealer = tuple[bytes, Callable[[bytes, bytes, bytes], bytes]]
"""What the block begins with up to its nonce (the branch, the id of its key), and what encrypts under that key."""
_NOT_QUICKLY = (*UNUSUAL, AttributeError)


class Encoder:
    """Encodes the facts of one stream; for one append."""

    __slots__ = ("_belongs", "_holder", "_keys", "_nonces", "_plan_of", "_sealers")

    def __init__(
        self,
        keys: KeysForWriting,
        plan_of: PlanOf,
        gemeente: str,
        stroom: str,
        subject: str,
        service: str,
        events: int = 1,
    ) -> None:
        """``events`` are about how many it will encode; more is no harm."""
        self._keys = keys
        self._plan_of = plan_of
        self._holder = (gemeente, service, subject)
        self._belongs = f"{gemeente}|{stroom}|{subject}|"
        """How the associated data begins; see :func:`casuslog.privacy.associated_data`."""
        self._sealers: dict[str, dict[Privacy, _Sealer]] = {}
        """By betrokkene."""
        self._nonces = BytesIO(os.urandom(2 * NONCE_SIZE * events))
        """Drawn at once for the append, and each taken once. Where it is empty another is drawn."""

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
        data, take = fact.data, self._nonces.read
        plan = self._plan_of(type(data))
        belongs = f"{self._belongs}{event_id}|".encode()
        sealers = self._sealers.get(fact.betrokkene)
        if sealers is None or not plan.klassen <= sealers.keys():
            sealers = self._sealers_of(plan, fact.betrokkene)
        parts = [plan.begin]
        for block in plan.blocks:
            if block is None:
                parts.append(_NO_BLOCK)
                continue
            klasse, quick, write, binding = block
            try:
                plain = quick(data)
            except _NOT_QUICKLY:
                plain = None  # not handled here: an error that showed this one as its context would show the value
            if plain is None:
                plain = write(record_view(data))
            begin, encrypt = sealers[klasse]
            nonce = take(NONCE_SIZE) or os.urandom(NONCE_SIZE)
            sealed = encrypt(nonce, plain, belongs + binding)
            parts += (begin, nonce, long_bytes(len(sealed)), sealed)
        body = b"".join(parts)
        if len(body) > MAX_SIZE:
            raise SchemaError(f"an encoded event counts at most {MAX_SIZE} bytes; this one {len(body)}")
        return body

    def _sealers_of(self, plan: Plan, betrokkene: str) -> dict[Privacy, _Sealer]:
        ready = self._keys.ciphers_for(*self._holder, betrokkene, plan.klassen)
        sealers = self._sealers.setdefault(betrokkene, {})
        for klasse, (key_id, cipher) in ready.items():
            named = key_id.encode()
            sealers[klasse] = (_BLOCK + long_bytes(len(named)) + named + _NONCE_LENGTH, cipher.encrypt)
        return sealers
