"""Refused access as a durable record: per hour, reason, role and gemeente one row with how often.

Nobody stands in it: no address, no token, no pseudonym, and a role or gemeente only where it was proven
(:mod:`casuslog.tokens`). So nobody can fill a disk with it, however often he is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, MetaData, String, Table, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from casuslog import logboektermijnen
from casuslog.clock import AMSTERDAM
from casuslog.store.tables import Long, Moment
from casuslog.tokens import Refusals

LOGBOEK = "toegangsweigeringen"
_KIND = ("uur", "reden", "rol", "gemeente")
metadata = MetaData()

toegangsweigeringen = Table(
    LOGBOEK,
    metadata,
    Column("nr", Long, primary_key=True),
    Column("uur", Moment, nullable=False),
    Column("reden", String(64), nullable=False),
    Column("rol", String(40), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("eerste", Moment, nullable=False),
    Column("laatste", Moment, nullable=False),
    Column("aantal", Integer, nullable=False),
    Index("toegangsweigeringen_soort", *_KIND, unique=True),
)
"""``rol`` and ``gemeente`` are empty where none was proven; ``eerste`` and ``laatste`` lie within ``uur``."""
t = toegangsweigeringen


def schrijf(conn: Connection, refusals: Sequence[Refusals]) -> None:
    """Add these to what stands there, in the transaction of ``conn``."""
    if refusals:
        conn.execute(_add(conn.dialect.name), [_rij(one) for one in refusals])


def lees(
    conn: Connection, gemeenten: Collection[str], *, na: int = 0, sinds: date | None = None, limiet: int = 100
) -> list[dict[str, Any]]:
    """Rows after a number, oldest first: of these gemeenten, and those of which no gemeente was proven."""
    query = select(t).where(t.c.nr > na, t.c.gemeente.in_([*gemeenten, ""])).order_by(t.c.nr).limit(limiet)
    if sinds is not None:
        query = query.where(t.c.uur >= _begin(sinds))
    return [_verteld(row._mapping) for row in conn.execute(query)]


def wis_verlopen(conn: Connection, vandaag: date) -> int:
    """Wipe what is past its term (``schemas/logboektermijnen.yaml``); how many rows.

    A row of a gemeente that chose another term goes by that one.
    """
    gone = 0
    eigen = [een for (logboek, _), een in logboektermijnen.logboektermijnen().items() if logboek == LOGBOEK]
    anders = [een.gemeente for een in eigen if een.gemeente]
    for een in eigen:
        whose = t.c.gemeente == een.gemeente if een.gemeente else t.c.gemeente.not_in(anders)
        gone += conn.execute(delete(t).where(t.c.uur < _begin(een.bewaard_vanaf(vandaag)), whose)).rowcount
    return gone


@functools.cache
def _add(dialect: str) -> Any:
    made = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(t)
    new = made.excluded
    merged = {
        "aantal": t.c.aantal + new.aantal,
        # Several processes of a service may write in another order than they counted.
        "eerste": case((new.eerste < t.c.eerste, new.eerste), else_=t.c.eerste),
        "laatste": case((new.laatste > t.c.laatste, new.laatste), else_=t.c.laatste),
    }
    return made.on_conflict_do_update(index_elements=[t.c[name] for name in _KIND], set_=merged)


def _rij(one: Refusals) -> dict[str, Any]:
    return {
        "uur": one.uur,
        "reden": one.reden,
        "rol": one.whose.rol,
        "gemeente": one.whose.gemeente,
        "eerste": one.eerste,
        "laatste": one.laatste,
        "aantal": one.aantal,
    }


def _begin(dag: date) -> datetime:
    return datetime.combine(dag, time(0), AMSTERDAM)


def _verteld(row: Any) -> dict[str, Any]:
    return {
        "nr": row["nr"],
        "uur": row["uur"].isoformat(),
        "reden": row["reden"],
        "rol": row["rol"] or None,
        "gemeente": row["gemeente"] or None,
        "aantal": row["aantal"],
        "eerste": row["eerste"].isoformat(),
        "laatste": row["laatste"].isoformat(),
    }


__all__ = ["lees", "metadata", "schrijf", "wis_verlopen"]
