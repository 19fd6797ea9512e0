"""What a consumer remembers of where streams stand: it spares a reading, and is never believed against the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from casuslog.consume import effects, remembered
from casuslog.consume.consumer import Consumer
from casuslog.consume.remembered import Remembered, Step
from casuslog.consume.sheet import Followed
from casuslog.identifiers import new_id
from casuslog.recorded import StoredEvent
from casuslog.store.tables import inbox
from tests.casuslog.consume.world import World, log


@pytest.fixture
def world(tmp_path: Path, postgres_url: str) -> Iterator[World]:
    """On PostgreSQL, where there is a round trip to spare."""
    made = World(tmp_path, postgres_url)
    yield made
    made.close()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many streams were read, each time that the books were."""
    seen: list[int] = []
    whole: Callable[..., Any] = effects.read

    def reading(conn: Any, books: Any, streams: Any) -> Any:
        asked = list(streams)
        seen.append(len(asked))
        return whole(conn, books, asked)

    monkeypatch.setattr(effects, "read", reading)
    return seen


def positions(events: list[StoredEvent]) -> list[str]:
    return [str(event.envelope.position) for event in events]


def handled(consumer: Consumer, *events: StoredEvent) -> None:
    for event in events:
        consumer.take(event)
        consumer.settle()


def test_who_goes_on_in_a_stream_reads_no_books(world: World, readings: list[int]) -> None:
    """Of a stream that is known only the first event of this process asks where it stands; each takes effect once."""
    events = log(world.stores["bron"], new_id(), 4)
    consumer = world.consumer()
    handled(consumer, *events)
    assert readings == [1]
    assert world.effects() == positions(events)
    handled(consumer, *events)
    assert world.effects() == positions(events)


def test_what_another_instance_did_is_not_done_again(world: World) -> None:
    """A memory that is behind is found out at the commit; the effect that was begun is undone."""
    events = log(world.stores["bron"], new_id(), 4)
    one, other = world.consumer(), world.consumer()
    handled(one, events[0])
    handled(other, *events[:3])
    handled(one, events[1], events[2], events[3])
    assert world.effects() == positions(events)


def test_books_that_were_put_back_are_believed(world: World) -> None:
    """After a restore the books may be behind what is remembered: what is missing there comes first, in order."""
    events = log(world.stores["bron"], new_id(), 4)
    consumer = world.consumer()
    handled(consumer, *events[:3])
    with world.volger.transaction() as tx:
        tx.conn.execute(update(inbox).values(sequence=1))
    handled(consumer, events[3])
    assert world.effects() == positions([*events[:3], *events[1:]])
    with world.volger.transaction() as tx:
        tx.conn.execute(delete(inbox))
    handled(consumer, *log(world.stores["bron"], events[0].envelope.subject))
    assert len(world.effects()) == 6 + 5


def test_a_lane_that_was_parked_meanwhile_is_not_passed(world: World) -> None:
    """Another instance parked an event of the casus: what comes after it waits behind it, whatever is remembered."""
    casus = new_id()
    [first] = log(world.stores["bron"], casus)
    consumer = world.consumer()
    handled(consumer, first)
    [foreign] = log(world.stores["meer"], casus)
    books = consumer._books
    with world.volger.transaction() as tx:
        books.park(tx.conn, foreign, "kapot", state="geparkeerd", attempts=1, now=world.clock.now())
    [second] = log(world.stores["bron"], casus)
    handled(consumer, second)
    assert world.effects() == positions([first])
    with world.volger.transaction() as tx:
        behind = [row.event_id for row in tx.conn.execute(books.rows(casus))]
    assert behind == [foreign.envelope.id, second.envelope.id]


def test_a_cause_that_is_remembered_must_stand_in_the_books(world: World) -> None:
    """An effect does not pass its cause on the strength of a memory."""
    [cause] = log(world.stores["bron"], new_id())
    casus = new_id()
    [before] = log(world.stores["meer"], casus)
    consumer = world.consumer()
    handled(consumer, cause, before)
    [event] = log(world.stores["meer"], casus, oorzaak=str(cause.envelope.position))
    with world.volger.transaction() as tx:
        tx.conn.execute(delete(inbox).where(inbox.c.source == "bron"))
    handled(consumer, event)
    assert world.effects() == positions([cause, before, cause, event])


def test_only_what_comes_next_goes_by_memory() -> None:
    """A hole, an event of before, a cause that was not reached and a stream that is not known are left to the books."""
    one, other, unknown = (Followed("0086", "bron", "bron", subject) for subject in ("een", "ander", "nieuw"))
    memory = Remembered()
    memory.keep({one: 3, other: 5, unknown: 0})
    next_two = [Step(one, 4, None), Step(one, 5, (other, 5))]
    sheet = memory.sheet(next_two)
    assert sheet is not None
    assert sheet.assumed == {one: 3, other: 5}
    for steps in (
        [Step(one, 5, None)],
        [Step(one, 3, None)],
        [Step(one, 4, (other, 6))],
        [Step(one, 4, (unknown, 1))],
        [Step(unknown, 1, None)],
        [*next_two, Step(unknown, 1, None)],
    ):
        assert memory.sheet(steps) is None, steps
    memory.forget([one])
    assert memory.sheet([Step(one, 4, None)]) is None


def test_a_memory_has_an_end_and_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many casussen the first are forgotten; what a slower transaction saw does not undo what is known."""
    monkeypatch.setattr(remembered, "MOST", 3)
    streams = [Followed("0086", "bron", "bron", str(n)) for n in range(5)]
    memory = Remembered()
    for stream in streams:
        memory.keep({stream: 2})
        memory.keep({stream: 1})
    known = [memory.sheet([Step(stream, 3, None)]) is not None for stream in streams]
    assert known == [False, False, True, True, True]
