"""What arrives: twice, out of order, not at all, or changed on its way; and a clock, and a relay too many."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from kombu import Producer, Queue, messaging

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import INBOX_PREFIX
from casuslog.caller import Caller
from casuslog.consume import wire
from casuslog.identifiers import new_id
from casuslog.settings import service_names
from tests.faults.fault import RECOVERY_SECONDS, DidNotStrike, Fault
from tests.faults.follower import UNREADABLE, follower
from tests.faults.processes import Process
from tests.faults.proef import NAME
from tests.faults.servers import eventually, one, session

if TYPE_CHECKING:
    from tests.faults.fault import Strike
    from tests.faults.scene import Scene

PILE = 12
"""Messages that lie in an inbox before they are tampered with."""
TARGETS = (("onderzoek", "onderzoek"), ("historie+abonnement", "historie"), ("historie+abonnement", "abonnement"))
"""Process and consumer."""
BACK = timedelta(hours=3)
TWIN = "relay-dubbel"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it lay in an inbox."""

    body: bytes
    headers: dict[str, Any]
    content_type: str

    def flipped(self, rng: Random) -> Message:
        """With one bit of its body changed."""
        body = bytearray(self.body)
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        return replace(self, body=bytes(body))

    def told(self, **headers: str | None) -> Message:
        """With other headers; ``None`` takes one away."""
        changed = {**self.headers, **headers}
        return replace(self, headers={name: value for name, value in changed.items() if value is not None})


Tamper = Callable[[Sequence[Message], Random], list[Message]]


def twice(messages: Sequence[Message], rng: Random) -> list[Message]:
    """Each two to four times: at once, and all of it again."""
    return [copy for message in messages for copy in [message] * rng.randint(1, 2)] + [*messages] * rng.randint(1, 2)


def shuffled(messages: Sequence[Message], rng: Random) -> list[Message]:
    """In another order, over all streams."""
    return rng.sample(messages, len(messages))


def missing(messages: Sequence[Message], rng: Random) -> list[Message]:
    """A third is gone, the last one too: no hole shows it."""
    return [message for message in messages[:-1] if rng.random() > 1 / 3]


def changed(messages: Sequence[Message], rng: Random) -> list[Message]:
    """Half of them are not what was sent, the last one too."""
    return [_spoiled(message, rng) if last or rng.random() < 0.5 else message for message, last in _ends(messages)]


def _spoiled(message: Message, rng: Random) -> Message:
    prefix = wire.PREFIX
    return rng.choice(
        [
            message.flipped(rng),
            replace(message, body=message.body[: rng.randrange(len(message.body))]),
            replace(message, content_type="application/json"),
            message.told(**{f"{prefix}subject": new_id()}),
            message.told(**{f"{prefix}sequence": str(int(message.headers[f"{prefix}sequence"]) + 1)}),
            message.told(**{f"{prefix}gemeente": "0363"}),
            message.told(**{f"{prefix}id": None}),
            message.told(**{wire.HASH: None}),
            message.told(**{wire.CURSOR: "?"}),
        ]
    )


def _ends(messages: Sequence[Message]) -> Iterator[tuple[Message, bool]]:
    return ((message, n == len(messages)) for n, message in enumerate(messages, start=1))


def _tampered(tamper: Tamper) -> Strike:
    def strike(scene: Scene, rng: Random) -> str:
        proef = follower(scene)
        process, consumer = rng.choice([*TARGETS, (NAME, NAME)])
        unreadable = _unreadable(scene, consumer)
        scene.keeper.hold(process)
        try:
            scene.kill(process)
            before, after = _swap(scene, consumer, tamper, rng)
        finally:
            scene.keeper.release(process)
        if tamper is changed:
            spoiled = sum(message not in before for message in after)
            eventually(lambda: _unreadable(scene, consumer) - unreadable, "a delivery parked as unreadable")
            told = f"{spoiled} of {len(before)} changed"
        else:
            told = f"{len(before)} became {len(after)}"
        proef.held()
        return f"{told} for {consumer}"

    return strike


