"""Where a new subscriber starts: the casussen that run, as it may see them, and the number after which it goes on.

Read in one transaction, which sees one moment: what became visible and had no number gets one first. So an event either
stands in the state or comes after its position, and never both. A later page tells what had a number up to the position
of the first page, so that this holds for the pages together.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from casuslog.codec import Codec
from casuslog.readmodels import KnownEvents
from casuslog.readmodels.tables import known_events
from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level
from casuslog.store import EVERY_GEMEENTE, Transaction
from services.abonnement import nummering
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.tabellen import abonnementen, leveringen
from services.abonnement.weergave import als_json
from services.abonnement.zicht import zicht

BLADZIJDE = 50
"""Casussen that are looked at for one answer."""
DOEL = "inzage"
AFGELOPEN = frozenset({"melding-ingetrokken", "melding-afgesloten", "onderzoek-afgebroken", "aanvraag-ingetrokken"})
"""After one of these, as the last that is seen of it, a casus does not run."""


def lees(
    tx: Transaction,
    known: KnownEvents,
    codec: Codec,
    inschrijving: Inschrijving,
    dag: date,
    na_casus: str | None = None,
    positie: int | None = None,
) -> dict[str, Any]:
    """One page of the state.

    Args:
        tx: that sees one moment; numbers may be given in it.
        known: the shelf of kept events.
        codec: reads them.
        inschrijving: the subscription.
        dag: the day on which the rights are judged.
        na_casus: the last casus of the page before.
        positie: of the first page; ``None`` on the first page itself.
    """
    subjects = _subjects(tx, inschrijving, na_casus)
    for subject in subjects[:BLADZIJDE]:
        nummering.nummer(tx, known, subject, [inschrijving], dag)
    laatste = select(abonnementen.c.laatste).where(abonnementen.c.id == inschrijving.id)
    tot = tx.conn.execute(laatste).scalar_one() if positie is None else positie
    casussen = (_casus(tx, known, codec, inschrijving, subject, dag, tot) for subject in subjects[:BLADZIJDE])
    return {
        "abonnement": inschrijving.id,
        "positie": tot,
        "casussen": [een for een in casussen if een is not None],
        "volgende": subjects[BLADZIJDE - 1] if len(subjects) > BLADZIJDE else None,
    }


def _subjects(tx: Transaction, inschrijving: Inschrijving, na_casus: str | None) -> list[str]:
    query = (
        select(known_events.c.subject)
        .where(known_events.c.gemeente.in_(inschrijving.voorwaarden.gemeenten))
        .distinct()
        .order_by(known_events.c.subject)
        .limit(BLADZIJDE + 1)
    )
    if na_casus is not None:
        query = query.where(known_events.c.subject > na_casus)
    return list(tx.conn.execute(query).scalars())


def _casus(
    tx: Transaction, known: KnownEvents, codec: Codec, inschrijving: Inschrijving, subject: str, dag: date, tot: int
) -> dict[str, Any] | None:
    """One casus as the holder may see it, up to a number; ``None`` when it sees nothing, or it does not run."""
    events = list(known.of(tx.conn, subject, EVERY_GEMEENTE, purpose=DOEL))
    betrokken = Involvements.of(events)
    al = select(leveringen.c.event_id, leveringen.c.nummer).where(
        leveringen.c.abonnement == inschrijving.id, leveringen.c.subject == subject
    )
    nummers = {rij.event_id: rij.nummer for rij in tx.conn.execute(al)}
    shown: list[tuple[RecordedEvent, dict[str, Any]]] = []
    for event in events:
        nummer = nummers.get(event.envelope.id)
        if nummer is not None and nummer > tot:
            continue
        gezien = zicht(inschrijving, event.envelope, betrokken, dag)
        if gezien.level >= Level.STATUS:
            told = als_json(codec, inschrijving, nummer or 0, event, gezien, inschrijving.voorwaarden.profiel)
            shown.append((event, told if nummer is not None else _zonder_nummer(told)))
    if not shown or shown[-1][0].envelope.name in AFGELOPEN:
        return None
    return {
        "casus": subject,
        "stromen": {str(event.envelope.stream): event.envelope.sequence for event, _ in shown},
        "gebeurtenissen": [told for _, told in shown],
    }


def _zonder_nummer(told: dict[str, Any]) -> dict[str, Any]:
    """Of before the subscription: it was never a delivery, and cannot be fetched by a number."""
    return {naam: waarde for naam, waarde in told.items() if naam not in ("nummer", "verwijzing")}
