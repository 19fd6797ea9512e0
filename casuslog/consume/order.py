"""First things first: an event that lacks its predecessor or its cause gets that fetched and handled before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from casuslog.consume.effects import Behind
from casuslog.consume.failures import CauseMissing
from casuslog.consume.feeds import PAGE, Feed
from casuslog.consume.items import Missing
from casuslog.recorded import StoredEvent

DEEPEST = 100
"""Causes of causes that are fetched for one event; more points at a circle."""

Commit = Callable[[StoredEvent], None]


class Failed(Exception):
    """An event that had to come first failed; the lane stands still because of it."""

    def __init__(self, stored: StoredEvent, error: Exception) -> None:
        super().__init__(str(stored.envelope.position))
        self.stored = stored
        self.error = error


def commit_in_order(stored: StoredEvent, commit: Commit, feeds: Mapping[str, Feed], depth: int = 0) -> None:
    """Commit ``stored``, after what must come before it.

    A cause in another casus is handled here and now as well: were it left to its own lane, two lanes could wait for
    each other. If that lane handles it at the same time, the inbox lets one of both through.

    Raises:
        Failed: what had to come first failed.
        CauseMissing: what must come first is not in the feed of its owner.
        Unavailable: the owner is away.
    """
    for _ in range(DEEPEST):
        try:
            commit(stored)
        except Behind as behind:
            _bring(behind.missing, commit, feeds, depth)
        else:
            return
    raise CauseMissing("wat vooraf moet gaan komt niet binnen bereik")


def _bring(missing: Missing, commit: Commit, feeds: Mapping[str, Feed], depth: int) -> None:
    if depth >= DEEPEST:
        raise CauseMissing("de oorzaken van deze gebeurtenis vormen een kring")
    for stored in _fetched(missing, feeds):
        try:
            commit_in_order(stored, commit, feeds, depth + 1)
        except Failed:
            raise
        except Exception as error:
            raise Failed(stored, error) from error


def _fetched(missing: Missing, feeds: Mapping[str, Feed]) -> list[StoredEvent]:
    limit = min(PAGE, missing.upto - missing.after)
    page = feeds[missing.service].stream(missing.stream, after=missing.after, limit=limit)
    found = [stored for stored in page if missing.after < stored.envelope.sequence <= missing.upto]
    if not found:
        what = "de oorzaak" if missing.cause else "een eerdere gebeurtenis van dezelfde stroom"
        raise CauseMissing(f"{what} staat niet in de feed van {missing.service}")
    return found
