"""A right that ends or shrinks takes effect at once: what still lies in the queue of a holder is taken back, and judged
anew.

At most :data:`IN_QUEUE` messages lie there, those of the last numbers that were delivered. Where one of them may no
longer be seen, or not as much of it as it shows, the holder is shut out, its queue is emptied and filled again: what
may go goes under the same numbers, what may not goes as an empty one. What must be taken back is written down in the
transaction of the event that ended the right, and crossed out when it was done, so that a crash between leaves nothing
behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from casuslog.readmodels import KnownEvents
from casuslog.rights import Level
from casuslog.store import Transaction
from services.abonnement.casus import Casus
from services.abonnement.getoond import Getoond, per_nummer, van_beeld, vergeet
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.nummering import DOEL
from services.abonnement.tabellen import (
    GELEVERD,
    INGEHOUDEN,
    INGETROKKEN,
    WACHT,
    abonnementen,
    getoond,
    intrekkingen,
    leveringen,
)
from services.abonnement.weergave import beeld
from services.abonnement.zicht import zicht

IN_QUEUE = 100
"""Messages that may lie in the queue of a holder; the rest waits with us, where a right that ends can still hold it."""
TERUG = 10 * IN_QUEUE
"""So far back a number may still lie in the queue, or in the hands of who acknowledged nothing."""
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
            # Marked, so that what a holder took long ago does not shut it out again and again. What is on its way at
            # this moment waits: it is not marked, or it would not go.
            geleverd = [rij.nummer for rij in verloren if rij.staat == GELEVERD]
            zijn = update(leveringen).where(leveringen.c.abonnement == one.id, leveringen.c.nummer.in_(geleverd))
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
    recent = abonnementen.c.laatste - TERUG
    of_casus = select(t.abonnement).join(abonnementen, abonnementen.c.id == t.abonnement).distinct()
    of_casus = of_casus.where(t.gemeente == gemeente, t.subject == subject, t.staat != INGEHOUDEN, t.nummer > recent)
    for abonnement in tx.conn.execute(of_casus.order_by(t.abonnement)).scalars().all():
        noteer(tx, abonnement)


def openstaand(tx: Transaction) -> list[str]:
    """The subscriptions of which the queue must be taken back."""
    return list(tx.conn.execute(select(intrekkingen.c.abonnement).order_by(intrekkingen.c.abonnement)).scalars())


def zet_terug(tx: Transaction, abonnement: str, nummers: Collection[int]) -> None:
    """These numbers were taken out of the queue: they wait again."""
    terug = update(leveringen).where(leveringen.c.abonnement == abonnement, leveringen.c.nummer.in_(list(nummers)))
    tx.conn.execute(terug.values(staat=WACHT, tijd=None))
    vergeet(tx, abonnement, nummers)


def gedaan(tx: Transaction, abonnement: str) -> None:
    """The queue was taken back."""
    tx.conn.execute(delete(intrekkingen).where(intrekkingen.c.abonnement == abonnement))


def _verloren(tx: Transaction, known: KnownEvents, one: Inschrijving, dag: date, subject: str | None) -> list[Row[Any]]:
    """The deliveries that may lie in the queue, or in the hands of who acknowledged nothing, and show too much now."""
    toen = per_nummer(tx, one.id)
    casussen: dict[str, Casus] = {}
    found = []
    for rij in _misschien_in_wachtrij(tx, one.id, subject):
        if rij.subject not in casussen:
            casussen[rij.subject] = Casus.lees(tx, known, rij.subject, DOEL)
        casus = casussen[rij.subject]
        if _toont_te_veel(known, one, casus, rij, toen.get(rij.nummer), dag):
            found.append(rij)
    return found


def _toont_te_veel(
    known: KnownEvents, one: Inschrijving, casus: Casus, rij: Row[Any], toen: Getoond | None, dag: date
) -> bool:
    event = casus.event(rij.event_id)
    if event is None:
        return True
    nu = zicht(one, event.envelope, casus.betrokken, dag)
    if nu.level < Level.STATUS or toen is None:
        return nu.level < Level.STATUS
    return van_beeld(beeld(known.codec, event, nu, one.voorwaarden.profiel)).minder_dan(toen)


def _misschien_in_wachtrij(tx: Transaction, abonnement: str, subject: str | None) -> list[Row[Any]]:
    """What was delivered last, and what is on its way: it was judged, and its confirm is awaited."""
    van = select(leveringen).where(leveringen.c.abonnement == abonnement)
    onderweg = select(getoond.c.nummer).where(getoond.c.abonnement == abonnement)
    if subject is not None:
        van = van.where(leveringen.c.subject == subject)
    laatste = van.where(leveringen.c.staat == GELEVERD).order_by(leveringen.c.nummer.desc()).limit(TERUG)
    wacht = van.where(leveringen.c.staat == WACHT, leveringen.c.nummer.in_(onderweg))
    return [*tx.conn.execute(laatste).all(), *tx.conn.execute(wacht).all()]
