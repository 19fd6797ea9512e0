"""Connections of a pool that are asked only after a rest whether they still answer: it costs more than most uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError

from casuslog._answering import ASK_SECONDS, within

AT_ONCE_SECONDS = 1.0
"""A connection that the server ended says so within this time; one on a dead line says nothing."""
_USED = "casuslog_used"


def ask_after_rest(engine: Engine, seconds: Callable[[], float]) -> None:
    """Ask a connection (psycopg2) that was not used for this many seconds, before it is handed out; replace it if mute.

    One that was cut within that time shows at its first statement.
    """

    def ensure_answers(connection: Any, record: Any, _: Any) -> None:
        used = record.info.get(_USED)
        if used is not None and time.monotonic() - used >= seconds():
            _ask(connection)

    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", ensure_answers)


def undo_in_time(engine: Engine) -> None:
    """Wait no longer for the answer to a rollback than for a sign of life.

    On a dead line it would come after another wait for an answer, by who waited one out already: for another
    connection, of which this transaction stands in need. Where no answer comes, the connection is dropped.
    """
    dialect: Any = engine.dialect
    rollback = dialect.do_rollback

    def bounded(connection: Any) -> None:
        with within(ASK_SECONDS):
            rollback(connection)

    dialect.do_rollback = bounded


def _note_use(_: Any, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _ask(connection: Any) -> None:
    began = time.monotonic()
    try:
        before = connection.autocommit
        connection.autocommit = True
        with within(ASK_SECONDS), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.autocommit = before
    except Exception as error:  # whatever it is: this connection is of no use
        if time.monotonic() - began < AT_ONCE_SECONDS:
            raise DisconnectionError from error  # the server ended it, after a rest for instance; others live
        raise InvalidatePoolError from error  # the line is dead: each of its like would cost as long a wait
