"""Bringing in a gemeente's history: the facts of years, encoded, encrypted and chained as if recorded one by one.

In parts, each a transaction of a moment: while one is open no reader of the server gets further. While one part is
written the next is being made. On PostgreSQL a part goes in by COPY; where the driver waits green (under eventlet) it
cannot, nor on SQLite: there by INSERT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from casuslog.envelope import Stream
from casuslog.errors import Conflict, Unavailable
from casuslog.events import Fact
from casuslog.recorded import Context
from casuslog.store._append import EMPTY, Head, KeyTaken, insert_streams
from casuslog.store._making import Made, Writer
from casuslog.store._transaction import Transaction
from casuslog.store.tables import current_era, current_xid, events

PART = 2_000
"""Events in a part, about: a stream is not divided."""
_TRIES = 3


class History(NamedTuple):
    """What happened in one stream before it was recorded here, in order, and who tells so."""

    stream: Stream
    facts: Sequence[Fact]
    context: Context


@dataclass(frozen=True, slots=True)
class Imported:
    """How many events came in, and how many were in already."""

    added: int = 0
    present: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(self.added + other.added, self.present + other.present)


class Importer:
    """Imports into one store."""

    def __init__(
        self,
        writer: Writer,
        reading: Callable[[], AbstractContextManager[Connection]],
        transaction: Callable[[], AbstractContextManager[Transaction]],
    ) -> None:
        self._writer = writer
        self._reading = reading
        self._transaction = transaction

    def run(self, histories: Iterable[History], part: int) -> Imported:
        """See :meth:`casuslog.store.EventStore.import_history`."""
        done = Imported()
        written: Future[Imported] | None = None
        with ThreadPoolExecutor(max_workers=1) as beside:
            for chosen in _parts(histories, part):
                made = self._made(chosen)
                if written is not None:
                    done += written.result()
                written = beside.submit(self._write, chosen, made)
            if written is not None:
                done += written.result()
        return done

    def _made(self, part: Sequence[History]) -> list[list[Made]]:
        """What is still to come in of a part, made; what is in already is passed over."""
        with self._reading() as conn:
            heads = _heads(conn, {history.stream: len(history.facts) for history in part})
        due = [(history, heads.get(history.stream, EMPTY)) for history in part]
        self._have_keys([history for history, head in due if head.version < len(history.facts)])
        return [made for history, head in due if (made := self._following(history, head))]

    def _have_keys(self, part: Iterable[History]) -> None:
        facts: dict[str, list[tuple[str, Fact]]] = {}
        for history in part:
            facts.setdefault(history.stream.gemeente, []).extend((history.stream.id, fact) for fact in history.facts)
        for gemeente, found in facts.items():
            self._writer.codec.have_keys(self._writer.service, gemeente, found)

    def _following(self, history: History, head: Head) -> list[Made]:
        context = replace(history.context, geimporteerd=True)
        left = history.facts[head.version :]
        return self._writer.make(history.stream, head.version, left, context, head.hash) if left else []

    def _write(self, part: Sequence[History], made: list[list[Made]]) -> Imported:
        for _ in range(_TRIES):
            # Another import of the same history may be at work: then this part is looked at anew.
            with suppress(_Overtaken):
                self._put(made)
                added = sum(map(len, made))
                return Imported(added, sum(len(history.facts) for history in part) - added)
            made = self._made(part)
        raise Conflict("Deze historie wordt tegelijk door een ander ingelezen. Begin opnieuw als die klaar is.")

    def _put(self, made: list[list[Made]]) -> None:
        if not made:
            return
        with self._transaction() as tx:
            try:
                _copied(tx.conn, made) if _can_copy(tx.conn) else insert_streams(tx.conn, made)
            except KeyTaken as taken:
                raise _Overtaken from taken
            tx.appended += sum(map(len, made))


class _Overtaken(Exception):
    """Events of this part came in by another way after it was looked at."""


def _parts(histories: Iterable[History], size: int) -> Iterator[list[History]]:
    part: list[History] = []
    events_in_part = 0
    for history in histories:
        part.append(history)
        events_in_part += len(history.facts)
        if events_in_part >= size:
            yield part
            part, events_in_part = [], 0
    if part:
        yield part


_OF_STREAM = (events.c.gemeente, events.c.stroom, events.c.subject)


def _heads(conn: Connection, lengths: dict[Stream, int]) -> dict[Stream, Head]:
    """Up to where each history is in already; a stream that is not there is left out.

    Raises:
        Conflict: what stands there was not imported. History does not go before what was recorded.
    """
    heads: dict[Stream, Head] = {}
    ends = _ends_at_once(conn, lengths) if conn.dialect.name == "postgresql" else _ends(conn, lengths)
    for gemeente, kind, subject, version, hash_, envelope in ends:
        if _IMPORTED not in envelope:
            raise Conflict(
                f"De stroom {kind} heeft al gebeurtenissen die niet zijn ingelezen; historie gaat daar niet voor."
            )
        heads[Stream(gemeente, kind, subject)] = Head(version, bytes(hash_))
    return heads


# A list of some hundred streams in a condition is held against every row of a table of which nothing is known yet: 150
# ms for a part. So each is looked up by itself, in the order of the primary key, which keeps the plan to that index.
_ENDS = """
SELECT asked.gemeente, asked.stroom, asked.subject, kept.version, kept.hash, kept.envelope
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS asked (gemeente, stroom, subject, length)
 CROSS JOIN LATERAL (
       SELECT e.version, e.hash, e.envelope FROM events e
        WHERE e.gemeente = asked.gemeente AND e.stroom = asked.stroom AND e.subject = asked.subject
          AND e.version <= asked.length
        ORDER BY e.gemeente DESC, e.stroom DESC, e.subject DESC, e.version DESC LIMIT 1) AS kept
