"""What a consumer promises: effects once, in order, whatever the road."""

from __future__ import annotations

import threading
import time

import pytest

from casuslog.consume import wire
from casuslog.consume.catchup import TOLD_EVERY, Watch, catch_up
from casuslog.consume.feeds import LocalFeed
from casuslog.consume.handlers import Handler, Handlers
from casuslog.envelope import CONTENT_TYPE
from casuslog.errors import Unavailable
from casuslog.identifiers import new_id
from casuslog.recorded import START
from tests.casuslog.consume.brokers import until
from tests.casuslog.consume.world import World, log, whole_log, with_previous


def positions(events) -> list[str]:
    return [str(event.envelope.position) for event in events]


def test_an_event_that_comes_twice_takes_effect_once(world: World) -> None:
    """A second delivery of a handled event is acknowledged and does nothing."""
    [event] = log(world.stores["bron"], new_id())
    consumer, acked = world.consumer(), []
    for n in range(3):
        consumer.take(event, START, lambda n=n: acked.append(n))
        consumer.settle()
    assert world.effects() == positions([event])
    assert acked == [0, 1, 2]


def test_nothing_is_acknowledged_before_it_is_committed(world: World) -> None:
    """While the handler fails, the delivery stays with the broker."""
    [event] = log(world.stores["bron"], new_id())
    world.errors[str(event.envelope.position)] = Unavailable("weg")
    consumer, acked = world.consumer(), []
    consumer.take(event, START, lambda: acked.append(1))
    consumer.settle()
    assert acked == []
    assert world.effects() == []
    world.errors.clear()
    world.now += 60
    consumer.settle()
    assert acked == [1]


def test_a_gap_is_fetched_from_the_owner(world: World) -> None:
    """Number 3 that arrives alone takes effect after 1 and 2, which come from the feed."""
    events = log(world.stores["bron"], new_id(), 3)
    consumer = world.consumer()
    consumer.take(events[2])
    consumer.settle()
    assert world.effects() == positions(events)


def test_an_effect_waits_for_its_cause_in_another_service(world: World) -> None:
    """An event of another service takes effect after the event that caused it, also when it arrives first."""
    casus = new_id()
    causes = log(world.stores["bron"], casus, 2)
    [effect] = log(world.stores["meer"], casus, oorzaak=str(causes[1].envelope.position))
    consumer = world.consumer()
    consumer.take(effect)
    consumer.settle()
    assert world.effects() == positions([*causes, effect])


def test_a_cause_in_another_casus_comes_first_too(world: World) -> None:
    """A cause under another subject is fetched and handled before its effect."""
    [cause] = log(world.stores["bron"], new_id())
    [effect] = log(world.stores["meer"], new_id(), oorzaak=str(cause.envelope.position))
    consumer = world.consumer()
    consumer.take(effect)
    consumer.settle()
    assert world.effects() == positions([cause, effect])


def test_an_owner_that_is_away_holds_up_only_the_lane_that_needs_it(world: World) -> None:
    """A gap that cannot be fetched now waits; other lanes run on, and it goes on when the owner is back."""

    owner = LocalFeed(world.stores["bron"])

    class Away:
        away = True

        def stream(self, stream, **asked):
            if self.away:
                raise Unavailable("de eigenaar is weg")
            return owner.stream(stream, **asked)

    feed = Away()
    gapped = log(world.stores["bron"], new_id(), 2)
    [other] = log(world.stores["bron"], new_id())
    consumer = world.consumer(feeds={"bron": feed, "meer": feed})
    consumer.take(gapped[1])
    consumer.take(other)
    consumer.settle()
    assert world.effects() == positions([other])
    feed.away = False
    world.now += 60
    consumer.settle()
    assert world.effects() == positions([other, *gapped])


def test_imported_history_triggers_no_reactions(world: World) -> None:
    """An imported event moves the inbox and reaches projections; a reaction never sees it."""
    seen: list[str] = []
    handlers = Handlers(
        [
            Handler("bron", "IetsGedaan", lambda *_: seen.append("reactie")),
            Handler("bron", "IetsGedaan", lambda *_: seen.append("projectie"), projection=True),
        ]
    )
    casus = new_id()
    log(world.stores["bron"], casus, geimporteerd=True)
    log(world.stores["bron"], casus)
    consumer = world.consumer(handlers=handlers)
    catch_up(consumer)
    consumer.settle()
    assert seen == ["projectie", "reactie", "projectie"]


