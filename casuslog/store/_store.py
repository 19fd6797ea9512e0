"""The store of one service."""

from __future__ import annotations

import contextlib
import functools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError

from casuslog._sessions import Sessions
from casuslog.clock import Clock
from casuslog.codec import Codec
from casuslog.envelope import Stream
from casuslog.errors import Conflict, KeyReused
from casuslog.events import Fact
from casuslog.recorded import START, Context, Cursor, StoredEvent
from casuslog.store import _commands, _era, _grouped, _reader, _shared, _verify
from casuslog.store._alone import Alone, Appended
from casuslog.store._append import LostRace, conflict, head_of
from casuslog.store._at_once import AtOnce
from casuslog.store._commands import Command
from casuslog.store._engine import (
    ensure_committable,
    for_reading,
    for_writing,
    gate_of,
    make_engine,
    may_retry,
    translated,
)
from casuslog.store._horizon import Horizon, HorizonWatch
from casuslog.store._import import PART, History, Imported, Importer
from casuslog.store._making import Writer
from casuslog.store._migrate import prepared
from casuslog.store._reader import Gemeenten
from casuslog.store._single import single
from casuslog.store._transaction import Transaction
from casuslog.store._verify import ChainBreak

R = TypeVar("R")

BACKOFF_SECONDS = 0.01
"""The first wait after a lost race is at most this; each next one at most twice as long, up to a limit."""
BACKOFF_LIMIT_SECONDS = 0.5


