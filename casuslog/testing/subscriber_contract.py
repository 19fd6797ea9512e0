"""What every subscriber meets sooner or later, asked of yours.

Subclass :class:`SubscriberContract` in a test module and say how your subscriber is opened::

    class TestOurs(SubscriberContract):
        def open(self, folder):
            return OurBooks(folder / "books.db")

It is opened in an empty folder; opened again in the same folder it has to know what it knew. The events are real: those
of a casus on :class:`casuslog.testing.platform.Platform`, which ``material`` gives; give others by overriding it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.subscribing import Received
from casuslog.testing.platform import Platform

GEMEENTE = "0086"
NEW_TYPE = "nl.overheid.wmo.iets-nieuws-gebeurd"


class Subscriber(Protocol):
    """What takes events and makes something of them."""

    def receive(self, event: Received) -> None:
        """Work one event in. It may raise where it cannot: then the event comes again."""

    def told(self) -> Any:
        """What it made of all events until now; compared by ``==``."""


class SubscriberContract:
    """The tests; see the module."""

    def open(self, folder: Path) -> Subscriber:
        """Your subscriber, with what it keeps in this folder."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def material(cls, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Received]:
        """Events in order of their number, with all that a subscription may show."""
        return _of_a_casus(tmp_path_factory.mktemp("material"))

    @pytest.fixture
    def subscriber(self, tmp_path: Path) -> Subscriber:
        """One that has received nothing."""
        return self.open(tmp_path)

    def test_it_makes_something_of_events(self, subscriber: Subscriber, material: Sequence[Received]) -> None:
        """Otherwise the other tests would compare nothing with nothing."""
        before = subscriber.told()
        self._all(subscriber, material)
        assert subscriber.told() != before

    def test_what_comes_twice_counts_once(self, subscriber: Subscriber, material: Sequence[Received]) -> None:
        """After a broken connection the same number comes again, with the same id."""
        for event in material:
            subscriber.receive(event)
            once = subscriber.told()
            subscriber.receive(event)
            assert subscriber.told() == once, event.type

    def test_all_again_changes_nothing(self, subscriber: Subscriber, material: Sequence[Received]) -> None:
        """A repetition that somebody asked for, from the first number on."""
        self._all(subscriber, material)
        once = subscriber.told()
        self._all(subscriber, material)
        assert subscriber.told() == once

    def test_an_empty_number_is_passed_over(self, subscriber: Subscriber, material: Sequence[Received]) -> None:
        """What may no longer be shown keeps its number, and says nothing else."""
        self._all(subscriber, material)
        once = subscriber.told()
        subscriber.receive(Received(nummer=material[-1].nummer + 1, ingehouden=True))
        assert subscriber.told() == once

    def test_an_event_type_that_is_new_is_passed_over(
        self, subscriber: Subscriber, material: Sequence[Received]
    ) -> None:
        """Types are added without a new version of the contract."""
        self._all(subscriber, material)
        once = subscriber.told()
        last = material[-1]
        attributes = {**last.attributes, "type": NEW_TYPE, "id": "015a3e8c-6e40-7000-8000-000000000001"}
        subscriber.receive(replace(last, nummer=last.nummer + 1, attributes=attributes, data={"iets": "nieuws"}))
        assert subscriber.told() == once

    def test_a_field_that_is_new_is_passed_over(self, tmp_path: Path, material: Sequence[Received]) -> None:
        """Fields are added with a default; who does not know them loses nothing."""
        (tmp_path / "zonder").mkdir()
        (tmp_path / "met").mkdir()
        without, grown = self.open(tmp_path / "zonder"), self.open(tmp_path / "met")
        self._all(without, material)
        self._all(
            grown, [one if one.data is None else replace(one, data={**one.data, "x_nieuw": 1}) for one in material]
        )
        assert grown.told() == without.told()

    def test_less_may_be_shown(self, subscriber: Subscriber, material: Sequence[Received]) -> None:
        """Rights are judged at each delivery: an event may come as its status, without data."""
        for event in material:
            subscriber.receive(replace(event, niveau="status", data=None))

    def test_it_goes_on_after_a_restart(self, tmp_path: Path, material: Sequence[Received]) -> None:
        """In the middle, with the last event once more: it had not been acknowledged."""
        (tmp_path / "aaneen").mkdir()
        (tmp_path / "herstart").mkdir()
        whole = self.open(tmp_path / "aaneen")
        self._all(whole, material)
        middle = len(material) // 2
        self._all(self.open(tmp_path / "herstart"), material[: middle + 1])
        again = self.open(tmp_path / "herstart")
        self._all(again, material[middle:])
        assert again.told() == whole.told()

    @staticmethod
    def _all(subscriber: Subscriber, events: Sequence[Received]) -> None:
        for event in events:
            subscriber.receive(event)


def _of_a_casus(folder: Path) -> list[Received]:
    beheerder = Caller("beheerder", GEMEENTE, "beheerder-1", (GEMEENTE,))
    team = Caller("wijkteam", GEMEENTE, "team-1", (GEMEENTE,))
    terms: dict[str, Any] = {
        "houdersoort": "oin",
        "houder": oin_of(GEMEENTE),
        "rol": "wijkteam",
        "gemeenten": [GEMEENTE],
        "doelbinding": "uitvoering_wmo",
        "grondslag": "Wmo 2015 art. 5.1.1",
        "profiel": "volledig",
    }
    with Platform(date(2017, 2, 15)) as platform:
        granted = platform.command("abonnement", "ken-abonnement-toe", beheerder, gemeente=GEMEENTE, **terms)
        platform.settle()
        for naam in ("A. de Vries", "B. Jansen"):
            platform.command("melding", "registreer-melding", team, gemeente=GEMEENTE, kanaal="telefoon", naam=naam)
            platform.settle()
        platform.clock.set(date(2017, 4, 10))
        platform.settle()
        with platform.subscribe(granted.casus, team, position=folder / "positie.db") as events:
            return list(events)


__all__ = ["Subscriber", "SubscriberContract"]
