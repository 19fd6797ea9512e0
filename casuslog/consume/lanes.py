"""Lanes: what waits, per casus, in order. Within a lane one at a time; lanes side by side. Pure; time is a number.

States of a lane::

    (absent) --put--> ready --take--> busy --finished, empty--> (absent)
                        ^               |--finished, more--> ready
                        |               `--defer--> waiting
                        `------ its moment came ------'
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """A lane that was taken, with the first of what waits in it."""

    lane: Hashable
    items: tuple[T, ...]


@dataclass(slots=True)
class _Lane(Generic[T]):
    items: deque[T] = field(default_factory=deque)
    idle: bool = True
    """Neither taken nor waiting for its moment: a new item makes it ready."""


class Lanes(Generic[T]):
    """The lanes of one consumer. Not locked: its owner guards it."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane[T]] = {}
        self._ready: deque[Hashable] = deque()
        self._waiting: list[tuple[float, int, Hashable]] = []
        self._ticket = 0
        self._held = 0
        self.busy = 0
        """How many lanes are taken."""

    def __len__(self) -> int:
        """How many items wait or are being handled."""
        return self._held

    def put(self, lane: Hashable, item: T) -> None:
        """Append an item to its lane."""
        found = self._lanes.setdefault(lane, _Lane())
        found.items.append(item)
        self._held += 1
        if found.idle:
            found.idle = False
            self._ready.append(lane)

    def take(self, now: float, limit: int = 1) -> list[Turn[T]]:
        """Take ready lanes, the longest ready first, with at most ``limit`` items in all. They stay busy until told."""
        self._wake(now)
        turns: list[Turn[T]] = []
        while self._ready and limit > 0:
            lane = self._ready.popleft()
            items = tuple(islice(self._lanes[lane].items, limit))
            limit -= len(items)
            self.busy += 1
            turns.append(Turn(lane, items))
        return turns

    def finished(self, lane: Hashable, count: int = 1) -> None:
        """The first ``count`` items of a busy lane are done."""
        self.busy -= 1
        if self._drop(lane, count):
            self._ready.append(lane)
        else:
            del self._lanes[lane]

    def defer(self, lane: Hashable, until: float, done: int = 0) -> None:
        """The first ``done`` items of a busy lane are done; offer the rest, at least one, again at ``until``."""
        self.busy -= 1
        self._drop(lane, done)
        self._ticket += 1
        heapq.heappush(self._waiting, (until, self._ticket, lane))

    @property
    def ready(self) -> int:
        """How many lanes could be taken at once."""
        return len(self._ready)

    def next_moment(self, now: float) -> float | None:
        """When there will be something to take: ``now``, a later moment, or never by itself."""
        if self._ready:
            return now
        return max(now, self._waiting[0][0]) if self._waiting else None

    def _drop(self, lane: Hashable, count: int) -> int:
        items = self._lanes[lane].items
        self._held -= count
        for _ in range(count):
            items.popleft()
        return len(items)

    def _wake(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])
