"""Appending within a transaction: the head of a stream, what follows it in one INSERT, and who was first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from casuslog._sessions import Prepared
from casuslog.envelope import Stream
from casuslog.errors import Conflict
from casuslog.recorded import Cursor, StoredEvent
from casuslog.store import _many, _statements
from casuslog.store._chain import GENESIS
from casuslog.store._making import Made
from casuslog.store.tables import events


class Head(NamedTuple):
    """Where a stream ends: its version and the hash of its last event."""

    version: int
    hash: bytes


EMPTY = Head(0, GENESIS)
"""The head of a stream that does not exist."""


class LostRace(Conflict):
    """Another transaction was first. The same act, decided anew in a new transaction, may well succeed."""

    stream: Stream | None = None
    """The stream whose present version is not known yet: the transaction has to end before it can be read."""


class KeyTaken(Exception):
    """The INSERT met a row with the same key: another transaction committed first."""


_STREAM = (events.c.gemeente, events.c.stroom, events.c.subject)
# Made once: building a statement costs more than sending it.
_HEAD = (
    select(events.c.version, events.c.hash)
    .where(*(column == bindparam(column.name) for column in _STREAM))
    .order_by(events.c.version.desc())
    .limit(1)
)
_INSERT_MANY = insert(events)
_INSERT = _INSERT_MANY.returning(events.c.version, events.c.era, events.c.xid, events.c.position)


def head_of(conn: Connection, stream: Stream) -> Head:
    """Where a stream ends as this transaction sees it."""
    row = conn.execute(_HEAD, {"gemeente": stream.gemeente, "stroom": stream.kind, "subject": stream.id}).first()
    return Head(row.version, bytes(row.hash)) if row else EMPTY


def of_stream(stream: Stream) -> tuple[Any, ...]:
    """The predicate of one stream; the gemeente is always part of it."""
    values = (stream.gemeente, stream.kind, stream.id)
    return tuple(column == value for column, value in zip(_STREAM, values, strict=True))


def conflict(stream: Stream, expected: int, actual: int | None) -> LostRace:
    """The error for a stream that is at another version; ``actual`` is ``None`` while that is not known."""
    stands = "niet meer" if actual is None else f"op versie {actual} en niet"
    error = LostRace(
        f"De stroom {stream.kind} staat {stands} op versie {expected}. Lees opnieuw en beslis opnieuw.",
        expected=expected,
        actual=actual,
    )
    error.stream = stream if actual is None else None
    return error


def insert_all(conn: Connection, made: Sequence[Made]) -> list[StoredEvent]:
    """Keep events of one stream in one statement; each with its cursor.

    Raises:
        KeyTaken: one of their versions is there already; the transaction is lost.
    """
    try:
        rows = _inserted(conn, made)
    except IntegrityError as error:
        if _is_stream_key(error):
            raise KeyTaken from error
        raise
    return kept(made, rows)


def insert_streams(conn: Connection, made: Sequence[Sequence[Made]]) -> None:
    """Keep events of many streams, whatever their cursors.

    Raises:
        KeyTaken: as in :func:`insert_all`.
    """
    insert_many(conn, [event for stream in made for event in stream])


def insert_many(conn: Connection, made: Sequence[Made]) -> None:
    """Keep events of many streams in their order, in one statement, whatever their cursors.

    Raises:
        KeyTaken: as in :func:`insert_all`.
    """
    try:
        if conn.dialect.name == "postgresql":
            _prepare(conn, _many.APPEND_MANY)
            conn.exec_driver_sql(_many.APPEND_MANY.execute, _many.columns(made))
        else:
            conn.execute(_INSERT_MANY, [row_of(event) for event in made])
    except IntegrityError as error:
        if _is_stream_key(error):
            raise KeyTaken from error
        raise


def kept(made: Sequence[Made], rows: Sequence[Any]) -> list[StoredEvent]:
    """The events as they stand in the store, from the rows (version, era, xid, position) that came back."""
    cursors = {version: Cursor(era, xid, position) for version, era, xid, position in rows}
    return [one.kept_at(cursors[one.envelope.sequence]) for one in made]


def row_of(event: Made) -> dict[str, Any]:
    """The columns of an event, but for those that the database fills."""
    envelope = event.envelope
    return {
        "gemeente": envelope.gemeente,
        "stroom": envelope.stroom,
        "subject": envelope.subject,
        "version": envelope.sequence,
        "event_id": envelope.id,
        "type": envelope.type,
        "envelope": event.text,
        "body": event.body,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
        "logged_at": envelope.time,
    }


def _inserted(conn: Connection, made: Sequence[Made]) -> Sequence[Any]:
    if conn.dialect.name != "postgresql":
        return conn.execute(_INSERT, [row_of(event) for event in made]).all()
    prepared = _statements.APPEND_ONE if len(made) == 1 else _statements.APPEND
    _prepare(conn, prepared)
    return conn.exec_driver_sql(prepared.execute, _statements.columns(made)).all()


def _prepare(conn: Connection, prepared: Prepared) -> None:
    # Kept with the connection of the driver, as the prepared statement is; a rollback undoes neither.
    known = conn.info.setdefault(_statements.PREPARED, set())
    if prepared.name not in known:
        conn.exec_driver_sql(prepared.prepare)
        known.add(prepared.name)


def _is_stream_key(error: IntegrityError) -> bool:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == "events_pkey")
    return "events.version" in str(error.orig)
