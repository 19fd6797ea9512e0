"""What a consumer remembers in its own database, beside its effects: inbox, checkpoints and parked lanes.

Every call runs in the transaction of its caller, so that effect and memory commit together or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from casuslog.envelope import Position
from casuslog.errors import Conflict
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.store.tables import checkpoints, inbox, parked

UNREADABLE = "onleesbaar"
"""The lane of deliveries that are no event at all."""
PARKED = "geparkeerd"
"""State of the event that failed."""
BEHIND = "wacht"
"""State of an event that came later in the same lane."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a consumer is with the stream of an event."""

    last: int
    """Sequence of the last event handled in that stream; 0 before the first."""
    parked: bool
    """Whether the lane is parked."""


class Books:
    """The memory of one consumer."""

    def __init__(self, consumer: str) -> None:
        self.consumer = consumer

    # inbox

    def standing(self, conn: Connection, position: Position) -> Standing:
        """Where the consumer is with the stream of ``position``, in one query."""
        last = select(inbox.c.sequence).where(self._in_stream(position)).scalar_subquery()
        held = exists().where(parked.c.consumer == self.consumer, parked.c.lane == position.stream.id)
        row = conn.execute(select(func.coalesce(last, 0), held)).one()
        return Standing(row[0], bool(row[1]))

    def reached(self, conn: Connection, position: Position) -> bool:
        """Whether the event at ``position`` has been handled, or is parked."""
        handled = exists().where(self._in_stream(position), inbox.c.sequence >= position.sequence)
        held = exists().where(
            parked.c.consumer == self.consumer,
            parked.c.lane == position.stream.id,
            parked.c.gemeente == position.stream.gemeente,
            parked.c.source == position.service,
            parked.c.stroom == position.stream.kind,
            parked.c.sequence == position.sequence,
        )
        return bool(conn.execute(select(handled | held)).scalar())

    def last(self, conn: Connection, position: Position) -> int:
        """Sequence of the last event handled in the stream of ``position``; 0 before the first."""
        return conn.execute(select(inbox.c.sequence).where(self._in_stream(position))).scalar() or 0

    def advance(self, conn: Connection, position: Position, event_id: str) -> None:
        """Record that the event at ``position``, and all before it in its stream, have been handled.

        Raises:
            Conflict: another instance of this consumer was first.
        """
        values = {"sequence": position.sequence, "event_id": event_id}
        before = and_(self._in_stream(position), inbox.c.sequence < position.sequence)
        if conn.execute(update(inbox).where(before).values(values)).rowcount:
            return
        stream = position.stream
        key = {"consumer": self.consumer, "gemeente": stream.gemeente, "source": position.service}
        try:
            conn.execute(insert(inbox).values(**key, stroom=stream.kind, subject=stream.id, **values))
        except IntegrityError:
            raise Conflict("Een andere verwerker was eerst met deze gebeurtenis.") from None

    def _in_stream(self, position: Position) -> Any:
        return and_(
            inbox.c.consumer == self.consumer,
            inbox.c.gemeente == position.stream.gemeente,
            inbox.c.source == position.service,
            inbox.c.stroom == position.stream.kind,
            inbox.c.subject == position.stream.id,
        )

    # checkpoints

    def checkpoint(self, conn: Connection, source: str) -> Cursor:
        """Up to where everything of ``source`` was handled or parked."""
        row = select(checkpoints.c.cursor).where(*self._at_source(source))
        text = conn.execute(row).scalar()
        return Cursor.parse(text) if text else START

    def set_checkpoint(self, conn: Connection, source: str, cursor: Cursor, now: datetime) -> None:
        """Move the checkpoint of ``source`` forward; it never goes back."""
        current = self.checkpoint(conn, source)
        values = {"cursor": str(cursor), "updated_at": now}
        if current == START:
            conn.execute(delete(checkpoints).where(*self._at_source(source)))
            conn.execute(insert(checkpoints).values(consumer=self.consumer, source=source, **values))
        elif cursor > current:
            conn.execute(update(checkpoints).where(*self._at_source(source)).values(values))

    def _at_source(self, source: str) -> tuple[Any, ...]:
        return checkpoints.c.consumer == self.consumer, checkpoints.c.source == source

    # parked lanes

    def lock_lane(self, conn: Connection, lane: str) -> bool:
        """Whether the lane is parked now, and keep it so until the transaction ends.

        A replay that empties the lane meanwhile makes one of both try again: no event is left behind in a free lane.
        """
        first = select(parked.c.n).where(*self._in_lane(lane)).order_by(parked.c.n).limit(1).with_for_update()
        return conn.execute(first).first() is not None

    def park(
        self, conn: Connection, stored: StoredEvent, reason: str, *, state: str, attempts: int, now: datetime
    ) -> None:
        """Append an event to its parked lane; one that is in there already stays as it is."""
        envelope = stored.envelope
        known = select(parked.c.n).where(*self._in_lane(envelope.subject), parked.c.event_id == envelope.id)
        if conn.execute(known).first() is not None:
            return
        self._append(
            conn,
            envelope.subject,
            gemeente=envelope.gemeente,
            source=envelope.service,
            stroom=envelope.stroom,
            sequence=envelope.sequence,
            event_id=envelope.id,
            envelope=json.dumps(envelope.attributes()),
            body=stored.body,
            reason=reason,
            attempts=attempts,
            parked_at=now,
            state=state,
        )

    def park_unreadable(
        self, conn: Connection, told: Mapping[str, Any], body: bytes, digest: str, reason: str, now: datetime
    ) -> None:
        """Keep a delivery that is no event. ``digest`` tells it apart, so that a redelivery does not come in twice."""
        known = select(parked.c.n).where(*self._in_lane(UNREADABLE), parked.c.event_id == digest)
        if conn.execute(known).first() is not None:
            return
        self._append(
            conn,
            UNREADABLE,
            gemeente="",
            source="",
            stroom="",
            sequence=0,
            event_id=digest,
            envelope=json.dumps(dict(told), default=str),
            body=body,
            reason=reason,
            attempts=1,
            parked_at=now,
            state=PARKED,
        )

    def rows(self, lane: str | None = None) -> Select[Any]:
        """All columns of what is parked, lane by lane in order."""
        found = select(parked).where(parked.c.consumer == self.consumer).order_by(parked.c.lane, parked.c.n)
        return found if lane is None else found.where(parked.c.lane == lane)

    def unpark(self, conn: Connection, lane: str, n: int) -> bool:
        """Take one row out of its lane; False if another replay did."""
        return bool(conn.execute(delete(parked).where(*self._in_lane(lane), parked.c.n == n)).rowcount)

    def failed_again(self, conn: Connection, lane: str, n: int, reason: str) -> None:
        """A replay failed: keep the row with its new reason."""
        values = {"reason": reason, "state": PARKED, "attempts": parked.c.attempts + 1}
        conn.execute(update(parked).where(*self._in_lane(lane), parked.c.n == n).values(values))

    def _append(self, conn: Connection, lane: str, **values: Any) -> None:
        number = select(func.coalesce(func.max(parked.c.n), literal(0)) + 1).where(*self._in_lane(lane))
        n = conn.execute(number).scalar_one()
        try:
            conn.execute(insert(parked).values(consumer=self.consumer, lane=lane, n=n, **values))
        except IntegrityError:
            raise Conflict("Een andere verwerker parkeerde tegelijk in deze baan.") from None

    def _in_lane(self, lane: str) -> tuple[Any, ...]:
        return parked.c.consumer == self.consumer, parked.c.lane == lane
