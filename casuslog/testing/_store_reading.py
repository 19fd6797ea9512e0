"""The store contract on reading: order, pages, the wall between tenants, and never skipping what commits late."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Sequence
from functools import partial

import pytest

from casuslog.clock import SettableClock
from casuslog.envelope import Stream
from casuslog.errors import Conflict, InvalidInput
from casuslog.recorded import START, StoredEvent
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction
from casuslog.testing._proef import COUNTED, DAY, context, counted, stream
from casuslog.testing._store_base import A_MOMENT, PATIENCE, StoreCases, append, at_work, log_of, places

WRITERS = 8
WRITING_SECONDS = 1.0


class ReadCases(StoreCases):
    """Reading: everything, once, in order; and only of those one may read."""

    def test_a_stream_is_read_from_a_version_up_to_a_limit(self, store: EventStore) -> None:
        """``after`` and ``limit`` cut a stream; more events than a page holds come out all the same."""
        where = stream()
        made = append(store, where, 0, *range(1, 1101))
        assert list(store.read_stream(where)) == made
        assert list(store.read_stream(where, after=498, limit=503)) == made[498:1001]
        assert list(store.read_stream(where, after=1100)) == []
        assert list(store.read_stream(where, limit=0)) == []

    def test_the_log_is_read_on_from_a_cursor(self, store: EventStore) -> None:
        """Pages of any size, each from the cursor of the last event before, together are the log."""
        made = [event for n in range(7) for event in append(store, stream(), 0, *range(n + 1))]
        assert log_of(store, limit=3) == made
        assert store.head(EVERY_GEMEENTE) == made[-1].cursor
        assert store.read_log(EVERY_GEMEENTE, after=store.head(EVERY_GEMEENTE)) == []
        cursors = [event.cursor for event in made if event.cursor]
        assert cursors == sorted(set(cursors))

    def test_an_event_that_commits_late_is_not_skipped(self, store: EventStore) -> None:
        """A writes first and commits last, B in between: a tailing reader sees A, then B, and B never alone."""
        late, early = stream(), stream()
        written, release = threading.Event(), threading.Event()
        seen: list[StoredEvent] = []

        def commit_late() -> None:
            with store.transaction() as tx:
                tx.append(late, 0, counted(1), context())
                written.set()
                assert release.wait(PATIENCE)

        def commit_early() -> None:
            assert written.wait(PATIENCE)
            append(store, early, 0, 1)

        with at_work(commit_late, commit_early):
            assert written.wait(PATIENCE)
            _tail(store, seen, seconds=A_MOMENT)
            assert seen == []
            release.set()
            _tail(store, seen, until=2)
        assert places(seen) == [(late, 1), (early, 1)]

    def test_an_early_transaction_cannot_append_late(self, store: EventStore) -> None:
        """B takes its id, A commits version 1, B appends version 2: B loses, writes anew, and 2 sorts after 1."""
        where, begun, first = stream(), threading.Event(), threading.Event()
        attempts = []

        def follow(tx: Transaction) -> None:
            attempts.append(tx)
            tx.remember_command("0080", "p-17", "k", b"hash", {"n": len(attempts)})
            begun.set()
            first.wait(A_MOMENT if len(attempts) == 1 else PATIENCE)
            tx.append(where, 1, counted(2), context())

        def lead() -> None:
            assert begun.wait(PATIENCE)
            append(store, where, 0, 1)
            first.set()

        with at_work(lead, lambda: store.run_transaction(follow, attempts=20)):
            pass
        assert places(log_of(store)) == [(where, 1), (where, 2)]
        assert len(attempts) > 1
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") == {"n": len(attempts)}

    def test_a_tailing_reader_misses_nothing_of_many_writers(self, store: EventStore) -> None:
        """Eight writers on own and shared streams; the reader has every event once, each stream in its order."""
        shared, done = stream(), threading.Event()
        written: list[StoredEvent] = []
        seen: list[StoredEvent] = []
        ends = time.monotonic() + WRITING_SECONDS

        def write() -> None:
            own = stream()
            while time.monotonic() < ends:
                where = shared if random.random() < 0.2 else own  # noqa: S311  # no secret
                alone = random.random() < 0.5  # noqa: S311  # no secret
                written.extend(
                    _add_one(store, where) if alone else store.run_transaction(partial(_add_some, where), attempts=200)
                )
                time.sleep(0)  # greenthreads only take turns where one waits

        def read() -> None:
            while not done.is_set():
                _tail(store, seen)
                time.sleep(0.001)

        with at_work(read):
            with at_work(*[write] * WRITERS):
                pass
            done.set()
        _tail(store, seen)
        assert sorted(places(seen), key=str) == sorted(places(written), key=str)
        assert seen == log_of(store)
        for where in {event.envelope.stream for event in seen}:
            versions = [e.envelope.sequence for e in seen if e.envelope.stream == where]
            assert versions == list(range(1, len(versions) + 1))

    def test_gemeenten_are_apart(self, store: EventStore) -> None:
        """The same casus in two gemeenten is two streams; nobody reads the other's by any call."""
        mine = stream("0080")
        other = Stream("0074", mine.kind, mine.id)
        here, there = append(store, mine, 0, 1), append(store, other, 0, 2, 3)
        assert list(store.read_stream(mine)) == here
        assert list(store.read_stream(other)) == there
        assert store.read_log(["0080"]) == here
        assert store.read_log({"0074"}) == there
        assert store.read_log(["0080", "0074"]) == here + there == log_of(store)
        assert store.read_log(["0059"]) == []
        assert (store.head(["0080"]), store.head(["0059"])) == (here[-1].cursor, START)
        with store.transaction() as tx:
            assert tx.load(COUNTED, mine) == (1, 1)
            assert tx.load(COUNTED, other) == (5, 2)

    def test_no_reading_without_a_gemeente(self, store: EventStore) -> None:
        """Whoever reads names gemeenten, or says in so many words that every one is meant."""
        append(store, stream(), 0, 1)
        nowhere = Stream("", COUNTED.kind, stream().id)
        with pytest.raises(InvalidInput):
            store.read_log([])
        with pytest.raises(TypeError):
            store.read_log("0080")
        with pytest.raises(InvalidInput):
            store.head(())
        with pytest.raises(InvalidInput):
            list(store.verify([]))
        with pytest.raises(InvalidInput):
            store.forget_commands([], before=SettableClock(DAY).now())
        with pytest.raises(InvalidInput):
            list(store.read_stream(nowhere))
        with pytest.raises(InvalidInput):
            append(store, nowhere, 0, 1)


def _tail(store: EventStore, seen: list[StoredEvent], *, until: int = 0, seconds: float = 0.0) -> None:
    """Read on from the last one seen, once, and then until so many are seen or so many seconds have passed."""
    ends = time.monotonic() + (PATIENCE if until else seconds)
    while True:
        last = seen[-1].cursor if seen else None
        seen += store.read_log(EVERY_GEMEENTE, after=last or START)
        if time.monotonic() >= ends or (until and len(seen) >= until):
            return
        time.sleep(0.01)


def _add_one(store: EventStore, where: Stream) -> Sequence[StoredEvent]:
    while True:
        with contextlib.suppress(Conflict):
            return store.append(where, store.version(where), counted(1), context()).events


def _add_some(where: Stream, tx: Transaction) -> list[StoredEvent]:
    _, version = tx.load(COUNTED, where)
    return tx.append(where, version, counted(*range(random.randint(1, 4))), context())  # noqa: S311  # no secret
