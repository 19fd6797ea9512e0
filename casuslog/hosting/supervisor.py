"""Every service and the relay as a process of its own: started together, restarted when one dies, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

_log = structlog.get_logger("casuslog.supervisor")

GRACE_SECONDS = 20.0
"""What a process gets to finish what it holds, before it is killed."""
RESTART_SECONDS = (0.2, 1.0, 5.0, 15.0)
"""Waits before the first and each next restart of a process that keeps dying."""
STEADY_SECONDS = 30.0
"""A process that lived this long starts again with the shortest wait."""
SUPERVISOR = "CASUSLOG_SUPERVISOR"
"""Environment variable that tells a process the id of its supervisor: without it, it ends (see ``host.run``)."""


def start_command(name: str) -> list[str]:
    """The command line of a service, or of ``relay``."""
    return [sys.executable, "-m", "casuslog", "start", name]


@dataclass
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    restart_at: float | None = field(default=None)


class Supervisor:
    """Runs ``casuslog start <name>`` for each name.

    Args:
        names: services, and ``relay``.
        env: the environment of the processes.
        command: the command line by name.
        grace: seconds that a process gets to finish what it holds, before it is killed.
        pauses: seconds before the first and each next restart of a process that keeps dying.
    """

    def __init__(
        self,
        names: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        command: Callable[[str], Sequence[str]] = start_command,
        grace: float = GRACE_SECONDS,
        pauses: Sequence[float] = RESTART_SECONDS,
    ) -> None:
        self._names = list(names)
        self._env = {**(os.environ if env is None else env), SUPERVISOR: str(os.getpid())}
        self._command = command
        self._grace = grace
        self._pauses = tuple(pauses)
        self.ended: list[tuple[str, int]] = []
        """Which process ended before it was asked to, with which exit status (negative: the signal that killed it)."""
        self._children: dict[str, _Child] = {}
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Start all and keep watch in the background.

        Raises:
            OSError: one could not be started; those before it were ended.
        """
        try:
            for name in self._names:
                self.begin(name)
        except OSError:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def begin(self, name: str) -> None:
        """Start one process, and look after it as after the others.

        Raises:
            OSError: it could not be started.
        """
        self._children[name] = _Child(name, self._spawn(name), time.monotonic())

    def pid(self, name: str) -> int:
        """Process id of a child, for whoever wants to see it killed."""
        return self._children[name].process.pid

    def stop(self) -> None:
        """End all: SIGTERM, time to finish, then SIGKILL."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for child in self._children.values():
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for child in self._children.values():
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("beeindigd na wachten", proces=child.name)
                child.process.kill()
                child.process.wait()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches us alone, and we end them in order.
        return subprocess.Popen(  # noqa: S603  # our own command line
            list(self._command(name)), env=self._env, start_new_session=True
        )

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            for child in list(self._children.values()):
                self._look_after(child, time.monotonic())

    def _look_after(self, child: _Child, now: float) -> None:
        status = child.process.poll()
        if status is None:
            return
        if child.restart_at is None:
            child.deaths = 0 if now - child.started > STEADY_SECONDS else child.deaths
            wait = self._pauses[min(child.deaths, len(self._pauses) - 1)]
            child.deaths += 1
            child.restart_at = now + wait
            self.ended.append((child.name, status))
            _log.error("proces gestopt, wordt herstart", proces=child.name, status=status, over_seconden=wait)
        elif now >= child.restart_at:
            self._restart(child, now)

    def _restart(self, child: _Child, now: float) -> None:
        try:
            child.process, child.started, child.restart_at = self._spawn(child.name), now, None
        except OSError as error:
            # No memory or no processes left for now: the watch over the others goes on.
            child.restart_at = now + self._pauses[-1]
            _log.error("herstart mislukt", proces=child.name, soort=type(error).__name__)
