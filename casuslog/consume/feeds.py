"""Where a consumer fetches what it missed: the owner's own store, never the stream queue."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol

from casuslog.envelope import Stream
from casuslog.recorded import Cursor, StoredEvent

if TYPE_CHECKING:
    from casuslog.store import EventStore

PAGE = 500
"""Events that a feed hands over at a time, at most."""


class Feed(Protocol):
    """The log of one service as its owner hands it out: all gemeenten, final events only, in order.

    All raise :class:`~casuslog.errors.Unavailable` when the owner is away.
    """

    def stream(self, stream: Stream, *, after: int, limit: int = PAGE) -> list[StoredEvent]:
        """The events of one stream beyond sequence ``after``."""

    def log(self, *, after: Cursor, limit: int = PAGE) -> list[StoredEvent]:
        """The events beyond ``after``, each with its cursor."""

    def head(self) -> Cursor:
        """The horizon of the log now."""


class LocalFeed:
    """The feed of a store in the same process."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def stream(self, stream: Stream, *, after: int, limit: int = PAGE) -> list[StoredEvent]:
        return list(islice(self._store.read_stream(stream, after=after, limit=limit), limit))

    def log(self, *, after: Cursor, limit: int = PAGE) -> list[StoredEvent]:
        from casuslog.store import EVERY_GEMEENTE

        return self._store.read_log(EVERY_GEMEENTE, after=after, limit=limit)

    def head(self) -> Cursor:
        from casuslog.store import EVERY_GEMEENTE

        return self._store.head(EVERY_GEMEENTE)
