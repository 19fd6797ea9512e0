"""What the contract suites append: a stream that counts, with real schemas and a key store in memory."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.envelope import Actor, Stream
from casuslog.events import DomainEvent, Fact, Privacy, event_type, feit, persoonsgegeven
from casuslog.identifiers import new_id
from casuslog.privacy import Cipher
from casuslog.recorded import Aggregate, Context
from casuslog.schema import SchemaRegistry

DAY = date(2017, 1, 2)
"""The day on which everything in a contract suite happens."""


@event_type("proef-geteld", service="proef", rule="contract suite")
class ProefGeteld(DomainEvent):
    """There is one more."""

    aantal: Annotated[int, feit("hoeveel erbij kwamen")]
    opmerking: Annotated[str, persoonsgegeven("wat erover gezegd is")] = ""


COUNTED: Aggregate[int] = Aggregate("proef", 0, lambda total, fact: total + fact.data.aantal)  # type: ignore[attr-defined]
"""The sum of a stream."""


class KeysInMemory:
    """Keys as :class:`casuslog.privacy.KeyStore` keeps them, without a database."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, ...], str] = {}
        self._keys: dict[str, bytes] = {}

    def key_for(self, gemeente: str, fase: str, subject: str, betrokkene: str, klasse: Privacy) -> tuple[str, bytes]:
        """The key of this holder; made when there is none."""
        key_id = self._held.setdefault((gemeente, fase, subject, betrokkene, klasse.value), new_id())
        return key_id, self._keys.setdefault(key_id, secrets.token_bytes(32))

    def ciphers_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Collection[Privacy]
    ) -> dict[Privacy, tuple[str, Cipher]]:
        """The keys of this holder, ready to encrypt."""
        keys = {klasse: self.key_for(gemeente, fase, subject, betrokkene, klasse) for klasse in klassen}
        return {klasse: (key_id, Cipher(key)) for klasse, (key_id, key) in keys.items()}

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None:  # noqa: ARG002  # its signature
        """The key with this id."""
        return self._keys.get(key_id)

    def get_many(self, key_ids: Iterable[str], gemeente: str, purpose: str) -> Mapping[str, bytes | None]:
        """The keys with these ids."""
        return {key_id: self.get(key_id, gemeente, purpose) for key_id in key_ids}


def proef_codec() -> Codec:
    """A codec that knows :class:`ProefGeteld`."""
    return Codec(SchemaRegistry.of(ProefGeteld), KeysInMemory())


def opened_with() -> dict[str, Any]:
    """What a store is opened with in a contract suite: codec, clock and OINs of the test series."""
    return {"codec": proef_codec(), "clock": SettableClock(DAY), "oin_of": oin_of}


def oin_of(gemeente: str) -> str:
    """An OIN of the test series for any gemeentecode."""
    return f"00000099{gemeente:0>12}"


def stream(gemeente: str = "0080", subject: str | None = None) -> Stream:
    """A stream of its own."""
    return Stream(gemeente, COUNTED.kind, subject or new_id())


def counted(*numbers: int, on: date = DAY, **known: Any) -> list[Fact]:
    """Facts that count these numbers."""
    return [Fact(ProefGeteld(aantal=number), on, **known) for number in numbers]


def context(**known: Any) -> Context:
    """A consulent acts."""
    command = new_id()
    made: dict[str, Any] = {"correlationid": command, "causationid": command, **known}
    return Context(actor=Actor("consulent", "0080", "p-17"), **made)
