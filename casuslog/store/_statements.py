"""The statements of the hot path on PostgreSQL, prepared once per connection: planning one costs more than running it.

The events of an append go as one array per column: a statement of one shape, however many there are. One event by
itself, which is what most commands append, goes as plain values: no arrays to take apart, number and sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casuslog._sessions import Prepared
from casuslog.store._making import Made

PREPARED = "casuslog_prepared"
"""Where a connection remembers which of these it has prepared."""

# The versions follow $4; position and xid are handed out in the order of the arrays.
_INSERT = """
INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                    logged_at)
SELECT $1, $2, $3, $4 + made.n, (SELECT era FROM eras ORDER BY era DESC LIMIT 1), pg_current_xact_id()::text::bigint,
       made.event_id, made.type, made.envelope, made.body, made.prev_hash, made.hash, $5
  FROM unnest($6, $7, $8, $9, $10, $11)
       WITH ORDINALITY AS made (event_id, type, envelope, body, prev_hash, hash, n)
"""
_GIVING = "RETURNING version, era, xid, position"
# What was decided upon must be in the snapshot of the statement itself: its transaction got its id later, so it sorts
# after. A first event follows nothing, and its key refuses a second one. It is asked for as the last in the order of
# the primary key: the plan is made once, perhaps on an empty table, where by its columns alone any index looks as good,
# and that of the gemeente's log reads all of it on a large one.
_FOLLOWS = """
 WHERE $4 = 0 OR coalesce((
       SELECT e.version = $4 AND e.hash = ($10::bytea[])[1] FROM events e
        WHERE e.gemeente = $1 AND e.stroom = $2 AND e.subject = $3
        ORDER BY e.gemeente DESC, e.stroom DESC, e.subject DESC, e.version DESC LIMIT 1), false)
"""
_ORDER = " ORDER BY made.n "
_TYPES = "text, text, text, int, timestamptz, text[], text[], text[], bytea[], bytea[], bytea[]"
_PLACES = "%s, %s, %s, %s, %s, %s::text[], %s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[]"


# One event: the same parameters, but for what are arrays above.
_INSERT_ONE = """
INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                    logged_at)
SELECT $1, $2, $3, $4 + 1, (SELECT era FROM eras ORDER BY era DESC LIMIT 1), pg_current_xact_id()::text::bigint,
       $6, $7, $8, $9, $10, $11, $5
"""
_FOLLOWS_ONE = _FOLLOWS.replace("($10::bytea[])[1]", "$10")
_TYPES_ONE = "text, text, text, int, timestamptz, text, text, text, bytea, bytea, bytea"
_PLACES_ONE = ", ".join(["%s"] * 11)


def _prepared(name: str, types: str, places: str, text: str) -> Prepared:
    return Prepared(name, f"PREPARE {name} ({types}) AS {text}", f"EXECUTE {name} ({places})")


def _with_command(name: str, types: str, places: str, append: str) -> Prepared:
    # $12 and on; the answer is inserted only where events came in.
    return _prepared(
        name,
        f"{types}, text, text, text, bytea, json",
        f"{places}, %s, %s, %s, %s, %s",
        f"""
WITH appended AS ({append} {_GIVING}), remembered AS (
    INSERT INTO commands (gemeente, service, caller, key, body_hash, answer, created_at)
    SELECT $1, $12, $13, $14, $15, $16, $5 WHERE EXISTS (SELECT FROM appended))
SELECT * FROM appended""",  # noqa: S608  # constants of this module
    )


APPEND = _prepared("casuslog_append", _TYPES, _PLACES, f"{_INSERT}{_ORDER}{_GIVING}")
"""Events of a stream, in a transaction that has seen its head."""
APPEND_ALONE = _prepared("casuslog_append_alone", _TYPES, _PLACES, f"{_INSERT}{_FOLLOWS}{_ORDER}{_GIVING}")
"""The same as a transaction of its own; no row when the stream does not end where was decided."""
APPEND_COMMAND = _with_command("casuslog_append_command", _TYPES, _PLACES, f"{_INSERT}{_FOLLOWS}{_ORDER}")
"""The same with the answer to the command under its key; neither is kept without the other."""
APPEND_ONE = _prepared("casuslog_append_one", _TYPES_ONE, _PLACES_ONE, f"{_INSERT_ONE}{_GIVING}")
"""What :data:`APPEND` does, for one event; the next two likewise."""
APPEND_ONE_ALONE = _prepared(
    "casuslog_append_one_alone", _TYPES_ONE, _PLACES_ONE, f"{_INSERT_ONE}{_FOLLOWS_ONE}{_GIVING}"
)
APPEND_ONE_COMMAND = _with_command(
    "casuslog_append_one_command", _TYPES_ONE, _PLACES_ONE, f"{_INSERT_ONE}{_FOLLOWS_ONE}"
)


def columns(made: Sequence[Made]) -> tuple[Any, ...]:
    """The parameters for events of one stream that follow each other; plain values where it is one."""
    one = made[0]
    first = one.envelope
    begin = (first.gemeente, first.stroom, first.subject, first.sequence - 1, first.time)
    if len(made) == 1:
        return (*begin, first.id, first.type, one.text, one.body, one.prev_hash, one.hash)
    envelopes, texts, bodies, before, hashes = zip(*made, strict=True)
    return (
        *begin,
        [envelope.id for envelope in envelopes],
        [envelope.type for envelope in envelopes],
        list(texts),
        list(bodies),
        list(before),
        list(hashes),
    )