def test_catching_up_reads_the_feeds_from_the_checkpoint(world: World) -> None:
    """Without any delivery a consumer gets all that was logged; a next one begins where it stopped."""
    casus = new_id()
    first = log(world.stores["bron"], casus, 3)
    consumer = world.consumer()
    assert catch_up(consumer, page=2) == []
    consumer.settle()
    assert world.effects() == positions(first)
    assert consumer.checkpoint("bron") == first[-1].cursor
    more = log(world.stores["meer"], casus, 2)
    again = world.consumer()
    assert again.checkpoint("bron") == first[-1].cursor
    catch_up(again)
    again.settle()
    assert world.effects() == positions([*first, *more])


def test_the_checkpoint_waits_before_a_hole(world: World) -> None:
    """A message that the broker lost holds the checkpoint until it is fetched, and asks for attention."""
    first, lost, third = [log(world.stores["bron"], new_id())[0] for _ in range(3)]
    arrived = dict(zip(("first", "lost", "third"), with_previous(whole_log(world.stores["bron"])), strict=True))
    consumer = world.consumer()
    for name in ("first", "third"):
        consumer.take(*arrived[name])
    consumer.settle()
    assert consumer.checkpoint("bron") == first.cursor
    assert consumer.attention.is_set()
    Watch(consumer).step()
    consumer.settle()
    assert consumer.checkpoint("bron") == third.cursor
    assert positions([lost])[0] in world.effects()


def test_what_a_broker_lost_at_the_end_is_fetched_by_the_watch(world: World) -> None:
    """A lost last message leaves no hole; the regular look at the owner's head finds it."""
    [event] = log(world.stores["bron"], new_id())
    consumer = world.consumer()
    assert not consumer.attention.is_set()
    assert Watch(consumer, every=7).step() == 7
    consumer.settle()
    assert world.effects() == positions([event])


def test_a_source_that_is_away_is_asked_again_soon(world: World) -> None:
    """The watch reports a shorter pause while an owner does not answer, and takes the other sources."""

    class Away:
        def head(self):
            raise Unavailable("weg")

    [event] = log(world.stores["meer"], new_id())
    consumer = world.consumer(feeds={"bron": Away(), "meer": LocalFeed(world.stores["meer"])})
    assert Watch(consumer, every=30).step() < 1
    consumer.settle()
    assert world.effects() == positions([event])


def test_an_owner_that_stays_away_is_told_now_and_then(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """At a start the others are not there yet, which is no warning; that it lasts is one, not at every attempt."""

    class Away:
        def head(self):
            raise Unavailable("weg")

    watch = Watch(world.consumer(feeds={"bron": Away(), "meer": LocalFeed(world.stores["meer"])}))
    for _ in range(TOLD_EVERY):
        watch.step()
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "volger: the feeds of bron stay away"
    ]


def test_the_checkpoint_of_a_lane_that_lost_its_turn_is_kept_once_all_is_quiet(world: World) -> None:
    """Of lanes that commit side by side one moves the checkpoints; what the others did is not left to the watch."""
    [event] = log(world.stores["bron"], new_id())
    consumer, stopping = world.consumer(), threading.Event()
    consumer.take(event, START)
    with consumer._marking:  # a lane beside this one commits
        assert consumer.work()
    assert consumer.checkpoint("bron") == START
    stopping.set()
    consumer.work_until(stopping)
    assert consumer.checkpoint("bron") == event.cursor


