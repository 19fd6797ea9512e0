"""Connections of a pool that are asked only after a rest whether they still answer: it costs more than most uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from casuslog._answering import ASK_SECONDS, within

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


def _note_use(_: Any, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _ask(connection: Any) -> None:
    try:
        before = connection.autocommit
        connection.autocommit = True
        with within(ASK_SECONDS), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.autocommit = before
    except Exception as error:  # whatever it is: this connection and its like are of no use
        raise InvalidatePoolError from error
