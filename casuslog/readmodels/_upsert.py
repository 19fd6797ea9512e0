"""Insert or replace rows by their primary key, on either database."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(conn: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Write ``row``, all columns of it; a row with the same primary key takes its values."""
    conn.execute(_statement(table, conn.dialect.name), row)


def upsert_many(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """As :func:`upsert` for each in turn, in as few statements as possible."""
    keys = [c.name for c in table.primary_key]
    # One statement cannot write the same row twice: of those with one key the last one counts.
    last = {tuple(row[name] for name in keys): row for row in rows}
    if last:
        conn.execute(_statement(table, conn.dialect.name), list(last.values()))


@functools.cache
def _statement(table: Table, dialect: str) -> Any:
    """Made once: building a statement costs more than sending it."""
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [c.name for c in table.primary_key]
    rest = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
    if rest:
        return insert.on_conflict_do_update(index_elements=keys, set_=rest)
    return insert.on_conflict_do_nothing(index_elements=keys)
