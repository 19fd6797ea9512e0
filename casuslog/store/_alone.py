"""An append that is a transaction of its own: on PostgreSQL one statement and one round trip.

At READ COMMITTED the statement's snapshot is taken before its transaction gets an id, and what was decided upon must be
in that snapshot: so it sorts after what it follows, as the log promises (docs/adr/0011).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from casuslog.envelope import Stream
from casuslog.events import Fact
from casuslog.recorded import Context, StoredEvent
from casuslog.store import _commands
from casuslog.store._append import EMPTY, Head, LostRace, conflict, head_of, kept
from casuslog.store._commands import Command
from casuslog.store._making import Made, Writer

_TRIES = 3
HEADS = 20_000
"""Streams of which the head is remembered, before all are dropped: a bound on memory."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What came of an append. ``repeated``: its command was carried out before; then nothing was appended now."""

    events: Sequence[StoredEvent]
    answer: Mapping[str, Any] | None = None
    repeated: bool = False


Rows = Callable[[Sequence[Made], Command | None, Mapping[str, Any] | None], list[Any]]
"""Keeps events with the answer to their command, and gives their rows: none where the append was refused."""


class Alone:
    """Appends in one statement, for a store on PostgreSQL.

    It remembers where streams end, for the next event carries the hash of the last. A memory that has become false
    shows: the statement itself looks whether the stream still ends there.
    """

    def __init__(self, rows: Rows, writer: Writer, reading: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._rows = rows
        self._writer = writer
        self._reading = reading
        self._heads: dict[Stream, Head] = {}

    def append(
        self, stream: Stream, expected: int, facts: Sequence[Fact], context: Context, command: Command | None
    ) -> Appended:
        """See :meth:`casuslog.store.EventStore.append`."""
        head = self._known(stream, expected)
        for _ in range(_TRIES):
            appended = None if head is None else self._tried(stream, head, facts, context, command)
            if appended is not None:
                return appended
            with self._reading() as conn:
                head = head_of(conn, stream)
                # After the head: a stream that this very command has moved on, once, holds its answer by then.
                earlier = self._answered(conn, stream, command) if command else None
            if earlier is not None:
                return Appended((), earlier, repeated=True)
            if head.version != expected:
                raise conflict(stream, expected, head.version)
        raise LostRace("Een andere transactie was eerder. Probeer het opnieuw.")

    def _tried(
        self, stream: Stream, head: Head, facts: Sequence[Fact], context: Context, command: Command | None
    ) -> Appended | None:
        """What came of it; ``None`` when the stream does not end at ``head``, or the key of the command was used."""
        made = self._writer.make(stream, head.version, facts, context, head.hash)
        answer = None if command is None else command.answer([one.kept_at(None) for one in made])
        rows = self._rows(made, command, answer)
        if not rows:
            return None
        self._remember(stream, Head(made[-1].envelope.sequence, made[-1].hash))
        return Appended(kept(made, rows), answer)

    def _answered(self, conn: Connection, stream: Stream, command: Command) -> Mapping[str, Any] | None:
        return _commands.answered(conn, self._writer.service, stream.gemeente, command)

    def _known(self, stream: Stream, version: int) -> Head | None:
        head = self._heads.get(stream) if version else EMPTY
        return head if head is not None and head.version == version else None

    def _remember(self, stream: Stream, head: Head) -> None:
        if len(self._heads) >= HEADS:
            self._heads.clear()
        self._heads[stream] = head