"""


def _ends_at_once(conn: Connection, lengths: dict[Stream, int]) -> Iterable[Any]:
    asked = [(one.gemeente, one.kind, one.id, length) for one, length in lengths.items()]
    return conn.exec_driver_sql(_ENDS, tuple(list(column) for column in zip(*asked, strict=True)))


def _ends(conn: Connection, lengths: dict[Stream, int]) -> Iterable[Any]:
    """On SQLite: of each stream that is there its last event, or the one with which its history ends."""
    of_streams = tuple_(*_OF_STREAM).in_([(one.gemeente, one.kind, one.id) for one in lengths])
    last = select(*_OF_STREAM, func.max(events.c.version)).where(of_streams).group_by(*_OF_STREAM)
    wanted = [
        (gemeente, kind, subject, min(version, lengths[Stream(gemeente, kind, subject)]))
        for gemeente, kind, subject, version in conn.execute(last)
    ]
    found = select(*_OF_STREAM, events.c.version, events.c.hash, events.c.envelope)
    return conn.execute(found.where(tuple_(*_OF_STREAM, events.c.version).in_(wanted)))


_IMPORTED = '"geimporteerd":"true"'
"""As it stands in the canonical text of an envelope; no value can hold it, for quotes in values are escaped."""


def _can_copy(conn: Connection) -> bool:
    driver: Any = conn.dialect.loaded_dbapi
    return conn.dialect.name == "postgresql" and driver.extensions.get_wait_callback() is None


_COPY = """COPY events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                    logged_at) FROM STDIN"""


def _copied(conn: Connection, made: Iterable[Sequence[Made]]) -> None:
    driver: Any = conn.dialect.loaded_dbapi
    era, xid = conn.execute(select(current_era, current_xid())).one()
    text = "".join([_line(one, era, xid) for stream in made for one in stream])
    try:
        raw: Any = conn.connection.dbapi_connection
        with raw.cursor() as cursor:
            cursor.copy_expert(_COPY, StringIO(text))
    except driver.IntegrityError as error:
        if error.diag.constraint_name == "events_pkey":
            raise KeyTaken from error
        raise
    except (driver.OperationalError, driver.InterfaceError) as error:
        conn.invalidate(error)
        raise Unavailable(
            "De database antwoordt niet. Lees de historie opnieuw in: wat erin is, blijft erin."
        ) from error


def _line(one: Made, era: int, xid: int) -> str:
    """A row in the text format of COPY. JSON holds no bare tab or line end; only its backslashes need care."""
    e = one.envelope
    text = one.text.replace("\\", "\\\\")
    return (
        f"{e.gemeente}\t{e.stroom}\t{e.subject}\t{e.sequence}\t{era}\t{xid}\t{e.id}\t{e.type}\t{text}\t"
        f"\\\\x{one.body.hex()}\t\\\\x{one.prev_hash.hex()}\t\\\\x{one.hash.hex()}\t{e.time.isoformat()}\n"
    )
