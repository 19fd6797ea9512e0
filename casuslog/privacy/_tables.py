"""The tables of the key store: a database (or schema) of its own, with a backup rule of its own."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, String, Table

metadata = MetaData()
"""For ``create_all`` and for Alembic."""

gemeentesleutels = Table(
    "gemeentesleutels",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("ingepakt", LargeBinary, nullable=False, comment="key of the gemeente, wrapped by the root key"),
    Column("rootsleutel", String(16), nullable=False, comment="id of the root key that wrapped it"),
    Column("aangemaakt", DateTime(timezone=True), nullable=False),
)

sleutels = Table(
    "sleutels",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("fase", String(64), nullable=False, comment="the service whose dossier it is"),
    Column("subject", String(64), nullable=False),
    Column("betrokkene", String(64), nullable=False),
    Column("klasse", String(16), nullable=False),
    Column("ingepakt", LargeBinary, nullable=False, comment="data key, wrapped; zeros once destroyed"),
    Column("aangemaakt", DateTime(timezone=True), nullable=False),
    Column("vernietigd", DateTime(timezone=True), nullable=True),
)

LIVING = sleutels.c.vernietigd.is_(None)
"""A key that has not been destroyed. Of these there is one per holder and class, however many processes ask at once."""

PER_HOLDER = [
    sleutels.c.gemeente,
    sleutels.c.fase,
    sleutels.c.subject,
    sleutels.c.betrokkene,
    sleutels.c.klasse,
]

Index("sleutels_levend", *PER_HOLDER, unique=True, sqlite_where=LIVING, postgresql_where=LIVING)
