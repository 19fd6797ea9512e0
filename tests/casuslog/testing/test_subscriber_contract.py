"""The contract for subscribers: one that keeps it passes, and each way to break it is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from casuslog.subscribing import Received
from casuslog.testing.subscriber_contract import SubscriberContract


class Books:
    """Counts meldingen per channel, each event once."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(path)
        self._conn.execute("CREATE TABLE IF NOT EXISTS melding (id TEXT PRIMARY KEY, kanaal TEXT)")

    def receive(self, event: Received) -> None:
        if event.type.endswith(".melding-geregistreerd"):
            kanaal = event.data["kanaal"] if event.data else None
            with self._conn:
                self._conn.execute("INSERT OR IGNORE INTO melding VALUES (?, ?)", (event.id, kanaal))

    def told(self) -> Any:
        return self._conn.execute("SELECT * FROM melding ORDER BY id").fetchall()


class Forgetful(Books):
    """Keeps nothing over a restart."""

    def __init__(self, path: Path) -> None:  # noqa: ARG002  # as its base
        super().__init__(Path(":memory:"))


class Twice(Books):
    """Counts what comes twice as two."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.count = 0

    def receive(self, event: Received) -> None:
        self.count += event.nummer > 0

    def told(self) -> Any:
        return self.count


class Strict(Books):
    """Does not know what it was not written for."""

    def receive(self, event: Received) -> None:
        if event.ingehouden or event.data is None or "x_nieuw" in event.data or "iets-nieuws" in event.type:
            raise KeyError(event.type)
        super().receive(event)


class Deaf(Books):
    """Makes nothing of anything."""

    def receive(self, event: Received) -> None:
        """Nothing."""


class TestBooks(SubscriberContract):
    """One that keeps the contract."""

    def open(self, folder: Path) -> Books:
        return Books(folder / "boeken.db")


@pytest.fixture(scope="module")
def events() -> Sequence[Received]:
    """Two meldingen."""
    kind = {"type": "nl.overheid.wmo.melding-geregistreerd"}
    return [
        Received(nummer=n, attributes={**kind, "id": f"id-{n}"}, niveau="volledig", data={"kanaal": "balie"})
        for n in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Forgetful, "test_it_goes_on_after_a_restart"),
        (Twice, "test_what_comes_twice_counts_once"),
        (Twice, "test_all_again_changes_nothing"),
        (Strict, "test_an_empty_number_is_passed_over"),
        (Strict, "test_an_event_type_that_is_new_is_passed_over"),
        (Strict, "test_a_field_that_is_new_is_passed_over"),
        (Strict, "test_less_may_be_shown"),
        (Deaf, "test_it_makes_something_of_events"),
    ],
)
def test_who_breaks_it_is_noticed(kind: type[Books], test: str, tmp_path: Path, events: Sequence[Received]) -> None:
    """By the test that says what was promised."""

    class Broken(SubscriberContract):
        def open(self, folder: Path) -> Books:
            return kind(folder / "boeken.db")

    contract = Broken()
    by_folder = test in ("test_it_goes_on_after_a_restart", "test_a_field_that_is_new_is_passed_over")
    with pytest.raises((AssertionError, KeyError)):
        getattr(contract, test)(tmp_path if by_folder else contract.open(tmp_path), events)
