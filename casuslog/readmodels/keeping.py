"""What every service keeps of foreign events: the one projection, for what comes in and for a rebuild alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from casuslog.events import TYPE_PREFIX
from casuslog.readmodels._upsert import beside, upsert_tables
from casuslog.readmodels.involvement import InvolvementRegister
from casuslog.readmodels.known import KnownEvents
from casuslog.readmodels.melding import MELDING, MeldingDays
from casuslog.readmodels.tables import involvements, melding_days
from casuslog.recorded import RecordedEvent
from casuslog.store import Beside

BETROKKENHEID = "betrokkenheid-vastgelegd"
_INVOLVED, _REPORTED = TYPE_PREFIX + BETROKKENHEID, TYPE_PREFIX + MELDING


def keep(conn: Connection, events: Sequence[RecordedEvent]) -> None:
    """Keep foreign events as they came, and what they say of who is involved and since when; in their order."""
    KnownEvents.keep_many(conn, [event.stored for event in events if event.stored is not None])
    note(conn, events)


def note(conn: Connection, events: Sequence[RecordedEvent]) -> None:
    """Note who foreign events say is involved, and of a melding when and by whom it was made; keep no more."""
    involved: list[dict[str, Any]] = []
    reported: list[dict[str, Any]] = []
    for event in events:
        e = event.envelope
        if e.type == _INVOLVED:
            involved += InvolvementRegister.rows(e.gemeente, e.subject, event)
        elif e.type == _REPORTED:
            reported.append(MeldingDays.row(e.gemeente, e.subject, e.feitdatum))
            involved += InvolvementRegister.rows_of_report(e)
    note_rows(conn, involved, reported)


def note_rows(conn: Connection, involved: Sequence[Mapping[str, Any]], reported: Sequence[Mapping[str, Any]]) -> None:
    """Note rows of :class:`InvolvementRegister` and of :class:`MeldingDays`, in their order, in one visit."""
    upsert_tables(conn, (involvements, involved), (melding_days, reported))


def rows_beside(involved: Sequence[Mapping[str, Any]], reported: Sequence[Mapping[str, Any]]) -> list[Beside]:
    """The same rows for a statement that keeps them together with the events that gave reason to them."""
    return beside((involvements, involved), (melding_days, reported))
