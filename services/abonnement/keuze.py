"""Which of the numbers of a subscription are meant: after a position, of a casus, of a gemeente, or since a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from casuslog.clock import AMSTERDAM
from casuslog.readmodels.tables import known_events
from services.abonnement.tabellen import leveringen

LIMIET = 100
"""Numbers in one answer at most."""
_PLAATS = ("gemeente", "bron", "stroom", "subject", "sequence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keuze:
    """Which numbers to read: after one, at most so many, and only of a casus, a gemeente, or logged since a day."""

    na: int = 0
    limiet: int = LIMIET
    casus: str | None = None
    gemeente: str | None = None
    sinds: date | None = None

    def van(self, abonnement: str) -> Select[Any]:
        """The deliveries of a subscription that are chosen, in order of their number."""
        query = select(leveringen).where(leveringen.c.abonnement == abonnement, leveringen.c.nummer > self.na)
        return query.where(*binnen(self.casus, self.gemeente, self.sinds)).order_by(leveringen.c.nummer)


def binnen(casus: str | None, gemeente: str | None, sinds: date | None) -> list[ColumnElement[bool]]:
    """What holds for the deliveries of a casus, of the streams of a gemeente, or of what was logged since a day."""
    eisen: list[ColumnElement[bool]] = []
    if casus is not None:
        eisen.append(leveringen.c.subject == casus)
    if gemeente is not None:
        eisen.append(leveringen.c.gemeente == gemeente)
    if sinds is not None:
        zelfde = (known_events.c[naam] == leveringen.c[naam] for naam in _PLAATS)
        eisen.append(exists().where(*zelfde, known_events.c.tijd >= begin_van(sinds)))
    return eisen


def begin_van(dag: date) -> str:
    """The moment at which a day begins in the Netherlands, as the shelf of kept events writes moments."""
    begin = datetime.combine(dag, time(), AMSTERDAM).astimezone(UTC)
    return begin.isoformat(timespec="microseconds").replace("+00:00", "Z")
