"""The store: events that cannot be changed, and what commands, consumers and the relay remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from casuslog.store.tables import Long, Moment

revision = "0001"
down_revision = None

_REFUSAL = "events are only added: a fact is corrected by a new event, and reading is ended by destroying its key"


def upgrade() -> None:
    """Make all tables and refuse changes of events."""
    _create_eras()
    _create_events()
    _create_commands()
    _create_consumer_tables()
    _create_parked()
    _create_relay_tables()
    _refuse_changes()


def _create_eras() -> None:
    op.create_table(
        "eras",
        sa.Column("era", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("system_identifier", sa.Text, nullable=False),
        sa.Column("timeline", sa.Text, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _create_events() -> None:
    # SQLite numbers rows only by a primary key of one column, so there the key of the stream is a unique constraint.
    sqlite = op.get_bind().dialect.name == "sqlite"
    stream = ("gemeente", "stroom", "subject", "version")
    keys = (
        [sa.PrimaryKeyConstraint("position"), sa.UniqueConstraint(*stream, name="events_pkey")]
        if sqlite
        else [sa.PrimaryKeyConstraint(*stream, name="events_pkey"), sa.UniqueConstraint("position")]
    )
    op.create_table(
        "events",
        sa.Column("gemeente", sa.Text, nullable=False),
        sa.Column("stroom", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("position", Long, *([] if sqlite else [sa.Identity(always=True)]), nullable=False),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("xid", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("logged_at", Moment, nullable=False),
        *keys,
        sqlite_autoincrement=True,
    )
    op.create_index("events_log", "events", ["era", "xid", "position"])
    op.create_index("events_log_gemeente", "events", ["gemeente", "era", "xid", "position"])


def _create_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("gemeente", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )


def _create_consumer_tables() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("gemeente", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("stroom", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
    )


def _create_parked() -> None:
    op.create_table(
        "parked",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("gemeente", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("stroom", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("parked_at", Moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )


def _create_relay_tables() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_table(
        "relay_position",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
    )


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_refuse_{act.lower()} BEFORE {act} ON events "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change()"
    )
