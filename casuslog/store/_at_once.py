"""A stream that begins, in one statement: its events, the answer to its command, and rows of read models beside them.

For who decided on a subject that did not exist before. Nothing can have been written to it meanwhile, so there is no
head to follow; on PostgreSQL the one statement is the whole transaction. It goes at READ COMMITTED, where the snapshot
of a statement comes before the id of its transaction, as docs/adr/0011 asks. Streams that callers of one process begin
at the same moment go in one statement, each by its own guard and with its own outcome, as appends do (docs/adr/0017).
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from casuslog._company import Company
from casuslog._sessions import Prepared, Sessions
from casuslog.envelope import Envelope, Stream
from casuslog.events import Fact
from casuslog.recorded import Context
from casuslog.store import _shared
from casuslog.store._alone import Appended
from casuslog.store._append import EMPTY, kept
from casuslog.store._commands import Command
from casuslog.store._engine import Gate
from casuslog.store._making import Made, Writer

_BEGIN = """
WITH appended AS (
    INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                        logged_at)
    SELECT $1, $2, $3, made.n, (SELECT era FROM eras ORDER BY era DESC LIMIT 1), pg_current_xact_id()::text::bigint,
           made.event_id, made.type, made.envelope, made.body, made.prev_hash, made.hash, $4
      FROM unnest($5, $6, $7, $8, $9, $10)
           WITH ORDINALITY AS made (event_id, type, envelope, body, prev_hash, hash, n)
     WHERE {holds}
     ORDER BY made.n
    RETURNING version, era, xid, position),
remembered AS (
    INSERT INTO commands (gemeente, service, caller, key, body_hash, answer, created_at)
    SELECT $1, $11, $12, $13, $14, $15, $4 WHERE EXISTS (SELECT FROM appended))