class EventStore:
    """Append-only events of one service, per gemeente and stream, and the log of them all in an order that holds.

    Made by :meth:`open`. Safe to share between threads or greenthreads.
    """

    def __init__(self, engine: Engine, writer: Writer, *, grouped: bool = True) -> None:
        self.service = writer.service
        self.engine = engine
        self.codec = writer.codec
        self._writer = writer
        self._writing = for_writing(engine)
        self._reads = for_reading(engine)
        self._gate = gate_of(engine)
        self._watch = HorizonWatch()
        self._listeners: list[Callable[[], None]] = []
        self.appended = 0
        """Events that were appended through this store, as far as their transaction was kept."""
        self._sessions: tuple[Sessions, ...] = ()
        self._alone = self._for_alone(grouped) if engine.dialect.name == "postgresql" else None
        self.at_once = AtOnce(self._sessions, writer, self._gate, self._began) if self._sessions else None
        """Statements that are a transaction of their own; ``None`` on SQLite, where that saves nothing."""

    @classmethod
    def open(
        cls,
        url: str,
        service: str,
        *,
        codec: Codec,
        clock: Clock,
        oin_of: Callable[[str], str],
        tables: MetaData | None = None,
        grouped: bool = True,
    ) -> Self:
        """Open the store of a service: its tables are made or brought up to date, and its era is checked.

        Args:
            url: ``postgresql://...`` (schema named after the service), ``sqlite:///<file>``, or
                ``sqlite:///<folder>/`` (file named after the service).
            service: name of the service; it stands in the ``source`` of its events.
            codec: makes and reads bodies.
            clock: tells when an event is logged, and what day it is.
            oin_of: the OIN of a gemeente by its code.
            tables: the service's own tables (read models); those that are missing are made.
            grouped: whether appends of this process that come at the same moment may share a statement and a commit.

        Raises:
            StoreError: the era does not fit the server (see :meth:`open_era`), or the database is of another service.
            Unavailable: the database is away.
        """
        engine = make_engine(url, service)
        try:
            with prepared(engine, service, tables) as conn:
                _era.check_or_begin(conn, service, clock)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, Writer(service, codec, clock, oin_of), grouped=grouped)

    @staticmethod
    def open_era(url: str, service: str, *, reason: str, clock: Clock) -> int:
        """Open a new era after a restore or failover, with the service stopped; gives its number.

        On SQLite do this after putting back an older copy of the file, which cannot be noticed by itself.

        Raises:
            StoreError: the service still runs, or no reason is given.
        """
        engine = make_engine(url, service)
        try:
            with prepared(engine, service) as conn:
                return _era.open_next(conn, service, clock, reason)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Let go of all connections."""
        for sessions in self._sessions:
            sessions.close()
        self.engine.dispose()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that sees one moment throughout; on SQLite one at a time.

        Do nothing in it but database work: no publishing, no waiting. It is refused inside another one.

        Raises:
            Conflict: another transaction was first; try again in a new one (:meth:`run_transaction`).
            StoreError: a statement failed and its error was swallowed; nothing is kept.
            Unavailable: the database is away. Whether a commit came through is then unknown; an idempotency key tells.
        """
        with translated(), self._gate.passed(), self._writing.connect() as conn:
            try:
                with conn.begin():
                    tx = Transaction(conn, self._writer)
                    yield tx
                    tx.flush()
                    ensure_committable(conn)
            except LostRace as lost:
                raise _completed(conn, lost) from lost
            except DBAPIError as error:
                if may_retry(error):
                    raise LostRace("Een andere transactie was eerder. Probeer het opnieuw.") from error
                raise
        if tx.appended:
            self.appended += tx.appended
            self._wake()

    def append(
        self,
        stream: Stream,
        expected: int,
        facts: Sequence[Fact],
        context: Context,
        *,
        command: Command | None = None,
    ) -> Appended:
        """Append facts in a transaction of their own, with the answer to their command; once, however often it comes.

        The quickest way where nothing else has to commit with them: on PostgreSQL a single statement. What must be
        read for the decision is read before; ``expected`` holds it to that.

        Args:
            stream, expected, facts, context: as in :meth:`Transaction.append`.
            command: the key under which its answer is kept.

        Returns:
            The events and the answer; those of before when the command was carried out already.

        Raises:
            Conflict: the stream is at another version; read and decide anew.
            KeyReused: the key of the command was used for another body.
            InvalidInput, ValueError: as in :meth:`Transaction.append`.
            Unavailable: the database is away. Whether it was kept is then unknown; the key of the command tells.
        """
        if self._alone is None or not facts:
            return self._append_in_transaction(stream, expected, facts, context, command)
        with self._gate.passed():
            appended = self._alone.append(stream, expected, facts, context, command)
        if appended.events:
            self.appended += len(appended.events)
            self._wake()
        return appended

    def import_history(self, histories: Iterable[History], *, part: int = PART) -> Imported:
        """Bring in what happened before it was recorded here: each event marked ``geimporteerd``, so nobody reacts.

        Everything else is as in an append: checked, encrypted under keys of its own, chained, numbered without gaps,
        and never skipped by who follows the log. In parts, each kept as a whole or not at all; done again, also after
        it was broken off, it goes on where it was. Quickest in a plain process (COPY); under eventlet it works too.

        Args:
            histories: one per stream. A longer one than before adds what is new at its end.
            part: events in one transaction, about. While one is open the log waits: keep it to a moment.

        Raises:
            Conflict: a stream holds events that were not imported, or another keeps importing the same.
            InvalidInput, ValueError: as in :meth:`Transaction.append`; the parts before are in.
            Unavailable: the database is away; do it again.
        """
        return Importer(self._writer, self.reading, self.transaction).run(histories, part)

    def _append_in_transaction(
        self, stream: Stream, expected: int, facts: Sequence[Fact], context: Context, command: Command | None
    ) -> Appended:
        with self.transaction() as tx:
            if command is None:
                return Appended(tx.append(stream, expected, facts, context))
            earlier = _commands.answered(tx.conn, self.service, stream.gemeente, command)
            if earlier is not None:
                return Appended((), earlier, repeated=True)
            events = tx.append(stream, expected, facts, context)
            answer = command.answer(events)
            tx.remember_command(stream.gemeente, command.caller, command.key, command.body_hash, answer)
            return Appended(events, answer)

    def _for_alone(self, grouped: bool) -> Alone:
        sessions = Sessions(self.engine)
        if not grouped:
            self._sessions = (sessions,)
            return Alone(functools.partial(single, sessions, self.service), self._writer, self.reading)
        together = Sessions(self.engine, _shared.settings(_grouped.LOCK_MILLISECONDS))
        self._sessions = (sessions, together)
        return Alone(_grouped.Grouped(sessions, together, self.service).rows, self._writer, self.reading)

    def _began(self, events: int) -> None:
        self.appended += events
        self._wake()

    def _wake(self) -> None:
        for wake in self._listeners:
            wake()

    def when_appended(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` after each commit in this process that appended events: look at once, not at a next poll."""
        self._listeners.append(wake)

    def run_transaction(self, fn: Callable[[Transaction], R], *, attempts: int = 5) -> R:
        """Do ``fn`` in a transaction, anew in a new one when another was first, after a short random wait.

        ``fn`` must read what it decides upon through its transaction. A :class:`Conflict` that it raises itself counts
        as a lost race too; a :class:`KeyReused` does not.

        Raises:
            Conflict: another was first every time.
        """
        for attempt in range(attempts - 1):
            try:
                with self.transaction() as tx:
                    return fn(tx)
            except KeyReused:
                raise
            except Conflict:
                longest = min(BACKOFF_LIMIT_SECONDS, BACKOFF_SECONDS * 2**attempt)
                time.sleep(random.uniform(0, longest))  # noqa: S311  # no secret
        with self.transaction() as tx:
            return fn(tx)

    def read_stream(self, stream: Stream, *, after: int = 0, limit: int | None = None) -> Iterator[StoredEvent]:
        """The committed events of a stream after a version, in order; read in pages."""

        def page(since: int, size: int) -> list[StoredEvent]:
            with self.reading() as conn:
                return _reader.stream_page(conn, stream, since, size)

        return _reader.paged(page, after, limit)

    def read_log(
        self, gemeenten: Gemeenten, *, after: Cursor = START, limit: int = 500, chained: bool = True
    ) -> list[StoredEvent]:
        """At most ``limit`` events after a cursor, in the order of the log: only what is final, skipping nothing.

        Read on from the cursor of the last one. An empty list means: nothing more for now.
        ``chained``: with their links in the chain, which a projection has no use for.
        """
        with self.reading() as conn:
            return _reader.log_page(conn, gemeenten, after, limit, chained=chained)

    def head(self, gemeenten: Gemeenten) -> Cursor:
        """The cursor of the last final event, or the start when there is none."""
        with self.reading() as conn:
            return _reader.last_final(conn, gemeenten)

    def version(self, stream: Stream) -> int:
        """The committed version of a stream; 0 when it does not exist."""
        with self.reading() as conn:
            return head_of(conn, stream).version

    def horizon(self) -> Horizon:
        """How long the log has been held up, and by whom. Alarm on its ``lag``."""
        with self.reading() as conn:
            return self._watch.look(conn)

    def verify(self, gemeenten: Gemeenten, stream: Stream | None = None) -> Iterator[ChainBreak]:
        """Recompute the hash chain; every event that is not as it was appended."""
        return _verify.breaks(self.reading, gemeenten, stream)

    def forget_commands(self, gemeenten: Gemeenten, *, before: datetime) -> int:
        """Forget the answers to commands of before a moment; how many. Their keys are then as new."""
        asked = _reader.scope(gemeenten)
        return self.run_transaction(lambda tx: _commands.forget(tx.conn, asked, before))

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for single reads, each its own transaction: for whoever answers a caller or tells how it stands.

        Raises:
            Unavailable: the database is away or too busy.
        """
        with translated(), self._reads.connect() as conn:
            yield conn


def _completed(conn: Connection, lost: LostRace) -> LostRace:
    """The conflict with the present version of its stream, which can be read now that the transaction is over."""
    if lost.stream is None or lost.expected is None:
        return lost
    with conn.begin():
        return conflict(lost.stream, lost.expected, head_of(conn, lost.stream).version)
