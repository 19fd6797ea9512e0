"""A transaction: what a command or a handler may do, all of which commits together or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from casuslog.envelope import Stream
from casuslog.errors import StoreError
from casuslog.events import Fact
from casuslog.recorded import Aggregate, Context, StoredEvent
from casuslog.store import _commands
from casuslog.store._append import EMPTY, Head, KeyTaken, LostRace, conflict, head_of, insert_all, insert_many
from casuslog.store._making import Made, Writer
from casuslog.store._reader import paged, stream_page

S = TypeVar("S")

FOLDING = "toestand"
"""The purpose (doelbinding) under which a service reads its own events to know where a casus stands."""


class Transaction:
    """One open transaction."""

    def __init__(self, conn: Connection, writer: Writer) -> None:
        self.aside = conn
        """Its connection for tables that no append writes, such as read models: what was gathered may wait meanwhile.
        Begin no savepoint on it."""
        self.appended = 0
        """How many events were appended."""
        self._writer = writer
        self._heads: dict[Stream, tuple[Any, Head, StoredEvent | None]] = {}
        self._gathers = False
        self._gathered: list[Made] = []
        self._waiting: set[Stream] = set()

    @property
    def conn(self) -> Connection:
        """Its connection, for whatever else belongs to the transaction; all that was appended is there."""
        self.flush()
        return self.aside

    def gather(self) -> None:
        """From here on write what is appended in one go: when it is asked for, and at the latest before the commit.

        For who handles many events in one transaction: on PostgreSQL a statement each is a third of the time. What
        :meth:`append` returns has no cursor then, and that another was first shows when it is written.
        """
        self._gathers = self.aside.dialect.name == "postgresql"

    def flush(self) -> None:
        """Write what was gathered.

        Raises:
            Conflict: another transaction was first with one of these streams.
            StoreError: a savepoint was begun past :attr:`conn`: what it undid would take along what came before it.
        """
        if not self._gathered:
            return
        if self.aside.get_nested_transaction() is not None:
            raise StoreError("Een savepoint begint op `tx.conn`, zodat er niets meer te schrijven is van ervoor.")
        made, self._gathered = self._gathered, []
        self._waiting.clear()
        try:
            insert_many(self.aside, made)
        except KeyTaken as taken:
            raise LostRace("Een andere transactie was eerder. Lees opnieuw en beslis opnieuw.") from taken

    def load(self, aggregate: Aggregate[S], stream: Stream, *, purpose: str = FOLDING) -> tuple[S, int]:
        """The folded state of a stream and its version (0 and the empty state when it does not exist).

        Raises:
            ValueError: the stream is of another kind than the aggregate.
        """
        if stream.kind != aggregate.kind:
            raise ValueError(f"a stream of kind {stream.kind!r} is no {aggregate.kind!r}")
        state, head, last = aggregate.initial, EMPTY, None
        for event in self._writer.codec.decode_many(self.read_stream(stream), purpose=purpose):
            state = aggregate.evolve(state, event.fact)
            last = event.stored
            if last is not None:
                head = Head(event.envelope.sequence, last.hash)
        self._remember(stream, head, last)
        return state, head.version

    def read_stream(self, stream: Stream, *, after: int = 0, limit: int | None = None) -> Iterator[StoredEvent]:
        """The events of a stream after a version, in order, as this transaction sees them; read in pages."""
        if stream in self._waiting:
            self.flush()
        return paged(lambda since, size: stream_page(self.aside, stream, since, size), after, limit)

    def append(self, stream: Stream, expected: int, facts: Sequence[Fact], context: Context) -> list[StoredEvent]:
        """Append facts to a stream, in one statement.

        Args:
            stream: where; its gemeente is the owner.
            expected: the version that was decided upon; 0 begins the stream.
            facts: what happened, in order. Nothing is written for none.
            context: who acted, what caused it. What a fact determines itself (``Fact.attributes``) goes before it.

        Returns:
            The events as kept, each with its cursor (not when they are gathered).

        Raises:
            Conflict: the stream is at another version (:func:`EventStore.run_transaction` decides anew).
            InvalidInput: the day of a fact lies in the future, or an envelope breaks the profile.
            ValueError: a fact determines an attribute that is not its to determine.
        """
        # The snapshot must itself hold what was decided upon. That also stops a transaction that took its id early: it
        # would sort before the event that it follows, and readers would see version 2 first. What this transaction
        # loaded it read from that snapshot, so it need not ask again. A first event follows nothing, and its key
        # refuses a second one.
        head = self._remembered(stream) or (head_of(self.conn, stream) if expected else EMPTY)
        if head.version != expected:
            raise conflict(stream, expected, head.version)
        made = self._writer.make(stream, expected, facts, context, head.hash)
        if not made:
            return []
        stored = self._inserted(stream, made)
        self._remember(stream, Head(stored[-1].envelope.sequence, stored[-1].hash), stored[-1])
        self.appended += len(stored)
        return stored

    def _inserted(self, stream: Stream, made: Sequence[Made]) -> list[StoredEvent]:
        if self._gathers and self.aside.get_nested_transaction() is None:
            self._gathered += made
            self._waiting.add(stream)
            return [one.kept_at(None) for one in made]
        try:
            return insert_all(self.conn, made)
        except KeyTaken as taken:
            raise conflict(stream, made[0].envelope.sequence - 1, None) from taken

    def last_event(self, stream: Stream, version: int) -> StoredEvent | None:
        """The event at a version of a stream; not asked for when this transaction loaded or wrote up to there."""
        savepoint, head, last = self._heads.get(stream, (None, None, None))
        if head is not None and head.version == version and savepoint is self.aside.get_nested_transaction():
            return last
        return next(self.read_stream(stream, after=version - 1, limit=1), None)

    def _remember(self, stream: Stream, head: Head, last: StoredEvent | None) -> None:
        # Good within the savepoint at hand only: what is rolled back takes its events along.
        self._heads[stream] = (self.aside.get_nested_transaction(), head, last)

    def _remembered(self, stream: Stream) -> Head | None:
        savepoint, head, _ = self._heads.get(stream, (None, None, None))
        return head if savepoint is self.aside.get_nested_transaction() else None

    def recall_command(self, gemeente: str, caller: str, key: str, body_hash: bytes) -> dict[str, Any] | None:
        """The answer that this idempotency key of this caller got before; ``None`` when it is new.

        Raises:
            KeyReused: the key was used for another body.
        """
        return _commands.recall(self.conn, self._writer.service, gemeente, caller, key, body_hash)

    def remember_command(
        self, gemeente: str, caller: str, key: str, body_hash: bytes, answer: Mapping[str, Any]
    ) -> None:
        """Keep the answer (JSON, references only) under the key, in this transaction.

        Raises:
            Conflict: the same command was carried out at the same time.
        """
        _commands.remember(
            self.conn,
            self._writer.clock.now(),
            answer,
            service=self._writer.service,
            gemeente=gemeente,
            caller=caller,
            key=key,
            body_hash=body_hash,
        )
