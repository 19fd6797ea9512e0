"""The connection to one service's database, with the manners of each kind.

PostgreSQL: a schema per service, time limits so that no forgotten transaction holds up every reader of the server.
SQLite: a file per service, safe against power loss, writers one at a time.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from casuslog import _answering
from casuslog._answering import STATEMENT_SECONDS
from casuslog._rested import ask_after_rest, undo_in_time
from casuslog.errors import StoreError, Unavailable
from casuslog.store._along import UNMET, connection_class

IDLE_IN_TRANSACTION_SECONDS = 60
"""After this the server ends a transaction that does nothing: while it is open no reader of the server gets further."""
LOCK_SECONDS = 15
FRESH_SECONDS = 1.0
"""A connection that was used within this time is not asked whether it still answers; that costs more than most uses."""
BUSY_SECONDS = 10
"""How long SQLite waits for a writer in another process."""

_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_WRITE = {"casuslog_begin": "BEGIN IMMEDIATE"}
_READ = {"casuslog_begin": ""}
_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_RETRY_STATES = frozenset({"40001", "40P01"})


def make_engine(url: str, service: str) -> Engine:
    """An engine for the database of ``service``.

    Args:
        url: ``postgresql://...`` (a schema named after the service is used in it), ``sqlite:///<file>``, or
            ``sqlite:///<folder>/`` for a file named after the service.
        service: name of the service.

    Raises:
        StoreError: the service has no usable name, or the database is of another kind.
    """
    if not _SERVICE.fullmatch(service):
        raise StoreError(f"{service!r} is geen naam van een dienst: kleine letters, cijfers, - en _.")
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    if kind in {"postgresql", "postgres"}:
        return _postgresql(parsed, service)
    if kind == "sqlite":
        return _sqlite(parsed, service)
    raise StoreError(f"Een opslag in {kind} is er niet; gebruik postgresql:// of sqlite:///.")


def for_writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: one snapshot throughout, or the file to oneself."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine.execution_options(**_WRITE)


def for_reading(engine: Engine) -> Engine:
    """The same engine for single reads, each its own transaction, so that none stays open between pages."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.execution_options(**_READ)


def may_retry(error: DBAPIError) -> bool:
    """Whether the database undid the transaction because of another one: it can be done anew."""
    state = getattr(error.orig, "pgcode", None)
    return state in _RETRY_STATES or (state == UNMET and error.statement is None)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn a database that is away, or too busy, into :class:`Unavailable`; other errors pass."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("De database heeft het te druk: geen verbinding vrij. Probeer het opnieuw.") from error
    except DBAPIError as error:
        if not _is_away(error):
            raise
        raise Unavailable("De database antwoordt niet. Er is niets verloren; probeer het opnieuw.") from error


def _is_away(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # The driver calls a missing table an OperationalError too; only the code tells them apart.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and not may_retry(error)


class Gate:
    """One writer at a time through this gate; never twice by the same thread or greenthread, for that would hang.

    On SQLite the lock is per file, for every store in the process that has it open. Elsewhere only the check remains.
    """

    def __init__(self, lock: threading.Lock | None) -> None:
        self._lock = lock
        self._inside: set[int] = set()

    def passed(self) -> Passage:
        """Go through and come back."""
        return Passage(self._lock, self._inside)


class Passage:
    """One way through a gate and back, as a context: a class, for a generator costs four times as much."""

    __slots__ = ("_inside", "_lock", "_me")

    def __init__(self, lock: threading.Lock | None, inside: set[int]) -> None:
        self._lock = lock
        self._inside = inside
        self._me = threading.get_ident()

    def __enter__(self) -> None:
        if self._me in self._inside:
            raise StoreError("Een transactie in een transactie: geef de lopende transactie door.")
        if self._lock is not None:
            self._lock.acquire()
        self._inside.add(self._me)

    def __exit__(self, *_: object) -> None:
        self._inside.discard(self._me)
        if self._lock is not None:
            self._lock.release()


_GATES: dict[str, Gate] = {}
_GATES_LOCK = threading.Lock()


def gate_of(engine: Engine) -> Gate:
    """The gate for the writers of this database."""
    if engine.dialect.name != "sqlite":
        return Gate(None)
    with _GATES_LOCK:
        return _GATES.setdefault(str(engine.url.database), Gate(threading.Lock()))


def ensure_committable(conn: Connection) -> None:
    """Refuse to commit after a failed statement: PostgreSQL would answer a COMMIT with a silent rollback.

    Raises:
        StoreError: a statement failed and its error was swallowed.
    """
    if conn.dialect.name != "postgresql":
        return
    raw: Any = conn.connection.dbapi_connection
    if raw.info.transaction_status == _IN_ERROR:
        raise StoreError("Een opdracht in deze transactie mislukte en de fout werd niet doorgegeven: niets is bewaard.")


_IN_ERROR = 3  # psycopg2.extensions.TRANSACTION_STATUS_INERROR; SQLite installations have no psycopg2


def _postgresql(url: URL, service: str) -> Engine:
    limits = {
        "search_path": f'"{service}"',
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
        "statement_timeout": STATEMENT_SECONDS * 1000,
        "lock_timeout": LOCK_SECONDS * 1000,
        **_answering.SERVER_END,
    }
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    given = url.query.get("options")
    query = {k: v for k, v in url.query.items() if k != "options"}
    _answering.install()
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2", query=query),
        connect_args={
            "connection_factory": connection_class(),
            "options": f"{given} {options}" if given else options,
            "application_name": application_name(service),
            "connect_timeout": int(_answering.CONNECT_SECONDS),
            **_answering.CLIENT_END,
        },
        hide_parameters=True,  # the text of an error goes further than its statement may
        pool_size=10,
        max_overflow=20,
        pool_timeout=LOCK_SECONDS,
        pool_use_lifo=True,  # the one used last first: what is not needed rests until the server ends it
    )
    ask_after_rest(engine, lambda: FRESH_SECONDS)
    undo_in_time(engine)
    return engine


def application_name(service: str) -> str:
    """How the sessions of a service show in ``pg_stat_activity``."""
    return f"casuslog-{service}"


def _sqlite(url: URL, service: str) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("Een opslag in het geheugen verliest alles; noem een bestand: sqlite:///<map>/<dienst>.db.")
    path = Path(url.database).absolute()
    if url.database.endswith("/"):
        path = path / f"{service}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url.set(drivername="sqlite+pysqlite", database=str(path.resolve())), hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: we say it ourselves.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # so that INSERT OR REPLACE meets the trigger that refuses DELETE
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    begin = conn.get_execution_options().get("casuslog_begin", "BEGIN")
    if begin:
        conn.exec_driver_sql(begin)
