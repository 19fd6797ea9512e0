"""The nameko entrypoint of the clock: ``@on_timer`` on the one method of a service that handles what came due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from nameko.extensions import Entrypoint, register_entrypoint

from casuslog.consume.timers import TimerLoop, prepare
from casuslog.hosting._worker import call_here, hosted, in_worker
from casuslog.hosting.entrypoint import PLATFORM_KEY

F = TypeVar("F", bound=Callable[..., Any])


class OnTimer(Entrypoint):  # type: ignore[misc]  # nameko ships no types
    """Runs the timers of a service."""

    def __init__(self) -> None:
        super().__init__()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        # A service that never came to its start can be stopped all the same.
        self._ended.set()

    def setup(self) -> None:
        """Make the table where it is missing."""
        platform = self.container.config[PLATFORM_KEY]
        store = platform.store_for(self.container.service_name)
        prepare(store)
        self._loop = TimerLoop(
            store, platform.clock, partial(call_here, self.method_name), worker=partial(in_worker, self)
        )

    def start(self) -> None:
        """Begin to look at the clock."""
        self._ended.clear()
        self.container.spawn_managed_thread(self._run)

    def fire_due(self) -> int:
        """Fire what is due now instead of at the next look at the clock: after a clock was set. How many fired."""
        return self._loop.step()

    def stop(self) -> None:
        """Finish the timer that fires now, and stop."""
        self._stopping.set()
        self._ended.wait()

    def _run(self) -> None:
        try:
            self._loop.run(self._stopping)
        finally:
            self._ended.set()


def on_timer(method: F) -> F:
    """Call a method as ``(self, timer, tx)`` for each timer that came due, in the transaction of its effect."""
    made = hosted(method)
    register_entrypoint(made, OnTimer())
    return made


__all__ = ["OnTimer", "on_timer"]
