"""An event once it is kept: as bytes (:class:`StoredEvent`), as read (:class:`RecordedEvent`); how a stream folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from casuslog.envelope import Actor, Envelope
from casuslog.events import DomainEvent, Fact

S = TypeVar("S")


class Cursor(NamedTuple):
    """A place in the log of one service, ordered as the log is read. Opaque outside: a text to hand back.

    ``era`` counts the lives of the database (a restore or failover opens a new one), ``xid`` is the transaction that
    wrote, ``position`` the row. A cursor on the position alone skips events (see docs/adr).
    """

    era: int
    xid: int
    position: int

    def __str__(self) -> str:
        return f"{self.era}.{self.xid}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read the text form.

        Raises:
            ValueError: it is not a cursor.
        """
        parts = text.split(".")
        if len(parts) != 3 or not all(p.isdigit() for p in parts):
            raise ValueError(f"{text!r} is no cursor; use the text that an earlier answer gave, or leave it out")
        return cls(*(int(p) for p in parts))


START = Cursor(0, 0, 0)
"""Before the first event."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept and sent: readable envelope, encrypted body, and its link in the hash chain."""

    envelope: Envelope
    body: bytes
    hash: bytes = b""
    prev_hash: bytes = b""
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it is read: an own one typed, a foreign one as a mapping. A destroyed field is *vernietigd*."""

    envelope: Envelope
    data: DomainEvent | Mapping[str, Any]
    stored: StoredEvent | None = None
    """The event as it was kept, for whoever keeps it on; ciphertext."""

    @property
    def fact(self) -> Fact:
        """The fact to fold; only for typed events."""
        if not isinstance(self.data, DomainEvent):
            raise TypeError(f"{self.envelope.type} was read as a mapping; decode it typed to fold it")
        return Fact(self.data, self.envelope.feitdatum, self.envelope.grondslag, corrects=self.envelope.corrigeert)

    def __getitem__(self, name: str) -> Any:
        """The value of a field, whichever way it was read."""
        if isinstance(self.data, DomainEvent):
            return getattr(self.data, name)
        return self.data[name]


_new = object.__new__
_put_envelope, _put_data, _put_stored = (
    getattr(RecordedEvent, name).__set__ for name in ("envelope", "data", "stored")
)


def as_read(envelope: Envelope, data: DomainEvent | Mapping[str, Any], stored: StoredEvent) -> RecordedEvent:
    """``RecordedEvent(envelope, data, stored)``, slot by slot: of each event that is read, in half the time."""
    made = _new(RecordedEvent)
    _put_envelope(made, envelope)
    _put_data(made, data)
    _put_stored(made, stored)
    return made


@dataclass(frozen=True)
class Aggregate(Generic[S]):
    """How a stream becomes a state: its kind, the empty state, and the fold."""

    kind: str
    initial: S
    evolve: Callable[[S, Fact], S]

    def fold(self, facts: list[Fact] | tuple[Fact, ...], state: S | None = None) -> S:
        """The state after these facts."""
        folded = self.initial if state is None else state
        for fact in facts:
            folded = self.evolve(folded, fact)
        return folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an envelope needs besides the fact: who acted, what caused it, and which gemeenten it concerns."""

    actor: Actor
    correlationid: str
    causationid: str
    oorzaak: str | None = None
    traceparent: str | None = None
    woongemeente: str | None = None
    uitvoerendegemeente: str | None = None
    betalendegemeente: str | None = None
    orgaan: str | None = None
    titel: str | None = None
    thema: str | None = None
    inrichtingversie: str | None = None
    externereferentie: str | None = None
    geimporteerd: bool = False

    @classmethod
    def caused_by(cls, event: Envelope, actor: Actor, **known: Any) -> Context:
        """The context of a reaction: same correlation and gemeenten, with the event as its cause."""
        inherited = {
            name: getattr(event, name)
            for name in ("traceparent", "woongemeente", "uitvoerendegemeente", "betalendegemeente", "thema")
        }
        return cls(
            actor=actor,
            correlationid=event.correlationid,
            causationid=event.id,
            oorzaak=str(event.position),
            **{**inherited, **known},
        )
