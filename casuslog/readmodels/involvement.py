"""Who is involved in a casus, as what and since when: the recorded facts, kept so that access can be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from casuslog.envelope import Envelope
from casuslog.events import VERNIETIGD
from casuslog.readmodels._upsert import upsert_many
from casuslog.readmodels.tables import involvements as t
from casuslog.rights.involvement import who_reported

WHOLE_CASUS = ""
"""The thema of an involvement that is not of one thema: part of a key, and so not NULL."""

# Made once: building a statement costs more than sending it.
_OF = select(t).where(
    t.c.subject == bindparam("subject"),
    t.c.vanaf <= bindparam("dag"),
    or_(t.c.tot.is_(None), t.c.tot >= bindparam("dag")),
)


@dataclass(frozen=True, slots=True)
class Involved:
    """One organisation's involvement in a casus, as the owner of the stream recorded it."""

    gemeente: str
    organisatie: str
    als: str
    vanaf: date
    tot: date | None
    thema: str | None


class InvolvementRegister:
    """The register of one service."""

    @classmethod
    def record(cls, conn: Connection, gemeente: str, subject: str, data: Any) -> None:
        """Keep a ``BetrokkenheidVastgelegd``; ``data`` answers to its field names.

        A later one of the same party, capacity and thema takes the place of the earlier, so that an end is an end
        whatever first day it names. One whose content was destroyed grants nothing.
        """
        upsert_many(conn, t, cls.rows(gemeente, subject, data))

    @classmethod
    def record_report(cls, conn: Connection, envelope: Envelope) -> None:
        """Keep who made a melding: as the client, or as who reported for another (``als`` melder).

        Of staff nothing is kept: who wrote it down is no party to the casus.
        """
        upsert_many(conn, t, cls.rows_of_report(envelope))

    @staticmethod
    def record_rows(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the rows of :meth:`rows` and :meth:`rows_of_report` of many events, in their order."""
        upsert_many(conn, t, rows)

    @staticmethod
    def rows(gemeente: str, subject: str, data: Any) -> list[dict[str, Any]]:
        """What :meth:`record` keeps: one row, or none."""
        if data["organisatie"] is VERNIETIGD:
            return []
        row = {
            "gemeente": gemeente,
            "subject": subject,
            "organisatie": data["organisatie"],
            "als": data["als"],
            "thema": data["thema"] or WHOLE_CASUS,
            "vanaf": data["vanaf"],
            "tot": data["tot"],
        }
        return [row]

    @classmethod
    def rows_of_report(cls, envelope: Envelope) -> list[dict[str, Any]]:
        """What :meth:`record_report` keeps: one row, or none."""
        if envelope.actororganisatie is not None:
            return []
        one = who_reported(envelope)
        told = {"organisatie": one.organisatie, "als": one.als, "vanaf": one.vanaf, "tot": None, "thema": None}
        return cls.rows(envelope.gemeente, envelope.subject, told)

    @staticmethod
    def of(conn: Connection, subject: str, on: date) -> list[Involved]:
        """Who is involved in this casus on this day."""
        rows = conn.execute(_OF, {"subject": subject, "dag": on})
        return [Involved(r.gemeente, r.organisatie, r.als, r.vanaf, r.tot, r.thema or None) for r in rows]
