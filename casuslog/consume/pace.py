"""How many events go into one transaction: as many as their handlers do in a moment, judged by what they took."""

from __future__ import annotations

MOMENT = 0.5
"""Seconds that the handlers in one transaction should take: what waits for one of them waits as long."""
TOGETHER = 50
"""Events in one transaction at most where each is handled by itself."""


class Pace:
    """The size of transactions. It doubles while handlers are quick; one slow event brings it down at once.

    Only handlers count, not what every transaction costs: where the database is slow, larger ones are what helps.

    Args:
        most: events in one transaction at most.
        begin: how many to begin with.
    """

    def __init__(self, most: int, begin: int = 1) -> None:
        self.limit = begin
        """Events to take now."""
        self._most = most
        self._each = 0.0

    def took(self, count: int, seconds: float) -> None:
        """The handlers of ``count`` events took so many seconds together."""
        if not count:
            return
        each = seconds / count
        self._each = max(each, (self._each + each) / 2)
        fits = int(MOMENT / self._each) if self._each > 0 else self._most
        self.limit = max(1, min(fits, self._most, 2 * self.limit))
