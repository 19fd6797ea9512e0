"""Brings the tables of a service up to date, in one transaction, whoever else starts at the same moment."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.schema import CreateSchema

from casuslog._answering import within
from casuslog.store._engine import for_writing, gate_of, translated

_FOLDER = Path(__file__).with_name("migrations")
# Alembic keeps the migration at hand in a module-wide variable, so a process runs one at a time.
_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def prepared(engine: Engine, service: str, also: MetaData | None = None) -> Iterator[Connection]:
    """A transaction on up-to-date tables, alone among all processes that start on this database.

    Args:
        engine: the service's database.
        service: its name, and on PostgreSQL its schema.
        also: tables of the service itself (read models) that are made when they are missing.
    """
    with _ONE_AT_A_TIME, translated(), gate_of(engine).passed(), _engine_of(engine).begin() as conn:
        if conn.dialect.name == "postgresql":
            _wait_for_turn(conn, service)
            # Asked first: CREATE SCHEMA IF NOT EXISTS wants a right that a service need not have.
            if not inspect(conn).has_schema(service):
                conn.execute(CreateSchema(service))
        _migrate(conn)
        if also is not None:
            also.create_all(conn)
        yield conn


def _engine_of(engine: Engine) -> Engine:
    # On PostgreSQL not REPEATABLE READ: who waited for a turn must see what the one before has made.
    return engine if engine.dialect.name == "postgresql" else for_writing(engine)


def _wait_for_turn(conn: Connection, service: str) -> None:
    conn.execute(text("SET LOCAL lock_timeout = 0"))
    conn.execute(text("SET LOCAL statement_timeout = 0"))
    # Another process may migrate for as long as it takes; a dead line shows by TCP.
    with within(float("inf")):
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(f"casuslog {service}".encode())})


def _migrate(conn: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
