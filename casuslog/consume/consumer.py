"""A consumer: what arrives goes into lanes, and each event takes effect once and in order, however it arrives.

Knows no broker and no nameko. Deliveries come in through :meth:`Consumer.deliver`; each has an *ack* that is called
when it is safe: handled, known already, or parked. Threads or greenthreads that run :meth:`Consumer.work_until` do the
work; a test calls :meth:`Consumer.settle`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from casuslog.clock import Clock
from casuslog.consume import received
from casuslog.consume.books import PARKED, UNREADABLE, Books
from casuslog.consume.effects import Effects, Slow
from casuslog.consume.failures import Policy, outlook, place, reason
from casuslog.consume.feeds import Feed
from casuslog.consume.handlers import Handlers
from casuslog.consume.items import Ack, Item, Unreadable
from casuslog.consume.lanes import Lanes, Turn
from casuslog.consume.lowwater import LowWater
from casuslog.consume.order import Failed, commit_in_order
from casuslog.consume.pace import TOGETHER, Pace
from casuslog.consume.parking import Parking
from casuslog.consume.sheet import Followed
from casuslog.errors import SchemaError
from casuslog.failpoints import failpoint
from casuslog.recorded import Cursor, StoredEvent

if TYPE_CHECKING:
    from casuslog.store import EventStore

log = logging.getLogger(__name__)


ALONE_SECONDS = 0.5
"""How long one worker handles lanes one after another before it lets others have them."""
QUIET_SECONDS = 0.05
"""How long nothing has to come in before a checkpoint that lanes left behind is kept: that is a transaction of its own,
and the next one that works takes it along."""
IDLE_SECONDS = 0.5
"""How long a worker waits at most before it looks again."""


class Consumer:
    """One consumer: a service, as far as it follows others.

    Args:
        name: name of the consumer; the service.
        store: its own store, in which effects, inbox and checkpoints commit together.
        handlers: what it does; their sources are the services that it follows.
        feeds: the feed of each source.
        clock: dates what is parked.
        policy: when a failure parks its lane.
        batch: events in one transaction at most.
        held: events in memory at most before catching up pauses.
        monotonic: seconds, for delays; real time, never the domain's clock.
    """

    def __init__(
        self,
        name: str,
        store: EventStore,
        handlers: Handlers,
        feeds: Mapping[str, Feed],
        clock: Clock,
        *,
        policy: Policy | None = None,
        batch: int = 200,
        held: int = 2000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.handlers = handlers
        self.held = held
        self.attention = threading.Event()
        """Set when a hole was seen in the log of a source: someone should catch up."""
        self._store = store
        self._feeds = feeds
        self._clock = clock
        self._policy = policy or Policy()
        # Where a handler takes events one at a time nobody knows yet how long it takes: then it begins small.
        most = batch if handlers.batched else min(batch, TOGETHER)
        self._pace = Pace(most, begin=batch if handlers.all_batched else 1)
        self._monotonic = monotonic
        self._books = Books(name)
        self._effects = Effects(store, handlers, self._books, clock)
        self._lanes: Lanes[Item | Unreadable] = Lanes()
        self._pending: dict[tuple[Followed, int], Item] = {}
        self._attempts: dict[str, int] = {}
        self._water: dict[str, LowWater] = {}
        self._kept: dict[str, Cursor] = {}
        self._changed = threading.Condition()
        self._marking = threading.Lock()
        self._keep_at = 0.0
        """From when on a checkpoint that could not be kept is tried again."""

    def open(self) -> None:
        """Read where the consumer was. Call it once, before anything is delivered.

        Raises:
            Unavailable: the database is away.
        """

        def read(tx: Any) -> dict[str, Cursor]:
            return {source: self._books.checkpoint(tx.conn, source) for source in self.handlers.sources}

        self._kept = self._store.run_transaction(read)
        self._water = {source: LowWater(cursor) for source, cursor in self._kept.items()}

    # what comes in

    def deliver(self, told: Mapping[str, Any], body: Any, content_type: str | None, ack: Ack) -> None:
        """Take one delivery from the broker; what is no event goes to the lane of the unreadable."""
        try:
            message = received.read(told, body, content_type)
        except SchemaError as error:
            raw = body.encode() if isinstance(body, str) else bytes(body)
            item = Unreadable(dict(told), raw, reason(error), [ack])
            with self._changed:
                self._lanes.put(item.lane, item)
                self._changed.notify()
            # It may have been an event that nobody will deliver again: the owner has it.
            self.attention.set()
            return
        self.take(message.stored, message.previous, ack)

    def take(self, stored: StoredEvent, previous: Cursor | None = None, ack: Ack | None = None) -> None:
        """Take one event. ``previous`` is the cursor before its own in the log of its source."""
        acks = [ack] if ack else []
        with self._changed:
            stream = Followed.holding(stored.envelope)
            water = self._water.get(stream.source)
            known = water is None or (stored.cursor is not None and water.passed(stored.cursor))
            at = (stream, stored.envelope.sequence)
            pending = self._pending.get(at)
            if water is not None and previous is not None and stored.cursor is not None:
                self._note(water, previous, stored.cursor)
            if pending is not None:
                pending.acks.extend(acks)
                return
            if not known:
                item = self._pending[at] = Item(stored, acks)
                self._lanes.put(item.lane, item)
                self._changed.notify()
                return
        # Already safe, or of a service that nobody here follows: an inbox bound too widely must not fill up.
        self._tell(acks)

    def _note(self, water: LowWater, previous: Cursor, cursor: Cursor) -> None:
        water.note(previous, cursor)
        if water.hole() is not None:
            self.attention.set()

    # what is done

    def work(self) -> bool:
        """Handle what is first in some lanes, in one transaction if that goes. False if nothing was ready."""
        with self._changed:
            turns = self._lanes.take(self._monotonic(), self._pace.limit)
        # What failed before goes alone: it would undo what the others in the same transaction did.
        alone = [turn for turn in turns if turn.lane in self._attempts or turn.lane == UNREADABLE]
        together: Sequence[Turn[Item | Unreadable]] = [turn for turn in turns if turn not in alone] if alone else turns
        if sum(len(turn.items) for turn in together) > 1:
            together = self._together(together)
        self._each_by_itself([*together, *alone])
        return bool(turns)

    def work_until(self, stopping: threading.Event) -> None:
        """Work until asked to stop and nothing is ready any more. What waits for another attempt stays unacked."""
        while True:
            if self.work():
                continue
            with self._changed:
                if stopping.is_set():
                    break
                rest = self._rest()
                called = rest <= 0 or self._changed.wait(rest)
            if not called:
                self._keep_what_lanes_left()
        self._keep_what_lanes_left()

    def _rest(self) -> float:
        """How long a worker that finds nothing ready waits to be called."""
        now = self._monotonic()
        moment = self._lanes.next_moment(now)
        longest = QUIET_SECONDS if now >= self._keep_at and self._marks(()) else IDLE_SECONDS
        return longest if moment is None else min(longest, moment - now)

    def settle(self) -> None:
        """Work in this thread until nothing is ready, and keep the checkpoints."""
        while self.work():
            pass
        self.keep_checkpoints()

    def wake(self) -> None:
        """Let workers look whether they should stop."""
        with self._changed:
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many events are in memory."""
        with self._changed:
            return len(self._lanes)

    def oldest_waiting(self) -> dict[str, datetime]:
        """Per source the moment of the oldest event that came in and is not safe yet; none where nothing waits."""
        oldest: dict[str, datetime] = {}
        with self._changed:
            for (stream, _), item in self._pending.items():
                moment = item.stored.envelope.time
                if stream.source not in oldest or moment < oldest[stream.source]:
                    oldest[stream.source] = moment
        return oldest

    def _together(self, turns: Sequence[Turn[Item | Unreadable]]) -> Sequence[Turn[Item | Unreadable]]:
        """Handle turns in one transaction; those that are left have to go one by one."""
        events = [item.stored for turn in turns for item in turn.items if isinstance(item, Item)]
        try:
            left = self._commit(events)
        except Exception as error:
            if isinstance(error, Slow):
                self._pace.took(error.count, error.seconds)
            # One of them fails, or they are too slow for one transaction: each by itself.
            log.info("%s: batch of %d taken apart (%s)", self.name, len(events), type(error).__name__)
            return turns
        with self._changed:
            for turn in turns:
                if turn.lane not in left:
                    self._finish(turn)
            self._changed.notify(self._lanes.ready)
        return [turn for turn in turns if turn.lane in left]

    def _each_by_itself(self, turns: Sequence[Turn[Item | Unreadable]]) -> None:
        """Handle turns one after another for a moment; what is left then is for whoever is free.

        One may wait long, for an owner that does not answer; the others have nothing to do with that.
        """
        until = self._monotonic() + ALONE_SECONDS
        for number, turn in enumerate(turns):
            if number and self._monotonic() > until:
                self._give_back(turns[number:])
                return
            self._one_by_one(turn)

    def _give_back(self, turns: Sequence[Turn[Item | Unreadable]]) -> None:
        now = self._monotonic()
        with self._changed:
            for turn in turns:
                self._lanes.defer(turn.lane, now)
            self._changed.notify(len(turns))

    def _one_by_one(self, turn: Turn[Item | Unreadable]) -> None:
        for done, item in enumerate(turn.items):
            try:
                self._settle_one(item)
            except Exception as error:
                self._failed(turn, done, item, error)
                return
            with self._changed:
                self._forget([item])
            self._attempts.pop(item.lane, None)
        with self._changed:
            self._lanes.finished(turn.lane, len(turn.items))
            self._changed.notify(self._lanes.ready)

    def _finish(self, turn: Turn[Item | Unreadable]) -> None:
        self._forget(turn.items)
        self._lanes.finished(turn.lane, len(turn.items))

    def _settle_one(self, item: Item | Unreadable) -> None:
        if isinstance(item, Unreadable):
            self._park_unreadable(item)
        else:
            commit_in_order(item.stored, self._commit_alone, self._feeds)

    def _commit_alone(self, stored: StoredEvent) -> None:
        self._commit([stored])

    def _forget(self, items: Iterable[Item | Unreadable]) -> None:
        for item in items:
            if isinstance(item, Item):
                stored = item.stored
                stream = Followed.holding(stored.envelope)
                self._pending.pop((stream, stored.envelope.sequence), None)
                water = self._water.get(stream.source)
                if water is not None and stored.cursor is not None:
                    water.done(stored.cursor)
            self._tell(item.acks)

    def _tell(self, acks: Iterable[Ack]) -> None:
        for ack in acks:
            ack()

    # one transaction

    def _commit(self, events: Sequence[StoredEvent]) -> frozenset[str]:
        """Handle events in one transaction; gives the lanes that are left, for something must come before them."""
        # One transaction at a time moves the checkpoints, else lanes side by side would undo each other over that row.
        mine = self._marking.acquire(blocking=False)
        try:
            committed = self._effects.commit(events, self._marks if mine else None)
            self._kept.update(committed.marks)
            self._pace.took(len(events), committed.handling)
            failpoint("consume.after_effect")
            return committed.left
        finally:
            if mine:
                self._marking.release()

    def _marks(self, events: Sequence[StoredEvent]) -> dict[str, Cursor]:
        with self._changed:
            done: dict[str, list[Cursor]] = {source: [] for source in self._water}
            for stored in events:
                if stored.cursor is not None and (found := done.get(stored.envelope.service)) is not None:
                    found.append(stored.cursor)
            marks = {source: self._water[source].mark_after(cursors) for source, cursors in done.items()}
            return {source: mark for source, mark in marks.items() if mark > self._kept[source]}

    def keep_checkpoints(self) -> None:
        """Write checkpoints that have moved since they were last kept."""
        with self._marking:
            if self._marks(()):
                self._kept.update(self._effects.commit((), self._marks).marks)

    def _keep_what_lanes_left(self) -> None:
        """Of lanes that commit side by side one moves the checkpoints; what the others did is kept when it is quiet."""
        if self._monotonic() < self._keep_at or not self._marks(()):
            return
        try:
            self.keep_checkpoints()
        except Exception as error:
            # A checkpoint that stays behind costs a next start some reading, nothing more.
            self._keep_at = self._monotonic() + IDLE_SECONDS
            log.info("%s: checkpoints not kept yet (%s)", self.name, type(error).__name__)

    # what fails

    def _failed(self, turn: Turn[Item | Unreadable], done: int, item: Item | Unreadable, error: Exception) -> None:
        culprit = error.stored if isinstance(error, Failed) else getattr(item, "stored", None)
        cause = error.error if isinstance(error, Failed) else error
        attempts = self._attempts[item.lane] = self._attempts.get(item.lane, 0) + 1
        delay = self._policy.backoff.delay(attempts)
        if culprit is not None and self._policy.parks(cause, attempts) and self._park(culprit, cause, attempts):
            # The lane is parked now: at the next attempt the event finds that out, and goes in behind.
            self._attempts.pop(item.lane, None)
            delay = 0.0
        else:
            self._complain("tries again", item.lane, cause, attempts)
        with self._changed:
            self._lanes.defer(turn.lane, self._monotonic() + delay, done)
            self._changed.notify()

    def _park(self, stored: StoredEvent, error: Exception, attempts: int) -> bool:
        why, now = reason(error, attempts), self._clock.now()
        try:
            self._store.run_transaction(
                lambda tx: self._books.park(tx.conn, stored, why, state=PARKED, attempts=attempts, now=now)
            )
        except Exception as failure:
            self._complain("could not park", stored.envelope.subject, failure, attempts)
            return False
        self._complain("parked", stored.envelope.subject, error, attempts)
        return True

    def _park_unreadable(self, item: Unreadable) -> None:
        now = self._clock.now()
        self._store.run_transaction(
            lambda tx: self._books.park_unreadable(tx.conn, item.told, item.body, item.digest, item.reason, now)
        )
        log.warning("%s: an unreadable delivery is parked", self.name)

    def _complain(self, what: str, lane: str, error: BaseException, attempts: int) -> None:
        # The text of a foreign error may hold values of the event: only its type and place are logged.
        log.warning(
            "%s: lane %s %s after attempt %d: %s, %s%s",
            self.name, lane, what, attempts, type(error).__name__, outlook(error).value, place(error),
        )  # fmt: skip

    # catching up

    def tip(self, source: str) -> Cursor:
        """Up to where the log of ``source`` is known without a hole."""
        with self._changed:
            return self._water[source].tip()

    def checkpoint(self, source: str) -> Cursor:
        """Up to where all of ``source`` is handled or parked, and committed as such."""
        return self._kept[source]

    @property
    def parking(self) -> Parking:
        """The parked lanes of this consumer."""
        return Parking(self._store, self._books, self._effects, self._feeds)

    def feed_of(self, source: str) -> Feed:
        """The feed of a source."""
        return self._feeds[source]

    def make_room(self, stopping: threading.Event | None = None) -> None:
        """Return when there is room for more, or it is time to stop; work along while there is not."""
        while self.waiting >= self.held and not (stopping is not None and stopping.is_set()):
            if not self.work():
                with self._changed:
                    self._changed.wait(0.05)
