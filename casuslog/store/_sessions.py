"""Connections for statements that are a transaction of their own: held ready, without the cost of a checkout.

Taking a connection from the pool, beginning and giving it back costs more time here than the statement itself
(measured: 170 us of processor time against 40). These are the driver's own connections, each used by one at a time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from casuslog.errors import Unavailable
from casuslog.store._engine import FRESH_SECONDS, LOCK_SECONDS
from casuslog.store._statements import Prepared

MOST = 20
"""Connections at most; whoever comes when all are in use waits."""
_AWAY = "De database antwoordt niet. Er is niets verloren; probeer het opnieuw."


class Session:
    """One connection in autocommit, and what is prepared on it."""

    def __init__(self, connection: Any) -> None:
        connection.autocommit = True
        self._connection = connection
        self._cursor = connection.cursor()
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
        with contextlib.suppress(Exception):  # whatever it is: take another
            self._cursor.execute("SELECT 1")
            return True
        return False

    def close(self) -> None:
        """Let go of the connection; one that is broken already is no error."""
        with contextlib.suppress(Exception):
            self._connection.close()


class Sessions:
    """The sessions of one store, the one used last first, so that no more stay in use than are needed."""

    def __init__(self, engine: Engine) -> None:
        self.driver: Any = engine.dialect.loaded_dbapi
        self._engine = engine
        self._idle: list[Session] = []
        self._turn = threading.Condition()
        self._open = 0
        self._waiting = 0

    def run(self, prepared: Prepared, values: Sequence[Any]) -> list[Any]:
        """The rows of a prepared statement that is a transaction of its own.

        Raises:
            Unavailable: the database is away, or all sessions are in use for too long.
        """
        session = self._taken()
        try:
            rows = session.run(prepared, values)
        except (self.driver.OperationalError, self.driver.InterfaceError) as error:
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
            if session.fresh():
                return session
            self._discard(session)

    def _next_idle(self) -> Session | None:
        """An idle session, after waiting for one where no more may be made; ``None`` where one may be made."""
        try:
            return self._idle.pop()  # nearly always there is one, and this takes no lock
        except IndexError:
            pass
        with self._turn:
            self._waiting += 1
            try:
                if not self._turn.wait_for(lambda: self._idle or self._open < MOST, LOCK_SECONDS):
                    raise Unavailable("De database heeft het te druk: geen verbinding vrij. Probeer het opnieuw.")
                if self._idle:
                    return self._idle.pop()
                self._open += 1
                return None
            finally:
                self._waiting -= 1

    def _made(self) -> Session:
        try:
            fairy = self._engine.raw_connection()
            connection: Any = fairy.dbapi_connection
            fairy.detach()
            return Session(connection)
        except BaseException:
            self._one_less()
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
