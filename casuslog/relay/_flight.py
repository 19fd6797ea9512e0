"""What was sent over one connection and is not confirmed yet."""

from __future__ import annotations

from collections import deque

from casuslog.recorded import Cursor


class Flight:
    """Cursors in the order in which they were sent. The broker confirms a number of them, from the first on.

    Args:
        after: up to where the log is confirmed; what is sent first follows it.
    """

    def __init__(self, after: Cursor) -> None:
        self.sent = after
        """The last that was sent."""
        self.confirmed = after
        """The last up to which all are confirmed."""
        self._waiting: deque[Cursor] = deque()
        self._count = 0

    def __len__(self) -> int:
        """How many are not confirmed."""
        return len(self._waiting)

    def add(self, cursor: Cursor) -> None:
        """One more was sent."""
        self._waiting.append(cursor)
        self.sent = cursor

    def confirm(self, count: int) -> int:
        """So many in all are confirmed; gives how many of them are new."""
        new = count - self._count
        for _ in range(new):
            self.confirmed = self._waiting.popleft()
        self._count = count
        return new