"""
_TYPES = (
    *("text", "text", "text", "timestamptz", "text[]", "text[]", "text[]", "bytea[]", "bytea[]", "bytea[]"),
    *("text", "text", "text", "bytea", "json"),
)


class Condition(NamedTuple):
    """What can be asked to hold for events to be kept, judged in the statement that keeps them.

    So what was decided by may be remembered, and need not be read again first.
    """

    name: str
    text: str
    """With ``{0}``, ``{1}``, ... where its values go."""
    types: tuple[str, ...]


class Required(NamedTuple):
    """A condition with its values."""

    condition: Condition
    values: Sequence[Any]


NOTHING = Required(Condition("nothing", "TRUE", ()), ())


class Table(NamedTuple):
    """A table of a read model: how rows of it are inserted or replaced when they come as one array per column."""

    name: str
    insert: str
    """With ``{rows}`` where the rows are taken from."""
    types: tuple[str, ...]
    """Of the arrays, in order."""


class Beside(NamedTuple):
    """Rows that are kept together with the events: one list per column."""

    table: Table
    columns: Sequence[list[Any]]


_Shape = tuple[Condition, tuple[Table, ...]]
"""What statements of one text have in common."""


class _Begin(NamedTuple):
    """A stream that begins."""

    made: Sequence[Made]
    command: Command
    answer: Mapping[str, Any]
    held: Required
    beside: Sequence[Beside]

    @property
    def shape(self) -> _Shape:
        """Those of one shape can go in one statement."""
        return self.held.condition, tuple(rows.table for rows in self.beside)

    @property
    def claims(self) -> frozenset[Hashable]:
        """What no other in the same statement may touch: its stream, and the key of its command."""
        first = self.made[0].envelope
        stream = (first.gemeente, first.stroom, first.subject)
        return frozenset((stream, ("", first.gemeente, self.command.caller, self.command.key)))


class AtOnce:
    """Statements on PostgreSQL that are a transaction of their own, for who needs no more than that.

    Args:
        sessions: for who goes by itself; and, where callers of the same moment may share a statement, for that.
        writer, gate: of the store.
        appended: is told how many events were kept.
    """

    def __init__(
        self, sessions: Sequence[Sessions], writer: Writer, gate: Gate, appended: Callable[[int], None]
    ) -> None:
        self._sessions = sessions[0]
        self._together = sessions[-1]
        self._grouped = len(sessions) > 1
        self._companies: dict[_Shape, Company[_Begin, list[Any]]] = {}
        self._writer = writer
        self._gate = gate
        self._appended = appended

    def begin(
        self,
        stream: Stream,
        facts: Sequence[Fact],
        context: Context,
        command: Command,
        beside: Callable[[Sequence[Envelope]], Sequence[Beside]],
        held: Required = NOTHING,
    ) -> Appended | None:
        """Begin a stream, provided that ``held`` holds; ``beside`` says what is kept with its events.

        Returns:
            The events and the answer; ``None`` when the command was carried out before, the stream exists, or what
            must hold does not: then nothing was kept.

        Raises:
            InvalidInput, ValueError: as in :meth:`casuslog.store.Transaction.append`.
            Unavailable: the database is away. Whether it was kept is then unknown; the key of the command tells.
        """
        with self._gate.passed():
            made = self._writer.make(stream, 0, facts, context, EMPTY.hash)
            answer = command.answer([one.kept_at(None) for one in made])
            rows = self._kept(_Begin(made, command, answer, held, beside([one.envelope for one in made])))
        if not rows:
            return None
        self._appended(len(made))
        return Appended(kept(made, rows), answer)

    def _kept(self, begin: _Begin) -> list[Any]:
        """The rows (version, era, xid, position) of its events; none where nothing was kept."""
        if not self._grouped:
            return self._inserted(begin, self._sessions)
        company = self._companies.get(begin.shape)
        if company is None:
            made: Company[_Begin, list[Any]] = Company(
                lambda one: self._inserted(one, self._sessions),
                self._inserted_together,
                lambda one: one.claims,
                brief=lambda one: self._inserted(one, self._together),
            )
            company = self._companies.setdefault(begin.shape, made)
        return company.ask(begin)

    def _inserted(self, begin: _Begin, sessions: Sessions) -> list[Any]:
        made, command, answer, held, beside = begin
        first = made[0].envelope
        envelopes, texts, bodies, before, hashes = zip(*made, strict=True)
        values = [
            *(first.gemeente, first.stroom, first.subject, first.time),
            [envelope.id for envelope in envelopes],
            [envelope.type for envelope in envelopes],
            *(list(texts), list(bodies), list(before), list(hashes)),
            *(self._writer.service, command.caller, command.key, command.body_hash, json.dumps(answer)),
            *held.values,
        ]
        for rows in beside:
            values += rows.columns
        try:
            return sessions.run(_prepared(*begin.shape), values)
        except sessions.driver.IntegrityError as error:
            if error.diag.constraint_name not in {"events_pkey", "commands_pkey"}:
                raise
            return []

    def _inserted_together(self, group: Sequence[_Begin]) -> list[list[Any]]:
        """As :meth:`_inserted` for several of one shape: each by its own guard, in one transaction."""
        parts = [_shared.part(one.made, one.command, one.answer, number) for number, one in enumerate(group)]
        values: list[Any] = [*_shared.values(parts, self._writer.service)]
        values += [list(column) for column in zip(*(one.held.values for one in group), strict=True)]
        for place, _ in enumerate(group[0].beside):
            of_group = [one.beside[place].columns for one in group]
            values.append([number for number, columns in enumerate(of_group) for _ in columns[0]])
            values += [[*itertools.chain(*column)] for column in zip(*of_group, strict=True)]
        rows = {event_id: row for event_id, *row in self._together.run(_prepared_together(*group[0].shape), values)}
        return [[rows[made.envelope.id] for made in one.made if made.envelope.id in rows] for one in group]


@functools.cache
def _prepared_together(held: Condition, tables: tuple[Table, ...]) -> Prepared:
    names = [f"held_{number}" for number, _ in enumerate(held.types)]
    types = [*_shared.TYPES, *(f"{kind}[]" for kind in held.types)]
    parts = [_shared.appending(names, held.text.format(*(f"a.{name}" for name in names)))]
    for table in tables:
        arrays = ", ".join(f"${len(types) + number}" for number, _ in enumerate(("nr", *table.types), 1))
        columns = ", ".join(f"c{number}" for number, _ in enumerate(table.types))
        kept = f"SELECT {columns} FROM unnest({arrays}) AS r (nr, {columns}) WHERE nr IN (SELECT nr FROM asked)"  # noqa: S608  # our own names
        parts.append(f", in_{table.name} AS ({table.insert.format(rows=f'({kept}) AS r')})")
        types += ("bigint[]", *table.types)
    text = f"({', '.join(types)}) AS {''.join(parts)} SELECT * FROM appended"  # noqa: S608  # our own names
    name = f"casuslog_begins_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return Prepared(name, f"PREPARE {name} {text}", f"EXECUTE {name} ({', '.join(f'%s::{kind}' for kind in types)})")


@functools.cache
def _prepared(held: Condition, tables: tuple[Table, ...]) -> Prepared:
    types = [*_TYPES, *held.types]
    places = [f"${len(_TYPES) + number}" for number, _ in enumerate(held.types, 1)]
    parts = [_BEGIN.format(holds=held.text.format(*places))]
    for table in tables:
        arrays = ", ".join(f"${len(types) + number}" for number, _ in enumerate(table.types, 1))
        rows = f"unnest({arrays}) WHERE EXISTS (SELECT FROM appended)"
        parts.append(f", in_{table.name} AS ({table.insert.format(rows=rows)})")
        types += table.types
    name = "_".join(("casuslog_begin", held.name, *(table.name for table in tables)))
    text = f"PREPARE {name} ({', '.join(types)}) AS {''.join(parts)} SELECT * FROM appended"  # noqa: S608  # our own names
    return Prepared(name, text, f"EXECUTE {name} ({', '.join(f'%s::{kind}' for kind in types)})")
