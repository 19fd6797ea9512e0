"""The low-water mark: up to where in a source's log everything has been handled or parked.

Cursors are not dense, so that the next one cannot be guessed. Each event therefore comes with the cursor before it:
from the relay in a header, from a feed by the order of its page. An event whose predecessor was never seen shows a
hole, and the mark waits in front of it until the hole has been fetched.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

from casuslog.recorded import START, Cursor

_LAST = Cursor(2**63, 0, 0)
"""After every cursor there can be."""


@dataclass(slots=True)
class LowWater:
    """The mark of one source. Not locked: its owner guards it."""

    mark: Cursor = START
    _noted: list[tuple[Cursor, Cursor]] = field(default_factory=list)
    """(cursor, the one before it), ordered by cursor; all beyond the mark."""
    _known: set[Cursor] = field(default_factory=set)
    _done: set[Cursor] = field(default_factory=set)
    _tip: Cursor = START

    def note(self, previous: Cursor, cursor: Cursor) -> None:
        """In the log ``cursor`` follows ``previous``, with nothing between."""
        if cursor <= self.mark or cursor in self._known:
            return
        self._known.add(cursor)
        insort(self._noted, (cursor, previous))
        self._tip = max(self._tip, self.mark)
        for beyond, before in self._noted[bisect_right(self._noted, (self._tip, _LAST)) :]:
            if before > self._tip:
                break
            self._tip = beyond

    def done(self, cursor: Cursor) -> None:
        """The event at ``cursor`` is handled or parked; it was noted before, else this says nothing."""
        if cursor in self._known:
            self._done.add(cursor)
        while self._noted and self._noted[0][1] <= self.mark and self._noted[0][0] in self._done:
            self._reach(self._noted.pop(0)[0])

    def mark_after(self, cursors: set[Cursor]) -> Cursor:
        """The mark as it will stand once these are done too."""
        mark = self.mark
        for cursor, previous in self._noted:
            if previous > mark or (cursor not in self._done and cursor not in cursors):
                break
            mark = cursor
        return mark

    def hole(self) -> tuple[Cursor, Cursor] | None:
        """The first range in which events were never seen, as ``(after, up to and including)``."""
        tip = self.tip()
        beyond = bisect_right(self._noted, (tip, _LAST))
        return (tip, self._noted[beyond][1]) if beyond < len(self._noted) else None

    def tip(self) -> Cursor:
        """Up to where the log is known without a hole: from there a feed may hold more."""
        return max(self._tip, self.mark)

    def _reach(self, cursor: Cursor) -> None:
        self.mark = cursor
        self._known.discard(cursor)
        self._done.discard(cursor)
