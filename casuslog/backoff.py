"""How long to wait before trying again: doubling, with a bound, spread so that not all come back at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds. ``jitter`` is the part of a delay that may be taken off by chance."""

    first: float = 0.05
    bound: float = 30.0
    jitter: float = 0.2
    chance: Callable[[], float] = random.random

    def delay(self, attempt: int) -> float:
        """The delay after the ``attempt``-th failure in a row, counted from 1."""
        # Beyond 2**30 the bound has long been reached; a float would overflow in the end.
        plain = min(self.bound, self.first * 2 ** min(attempt - 1, 30))
        return float(plain * (1 - self.jitter * self.chance()))
