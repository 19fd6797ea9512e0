"""Which inrichting holds for a gemeente on a day, as the log told this service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casuslog.errors import Refused
from casuslog.readmodels._upsert import upsert
from casuslog.readmodels.tables import policies as t
from casuslog.store import NOTHING, Condition, Required

DAY_OF_MELDING = "dag_van_de_melding"
"""Code of the list *overgang*: a running casus keeps the version of the day of its melding."""

# Made once: building a statement costs more than sending it.
_ON = (
    select(t.c.versie)
    .where(t.c.gemeente == bindparam("gemeente"), t.c.geldig_vanaf <= bindparam("dag"))
    .order_by(t.c.geldig_vanaf.desc(), t.c.versie.desc())
)
_NAMED = select(t.c.versie).where(t.c.gemeente == bindparam("gemeente"), t.c.sleutel == bindparam("sleutel"))
_HOLDS = Condition(
    "policy",
    "{2} = (SELECT versie FROM inrichtingen WHERE gemeente = {0} AND geldig_vanaf <= {1} "
    "ORDER BY geldig_vanaf DESC, versie DESC LIMIT 1)",
    ("text", "date", "int"),
)
DAYS = 10_000
"""Gemeenten and days of which is remembered which inrichting held: a bound on memory."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a gemeente's inrichting: the beleid (docs/inrichting.md) and its name, ``<sleutel>@<versie>``."""

    gemeente: str
    versie: str
    geldig_vanaf: date
    beleid: dict[str, Any]

    @property
    def number(self) -> int:
        """The version by itself."""
        return int(self.versie.rpartition("@")[2])

    def leaves_alone(self, melding: date | None) -> bool:
        """Whether a casus that was reported on this day keeps the version before this one."""
        if melding is None or melding >= self.geldig_vanaf:
            return False
        return bool(self.beleid.get("overgang", {}).get("lopende_casussen") == DAY_OF_MELDING)


class Policies:
    """The versions that one service knows."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], Policy] = {}
        self._holding: dict[tuple[str, date], Policy] = {}

    @staticmethod
    def keep(conn: Connection, data: Any) -> None:
        """Keep an ``InrichtingVastgesteld``; ``data`` answers to its field names."""
        names = ("gemeente", "versie", "sleutel", "geldig_vanaf", "beleid")
        upsert(conn, t, {name: data[name] for name in names})

    def on(self, conn: Connection, gemeente: str, day: date, *, melding: date | None = None) -> Policy:
        """The inrichting of ``gemeente`` that holds for an act on ``day``.

        Args:
            conn: the transaction of the act.
            gemeente: code of the gemeente that acts.
            day: the day of the act.
            melding: the day of the melding of the casus. What a new version means for running cases is data: with
                ``lopende_casussen: dag_van_de_melding`` it leaves a casus of before its first day to the one before it.

        Raises:
            Refused: none is known for that day (``inrichting_onbekend``): no act is judged without its inrichting.
        """
        found: Policy | None = None
        for versie in conn.execute(_ON, {"gemeente": gemeente, "dag": day}).scalars().all():
            found = self._version(conn, gemeente, versie)
            if not found.leaves_alone(melding):
                if melding is None:
                    self._remember(gemeente, day, found)
                return found
        if found is None:
            raise _unknown(gemeente, f"die op {day.isoformat()} geldt")
        return found

    def remembered(self, gemeente: str, day: date) -> Policy | None:
        """What :meth:`on` said before of a casus that begins on this day; only :func:`under` knows if it still does."""
        return self._holding.get((gemeente, day))

    def named(self, conn: Connection, gemeente: str, naam: str) -> Policy:
        """The version that an event names (``inrichtingversie``), for what follows from that event.

        Raises:
            Refused: this service has not heard of it yet (``inrichting_onbekend``).
        """
        sleutel, _, versie = naam.rpartition("@")
        known = conn.execute(_NAMED, {"gemeente": gemeente, "sleutel": sleutel}).scalars().all()
        if not versie.isdigit() or int(versie) not in known:
            raise _unknown(gemeente, "met de naam die de gebeurtenis noemt")
        return self._version(conn, gemeente, int(versie))

    def _remember(self, gemeente: str, day: date, found: Policy) -> None:
        if len(self._holding) >= DAYS:
            self._holding.clear()
        self._holding[gemeente, day] = found

    def _version(self, conn: Connection, gemeente: str, versie: int) -> Policy:
        if (gemeente, versie) not in self._read:
            row = conn.execute(select(t).where(t.c.gemeente == gemeente, t.c.versie == versie)).one()
            self._read[gemeente, versie] = Policy(
                gemeente, f"{row.sleutel}@{row.versie}", row.geldig_vanaf, json.loads(row.beleid)
            )
        return self._read[gemeente, versie]


def under(policy: Policy | None, day: date) -> Required:
    """That what begins on ``day`` falls under this inrichting, as far as this service has heard by then."""
    return NOTHING if policy is None else Required(_HOLDS, (policy.gemeente, day, policy.number))


def _unknown(gemeente: str, which: str) -> Refused:
    return Refused(
        "inrichting_onbekend",
        f"Van gemeente {gemeente} is geen inrichting bekend {which}.",
        rule="een handeling wordt beoordeeld naar de inrichting van haar dag",
        remedy="Laat een beheerder haar inrichting vaststellen (deploy/inrichtingen, POST /inrichtingen/herlees).",
        field="gemeente",
    )
