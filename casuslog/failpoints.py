"""Places in the path of a fact where a test may let the process die. For fault runs; never in production.

A place is named where it stands: ``failpoint("command.after_commit")``. As long as nothing is armed that costs one
comparison. A process is armed by the environment it was started with, and by nothing else: no request, message or
setting in the database reaches this module. What happens is always the same: SIGKILL to the process itself, as a crash.

========================  =============================================================================================
CASUSLOG_FAILPOINTS       meaning
========================  =============================================================================================
(empty)                   nothing is armed
``name:nth,...``          die at the nth passage of each place named
``file:<path>``           the same, from a file that is read anew when it changes: a running process can be armed
========================  =============================================================================================

With a file, the name of the place that struck is added to ``<path>.struck`` before the process dies, so that a fault
run knows that it was the place, and not something else, that ended the process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "CASUSLOG_FAILPOINTS"
STRUCK = ".struck"

PLACES = (
    "command.before_append",
    "command.after_commit",
    "relay.published",
    "relay.confirmed",
    "consume.inside_effect",
    "consume.after_effect",
)
"""Before the append; after its commit; sent but not confirmed; confirmed but not kept; in the transaction of an effect;
after its commit, before the acknowledgement."""


class _Armed:
    """What is to strike, and how many passages are left before it does."""

    def __init__(self, spec: str) -> None:
        self._file = Path(spec.removeprefix("file:")) if spec.startswith("file:") else None
        self._seen: tuple[int, int] | None = None
        self._left = {} if self._file else parse(spec)

    def passed(self, name: str) -> None:
        self._look()
        left = self._left.get(name)
        if left is None:
            return
        self._left[name] = left - 1
        if left <= 1:
            self._strike(name)

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            about = self._file.stat()
        except FileNotFoundError:
            self._left, self._seen = {}, None
            return
        if (about.st_mtime_ns, about.st_ino) != self._seen:
            self._seen = (about.st_mtime_ns, about.st_ino)
            self._left = parse(self._file.read_text())

    def _strike(self, name: str) -> None:
        if self._file is not None:
            mark = os.open(f"{self._file}{STRUCK}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(mark, f"{name}\n".encode())
            # Disarmed with the same breath: the process that comes in its place passes here too.
            self._file.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)


_armed: _Armed | None = None


def arm(env: Mapping[str, str]) -> None:
    """Arm this process as its environment says; with nothing in it, disarm it.

    Raises:
        ValueError: a place that does not exist, or a count that is none.
    """
    global _armed  # one process has one set of places
    spec = env.get(VARIABLE, "")
    _armed = _Armed(spec) if spec else None


def failpoint(name: str) -> None:
    """Pass a place. Armed for this passage, the process dies here."""
    if _armed is not None:
        _armed.passed(name)


def parse(spec: str) -> dict[str, int]:
    """``name:nth,...`` as counts by name.

    Raises:
        ValueError: a place that does not exist, or a count that is none; the message says what would be right.
    """
    counts = {}
    for one in filter(None, spec.strip().split(",")):
        name, _, nth = one.partition(":")
        if name not in PLACES or not nth.isdigit() or int(nth) < 1:
            raise ValueError(f"{VARIABLE}: {one!r} is no place with a count; give for example {PLACES[0]}:1")
        counts[name] = int(nth)
    return counts


arm(os.environ)


__all__ = ["PLACES", "STRUCK", "VARIABLE", "arm", "failpoint", "parse"]
