"""One transaction: the effects of some events, the inbox, and the checkpoint. All of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casuslog.clock import Clock
from casuslog.consume.books import BEHIND, Books, Standing
from casuslog.consume.failures import waits_behind
from casuslog.consume.handlers import Handler, Handlers
from casuslog.consume.items import Missing
from casuslog.envelope import Envelope, Position
from casuslog.errors import SchemaError
from casuslog.failpoints import failpoint
from casuslog.recorded import Cursor, RecordedEvent, StoredEvent

if TYPE_CHECKING:
    from casuslog.store import EventStore, Transaction


class Behind(Exception):
    """Something must be handled before this event; the transaction is undone."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(str(missing.stream))
        self.missing = missing


class Effects:
    """Applies events in a transaction of the consumer's own store."""

    def __init__(self, store: EventStore, handlers: Handlers, books: Books, clock: Clock) -> None:
        self._store = store
        self._handlers = handlers
        self._books = books
        self._clock = clock
        self._purpose = f"verwerken:{books.consumer}"

    def commit(self, events: Sequence[StoredEvent], marks: Mapping[str, Cursor] | None = None) -> None:
        """Handle ``events`` in one transaction and move the checkpoints to ``marks``.

        Raises:
            Behind: an event that must come first has not been handled; nothing was changed.
        """

        def apply(tx: Transaction) -> None:
            self.apply(tx, events)
            for source, cursor in (marks or {}).items():
                self._books.set_checkpoint(tx.conn, source, cursor, self._clock.now())

        self.hosted(events, lambda: self._store.run_transaction(apply))

    def hosted(self, events: Sequence[StoredEvent], work: Callable[[], None]) -> None:
        """Do ``work`` where the host of the handlers of ``events`` wants it.

        The worker comes first and the transaction within it: a transaction that waited for a free worker, while all
        workers wait for the database, would wait for ever.
        """
        for stored in events:
            for handler in self._handlers.of(stored.envelope):
                if handler.worker is not None:
                    handler.worker(work)
                    return
        work()

    def apply(self, tx: Transaction, events: Sequence[StoredEvent], *, replay: bool = False) -> None:
        """Handle ``events`` within ``tx``. In a replay the lane is known to be parked, and handled all the same."""
        batch = _Batch(tx)
        for stored in events:
            standing = self._books.standing(tx.conn, stored.envelope)
            if stored.envelope.sequence <= standing.last:
                continue
            if not replay and self._parks(tx, stored, standing):
                continue
            self._require_order(tx, stored.envelope, standing)
            self._handle(stored, batch)
            self._books.advance(tx.conn, stored.envelope, standing.last)
        batch.flush()
        if events:
            failpoint("consume.inside_effect")

    def _parks(self, tx: Transaction, stored: StoredEvent, standing: Standing) -> bool:
        if not standing.parked or not self._books.lock_lane(tx.conn, stored.envelope.subject):
            return False
        why = waits_behind(stored.envelope)
        self._books.park(tx.conn, stored, why, state=BEHIND, attempts=0, now=self._clock.now())
        return True

    def _require_order(self, tx: Transaction, envelope: Envelope, standing: Standing) -> None:
        if envelope.sequence > standing.last + 1:
            raise Behind(Missing(envelope.service, envelope.stream, standing.last, envelope.sequence - 1, False))
        cause = self._cause(envelope)
        if cause is None or self._books.reached(tx.conn, cause):
            return
        last = self._books.last(tx.conn, cause)
        raise Behind(Missing(cause.service, cause.stream, last, cause.sequence, True))

    def _cause(self, envelope: Envelope) -> Position | None:
        if envelope.oorzaak is None:
            return None
        try:
            cause = Position.parse(envelope.oorzaak)
        except ValueError:
            raise SchemaError("het attribuut oorzaak is geen positie") from None
        return cause if cause.service in self._handlers.sources else None

    def _handle(self, stored: StoredEvent, batch: _Batch) -> None:
        concerned = self._handlers.of(stored.envelope)
        if not concerned:
            return
        own = stored.envelope.service == self._store.service
        event = self._store.codec.decode(stored, purpose=self._purpose, typed=own)
        batch.give(event, concerned)


class _Batch:
    """Events on their way to handlers, in the order in which they take effect.

    Only neighbours that go to the same methods are handed over together: were each method given its whole list at
    once, an effect could run before its cause within the transaction.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._calls: tuple[Callable[[Any, Any], None], ...] = ()
        self._events: list[RecordedEvent] = []

    def give(self, event: RecordedEvent, concerned: Sequence[Handler]) -> None:
        calls = tuple(handler.call for handler in concerned if handler.batch)
        if calls != self._calls or len(calls) < len(concerned):
            self.flush()
        for handler in concerned:
            if not handler.batch:
                handler.call(event, self._tx)
        if calls:
            self._calls = calls
            self._events.append(event)

    def flush(self) -> None:
        events, self._events = self._events, []
        if events:
            for call in self._calls:
                call(events, self._tx)
