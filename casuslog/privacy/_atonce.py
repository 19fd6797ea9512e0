"""Living keys on PostgreSQL, found or made in a statement that is a transaction of its own: of one holder, or many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

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
# As above. Each holder is looked up by itself: a list of hundreds would be held against every row of a young table.
_PAGE = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[])
        AS asked (gemeente, fase, subject, betrokkene, klasse, id, ingepakt)
), made AS (
    INSERT INTO sleutels (gemeente, fase, subject, betrokkene, klasse, id, ingepakt, aangemaakt)
    SELECT asked.*, %s FROM asked
    ON CONFLICT (gemeente, fase, subject, betrokkene, klasse) WHERE vernietigd IS NULL DO NOTHING
    RETURNING id)
SELECT asked.gemeente, asked.fase, asked.subject, asked.betrokkene, asked.klasse, kept.id, kept.ingepakt
  FROM asked CROSS JOIN LATERAL (
       SELECT s.id, s.ingepakt FROM sleutels s
        WHERE s.gemeente = asked.gemeente AND s.fase = asked.fase AND s.subject = asked.subject
          AND s.betrokkene = asked.betrokkene AND s.klasse = asked.klasse AND s.vernietigd IS NULL LIMIT 1) AS kept
UNION ALL
SELECT asked.gemeente, asked.fase, asked.subject, asked.betrokkene, asked.klasse, asked.id, NULL
  FROM asked JOIN made ON made.id = asked.id
"""
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


def find_or_make_page(
    engine: Engine, fresh: Mapping[tuple[str, ...], Fresh], now: datetime
) -> Iterator[tuple[tuple[str, ...], str, bytes | None]]:
    """As :func:`find_or_make` for some hundred holders, each with its class: holder, id and wrapped bytes.

    Raises:
        Unavailable: the database is away.
    """
    columns = [list(column) for column in zip(*fresh, strict=True)]
    ids, wrapped = [one.id for one in fresh.values()], [one.wrapped for one in fresh.values()]
    for *holder, key_id, bytes_ in _rows(engine, (*columns, ids, wrapped, now), prepared=False):
        yield tuple(holder), key_id, None if bytes_ is None else bytes(bytes_)


def _rows(engine: Engine, values: Sequence[Any], *, prepared: bool = True) -> list[Any]:
    driver: Any = engine.dialect.loaded_dbapi
    try:
        connection = engine.raw_connection()
        try:
            rows = _run(connection, values) if prepared else _asked(connection, values)
        except BaseException:
            # An interrupted statement leaves answers behind that are not the next one's.
            connection.invalidate()
            raise
        connection.close()
    except (driver.OperationalError, driver.InterfaceError, PoolTimeout) as error:
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


def _asked(connection: Any, values: Sequence[Any]) -> list[Any]:
    """Not prepared: hundreds of holders are worth a plan of their own."""
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, values)
        rows: list[Any] = cursor.fetchall()
    return rows
