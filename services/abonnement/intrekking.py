"""A right that ends takes effect at once: what still lies in the queue of a holder is taken back, and judged anew.

At most :data:`IN_QUEUE` messages lie there, those of the last numbers that were delivered. Where one of them may no
longer be seen, the holder is shut out, its queue is emptied and filled again: what may go goes under the same numbers,
what may not goes as an empty one. What must be taken back is written down in the transaction of the event that ended
the right, and crossed out when it was done, so that a crash between leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, insert, select, update

from casuslog.readmodels import KnownEvents
from casuslog.rights import Level
from casuslog.store import Transaction
from services.abonnement.casus import Casus
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.nummering import DOEL
from services.abonnement.tabellen import (
    GELEVERD,
    INGEHOUDEN,
    INGETROKKEN,
    WACHT,
    abonnementen,
    intrekkingen,
    leveringen,
)
from services.abonnement.zicht import zicht

IN_QUEUE = 100
"""Messages that may lie in the queue of a holder; the rest waits with us, where a right that ends can still hold it."""
BETROKKENHEID = "betrokkenheid-vastgelegd"
RAAKT_RECHTEN = frozenset({BETROKKENHEID, "toestemming-gegeven"})
"""Events of a casus by which a right can end."""


def let_op(
    tx: Transaction, known: KnownEvents, inschrijvingen: Iterable[Inschrijving], dag: date, subject: str | None = None
) -> None:
    """Write down whose queue may hold what it may no longer see today; only of one casus, where one is named."""
    for one in inschrijvingen:
        verloren = _verloren(tx, known, one, dag, subject)
        if verloren:
            # Marked, so that what a holder took long ago does not shut it out again and again.
            zijn = update(leveringen).where(leveringen.c.abonnement == one.id, leveringen.c.nummer.in_(verloren))
            tx.conn.execute(zijn.values(staat=INGETROKKEN))
            noteer(tx, one.id)


def noteer(tx: Transaction, abonnement: str) -> None:
    """The queue of this subscription must be taken back."""
    al = select(intrekkingen.c.abonnement).where(intrekkingen.c.abonnement == abonnement)
    if tx.conn.execute(al).first() is None:
        tx.conn.execute(insert(intrekkingen).values(abonnement=abonnement))


def noteer_van(tx: Transaction, gemeente: str, subject: str) -> None:
    """The queues that may hold a message about this casus must be taken back: its data was destroyed.

    Also those for which one is on its way at this moment: it counts as waiting until it is marked.
    """
    t = leveringen.c
    recent = abonnementen.c.laatste - 10 * IN_QUEUE
    of_casus = select(t.abonnement).join(abonnementen, abonnementen.c.id == t.abonnement).distinct()
    of_casus = of_casus.where(t.gemeente == gemeente, t.subject == subject, t.staat != INGEHOUDEN, t.nummer > recent)
    for abonnement in tx.conn.execute(of_casus.order_by(t.abonnement)).scalars().all():
        noteer(tx, abonnement)


def openstaand(tx: Transaction) -> list[str]:
    """The subscriptions of which the queue must be taken back."""
    return list(tx.conn.execute(select(intrekkingen.c.abonnement).order_by(intrekkingen.c.abonnement)).scalars())


def zet_terug(tx: Transaction, abonnement: str, nummers: Iterable[int]) -> None:
    """These numbers were taken out of the queue: they wait again."""
    terug = update(leveringen).where(leveringen.c.abonnement == abonnement, leveringen.c.nummer.in_(list(nummers)))
    tx.conn.execute(terug.values(staat=WACHT, tijd=None))


def gedaan(tx: Transaction, abonnement: str) -> None:
    """The queue was taken back."""
    tx.conn.execute(delete(intrekkingen).where(intrekkingen.c.abonnement == abonnement))


def _verloren(tx: Transaction, known: KnownEvents, one: Inschrijving, dag: date, subject: str | None) -> list[int]:
    """The numbers that may lie in the queue, or in the hands of who acknowledged nothing, and may not be seen now."""
    laatste = (
        select(leveringen)
        .where(leveringen.c.abonnement == one.id, leveringen.c.staat == GELEVERD)
        .order_by(leveringen.c.nummer.desc())
        .limit(10 * IN_QUEUE)
    )
    if subject is not None:
        laatste = laatste.where(leveringen.c.subject == subject)
    casussen: dict[str, Casus] = {}
    found = []
    for rij in tx.conn.execute(laatste).all():
        if rij.subject not in casussen:
            casussen[rij.subject] = Casus.lees(tx, known, rij.subject, DOEL)
        casus = casussen[rij.subject]
        event = casus.event(rij.event_id)
        if event is None or zicht(one, event.envelope, casus.betrokken, dag).level < Level.STATUS:
            found.append(rij.nummer)
    return found
