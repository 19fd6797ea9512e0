"""The processes of an installation under test: forked from one that is ready, under the real supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from casuslog.hosting.supervisor import Supervisor

RESTART_SECONDS = (0.0,)
"""The run kills the same process again and again; the longer waits are for one that keeps dying by itself."""
LOOK_SECONDS = 0.04
"""Between two looks whether a process ended: hundreds of kills wait for that."""


@dataclass(frozen=True)
class Process:
    """One process: services and relays in the real host, or something of the test's own (``entry``).

    ``variants`` are functions (``module:function``) called first in the process: broken on purpose, to see them caught.
    """

    name: str
    services: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    entry: str = ""
    arguments: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()


class Forked:
    """A forked process, with the part of ``subprocess.Popen`` that the supervisor uses."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self.pid = pid
        self._zygote = zygote

    def poll(self) -> int | None:
        return self._zygote.status(self.pid)

    def send_signal(self, number: int) -> None:
        # Reaped by the zygote only when asked for: the id cannot be another's meanwhile.
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.02)
        return status


class Zygote:
    """The process that forks the others."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> None:
        """Return when it has imported everything."""
        assert self._process.stdout is not None
        if not self._ready and not self._process.stdout.readline():
            raise RuntimeError("the process that forks the others did not start; its error stands above")
        self._ready = True

    def fork(self, process: Process, env: Mapping[str, str], log: Path) -> Forked:
        order = {
            "env": {**env, **process.env},
            "log": str(log),
            "services": process.services,
            "relays": process.relays,
            "entry": process.entry,
            "arguments": process.arguments,
            "variants": process.variants,
        }
        return Forked(self, int(self._ask(order)["pid"]))

    def status(self, pid: int) -> int | None:
        found: int | None = self._ask({"status": pid})["status"]
        return found

    def close(self) -> None:
        """End it, and with it all that it forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
            return answer


class Keeper(Supervisor):
    """The real supervisor, over processes that are forked."""

    def __init__(self, zygote: Zygote, processes: Iterable[Process], env: Mapping[str, str], logs: Path) -> None:
        self._zygote = zygote
        self.specs = {one.name: one for one in processes}
        self._logs = logs
        self._held: set[str] = set()
        super().__init__(list(self.specs), env, pauses=RESTART_SECONDS)

    def add(self, process: Process) -> None:
        """Start one more."""
        self.specs[process.name] = process
        self.begin(process.name)

    def change(self, name: str, **env: str) -> None:
        """Give a process other environment variables from its next start on."""
        spec = self.specs[name]
        self.specs[name] = replace(spec, env={**spec.env, **env})

    def hold(self, name: str) -> None:
        """Do not start it again when it ends, until :meth:`release`."""
        self._held.add(name)

    def forget(self, name: str) -> None:
        """It has ended for good."""
        self._children.pop(name, None)
        self.specs.pop(name, None)
        self._held.discard(name)

    def release(self, name: str) -> None:
        """Look after it again."""
        self._held.discard(name)

    def ends(self, name: str) -> list[int]:
        """How this process ended, each time, before it was asked to end with all."""
        return [status for ended, status in list(self.ended) if ended == name]

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for child in list(self._children.values()):
                self._look_after(child, time.monotonic())

    def _spawn(self, name: str) -> Any:
        return self._zygote.fork(self.specs[name], self._env, self._logs / f"{name}.log")

    def _look_after(self, child: Any, now: float) -> None:
        if child.name in self._held and child.restart_at is not None:
            return
        super()._look_after(child, now)
