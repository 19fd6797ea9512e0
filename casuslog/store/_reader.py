"""Reading: a stream by version, the log by cursor. Nothing that is committed is ever skipped, nothing loaded whole.

Numbers are handed out at INSERT and become visible at COMMIT, so a reader behind the last number it saw misses what
commits late. The log is therefore read in the order of transactions and only up to the oldest one still open.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    asc,
    bindparam,
    desc,
    literal_column,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from casuslog.envelope import Envelope, Stream
from casuslog.errors import InvalidInput
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.store.tables import current_era, events

PAGE = 500


class Everyone(Enum):
    """The type of :data:`EVERY_GEMEENTE`."""

    EVERY_GEMEENTE = "every gemeente"


EVERY_GEMEENTE: Final = Everyone.EVERY_GEMEENTE
"""The only way to read across tenants; for relay, feed and verify."""

Gemeenten = Collection[str] | Literal[Everyone.EVERY_GEMEENTE]
"""Whose events: gemeentecodes, or :data:`EVERY_GEMEENTE`."""


_COLUMNS: tuple[ColumnElement[Any], ...] = (
    events.c.envelope,
    # As the driver gives them: what SQLAlchemy would make of them in between, of each, is made once below.
    *(
        type_coerce(column, NullType()).label(column.name)
        for column in (events.c.body, events.c.hash, events.c.prev_hash)
    ),
    events.c.era,
    events.c.xid,
    events.c.position,
    events.c.gemeente,
    events.c.stroom,
    events.c.subject,
    events.c.version,
    events.c.event_id,
    events.c.type,
)
_WITHOUT_CHAIN = tuple(column for column in _COLUMNS if column.name not in ("hash", "prev_hash"))
_HORIZON = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
_PLACE = (events.c.era, events.c.xid, events.c.position)
Direction = Callable[[Any], ColumnElement[Any]]


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


# Made once: building a statement costs more than sending it.
_STREAM_PAGE = (
    select(*_COLUMNS)
    .where(
        *(column == bindparam(column.name) for column in (events.c.gemeente, events.c.stroom, events.c.subject)),
        events.c.version > bindparam("after"),
    )
    .order_by(events.c.version)
    .limit(bindparam("size"))
)


def stream_page(conn: Connection, stream: Stream, after: int, limit: int) -> list[StoredEvent]:
    """At most ``limit`` events of a stream after a version, in order."""
    if not stream.gemeente:
        raise InvalidInput("Een stroom heeft een eigenaar: noem de gemeente.")
    asked = {"gemeente": stream.gemeente, "stroom": stream.kind, "subject": stream.id, "after": after, "size": limit}
    return _events(conn.execute(_STREAM_PAGE, asked).all())


def log_page(
    conn: Connection, gemeenten: Gemeenten, after: Cursor, limit: int, *, chained: bool = True
) -> list[StoredEvent]:
    """At most ``limit`` final events after a cursor, in the order of the log."""
    each = _each(gemeenten)
    query = _log_page(conn.dialect.name, None if each is None else len(each), chained)
    rows = conn.execute(query, {**_asked(each, after), "size": limit}).all()
    return _events(rows) if chained else _without_chain(rows)


def last_final(conn: Connection, gemeenten: Gemeenten) -> Cursor:
    """The cursor of the last final event, or the start."""
    each = _each(gemeenten)
    query = _last_final(conn.dialect.name, None if each is None else len(each))
    row = conn.execute(query, {**_asked(each, START), "size": 1}).first()
    return Cursor(*row) if row else START


def _events(rows: Iterable[Any]) -> list[StoredEvent]:
    """The events of rows of :data:`_COLUMNS`, in their order; their envelopes are opened when they are looked into."""
    unopened = Envelope.unopened
    return [
        StoredEvent(
            unopened(envelope, gemeente, stroom, subject, version, event_id, event_type),
            bytes(body),
            bytes(link),
            bytes(before),
            Cursor(era, xid, position),
        )
        for (
            envelope,
            body,
            link,
            before,
            era,
            xid,
            position,
            gemeente,
            stroom,
            subject,
            version,
            event_id,
            event_type,
        ) in rows
    ]


def _without_chain(rows: Iterable[Any]) -> list[StoredEvent]:
    unopened = Envelope.unopened
    return [
        StoredEvent(unopened(envelope, *beside), bytes(body), cursor=Cursor(era, xid, position))
        for envelope, body, era, xid, position, *beside in rows
    ]


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


def _each(gemeenten: Gemeenten) -> list[str] | None:
    asked = scope(gemeenten)
    return None if asked is None else sorted(asked)


def _asked(each: list[str] | None, after: Cursor) -> dict[str, Any]:
    place = {"after_era": after.era, "after_xid": after.xid, "after_position": after.position}
    return place if each is None else {**place, **{_name(number): one for number, one in enumerate(each)}}


def _name(number: int) -> str:
    return f"gemeente_{number}"


# Made once for each number of gemeenten: making such a statement takes longer than reading fifty events.
@functools.lru_cache(maxsize=64)
def _log_page(dialect: str, gemeenten: int | None, chained: bool) -> Select[Any]:
    columns = _COLUMNS if chained else _WITHOUT_CHAIN
    return _merged([_final(dialect, name, columns) for name in _names(gemeenten)], asc)


@functools.lru_cache(maxsize=64)
def _last_final(dialect: str, gemeenten: int | None) -> Select[Any]:
    return _merged([_final(dialect, name, _PLACE) for name in _names(gemeenten)], desc)


def _names(gemeenten: int | None) -> list[str | None]:
    return [None] if gemeenten is None else [_name(number) for number in range(gemeenten)]


def _final(dialect: str, gemeente: str | None, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """The final events of a gemeente (or of all) after a cursor; ``gemeente`` is the name of its parameter.

    The gemeente leads each comparison, though it is fixed: PostgreSQL estimates a comparison of rows by its first
    column, and would take the index of the whole log for a gemeente with few events in it.
    """
    key = [] if gemeente is None else [events.c.gemeente]
    own = [] if gemeente is None else [bindparam(gemeente, type_=events.c.gemeente.type)]
    start = tuple_(*own, *(bindparam(f"after_{column.name}", type_=column.type) for column in _PLACE))
    query = select(*columns).where(*(column == value for column, value in zip(key, own, strict=True)))
    query = query.where(start < tuple_(*key, *_PLACE))
    # SQLite has one writer at a time: what is visible is final. On PostgreSQL a transaction below the horizon of this
    # very statement is over, and seen; earlier eras are over altogether.
    if dialect != "postgresql":
        return query
    return query.where(tuple_(*key, events.c.era, events.c.xid) < tuple_(*own, current_era, _HORIZON))


def _merged(parts: list[Select[Any]], direction: Direction) -> Select[Any]:
    """One statement for all parts, for they must share one horizon; each goes along its own index."""
    size = bindparam("size", type_=Integer)
    ordered = [part.order_by(*map(direction, _PLACE)).limit(size) for part in parts]
    if len(ordered) == 1:
        return ordered[0]
    merged = union_all(*(select(part.subquery()) for part in ordered)).subquery()
    return select(merged).order_by(*(direction(merged.c[column.name]) for column in _PLACE)).limit(size)
