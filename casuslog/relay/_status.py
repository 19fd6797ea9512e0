"""What a relay is doing, and how often it looks for more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from casuslog.backoff import Backoff

RETRY = Backoff(first=0.1, bound=2.0)
"""Pauses while something is away: work goes on within seconds after the cause has ended."""


class RelayStatus(StrEnum):
    """What the relay is doing; anything but the first three and the last is an alarm.

    ::

        starting --> waiting_for_lease <--> running <--> binding_missing   the log would lose events: nothing is sent
                                               ^ |-----> broker_away       connects anew, goes on where it was confirmed
                                               | |-----> broker_blocked    memory or disk alarm: waits until it is over
                                               | |-----> broker_refuses    a queue is full or failing: one by one
                                               | |-----> database_away
                                               `-`-----> horizon_stalled   a hanging transaction hides what was logged
    """

    STARTING = "starting"
    WAITING = "waiting_for_lease"
    RUNNING = "running"
    BINDING_MISSING = "binding_missing"
    BROKER_AWAY = "broker_away"
    BROKER_BLOCKED = "broker_blocked"
    BROKER_REFUSES = "broker_refuses"
    DATABASE_AWAY = "database_away"
    HORIZON_STALLED = "horizon_stalled"
    STOPPED = "stopped"

    @property
    def alarm(self) -> bool:
        """Whether somebody must look."""
        return self not in _WELL


_WELL = frozenset({RelayStatus.STARTING, RelayStatus.WAITING, RelayStatus.RUNNING, RelayStatus.STOPPED})


@dataclass(slots=True)
class Pace:
    """Pauses between looks, in seconds: a part of the silence so far, so that waiting adds little to what was waited.

    Right after an event it looks soon; when all is quiet it costs next to nothing. Where events trickle in it rests
    some times as long as its last turn took, within a bound: a look, a write to the broker, a confirm and a delivery
    cost as much for one event as for a few. Where processors are short turns take longer, so that each carries more.
    """

    part: float = 0.05
    least: float = 0.002
    most: float = 0.03
    """What comes after a silence waits as long: at 500 events a second the first fifteen."""
    seen: float = 0.0
    """When something was last there, in seconds of the same clock."""
    rest: float = 3.0
    """Times as long as a turn took."""
    cycle: float = 0.008
    """So long after a turn began the next one begins, however long it would rest, but for the least pause."""

    def pause(self, now: float, took: float = 0.0) -> float:
        """How long to wait before the next look, after a turn that took so many seconds."""
        rest = min(self.cycle - took, took * self.rest)
        return min(self.most, max(self.least, rest, (now - self.seen) * self.part))
