"""Lets one fault strike as often as it should, and says what came of it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from casuslog.errors import Unavailable
from tests.faults.audit import Findings
from tests.faults.common import Common
from tests.faults.fault import RECOVERY_SECONDS, DidNotStrike, Fault
from tests.faults.scene import Scene

PATIENCE_SECONDS = 60.0
"""After this without recovery nothing more is waited for."""
KEEP_VARIABLE = "CASUSLOG_FAULTS_LOGS"
"""Environment variable: where to put the logs of the processes when something is wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault. ``recovery_s`` is the worst of all strikes; ``None`` where it never came."""

    fault: str
    times: int
    wanted: int
    findings: Findings
    recovery_s: float | None
    note: str
    wrong: tuple[str, ...]
    """In sentences: what is a breach beside the counts."""
    seconds: float

    @property
    def breached(self) -> bool:
        """Whether a promise was broken, or the fault cannot be shown to have struck as often as it should."""
        return bool(self.wrong or self.findings.sentences() or self.times < self.wanted or self._late())

    def _late(self) -> bool:
        return self.recovery_s is None or self.recovery_s > RECOVERY_SECONDS

    def as_json(self) -> dict[str, Any]:
        """The row in ``build/faults.json``."""
        recovery = None if self.recovery_s is None else round(self.recovery_s, 1)
        note = "; ".join([*filter(None, [self.note]), *self.wrong, *self.findings.sentences()[:5]])
        return {
            "fault": self.fault,
            "times": self.times,
            **self.findings.counts(),
            "recovery_s": recovery,
            "seconds": round(self.seconds),
            "note": note,
            "breached": self.breached,
        }


class Runner:
    """Runs faults, most of them one after another on one installation.

    Args:
        seed: of load and strikes.
        short: fewer strikes.
        options: of every installation: keyword arguments of :class:`Scene`.
    """

    def __init__(self, seed: int, *, short: bool, options: dict[str, Any]) -> None:
        self._seed = seed
        self._short = short
        self._options = options
        self._shared: Scene | None = None
        self._common = Common()

    def close(self) -> None:
        """End the installation that the faults shared, and its servers."""
        try:
            self._leave()
        finally:
            self._common.close()

    def _leave(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.__exit__(None, None, None)

    def run(self, fault: Fault) -> Row:
        """Let a fault strike, wait until all is well again, and audit."""
        began = time.monotonic()
        times = fault.short_times if self._short else fault.times
        try:
            with self._scene(fault) as scene:
                rng = Random(f"{self._seed}/{fault.name}")  # repeatable
                row = _Run(scene, fault, rng).row(times, began)
                _keep_logs(scene, row)
        except Unavailable as error:
            # Not run is not passed: it is a row like the others, and a breach.
            wrong = (f"NOT RUN: {error.detail.splitlines()[0]}",)
            row = Row(fault.name, 0, times, Findings(), None, "", wrong, time.monotonic() - began)
        if row.recovery_s is None:
            # What one fault broke for good is not blamed on the next.
            self.close()
        return row

    @contextlib.contextmanager
    def _scene(self, fault: Fault) -> Iterator[Scene]:
        if fault.own_scene or fault.scene is not None:
            self._leave()
            own = self._usual() if fault.scene is None else fault.scene(self._seed, self._common)
            with own as scene:
                yield scene
            return
        if self._shared is None:
            self._shared = self._usual().__enter__()
        yield self._shared

    def _usual(self) -> Scene:
        has = self._common
        zygote = has.zygote  # it imports while the servers start
        return Scene(seed=self._seed, postgres=has.postgres, rabbit=has.rabbit, zygote=zygote, **self._options)


def _keep_logs(scene: Scene, row: Row) -> None:
    folder = os.environ.get(KEEP_VARIABLE)
    if row.breached and folder:
        told = "\n".join([*row.wrong, *row.findings.sentences(), scene.log_of_all()])
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{row.fault}.log").write_text(told, encoding="utf-8")


class _Run:
    """One fault on one installation."""

    def __init__(self, scene: Scene, fault: Fault, rng: Random) -> None:
        self._scene = scene
        self._fault = fault
        self._rng = rng
        self._waits: list[float] = []
        self._notes: list[str] = []
        self._wrong: list[str] = []
        self._lacked = ""

    def row(self, times: int, began: float) -> Row:
        scene = self._scene
        before, odd = scene.found.audit(), len(scene.ledger.odd)
        if self._fault.load:
            scene.load.resume()
        struck = 0
        for _ in range(times):
            if not self._strike():
                break
            struck += 1
        recovery = self._recovery()
        findings = scene.audit().beyond(before)
        self._wrong += [f"answered {one.status} {one.code[:80]} to {one.command}" for one in scene.ledger.odd[odd:]][:3]
        note = "; ".join(dict.fromkeys(filter(None, self._notes)))
        return Row(
            self._fault.name,
            struck,
            times,
            findings,
            recovery,
            note[:200],
            tuple(self._wrong),
            time.monotonic() - began,
        )

    def _strike(self) -> bool:
        try:
            note = self._fault.strike(self._scene, self._rng)
        except DidNotStrike as error:
            self._wrong.append(f"did not strike: {error}")
            return False
        except AssertionError as error:
            self._wrong.append(str(error) or "an assertion failed")
            return False
        self._notes.append(note or "")
        if self._fault.settle:
            self._waits.append(self._scene.settled(PATIENCE_SECONDS))
            if self._fault.load:
                self._scene.load.resume()
        elif self._fault.load and not self._fault.pile:
            # Where a strike left the load paused there is no later command to wait for.
            mark = self._scene.mark() if self._scene.load.going else self._scene.mark(beyond=False)
            self._waits.append(self._scene.recovered(mark, PATIENCE_SECONDS))
        if self._waits[-1:] != [float("inf")]:
            return True
        self._lacked = self._scene.lacking()
        return False

    def _recovery(self) -> float | None:
        """The worst: of every strike by itself while the load goes on, and of the last when the load has ended."""
        last = self._scene.settled(PATIENCE_SECONDS)
        lacked = self._lacked or (self._scene.lacking() if last == float("inf") else "")
        worst = max([*self._waits, last])
        if worst < float("inf"):
            return worst
        self._wrong.append(f"not everything arrived within {PATIENCE_SECONDS:.0f} s: {lacked}")
        return None


__all__ = ["PATIENCE_SECONDS", "Row", "Runner"]
