"""A connection to PostgreSQL on which some words travel along with the next statement, not by themselves.

A round trip costs more here than most statements do: processor time on both sides, and under load twice a turn in the
queue for a processor. Two kinds of words need no answer of their own: BEGIN, and a last statement before COMMIT of
which only an error matters. PostgreSQL takes several statements in one message, and does nothing after one that fails.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from casuslog.store._statements import PREPARED

UNMET = "22012"
"""The SQL state with which what was sent along with a commit says that something does not hold any more, and that the
transaction may be done anew: it divides by zero. PostgreSQL has no expression that raises a state of one's choice."""


@functools.cache
def connection_class() -> Any:
    """The class to make connections of (``connection_factory`` of psycopg2, which SQLite installations do not have).

    To who uses it, it behaves like the driver's own: a transaction begins with the first statement, at the isolation
    level that was set, and ends with ``commit`` or ``rollback``; in autocommit there is none.
    """
    from psycopg2 import extensions

    begins = {
        None: "BEGIN; ",
        extensions.ISOLATION_LEVEL_READ_COMMITTED: "BEGIN ISOLATION LEVEL READ COMMITTED; ",
        extensions.ISOLATION_LEVEL_REPEATABLE_READ: "BEGIN ISOLATION LEVEL REPEATABLE READ; ",
        extensions.ISOLATION_LEVEL_SERIALIZABLE: "BEGIN ISOLATION LEVEL SERIALIZABLE; ",
    }
    driver_says = extensions.connection.autocommit
    at_rest = extensions.TRANSACTION_STATUS_IDLE

    class Along(extensions.connection):  # type: ignore[misc]  # psycopg2 ships no types
        """See the module. To the driver it is always in autocommit: it sends no BEGIN of its own."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            driver_says.__set__(self, True)
            self.cursor_factory = Cursor
            self._auto = False
            self._begin = begins[None]
            self._along = b""

        @property
        def autocommit(self) -> bool:
            return self._auto

        @autocommit.setter
        def autocommit(self, on: bool) -> None:
            self.rollback()
            self._auto = on

        def set_isolation_level(self, level: int | None) -> None:
            """Of the next transactions; one that is open is undone, as the driver itself does."""
            self.rollback()
            self._auto = level == extensions.ISOLATION_LEVEL_AUTOCOMMIT
            if not self._auto:
                self._begin = begins[level]

        def send_along(self, query: str, values: Sequence[Any]) -> None:
            """Send a statement with the next one, or with the commit. What it gives is not seen; its error shows there.

            For within a transaction, of which it then is a part like any other.
            """
            with self.cursor() as cursor:
                self._along += cursor.mogrify(query, values) + b"; "

        def ahead(self) -> tuple[str, bytes]:
            """What has to be sent before the next statement: its BEGIN, and what goes along. After this it is not."""
            along, self._along = self._along, b""
            owed = not self._auto and self.get_transaction_status() == at_rest
            return self._begin if owed else "", along

        def commit(self) -> None:
            """End the transaction, if there is one."""
            begin, along = self.ahead()
            if along:
                self._say(begin.encode() + along + b"COMMIT")
            elif self.get_transaction_status() != at_rest:
                self._say(b"COMMIT")

        def rollback(self) -> None:
            """Undo the transaction, if there is one."""
            self._along = b""
            if self.get_transaction_status() != at_rest:
                self._say(b"ROLLBACK")

        def _say(self, words: bytes) -> None:
            with self.cursor() as cursor:
                extensions.cursor.execute(cursor, words)

    class Cursor(extensions.cursor):  # type: ignore[misc]  # psycopg2 ships no types
        """Sends before each statement what has to come before it."""

        def execute(self, query: Any, vars: Any = None) -> None:
            begin, along = self.connection.ahead()
            if along or (begin and not isinstance(query, str)):
                query, vars = begin.encode() + along + self.mogrify(query, vars), None
            elif begin:
                query = begin + query
            super().execute(query, vars)

        def executemany(self, query: Any, vars_list: Any) -> None:
            self._go_ahead()
            super().executemany(query, vars_list)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
            self._go_ahead()
            super().copy_expert(sql, file, size)

        def _go_ahead(self) -> None:
            begin, along = self.connection.ahead()
            if begin or along:
                super().execute(begin.encode() + along)

    return Along


def send_along(conn: Connection, query: str, values: Sequence[Any]) -> None:
    """Send a statement with the next one of this transaction on PostgreSQL, or with its commit.

    What it gives is not seen. Where it fails, that one does, and the transaction is undone.

    Args:
        conn: in a transaction.
        query: as the driver takes it, with ``%s`` for its values.
        values: the values.
    """
    connection: Any = conn.connection.dbapi_connection
    connection.send_along(query, values)


def prepared(conn: Connection, name: str, statement: str) -> None:
    """Have a statement prepared on this connection to PostgreSQL: planning it then happens once.

    Args:
        conn: in a transaction or not; what is prepared stays.
        name: of the statement, the same as in its text.
        statement: ``PREPARE <name> ... AS ...``
    """
    known = conn.info.setdefault(PREPARED, set())
    if name not in known:
        conn.exec_driver_sql(statement)
        known.add(name)


__all__ = ["UNMET", "connection_class", "prepared", "send_along"]
