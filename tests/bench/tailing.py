"""Readers that follow a log while it is written, each in a process of its own, as a relay is.

What a reader saw is compared with what was appended: a reader that skips one event has failed, however fast the rest.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from typing import Any, Self

from casuslog.recorded import START
from casuslog.store import Tail
from casuslog.store._engine import make_engine
from tests.bench.material import SERVICE
from tests.bench.peers_postgres import BareTail

PAGE = 500
POLL_SECONDS = 0.01
"""Between two looks when there is nothing new."""
PATIENCE = 60.0

Place = tuple[str, int]
"""Where an event stands: the id of its stream, and its version."""
Follow = Callable[[], list[Place]]
"""Gives the places of the next page, going on where it was."""


def follow_casuslog(url: str) -> Follow:
    """By the cursor of the relay: era, transaction, position; up to the horizon."""
    tail = Tail(make_engine(url, SERVICE))
    cursor = START

    def following() -> list[Place]:
        nonlocal cursor
        page = tail.page(cursor, PAGE)
        cursor = page[-1].cursor if page else cursor
        return [(one.attributes["subject"], int(one.attributes["sequence"])) for one in page]

    return following


def follow_bare(url: str) -> Follow:
    """The same order by bare SQL, the rows as the driver gives them."""
    return BareTail(url, PAGE).page


def follow_eventsourcing(url: str) -> Follow:
    """By its notification log, as its documentation says: on from the last number that was seen."""
    from tests.bench.peers_eventsourcing import recorder_at

    recorder, last = recorder_at(url), 0

    def following() -> list[Place]:
        nonlocal last
        page = recorder.select_notifications(last + 1, PAGE)
        last = page[-1].id if page else last
        return [(str(one.originator_id), one.originator_version) for one in page]

    return following


class Reader(AbstractContextManager["Reader"]):
    """A reader in a process of its own. It rests but for :meth:`awake`, so that it costs other sides nothing.

    Args:
        follow: makes what reads, in that process.
        url: of the database.
    """

    def __init__(self, follow: Callable[[str], Follow], url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._wire, theirs = context.Pipe()
        self._process = context.Process(target=_read, args=(theirs, follow, url), daemon=True)
        self._process.start()
        assert self._wire.recv() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.send("end")
        self._process.join(PATIENCE)
        self._wire.close()

    def awake(self, work: Callable[[], float], count: Callable[[], int]) -> float:
        """Do the work while the reader follows, and let it catch up to ``count()`` events afterwards."""
        self._wire.send("go")
        try:
            return work()
        finally:
            self._wire.send(("until", count()))
            self._wire.recv()

    def missed(self, appended: Iterable[Place]) -> int:
        """How many of these it did not see, and how many it saw twice or before an earlier one of their stream."""
        self._wire.send("tell")
        seen: list[Place] = self._wire.recv()
        times = Counter(seen)
        missing = sum(times[place] == 0 for place in appended)
        last: dict[str, int] = {}
        disordered = 0
        for stream, version in seen:
            disordered += version != last.get(stream, 0) + 1
            last[stream] = version
        return missing + disordered


def _read(wire: Connection, follow: Callable[[str], Follow], url: str) -> None:
    page = follow(url)
    seen: list[Place] = []
    wire.send("ready")
    following = False
    while True:
        if not following or wire.poll():
            said: Any = wire.recv()
            if said == "end":
                return
            if said == "tell":
                wire.send(seen)
            elif said == "go":
                following = True
            else:
                _catch_up(page, seen, said[1])
                wire.send(len(seen))
                following = False
            continue
        found = page()
        seen += found
        if len(found) < PAGE:
            time.sleep(POLL_SECONDS)


def _catch_up(page: Follow, seen: list[Place], count: int) -> None:
    ends = time.monotonic() + PATIENCE
    while len(seen) < count and time.monotonic() < ends:
        found = page()
        seen += found
        if not found:
            if ends - time.monotonic() > 5:
                ends = time.monotonic() + 5  # nothing more comes: what is missing is missed
            time.sleep(POLL_SECONDS)
