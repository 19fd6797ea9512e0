"""What there is of a casus: per service its streams with their heads, and what happened in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from casuslog.envelope import Stream
from casuslog.recorded import RecordedEvent
from casuslog.store import EventStore
from casuslog.store.tables import events
from casuslog.vernietigen.gebeurtenissen import STROOM

DOEL = "vernietiging"
"""The purpose (doelbinding) under which the events of a casus are read here."""


@dataclass(frozen=True, slots=True)
class Kop:
    """Where a stream ends."""

    dienst: str
    stroom: Stream
    sequence: int
    hash: str
    """Of its last event, hexadecimal."""

    def als_json(self) -> dict[str, Any]:
        """As a certificate or export tells it."""
        return {
            "dienst": self.dienst,
            "gemeente": self.stroom.gemeente,
            "stroom": self.stroom.kind,
            "casus": self.stroom.id,
            "sequence": self.sequence,
            "hash": self.hash,
        }


def koppen(store: EventStore, subject: str, gemeente: str | None = None) -> list[Kop]:
    """The heads of all streams that a service has of a subject; of one gemeente, or of all."""
    e = events.c
    last = select(e.gemeente, e.stroom, func.max(e.version).label("version")).where(e.subject == subject)
    if gemeente is not None:
        last = last.where(e.gemeente == gemeente)
    ends = last.group_by(e.gemeente, e.stroom).subquery()
    here = (e.gemeente == ends.c.gemeente) & (e.stroom == ends.c.stroom) & (e.version == ends.c.version)
    query = select(e.gemeente, e.stroom, e.version, e.hash).join(ends, here).where(e.subject == subject)
    with store.reading() as conn:
        rows = conn.execute(query.order_by(e.gemeente, e.stroom)).all()
    return [
        Kop(store.service, Stream(row.gemeente, row.stroom, subject), row.version, bytes(row.hash).hex())
        for row in rows
    ]


def dossier(koppen_: list[Kop]) -> list[Kop]:
    """Those that hold the casus itself, not what was recorded of keeping it."""
    return [kop for kop in koppen_ if kop.stroom.kind != STROOM]


def gebeurtenissen(store: EventStore, kop: Kop, *, purpose: str = DOEL) -> Iterator[RecordedEvent]:
    """The events of a stream, as mappings."""
    yield from store.codec.decode_many(store.read_stream(kop.stroom), purpose=purpose, typed=False)
