"""Connections for statements that are a transaction of their own: held ready, without the cost of a checkout.

Taking a connection from the pool, beginning and giving it back costs more time here than the statement itself
(measured: 170 us of processor time against 40). These are the driver's own connections, each used by one at a time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine

from casuslog.errors import Unavailable
from casuslog.store._engine import FRESH_SECONDS, LOCK_SECONDS
from casuslog.store._statements import Prepared

MOST = 20
"""Connections at most; whoever comes when all are in use waits."""
_AWAY = "De database antwoordt niet. Er is niets verloren; probeer het opnieuw."
_UNKNOWN_STATEMENT = "26000"


class Session:
    """One connection in autocommit, and what is prepared on it."""

    def __init__(self, connection: Any) -> None:
        connection.autocommit = True
        self._connection = connection
        self._prepared: set[str] = set()
        self._used = time.monotonic()

    def run(self, prepared: Prepared, values: Sequence[Any]) -> list[Any]:
        """The rows of a prepared statement; errors are the driver's own."""
        with self._connection.cursor() as cursor:
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
        with contextlib.suppress(Exception), self._connection.cursor() as cursor:  # whatever it is: take another
            cursor.execute("SELECT 1")
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
        self._room = threading.BoundedSemaphore(MOST)

    @contextlib.contextmanager
    def one(self) -> Iterator[Session]:
        """A session for one caller at a time. What fails for want of a database is not used again.

        Raises:
            Unavailable: the database is away, or all sessions are in use for too long.
        """
        if not self._room.acquire(timeout=LOCK_SECONDS):
            raise Unavailable("De database heeft het te druk: geen verbinding vrij. Probeer het opnieuw.")
        try:
            session = self._taken()
            try:
                yield session
            except (self.driver.OperationalError, self.driver.InterfaceError) as error:
                session.close()
                self._drop_idle()
                raise Unavailable(_AWAY) from error
            except self.driver.DatabaseError:
                self._idle.append(session)
                raise
            except BaseException:
                session.close()  # an interrupted statement leaves answers behind that are not the next one's
                raise
            self._idle.append(session)
        finally:
            self._room.release()

    def close(self) -> None:
        """Let go of those that are not in use."""
        self._drop_idle()

    def _taken(self) -> Session:
        with contextlib.suppress(IndexError):
            while True:
                session = self._idle.pop()
                if session.fresh():
                    return session
                session.close()
        fairy = self._engine.raw_connection()
        connection: Any = fairy.dbapi_connection
        fairy.detach()
        return Session(connection)

    def _drop_idle(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()
