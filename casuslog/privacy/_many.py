"""Reading the keys of a page of events: of several gemeenten, in one question, each unwrapped at little cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select, tuple_

from casuslog.privacy._tables import gemeentesleutels, sleutels
from casuslog.privacy._wrap import Wrapping

_PAGE = 500
_OF_PAIRS = """
SELECT s.gemeente, s.id, s.ingepakt, s.vernietigd IS NOT NULL, g.ingepakt, g.rootsleutel
FROM unnest(%s::text[], %s::text[]) AS asked (gemeente, id)
JOIN sleutels s ON s.id = asked.id AND s.gemeente = asked.gemeente
JOIN gemeentesleutels g ON g.gemeente = s.gemeente"""
"""Sent as it is: with hundreds of ids, putting a statement together takes longer than asking it."""
_OF_PAIR = select(
    sleutels.c.gemeente,
    sleutels.c.id,
    sleutels.c.ingepakt,
    sleutels.c.vernietigd.is_not(None),
    gemeentesleutels.c.ingepakt.label("gemeentesleutel"),
    gemeentesleutels.c.rootsleutel,
).join_from(sleutels, gemeentesleutels, sleutels.c.gemeente == gemeentesleutels.c.gemeente)


def rows_of(conn: Connection, asked: list[tuple[str, str]]) -> list[Any]:
    """What is kept of these pairs of gemeente and key id: gemeente, id, wrapped key, whether it was destroyed, and of
    the gemeente its wrapped key and the id of the root key. A key of another gemeente is not among them."""
    if conn.dialect.name == "postgresql":
        gemeenten, key_ids = ([*part] for part in zip(*asked, strict=True))
        return [*conn.exec_driver_sql(_OF_PAIRS, (gemeenten, key_ids))]
    rows: list[Any] = []
    for start in range(0, len(asked), _PAGE):
        page = asked[start : start + _PAGE]
        rows.extend(conn.execute(_OF_PAIR.where(tuple_(sleutels.c.gemeente, sleutels.c.id).in_(page))))
    return rows


_OF_HOLDERS = """
SELECT s.gemeente, s.fase, s.subject, s.betrokkene, s.klasse, s.id, s.ingepakt, g.ingepakt, g.rootsleutel
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
     AS asked (gemeente, fase, subject, betrokkene, klasse)
JOIN sleutels s ON s.gemeente = asked.gemeente AND s.fase = asked.fase AND s.subject = asked.subject
     AND s.betrokkene = asked.betrokkene AND s.klasse = asked.klasse AND s.vernietigd IS NULL
JOIN gemeentesleutels g ON g.gemeente = s.gemeente"""


def rows_of_holders(conn: Connection, holders: list[tuple[str, ...]]) -> list[Any]:
    """On PostgreSQL: the living keys of these holders (gemeente, phase, subject, betrokkene, class), which come first;
    then key id, wrapped key, and of the gemeente its wrapped key and the id of the root key."""
    return [*conn.exec_driver_sql(_OF_HOLDERS, tuple([*part] for part in zip(*holders, strict=True)))]


class Unwrapping:
    """Unwraps the keys of one answer of the database: the cipher of each gemeente is made once, and gone with it.

    Args:
        of_gemeente: the key of a gemeente, from its code, its wrapped key and the id of the root key.
    """

    def __init__(self, of_gemeente: Callable[[str, bytes, str], bytes]) -> None:
        self._of_gemeente = of_gemeente
        self._made: dict[tuple[str, bytes, str], Wrapping] = {}

    def key(self, wrapped: bytes, belongs_to: str, *, by: tuple[str, bytes, str]) -> bytes:
        """The data key; ``by`` is the key of the gemeente, as ``of_gemeente`` takes it.

        Raises:
            StoreError: a row was changed, or another root key wrapped it.
        """
        wrapping = self._made.get(by)
        if wrapping is None:
            wrapping = self._made[by] = Wrapping(self._of_gemeente(*by))
        return wrapping.unwrap(wrapped, belongs_to)
