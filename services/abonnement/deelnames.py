"""Who takes part in which samenwerkingsverband, kept from the log of the service inrichting. It is public policy."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.abonnement.tabellen import deelnames as t
from services.abonnement.verbanden import Deelname, Verbanden


def bewaar(tx: Transaction, event: RecordedEvent) -> None:
    """Take up what an event says of a verband."""
    verband = event["verband"]
    oud = _lees(tx, verband)
    tx.conn.execute(delete(t).where(t.c.verband == verband))
    rijen = [_rij(een) for een in oud.na(event).deelnames if een.verband == verband]
    if rijen:
        tx.conn.execute(insert(t), rijen)


def verbanden(tx: Transaction) -> Verbanden:
    """All participation as far as the log told."""
    return _lees(tx, None)


def _lees(tx: Transaction, verband: str | None) -> Verbanden:
    query = select(t).order_by(t.c.verband, t.c.gemeente, t.c.vanaf)
    if verband is not None:
        query = query.where(t.c.verband == verband)
    rijen = tx.conn.execute(query).all()
    return Verbanden(
        tuple(
            Deelname(rij.verband, rij.gemeente, frozenset(rij.themas), rij.vanaf, rij.tot, rij.centrum) for rij in rijen
        )
    )


def _rij(een: Deelname) -> dict[str, object]:
    return {
        "verband": een.verband,
        "gemeente": een.gemeente,
        "vanaf": een.vanaf,
        "tot": een.tot,
        "themas": sorted(een.themas),
        "centrum": een.centrum,
    }
