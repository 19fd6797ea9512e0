"""Which deliveries are safe, and how to tell the broker in few words.

A broker numbers its deliveries 1, 2, 3, ... within a channel and takes "up to and including" as one acknowledgement.
That may only be said while *all* up to there are safe; what is safe beyond one that is not, is told by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

HELD_BACK = 100
"""What is safe beyond one that is not waits for it, up to so many: most of the time that saves telling each."""


class Acks:
    """The deliveries of one channel. :meth:`safe` may be called from any thread; the rest from one."""

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        """Delivered and not acknowledged, in order; and of what was told by itself, what stands behind another."""
        self._told: deque[int] = deque()
        self._safe: set[int] = set()
        self._apart: set[int] = set()
        """Acknowledged by themselves, and still in the order."""

    @property
    def outstanding(self) -> int:
        """How many are not acknowledged yet."""
        return len(self._order) - len(self._apart)

    def delivered(self, tag: int) -> None:
        """The broker handed over a delivery."""
        self._order.append(tag)

    def safe(self, tag: int) -> None:
        """A delivery is handled, known or parked."""
        self._told.append(tag)

    def due(self, *, everything: bool = False) -> Iterator[tuple[int, bool]]:
        """What to acknowledge now, as ``(tag, multiple)``; each is given once. ``everything``: hold nothing back."""
        while self._told:
            self._safe.add(self._told.popleft())
        last = self._reached()
        if last:
            yield last, True
        if self._safe and (everything or len(self._safe) > HELD_BACK):
            beyond, self._safe = sorted(self._safe), set()
            self._apart.update(beyond)
            for tag in beyond:
                yield tag, False

    def _reached(self) -> int:
        """Take from the order what is safe up to the first that is not; gives the last of it, or 0."""
        last = 0
        while self._order:
            tag = self._order[0]
            if tag in self._safe:
                self._safe.discard(tag)
                last = tag
            elif tag in self._apart:
                self._apart.discard(tag)
            else:
                break
            self._order.popleft()
        return last
