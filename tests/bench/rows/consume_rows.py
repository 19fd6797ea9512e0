"""Consuming beside nameko's own event_handler: a projection by sets, and one reaction per event.

Both sides find their events waiting in a queue, and count from the first effect to the last. Ours reads, decrypts and
decodes each event, keeps the order of each casus, and commits effect, inbox and checkpoint together before it
acknowledges. nameko's handler gets JSON of the same size and acknowledges whatever happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casuslog.events import CLIENT, Privacy
from casuslog.privacy import RootKey
from tests.bench import consuming, peers_nameko
from tests.bench.child import Child
from tests.bench.frame import Bench, Result, Row, rate, ratios, typical
from tests.bench.material import Material

WORKERS = 10
"""``max_workers`` of nameko, its default: at 1 it waits for each round trip, at 100 it gains nothing."""


class Backlogs:
    """What waits, logged once; each round a consumer with an empty database of its own works it off."""

    def __init__(self, bench: Bench, effect: str, casussen: int, per_casus: int, **options: Any) -> None:
        self._bench = bench
        self._effect = effect
        self._options = options
        self._root = RootKey.generate()
        self._keys_url = bench.postgres.create_database()
        # What is only made ready need not be durable.
        lazily = "?options=-csynchronous_commit%3Doff"
        material = Material.make(self._keys_url + lazily, root=self._root)
        url = bench.postgres.create_database()
        self.backlog = consuming.Backlog.logged(url + lazily, material, casussen, per_casus)
        for e in {stored.envelope.subject: stored.envelope for stored in self.backlog.events}.values():
            material.keys.key_for(e.gemeente, consuming.CONSUMER, e.subject, CLIENT, Privacy.FEIT)
        material.keys.close()

    def rate(self) -> float:
        """Events per second of one round."""
        amqp, url = self._bench.rabbit.create_vhost(), self._bench.postgres.create_database()
        try:
            self.backlog.preload(amqp)
            with consuming.consumer(amqp, url, self._keys_url, self._root, self._effect, **self._options) as ours:
                told = ours.ask("handle", last=str(self.backlog.last))
        finally:
            self._bench.rabbit.drop_vhost(amqp)
            self._bench.postgres.drop_database(url)
        assert told["effects"] == len(self.backlog.events), told
        return len(self.backlog.events) / float(told["seconds"])


class Peer:
    """nameko's event_handler over the same number of events of the same size."""

    def __init__(self, bench: Bench, effect: str, backlog: consuming.Backlog) -> None:
        self._amqp = bench.rabbit.create_vhost()
        self._count = len(backlog.events)
        self._size = sum(len(one.body) for one in backlog.events) // self._count
        url = bench.postgres.create_database() if effect == peers_nameko.INSERT else ""
        self._child: Child = peers_nameko.handler(self._amqp, effect, url, WORKERS)
        self._child.ask("bind")

    def rate(self) -> float:
        """Events per second of one round."""
        peers_nameko.preload(self._amqp, self._count, self._size)
        return self._count / float(self._child.ask("handle", count=self._count)["seconds"])

    def close(self) -> None:
        """Let it end."""
        self._child.close()


def compared(
    bench: Bench, name: str, effect: str, peer_effect: str, casussen: int, per_casus: int, must: float, aim: float
) -> Sequence[Result]:
    """Ours and nameko's handler in turn."""
    ours = Backlogs(bench, effect, casussen, per_casus)
    peer = Peer(bench, peer_effect, ours.backlog)
    told = {peers_nameko.NOOP: "no-op event_handler", peers_nameko.INSERT: "event_handler with one INSERT and a commit"}
    label = f"nameko {told[peer_effect]}"
    try:
        rates = bench.alternate({"ours": ours.rate, label: peer.rate}, warm=False)
    finally:
        peer.close()
    note = f"{rate(rates['ours'])} against {rate(rates[label])}, max_workers {WORKERS}"
    mine, ratio = typical(rates["ours"]), ratios(rates, "ours", label)
    return [Result(name=name, peer=label, rounds=ratio, must=must, aim=aim, rate=mine, note=note)]


def projection(bench: Bench) -> Sequence[Result]:
    """Four events of each casus into one row."""
    casussen = bench.some(2000, 50)
    return compared(
        bench, "consume_projection", consuming.PROJECTION, peers_nameko.NOOP, casussen, consuming.PER_CASUS, 1.0, 1.5
    )


def reaction(bench: Bench) -> Sequence[Result]:
    """Four events of each casus, each answered with one event in a dossier of one's own."""
    casussen = bench.some(1000, 25)
    return compared(
        bench, "consume_reaction", consuming.REACTION, peers_nameko.INSERT, casussen, consuming.PER_CASUS, 1.0, 1.3
    )


ROWS = (
    Row("consume_projection", "set-based projection, effect and inbox in the transaction", projection),
    Row("consume_reaction", "one reaction per event: append, inbox and checkpoint in one transaction", reaction),
)