def _swap(scene: Scene, consumer: str, tamper: Tamper, rng: Random) -> tuple[list[Message], list[Message]]:
    """Take all that lies in an inbox out of it, and put something else in its place."""
    queue, before = f"{INBOX_PREFIX}{consumer}", []
    with connect_to(scene.amqp_url, name="fault run") as connection, connection.channel() as channel:
        deadline = time.monotonic() + RECOVERY_SECONDS
        taken: list[Any] = []
        with messaging.Consumer(channel, [Queue(queue, no_declare=True)], on_message=taken.append, auto_declare=False):
            while len(taken) < PILE:
                if time.monotonic() > deadline:
                    raise DidNotStrike(f"only {len(taken)} messages in {queue}")
                connection.heartbeat_check()  # a pile may take longer to come than the broker waits for a sign of life
                with contextlib.suppress(socket.timeout, TimeoutError):
                    connection.drain_events(timeout=0.5)
        before = [Message(bytes(m.body), dict(m.headers), m.content_type) for m in taken]
        after = tamper(before, rng)
        producer = Producer(channel, auto_declare=False)
        for message in after:
            producer.publish(
                message.body,
                routing_key=queue,
                headers=message.headers,
                content_type=message.content_type,
                content_encoding="binary",
                delivery_mode=2,
            )
        for message in taken:
            message.ack()
    return before, after


def _unreadable(scene: Scene, consumer: str) -> int:
    """How many deliveries are parked as unreadable."""
    if consumer == NAME:
        return follower(scene).parked().get(UNREADABLE, 0)
    beheerder = Caller("beheerder", None, "b-faults", tuple(scene.gemeenten))
    found = scene.api.get(consumer, "/geparkeerd", beheerder)
    return sum(one["gebeurtenissen"] for one in found["banen"] if one["baan"] == UNREADABLE)


def clock_back(scene: Scene, rng: Random) -> str:
    """The clock of the installation jumps back under load, and later forth again."""
    # Not the last event: that may itself be of the earlier hour, where the clock was set back just before.
    earlier = datetime.now(UTC) - BACK / 2
    scene.shift_clock(-BACK)
    try:
        eventually(lambda: _last_time(scene) < earlier, "an event that is dated before earlier ones")
        accepted = len(scene.ledger.accepted())
        time.sleep(rng.uniform(2.0, 4.0))
        assert len(scene.ledger.accepted()) > accepted, "with the clock set back no command was accepted"
    finally:
        scene.shift_clock(timedelta())
    return f"{len(scene.ledger.accepted()) - accepted} commands at the earlier hour"


def _last_time(scene: Scene) -> datetime:
    query = "SELECT envelope FROM melding.events ORDER BY position DESC LIMIT 1"
    with contextlib.closing(session(_plain(scene), "fault run")) as connection:
        return datetime.fromisoformat(json.loads(one(connection, query))["time"])


def two_relays(scene: Scene, rng: Random) -> str:
    """A second relay of everything is started: one works, and when that dies the other goes on where it was."""
    relay = scene.relay_of("melding")
    first = _holder(scene)
    scene.add(Process(TWIN, relays=tuple(service_names())))
    try:
        time.sleep(rng.uniform(2.0, 3.0))
        assert _holder(scene) == first, "the second relay took over from one that works"
        scene.keeper.hold(relay)
        scene.kill(relay)
        eventually(lambda: _holder(scene) != first, "the second relay at work", RECOVERY_SECONDS)
        # Back beside the one that took over.
        scene.keeper.release(relay)
        time.sleep(rng.uniform(1.0, 2.0))
    finally:
        scene.keeper.release(relay)
        scene.remove(TWIN)
    return "one at a time"


def _holder(scene: Scene) -> str:
    with contextlib.closing(session(_plain(scene), "fault run")) as connection:
        return str(one(connection, "SELECT holder FROM melding.leases WHERE name = 'relay'"))


def _plain(scene: Scene) -> str:
    return scene.engine("melding").url.render_as_string(hide_password=False)


FAULTS = (
    Fault(
        name="delivery-twice",
        about="deliveries that come two to four times",
        times=3,
        short_times=0,
        strike=_tampered(twice),
    ),
    Fault(
        name="delivery-shuffled",
        about="deliveries in another order than they were sent",
        times=4,
        short_times=1,
        strike=_tampered(shuffled),
    ),
    Fault(
        name="delivery-missing",
        about="deliveries that the broker lost",
        times=3,
        short_times=0,
        strike=_tampered(missing),
    ),
    Fault(
        name="delivery-changed",
        about="deliveries of which body or headers were changed on their way",
        times=4,
        short_times=1,
        strike=_tampered(changed),
    ),
    Fault(name="clock-back", about="a clock that is set back three hours", times=2, short_times=1, strike=clock_back),
    Fault(
        name="relay-twice",
        about="a second relay of the same services, and the death of the first",
        times=2,
        short_times=0,
        strike=two_relays,
        settle=True,
    ),
)
