"""What waits for the clock: a term that runs out, a reminder. Each happens once, however often or late one looks.

A service schedules and cancels in its own transaction, beside the events that give reason to. Keys are deterministic,
so that scheduling again changes nothing. The clock is the domain's: tests and the demo set it.

States: ``gepland``, and from there ``afgegaan`` (it happened), ``vervallen`` (cancelled in time), or ``geparkeerd``
(its handler kept failing; a replay makes it ``gepland`` again).
"""

from __future__ import annotations

import logging
import threading
import time as real
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    insert,
    select,
    update,
)

from casuslog.clock import AMSTERDAM, Clock
from casuslog.consume.failures import Policy, reason
from casuslog.consume.handlers import Worker
from casuslog.envelope import Stream
from casuslog.store.tables import Moment

if TYPE_CHECKING:
    from casuslog.store import EventStore, Transaction

log = logging.getLogger(__name__)

PLANNED = "gepland"
FIRED = "afgegaan"
CANCELLED = "vervallen"
PARKED = "geparkeerd"

POLL_SECONDS = 0.5
"""How often the clock is looked at: it may be set, so that sleeping until a moment would not do."""

PAGE = 500

timer_tables = MetaData()
"""Made by :func:`prepare`, in the database of the service."""

timers = Table(
    "timers",
    timer_tables,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("gemeente", Text, nullable=False),
    Column("stroom", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("fires_at", Moment, nullable=False),
    Column("reference", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Index("timers_due", "state", "fires_at"),
    Index("timers_stream", "gemeente", "stroom", "subject"),
)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that waits for the clock."""

    key: str
    name: str
    """What it is: ``onderzoekstermijn``, ``besluittermijn``, ..."""
    stream: Stream
    due_on: date
    """The last day of the term: the day on which the event is dated, however late the timer fires."""
    fires_at: datetime
    reference: Mapping[str, Any]
    """Ids and dates that the handler needs; nothing personal."""


TimerHandler = Callable[[Timer, "Transaction"], None]


def prepare(store: EventStore) -> None:
    """Make the table of timers where it is missing."""
    timer_tables.create_all(store.engine)


def schedule(
    conn: Connection,
    name: str,
    stream: Stream,
    due_on: date,
    *,
    at: datetime | None = None,
    reference: Mapping[str, Any] | None = None,
) -> str:
    """Let ``name`` fire for ``stream`` once ``due_on`` has passed in the Netherlands, or at the moment ``at``.

    The key is made of stream, name and due date: scheduling the same again changes nothing, also after it fired or was
    cancelled. A term that gets another due date is another timer: cancel the old one.

    Returns:
        The key.
    """
    key = f"{stream}:{name}:{(at or due_on).isoformat()}"
    if conn.execute(select(timers.c.key).where(timers.c.key == key)).first() is None:
        values = {
            "key": key,
            "name": name,
            "gemeente": stream.gemeente,
            "stroom": stream.kind,
            "subject": stream.id,
            "due_on": due_on,
            "fires_at": at or _after(due_on),
            "reference": dict(reference or {}),
            "state": PLANNED,
            "attempts": 0,
        }
        conn.execute(insert(timers).values(values))
    return key


def reschedule(conn: Connection, name: str, stream: Stream, due_on: date) -> str:
    """Let the term ``name`` of ``stream`` run out on ``due_on`` from now on, and on no other day.

    A term may come back to a day that it had before (an opschorting that took no day): what was cancelled for that day
    is planned anew. What fired stays so.

    Returns:
        The key.
    """
    planned = update(timers).where(*_of(stream), timers.c.name == name, timers.c.state == PLANNED)
    conn.execute(planned.where(timers.c.due_on != due_on).values(state=CANCELLED))
    key = schedule(conn, name, stream, due_on)
    conn.execute(update(timers).where(timers.c.key == key, timers.c.state == CANCELLED).values(state=PLANNED))
    return key


def cancel(conn: Connection, stream: Stream, name: str | None = None) -> int:
    """Let what is planned for ``stream`` (only ``name``, if given) not happen. Returns how many were cancelled."""
    planned = update(timers).where(*_of(stream), timers.c.state == PLANNED)
    if name is not None:
        planned = planned.where(timers.c.name == name)
    return conn.execute(planned.values(state=CANCELLED)).rowcount


def _of(stream: Stream) -> tuple[ColumnElement[bool], ...]:
    return timers.c.gemeente == stream.gemeente, timers.c.stroom == stream.kind, timers.c.subject == stream.id


class TimerLoop:
    """Fires what is due, in order of its moment, each in one transaction with its effect.

    Args:
        store: the service's store.
        clock: the domain's clock.
        handler: what happens; it gets ``(timer, tx)`` and writes through ``tx`` only.
        policy: when a failing timer is parked.
        worker: where its host wants each transaction to run.
    """

    def __init__(
        self,
        store: EventStore,
        clock: Clock,
        handler: TimerHandler,
        *,
        policy: Policy | None = None,
        worker: Worker | None = None,
        monotonic: Callable[[], float] = real.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._handler = handler
        self._policy = policy or Policy()
        self._worker = worker or (lambda work: work())
        self._monotonic = monotonic
        self._not_before: dict[str, tuple[int, float]] = {}
        """Of timers that failed: attempts, and when to try again."""

    def step(self) -> int:
        """Fire all that is due now, also what was due long ago. Returns how many fired.

        Raises:
            Unavailable: the database is away.
        """
        fired = 0
        while due := self._due():
            # One that fails waits before it is due again, so that this ends.
            fired += sum(self._fire(timer) for timer in due)
        return fired

    def run(self, stopping: threading.Event) -> None:
        """Fire what comes due until asked to stop."""
        while not stopping.is_set():
            try:
                self.step()
            except Exception as error:
                # The database is away, or something unforeseen: the terms wait, they do not lapse.
                log.warning("timers of %s: %s; trying again", self._store.service, type(error).__name__)
            stopping.wait(POLL_SECONDS)

    def next_moment(self) -> datetime | None:
        """When the next timer is due; ``None`` when nothing is planned."""
        query = select(timers.c.fires_at).where(timers.c.state == PLANNED).order_by(timers.c.fires_at).limit(1)
        return self._store.run_transaction(lambda tx: tx.conn.execute(query).scalar())

    def _due(self) -> list[Timer]:
        now, moment = self._clock.now(), self._monotonic()
        query = (
            select(timers)
            .where(timers.c.state == PLANNED, timers.c.fires_at <= now)
            .order_by(timers.c.fires_at, timers.c.key)
            .limit(PAGE)
        )
        rows = self._store.run_transaction(lambda tx: tx.conn.execute(query).all())
        return [timer for timer in map(_timer, rows) if self._not_before.get(timer.key, (0, moment))[1] <= moment]

    def _fire(self, timer: Timer) -> bool:
        fired = False

        def fire(tx: Transaction) -> None:
            nonlocal fired
            # It may have been cancelled, or fired elsewhere, since it was read.
            taken = update(timers).where(timers.c.key == timer.key, timers.c.state == PLANNED).values(state=FIRED)
            fired = bool(tx.conn.execute(taken).rowcount)
            if fired:
                self._handler(timer, tx)

        try:
            self._worker(lambda: self._store.run_transaction(fire))
        except Exception as error:
            self._failed(timer, error)
            return False
        self._not_before.pop(timer.key, None)
        return fired

    def _failed(self, timer: Timer, error: Exception) -> None:
        attempts = self._not_before.get(timer.key, (0, 0.0))[0] + 1
        log.warning("timer %s of %s failed: %s", timer.name, self._store.service, type(error).__name__)
        self._not_before[timer.key] = (attempts, self._monotonic() + self._policy.backoff.delay(attempts))
        if self._policy.parks(error, attempts):
            values = {"state": PARKED, "attempts": attempts, "reason": reason(error, attempts)}
            mine = update(timers).where(timers.c.key == timer.key, timers.c.state == PLANNED).values(values)
            self._store.run_transaction(lambda tx: tx.conn.execute(mine))
            del self._not_before[timer.key]


def parked(conn: Connection) -> list[tuple[Timer, str]]:
    """The timers whose handler kept failing, with the reason."""
    rows = conn.execute(select(timers).where(timers.c.state == PARKED).order_by(timers.c.fires_at)).all()
    return [(_timer(row), row.reason) for row in rows]


def replay(conn: Connection, key: str) -> bool:
    """Plan a parked timer anew after a repair; it fires at the next step. False if it is not parked."""
    again = update(timers).where(timers.c.key == key, timers.c.state == PARKED)
    return bool(conn.execute(again.values(state=PLANNED, attempts=0, reason=None)).rowcount)


def _after(day: date) -> datetime:
    """The first moment at which ``day`` is over in the Netherlands."""
    return datetime.combine(day + timedelta(days=1), time(0), AMSTERDAM)


def _timer(row: Row[Any]) -> Timer:
    stream = Stream(row.gemeente, row.stroom, row.subject)
    return Timer(row.key, row.name, stream, row.due_on, row.fires_at, row.reference)
