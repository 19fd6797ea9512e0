"""On which day a casus was reported: what decides which inrichting a running casus keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from casuslog.readmodels._upsert import upsert_many
from casuslog.readmodels.tables import melding_days as t

MELDING = "melding-geregistreerd"
# Made once: building a statement costs more than sending it.
_OF = select(func.min(t.c.gemeld_op)).where(
    t.c.subject == bindparam("subject"), t.c.gemeente.in_(bindparam("gemeenten", expanding=True))
)


class MeldingDays:
    """The days of melding that one service knows."""

    @staticmethod
    def record(conn: Connection, gemeente: str, subject: str, day: date) -> None:
        """Keep the day of a melding in a stream of this gemeente."""
        MeldingDays.record_rows(conn, [MeldingDays.row(gemeente, subject, day)])

    @staticmethod
    def record_rows(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the rows of many meldingen, in their order."""
        upsert_many(conn, t, rows)

    @staticmethod
    def row(gemeente: str, subject: str, day: date) -> dict[str, Any]:
        """What :meth:`record` keeps."""
        return {"gemeente": gemeente, "subject": subject, "gemeld_op": day}

    @staticmethod
    def of(conn: Connection, subject: str, owners: Collection[str]) -> date | None:
        """The first day on which this casus was reported in a stream of one of these gemeenten.

        The owners count: a casus id is shared, and a melding that another gemeente writes under it says nothing here.
        """
        return conn.execute(_OF, {"subject": subject, "gemeenten": sorted(owners)}).scalar()
