"""What has arrived in a scene, and by when: marks are set, and a thread looks whether they are reached."""

from __future__ import annotations

import contextlib
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

from tests.faults.collect import Collector
from tests.faults.ledger import Ledger
from tests.faults.load import Load

LOOK_SECONDS = 0.1
"""Between two looks what has arrived."""


@dataclass(slots=True)
class Mark:
    """A moment at which the first ``accepted`` commands were known.

    ``recovered``: when they had arrived everywhere, and, where ``beyond``, one that was accepted later had as well.
    """

    at: float
    accepted: int
    beyond: bool = True
    recovered: float | None = None


class Arriving(ABC):
    """The part of a scene that knows when what was accepted has arrived."""

    ledger: Ledger
    found: Collector
    load: Load

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._watching = threading.Event()
        self.behind = 0
        """How many accepted commands had not arrived everywhere at the last look."""

    def mark(self, *, beyond: bool = True) -> Mark:
        """The cause has ended: from now on what was accepted so far must come through without a hand.

        ``beyond``: and something that is accepted from now on too; for while the load goes on.
        """
        mark = Mark(time.monotonic(), len(self.ledger.accepted()), beyond)
        self._marks.append(mark)
        return mark

    def recovered(self, mark: Mark, timeout: float = 60.0) -> float:
        """Seconds from the mark until all that was accepted by then had arrived everywhere; ``inf`` if it did not."""
        deadline = time.monotonic() + timeout
        while mark.recovered is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS / 2)
        return float("inf") if mark.recovered is None else mark.recovered - mark.at

    def settled(self, timeout: float = 60.0) -> float:
        """Pause the load, and give the seconds until all that was accepted had arrived everywhere; ``inf`` if not.

        Call ``scene.load.resume()`` afterwards.
        """
        began = time.monotonic()
        if not self.load.pause(timeout):
            return float("inf")
        seconds = self.recovered(self.mark(beyond=False), timeout - (time.monotonic() - began))
        while seconds < float("inf") and self.found.under_way():
            if time.monotonic() > began + timeout:
                return float("inf")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began if seconds < float("inf") else seconds

    def lacking(self) -> str:
        """What is waited for at this moment, in words."""
        if self.load.busy:
            return f"the answer to {self.load.busy} commands"
        return self.found.missing() or f"{self.found.under_way()} events that no command was answered with"

    def _begin_watch(self, opening: contextlib.ExitStack) -> None:
        watch = threading.Thread(target=self._watch, name="watch", daemon=True)
        watch.start()
        opening.callback(watch.join, 20)
        opening.callback(self._watching.set)

    def _watch(self) -> None:
        while not self._watching.wait(LOOK_SECONDS):
            self._tick()
            try:
                self.found.refresh()
            except Exception:  # server or broker is away: that is what this run is about
                continue
            complete, now = self.found.complete(), time.monotonic()
            self.behind = len(self.ledger.accepted()) - complete
            for mark in self._marks:
                if mark.recovered is None and complete >= mark.accepted + mark.beyond:
                    mark.recovered = now

    @abstractmethod
    def _tick(self) -> None:
        """Let the clock of the installation go on."""
