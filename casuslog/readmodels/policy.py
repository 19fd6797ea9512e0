"""Which inrichting holds for a gemeente on a day, as the log told this service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from casuslog.errors import Refused
from casuslog.readmodels._upsert import upsert
from casuslog.readmodels.tables import policies as t


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a gemeente's inrichting: the beleid (docs/inrichting.md) and its name, ``<sleutel>@<versie>``."""

    gemeente: str
    versie: str
    geldig_vanaf: date
    beleid: dict[str, Any]


class Policies:
    """The versions that one service knows."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], Policy] = {}

    @staticmethod
    def keep(conn: Connection, data: Any) -> None:
        """Keep an ``InrichtingVastgesteld``; ``data`` answers to its field names."""
        names = ("gemeente", "versie", "sleutel", "geldig_vanaf", "beleid")
        upsert(conn, t, {name: data[name] for name in names})

    def on(self, conn: Connection, gemeente: str, day: date) -> Policy:
        """The inrichting of ``gemeente`` that held on ``day``.

        Raises:
            Refused: none is known for that day (``inrichting_onbekend``): no act is judged without its inrichting.
        """
        query = (
            select(t.c.versie, t.c.geldig_vanaf)
            .where(t.c.gemeente == gemeente, t.c.geldig_vanaf <= day)
            .order_by(t.c.geldig_vanaf.desc(), t.c.versie.desc())
            .limit(1)
        )
        found = conn.execute(query).first()
        if found is None:
            raise Refused(
                "inrichting_onbekend",
                f"Van gemeente {gemeente} is geen inrichting bekend die op {day.isoformat()} geldt.",
                rule="een handeling wordt beoordeeld naar de inrichting van haar dag",
                remedy="Laat de gemeente haar inrichting vaststellen (opdracht stel-inrichting-vast).",
                field="gemeente",
            )
        return self._version(conn, gemeente, found.versie)

    def _version(self, conn: Connection, gemeente: str, versie: int) -> Policy:
        if (gemeente, versie) not in self._read:
            row = conn.execute(select(t).where(t.c.gemeente == gemeente, t.c.versie == versie)).one()
            self._read[gemeente, versie] = Policy(
                gemeente, f"{row.sleutel}@{row.versie}", row.geldig_vanaf, json.loads(row.beleid)
            )
        return self._read[gemeente, versie]
