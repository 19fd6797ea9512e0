"""The events of other services that a service must know of, per casus: kept as ciphertext, read when needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from casuslog.codec import Codec
from casuslog.envelope import Envelope, service_of
from casuslog.readmodels._kept_form import kept_form
from casuslog.readmodels._upsert import upsert_many
from casuslog.readmodels.tables import known_events as t
from casuslog.recorded import RecordedEvent, StoredEvent
from casuslog.store import Everyone


class KnownEvents:
    """Foreign events of a service, by casus."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def keep(self, conn: Connection, stored: StoredEvent) -> None:
        """Keep an event as it came; the same event again changes nothing."""
        self.keep_many(conn, (stored,))

    @staticmethod
    def keep_many(conn: Connection, stored: Iterable[StoredEvent]) -> None:
        """As :meth:`keep` for each, in as few statements as possible."""
        upsert_many(conn, t, [_row(one) for one in stored])

    def of(
        self, conn: Connection, subject: str, owners: Sequence[str] | Everyone, *, purpose: str
    ) -> Iterator[RecordedEvent]:
        """The known events of a casus in the streams of these gemeenten, oldest first, read for ``purpose``.

        What was logged at one moment stands with each effect after its cause. ``EVERY_GEMEENTE`` is for an edge that
        judges each event for its reader.
        """
        query = select(t.c.envelope, t.c.body).where(t.c.subject == subject)
        if not isinstance(owners, Everyone):
            query = query.where(t.c.gemeente.in_(list(owners)))
        rows = conn.execute(query.order_by(t.c.tijd, t.c.bron, t.c.stroom, t.c.sequence))
        kept = [StoredEvent(Envelope.from_attributes(json.loads(row.envelope)), bytes(row.body)) for row in rows]
        # Of one moment (an import, a clock that stands still) the older facts come first.
        kept.sort(key=lambda event: (event.envelope.time, event.envelope.feitdatum))
        yield from self.codec.decode_many(causes_first(kept), purpose=purpose, typed=False)


def _row(stored: StoredEvent) -> dict[str, Any]:
    e = stored.envelope
    kept = kept_form(e)
    return {
        "gemeente": e.gemeente,
        "bron": service_of(kept.source),
        "stroom": e.stroom,
        "subject": e.subject,
        "sequence": e.sequence,
        "type": e.type,
        "tijd": kept.time,
        "envelope": kept.text,
        "body": stored.body,
    }


def causes_first(events: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
    """The same events in the same order, except that a cause comes before its effect, and a stream keeps its order.

    Clocks of services differ, and a reaction may be logged at the very moment of its cause.
    """
    waiting = {str(event.envelope.position): event for event in events}
    for event in events:
        path = [event]
        while path:
            first = next((waiting[p] for p in _before(path[-1]) if p in waiting and waiting[p] not in path), None)
            if first is not None:
                path.append(first)
            elif waiting.pop(str(path[-1].envelope.position), None) is not None:
                yield path.pop()
            else:
                path.pop()


def _before(event: StoredEvent) -> tuple[str, ...]:
    """Positions of what comes before an event: its cause, and the one before it in its stream."""
    here = event.envelope.position
    return event.envelope.oorzaak or "", str(replace(here, sequence=here.sequence - 1))
