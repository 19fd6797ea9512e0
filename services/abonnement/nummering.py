"""Giving numbers: every event that a subscription may see gets the next one, once.

What may be seen changes within a casus: the event that involves an aanbieder stands after the one that it is about. So
each event makes us look again at the whole casus, and what has no number yet and is visible now gets one. The number is
the order of delivery; the order in a stream is its ``sequence``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, insert, select, update

from casuslog.clock import AMSTERDAM
from casuslog.readmodels import KnownEvents
from casuslog.readmodels.tables import known_events
from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level
from casuslog.store import EVERY_GEMEENTE, Transaction
from casuslog.vernietigen.gebeurtenissen import GEGEVENS_VERNIETIGD
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.keuze import begin_van
from services.abonnement.tabellen import WACHT, abonnementen, leveringen
from services.abonnement.zicht import zicht

DOEL = "levering"
"""The purpose for which kept events are read here."""


def nummer(tx: Transaction, known: KnownEvents, subject: str, inschrijvingen: Iterable[Inschrijving], dag: date) -> int:
    """Give numbers to what became visible of a casus (or dossier), in the transaction of the event. Gives how many.

    Imported history gets none: it is told to nobody a second time.
    """
    geldig = [one for one in inschrijvingen if one.abonnement.geldt_op(dag)]
    if not geldig:
        return 0
    events = list(known.of(tx.conn, subject, EVERY_GEMEENTE, purpose=DOEL))
    betrokken = Involvements.of(events)
    return sum(_nummer_voor(tx, one, subject, events, betrokken, dag) for one in geldig)


def haal_in(tx: Transaction, known: KnownEvents, inschrijving: Inschrijving, dag: date) -> int:
    """Give numbers to what was already kept when the subscription began: all from its first day on, casus by casus."""
    bewaard = (
        select(known_events.c.subject)
        .where(known_events.c.gemeente.in_(inschrijving.voorwaarden.gemeenten))
        .where(known_events.c.tijd >= begin_van(inschrijving.voorwaarden.van))
        .group_by(known_events.c.subject)
        .order_by(func.min(known_events.c.tijd), known_events.c.subject)
    )
    subjects = tx.conn.execute(bewaard).scalars().all()
    return sum(nummer(tx, known, subject, [inschrijving], dag) for subject in subjects)


def _nummer_voor(
    tx: Transaction,
    inschrijving: Inschrijving,
    subject: str,
    events: Sequence[RecordedEvent],
    betrokken: Involvements,
    dag: date,
) -> int:
    zichtbaar = [
        event
        for event in events
        if _vanaf(inschrijving, event) and zicht(inschrijving, event.envelope, betrokken, dag).level >= Level.STATUS
    ]
    if not zichtbaar:
        return 0
    al = select(leveringen.c.event_id).where(
        leveringen.c.subject == subject, leveringen.c.abonnement == inschrijving.id
    )
    genummerd = set(tx.conn.execute(al).scalars())
    nieuw = [
        event
        for event in zichtbaar
        # That it was destroyed is for whom something of it came to.
        if event.envelope.id not in genummerd and (genummerd or event.envelope.name != GEGEVENS_VERNIETIGD)
    ]
    if nieuw:
        _boek(tx, inschrijving.id, nieuw)
    return len(nieuw)


def _vanaf(inschrijving: Inschrijving, event: RecordedEvent) -> bool:
    logged = event.envelope.time.astimezone(AMSTERDAM).date()
    return not event.envelope.geimporteerd and logged >= inschrijving.voorwaarden.van


def _boek(tx: Transaction, abonnement: str, events: Sequence[RecordedEvent]) -> None:
    # The row of the subscription is the lock: who is second tries again, and no number is lost or given twice.
    telling = (
        update(abonnementen)
        .where(abonnementen.c.id == abonnement)
        .values(laatste=abonnementen.c.laatste + len(events))
        .returning(abonnementen.c.laatste)
    )
    eerste = tx.conn.execute(telling).scalar_one() - len(events) + 1
    tx.conn.execute(insert(leveringen), [_rij(abonnement, eerste + n, event) for n, event in enumerate(events)])


def _rij(abonnement: str, nummer: int, event: RecordedEvent) -> dict[str, object]:
    e = event.envelope
    return {
        "abonnement": abonnement,
        "nummer": nummer,
        "gemeente": e.gemeente,
        "bron": e.service,
        "stroom": e.stroom,
        "subject": e.subject,
        "sequence": e.sequence,
        "event_id": e.id,
        "staat": WACHT,
        "tijd": None,
    }
