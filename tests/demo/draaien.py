"""The main job as a user starts it: ``python -m deploy.demo`` in a process of its own, without a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from casuslog.testing.platform import _free_ports

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0
REGEL = re.compile(r"20\d\d-\d\d-\d\d  \w+ +[A-Z]\w+  ")
"""A line of a timeline: date, service, event, who, rule."""


class Demo:
    """One run. ``env``: what it is told besides; anything of Casuslog in our own environment is kept from it."""

    def __init__(self, **env: str) -> None:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CASUSLOG_")}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "deploy.demo"],
            cwd=ROOT,
            env=ours | {"CASUSLOG_HTTP_PORT": str(_free_ports())} | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def uitspelen(self) -> tuple[int, str]:
        """Let it play; its exit status and all that it printed."""
        printed, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        return self._process.returncode, printed

    def doden_bij(self, stap: str) -> None:
        """SIGKILL the process as soon as it prints that this step was taken."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if stap in line:
                self._process.send_signal(signal.SIGKILL)
                break
        else:
            raise AssertionError(f"{stap} was never printed")
        self._process.stdout.close()
        self._process.wait(10)

    @property
    def sessie(self) -> int:
        """Id of the session that all its processes but the supervised ones belong to."""
        return self._process.pid


def tijdlijnen(printed: str) -> dict[str, list[str]]:
    """Of each case the lines of its timelines, as printed."""
    delen = re.split(r"^=== (.*) ===$", printed, flags=re.MULTILINE)[1:]
    return {
        titel: [line.rstrip() for line in deel.splitlines() if REGEL.match(line)]
        for titel, deel in zip(delen[::2], delen[1::2], strict=True)
    }


def processen_met(woord: str) -> list[str]:
    """The command lines of running processes whose environment holds a word."""
    return [line for line in _environs() if woord in line]


def _environs() -> Iterable[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield (folder / "environ").read_text(errors="replace")
        except OSError:  # it ended meanwhile, or is not ours
            continue
