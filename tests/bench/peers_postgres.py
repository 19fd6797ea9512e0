"""The limit of the store: the very same rows, made beforehand, sent by bare psycopg2 into the very same tables.

No check of the version, nothing encoded, encrypted or chained while the clock runs; each connection in autocommit, so
that a transaction is one statement and one round trip.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extras import execute_values
from sqlalchemy import make_url

from casuslog.store._making import Made
from tests.bench.material import SERVICE

COLUMNS = "gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash, logged_at"
_VALUES = "(%s, %s, %s, %s, 1, pg_current_xact_id()::text::bigint, %s, %s, %s, %s, %s, %s, %s)"
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES {_VALUES}"
INSERT_MANY = f"INSERT INTO events ({COLUMNS}) VALUES %s"
INSERT_WITH_KEY = (
    "WITH remembered AS (INSERT INTO commands (gemeente, service, caller, key, body_hash, answer, created_at) "
    f"VALUES (%s, %s, %s, %s, %s, %s, %s)) {INSERT}"
)
_TAIL = (
    "SELECT envelope, body, hash, prev_hash, subject, version, era, xid, position FROM events "
    "WHERE (era, xid, position) > (%s, %s, %s) "
    "AND (era, xid) < (1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint) "
    "ORDER BY era, xid, position LIMIT %s"
)


class KeyRow(NamedTuple):
    """A row of the table of commands."""

    gemeente: str
    service: str
    caller: str
    key: str
    body_hash: bytes
    answer: str
    created_at: Any


def connect(url: str) -> Any:
    """A connection of the driver to the tables of the service, in autocommit."""
    parsed = make_url(url)
    connection = psycopg2.connect(
        host=parsed.host,
        port=parsed.port,
        user=parsed.username,
        password=parsed.password,
        dbname=parsed.database,
        options=f"-c search_path={SERVICE} -c timezone=UTC",
    )
    connection.autocommit = True
    return connection


def row(made: Made) -> tuple[Any, ...]:
    """The columns of an event, but for those that the database fills."""
    e = made.envelope
    return (
        *(e.gemeente, e.stroom, e.subject, e.sequence, e.id, e.type),
        *(made.text, made.body, made.prev_hash, made.hash, e.time),
    )


def insert_many(cursor: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """All rows in one statement, as psycopg2's own helper does it."""
    execute_values(cursor, INSERT_MANY, rows, _VALUES, page_size=len(rows))


def copy(connection: Any, text: str) -> None:
    """COPY of rows that are text already; position comes from the table, era and xid stand in the text."""
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY events ({COLUMNS}) FROM STDIN", io.StringIO(text))


def copy_text(rows: Sequence[tuple[Any, ...]]) -> str:
    """Rows in the text format of COPY."""
    return "".join(["\t".join(map(_copied, (*one[:4], 1, 3, *one[4:]))) + "\n" for one in rows])


def _copied(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value).replace("\\", "\\\\")


class BareTail:
    """Follows the log in its order by bare SQL, without looking into what comes."""

    def __init__(self, url: str, size: int) -> None:
        self._cursor = connect(url).cursor()
        self._place: tuple[int, int, int] = (0, 0, 0)
        self._size = size

    def page(self) -> list[tuple[str, int]]:
        """Subject and version of the next rows."""
        self._cursor.execute(_TAIL, (*self._place, self._size))
        rows = self._cursor.fetchall()
        if rows:
            self._place = rows[-1][6:9]
        return [(found[4], found[5]) for found in rows]
