"""A repetition: what was delivered waits again, under its own number, and is judged anew when it goes out."""

from __future__ import annotations

from datetime import date

from sqlalchemy import update

from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.abonnement.keuze import binnen
from services.abonnement.tabellen import WACHT, leveringen

HERHAALD = "levering-herhaald"


def zet_terug(tx: Transaction, abonnement: str, event: RecordedEvent) -> int:
    """Let the numbers that a ``LeveringHerhaald`` means wait again. Gives how many."""
    sinds = event["sinds"]
    dag = date.fromisoformat(sinds) if isinstance(sinds, str) else sinds
    opnieuw = (
        update(leveringen)
        .where(leveringen.c.abonnement == abonnement, leveringen.c.nummer > event["na"], leveringen.c.staat != WACHT)
        .where(*binnen(event["betreft_casus"], event["van_gemeente"], dag))
        .values(staat=WACHT, tijd=None)
    )
    return tx.conn.execute(opnieuw).rowcount
