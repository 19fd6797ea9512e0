"""Events of many streams in one statement, on PostgreSQL; within a transaction that has seen their heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casuslog._sessions import Prepared
from casuslog.store._making import Made

_TYPES = ("text[]",) * 3 + ("int[]", "timestamptz[]") + ("text[]",) * 3 + ("bytea[]",) * 3
# In the order of the arrays, which is that in which they were appended: position and effect go by it.
APPEND_MANY = Prepared(
    "casuslog_append_many",
    f"""
PREPARE casuslog_append_many ({", ".join(_TYPES)}) AS
INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                    logged_at)
SELECT made.gemeente, made.stroom, made.subject, made.version, (SELECT era FROM eras ORDER BY era DESC LIMIT 1),
       pg_current_xact_id()::text::bigint, made.event_id, made.type, made.envelope, made.body, made.prev_hash,
       made.hash, made.logged_at
  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) WITH ORDINALITY
       AS made (gemeente, stroom, subject, version, logged_at, event_id, type, envelope, body, prev_hash, hash, n)
 ORDER BY made.n""",  # noqa: S608  # constants of this module
    f"EXECUTE casuslog_append_many ({', '.join(f'%s::{kind}' for kind in _TYPES)})",
)


def columns(made: Sequence[Made]) -> tuple[list[Any], ...]:
    """The parameters of :data:`APPEND_MANY` for these events, in their order."""
    envelopes, texts, bodies, before, hashes = zip(*made, strict=True)
    return (
        [e.gemeente for e in envelopes],
        [e.stroom for e in envelopes],
        [e.subject for e in envelopes],
        [e.sequence for e in envelopes],
        [e.time for e in envelopes],
        [e.id for e in envelopes],
        [e.type for e in envelopes],
        *(list(texts), list(bodies), list(before), list(hashes)),
    )
