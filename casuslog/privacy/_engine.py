"""The connection to the key store, with the manners of each kind of database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from casuslog import _answering
from casuslog._rested import ask_after_rest, undo_in_time
from casuslog.errors import Unavailable

KEPT = 20
"""Connections that are kept. What came above five (the default) was made and closed for each key, a process of the
server each time: a third of the processor time of a command with eight callers."""
_FRESH_SECONDS = 1.0
"""A connection that was used within this time is not asked whether it still answers."""


def make_engine(url: str) -> Engine:
    """An engine for the key store at a URL; on PostgreSQL in autocommit."""
    if make_url(url).get_backend_name() != "sqlite":
        # Most of what is asked here is one statement: without a BEGIN and a COMMIT around it, it is one round trip.
        _answering.install()
        line = {"connect_timeout": int(_answering.CONNECT_SECONDS), "options": _options(), **_answering.CLIENT_END}
        engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=KEPT,
            max_overflow=10,
            pool_use_lifo=True,  # the one used last first: what is not needed rests until the server ends it
            connect_args=line,
        )
        ask_after_rest(engine, lambda: _FRESH_SECONDS)
        undo_in_time(engine)
        return engine
    # In memory there is only what one connection sees, whichever (green) thread asks.
    in_memory = make_url(url).database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": 30}, hide_parameters=True, **options
    )
    event.listen(engine, "connect", _overwrite_for_real)
    return engine


def _options() -> str:
    limits = {"statement_timeout": _answering.STATEMENT_SECONDS * 1000, **_answering.SERVER_END}
    return " ".join(f"-c {name}={value}" for name, value in limits.items())


def _overwrite_for_real(connection: Any, _record: Any) -> None:
    """A destroyed key leaves no copy in the file: freed pages are zeroed, and there is no write-ahead log."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = FULL")


@contextlib.contextmanager
def away_is_unavailable() -> Iterator[None]:
    """A database that is away or too busy is no broken event: whoever decodes tries again instead of parking."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable("the key store is away; nothing was lost, try again") from error
