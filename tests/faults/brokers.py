"""RabbitMQ: killed, cut off, half open, full, and out of memory."""

from __future__ import annotations

import re
import signal
import time
from contextlib import AbstractContextManager
from random import Random
from typing import TYPE_CHECKING

from casuslog.broker.topology import INBOX_PREFIX
from tests.faults.fault import DidNotStrike, Fault
from tests.faults.servers import blocked, depth, eventually, full_queue, memory_alarm

if TYPE_CHECKING:
    from tests.faults.common import Common
    from tests.faults.scene import Scene

HEARTBEAT = 5.0
"""Seconds; the broker of a scene proposes it to its clients."""
DEAD_SECONDS = 14.0
"""Two heartbeats and some more: within this both ends of a dead connection have given it up."""
BLOCKED_SECONDS = 8.0
HELD = "onderzoek"
"""The process, and consumer, that stands still while its inbox fills up."""
ROOM = 3


def kill(scene: Scene, rng: Random) -> str:
    """SIGKILL in the middle of the work; the same broker comes back with what it had."""
    time.sleep(rng.uniform(0.1, 1.0))
    before = scene.rabbit.pid
    began = time.monotonic()
    scene.rabbit.kill()
    if scene.rabbit.running:
        raise DidNotStrike("the broker still runs after SIGKILL")
    time.sleep(rng.uniform(0.0, 1.0))
    scene.rabbit.start()
    if scene.rabbit.pid == before:
        raise DidNotStrike("the broker was not started anew")
    return f"away for {time.monotonic() - began:.1f} s"


def cut(scene: Scene, rng: Random) -> str:
    """Every connection is closed by the broker, as an operator or a failover does."""
    time.sleep(rng.uniform(0.1, 1.0))
    before = _connections(scene)
    if not before:
        raise DidNotStrike("nobody was connected")
    scene.rabbit.close_connections()
    # One that lies idle in a pool does not hear of it before it is used; the broker waits half a minute for its answer.
    eventually(lambda: len(before & _connections(scene)) < len(before) / 2, "the end of the connections in use")
    return f"{len(before)} connections"


def half_open(scene: Scene, rng: Random) -> str:
    """Nothing passes any more and nobody is told; later the broker can be reached again, by new connections only."""
    line = scene.lines["rabbit"]
    time.sleep(rng.uniform(0.1, 1.0))
    struck, swallowed, accepted = line.struck, line.swallowed, len(scene.ledger.accepted())
    line.swallow()
    time.sleep(DEAD_SECONDS)
    line.restore()
    struck, swallowed = line.struck - struck, line.swallowed - swallowed
    if not struck or not swallowed:
        raise DidNotStrike(f"{struck} connections died and {swallowed} bytes vanished")
    assert len(scene.ledger.accepted()) > accepted, "without a broker no command was accepted"
    return f"{struck} connections dead, {swallowed} bytes vanished"


def queue_full(scene: Scene, rng: Random) -> str:
    """A consumer stands still until its inbox refuses; who publishes waits, and skips nothing when there is room."""
    queue = f"{INBOX_PREFIX}{HELD}"
    scene.keeper.hold(HELD)
    try:
        scene.kill(HELD, rng.choice([signal.SIGKILL, signal.SIGTERM]))
        with full_queue(scene.rabbit, scene.amqp_url, queue, ROOM):
            eventually(lambda: depth(scene.rabbit, scene.amqp_url, queue) >= ROOM, f"{ROOM} messages in {queue}")
            held_up = _held_up(scene)
            accepted = len(scene.ledger.accepted())
            eventually(lambda: len(scene.ledger.accepted()) > accepted, "a command accepted while a queue is full", 10)
    finally:
        scene.keeper.release(HELD)
    return f"{held_up} events waited for room"


def out_of_memory(scene: Scene, rng: Random) -> str:
    """The memory alarm: who publishes is not read from, for longer than the heartbeat."""
    time.sleep(rng.uniform(0.1, 1.0))
    with memory_alarm(scene.rabbit):
        stopped = eventually(lambda: blocked(scene.rabbit), "a blocked connection")
        accepted = len(scene.ledger.accepted())
        time.sleep(BLOCKED_SECONDS)
        held_up = _held_up(scene)
        assert len(scene.ledger.accepted()) > accepted, "a blocked broker kept a command from being accepted"
    return f"{stopped} connections blocked, {held_up} events waited"


def _connections(scene: Scene) -> set[str]:
    """The connections to the broker, by the Erlang process that serves each."""
    return set(re.findall(r"<[^<>]+>", scene.rabbit.evaluate("rabbit_networking:connections_local().")))


def _held_up(scene: Scene) -> int:
    """How many events of melding wait for the broker, once the relay says that it gets no further.

    Raises:
        DidNotStrike: the relay goes on.
    """

    def still() -> int:
        first = scene.api.get("melding", "/status", scene.beheerder)
        time.sleep(1)
        later = scene.api.get("melding", "/status", scene.beheerder)
        return int(later["wachtend"]) if first["doorgegeven"] == later["doorgegeven"] else 0

    return int(eventually(still, "a relay that gets no further"))


def _through_a_proxy(seed: int, has: Common) -> AbstractContextManager[Scene]:
    from tests.faults.scene import Scene

    return Scene(seed=seed, postgres=has.postgres, rabbit=has.rabbit, zygote=has.zygote, through=("rabbit",))


FAULTS = (
    Fault(name="rabbitmq-kill", about="SIGKILL of RabbitMQ", times=2, short_times=1, strike=kill, settle=True),
    Fault(
        name="rabbitmq-cut", about="all connections closed by RabbitMQ", times=3, short_times=1, strike=cut, settle=True
    ),
    Fault(
        name="rabbitmq-half-open",
        about="bytes to and from RabbitMQ vanish, for longer than the heartbeat",
        times=1,
        short_times=0,
        strike=half_open,
        settle=True,
        own_scene=True,
        scene=_through_a_proxy,
    ),
    Fault(
        name="rabbitmq-queue-full",
        about="an inbox that refuses what is published (its consumer stands still)",
        times=1,
        short_times=0,
        strike=queue_full,
        settle=True,
    ),
    Fault(
        name="rabbitmq-memory-alarm",
        about="a RabbitMQ that reads nothing from who publishes",
        times=1,
        short_times=0,
        strike=out_of_memory,
        settle=True,
    ),
)
