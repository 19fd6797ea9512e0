"""How events of one transaction are handed to the methods that they concern."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from casuslog.consume.handlers import Concerned, Handler
from casuslog.consume.together import Together


class Methods:
    """Methods that note what they are given, by name."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def handler(self, name: str, *, projection: bool, batch: bool) -> Handler:
        """A handler whose calls are noted."""

        def call(told: Any, tx: Any) -> None:
            self.seen.append((name, [one.n for one in told] if batch else told.n))

        return Handler("bron", "*", call, projection=projection, batch=batch)


def handed(methods: Methods, *concerned: list[Handler]) -> list[tuple[str, Any]]:
    """What the methods saw of events 0, 1, ..., each with the handlers that it concerns."""
    together = Together(None)
    for n, handlers in enumerate(concerned):
        event: Any = SimpleNamespace(n=n)
        together.give(event, Concerned(handlers))
    together.flush()
    return methods.seen


def test_a_projection_gets_all_of_its_own_in_one_list() -> None:
    """A second projection that wants only some of the events does not break the list of the first."""
    methods = Methods()
    every = methods.handler("alles", projection=True, batch=True)
    some = methods.handler("enkele", projection=True, batch=True)
    seen = handed(methods, [every], [every, some], [every], [every, some])
    assert seen == [("alles", [0, 1, 2, 3]), ("enkele", [1, 3])]


def test_what_takes_events_one_by_one_sees_all_before_it_done() -> None:
    """Lists that wait are handed over first."""
    methods = Methods()
    model = methods.handler("model", projection=True, batch=True)
    reaction = methods.handler("reactie", projection=False, batch=False)
    assert handed(methods, [model], [model, reaction], [model]) == [
        ("model", [0]),
        ("reactie", 1),
        ("model", [1, 2]),
    ]


def test_of_other_methods_only_neighbours_go_together() -> None:
    """An effect never runs before its cause: lists of reactions end where another method is concerned."""
    methods = Methods()
    first = methods.handler("eerste", projection=False, batch=True)
    second = methods.handler("tweede", projection=False, batch=True)
    model = methods.handler("model", projection=True, batch=True)
    assert handed(methods, [first], [first], [second], [first], [model]) == [
        ("eerste", [0, 1]),
        ("tweede", [2]),
        ("eerste", [3]),
        ("model", [4]),
    ]
