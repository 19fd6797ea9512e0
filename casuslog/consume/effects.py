"""One transaction: the effects of some events, the inbox, and the checkpoint. All of it, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from casuslog.clock import Clock
from casuslog.consume.books import BEHIND, Books
from casuslog.consume.failures import waits_behind
from casuslog.consume.handlers import Concerned, Handlers
from casuslog.consume.items import Missing
from casuslog.consume.remembered import Remembered, Step
from casuslog.consume.sheet import Followed, Sheet, read, write
from casuslog.consume.together import Together
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


class Slow(Exception):
    """The handlers of a transaction of several events take too long for one; it is undone, and each goes by itself.

    A transaction that has written holds up every reader of the server until it ends: all relays would wait for it.
    """

    def __init__(self, count: int, seconds: float) -> None:
        super().__init__(f"{count} events in {seconds:.1f} s")
        self.count = count
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction did."""

    marks: Mapping[str, Cursor]
    """The checkpoints as they now stand in the database, where they moved."""
    left: frozenset[str]
    """Lanes of which something must wait for what is not here; nothing of theirs after that was done."""
    handling: float
    """Seconds that the handlers took."""
    reached: Mapping[Followed, int]
    """How far the streams are that it concerned, as far as their lanes are not parked."""


LONGEST = 1.0
"""Seconds that handlers may take in a transaction of several events; then no other event is begun in it."""

PAST_PARKED = frozenset({"bewaring"})
"""Streams that do not wait behind a parked event of their casus: what was destroyed is wiped there too."""

MarksAfter = Callable[[Sequence[StoredEvent]], Mapping[str, Cursor]]
"""The checkpoints that may be moved once these events are handled."""


class Effects:
    """Applies events in a transaction of the consumer's own store."""

    def __init__(self, store: EventStore, handlers: Handlers, books: Books, clock: Clock) -> None:
        self._store = store
        self._handlers = handlers
        self._books = books
        self._clock = clock
        self._purpose = f"verwerken:{books.consumer}"
        self._remembered = Remembered() if store.engine.dialect.name == "postgresql" else None

    def commit(self, events: Sequence[StoredEvent], marks_after: MarksAfter | None = None) -> Committed:
        """Handle ``events`` in one transaction and move the checkpoints along.

        Of several events, those that must wait are left; one that comes alone says what it waits for.

        Raises:
            Behind: an event that must come first has not been handled; nothing was changed.
        """
        found = Committed({}, frozenset(), 0.0, {})
        remembered = self._remembered

        def apply(tx: Transaction) -> None:
            nonlocal found, remembered
            # What did not come out the first time is not gone by a second time.
            by, remembered = remembered, None
            found = self.apply(tx, events, marks_after, remembered=by)

        try:
            self.hosted(events, lambda: self._store.run_transaction(apply))
        except BaseException:
            if self._remembered is not None:
                self._remembered.forget(Followed.holding(stored.envelope) for stored in events)
            raise
        if self._remembered is not None:
            self._remembered.keep(found.reached)
        return found

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

    def apply(
        self,
        tx: Transaction,
        events: Sequence[StoredEvent],
        marks_after: MarksAfter | None = None,
        *,
        replay: bool = False,
        remembered: Remembered | None = None,
    ) -> Committed:
        """Handle ``events`` within ``tx``. In a replay the lane is known to be parked, and handled all the same.

        What is ``remembered`` of where the streams stand is not read; if it does not hold, the transaction is undone.
        """
        work = _Work(self._books, tx, self._handlers.sources, alone=len(events) == 1)
        for stored, stream in work.look(events, remembered):
            passes = replay or stored.envelope.stroom in PAST_PARKED
            if work.stands_before(stored, stream) and (passes or not self._parks(tx, stored, work.sheet)):
                work.accept(stored, stream)
        if len(work.accepted) > 1:
            tx.gather()
            self._have_keys(work.accepted)
        handling = self._handle(tx, self._read(work.accepted))
        if events:
            failpoint("consume.inside_effect")
        done = [stored for stored in events if stored.envelope.subject not in work.left] if work.left else events
        marks = marks_after(done) if marks_after else {}
        write(tx.conn, self._books, work.sheet, marks, self._clock.now())
        return Committed(marks, frozenset(work.left), handling, work.sheet.open_lanes())

    def _parks(self, tx: Transaction, stored: StoredEvent, sheet: Sheet) -> bool:
        lane = stored.envelope.subject
        if lane not in sheet.parked or not self._books.lock_lane(tx.conn, lane):
            return False
        why = waits_behind(stored.envelope)
        self._books.park(tx.conn, stored, why, state=BEHIND, attempts=0, now=self._clock.now())
        return True

    def _have_keys(self, events: Sequence[StoredEvent]) -> None:
        """Ask at once for the keys of what handlers may write to: dossiers of this service on the same subjects."""
        subjects = {
            (stored.envelope.gemeente, stored.envelope.subject)
            for stored in events
            if any(not handler.projection for handler in self._handlers.of(stored.envelope))
        }
        if subjects:
            self._store.codec.find_keys(self._store.service, sorted(subjects))

    def _read(self, events: Sequence[StoredEvent]) -> list[tuple[RecordedEvent, Concerned]]:
        """The events that concern a handler, as it gets them: all of them before the first writes anything.

        A transaction that has written holds up every relay of the server until it is over: what can be done before is.
        """
        concerned = [(stored, handlers) for stored in events if (handlers := self._handlers.of(stored.envelope))]
        read: list[tuple[RecordedEvent, Concerned]] = []
        # Keys are asked for once, for all events; own events are read as objects, those of others as mappings.
        own = self._store.service
        for typed, group in groupby(concerned, lambda pair: pair[0].envelope.service == own):
            pairs = list(group)
            found = self._store.codec.decode_many((pair[0] for pair in pairs), purpose=self._purpose, typed=typed)
            read.extend((event, handlers) for event, (_, handlers) in zip(found, pairs, strict=True))
        return read

    def _handle(self, tx: Transaction, events: Sequence[tuple[RecordedEvent, Concerned]]) -> float:
        """Hand the events over; gives the seconds that it took."""
        began = time.monotonic()
        batch = Together(tx)
        for event, handlers in events:
            seconds = time.monotonic() - began
            if batch.called and seconds > LONGEST:
                raise Slow(batch.called, seconds)
            batch.give(event, handlers)
        batch.flush()
        return time.monotonic() - began


