"""On which day a casus was reported: what decides which inrichting a running casus keeps."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, func, select

from casuslog.readmodels._upsert import upsert
from casuslog.readmodels.tables import melding_days as t

MELDING = "melding-geregistreerd"


class MeldingDays:
    """The days of melding that one service knows."""

    @staticmethod
    def record(conn: Connection, gemeente: str, subject: str, day: date) -> None:
        """Keep the day of a melding in a stream of this gemeente."""
        upsert(conn, t, {"gemeente": gemeente, "subject": subject, "gemeld_op": day})

    @staticmethod
    def of(conn: Connection, subject: str, owners: Collection[str]) -> date | None:
        """The first day on which this casus was reported in a stream of one of these gemeenten.

        The owners count: a casus id is shared, and a melding that another gemeente writes under it says nothing here.
        """
        query = select(func.min(t.c.gemeld_op)).where(t.c.subject == subject, t.c.gemeente.in_(sorted(owners)))
        return conn.execute(query).scalar()
