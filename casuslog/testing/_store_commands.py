"""The store contract on commands: each is carried out once, however often it comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from casuslog.clock import SettableClock
from casuslog.errors import KeyReused
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction
from casuslog.testing._proef import COUNTED, DAY, context, counted, stream
from casuslog.testing._store_base import StoreCases, at_work

ANSWER: dict[str, Any] = {"gebeurtenissen": ["a", "b"], "versie": 2, "herhaald": False}


class CommandCases(StoreCases):
    """Idempotency keys, per gemeente and caller."""

    def test_a_repeat_gets_the_first_answer(self, store: EventStore) -> None:
        """An answer is kept in the transaction of its events and given again, as it was."""
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") is None
            tx.remember_command("0080", "p-17", "k", b"hash", ANSWER)
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") == ANSWER

    def test_another_body_under_the_same_key_is_an_error(self, store: EventStore) -> None:
        """A key stands for one body."""
        with store.transaction() as tx:
            tx.remember_command("0080", "p-17", "k", b"hash", ANSWER)
        with pytest.raises(KeyReused), store.transaction() as tx:
            tx.recall_command("0080", "p-17", "k", b"other")

    def test_keys_of_others_are_others(self, store: EventStore) -> None:
        """Another gemeente or caller may use the same key, and learns nothing of the first."""
        with store.transaction() as tx:
            tx.remember_command("0080", "p-17", "k", b"hash", ANSWER)
            assert tx.recall_command("0074", "p-17", "k", b"other") is None
            assert tx.recall_command("0080", "p-18", "k", b"other") is None
            tx.remember_command("0074", "p-17", "k", b"other", {})

    def test_the_same_command_twice_at_once_happens_once(self, store: EventStore) -> None:
        """Both find the key new; one carries it out, the other gets its answer."""
        where = stream()
        answers = []

        def carry_out(tx: Transaction) -> Any:
            earlier = tx.recall_command("0080", "p-17", "k", b"hash")
            if earlier is not None:
                return earlier
            _, version = tx.load(COUNTED, where)
            made = tx.append(where, version, counted(1), context())
            tx.remember_command("0080", "p-17", "k", b"hash", {"id": made[0].envelope.id})
            return {"id": made[0].envelope.id}

        with at_work(*[lambda: answers.append(store.run_transaction(carry_out, attempts=20))] * 4):
            pass
        assert [e.envelope.id for e in store.read_stream(where)] == [answers[0]["id"]]
        assert answers == [answers[0]] * 4

    def test_old_answers_can_be_forgotten(self, store: EventStore) -> None:
        """Answers of before a moment go, of the gemeenten named only; their keys are as new."""
        with store.transaction() as tx:
            for gemeente in ("0080", "0074"):
                tx.remember_command(gemeente, "p-17", "k", b"hash", ANSWER)
        given = SettableClock(DAY).now()
        assert store.forget_commands(EVERY_GEMEENTE, before=given) == 0
        assert store.forget_commands(["0080"], before=given + timedelta(seconds=1)) == 1
        with store.transaction() as tx:
            assert tx.recall_command("0080", "p-17", "k", b"hash") is None
            assert tx.recall_command("0074", "p-17", "k", b"hash") == ANSWER
