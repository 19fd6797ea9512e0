"""Events of several lanes in one transaction: quicker, and for each of them as if it were alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event as sqla_event

from casuslog.consume.catchup import catch_up
from casuslog.consume.feeds import LocalFeed
from casuslog.consume.sheet import Followed, Sheet, read, write
from casuslog.errors import Conflict, Unavailable
from casuslog.identifiers import new_id
from casuslog.recorded import Cursor, RecordedEvent
from casuslog.store import Transaction
from tests.casuslog.consume.world import World, log


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The world on either database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = World(tmp_path, url)
    yield made
    made.close()


def positions(events) -> list[str]:
    return [str(event.envelope.position) for event in events]


def commits(world: World) -> list[int]:
    """Counts the transactions of the consumer from now on."""
    seen: list[int] = []
    sqla_event.listen(world.volger.engine, "commit", lambda _: seen.append(1))
    return seen


def test_reactions_of_many_lanes_share_transactions(world: World) -> None:
    """A backlog takes far fewer transactions than events, and each effect happens once, in the order of its lane."""
    events = [event for _ in range(20) for event in log(world.stores["bron"], new_id(), 3)]
    consumer = world.consumer()
    catch_up(consumer)
    seen = commits(world)
    consumer.settle()
    assert len(seen) < len(events) / 4
    assert sorted(world.effects()) == sorted(positions(events))
    for casus in {event.envelope.subject for event in events}:
        assert [p for p in world.effects() if casus in p] == [p for p in positions(events) if casus in p]
    assert consumer.checkpoint("bron") == events[-1].cursor


def test_one_that_fails_undoes_no_other_for_long(world: World) -> None:
    """The transaction is taken apart: the others take effect once, and what failed goes alone from then on."""
    events = [log(world.stores["bron"], new_id())[0] for _ in range(12)]
    broken = str(events[5].envelope.position)
    world.errors[broken] = RuntimeError("kapot")
    consumer = world.consumer()
    catch_up(consumer)
    consumer.settle()
    assert sorted(world.effects()) == sorted(p for p in positions(events) if p != broken)
    more = [log(world.stores["bron"], new_id())[0] for _ in range(12)]
    catch_up(consumer)
    world.now += 60
    seen = commits(world)
    consumer.settle()
    assert len(seen) < len(more)
    assert sorted(world.effects()) == sorted(p for p in positions([*events, *more]) if p != broken)


def test_what_must_wait_is_left_and_the_rest_goes_on(world: World) -> None:
    """A gap in one lane is fetched for that lane; the others of the transaction are not undone for it."""
    gapped = log(world.stores["bron"], new_id(), 2)
    others = [log(world.stores["bron"], new_id())[0] for _ in range(3)]
    consumer = world.consumer(handlers=world.handlers(batch=True))
    for event in (gapped[1], *others):
        consumer.take(event)
    consumer.settle()
    assert world.effects() == [*positions(others), *positions(gapped)]


def test_the_books_refuse_who_comes_second(world: World) -> None:
    """Of two instances that handled the same event one is told; a checkpoint never goes back."""
    [event] = log(world.stores["bron"], new_id())
    books = world.consumer()._books
    stream, now = Followed.holding(event.envelope), world.clock.now()
    late, early = Cursor(1, 100, 1), Cursor(1, 99, 2)

    def record(cursor: Cursor, moved: bool) -> None:
        sheet = Sheet()
        if moved:
            sheet.advance(stream, event.envelope)
        with world.volger.transaction() as tx:
            write(tx.conn, books, sheet, {"bron": cursor}, now)

    record(late, True)
    record(early, False)
    with world.volger.transaction() as tx:
        assert books.checkpoint(tx.conn, "bron") == late
        assert read(tx.conn, books, [stream]).last == {stream: 1}
    with pytest.raises(Conflict):
        record(late, True)


def test_handlers_that_turn_slow_share_no_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open transaction that wrote holds up every reader of the server: one is broken off, and each goes alone."""
    monkeypatch.setattr("casuslog.consume.effects.LONGEST", 0.05)
    quick = [log(world.stores["bron"], new_id())[0] for _ in range(20)]
    consumer = world.consumer()
    catch_up(consumer)
    consumer.settle()
    slow = [log(world.stores["bron"], new_id())[0] for _ in range(12)]
    taken: list[tuple[Transaction, list[str]]] = []

    def handle(event: RecordedEvent, tx: Transaction) -> None:
        if not taken or taken[-1][0] is not tx:
            taken.append((tx, []))
        taken[-1][1].append(event.envelope.id)
        World.handle(world, event, tx)
        time.sleep(0.03)

    monkeypatch.setattr(world, "handle", handle)
    consumer = world.consumer()
    consumer._pace.limit = 50
    catch_up(consumer)
    consumer.settle()
    assert world.effects() == positions([*quick, *slow])
    assert max(len(ids) for _, ids in taken) <= 3


class Silent(LocalFeed):
    """The feed of an owner that lets everybody wait eight seconds and then does not answer, until it is back."""

    def __init__(self, world: World) -> None:
        super().__init__(world.stores["bron"])
        self._world = world
        self.back = False
        self.asked = 0

    def stream(self, *args, **known):
        self.asked += 1
        if not self.back:
            self._world.now += 8
            raise Unavailable("weg")
        return super().stream(*args, **known)


def test_lanes_that_wait_for_an_owner_do_not_wait_for_each_other(world: World) -> None:
    """Who asks an owner that does not answer hands the other lanes of the transaction to whoever is free."""
    gapped = [log(world.stores["bron"], new_id(), 2) for _ in range(6)]
    feed = Silent(world)
    consumer = world.consumer(
        feeds={"bron": feed, "meer": LocalFeed(world.stores["meer"])}, handlers=world.handlers(batch=True)
    )
    for events in gapped:
        consumer.take(events[1])
    assert consumer.work()
    assert feed.asked == 1, "one worker waited for all of them, one after another"
    free = log(world.stores["bron"], new_id())[0]
    consumer.take(free)
    consumer.work()
    assert str(free.envelope.position) in world.effects(), "a lane that waits for nobody stood still"
    feed.back = True
    world.now += 120
    consumer.settle()
    assert sorted(world.effects()) == sorted(positions([free, *(event for events in gapped for event in events)]))
