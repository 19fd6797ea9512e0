"""What was recorded of destroying, over all casussen of a gemeente: for who counts it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from casuslog.envelope import Stream
from casuslog.recorded import RecordedEvent
from casuslog.store import EventStore
from casuslog.store.tables import events
from casuslog.vernietigen.gebeurtenissen import STROOM

DOEL = "verantwoording"
"""The purpose (doelbinding) under which they are read here."""
BESLOTEN, VERKLAARD = "vernietiging-besloten", "verklaring-van-vernietiging-opgemaakt"


def afgerond(store: EventStore, gemeente: str) -> Iterator[RecordedEvent]:
    """The decision of each destruction that was finished: everybody acknowledged, and the certificate was made.

    Args:
        store: of the service that keeps them (``bewaart``).
        gemeente: code of the gemeente.
    """
    e = events.c
    made = (e.gemeente == gemeente) & (e.stroom == STROOM) & e.type.endswith(VERKLAARD)
    subjects = select(e.subject).where(made).distinct().order_by(e.subject)
    with store.reading() as conn:
        found = list(conn.execute(subjects).scalars())
    for subject in found:
        stored = store.read_stream(Stream(gemeente, STROOM, subject))
        told = list(store.codec.decode_many(stored, purpose=DOEL, typed=False))
        klaar = {one["vernietiging"] for one in told if one.envelope.name == VERKLAARD}
        yield from (one for one in told if one.envelope.name == BESLOTEN and one["vernietiging"] in klaar)
