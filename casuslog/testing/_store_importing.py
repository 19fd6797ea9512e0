"""The store contract on importing: a history comes in once, whole and in order, as if recorded one by one."""

from __future__ import annotations

import threading

import pytest

from casuslog.errors import Conflict, InvalidInput
from casuslog.recorded import START, StoredEvent
from casuslog.store import EVERY_GEMEENTE, EventStore, History, Imported
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_base import OpenStore, StoreCases, append, at_work, log_of, places


def history(*numbers: int, gemeente: str = "0080") -> History:
    """What happened in a stream of its own."""
    return History(stream(gemeente), counted(*numbers), context(externereferentie='met "aanhaling" en \\ erin'))


class ImportCases(StoreCases):
    """Importing: the promises of an append, for many at once."""

    def test_an_imported_history_reads_as_a_recorded_one(self, store: EventStore) -> None:
        """Numbered without gaps, chained, readable, in the log in order, and each marked as imported."""
        told = [history(1, 2, 3), history(4, gemeente="0074"), history(*range(30))]
        assert store.import_history(told, part=3) == Imported(added=34)
        assert places(log_of(store)) == [(one.stream, n + 1) for one in told for n in range(len(one.facts))]
        assert list(store.verify(EVERY_GEMEENTE)) == []
        assert all(event.envelope.geimporteerd for event in log_of(store))
        with store.transaction() as tx:
            assert tx.load(COUNTED, told[2].stream) == (sum(range(30)), 30)
        append(store, told[0].stream, 3, 5)
        assert list(store.verify(EVERY_GEMEENTE)) == []

    def test_an_import_done_again_adds_nothing(self, store: EventStore) -> None:
        """What is in is passed over, also after it has gone on; a longer history adds its end."""
        told = [history(1, 2), history(3)]
        store.import_history(told)
        append(store, told[1].stream, 1, 9)
        assert store.import_history(told) == Imported(present=3)
        longer = told[0]._replace(facts=counted(1, 2, 7))
        assert store.import_history([longer, told[1]]) == Imported(added=1, present=3)
        with store.transaction() as tx:
            assert tx.load(COUNTED, longer.stream) == (10, 3)
        assert list(store.verify(EVERY_GEMEENTE)) == []

    def test_an_import_that_is_broken_off_goes_on(self, store: EventStore) -> None:
        """The parts before are in, whole; the part that failed is not; done again the rest comes in."""
        told = [history(n, n) for n in range(10)]
        broken = [*told[:7], history(1)._replace(context=context(externereferentie="999990342"))]
        with pytest.raises(InvalidInput):
            store.import_history(broken, part=4)
        before = len(log_of(store))
        assert before in {8, 12}
        assert store.import_history(told, part=4) == Imported(added=20 - before, present=before)
        assert sorted(places(log_of(store)), key=str) == sorted(
            [(one.stream, n) for one in told for n in (1, 2)], key=str
        )

    def test_history_does_not_go_before_what_was_recorded(self, store: EventStore) -> None:
        """A stream that was begun here is not imported, nor silently left out."""
        told = history(1, 2)
        append(store, told.stream, 0, 5)
        with pytest.raises(Conflict):
            store.import_history([told])
        assert store.version(told.stream) == 1

    def test_two_that_import_the_same_bring_it_in_once(self, store: EventStore, open_store: OpenStore) -> None:
        """Side by side, from two stores: each event once, each chain whole."""
        other = open_store(**{**opened_with(), "codec": store.codec})
        told = [history(n, n, n) for n in range(12)]
        outcomes: list[Imported] = []
        with at_work(*[lambda to=to: outcomes.append(to.import_history(told, part=6)) for to in (store, other)]):
            pass
        assert len(log_of(store)) == 36 == sum(outcome.added for outcome in outcomes)
        assert list(store.verify(EVERY_GEMEENTE)) == []
        other.close()

    def test_who_follows_the_log_misses_nothing_of_an_import(self, store: EventStore) -> None:
        """A reader that tails, while histories come in beside live appends: every event, once, streams in order."""
        told = [history(*range(5)) for _ in range(60)]
        live = [stream() for _ in range(40)]
        done = threading.Event()
        seen: list[StoredEvent] = []

        def follow() -> None:
            while not done.is_set():
                seen.extend(log_of(store, seen[-1].cursor or START if seen else START))
                done.wait(0.002)

        def record() -> None:
            for where in live:
                store.append(where, 0, counted(1), context())

        with at_work(follow):
            with at_work(record, lambda: store.import_history(told, part=20)):
                pass
            done.set()
        seen.extend(log_of(store, seen[-1].cursor or START if seen else START))
        assert seen == log_of(store)
        assert len(seen) == 340