def test_a_checkpoint_that_was_left_is_kept_when_it_is_quiet_and_not_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While events come in, whoever works takes it along: a transaction of its own for it would hold up all relays."""
    first, second = log(world.stores["bron"], new_id(), 2)
    consumer, stopping = world.consumer(), threading.Event()
    monkeypatch.setattr("casuslog.consume.consumer.QUIET_SECONDS", 60.0)
    with consumer._marking:  # a lane beside this one commits
        consumer.take(first, START)
        assert consumer.work()
    worker = threading.Thread(target=consumer.work_until, args=(stopping,))
    worker.start()
    time.sleep(0.1)
    assert consumer.checkpoint("bron") == START
    monkeypatch.setattr("casuslog.consume.consumer.QUIET_SECONDS", 0.01)
    consumer.wake()
    until(lambda: consumer.checkpoint("bron") == first.cursor)
    stopping.set()
    consumer.wake()
    worker.join()
    assert second.cursor > consumer.checkpoint("bron")


def test_a_batch_handler_gets_many_lanes_in_one_transaction(world: World) -> None:
    """Set-based projections get a list; each lane keeps its order and each event comes once."""
    lists: list[list[str]] = []

    def call(events, tx) -> None:
        lists.append(positions(events))
        world.handle_batch(events, tx)

    handlers = Handlers(Handler(source, "*", call, projection=True, batch=True) for source in ("bron", "meer"))
    events = [event for _ in range(4) for event in log(world.stores["bron"], new_id(), 3)]
    consumer = world.consumer(handlers=handlers, batch=50)
    catch_up(consumer)
    consumer.settle()
    assert len(lists) == 1
    assert sorted(world.effects()) == sorted(positions(events))
    for casus in {event.envelope.subject for event in events}:
        assert [p for p in world.effects() if casus in p] == [p for p in positions(events) if casus in p]


def test_a_batch_with_a_poison_event_is_taken_apart(world: World) -> None:
    """One bad event parks its own lane; the others of the batch take effect."""
    events = [log(world.stores["bron"], new_id())[0] for _ in range(3)]
    world.codec.broken.add(events[1].envelope.id)
    consumer = world.consumer(handlers=world.handlers(projection=True, batch=True))
    catch_up(consumer)
    consumer.settle()
    assert sorted(world.effects()) == sorted(positions([events[0], events[2]]))
    assert [lane.lane for lane in consumer.parking.list()] == [events[1].envelope.subject]


@pytest.mark.parametrize(
    ("told", "body", "content_type"),
    [({}, b"x", CONTENT_TYPE), ({"cloudEvents_id": "1"}, b"x", CONTENT_TYPE), ({}, b"{}", "application/json")],
)
def test_a_delivery_that_is_no_event_parks_as_unreadable(world: World, told, body, content_type) -> None:
    """What cannot be read is kept with a reason and acknowledged, once."""
    consumer, acked = world.consumer(), []
    for _ in range(2):
        consumer.deliver(told, body, content_type, lambda: acked.append(1))
        consumer.settle()
    assert acked == [1, 1]
    [event] = consumer.parking.show("onleesbaar")
    assert event.body == body
    assert "SchemaError" in event.reason


def test_an_unreadable_delivery_is_handled_once_it_can_be_read(world: World) -> None:
    """A replay of the unreadable reads them anew; those that stay unreadable hold up no other."""
    [event] = log(world.stores["bron"], new_id())
    consumer = world.consumer()
    consumer.deliver({}, b"?", CONTENT_TYPE, lambda: None)
    consumer.deliver(wire.headers(event, START), event.body, "text/plain", lambda: None)
    consumer.settle()
    done = consumer.parking.replay("onleesbaar")
    assert (done.handled, done.left) == (1, 1)
    assert world.effects() == positions([event])


def test_a_batch_never_runs_an_effect_before_its_cause(world: World) -> None:
    """Events that go by turns to two batch methods are handed over by turns, each after what caused it."""
    casus, cause, events = new_id(), None, []
    for n in range(6):
        events += log(world.stores["bron" if n % 2 else "meer"], casus, oorzaak=cause)
        cause = str(events[-1].envelope.position)
    handlers = Handlers(
        Handler(source, "*", lambda batch, tx: world.handle_batch(batch, tx), batch=True) for source in ("bron", "meer")
    )
    consumer = world.consumer(handlers=handlers)
    catch_up(consumer)
    consumer.settle()
    assert world.effects() == positions(events)


def test_all_is_read_before_anything_is_written(world: World) -> None:
    """A transaction that has written holds up every relay: decoding its events is done by then."""
    events = [event for _ in range(3) for event in log(world.stores["bron"], new_id())]
    done: list[str] = []
    decode, handle = world.codec.decode, world.handle

    def read(*args, **kwargs):
        done.append("gelezen")
        return decode(*args, **kwargs)

    def effect(event, tx) -> None:
        done.append("geschreven")
        handle(event, tx)

    world.codec.decode = read
    consumer = world.consumer(handlers=Handlers([Handler("bron", "*", effect)]), batch=50)
    consumer._pace.took(1, 0.0)
    consumer._pace.took(1, 0.0)
    for event, previous in with_previous(events):
        consumer.take(event, previous)
    consumer.settle()
    assert done == ["gelezen"] * 3 + ["geschreven"] * 3
    assert sorted(world.effects()) == sorted(positions(events))
