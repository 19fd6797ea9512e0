"""The living keys of one holder on PostgreSQL, found or made in one statement that is a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine

from casuslog.errors import Unavailable

_PREPARED = "casuslog_keys"
# What stood before the statement began is found by its snapshot, what did not is made. A class that comes back in
# neither way was made by another at that very moment.
_PREPARE = f"""
PREPARE {_PREPARED} (text, text, text, text, timestamptz, text[], text[], bytea[]) AS
WITH made AS (
    INSERT INTO sleutels (id, gemeente, fase, subject, betrokkene, klasse, ingepakt, aangemaakt)
    SELECT fresh.id, $1, $2, $3, $4, fresh.klasse, fresh.ingepakt, $5
      FROM unnest($6, $7, $8) AS fresh (id, klasse, ingepakt)
    ON CONFLICT (gemeente, fase, subject, betrokkene, klasse) WHERE vernietigd IS NULL DO NOTHING
    RETURNING id, klasse)
SELECT klasse, id, ingepakt FROM sleutels
 WHERE gemeente = $1 AND fase = $2 AND subject = $3 AND betrokkene = $4 AND klasse = ANY ($7) AND vernietigd IS NULL
UNION ALL
SELECT klasse, id, NULL FROM made
"""  # noqa: S608  # constants of this module
_EXECUTE = f"EXECUTE {_PREPARED} (%s, %s, %s, %s, %s, %s::text[], %s::text[], %s::bytea[])"
_AWAY = "the key store is away; nothing was lost, try again"


class Fresh(NamedTuple):
    """A key that may be kept: for which class, under which id, in clear and wrapped."""

    klasse: str
    id: str
    key: bytes
    wrapped: bytes


def find_or_make(
    engine: Engine, holder: Sequence[str], fresh: Sequence[Fresh], now: datetime
) -> dict[str, tuple[str, bytes | None]]:
    """Per class the id of the living key, and its wrapped bytes; ``None`` for the bytes of a fresh one: it is kept now.

    Args:
        engine: in autocommit.
        holder: gemeente, phase, subject, betrokkene.
        fresh: what to keep where there is none. In one order everywhere, so that two processes do not wait for each
            other.
        now: the moment of making.

    Returns:
        Not all classes when another process made them at the same time: asked again they are found.

    Raises:
        Unavailable: the database is away.
    """
    ids, klassen, wrapped = [f.id for f in fresh], [f.klasse for f in fresh], [f.wrapped for f in fresh]
    living: dict[str, tuple[str, bytes | None]] = {}
    for klasse, key_id, bytes_ in _rows(engine, (*holder, now, ids, klassen, wrapped)):
        # One that was found and then destroyed during the statement has a new one, which comes after it.
        living[klasse] = (key_id, None if bytes_ is None else bytes(bytes_))
    return living


def _rows(engine: Engine, values: Sequence[Any]) -> list[Any]:
    driver: Any = engine.dialect.loaded_dbapi
    try:
        connection = engine.raw_connection()
        try:
            rows = _run(connection, values)
        except BaseException:
            # An interrupted statement leaves answers behind that are not the next one's.
            connection.invalidate()
            raise
        connection.close()
    except (driver.OperationalError, driver.InterfaceError) as error:
        raise Unavailable(_AWAY) from error
    return rows


def _run(connection: Any, values: Sequence[Any]) -> list[Any]:
    """Through the driver: a connection and a statement of SQLAlchemy cost more than this statement."""
    with connection.cursor() as cursor:
        if _PREPARED not in connection.info:
            cursor.execute(_PREPARE)
            connection.info[_PREPARED] = True
        cursor.execute(_EXECUTE, values)
        rows: list[Any] = cursor.fetchall()
    return rows
