"""Whether relay and consumer hold more after a million events than after the first tenth of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from casuslog.privacy import RootKey
from tests.bench import memory, relaying
from tests.bench.child import Child
from tests.bench.frame import Bench, Result, Row

AHEAD = 50_000
"""Events that may wait in broker and store: what comes in waits for what follows, so that no queue fills memory."""
PATIENCE = 120.0
"""Seconds without any effect after which the benchmark gives up."""


def measure(bench: Bench) -> Sequence[Result]:
    """One run: events come in as a history, the relay passes them on, a service projects them, all at the same time."""
    count = bench.some(1_000_000, 5_000)
    part = min(10_000, count // 10)
    with ExitStack() as closing:
        url, keys_url, root = bench.postgres.create_database(), bench.postgres.create_database(), RootKey.generate()
        vhost = bench.rabbit.create_vhost()
        closing.callback(bench.rabbit.drop_vhost, vhost)
        importer = closing.enter_context(memory.importer(url, keys_url, root))
        follower = closing.enter_context(memory.follower(vhost, url, keys_url, root))
        relay = closing.enter_context(relaying.relay(vhost, url, ()))
        progress = memory.Progress(url)
        closing.callback(progress.close)
        relay.ask("follow")
        began = time.monotonic()
        run = _Run(bench, importer, progress, part)
        run.upto(count // 10)
        before = {"relay": memory.megabytes(relay), "consumer": memory.megabytes(follower)}
        run.upto(count)
        after = {"relay": memory.megabytes(relay), "consumer": memory.megabytes(follower)}
        seconds = time.monotonic() - began
        relay.ask("rest")
    return [_result(which, count, seconds, before[which], after[which]) for which in ("relay", "consumer")]


class _Run:
    def __init__(self, bench: Bench, importer: Child, progress: memory.Progress, part: int) -> None:
        self._bench = bench
        self._importer = importer
        self._progress = progress
        self._part = part
        self._imported = 0

    def upto(self, count: int) -> None:
        """Return when so many events took effect, each once."""
        while self._imported < count:
            self._imported += self._importer.ask("bring", count=self._part)
            self._await(max(0, self._imported - AHEAD))
            if self._imported % 100_000 == 0:
                self._bench.tell(f"    {self._imported:,} in")
        assert self._await(count) == count, "an effect happened twice"

    def _await(self, effects: int) -> int:
        seen, since = self._progress.effects(), time.monotonic()
        while seen < effects:
            time.sleep(0.1)
            now = self._progress.effects()
            if now > seen:
                seen, since = now, time.monotonic()
            assert time.monotonic() - since < PATIENCE, f"{seen:,} effects and no more"
        return seen


def _result(which: str, count: int, seconds: float, before: float, after: float) -> Result:
    note = (
        f"resident set {before:.1f} MB after the first tenth, {after:.1f} MB at the end; imported, passed on and "
        f"projected at the same time, {count / seconds:,.0f} events/s"
    )
    name = f"memory of the {which} over {count:,} events"
    grown = [after - before]
    return Result(name=name, peer="bound", rounds=grown, must=10.0, aim=2.0, unit="MB", lower=True, note=note)


ROWS = [Row("memory", "relay and consumer over a million events", measure)]
