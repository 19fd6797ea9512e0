"""A lane that fails is parked whole, the others run on, and a replay ends as if it had never failed."""

from __future__ import annotations

import pytest

from casuslog.backoff import Backoff
from casuslog.consume.catchup import catch_up
from casuslog.consume.failures import Policy
from casuslog.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from casuslog.identifiers import new_id
from tests.casuslog.consume.world import World, log


def positions(events) -> list[str]:
    return [str(event.envelope.position) for event in events]


def run(world: World, consumer, rounds: int = 40) -> None:
    """Let lanes have all the attempts that they get."""
    for _ in range(rounds):
        consumer.settle()
        world.now += 60


def test_a_poison_event_parks_its_lane_while_others_proceed(world: World) -> None:
    """Undecodable bytes park at once; what comes later in that casus goes in behind; another casus takes effect."""
    bad = log(world.stores["bron"], new_id(), 3)
    [good] = log(world.stores["bron"], new_id())
    world.codec.broken.add(bad[0].envelope.id)
    consumer, acked = world.consumer(), []
    for event in (*bad, good):
        consumer.take(event, None, lambda event=event: acked.append(event.envelope.id))
    consumer.settle()
    assert world.effects() == positions([good])
    assert sorted(acked) == sorted(e.envelope.id for e in (*bad, good))
    parked = consumer.parking.show(bad[0].envelope.subject)
    assert [(e.sequence, e.state) for e in parked] == [(1, "geparkeerd"), (2, "wacht"), (3, "wacht")]
    assert parked[0].body == bad[0].body


def test_a_parked_event_that_is_delivered_again_is_parked_once(world: World) -> None:
    """Redeliveries of parked events are acknowledged and do not come in twice."""
    bad = log(world.stores["bron"], new_id(), 2)
    world.codec.broken.add(bad[0].envelope.id)
    consumer, acked = world.consumer(), []
    for event in (*bad, *bad):
        consumer.take(event, None, lambda: acked.append(1))
        consumer.settle()
    assert len(acked) == 4
    assert len(consumer.parking.show(bad[0].envelope.subject)) == 2


def test_replay_after_repair_ends_as_if_it_had_never_failed(world: World) -> None:
    """After a repair the lane is handled in order, is free again, and the ledger equals that of an undisturbed run."""
    casus = new_id()
    events = log(world.stores["bron"], casus, 3)
    other = log(world.stores["meer"], casus, oorzaak=str(events[1].envelope.position))
    world.errors[positions(events)[0]] = RuntimeError("kapot")
    consumer = world.consumer()
    catch_up(consumer)
    run(world, consumer)
    assert world.effects() == []
    world.errors.clear()
    done = consumer.parking.replay(casus)
    assert (done.handled, done.left, done.reason) == (4, 0, None)
    assert world.effects() == positions([*events, *other])
    assert consumer.parking.list() == []
    [later] = log(world.stores["bron"], casus)
    catch_up(consumer)
    consumer.settle()
    assert world.effects()[-1] == positions([later])[0]
    with pytest.raises(NotFound):
        consumer.parking.replay(casus)


def test_a_replay_that_fails_again_keeps_the_lane_and_its_order(world: World) -> None:
    """What took effect stays so, the failing event stays first, with its new reason."""
    events = log(world.stores["bron"], new_id(), 3)
    world.codec.broken.add(events[0].envelope.id)
    consumer = world.consumer()
    catch_up(consumer)
    consumer.settle()
    world.codec.broken.clear()
    world.errors[positions(events)[1]] = ValueError("geheim")
    done = consumer.parking.replay(events[0].envelope.subject)
    assert (done.handled, done.left) == (1, 2)
    parked = consumer.parking.show(events[0].envelope.subject)
    assert [(e.sequence, e.state) for e in parked] == [(2, "geparkeerd"), (3, "wacht")]
    assert "ValueError" in parked[0].reason
    assert "geheim" not in parked[0].reason


def test_a_lost_event_between_parked_ones_is_fetched_in_a_replay(world: World) -> None:
    """A lane in which number 2 never arrived is replayed as 1, 2, 3."""
    events = log(world.stores["bron"], new_id(), 3)
    world.codec.broken.add(events[0].envelope.id)
    consumer = world.consumer()
    consumer.take(events[0])
    consumer.take(events[2])
    consumer.settle()
    world.codec.broken.clear()
    consumer.parking.replay(events[0].envelope.subject)
    assert world.effects() == positions(events)


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(RuntimeError("x"), 5), (Refused("mag_niet", "x", rule="art. 1", remedy="y"), 5), (Conflict("x"), 20)],
)
def test_a_failure_is_tried_a_bounded_number_of_times(world: World, error: Exception, attempts: int) -> None:
    """A fault gets five attempts and a conflict twenty before the lane is parked."""
    [event] = log(world.stores["bron"], new_id())
    world.errors[positions([event])[0]] = error
    consumer = world.consumer()
    consumer.take(event)
    for _ in range(attempts - 1):
        consumer.settle()
        world.now += 60
    assert consumer.parking.list() == []
    consumer.settle()
    assert [lane.lane for lane in consumer.parking.list()] == [event.envelope.subject]
    assert consumer.parking.show(event.envelope.subject)[0].attempts == attempts


def test_an_outage_never_parks(world: World) -> None:
    """While something is away the lane waits, however long, and goes on when it is back."""
    [event] = log(world.stores["bron"], new_id())
    world.errors[positions([event])[0]] = Unavailable("weg")
    consumer = world.consumer()
    consumer.take(event)
    run(world, consumer, 60)
    assert consumer.parking.list() == []
    world.errors.clear()
    consumer.settle()
    assert world.effects() == positions([event])


def test_a_failing_cause_parks_itself_and_then_its_effect_behind_it(world: World) -> None:
    """When the fetched cause is the poison, it is the one that parks first; its effect waits behind it."""
    casus = new_id()
    [cause] = log(world.stores["bron"], casus)
    [effect] = log(world.stores["meer"], casus, oorzaak=str(cause.envelope.position))
    world.codec.broken.add(cause.envelope.id)
    consumer = world.consumer()
    consumer.take(effect)
    consumer.settle()
    assert [(e.source, e.state) for e in consumer.parking.show(casus)] == [("bron", "geparkeerd"), ("meer", "wacht")]
    world.codec.broken.clear()
    consumer.parking.replay(casus)
    assert world.effects() == positions([cause, effect])


def test_the_reason_names_kinds_and_never_values(world: World) -> None:
    """A clerk reads what kind of thing went wrong; a name or number of the event never shows."""
    [event] = log(world.stores["bron"], new_id())
    world.errors[positions([event])[0]] = InvalidInput("Jansen 999993653", errors={"bsn": ["999993653"]})
    consumer = world.consumer(policy=Policy(backoff=Backoff(first=0.0), faults=1))
    consumer.take(event)
    run(world, consumer, 3)
    [lane] = consumer.parking.list()
    assert "999993653" not in lane.reason
    assert "bsn" in lane.reason


def test_parked_events_count_for_the_checkpoint(world: World) -> None:
    """A parked lane does not hold up the checkpoint: it is safe in its own table."""
    events = log(world.stores["bron"], new_id(), 2)
    world.codec.broken.add(events[0].envelope.id)
    consumer = world.consumer()
    catch_up(consumer)
    consumer.settle()
    assert consumer.checkpoint("bron") == events[-1].cursor
