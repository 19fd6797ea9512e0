"""Connections for statements that are a transaction of their own: held ready, without the cost of a checkout.

Taking a connection from the pool, beginning and giving it back costs more time here than the statement itself
(measured: 170 us of processor time against 40). These are the driver's own connections, each used by one at a time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from casuslog._answering import ASK_SECONDS, within
from casuslog.errors import Unavailable

MOST = 20
"""Connections at most; whoever comes when all are in use waits."""
TURN_SECONDS = 15
"""How long, at most."""
FRESH_SECONDS = 1.0
"""A connection that was used within this time is not asked whether it still answers."""
_AWAY = "De database antwoordt niet. Er is niets verloren; probeer het opnieuw."
_BUSY = "De database heeft het te druk: geen verbinding vrij. Probeer het opnieuw."

_UNDONE = ("40", "53", "54", "55", "57014")
"""SQL states (classes) after which it is sure that nothing is kept: deadlock, resources, locks, time. When the server
stops (57P01) it is not."""


class Prepared(NamedTuple):
    """A prepared statement: how it is made on a connection, and how it is called through the driver."""

    name: str
    prepare: str
    execute: str


class Undone(Unavailable):
    """The server undid a statement and still answers: nothing of it is kept."""


def plain_cursor(connection: Any) -> Any:
    """A cursor of the driver's own, for a connection that stays in autocommit: there is nothing to send ahead.

    What is Python around a statement costs more than its time where many threads wait for their turn.
    """
    from psycopg2 import extensions

    return connection.cursor(cursor_factory=extensions.cursor)


class Session:
    """One connection in autocommit, and what is prepared on it; ``settings`` are statements to begin with."""

    def __init__(self, connection: Any, settings: str = "") -> None:
        connection.autocommit = True
        self._connection = connection
        self._cursor = plain_cursor(connection)
        if settings:
            self._cursor.execute(settings)
        self._prepared: set[str] = set()
        self._used = time.monotonic()

    def run(self, prepared: Prepared, values: Sequence[Any]) -> list[Any]:
        """The rows of a prepared statement; errors are the driver's own."""
        cursor = self._cursor
        if prepared.name not in self._prepared:
            cursor.execute(prepared.prepare)
            self._prepared.add(prepared.name)
        cursor.execute(prepared.execute, values)
        rows: list[Any] = cursor.fetchall()
        self._used = time.monotonic()
        return rows

    def fresh(self) -> bool:
        """Whether it was in use just now, or still answers."""
        if time.monotonic() - self._used < FRESH_SECONDS:
            return True
        with contextlib.suppress(Exception), within(ASK_SECONDS):  # whatever it is: take another
            self._cursor.execute("SELECT 1")
            return True
        return False

    @property
    def lost(self) -> bool:
        """Whether the connection is seen to be broken."""
        return bool(self._connection.closed)

    def close(self) -> None:
        """Let go of the connection; one that is broken already is no error."""
        with contextlib.suppress(Exception):
            self._connection.close()


class Sessions:
    """The sessions of one store, the one used last first, so that no more stay in use than are needed.

    Args:
        engine: of the store.
        settings: statements with which each session begins.
    """

    def __init__(self, engine: Engine, settings: str = "") -> None:
        self.driver: Any = engine.dialect.loaded_dbapi
        self._engine = engine
        self._settings = settings
        self._idle: list[Session] = []
        self._turn = threading.Condition()
        self._open = 0
        self._waiting = 0

    def run(self, prepared: Prepared, values: Sequence[Any]) -> list[Any]:
        """The rows of a prepared statement that is a transaction of its own.

        Raises:
            Undone: the server gave it up (a lock, a deadlock, a full disk) and still answers.
            Unavailable: the database is away, or all sessions are in use for too long.
        """
        session = self._taken()
        try:
            rows = session.run(prepared, values)
        except (self.driver.OperationalError, self.driver.InterfaceError) as error:
            if (error.pgcode or "").startswith(_UNDONE) and not session.lost:
                self._give_back(session)
                raise Undone(_AWAY) from error
            self._discard(session)
            self.close()
            raise Unavailable(_AWAY) from error
        except self.driver.DatabaseError:
            self._give_back(session)
            raise
        except BaseException:
            self._discard(session)  # an interrupted statement leaves answers behind that are not the next one's
            raise
        self._give_back(session)
        return rows

    def close(self) -> None:
        """Let go of those that are not in use."""
        with contextlib.suppress(IndexError):
            while True:
                self._discard(self._idle.pop())

    def _taken(self) -> Session:
        while True:
            session = self._next_idle()
            if session is None:
                return self._made()
            try:
                fresh = session.fresh()
            except BaseException:
                self._discard(session)  # broken off while it was asked: nobody holds it, and it would count for ever
                raise
            if fresh:
                return session
            self._discard(session)
            self.close()  # those rested longer: each would cost as long a wait

    def _next_idle(self) -> Session | None:
        """An idle session, after waiting for one where no more may be made; ``None`` where one may be made."""
        try:
            return self._idle.pop()  # nearly always there is one, and this takes no lock
        except IndexError:
            pass
        with self._turn:
            self._waiting += 1
            try:
                found = self._turn.wait_for(self._found, TURN_SECONDS)
            finally:
                self._waiting -= 1
        if not found:
            raise Unavailable(_BUSY)
        return found[0]

    def _found(self) -> tuple[Session | None] | None:
        """A session, or the leave to make one; ``None`` where there is neither. Under the lock."""
        # Taken, not looked at first: whoever takes one without the lock may come in between.
        with contextlib.suppress(IndexError):
            return (self._idle.pop(),)
        if self._open >= MOST:
            return None
        self._open += 1
        return (None,)

    def _made(self) -> Session:
        connection: Any = None
        try:
            fairy = self._engine.raw_connection()
            connection = fairy.dbapi_connection
            fairy.detach()
            return Session(connection, self._settings)
        except BaseException as error:
            with contextlib.suppress(Exception):
                if connection is not None:
                    connection.close()
            self._one_less()
            if isinstance(error, PoolTimeout):
                raise Unavailable(_BUSY) from error
            if isinstance(error, (self.driver.OperationalError, self.driver.InterfaceError)):
                raise Unavailable(_AWAY) from error
            raise

    def _give_back(self, session: Session) -> None:
        self._idle.append(session)
        if self._waiting:
            with self._turn:
                self._turn.notify()

    def _discard(self, session: Session) -> None:
        session.close()
        self._one_less()

    def _one_less(self) -> None:
        with self._turn:
            self._open -= 1
            self._turn.notify()
