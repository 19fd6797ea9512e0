"""SIGKILL and SIGTERM: each place of the path by name, and any process at any moment."""

from __future__ import annotations

import signal
import time
from contextlib import AbstractContextManager
from random import Random
from typing import TYPE_CHECKING

from casuslog.settings import service_names
from tests.faults.fault import DidNotStrike, Fault
from tests.faults.processes import Process
from tests.faults.servers import eventually

if TYPE_CHECKING:
    from tests.faults.common import Common
    from tests.faults.fault import Strike
    from tests.faults.scene import Scene

READY_SECONDS = 60.0
"""Within which a process that was restarted takes work again, on a busy machine."""
PASSED_SECONDS = 20.0
"""Within which the load brings a process past an armed place."""

RELAY = "relay of melding"
PLACES = (
    (
        "command.before_append",
        ("melding+inrichting", "onderzoek"),
        "the service, after it decided and before it appends",
    ),
    (
        "command.after_commit",
        ("melding+inrichting", "onderzoek"),
        "the service, after the commit and before the answer",
    ),
    ("relay.published", (RELAY,), "the relay, after it sent a window and before its confirms"),
    ("relay.confirmed", (RELAY,), "the relay, after the confirms and before it keeps its position"),
    ("consume.inside_effect", ("onderzoek", "historie+abonnement"), "a consumer, in the transaction of an effect"),
    ("consume.after_effect", ("onderzoek", "historie+abonnement"), "a consumer, after the commit, before the ack"),
)


def _at(place: str, processes: tuple[str, ...]) -> Strike:
    def strike(scene: Scene, rng: Random) -> None:
        name = scene.relay_of("melding") if processes == (RELAY,) else rng.choice(processes)
        before, already = len(scene.keeper.ends(name)), len(scene.struck(name))
        scene.arm(name, place, rng.randint(1, 3))
        try:
            status = scene.ended(name, before, timeout=PASSED_SECONDS)
        finally:
            scene.disarm(name)
        if status != -signal.SIGKILL or scene.struck(name)[already:] != [place]:
            raise DidNotStrike(f"{name} ended with {status}, not by SIGKILL at {place}")

    return strike


def _anything(scene: Scene, rng: Random) -> None:
    """Any process at any moment, subscribers too; sometimes again before it is back."""
    name = rng.choice(scene.processes)
    time.sleep(rng.uniform(0.05, 1.2))
    status = scene.kill(name)
    if status != -signal.SIGKILL:
        raise DidNotStrike(f"{name} ended with {status}, not by SIGKILL")


def _term(scene: Scene, rng: Random) -> str:
    """Ask a process to stop under load: it finishes what it holds, ends with 0, and nothing is redone."""
    name = rng.choice([one for one in scene.processes if not one.startswith("abonnee")])
    assert scene.settled() < float("inf"), "what came before did not come to rest"
    before, fetched = scene.found.repeats(), scene.redelivered()
    scene.load.resume()
    time.sleep(rng.uniform(0.5, 1.5))
    began = time.monotonic()
    status = scene.kill(name, signal.SIGTERM)
    took = time.monotonic() - began
    assert status == 0, f"{name} ended with {status} when it was asked to stop"
    assert scene.settled() < float("inf"), f"after {name} was stopped not everything arrived"
    redone = scene.found.repeats() - before
    assert not redone, f"{name} was asked to stop, and {redone} messages were published or told to a subscriber twice"
    scene.load.resume()
    # What a consumer had fetched and could not finish goes back to its queue; an effect that happened twice would show
    # as double, whatever the broker delivered again.
    back = scene.redelivered() - fetched
    return f"{name}: {took:.1f} s{f', {back} messages back to the queue' if back else ''}"


def _rolling(scene: Scene, rng: Random) -> str:
    """Restart every process of the installation in turn under light load, as whoever renews it does."""
    names = [one for one in scene.processes if not one.startswith("abonnee")]
    rng.shuffle(names)
    assert scene.settled() < float("inf"), "what came before did not come to rest"
    before, accepted = scene.found.repeats(), len(scene.ledger.accepted())
    scene.load.resume()
    away = []
    for name in names:
        time.sleep(rng.uniform(0.2, 0.8))
        began = time.monotonic()
        status = scene.kill(name, signal.SIGTERM)
        assert status == 0, f"{name} ended with {status} when it was asked to stop"
        # The next one goes when this one is back, as the probe of whoever renews them sees it.
        eventually(lambda name=name: scene.ready(name), f"{name} ready again", READY_SECONDS)
        away.append(time.monotonic() - began)
    if len(scene.ledger.accepted()) == accepted:
        raise DidNotStrike("no command was accepted meanwhile: there was no load")
    assert scene.settled() < float("inf"), "after the restarts not everything arrived"
    redone = scene.found.repeats() - before
    assert not redone, f"{redone} messages were published or told to a subscriber twice"
    done = len(scene.ledger.accepted()) - accepted
    scene.load.resume()
    return f"{len(names)} processes, each away for {max(away):.1f} s at most; {done} commands accepted meanwhile"


def _apart(seed: int, has: Common) -> AbstractContextManager[Scene]:
    """A process for each service: that is how an installation is renewed."""
    from tests.faults.scene import Scene

    return Scene(
        seed=seed,
        postgres=has.postgres,
        rabbit=has.rabbit,
        zygote=has.zygote,
        processes=[Process(name, (name,)) for name in service_names()],
        per_second=4.0,
    )


FAULTS = (
    *(
        Fault(name=f"kill-{place}", about=f"SIGKILL of {about}", times=10, short_times=1, strike=_at(place, processes))
        for place, processes, about in PLACES
    ),
    Fault(
        name="kill-random",
        about="SIGKILL of any process at any moment",
        times=100,
        short_times=6,
        strike=_anything,
        pile=True,
    ),
    Fault(name="term", about="SIGTERM under load: a clean stop", times=6, short_times=2, strike=_term),
    Fault(
        name="rolling-restart",
        about="SIGTERM of every process in turn under light load, each when the one before is back",
        times=1,
        short_times=0,
        strike=_rolling,
        own_scene=True,
        scene=_apart,
    ),
)