class _Work:
    """Which of some events may be handled now, in order."""

    def __init__(self, books: Books, tx: Transaction, sources: Collection[str], *, alone: bool) -> None:
        self.sheet = Sheet()
        self.accepted: list[StoredEvent] = []
        self.left: set[str] = set()
        self._books = books
        self._tx = tx
        self._sources = sources
        self._alone = alone

    def look(
        self, events: Sequence[StoredEvent], remembered: Remembered | None = None
    ) -> list[tuple[StoredEvent, Followed]]:
        """See where their streams stand, and those of their causes. Gives each event with its stream."""
        steps = [self._step(stored.envelope) for stored in events]
        known = remembered.sheet(steps) if remembered is not None and steps else None
        self.sheet = known or read(self._tx.conn, self._books, _concerned(steps))
        return [(stored, step.stream) for stored, step in zip(events, steps, strict=True)]

    def _step(self, envelope: Envelope) -> Step:
        cause = self._cause(envelope)
        before = None if cause is None else (Followed.of(cause), cause.sequence)
        return Step(Followed.holding(envelope), envelope.sequence, before)

    def stands_before(self, stored: StoredEvent, stream: Followed) -> bool:
        """Whether it is still to be handled, or to be parked."""
        envelope = stored.envelope
        return envelope.subject not in self.left and envelope.sequence > self.sheet.last[stream]

    def accept(self, stored: StoredEvent, stream: Followed) -> None:
        """Take it up, unless something must come before it.

        Raises:
            Behind: something must, and the event is alone.
        """
        missing = self._missing(stored.envelope, self.sheet.last[stream])
        if missing is None:
            self.accepted.append(stored)
            self.sheet.advance(stream, stored.envelope)
        elif self._alone:
            raise Behind(missing)
        else:
            self.left.add(stored.envelope.subject)

    def _missing(self, envelope: Envelope, last: int) -> Missing | None:
        if envelope.sequence > last + 1:
            return Missing(envelope.service, envelope.stream, last, envelope.sequence - 1, False)
        cause = self._cause(envelope)
        if cause is None:
            return None
        reached = self.sheet.last[Followed.of(cause)]
        # Where it is not handled it may be parked, which does as well: that is asked one by one, for it is rare.
        if reached >= cause.sequence or self._books.reached(self._tx.conn, cause):
            return None
        return Missing(cause.service, cause.stream, reached, cause.sequence, True)

    def _cause(self, envelope: Envelope) -> Position | None:
        if envelope.oorzaak is None:
            return None
        try:
            cause = Position.parse(envelope.oorzaak)
        except ValueError:
            raise SchemaError("het attribuut oorzaak is geen positie") from None
        return cause if cause.service in self._sources else None


def _concerned(steps: Iterable[Step]) -> Iterator[Followed]:
    for step in steps:
        yield step.stream
        if step.cause is not None:
            yield step.cause[0]
