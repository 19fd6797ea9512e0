"""The timeline and the status of a casus as one reader may see them. Pure: events, reader and day in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from casuslog.errors import Forbidden
from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level, Reader, sight
from casuslog.rights.showing import PrivacyOf, row, shown, values
from services.historie.status import CasusStatus, Gebeurd, status_op


def tijdlijn(
    events: Sequence[RecordedEvent], reader: Reader, privacy_of: PrivacyOf, *, tot_en_met: date, vandaag: date
) -> list[dict[str, Any]]:
    """Each event that the reader may know of, with what may be shown of it, in order; empty when there is none.

    Args:
        events: all that is known of the casus, in order.
        reader: who reads.
        privacy_of: the privacy class of each field.
        tot_en_met: facts of later days are left out.
        vandaag: the day on which is read. Rights are judged on it, by all that was recorded of them.
    """
    asked = (event for event in events if event.envelope.feitdatum <= tot_en_met)
    return list(shown(asked, reader, Involvements.of(events), privacy_of, on=vandaag))


class AlleenStatus(Forbidden):
    """This reader may know that it happened, and for its task it needs no more."""

    def __init__(self, rol: str) -> None:
        super().__init__(
            "alleen_status_en_eigenaar",
            f"De rol {rol} ziet status, eigenaar en volgende stap van de casus, en van deze gebeurtenis geen inhoud.",
            rule="Wmo 2015 art. 5.1.1: niet meer dan nodig is voor de taak",
            remedy="Verbind door met de eigenaar van de casus: GET /casussen/<casus>.",
        )


def gebeurtenis(
    events: Sequence[RecordedEvent], id: str, reader: Reader, privacy_of: PrivacyOf, *, vandaag: date
) -> tuple[Level, dict[str, Any] | None]:
    """How much the reader sees of one event of a casus, and the event where that is more than its status."""
    event = next((event for event in events if event.envelope.id == id), None)
    if event is None:
        return Level.NIETS, None
    seen = sight(reader, event.envelope, Involvements.of(events), on=vandaag)
    return seen.level, row(event, seen, privacy_of(event.envelope.type)) if seen.level >= Level.FEITEN else None


def status(
    events: Sequence[RecordedEvent], reader: Reader, *, tot_en_met: date, vandaag: date
) -> dict[str, Any] | None:
    """The status of a casus for a reader; ``None`` when the reader may not even know that the casus exists.

    Arguments as for :func:`tijdlijn`. It is told from the streams of the gemeente where, for this reader, the casus
    began, and of those that it works on the casus with. A casus id is shared: a gemeente that begins a stream under
    another's casus learns nothing of it, nor changes what the other hears.
    """
    betrokken = Involvements.of(events)
    asked = [event for event in events if event.envelope.feitdatum <= tot_en_met]
    seen = (e for e in asked if sight(reader, e.envelope, betrokken, on=vandaag).level >= Level.STATUS)
    first = next(seen, None)
    if first is None:
        return None
    samen = betrokken.working_together(first.envelope.gemeente)
    told = [event for event in asked if event.envelope.gemeente in samen]
    gebeurd = (Gebeurd(e.envelope.name, e.envelope.feitdatum, e.envelope.gemeente, values(e)) for e in told)
    return _status(status_op(gebeurd, tot_en_met), inhoud=_besluit_zichtbaar(told, reader, betrokken, vandaag))


def _besluit_zichtbaar(events: Sequence[RecordedEvent], reader: Reader, betrokken: Involvements, op: date) -> bool:
    besluiten = (e.envelope for e in events if e.envelope.name == "besluit-genomen")
    return any(sight(reader, envelope, betrokken, on=op).level >= Level.FEITEN for envelope in besluiten)


def _status(stand: CasusStatus, *, inhoud: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": stand.status,
        "sinds": None if stand.sinds is None else stand.sinds.isoformat(),
        "eigenaar": stand.eigenaar,
        "team": stand.team,
        "volgende_stap": stand.volgende_stap,
    }
    if inhoud and stand.uitkomst is not None:
        told |= {"uitkomst": stand.uitkomst, "leveringsvorm": stand.leveringsvorm}
    return told
