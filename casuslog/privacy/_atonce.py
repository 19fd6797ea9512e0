"""Living keys on PostgreSQL, found or made in a statement that is a transaction of its own: of one holder, or many.

What callers of one process ask for at the same moment goes in one such statement: a round trip and a commit for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from casuslog._company import Company
from casuslog._sessions import Prepared, Sessions
from casuslog.errors import Unavailable


class Fresh(NamedTuple):
    """A key that may be kept: for which class, under which id, in clear and wrapped."""

    klasse: str
    id: str
    key: bytes
    wrapped: bytes


class Wanted(NamedTuple):
    """What one caller asks for: the living keys of a holder, and what to keep where there is none."""

    holder: tuple[str, ...]
    """Gemeente, phase, subject, betrokkene."""
    fresh: Sequence[Fresh]
    """In one order everywhere, so that two processes do not wait for each other."""
    now: datetime


Living = dict[str, tuple[str, bytes | None]]
"""Per class the id of the living key, and its wrapped bytes; ``None`` for the bytes of a fresh one: it is kept now."""


# What stood before the statement began is found by its snapshot, what did not is made. A class that comes back in
# neither way was made by another at that very moment.
_OF_ONE = Prepared(
    "casuslog_keys",
    """
PREPARE casuslog_keys (text, text, text, text, timestamptz, text[], text[], bytea[]) AS
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
""",
    "EXECUTE casuslog_keys (%s, %s, %s, %s, %s, %s::text[], %s::text[], %s::bytea[])",
)
# As above. Each holder is looked up by itself: a list of hundreds would be held against every row of a young table.
_MADE_OF_ASKED = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest({arrays}) WITH ORDINALITY
        AS asked (gemeente, fase, subject, betrokkene, klasse, id, ingepakt, nr)
), made AS (
    INSERT INTO sleutels (gemeente, fase, subject, betrokkene, klasse, id, ingepakt, aangemaakt)
    SELECT gemeente, fase, subject, betrokkene, klasse, id, ingepakt, {now} FROM asked ORDER BY nr
    ON CONFLICT (gemeente, fase, subject, betrokkene, klasse) WHERE vernietigd IS NULL DO NOTHING
    RETURNING id)
SELECT asked.nr, kept.id, kept.ingepakt
  FROM asked CROSS JOIN LATERAL (
       SELECT s.id, s.ingepakt FROM sleutels s
        WHERE s.gemeente = asked.gemeente AND s.fase = asked.fase AND s.subject = asked.subject
          AND s.betrokkene = asked.betrokkene AND s.klasse = asked.klasse AND s.vernietigd IS NULL LIMIT 1) AS kept
UNION ALL
SELECT asked.nr, asked.id, NULL FROM asked JOIN made ON made.id = asked.id
"""
_ARRAYS = (*("text[]",) * 6, "bytea[]")
_OF_SEVERAL = Prepared(
    "casuslog_keys_of_several",
    f"PREPARE casuslog_keys_of_several ({', '.join(_ARRAYS)}, timestamptz) AS"
    + _MADE_OF_ASKED.format(arrays="$1, $2, $3, $4, $5, $6, $7", now="$8"),
    f"EXECUTE casuslog_keys_of_several ({', '.join(f'%s::{kind}' for kind in _ARRAYS)}, %s)",
)
_PAGE = _MADE_OF_ASKED.format(arrays=", ".join(f"%s::{kind}" for kind in _ARRAYS), now="%s")
# Its plan is made once, perhaps while the table is empty, and must be right on a large one: by index only. Who waits
# for another transaction holds up all that go with it: then each goes by itself, and waits by itself.
_SETTINGS = (
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; "
    "SET lock_timeout = 50"
)
_AWAY = "the key store is away; nothing was lost, try again"


class KeysAtOnce:
    """Finds or makes the keys of one holder, with those of other callers of the same moment.

    Args:
        engine: in autocommit.
    """

    def __init__(self, engine: Engine) -> None:
        self._single = Sessions(engine)
        self._shared = Sessions(engine, _SETTINGS)
        self._company: Company[Wanted, Living] = Company(
            lambda wanted: self._of_one(wanted, self._single),
            self._of_several,
            brief=lambda wanted: self._of_one(wanted, self._shared),
        )

    def find_or_make(self, wanted: Wanted) -> Living:
        """The living keys of a holder.

        Returns:
            Not all classes when another made them at the same time: asked again they are found.

        Raises:
            Unavailable: the database is away.
        """
        return self._company.ask(wanted)

    def close(self) -> None:
        """Let go of the connections that are not in use."""
        self._single.close()
        self._shared.close()

    def _of_one(self, wanted: Wanted, sessions: Sessions) -> Living:
        holder, fresh, now = wanted
        ids, klassen, wrapped = [f.id for f in fresh], [f.klasse for f in fresh], [f.wrapped for f in fresh]
        living: Living = {}
        for klasse, key_id, bytes_ in sessions.run(_OF_ONE, (*holder, now, ids, klassen, wrapped)):
            # One that was found and then destroyed during the statement has a new one, which comes after it.
            living[klasse] = (key_id, None if bytes_ is None else bytes(bytes_))
        return living

    def _of_several(self, group: Sequence[Wanted]) -> list[Living]:
        rows = [(one.holder, fresh, place) for place, one in enumerate(group) for fresh in one.fresh]
        rows.sort(key=lambda row: (row[0], row[1].klasse))
        holders = [list(column) for column in zip(*(holder for holder, _, _ in rows), strict=True)]
        klassen, ids, _, wrapped = (list(column) for column in zip(*(fresh for _, fresh, _ in rows), strict=True))
        values = (*holders, klassen, ids, wrapped, max(one.now for one in group))
        living: list[Living] = [{} for _ in group]
        for number, key_id, bytes_ in self._shared.run(_OF_SEVERAL, values):
            _, fresh, place = rows[number - 1]
            living[place][fresh.klasse] = (key_id, None if bytes_ is None else bytes(bytes_))
        return living


def find_or_make_page(
    engine: Engine, fresh: Mapping[tuple[str, ...], Fresh], now: datetime
) -> Iterator[tuple[tuple[str, ...], str, bytes | None]]:
    """As :meth:`KeysAtOnce.find_or_make` for some hundred holders, each with its class: holder, id and wrapped bytes.

    Not prepared: hundreds of holders are worth a plan of their own.

    Raises:
        Unavailable: the database is away.
    """
    holders, columns = list(fresh), [list(column) for column in zip(*fresh, strict=True)]
    ids, wrapped = [one.id for one in fresh.values()], [one.wrapped for one in fresh.values()]
    for number, key_id, bytes_ in _asked(engine, (*columns, ids, wrapped, now)):
        yield holders[number - 1], key_id, None if bytes_ is None else bytes(bytes_)


def _asked(engine: Engine, values: Sequence[Any]) -> list[Any]:
    """Through the driver: a connection and a statement of SQLAlchemy cost more than this statement."""
    driver: Any = engine.dialect.loaded_dbapi
    try:
        connection: Any = engine.raw_connection()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_PAGE, values)
                rows: list[Any] = cursor.fetchall()
        except BaseException:
            # An interrupted statement leaves answers behind that are not the next one's.
            connection.invalidate()
            raise
        connection.close()
    except (driver.OperationalError, driver.InterfaceError, PoolTimeout) as error:
        raise Unavailable(_AWAY) from error
    return rows
