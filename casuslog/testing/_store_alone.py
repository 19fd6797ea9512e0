"""The store contract on an append that is a transaction of its own, with the answer to its command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from casuslog.errors import Conflict, InvalidInput, KeyReused, StoreError
from casuslog.recorded import StoredEvent
from casuslog.store import EVERY_GEMEENTE, Command, EventStore
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_base import OpenStore, StoreCases, append, at_work, log_of


def command(key: str = "k", body_hash: bytes = b"hash") -> Command:
    """A command whose answer names its events."""
    return Command(caller="p-17", key=key, body_hash=body_hash, answer=_answer)


class AloneCases(StoreCases):
    """One call, one transaction: the same promises as within a larger one."""

    def test_an_append_of_its_own_gives_what_is_read_back(self, store: EventStore) -> None:
        """Events in the order of the facts, chained to those before them, whoever appended those."""
        where = stream()
        made = [*store.append(where, 0, counted(1, 2), context()).events, *append(store, where, 2, 3)]
        made += store.append(where, 3, counted(4), context()).events
        assert list(store.read_stream(where)) == made == log_of(store)
        assert [event.envelope.sequence for event in made] == [1, 2, 3, 4]
        assert list(store.verify(EVERY_GEMEENTE)) == []
        assert store.append(where, 4, [], context()).events == []

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_an_append_of_its_own_meets_a_conflict(self, store: EventStore, expected: int) -> None:
        """Upon another version than the present one nothing is kept, neither events nor the key of the command."""
        where = stream()
        append(store, where, 0, 1, 2)
        with pytest.raises(Conflict) as refused:
            store.append(where, expected, counted(3), context(), command=command())
        assert (refused.value.expected, refused.value.actual) == (expected, 2)
        assert store.version(where) == 2
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") is None

    def test_a_repeated_command_gets_its_first_answer(self, store: EventStore) -> None:
        """The answer is kept with the events; a repeat gets it and appends nothing, whatever version it names."""
        where = stream()
        first = store.append(where, 0, counted(1), context(), command=command())
        assert (first.answer, first.repeated) == (_answer(first.events), False)
        for expected in (0, 1):
            again = store.append(where, expected, counted(1), context(), command=command())
            assert (again.answer, again.events, again.repeated) == (first.answer, (), True)
        assert store.version(where) == 1

    def test_a_key_stands_for_one_body(self, store: EventStore) -> None:
        """Another body under the key is an error; another gemeente's key is another key."""
        store.append(stream(), 0, counted(1), context(), command=command())
        with pytest.raises(KeyReused):
            store.append(stream(), 0, counted(1), context(), command=command(body_hash=b"other"))
        store.append(stream("0074"), 0, counted(1), context(), command=command(body_hash=b"other"))
        assert len(log_of(store)) == 2

    def test_the_same_command_at_once_is_carried_out_once(self, store: EventStore) -> None:
        """Of many that bring the same command one appends; the others get its answer."""
        where, answers = stream(), []

        def bring() -> None:
            while True:
                try:
                    answers.append(store.append(where, 0, counted(1), context(), command=command()).answer)
                except Conflict:
                    continue
                return

        with at_work(*[bring] * 6):
            pass
        assert store.version(where) == 1
        assert answers == [answers[0]] * 6

    def test_who_loses_reads_and_decides_anew(self, store: EventStore, open_store: OpenStore) -> None:
        """Two stores on one database, taking turns and side by side: no version twice, one chain."""
        other, where = open_store(**{**opened_with(), "codec": store.codec}), stream()
        for version in range(4):
            (store if version % 2 else other).append(where, version, counted(1), context())

        def add(to: EventStore) -> None:
            while True:
                try:
                    to.append(where, to.version(where), counted(1), context())
                except Conflict:
                    continue
                return

        with at_work(*[lambda to=to: add(to) for to in (store, other) * 4]):
            pass
        with store.transaction() as tx:
            assert tx.load(COUNTED, where) == (12, 12)
        assert list(store.verify(EVERY_GEMEENTE)) == []
        other.close()

    def test_an_append_of_its_own_is_checked_too(self, store: EventStore) -> None:
        """What breaks the profile, or has no owner, is refused before anything is kept."""
        with pytest.raises(InvalidInput):
            store.append(stream(), 0, counted(1), context(externereferentie="999990342"))
        with pytest.raises(InvalidInput):
            store.append(stream(""), 0, counted(1), context())
        assert log_of(store) == []

    def test_an_append_of_its_own_is_no_part_of_another_transaction(self, store: EventStore) -> None:
        """It would commit by itself, whatever became of the transaction around it: refused."""
        with pytest.raises(StoreError), store.transaction():
            store.append(stream(), 0, counted(1), context())
        assert log_of(store) == []

    def test_an_append_of_its_own_wakes_who_waits(self, store: EventStore) -> None:
        """Once per append that kept something, after it is committed."""
        woken: list[int] = []
        store.when_appended(lambda: woken.append(len(log_of(store))))
        where = stream()
        store.append(where, 0, counted(1), context(), command=command())
        store.append(where, 0, counted(1), context(), command=command())
        assert woken == [1]


def _answer(events: Sequence[StoredEvent]) -> dict[str, Any]:
    return {"gebeurtenissen": [event.envelope.id for event in events]}
