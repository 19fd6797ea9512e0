"""Consumers: slow, always raising, back with a long backlog, and blocking for longer than the heartbeat."""

from __future__ import annotations

import signal
import time
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from tests.faults.fault import RECOVERY_SECONDS, DidNotStrike, Fault
from tests.faults.follower import Follower, follower
from tests.faults.proef import NAME, Behaviour
from tests.faults.servers import eventually

if TYPE_CHECKING:
    from tests.faults.fault import Strike
    from tests.faults.scene import Scene

SLOW = Behaviour(sleeps=1.0)
"""Eight lanes side by side then do eight events a second, and the load gives about twice as many."""
SLOW_SECONDS = 6.0
OTHERS_SECONDS = 15.0
"""Within which everybody else has what is accepted, while one consumer falls further behind."""
FAILS = Behaviour(fails=5)
WINDOW_SECONDS = 6.0
"""How long latencies are measured: some forty events outside the lanes that fail."""
CHANGED_SECONDS, CHANGED_TIMES = 0.3, 2.0
"""Other lanes may take twice as long as without failures (what fails is tried again, and that is work), and this much
more. A lane that fails is tried for 0.75 s before it parks: were others to wait for it, they would wait longer."""
SOFT_SECONDS, HARD_SECONDS = 7.0, 16.0
"""Longer than the heartbeat of 5 s; and longer than RabbitMQ waits before it gives up a client that is silent."""
BACKLOG_SECONDS = 5.0
CATCHING_UP = 50.0
"""Events a second at least, on a machine that does everything else of the run beside it."""


def slow(scene: Scene, rng: Random) -> str:
    """The backlog of the slow one grows; nobody else waits; and it catches up by itself."""
    proef = follower(scene)
    proef.behave(SLOW)
    try:
        time.sleep(SLOW_SECONDS)
        behind = eventually(proef.behind, "a consumer that is behind")
        waited = scene.recovered(scene.mark(), RECOVERY_SECONDS)
        assert waited < OTHERS_SECONDS, f"others waited {waited:.1f} s while {NAME} was slow"
    finally:
        proef.behave(Behaviour())
    return f"{behind} behind, {proef.held()}"


def raises(scene: Scene, rng: Random) -> str:
    """Its lanes park, the others are as fast as before, and after the repair a replay brings them to the right end."""
    proef = follower(scene)
    proef.held()
    before = _latency(scene, proef)
    proef.behave(FAILS)
    try:
        eventually(proef.parked, "a parked lane")
        during = _latency(scene, proef)
    finally:
        proef.behave(Behaviour())
    lanes = _replayed(proef)
    usual = max(before, _latency(scene, proef))
    told = f"other lanes took {during:.2f} s, and {usual:.2f} s without failures"
    assert during < CHANGED_TIMES * usual + CHANGED_SECONDS, told
    return f"{lanes} lanes parked and replayed, {told}; {proef.held()}"


def backlog(scene: Scene, rng: Random) -> str:
    """It was away, and comes back without its memory: all that was ever logged is its backlog.

    Nobody else waits meanwhile. How long it takes itself is a matter of how much there is.
    """
    proef = follower(scene)
    scene.keeper.hold(NAME)
    try:
        scene.kill(NAME, rng.choice([signal.SIGKILL, signal.SIGTERM]))
        with proef.database() as conn:
            conn.exec_driver_sql("TRUNCATE effecten, inbox, checkpoints, parked")
        time.sleep(BACKLOG_SECONDS)
        behind = proef.behind()
    finally:
        scene.keeper.release(NAME)
    if not behind:
        raise DidNotStrike("nothing was logged meanwhile")
    proef.wait_until_ready()
    waited = scene.recovered(scene.mark(), RECOVERY_SECONDS)
    assert waited < RECOVERY_SECONDS, f"others waited {waited:.1f} s while {NAME} caught up"
    return f"{behind} events behind, {proef.held(RECOVERY_SECONDS + behind / CATCHING_UP)}"


def _blocks(*, hard: bool) -> Strike:
    def strike(scene: Scene, rng: Random) -> str:
        proef = follower(scene)
        ticket = f"proef-{rng.getrandbits(32):08x}"
        before, effects = _connection(scene), len(proef.effects())
        seconds = HARD_SECONDS if hard else SOFT_SECONDS
        proef.behave(Behaviour(blocks=seconds, ticket=ticket, hard=hard))
        eventually((scene.settings.data / ticket).exists, "a handler that blocks")
        proef.behave(Behaviour())
        time.sleep(seconds)
        if hard:
            eventually(lambda: _connection(scene) not in {None, before}, "a new connection", RECOVERY_SECONDS)
        else:
            assert _connection(scene) == before, f"{NAME} lost its connection while a handler was busy"
            assert len(proef.effects()) > effects, "one busy handler held up every other lane"
        return proef.held()

    return strike


def _replayed(proef: Follower) -> int:
    """Replay whatever is parked, until nothing is; how many lanes that were."""
    lanes = proef.parked()
    for lane in lanes:
        left = proef.replay(lane)
        assert left == 0, f"after the repair {left} events of a replayed lane are still parked"
    left_over = proef.parked()
    assert not left_over, f"{len(left_over)} lanes are parked after the replay"
    return len(lanes)


def _latency(scene: Scene, proef: Follower) -> float:
    """Seconds from the answer to a command until its effect here, in the middle, of lanes that do not fail."""
    accepted = len(scene.ledger.accepted())
    time.sleep(WINDOW_SECONDS)
    answered = {event_id: one.at for one in scene.ledger.accepted(accepted) for event_id in one.events}
    time.sleep(1.0)
    taken = [
        max(0.0, at - answered[event.id])
        for _, event, at in proef.effects()
        if event.id in answered and not FAILS.failing(event.casus)
    ]
    if not taken:
        raise DidNotStrike("no effect to measure")
    return median(taken)


def _connection(scene: Scene) -> str | None:
    """The Erlang process that serves the connection of this consumer; ``None`` when there is none."""
    name = f'{{<<"connection_name">>, longstr, <<"inbox {NAME}">>}}'
    found = scene.rabbit.evaluate(
        "[P || [{pid, P}, {client_properties, L}] <- rabbit_networking:connection_info_all([pid, client_properties]), "
        f"is_list(L), lists:member({name}, L)]."  # one that is still being opened has none
    )
    return found if "<" in found else None


FAULTS = (
    Fault(
        name="consumer-slow",
        about="a consumer that takes a second for each event",
        times=2,
        short_times=0,
        strike=slow,
    ),
    Fault(
        name="consumer-raises",
        about="a consumer that always raises in a fifth of the lanes",
        times=2,
        short_times=1,
        strike=raises,
    ),
    Fault(
        name="consumer-backlog",
        about="a consumer that returns and has everything still to do",
        times=2,
        short_times=1,
        strike=backlog,
    ),
    Fault(
        name="consumer-blocks",
        about="a handler that is busy for longer than the heartbeat",
        times=2,
        short_times=0,
        strike=_blocks(hard=False),
    ),
    Fault(
        name="consumer-blocks-hard",
        about="a handler that lets nothing else in its process run, until RabbitMQ gives it up",
        times=1,
        short_times=0,
        strike=_blocks(hard=True),
    ),
)
