"""The store contract on appending and versions."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta

import pytest

from casuslog.clock import SettableClock
from casuslog.errors import Conflict, InvalidInput, KeyReused, StoreError
from casuslog.recorded import START
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction
from casuslog.testing._proef import COUNTED, DAY, context, counted, opened_with, stream
from casuslog.testing._store_base import OpenStore, StoreCases, append, at_work, log_of, meet


class AppendCases(StoreCases):
    """Appending: what is kept, what is refused, and who wins."""

    def test_an_append_gives_what_is_read_back(self, store: EventStore) -> None:
        """What append returns is what the stream and the log hold: envelope, body, hashes and cursor."""
        where = stream()
        made = append(store, where, 0, 1, 2) + append(store, where, 2, 3)
        assert list(store.read_stream(where)) == made
        assert log_of(store) == made
        assert [e.envelope.sequence for e in made] == [1, 2, 3]

    def test_the_state_is_the_fold_of_the_stream(self, store: EventStore) -> None:
        """Load folds every event, also those of this very transaction, and gives the version to append at."""
        where = stream()
        append(store, where, 0, 1, 2)
        with store.transaction() as tx:
            tx.append(where, 2, counted(39), context())
            assert tx.load(COUNTED, where) == (42, 3)
        assert store.version(where) == 3

    def test_a_stream_that_does_not_exist_is_empty(self, store: EventStore) -> None:
        """Reading what was never written gives the empty state at version 0."""
        with store.transaction() as tx:
            assert tx.load(COUNTED, stream()) == (0, 0)
            assert tx.append(stream(), 0, [], context()) == []
        assert store.head(EVERY_GEMEENTE) == START

    def test_the_envelope_says_who_when_and_why(self, store: EventStore) -> None:
        """Context and clock fill the envelope; what the fact determines itself goes before the context."""
        facts = counted(1, rule="Awb 4:15", attributes={"titel": "mandaat"}, corrects=context().causationid)
        known = context(titel="eigen", thema="beschermd_wonen")
        with store.transaction() as tx:
            [made] = tx.append(stream("0086"), 0, facts, known)
        envelope = made.envelope
        assert (envelope.titel, envelope.thema, envelope.grondslag) == ("mandaat", "beschermd_wonen", "Awb 4:15")
        assert envelope.source == "urn:nld:oin:00000099000000000086:systeem:proef"
        assert (envelope.feitdatum, envelope.time) == (DAY, SettableClock(DAY).now())
        assert (envelope.causationid, envelope.corrigeert) == (known.causationid, facts[0].corrects)

    def test_a_fact_of_tomorrow_is_refused(self, store: EventStore) -> None:
        """Facts lie in the past or on the present day in the Netherlands; nothing of the append is kept."""
        with pytest.raises(InvalidInput) as refused, store.transaction() as tx:
            tx.append(stream(), 0, counted(1) + counted(1, on=DAY + timedelta(days=1)), context())
        assert "feitdatum" in refused.value.errors
        assert log_of(store) == []

    def test_what_breaks_the_profile_is_refused(self, store: EventStore) -> None:
        """No event is kept that intermediaries may not carry."""
        with pytest.raises(InvalidInput), store.transaction() as tx:
            tx.append(stream(), 0, counted(1), context(externereferentie="999990342"))
        assert log_of(store) == []

    def test_a_transaction_that_fails_leaves_nothing(self, store: EventStore) -> None:
        """Events, read models and answers of a transaction are kept together or not at all."""
        where = stream()

        def fail(tx: Transaction) -> None:
            tx.append(where, 0, counted(1), context())
            tx.remember_command("0080", "p-17", "k", b"hash", {})
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.run_transaction(fail)
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") is None
        assert store.version(where) == 0

    def test_a_transaction_within_a_transaction_is_refused(self, store: EventStore) -> None:
        """It would wait for itself."""
        with pytest.raises(StoreError), store.transaction(), store.transaction():
            pass

    def test_what_was_appended_is_there_after_a_restart(self, store: EventStore, open_store: OpenStore) -> None:
        """A store that is opened again goes on where it was."""
        where = stream()
        made = append(store, where, 0, 1)
        store.close()
        again = open_store(**opened_with())
        assert list(again.read_stream(where)) == made
        append(again, where, 1, 2)
        assert list(again.verify(EVERY_GEMEENTE)) == []
        again.close()

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_another_version_than_expected_is_a_conflict(self, store: EventStore, expected: int) -> None:
        """A decision upon another version than the present one is refused, and told both."""
        where = stream()
        append(store, where, 0, 1, 2)
        with pytest.raises(Conflict) as refused:
            append(store, where, expected, 3)
        assert (refused.value.expected, refused.value.actual) == (expected, 2)
        assert store.version(where) == 2

    def test_of_two_that_decide_upon_the_same_version_one_wins(self, store: EventStore) -> None:
        """Both read version 0; the second to write gets a conflict with the present version."""
        where, both_read, lost = stream(), threading.Barrier(2), []

        def write() -> None:
            try:
                with store.transaction() as tx:
                    _, version = tx.load(COUNTED, where)
                    meet(both_read)
                    tx.append(where, 0 if version else version, counted(1), context())
            except Conflict as conflict:
                lost.append((conflict.expected, conflict.actual))

        with at_work(write, write):
            pass
        assert lost == [(0, 1)]
        assert store.version(where) == 1

    def test_who_loses_decides_anew(self, store: EventStore) -> None:
        """Eight writers on one stream, each deciding anew when another was first: all get in, none twice."""
        where = stream()

        def add(tx: Transaction) -> None:
            _, version = tx.load(COUNTED, where)
            tx.append(where, version, counted(1), context())

        with at_work(*[lambda: store.run_transaction(add, attempts=50)] * 8):
            pass
        with store.transaction() as tx:
            assert tx.load(COUNTED, where) == (8, 8)

    def test_retrying_ends(self, store: EventStore) -> None:
        """After the last attempt the conflict is the caller's; another body under a key is never tried again."""
        tried = itertools.count(1)

        def lose(_: Transaction) -> None:
            raise (Conflict if next(tried) < 4 else KeyReused)("lost")

        with pytest.raises(Conflict):
            store.run_transaction(lose, attempts=3)
        assert next(tried) == 4
        with pytest.raises(KeyReused):
            store.run_transaction(lose, attempts=3)
        assert next(tried) == 6
