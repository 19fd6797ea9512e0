"""Failpoints of running processes: armed by a file for each, and seen to have struck by what they leave behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from casuslog.failpoints import PLACES, STRUCK, VARIABLE
from tests.faults.processes import Process


class Arming:
    """The part of a scene that arms its processes (:mod:`casuslog.failpoints`)."""

    folder: Path

    def arm(self, name: str, place: str, nth: int = 1) -> None:
        """Let a process die by SIGKILL at the ``nth`` passage of a place (:mod:`casuslog.failpoints`) from now on."""
        if place not in PLACES:
            raise ValueError(f"no place {place!r}")
        path = self._arm_file(name)
        beside = path.with_suffix(".new")
        beside.write_text(f"{place}:{nth}")
        beside.replace(path)

    def struck(self, name: str) -> list[str]:
        """The places at which a process died, oldest first."""
        path = Path(f"{self._arm_file(name)}{STRUCK}")
        return path.read_text().split() if path.exists() else []

    def disarm(self, name: str) -> None:
        """Take back what was armed and did not strike."""
        self._arm_file(name).unlink(missing_ok=True)

    def _armed(self, process: Process) -> Process:
        return replace(process, env={VARIABLE: f"file:{self._arm_file(process.name)}", **process.env})

    def _arm_file(self, name: str) -> Path:
        return self.folder / "arm" / name
