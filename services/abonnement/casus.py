"""The kept events of one casus, as what is delivered and read is judged by."""

from __future__ import annotations

from collections.abc import Sequence

from casuslog.readmodels import KnownEvents
from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements
from casuslog.store import EVERY_GEMEENTE, Transaction


class Casus:
    """The kept events of one casus (or dossier), with who is involved."""

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        self.betrokken = Involvements.of(events)
        self._per_id = {event.envelope.id: event for event in events}

    def event(self, id: str) -> RecordedEvent | None:
        """The event with this id, if it is (still) kept."""
        return self._per_id.get(id)

    @classmethod
    def lees(cls, tx: Transaction, known: KnownEvents, subject: str, purpose: str) -> Casus:
        """Read it from the shelf."""
        return cls(list(known.of(tx.conn, subject, EVERY_GEMEENTE, purpose=purpose)))
