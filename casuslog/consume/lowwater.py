"""The low-water mark: up to where in a source's log everything has been handled or parked.

Cursors are not dense, so that the next one cannot be guessed. Each event therefore comes with the cursor before it:
from the relay in a header, from a feed by the order of its page. An event whose predecessor was never seen shows a
hole, and the mark waits in front of it until the hole has been fetched.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from operator import attrgetter

from casuslog.recorded import START, Cursor

Place = tuple[int, int, int]
"""A cursor as numbers: Python compares and hashes a tuple by itself, and a dataclass by making two of them."""
_LAST = (2**63, 0, 0)
"""After every cursor there can be."""
_place = attrgetter("era", "xid", "position")


class LowWater:
    """The mark of one source. Not locked: its owner guards it."""

    __slots__ = ("_done", "_known", "_mark", "_noted", "_tip", "mark")

    def __init__(self, mark: Cursor = START) -> None:
        self.mark = mark
        """Up to here all is handled or parked."""
        self._mark: Place = _place(mark)
        self._noted: list[tuple[Place, Place]] = []
        """(cursor, the one before it), ordered by cursor; all beyond the mark."""
        self._known: set[Place] = set()
        self._done: set[Place] = set()
        self._tip: Place = self._mark

    def passed(self, cursor: Cursor) -> bool:
        """Whether it lies at the mark or before it."""
        return _place(cursor) <= self._mark

    def note(self, previous: Cursor, cursor: Cursor) -> None:
        """In the log ``cursor`` follows ``previous``, with nothing between."""
        at, before = _place(cursor), _place(previous)
        if at <= self._mark or at in self._known:
            return
        self._known.add(at)
        noted = self._noted
        if noted and at < noted[-1][0]:
            insort(noted, (at, before))
            self._advance()
            return
        # The last one yet, as nearly all are: it moves the tip, unless a hole lies before it.
        whole = not noted or noted[-1][0] <= self._tip
        noted.append((at, before))
        if whole and before <= self._tip:
            self._tip = at

    def _advance(self) -> None:
        for beyond, before in self._noted[bisect_right(self._noted, (self._tip, _LAST)) :]:
            if before > self._tip:
                break
            self._tip = beyond

    def done(self, cursor: Cursor) -> None:
        """The event at ``cursor`` is handled or parked; it was noted before, else this says nothing."""
        at = _place(cursor)
        if at not in self._known:
            return
        self._done.add(at)
        noted, reached = self._noted, 0
        while reached < len(noted) and noted[reached][1] <= self._mark and noted[reached][0] in self._done:
            self._mark = noted[reached][0]
            self._known.discard(self._mark)
            self._done.discard(self._mark)
            reached += 1
        if reached:
            del noted[:reached]
            self.mark = Cursor(*self._mark)
            self._tip = max(self._tip, self._mark)

    def mark_after(self, cursors: Iterable[Cursor]) -> Cursor:
        """The mark as it will stand once these are done too."""
        mark, done = self._mark, {_place(cursor) for cursor in cursors}
        for at, before in self._noted:
            if before > mark or (at not in self._done and at not in done):
                break
            mark = at
        return self.mark if mark == self._mark else Cursor(*mark)

    def hole(self) -> tuple[Cursor, Cursor] | None:
        """The first range in which events were never seen, as ``(after, up to and including)``."""
        if not self._noted or self._noted[-1][0] <= self._tip:
            return None
        beyond = bisect_right(self._noted, (self._tip, _LAST))
        return self.tip(), Cursor(*self._noted[beyond][1])

    def tip(self) -> Cursor:
        """Up to where the log is known without a hole: from there a feed may hold more."""
        return Cursor(*self._tip)
