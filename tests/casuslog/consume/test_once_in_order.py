"""Random roads: duplicates, reorderings and losses over several streams end in effects once and in order."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casuslog.consume.catchup import Watch
from casuslog.identifiers import new_id
from tests.casuslog.consume.world import World, log, whole_log, with_previous


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.sampled_from([1, 3]), st.booleans())
def test_whatever_the_broker_does_effects_happen_once_and_in_order(seed: int, copies: int, batch: bool) -> None:
    """Every event takes effect once, in stream order and after its cause; the checkpoint ends at the head."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            _play(world, chance, copies, batch)
        finally:
            world.close()


def _play(world: World, chance: random.Random, copies: int, batch: bool) -> None:
    logged = _log_at_random(world, chance)
    arrivals = [m for name in ("bron", "meer") for m in with_previous(whole_log(world.stores[name]))] * copies
    arrivals = [m for m in arrivals if chance.random() < 0.8]
    for _ in range(len(arrivals) // 2):
        i = chance.randrange(len(arrivals) - 1)
        arrivals[i], arrivals[i + 1] = arrivals[i + 1], arrivals[i]
    if chance.random() < 0.5:
        chance.shuffle(arrivals)
    consumer = world.consumer(handlers=world.handlers(projection=True, batch=batch))
    acked = []
    for stored, previous in arrivals:
        consumer.take(stored, previous, lambda: acked.append(1))
        if chance.random() < 0.4:
            consumer.work()
        if chance.random() < 0.05:
            # The process ends here: what it held comes back from the broker, or from the feed.
            consumer = world.consumer(handlers=world.handlers(projection=True, batch=batch))
    consumer.settle()
    Watch(consumer).step()
    consumer.settle()
    _check(world, logged, consumer)


def _log_at_random(world: World, chance: random.Random) -> dict[str, str | None]:
    """Some events over three cases and two services, some caused by an earlier one; position -> its cause."""
    cases = [new_id() for _ in range(3)]
    logged: dict[str, str | None] = {}
    for _ in range(chance.randrange(3, 14)):
        cause = chance.choice([None, *logged])
        [event] = log(world.stores[chance.choice(["bron", "meer"])], chance.choice(cases), oorzaak=cause)
        logged[str(event.envelope.position)] = cause
    return logged


def _check(world: World, logged: dict[str, str | None], consumer) -> None:
    effects = world.effects()
    assert sorted(effects) == sorted(logged)
    place = {position: n for n, position in enumerate(effects)}
    for position, cause in logged.items():
        assert cause is None or place[cause] < place[position]
        stream, _, sequence = position.rpartition("/")
        assert sequence == "1" or place[f"{stream}/{int(sequence) - 1}"] < place[position]
    for name in ("bron", "meer"):
        events = whole_log(world.stores[name])
        if events:
            assert consumer.checkpoint(name) == events[-1].cursor
