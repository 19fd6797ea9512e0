"""What a service wipes of a casus that was destroyed: rows that it kept of it, besides its own log.

Most is ciphertext that nobody can read any more; who is involved, which days and why a lane stands still are not. What
stays is the log (unreadable), how far each stream was handled, and references without content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from casuslog.consume.timers import timers
from casuslog.events import CLIENT
from casuslog.readmodels.tables import bsn_pointers, involvements, known_events, melding_days
from casuslog.store.tables import commands, inbox, parked
from casuslog.vernietigen.gebeurtenissen import BETROKKENE, CASUS, FASE, STROOM


def wis_leesmodel(
    conn: Connection, gemeente: str, subject: str, *, omvang: str, dossier: str, betrokkene: str | None = CLIENT
) -> int:
    """Wipe what the read models hold of a destroyed dossier: the part that follows from the log, also in a rebuild.

    Args:
        conn: of the service.
        gemeente: code of the gemeente whose streams were destroyed.
        subject: the casus.
        omvang: how much was destroyed. Of one betrokkene only what leads to the casus by his BSN is wiped: what else
            is kept of him is ciphertext in rows that hold others too, and its keys are gone.
        dossier: the service whose dossier it is.
        betrokkene: whose data, where it is of one. A BSN is recorded of the client only.

    Returns:
        How many rows.
    """
    if omvang == BETROKKENE and betrokkene != CLIENT:
        return 0
    pointers = bsn_pointers.c
    to_casus = (pointers.gemeente == gemeente) & (pointers.subject == subject)
    if omvang == FASE:
        to_casus &= pointers.bron == dossier
    gone = conn.execute(delete(bsn_pointers).where(to_casus)).rowcount
    if omvang not in (CASUS, FASE):
        return gone
    kept = known_events.c
    of_dossier = (kept.gemeente == gemeente) & (kept.subject == subject) & (kept.stroom != STROOM)
    if omvang == FASE:
        return gone + conn.execute(delete(known_events).where(of_dossier, kept.bron == dossier)).rowcount
    gone += conn.execute(delete(known_events).where(of_dossier)).rowcount
    for table in (involvements, melding_days):
        own = (table.c.gemeente == gemeente) & (table.c.subject == subject)
        gone += conn.execute(delete(table).where(own)).rowcount
    return gone


def wis_overig(conn: Connection, consumer: str, gemeente: str, subject: str, *, omvang: str, dossier: str) -> int:
    """Wipe what else the service ``consumer`` keeps of it: parked events with their reasons, terms, answers.

    Arguments and answer as for :func:`wis_leesmodel`.
    """
    if omvang == FASE:
        return _leave_lane(conn, consumer, gemeente, subject, source=dossier)
    if omvang != CASUS:
        return 0
    gone = _leave_lane(conn, consumer, gemeente, subject)
    gone += conn.execute(delete(timers).where(timers.c.gemeente == gemeente, timers.c.subject == subject)).rowcount
    about = commands.c.answer["casus"].as_string() == subject
    return gone + conn.execute(delete(commands).where(commands.c.gemeente == gemeente, about)).rowcount


def _leave_lane(conn: Connection, consumer: str, gemeente: str, subject: str, *, source: str | None = None) -> int:
    """Take the events of this dossier out of a parked lane. They count as handled: nobody fetches them again."""
    p = parked.c
    mine = (p.consumer == consumer) & (p.lane == subject) & (p.gemeente == gemeente) & (p.stroom != STROOM)
    if source is not None:
        mine &= p.source == source
    last = select(p.source, p.stroom, func.max(p.sequence).label("sequence")).where(mine).group_by(p.source, p.stroom)
    for row in conn.execute(last).all():
        stream = {"consumer": consumer, "gemeente": gemeente, "source": row.source, "stroom": row.stroom}
        _reach(conn, {**stream, "subject": subject}, row.sequence)
    return conn.execute(delete(parked).where(mine)).rowcount


def _reach(conn: Connection, stream: Mapping[str, Any], sequence: int) -> None:
    here = [inbox.c[name] == value for name, value in stream.items()]
    known = conn.execute(select(inbox.c.sequence).where(*here)).scalar()
    if known is None:
        conn.execute(insert(inbox).values(**stream, sequence=sequence, event_id=STROOM))
    elif known < sequence:
        conn.execute(update(inbox).where(*here).values(sequence=sequence, event_id=STROOM))
