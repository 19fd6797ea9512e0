"""Token buckets: how often something may happen, each key for itself, in bounded memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable

MOST_KEYS = 10_000
"""Keys that are kept apart at once; beyond it those that asked longest ago start anew."""


class Buckets:
    """A bucket per key that fills at ``per_second`` up to ``burst``; each act takes one out.

    Args:
        per_second: how fast it fills; 0 is no limit at all.
        burst: how much it holds when nobody took anything for a while.
    """

    def __init__(
        self, per_second: float, burst: float, *, monotonic: Callable[[], float] = time.monotonic, keys: int = MOST_KEYS
    ) -> None:
        self._rate = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._keys = keys
        self._held: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> int:
        """Take one. Gives 0, or after how many whole seconds there is one again; then nothing was taken."""
        if not self._rate:
            return 0
        now = self._monotonic()
        level = self._level(key, now)
        if level < 1:
            return self._until_one(level)
        # Taken out and put in at the end: what stands first asked longest ago.
        self._held.pop(key, None)
        if len(self._held) >= self._keys:
            self._forget(now)
        self._held[key] = (level - 1, now)
        return 0

    def wait(self, key: Hashable) -> int:
        """What :meth:`take` would give, without taking."""
        if not self._rate:
            return 0
        level = self._level(key, self._monotonic())
        return 0 if level >= 1 else self._until_one(level)

    def _level(self, key: Hashable, now: float) -> float:
        held, at = self._held.get(key, (self._burst, now))
        return min(self._burst, held + (now - at) * self._rate)

    def _until_one(self, level: float) -> int:
        return max(1, math.ceil((1 - level) / self._rate))

    def _forget(self, now: float) -> None:
        self._held = {key: kept for key, kept in self._held.items() if self._level(key, now) < self._burst}
        for key in list(self._held)[: len(self._held) - self._keys + self._keys // 10]:
            del self._held[key]
