"""Where a consumer stands with many streams at once, and that it got further: a statement each, however many.

On PostgreSQL a round trip and a plan cost more than the rows they are about; in SQLite there is no round trip, and the
books are asked stream by stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from casuslog.consume.books import Books
from casuslog.envelope import Envelope, Position, Stream
from casuslog.recorded import Cursor
from casuslog.store import prepared, send_along


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
    assumed: dict[Followed, int] = field(default_factory=dict)
    """What was not read but remembered: how far each of these streams was at least, in a lane that is not parked."""

    def advance(self, stream: Followed, envelope: Envelope) -> None:
        """The event is handled in this transaction."""
        self.last[stream] = envelope.sequence
        self.moved[stream] = (envelope.sequence, envelope.id)

    def open_lanes(self) -> dict[Followed, int]:
        """How far the streams are, of which the lane is not parked."""
        return {stream: last for stream, last in self.last.items() if stream.subject not in self.parked}


# Each is looked up by itself, by a whole key: a plan made on an empty table is then right on a large one too.
_READ = """
PREPARE casuslog_books_read (text, text[], text[], text[], text[]) AS
SELECT asked.n,
       (SELECT sequence FROM inbox
         WHERE consumer = $1 AND gemeente = asked.gemeente AND source = asked.source
           AND stroom = asked.stroom AND subject = asked.subject),
       (SELECT n FROM parked WHERE consumer = $1 AND lane = asked.subject LIMIT 1) IS NOT NULL
  FROM unnest($2, $3, $4, $5) WITH ORDINALITY AS asked (gemeente, source, stroom, subject, n)
"""
_DO_READ = "EXECUTE casuslog_books_read (%s, %s::text[], %s::text[], %s::text[], %s::text[])"
# It is sent along with the commit, so that nobody waits for its answer: it counts itself, and undoes the transaction
# where it moved less than it should, or what was remembered instead of read does not hold. (What another instance did
# meanwhile fails by itself already, in one snapshot throughout.) A checkpoint is text; as numbers it is compared, so
# that it never goes back.
_MOVE = """
PREPARE casuslog_books_move (text, timestamptz, text[], text[], text[], text[], text[], text[], int[], text[],
                             text[], text[], text[], text[], int[]) AS
WITH marked AS (
    INSERT INTO checkpoints (consumer, source, cursor, updated_at)
    SELECT $1, given.source, given.cursor, $2 FROM unnest($3, $4) AS given (source, cursor)
        ON CONFLICT (consumer, source) DO UPDATE SET cursor = excluded.cursor, updated_at = excluded.updated_at
     WHERE string_to_array(checkpoints.cursor, '.')::bigint[] < string_to_array(excluded.cursor, '.')::bigint[]),
moved AS (
    INSERT INTO inbox (consumer, gemeente, source, stroom, subject, sequence, event_id)
    SELECT $1, given.* FROM unnest($5, $6, $7, $8, $9, $10) AS given
        ON CONFLICT (consumer, gemeente, source, stroom, subject)
        DO UPDATE SET sequence = excluded.sequence, event_id = excluded.event_id
     WHERE inbox.sequence < excluded.sequence
    RETURNING 1),
held AS (
    SELECT 1 FROM unnest($11, $12, $13, $14, $15) AS assumed (gemeente, source, stroom, subject, last)
     WHERE (SELECT sequence FROM inbox
             WHERE consumer = $1 AND gemeente = assumed.gemeente AND source = assumed.source
               AND stroom = assumed.stroom AND subject = assumed.subject) >= assumed.last
       AND (SELECT n FROM parked WHERE consumer = $1 AND lane = assumed.subject LIMIT 1) IS NULL)
SELECT 1 / ((SELECT count(*) FROM moved) = cardinality($5) AND (SELECT count(*) FROM held) = cardinality($11))::int
"""
_MARKED, _MOVED = ("%s::text[]", "%s::text[]"), (*("%s::text[]",) * 4, "%s::int[]", "%s::text[]")
_ASSUMED = (*("%s::text[]",) * 4, "%s::int[]")
# Planned once, by keys: left to itself PostgreSQL takes a plan for unknown arrays to be worse than a new one each time,
# and making that costs three times what running it does. It is the last of its transaction.
_DO_MOVE = f"""
SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
EXECUTE casuslog_books_move ({", ".join(("%s", "%s", *_MARKED, *_MOVED, *_ASSUMED))})"""


def read(conn: Connection, books: Books, streams: Iterable[Followed]) -> Sheet:
    """What the books say of these streams, as this transaction sees them."""
    asked = list(dict.fromkeys(streams))
    if conn.dialect.name != "postgresql":
        return _one_by_one(conn, books, asked)
    sheet = Sheet()
    prepared(conn, "casuslog_books_read", _READ)
    rows = conn.exec_driver_sql(_DO_READ, (books.consumer, *_columns(asked, 4))).all() if asked else ()
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
    if not sheet.moved and not marks:
        return
    # In one order, so that two instances do not wait for each other.
    moved = sorted((*stream, *reached) for stream, reached in sheet.moved.items())
    assumed = [(*stream, last) for stream, last in sheet.assumed.items()]
    marked = ([*marks], [str(cursor) for cursor in marks.values()])
    prepared(conn, "casuslog_books_move", _MOVE)
    send_along(conn, _DO_MOVE, (books.consumer, now, *marked, *_columns(moved, 6), *_columns(assumed, 5)))


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


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
