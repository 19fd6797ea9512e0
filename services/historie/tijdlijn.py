"""The timeline and the status of a casus as one reader may see them. Pure: events, reader and day in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level, Reader, sight
from casuslog.rights.showing import PrivacyOf, shown, values
from services.historie.status import CasusStatus, Gebeurd, status_op


def tijdlijn(
    events: Sequence[RecordedEvent], reader: Reader, privacy_of: PrivacyOf, op: date
) -> list[dict[str, Any]]:
    """Each event that the reader may know of, with what may be shown of it, in order; empty when there is none."""
    return list(shown(events, reader, Involvements.of(events), privacy_of, on=op))


def status(events: Sequence[RecordedEvent], reader: Reader, op: date) -> dict[str, Any] | None:
    """The status of a casus for a reader; ``None`` when the reader may not even know that the casus exists."""
    betrokken = Involvements.of(events)
    hoogste = max((sight(reader, e.envelope, betrokken, on=op).level for e in events), default=Level.NIETS)
    if hoogste < Level.STATUS:
        return None
    gebeurd = (Gebeurd(e.envelope.name, e.envelope.feitdatum, e.envelope.gemeente, values(e)) for e in events)
    return _status(status_op(gebeurd, op), inhoud=_besluit_zichtbaar(events, reader, betrokken, op))


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
