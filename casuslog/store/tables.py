"""The tables of one service: its events, and what its commands, consumers and relay must remember with them.

Names are unqualified: on PostgreSQL each service has a schema of its own (``search_path``), on SQLite a file of its
own. The migrations make them; a test compares both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    FetchedValue,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData()

Long = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both databases; SQLite only numbers rows by itself when the type is called INTEGER."""


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps it as text of fixed width, so that moments compare as they should."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, ``timestamptz`` elsewhere."""
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse what has no time zone: a naive moment is ambiguous."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment has a time zone; a naive datetime is ambiguous")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds").replace("+00:00", "Z") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # its signature
        """Aware and in UTC, whatever the zone of the session."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


class current_xid(FunctionElement[int]):  # noqa: N801  # it reads as the SQL function it stands for
    """The id of the transaction that writes, as a number (as text it sorts wrongly); 0 where writers queue up."""

    type = BigInteger()
    inherit_cache = True


@compiles(current_xid, "postgresql")
def _xid_postgresql(*_: Any, **__: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(current_xid, "sqlite")
def _xid_sqlite(*_: Any, **__: Any) -> str:
    return "0"


eras = Table(
    "eras",
    metadata,
    Column("era", Integer, primary_key=True, autoincrement=False),
    Column("service", Text, nullable=False),
    Column("system_identifier", Text, nullable=False),
    Column("timeline", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)
"""The lives of this database. Within one the transaction ids of its server order the log."""

current_era = select(eras.c.era).order_by(eras.c.era.desc()).limit(1).scalar_subquery()

events = Table(
    "events",
    metadata,
    Column("gemeente", Text, primary_key=True),
    Column("stroom", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Long, server_default=FetchedValue(), nullable=False, unique=True),
    Column("era", Integer, default=current_era, nullable=False),
    Column("xid", BigInteger, default=current_xid(), nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("logged_at", Moment, nullable=False),
    Index("events_log", "era", "xid", "position"),
    Index("events_log_gemeente", "gemeente", "era", "xid", "position"),
)
"""The record. Rows are added, never changed: the database refuses it."""

commands = Table(
    "commands",
    metadata,
    Column("gemeente", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Answers given, by idempotency key. An answer holds references only."""

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("gemeente", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("stroom", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
)
"""How far each consumer is in each stream of another service."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""How far each consumer is in the log of another service."""

parked = Table(
    "parked",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("gemeente", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("stroom", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
)
"""Events that a consumer could not handle, and those that wait behind them in the same lane (the subject)."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
"""Who may do what only one may do; the token grows with each new holder and fences off the old one."""

relay_position = Table(
    "relay_position",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
)
"""Up to where the log has confirmed what the relay sent."""
