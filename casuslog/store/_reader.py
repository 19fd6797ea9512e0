"""Reading: a stream by version, the log by cursor. Nothing that is committed is ever skipped, nothing loaded whole.

Numbers are handed out at INSERT and become visible at COMMIT, so a reader behind the last number it saw misses what
commits late. The log is therefore read in the order of transactions and only up to the oldest one still open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, literal, literal_column, select, tuple_

from casuslog.envelope import Envelope, Stream
from casuslog.errors import InvalidInput
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.store._append import of_stream
from casuslog.store.tables import current_era, events

PAGE = 500


class Everyone(Enum):
    """The type of :data:`EVERY_GEMEENTE`."""

    EVERY_GEMEENTE = "every gemeente"


EVERY_GEMEENTE: Final = Everyone.EVERY_GEMEENTE
"""The only way to read across tenants; for relay, feed and verify."""

Gemeenten = Collection[str] | Literal[Everyone.EVERY_GEMEENTE]
"""Whose events: gemeentecodes, or :data:`EVERY_GEMEENTE`."""


_COLUMNS = (
    events.c.envelope,
    events.c.body,
    events.c.hash,
    events.c.prev_hash,
    events.c.era,
    events.c.xid,
    events.c.position,
)
_HORIZON = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
_PLACE = tuple_(events.c.era, events.c.xid, events.c.position)


def scope(gemeenten: Gemeenten) -> frozenset[str] | None:
    """The gemeenten asked for; ``None`` is every one.

    Raises:
        InvalidInput: none was named.
        TypeError: one text was given where a collection is due.
    """
    if gemeenten is EVERY_GEMEENTE:
        return None
    if isinstance(gemeenten, str):
        raise TypeError("give a collection of gemeentecodes, or EVERY_GEMEENTE")
    if not gemeenten:
        raise InvalidInput("Noem ten minste een gemeente.")
    return frozenset(gemeenten)


def in_scope(asked: frozenset[str] | None) -> list[ColumnElement[bool]]:
    """The predicate of a scope."""
    return [] if asked is None else [events.c.gemeente.in_(sorted(asked))]


def stream_page(conn: Connection, stream: Stream, after: int, limit: int) -> list[StoredEvent]:
    """At most ``limit`` events of a stream after a version, in order."""
    if not stream.gemeente:
        raise InvalidInput("Een stroom heeft een eigenaar: noem de gemeente.")
    query = select(*_COLUMNS).where(*of_stream(stream), events.c.version > after)
    return [stored(row) for row in conn.execute(query.order_by(events.c.version).limit(limit))]


def log_page(conn: Connection, gemeenten: Gemeenten, after: Cursor, limit: int) -> list[StoredEvent]:
    """At most ``limit`` final events after a cursor, in the order of the log."""
    start = tuple_(literal(after.era), literal(after.xid), literal(after.position))
    query = _final(select(*_COLUMNS), conn).where(*in_scope(scope(gemeenten)), start < _PLACE)
    return [stored(row) for row in conn.execute(_in_order(query).limit(limit))]


def last_final(conn: Connection, gemeenten: Gemeenten) -> Cursor:
    """The cursor of the last final event, or the start."""
    query = _final(select(events.c.era, events.c.xid, events.c.position), conn).where(*in_scope(scope(gemeenten)))
    row = conn.execute(
        query.order_by(events.c.era.desc(), events.c.xid.desc(), events.c.position.desc()).limit(1)
    ).first()
    return Cursor(*row) if row else START


def stored(row: Any) -> StoredEvent:
    """The event of a row."""
    return StoredEvent(
        envelope=Envelope.from_attributes(json.loads(row.envelope)),
        body=bytes(row.body),
        hash=bytes(row.hash),
        prev_hash=bytes(row.prev_hash),
        cursor=Cursor(row.era, row.xid, row.position),
    )


def paged(page: Callable[[int, int], list[StoredEvent]], after: int, limit: int | None) -> Iterator[StoredEvent]:
    """All pages of a stream, one at a time: ``page(after, size)`` reads the next."""
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        found = page(after, size)
        yield from found
        if len(found) < size:
            return
        after = found[-1].envelope.sequence
        left = None if left is None else left - size


def _final(query: Select[Any], conn: Connection) -> Select[Any]:
    # SQLite has one writer at a time: what is visible is final. On PostgreSQL a transaction below the horizon of this
    # very statement is over, and seen; earlier eras are over altogether.
    if conn.dialect.name != "postgresql":
        return query
    return query.where(tuple_(events.c.era, events.c.xid) < tuple_(current_era, _HORIZON))


def _in_order(query: Select[Any]) -> Select[Any]:
    return query.order_by(events.c.era, events.c.xid, events.c.position)
