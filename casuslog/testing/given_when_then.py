"""Given these facts, when this is decided, then these facts follow, or it is refused: tests of *decide* and *evolve*.

A pure test needs no store, no broker and no clock::

    given(MELDING, geregistreerd).when(geef_melding_door, opdracht, inrichting).then(doorgegeven)
    given(MELDING).when(bevestig_melding, opdracht, inrichting).refused("casus_onbekend")

``docs/testen.md`` shows more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from casuslog.errors import Refused
from casuslog.events import DomainEvent, Fact
from casuslog.recorded import Aggregate

S = TypeVar("S")

Expected = Fact | DomainEvent | type[DomainEvent]
"""A fact with all that it says, an event whatever its day and rule, or only its type."""


@dataclass(frozen=True)
class Given(Generic[S]):
    """What had happened: an aggregate and its facts, in order."""

    aggregate: Aggregate[S]
    facts: tuple[Fact, ...]

    @property
    def state(self) -> S:
        """The folded state."""
        return self.aggregate.fold(self.facts)

    def when(self, decide: Callable[..., Sequence[Fact]], *arguments: Any, **named: Any) -> When[S]:
        """Decide upon that state: ``decide(state, *arguments)``."""
        try:
            yielded = tuple(decide(self.state, *arguments, **named))
        except Refused as refusal:
            return When(self, (), refusal)
        return When(self, yielded, None)

    def then_state(self, **expected: Any) -> Given[S]:
        """The folded state has these values; others are free."""
        wrong = {
            name: getattr(self.state, name) for name, value in expected.items() if getattr(self.state, name) != value
        }
        assert not wrong, f"the state has {wrong}, expected { ({name: expected[name] for name in wrong}) }"
        return self


@dataclass(frozen=True)
class When(Generic[S]):
    """What was decided: facts, or a refusal."""

    given: Given[S]
    facts: tuple[Fact, ...]
    refusal: Refused | None

    def then(self, *expected: Expected) -> Given[S]:
        """Exactly these facts follow, in this order; none for an empty list. Gives what holds now, to go on from."""
        assert self.refusal is None, f"refused: {self.refusal.reason} ({self.refusal.detail})"
        assert len(self.facts) == len(expected), f"expected {_names(expected)}, got {_names(self.facts)}"
        for found, wanted in zip(self.facts, expected, strict=True):
            assert _is(found, wanted), f"expected {wanted}, got {found}"
        return Given(self.given.aggregate, (*self.given.facts, *self.facts))

    def then_also(self, *expected: Expected) -> Given[S]:
        """At least these facts follow, in this order; others may stand between them."""
        assert self.refusal is None, f"refused: {self.refusal.reason} ({self.refusal.detail})"
        remaining = iter(self.facts)
        for wanted in expected:
            assert any(_is(found, wanted) for found in remaining), f"{wanted} is not in {_names(self.facts)}, in order"
        return Given(self.given.aggregate, (*self.given.facts, *self.facts))

    def refused(self, reason: str, *, kind: type[Refused] = Refused, mentions: Sequence[str] = ()) -> Refused:
        """It is refused for this reason, with a rule and a remedy; ``mentions`` stand in the text that people read."""
        assert self.refusal is not None, f"not refused, but {_names(self.facts)}"
        assert self.refusal.reason == reason, f"refused for {self.refusal.reason}, not for {reason}"
        assert isinstance(self.refusal, kind), f"{type(self.refusal).__name__} is no {kind.__name__}"
        assert self.refusal.rule, f"{reason} names no rule"
        assert self.refusal.remedy, f"{reason} says not what would be right"
        said = f"{self.refusal.detail} {self.refusal.rule} {self.refusal.remedy}"
        missing = [text for text in mentions if text not in said]
        assert not missing, f"{missing} not in: {said}"
        return self.refusal


def given(aggregate: Aggregate[S], *facts: Fact | DomainEvent, on: date | None = None) -> Given[S]:
    """What had happened. A bare event needs ``on``, the day on which it did."""
    return Given(aggregate, tuple(_fact(one, on) for one in facts))


def _fact(one: Fact | DomainEvent, on: date | None) -> Fact:
    if isinstance(one, Fact):
        return one
    if on is None:
        raise TypeError(f"on which day? Give Fact({type(one).__name__}(...), on=...), or on= for all")
    return Fact(one, on)


def _is(found: Fact, wanted: Expected) -> bool:
    if isinstance(wanted, type):
        return isinstance(found.data, wanted)
    if isinstance(wanted, Fact):
        return (found.data, found.on) == (wanted.data, wanted.on) and wanted.rule in ("", found.rule)
    return found.data == wanted


def _names(what: Sequence[Expected]) -> list[str]:
    return [
        (one if isinstance(one, type) else type(one.data if isinstance(one, Fact) else one)).__name__ for one in what
    ]
