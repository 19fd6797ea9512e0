"""Which casussen of a gemeente are past their retention term, and what stands in the way of destroying them.

It reads and changes nothing. Whether a casus may go is asked of the very rule that destroying asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from casuslog.beheer.vernietiging import Vernietiging
from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.hosting.platform import Platform
from casuslog.identifiers import new_id
from casuslog.store import EventStore
from casuslog.store.tables import events
from casuslog.vernietigen.bewaring import VERSTREKEN, Vernietig, eis_archivaris
from casuslog.vernietigen.gebeurtenissen import STROOM, VernietigingBesloten
from casuslog.verwerkingen import over_iemand

MAG, BEGONNEN = "te_vernietigen", "vernietiging_begonnen"
_KENMERK = "vernietigingslijst"


@dataclass(frozen=True, slots=True)
class Regel:
    """A casus past its term, or one of which a destruction was begun."""

    casus: str
    dossiers: tuple[str, ...]
    """The services that hold a phase of it for this gemeente."""
    resultaat: str | None
    bewaard_tot_en_met: date | None
    bron: str | None
    """Its outcome, the last day of its term, and the source of that; of one that was begun as it was decided."""
    stand: str
    """:data:`MAG`, :data:`BEGONNEN`, or the code of what stands in the way."""
    toelichting: str
    """What stands in the way, for a reader; of a hold its kind and reference. Nothing personal."""


def lijst(platform: Platform, services: Sequence[str], gemeente: str, op: date, door: Actor) -> Iterator[Regel]:
    """The casussen of a gemeente whose retention term was over before ``op``, by id; what was destroyed is left out.

    Raises:
        Forbidden: ``rol_mag_niet_vernietigen``.
    """
    eis_archivaris(door)
    subjects = {one for name in services for one in _subjects(platform.store_for(name), gemeente)}
    for subject in sorted(subjects):
        regel = _regel(Vernietiging(platform, services, gemeente, subject), op, door)
        if regel is not None:
            yield regel


def _regel(werk: Vernietiging, op: date, door: Actor) -> Regel | None:
    bewaring, lopend = werk.bewaring, werk.staat.lopend
    if lopend is not None:
        return _begonnen(werk, lopend)
    if bewaring is None or bewaring.staat_op(op) or werk.vernietigd:
        return None
    stand, toelichting = MAG, ""
    try:
        werk.toets(Vernietig(op=op, door=door, id=new_id(), grond=VERSTREKEN, kenmerk=_KENMERK))
    except Refused as refused:
        stand, toelichting = refused.reason, refused.detail
    uitkomst = (bewaring.resultaat, bewaring.tot_en_met, bewaring.bron)
    return Regel(werk.subject, _dossiers(werk), *uitkomst, stand, toelichting)


def _begonnen(werk: Vernietiging, lopend: VernietigingBesloten) -> Regel:
    """By what was decided: with the keys gone nobody can tell the outcome any more."""
    uitkomst = (lopend.resultaat, lopend.bewaard_tot_en_met, lopend.bron)
    told = f"Omvang {lopend.omvang}: rond haar af, geef dezelfde opdracht opnieuw."
    return Regel(werk.subject, _dossiers(werk), *uitkomst, BEGONNEN, told)


def _dossiers(werk: Vernietiging) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kop.dienst for kop in werk.koppen() if kop.stroom.kind != STROOM))


def _subjects(store: EventStore, gemeente: str) -> Iterator[str]:
    """What this service has streams of for a gemeente, of kinds that are about a person."""
    e = events.c
    query = select(e.subject, e.stroom).where(e.gemeente == gemeente, e.version == 1, e.stroom != STROOM)
    with store.reading() as conn:
        yield from (row.subject for row in conn.execute(query).all() if over_iemand(row.stroom))


__all__ = ["BEGONNEN", "MAG", "Regel", "lijst"]
