"""The statement in which appends of several callers go together, on PostgreSQL: each with its own guard and outcome.

Values go as one array per column, in the text form of arrays: each caller writes its own part of the text, and putting
the parts together costs next to nothing. The driver quotes the whole; a slip here could spoil a value, never the SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from casuslog._sessions import Prepared
from casuslog.store._commands import Command
from casuslog.store._making import Made


def settings(lock_milliseconds: int) -> str:
    """What a session for this statement is set to; it waits that long for another transaction.

    Its plan is made once, perhaps while the table is empty, and must be right on a large one: by index only.
    """
    planned = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off"
    return f"{planned}; SET lock_timeout = {lock_milliseconds:d}"


# Per append: number, stream, version that was decided upon and its hash, moment, and the key of its command with the
# answer. Per event: number of its append, place in it, and what differs.
_APPENDS = ("bigint[]", *("text[]",) * 3, "int[]", "bytea[]", "timestamptz[]", "text[]", "text[]", "bytea[]", "json[]")
_EVENTS = ("bigint[]", "int[]", *("text[]",) * 3, *("bytea[]",) * 3)
TYPES = (*_APPENDS, *_EVENTS, "text")
"""Of the parameters that :func:`values` gives; the last one is the service."""
# An append takes part where its stream ends as was decided upon, and the key of its command is new, both in the
# snapshot of the statement: its transaction gets its id later, so it sorts after what it follows. Who meets another at
# that very moment breaks a primary key, which undoes all of them: then each goes by itself. So no append is ever kept
# in part. The head is asked for in the order of the primary key, which keeps a plan to that index.
_TEXT = """
WITH asked AS MATERIALIZED (
    SELECT a.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11{arrays})
           AS a (nr, gemeente, stroom, subject, version, before, logged_at, caller, key, body_hash, answer{names})
     WHERE coalesce((SELECT e.version = a.version AND e.hash = a.before FROM events e
                      WHERE e.gemeente = a.gemeente AND e.stroom = a.stroom AND e.subject = a.subject
                      ORDER BY e.gemeente DESC, e.stroom DESC, e.subject DESC, e.version DESC LIMIT 1), a.version = 0)
       AND (a.key IS NULL
            OR (SELECT true FROM commands c
                 WHERE c.gemeente = a.gemeente AND c.service = $20 AND c.caller = a.caller AND c.key = a.key) IS NULL)
       AND {holds}
), appended AS (
    INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                        logged_at)
    SELECT a.gemeente, a.stroom, a.subject, a.version + e.place, (SELECT era FROM eras ORDER BY era DESC LIMIT 1),
           pg_current_xact_id()::text::bigint, e.event_id, e.type, e.envelope, e.body, e.prev_hash, e.hash, a.logged_at
      FROM unnest($12, $13, $14, $15, $16, $17, $18, $19) WITH ORDINALITY
           AS e (nr, place, event_id, type, envelope, body, prev_hash, hash, n)
      JOIN asked a ON a.nr = e.nr ORDER BY e.n
    RETURNING event_id, version, era, xid, position
), remembered AS (
    INSERT INTO commands (gemeente, service, caller, key, body_hash, answer, created_at)
    SELECT gemeente, $20, caller, key, body_hash, answer, logged_at FROM asked WHERE key IS NOT NULL
)"""


def appending(columns: Sequence[str] = (), holds: str = "TRUE") -> str:
    """How a statement begins in which appends go together: ``asked`` are those that take part, ``appended`` events.

    Args:
        columns: what each append has beside the usual, as parameters after those of :data:`TYPES`; found in ``a``.
        holds: what has to hold of an append to take part, beside its stream and its key.
    """
    arrays = "".join(f", ${len(TYPES) + number}" for number, _ in enumerate(columns, 1))
    names = "".join(f", {name}" for name in columns)
    return _TEXT.format(arrays=arrays, names=names, holds=holds)


_NAME = "casuslog_append_shared"
SHARED = Prepared(
    _NAME,
    f"PREPARE {_NAME} ({', '.join(TYPES)}) AS {appending()} SELECT * FROM appended",  # noqa: S608  # constants of this module
    f"EXECUTE {_NAME} ({', '.join('%s' for _ in TYPES)})",
)
"""Gives (event id, version, era, xid, position) of what was kept; of an append that was refused nothing."""


class Part(NamedTuple):
    """What one append adds to each column: a text per append, and one per event."""

    appends: tuple[str, ...]
    events: tuple[str, ...]


def part(made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None, number: int) -> Part:
    """The part of an append in the statement; ``number`` tells it from the others."""
    first, nr = made[0].envelope, str(number)
    before = _bytes(made[0].prev_hash)
    asked = (
        nr,
        # The profile leaves nothing in names of streams, ids and types that an array would read as its own.
        first.gemeente,
        f'"{first.stroom}"',
        f'"{first.subject}"',
        str(first.sequence - 1),
        before,
        f'"{first.time.isoformat()}"',
        *_of_command(command, answer),
    )
    if len(made) == 1:
        [(envelope, text, body, _, hash_)] = made
        return Part(asked, (nr, "1", envelope.id, envelope.type, _text(text), _bytes(body), before, _bytes(hash_)))
    envelopes, texts, bodies, earlier, hashes = zip(*made, strict=True)
    events = (
        ",".join([nr] * len(made)),
        ",".join(map(str, range(1, len(made) + 1))),
        ",".join([envelope.id for envelope in envelopes]),
        ",".join([envelope.type for envelope in envelopes]),
        ",".join(map(_text, texts)),
        *(",".join(map(_bytes, column)) for column in (bodies, earlier, hashes)),
    )
    return Part(asked, events)


def values(parts: Sequence[Part], service: str) -> tuple[str, ...]:
    """The parameters of :data:`SHARED` for these parts."""
    columns = (*zip(*(one.appends for one in parts), strict=True), *zip(*(one.events for one in parts), strict=True))
    return (*("{" + ",".join(column) + "}" for column in columns), service)


def _of_command(command: Command | None, answer: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    if command is None:
        return "NULL", "NULL", "NULL", "NULL"
    return _text(command.caller), _text(command.key), _bytes(command.body_hash), _text(_as_json(answer))


_as_json = json.JSONEncoder().encode


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'
