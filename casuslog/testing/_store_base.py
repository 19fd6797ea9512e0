"""What the cases of the store contract share: opening, appending, reading all, and working side by side."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from casuslog.envelope import Stream
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.testing._proef import context, counted, opened_with

OpenStore = Callable[..., EventStore]

PATIENCE = 20.0
"""Seconds after which something that must happen did not."""
A_MOMENT = 0.3
"""Seconds that a writer gets to prove that it is held up by another."""


def append(store: EventStore, where: Stream, expected: int, *numbers: int, **known: Any) -> list[StoredEvent]:
    """Append in a transaction of its own."""
    with store.transaction() as tx:
        return tx.append(where, expected, counted(*numbers, **known), context())


def log_of(store: EventStore, after: Cursor = START, limit: int = 100) -> list[StoredEvent]:
    """All that is final after a cursor, read in pages."""
    found: list[StoredEvent] = []
    while page := store.read_log(EVERY_GEMEENTE, after=after, limit=limit):
        found += page
        after = page[-1].cursor or START
    return found


def places(events: list[StoredEvent]) -> list[tuple[Stream, int]]:
    """Where events stand."""
    return [(event.envelope.stream, event.envelope.sequence) for event in events]


@contextmanager
def at_work(*acts: Callable[[], Any]) -> Iterator[None]:
    """Run these side by side while the body runs; whatever they raise is raised here."""
    failures: list[BaseException] = []

    def guarded(act: Callable[[], Any]) -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(PATIENCE)
    if failures:
        raise failures[0]
    assert not any(thread.is_alive() for thread in threads), f"still at work after {PATIENCE} s"


def meet(barrier: threading.Barrier) -> None:
    """Wait a moment for the other; a store with one writer at a time never lets them meet."""
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(A_MOMENT)


class StoreCases:
    """Cases that need a store."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """Overridden: opens the store of the service ``proef`` with the keywords it is given."""
        raise NotImplementedError("say how your store is opened")

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[EventStore]:
        """An empty store."""
        opened = open_store(**opened_with())
        yield opened
        opened.close()
