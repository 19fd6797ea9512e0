"""Parked lanes: what stands still and why, and how it goes on after a repair."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from casuslog.consume import received
from casuslog.consume.books import PARKED, UNREADABLE, Books
from casuslog.consume.effects import Effects
from casuslog.consume.failures import CauseMissing, Outlook, outlook, reason
from casuslog.consume.feeds import Feed
from casuslog.consume.order import commit_in_order
from casuslog.envelope import CONTENT_TYPE, Envelope
from casuslog.errors import NotFound
from casuslog.recorded import StoredEvent

if TYPE_CHECKING:
    from casuslog.store import EventStore, Transaction


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """One event in a parked lane. ``body`` is ciphertext; nothing here is personal data in the clear."""

    lane: str
    n: int
    """Order within the lane, from 1."""
    gemeente: str
    source: str
    stroom: str
    sequence: int
    event_id: str
    type: str
    reason: str
    attempts: int
    parked_at: datetime
    state: str
    """``geparkeerd``: it failed. ``wacht``: it came later in the same lane."""
    envelope: dict[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class ParkedLane:
    """One lane that stands still: a casus, a dossier, or all that could not be read."""

    consumer: str
    lane: str
    events: int
    since: datetime
    reason: str
    """Of the first event: the one that has to be repaired."""
    type: str


@dataclass(frozen=True, slots=True)
class Replay:
    """How a replay went: how many events took effect, how many are still parked, and why."""

    lane: str
    handled: int
    left: int
    reason: str | None


class Parking:
    """The parked lanes of one consumer.

    Args:
        store: the consumer's own store.
        books: its memory.
        effects: what its events do, with its handlers; without them parked lanes can be shown and not replayed.
        feeds: where events are fetched that must come first.
    """

    def __init__(
        self,
        store: EventStore,
        books: Books,
        effects: Effects | None = None,
        feeds: Mapping[str, Feed] | None = None,
    ) -> None:
        self._store = store
        self._books = books
        self._effects = effects
        self._feeds = feeds or {}

    def list(self) -> Sequence[ParkedLane]:
        """Every parked lane, the longest parked first."""
        lanes: dict[str, list[ParkedEvent]] = {}
        for event in self._events(None):
            lanes.setdefault(event.lane, []).append(event)
        found = [
            ParkedLane(self._books.consumer, lane, len(events), events[0].parked_at, events[0].reason, events[0].type)
            for lane, events in lanes.items()
        ]
        return sorted(found, key=lambda lane: lane.since)

    def show(self, lane: str) -> Sequence[ParkedEvent]:
        """The events of one lane, in order.

        Raises:
            NotFound: the lane is not parked.
        """
        events = self._events(lane)
        if not events:
            raise NotFound(f"Baan {lane} is niet geparkeerd.")
        return events

    def replay(self, lane: str) -> Replay:
        """Handle the events of a parked lane in order, each in a transaction of its own, until one fails again.

        After the last one the lane is free. Events that come in meanwhile go in behind and are handled too.

        Raises:
            NotFound: the lane is not parked.
            Unavailable: database or feed is away; what was handled stays so.
        """
        self.show(lane)
        handled = 0
        # The unreadable have no order among them: one that stays so holds up no other.
        skipped: set[int] = set()
        while events := [event for event in self._events(lane) if event.n not in skipped]:
            error = self._again(events[0])
            if error is None:
                handled += 1
            elif lane == UNREADABLE:
                skipped.add(events[0].n)
            else:
                break
        left = self._events(lane)
        return Replay(lane, handled, len(left), left[0].reason if left else None)

    def _again(self, event: ParkedEvent) -> Exception | None:
        try:
            self._handle(event, _stored(event))
        except Exception as error:
            if outlook(error) is Outlook.AWAY:
                raise
            why = reason(error, event.attempts + 1)
            self._store.run_transaction(lambda tx: self._books.failed_again(tx.conn, event.lane, event.n, why))
            return error
        return None

    def _handle(self, event: ParkedEvent, stored: StoredEvent) -> None:
        effects = self._effects
        if effects is None:
            raise CauseMissing("deze parkeerplaats kan alleen worden bekeken")

        def commit(one: StoredEvent) -> None:
            taken = event if one is stored else None
            effects.hosted(
                [one],
                lambda: self._store.run_transaction(lambda tx: self._apply(effects, tx, one, event.lane, taken)),
            )

        commit_in_order(stored, commit, self._feeds)

    def _apply(
        self, effects: Effects, tx: Transaction, stored: StoredEvent, lane: str, taken: ParkedEvent | None
    ) -> None:
        if taken is not None and not self._books.unpark(tx.conn, lane, taken.n):
            return
        # Only in its own lane may it pass what is parked; in any other it goes in behind.
        effects.apply(tx, [stored], replay=stored.envelope.subject == lane)

    def _events(self, lane: str | None) -> Sequence[ParkedEvent]:
        rows = self._store.run_transaction(lambda tx: tx.conn.execute(self._books.rows(lane)).all())
        return [_parked(row) for row in rows]


def _parked(row: Row[Any]) -> ParkedEvent:
    attributes = json.loads(row.envelope)
    return ParkedEvent(
        row.lane,
        row.n,
        row.gemeente,
        row.source,
        row.stroom,
        row.sequence,
        row.event_id,
        str(attributes.get("type", UNREADABLE)),
        row.reason,
        row.attempts,
        row.parked_at,
        row.state,
        attributes,
        bytes(row.body),
    )


def _stored(event: ParkedEvent) -> StoredEvent:
    if event.lane == UNREADABLE:
        return received.read(event.envelope, event.body, CONTENT_TYPE).stored
    return StoredEvent(Envelope.from_attributes(event.envelope), event.body)


__all__ = ["PARKED", "ParkedEvent", "ParkedLane", "Parking", "Replay"]
