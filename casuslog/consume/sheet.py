"""Where a consumer stands with many streams at once, and that it got further: a statement each, however many.

On PostgreSQL a round trip and a plan cost more than the rows they are about; in SQLite there is no round trip, and the
books are asked stream by stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from casuslog.consume.books import Books
from casuslog.envelope import Envelope, Position, Stream
from casuslog.recorded import Cursor
from casuslog.store import send_along


class Followed(NamedTuple):
    """A stream of another service."""

    gemeente: str
    source: str
    stroom: str
    subject: str

    @classmethod
    def of(cls, at: Position) -> Followed:
        """The stream of a position."""
        return cls(at.stream.gemeente, at.service, at.stream.kind, at.stream.id)

    @classmethod
    def holding(cls, envelope: Envelope) -> Followed:
        """The stream in which an event stands."""
        return cls(envelope.gemeente, envelope.service, envelope.stroom, envelope.subject)

    def at(self, sequence: int) -> Position:
        """The position of one of its events."""
        return Position(self.source, Stream(self.gemeente, self.stroom, self.subject), sequence)


@dataclass(slots=True)
class Sheet:
    """What the books say of some streams, kept up while a transaction works through their events."""

    last: dict[Followed, int] = field(default_factory=dict)
    """Sequence of the last event handled in each; 0 before the first."""
    parked: set[str] = field(default_factory=set)
    """Subjects whose lane is parked."""
    moved: dict[Followed, tuple[int, str]] = field(default_factory=dict)
    """Sequence and event id of what this transaction handled last in a stream."""

    def advance(self, stream: Followed, envelope: Envelope) -> None:
        """The event is handled in this transaction."""
        self.last[stream] = envelope.sequence
        self.moved[stream] = (envelope.sequence, envelope.id)


_READ = """
SELECT asked.n,
       (SELECT sequence FROM inbox
         WHERE consumer = %s AND gemeente = asked.gemeente AND source = asked.source
           AND stroom = asked.stroom AND subject = asked.subject),
       EXISTS (SELECT FROM parked WHERE consumer = %s AND lane = asked.subject)
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
       WITH ORDINALITY AS asked (gemeente, source, stroom, subject, n)
"""
# A checkpoint is text; as numbers it is compared, so that it never goes back.
_MARK = """
INSERT INTO checkpoints (consumer, source, cursor, updated_at)
SELECT %s, given.source, given.cursor, %s FROM unnest(%s::text[], %s::text[]) AS given (source, cursor)
    ON CONFLICT (consumer, source) DO UPDATE SET cursor = excluded.cursor, updated_at = excluded.updated_at
 WHERE string_to_array(checkpoints.cursor, '.')::bigint[] < string_to_array(excluded.cursor, '.')::bigint[]
"""
_MOVE = """
INSERT INTO inbox (consumer, gemeente, source, stroom, subject, sequence, event_id)
SELECT %s, given.* FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[]) AS given
    ON CONFLICT (consumer, gemeente, source, stroom, subject)
    DO UPDATE SET sequence = excluded.sequence, event_id = excluded.event_id
 WHERE inbox.sequence < excluded.sequence
"""
# Sent along with the commit, so that nobody waits for its answer: it counts itself, and undoes the transaction where it
# moved less than it should. (What another instance did meanwhile fails by itself already, in one snapshot throughout.)
_ALL_MOVED = f"moved AS ({_MOVE} RETURNING 1) SELECT 1 / (count(*) = %s)::int FROM moved"  # noqa: S608  # constants
_MOVE_ALL = f"WITH {_ALL_MOVED}"
_MARK_AND_MOVE_ALL = f"WITH marked AS ({_MARK}), {_ALL_MOVED}"


def read(conn: Connection, books: Books, streams: Iterable[Followed]) -> Sheet:
    """What the books say of these streams, as this transaction sees them."""
    asked = list(dict.fromkeys(streams))
    if conn.dialect.name != "postgresql":
        return _one_by_one(conn, books, asked)
    columns = [list(column) for column in zip(*asked, strict=True)]
    rows = conn.exec_driver_sql(_READ, (books.consumer, books.consumer, *columns)).all() if asked else ()
    sheet = Sheet()
    for n, last, held in rows:
        stream = asked[n - 1]
        sheet.last[stream] = last or 0
        if held:
            sheet.parked.add(stream.subject)
    return sheet


def write(conn: Connection, books: Books, sheet: Sheet, marks: Mapping[str, Cursor], now: datetime) -> None:
    """Record how far the streams of a sheet got, and move checkpoints forward.

    What was read of a stream must still hold: a transaction that sees one moment throughout fails where another
    instance of the consumer was first; on PostgreSQL that shows at its commit, with which this goes along.

    Raises:
        Conflict: another instance of this consumer was first.
    """
    if conn.dialect.name != "postgresql":
        _write_one_by_one(conn, books, sheet, marks, now)
        return
    # In one order, so that two instances do not wait for each other.
    rows = sorted((*stream, *reached) for stream, reached in sheet.moved.items())
    marked = (books.consumer, now, list(marks), [str(cursor) for cursor in marks.values()])
    moved = (books.consumer, *(list(column) for column in zip(*rows, strict=True)), len(rows))
    if rows and marks:
        send_along(conn, _MARK_AND_MOVE_ALL, (*marked, *moved))
    elif rows:
        send_along(conn, _MOVE_ALL, moved)
    elif marks:
        send_along(conn, _MARK, marked)


def _one_by_one(conn: Connection, books: Books, streams: Iterable[Followed]) -> Sheet:
    sheet = Sheet()
    for stream in streams:
        standing = books.standing(conn, stream.at(1))
        sheet.last[stream] = standing.last
        if standing.parked:
            sheet.parked.add(stream.subject)
    return sheet


def _write_one_by_one(conn: Connection, books: Books, sheet: Sheet, marks: Mapping[str, Cursor], now: datetime) -> None:
    for stream, (sequence, event_id) in sheet.moved.items():
        books.advance(conn, stream.at(sequence), event_id)
    for source, cursor in marks.items():
        books.set_checkpoint(conn, source, cursor, now)
