"""Insert or replace a row by its primary key, on either database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(conn: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Write ``row``; a row with the same primary key takes its values."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    keys = [c.name for c in table.primary_key]
    statement = insert(table).values(**row)
    rest = {name: statement.excluded[name] for name in row if name not in keys}
    if rest:
        conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
    else:
        conn.execute(statement.on_conflict_do_nothing(index_elements=keys))
