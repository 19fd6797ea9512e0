"""Time comes in here. Whatever waits or dates asks a clock, so that tests and the demo can set it.

Moments are aware datetimes in UTC; days are days in Europe/Amsterdam.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""


def today(clock: Clock) -> date:
    """The day in the Netherlands at the clock's moment."""
    return clock.now().astimezone(AMSTERDAM).date()


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SettableClock:
    """A clock that stands still until it is set or moved. For tests and the demo."""

    def __init__(self, moment: datetime | date = date(2017, 1, 1)) -> None:
        self._now = _moment(moment)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime | date) -> None:
        """Set to a moment, or to 09:00 in Amsterdam on a day. Going back is allowed: clocks do."""
        self._now = _moment(moment)

    def advance(self, delta: timedelta) -> None:
        """Move by ``delta``."""
        self._now += delta


class FileClock:
    """A clock that several processes share: the moment stands in a file as ISO 8601. For the demo on several processes.

    It is never the default; a service that runs on it says so in its log.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._seen: tuple[int, datetime] | None = None

    def now(self) -> datetime:
        stamp = self._path.stat().st_mtime_ns
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, datetime.fromisoformat(self._path.read_text().strip()))
        return self._seen[1]

    def set(self, moment: datetime | date) -> None:
        """Set the moment for every process that shares the file, in one rename."""
        beside = self._path.with_suffix(".new")
        beside.write_text(_moment(moment).isoformat())
        beside.replace(self._path)


def clock_from(spec: str) -> Clock:
    """The clock that a configuration names: ``system`` or ``file:<path>``."""
    if spec == "system":
        return SystemClock()
    kind, _, path = spec.partition(":")
    if kind == "file" and path:
        return FileClock(path)
    raise ValueError(f"unknown clock {spec!r}: use 'system' or 'file:<path>'")


def _moment(value: datetime | date) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment has a time zone; a naive datetime is ambiguous")
        return value.astimezone(UTC)
    return datetime.combine(value, time(9), AMSTERDAM).astimezone(UTC)
