"""What waits for the clock happens once, dated on its due date, however often or late one looks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from casuslog.backoff import Backoff
from casuslog.consume import timers
from casuslog.consume.failures import Policy
from casuslog.envelope import Stream
from casuslog.errors import Unavailable
from casuslog.identifiers import new_id
from tests.casuslog.consume.world import GEMEENTE, World, ledger

DUE = date(2026, 3, 31)


@pytest.fixture
def stream() -> Stream:
    """A stream that has a term."""
    return Stream(GEMEENTE, "onderzoek", new_id())


class Fired:
    """Keeps what fired, in the transaction and outside it."""

    def __init__(self, world: World) -> None:
        timers.prepare(world.volger)
        self.world = world
        self.seen: list[timers.Timer] = []
        self.error: Exception | None = None
        policy = Policy(backoff=Backoff(first=1.0, jitter=0.0), faults=3)
        self.loop = timers.TimerLoop(world.volger, world.clock, self, policy=policy, monotonic=lambda: world.now)

    def __call__(self, timer, tx) -> None:
        self.seen.append(timer)
        tx.conn.execute(insert(ledger).values(consumer="timer", position=timer.key))
        if self.error is not None:
            raise self.error

    def schedule(self, stream: Stream, due: date = DUE, **known) -> str:
        return self.world.volger.run_transaction(
            lambda tx: timers.schedule(tx.conn, "onderzoekstermijn", stream, due, **known)
        )


@pytest.fixture
def fired(world: World) -> Fired:
    """A timer loop on the consumer's store."""
    return Fired(world)


def test_a_term_fires_once_when_its_last_day_is_over(world: World, fired: Fired, stream: Stream) -> None:
    """On the last day nothing happens; after midnight in Amsterdam it fires, once."""
    fired.schedule(stream, reference={"termijn": "t-1"})
    world.clock.set(datetime(2026, 3, 31, 21, 59, tzinfo=UTC))
    assert fired.loop.step() == 0
    world.clock.advance(timedelta(minutes=1))
    assert [fired.loop.step(), fired.loop.step()] == [1, 0]
    assert [(t.due_on, t.stream, t.reference) for t in fired.seen] == [(DUE, stream, {"termijn": "t-1"})]


def test_overdue_timers_fire_at_start_in_order_of_their_day(world: World, fired: Fired) -> None:
    """After a long absence everything that ran out fires, the oldest first, each with its own due date."""
    days = [date(2026, 4, 3), date(2026, 3, 20), date(2026, 3, 27)]
    for day in days:
        fired.schedule(Stream(GEMEENTE, "onderzoek", new_id()), day)
    world.clock.set(date(2026, 6, 1))
    assert fired.loop.step() == 3
    assert [timer.due_on for timer in fired.seen] == sorted(days)


def test_scheduling_again_changes_nothing(world: World, fired: Fired, stream: Stream) -> None:
    """The same term of the same stream on the same day is the same timer, also after it fired."""
    keys = {fired.schedule(stream) for _ in range(2)}
    world.clock.set(date(2026, 4, 2))
    fired.loop.step()
    keys.add(fired.schedule(stream))
    assert len(keys) == 1
    assert fired.loop.step() == 0


def test_a_cancelled_timer_does_not_fire(world: World, fired: Fired, stream: Stream) -> None:
    """A term that was met in time yields nothing."""
    fired.schedule(stream)
    assert world.volger.run_transaction(lambda tx: timers.cancel(tx.conn, stream, "onderzoekstermijn")) == 1
    world.clock.set(date(2026, 6, 1))
    assert fired.loop.step() == 0
    assert fired.loop.next_moment() is None


def test_a_timer_at_a_moment_fires_at_that_moment(world: World, fired: Fired, stream: Stream) -> None:
    """What waits for a moment instead of a day fires at it."""
    moment = datetime(2026, 3, 15, 12, tzinfo=UTC)
    fired.schedule(stream, at=moment)
    assert fired.loop.next_moment() == moment
    world.clock.set(moment)
    assert fired.loop.step() == 1


def test_an_effect_and_its_timer_stand_or_fall_together(world: World, fired: Fired, stream: Stream) -> None:
    """When the handler fails its effect is undone and the timer is still there; others fire meanwhile."""
    fired.schedule(stream)
    world.clock.set(date(2026, 4, 2))
    fired.error = Unavailable("weg")
    assert fired.loop.step() == 0
    assert world.effects() == []
    fired.error = None
    assert fired.loop.step() == 0, "it waits before it tries again"
    world.now += 5
    assert fired.loop.step() == 1
    assert len(world.effects()) == 1


def test_a_timer_that_keeps_failing_is_parked_and_can_be_replayed(world: World, fired: Fired, stream: Stream) -> None:
    """After its attempts it is kept with a reason, and fires once after the repair."""
    key = fired.schedule(stream)
    world.clock.set(date(2026, 4, 2))
    fired.error = RuntimeError("geheim")
    for _ in range(3):
        fired.loop.step()
        world.now += 60
    [(timer, why)] = world.volger.run_transaction(lambda tx: timers.parked(tx.conn))
    assert timer.key == key
    assert "RuntimeError" in why
    assert "geheim" not in why
    fired.error = None
    assert world.volger.run_transaction(lambda tx: timers.replay(tx.conn, key))
    assert fired.loop.step() == 1


def moved(world: World, stream: Stream, *due: date) -> None:
    for day in due:
        world.volger.run_transaction(lambda tx, day=day: timers.reschedule(tx.conn, "onderzoekstermijn", stream, day))


def test_a_term_that_moves_fires_on_its_last_day_only(world: World, fired: Fired, stream: Stream) -> None:
    """Of all days that a term had, only the one that it has now counts."""
    moved(world, stream, DUE, DUE + timedelta(days=7))
    world.clock.set(DUE + timedelta(days=30))
    fired.loop.step()
    assert [timer.due_on for timer in fired.seen] == [DUE + timedelta(days=7)]


@pytest.mark.parametrize("between", [(), (DUE + timedelta(days=7),)])
def test_a_term_may_keep_or_get_back_its_day(
    world: World, fired: Fired, stream: Stream, between: tuple[date, ...]
) -> None:
    """An opschorting that ends on the day of the term, or that took no day, does not make the term wait for ever."""
    moved(world, stream, DUE, *between, DUE)
    world.clock.set(DUE + timedelta(days=1))
    fired.loop.step()
    assert [timer.due_on for timer in fired.seen] == [DUE]


def test_a_term_that_ran_out_does_not_run_out_again(world: World, fired: Fired, stream: Stream) -> None:
    """The same day given again after the term fired changes nothing."""
    moved(world, stream, DUE)
    world.clock.set(DUE + timedelta(days=1))
    fired.loop.step()
    moved(world, stream, DUE)
    assert fired.loop.step() == 0
