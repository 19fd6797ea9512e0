"""Making what an append keeps: facts and context become envelopes, checked, with encoded bodies in one chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from casuslog.clock import AMSTERDAM, Clock
from casuslog.codec import Codec
from casuslog.envelope import Envelope, Stream
from casuslog.errors import InvalidInput
from casuslog.events import Fact
from casuslog.identifiers import gemeentecode_ok, new_id
from casuslog.profile import MAX_BYTES, check_size
from casuslog.recorded import Context, Cursor, StoredEvent
from casuslog.store._chain import link
from casuslog.store._moulds import Moulds, Texts

OF_FACT = frozenset(
    {
        "orgaan",
        "titel",
        "thema",
        "betalendegemeente",
        "uitvoerendegemeente",
        "woongemeente",
        "inrichtingversie",
    }
)
"""Attributes that a decision itself may determine (:attr:`casuslog.events.Fact.attributes`)."""
_ROOMY = 2_000
"""More than the names and overhead of all attributes as headers take."""


class Made(NamedTuple):
    """An event about to be kept, with the text of its envelope."""

    envelope: Envelope
    text: str
    body: bytes
    prev_hash: bytes
    hash: bytes

    def kept_at(self, cursor: Cursor | None) -> StoredEvent:
        """The event as it stands in the store."""
        return StoredEvent(self.envelope, self.body, self.hash, self.prev_hash, cursor)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: what every envelope of this store has in common."""

    service: str
    codec: Codec
    clock: Clock
    oin_of: Callable[[str], str]
    _moulds: Moulds = field(default_factory=Moulds, init=False, repr=False, compare=False)

    def make(
        self, stream: Stream, expected: int, facts: Sequence[Fact], context: Context, prev_hash: bytes
    ) -> list[Made]:
        """The events that follow version ``expected`` of a stream, whose hash is ``prev_hash``.

        Raises:
            InvalidInput: the stream has no owner, a fact lies in the future, or an envelope breaks the profile.
            ValueError: a fact determines an attribute that is not its to determine.
        """
        _check_stream(stream)
        now = self.clock.now()
        _check_facts(facts, now)
        source = f"urn:nld:oin:{self.oin_of(stream.gemeente)}:systeem:{self.service}"
        texts = Texts(self._moulds, source, stream, context, now)
        encoder = self.codec.encoder(stream, self.service, len(facts))
        made: list[Made] = []
        for version, fact in enumerate(facts, expected + 1):
            dataschema = self.codec.dataschema_of(type(fact.data))
            event_id = new_id()
            text = texts.of(fact, event_id, version, dataschema)
            body = encoder.encode(fact, event_id)
            wire_type = fact.data.__event__.wire_type
            envelope = Envelope.written(text, stream, version, event_id, wire_type, dataschema, now)
            # A character takes four bytes at most: only what comes near the bound is measured exactly.
            if len(body) + 4 * len(text) + _ROOMY > MAX_BYTES:
                check_size(envelope.attributes(), body)
            hash_ = link(prev_hash, text, body)
            made.append(Made(envelope, text, body, prev_hash, hash_))
            prev_hash = hash_
        return made


def _check_stream(stream: Stream) -> None:
    if not gemeentecode_ok(stream.gemeente):
        raise InvalidInput("Een stroom heeft een eigenaar: noem de gemeente met haar code van vier cijfers.")


def _check_facts(facts: Sequence[Fact], now: datetime) -> None:
    # Amsterdam is ahead of UTC: its day need only be known for a fact of what is tomorrow in UTC.
    utc = now.date()
    for fact in facts:
        if fact.on > utc and fact.on > (day := now.astimezone(AMSTERDAM).date()):
            raise InvalidInput(
                f"Een feit kan niet in de toekomst liggen: de dag van het feit is {fact.on}, vandaag is {day}.",
                errors={"feitdatum": [f"hooguit {day.isoformat()}"]},
            )
        unknown = fact.attributes.keys() - OF_FACT if fact.attributes else None
        if unknown:
            raise ValueError(f"a fact cannot determine {', '.join(sorted(unknown))}; only {', '.join(sorted(OF_FACT))}")
