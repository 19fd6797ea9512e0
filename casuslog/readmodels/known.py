"""The events of other services that a service must know of, per casus: kept as ciphertext, read when needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from casuslog.codec import Codec
from casuslog.envelope import Envelope
from casuslog.readmodels._upsert import upsert
from casuslog.readmodels.tables import known_events as t
from casuslog.recorded import RecordedEvent, StoredEvent
from casuslog.store import Everyone


class KnownEvents:
    """Foreign events of a service, by casus."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def keep(self, conn: Connection, stored: StoredEvent) -> None:
        """Keep an event as it came; the same event again changes nothing."""
        e = stored.envelope
        row = {
            "gemeente": e.gemeente,
            "bron": e.service,
            "stroom": e.stroom,
            "subject": e.subject,
            "sequence": e.sequence,
            "type": e.type,
            "tijd": e.attributes()["time"],
            "envelope": json.dumps(e.attributes(), ensure_ascii=False),
            "body": stored.body,
        }
        upsert(conn, t, row)

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
        yield from self._codec.decode_many(causes_first(kept), purpose=purpose, typed=False)


def causes_first(events: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
    """The same events in the same order, except that one that caused another comes before it.

    Clocks of services differ, and a reaction may be logged at the very moment of its cause.
    """
    by_position = {str(event.envelope.position): event for event in events}
    told: set[str] = set()
    for event in events:
        chain = [event]
        while (cause := by_position.get(chain[-1].envelope.oorzaak or "")) is not None and cause not in chain:
            chain.append(cause)
        for one in reversed(chain):
            # Whatever stands before it in its own stream has been told already: events come in stream order.
            position = str(one.envelope.position)
            if position not in told:
                told.add(position)
                yield one
