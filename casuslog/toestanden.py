"""The named states that a stream passes through, for who wants to know what may be done in which. Pure.

A service declares them with an example of each of its commands. A state is no entity of its own: it is what the fold
makes of a list of facts, most of them yielded by the commands themselves, so that it cannot drift away from the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from casuslog.codes import schemas_folder
from casuslog.commands import CommandType, Situation
from casuslog.envelope import Actor
from casuslog.errors import InvalidInput, Refused
from casuslog.events import Fact
from casuslog.recorded import Aggregate
from casuslog.rights.commands import CommandRights


def _gemeente(which: str) -> str:
    """A gemeentecode of the examples: no line of code knows a gemeente."""
    told = yaml.safe_load((schemas_folder() / "voorbeeld.yaml").read_text(encoding="utf-8"))
    return str(told["gemeenten"][which])


EIGEN, BESLUITENDE, ANDERE = map(_gemeente, ("eigen", "besluitende", "andere"))
"""The gemeente in which is acted, one that decides for it, and another."""
NAAM, VERSIE = "Voorbeeldgemeente", "voorbeeld@1"
"""Of the gemeente in which is acted: how refusals call it, and the version of its inrichting."""
SUBJECT = "015a3e8c-6e40-7000-8000-000000000001"

Stappen = tuple[str | Fact, ...]
"""How a state is reached from nothing: names of commands, given as their examples, and facts of others' making."""
Body = Mapping[str, Any]
Example = Body | Callable[[Any, Actor], Body]
"""The body of a command as it would come in, with its day (``op``); where it depends on them, of state and actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toestand:
    """A state that people have a word for.

    Attributes:
        naam: the word.
        na: how it is reached.
        weet: what is then known of other services, in words; empty: nothing that plays a part.
        voorkennis: the same, as the service's own reader makes it.
    """

    naam: str
    na: Stappen = ()
    weet: str = ""
    voorkennis: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Toestanden:
    """The states of one kind of stream, and what to try in each.

    Attributes:
        aggregate: how a state is folded.
        toestanden: in the order in which they are usually passed through.
        voorbeelden: of each command on this kind of stream, a body that would be right in some state.
        inrichting: of the example gemeente, as the service's own reader makes it.
        opgezocht: by command, what it would look up.
        organisaties: by role, for whom an actor works that does not work for the gemeente.
    """

    aggregate: Aggregate[Any]
    toestanden: tuple[Toestand, ...]
    voorbeelden: Mapping[str, Example]
    inrichting: Any = None
    opgezocht: Mapping[str, Any] = field(default_factory=dict)
    organisaties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one command in one state, by role.

    Attributes:
        ja: it is carried out.
        stil: it is taken and nothing follows: what was asked was so already.
        nee: it is refused, by which reason.
    """

    ja: tuple[str, ...]
    stil: tuple[str, ...]
    nee: Mapping[str, str]


class Unreachable(Exception):
    """A state is declared that its own steps do not reach; the text names the step and the refusal."""


class Trial:
    """Tries the commands of a service in the states of one kind of stream, through the decisions that it runs on.

    Args:
        service: its name.
        commands: its commands.
        states: the states.
        rights: which role may give which command.
    """

    def __init__(
        self, service: str, commands: Iterable[CommandType], states: Toestanden, rights: CommandRights
    ) -> None:
        self._service = service
        self._states = states
        self._rights = rights
        self.commands = {one.name: one for one in commands if one.aggregate.kind == states.aggregate.kind}

    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """By command and state, what comes of it.

        Raises:
            Unreachable: a state is not reached by its own steps.
            KeyError: a command has no example.
        """
        found = {}
        for toestand in self._states.toestanden:
            state = self.reached(toestand)
            for name in self.commands:
                found[name, toestand.naam] = self._outcome(name, state, toestand)
        return found

    def outcome(self, name: str, toestand: Toestand) -> Outcome:
        """What comes of one command in one state; raises as :meth:`outcomes`."""
        return self._outcome(name, self.reached(toestand), toestand)

    def reached(self, toestand: Toestand) -> Any:
        """The state itself."""
        state = self._states.aggregate.initial
        for step in toestand.na:
            facts = (step,) if isinstance(step, Fact) else self._carried_out(step, state, toestand)
            state = self._states.aggregate.fold(tuple(facts), state)
        return state

    def attempt(self, name: str, rol: str, state: Any, toestand: Toestand) -> Sequence[Fact]:
        """What the decision yields on the example of a command, given in this role.

        Raises:
            Refused: the domain says no.
        """
        kind, example = self.commands[name], self._states.voorbeelden[name]
        door = self._actor(rol)
        body = example(state, door) if callable(example) else example
        situation = Situation(
            state=state,
            command=replace(kind.schema.load(dict(body)), door=door),
            inrichting=self._states.inrichting,
            voorkennis=toestand.voorkennis,
            subject=SUBJECT,
            gemeente=EIGEN,
            opgezocht=self._states.opgezocht.get(name),
        )
        return kind.decide(situation)

    def roles(self, name: str) -> tuple[str, ...]:
        """The roles that may give a command at all."""
        right = self._rights.of(self._service, name)
        return () if right is None else right.rollen

    def _outcome(self, name: str, state: Any, toestand: Toestand) -> Outcome:
        ja: list[str] = []
        stil: list[str] = []
        nee = {}
        for rol in self.roles(name):
            try:
                (ja if self.attempt(name, rol, state, toestand) else stil).append(rol)
            except (Refused, InvalidInput) as refusal:
                nee[rol] = refusal.code
        return Outcome(tuple(ja), tuple(stil), nee)

    def _carried_out(self, name: str, state: Any, toestand: Toestand) -> Sequence[Fact]:
        why = "voor geen rol"
        for rol in self.roles(name):
            try:
                return self.attempt(name, rol, state, toestand)
            except Refused as refusal:
                why = refusal.reason
        raise Unreachable(f"{self._service}: toestand {toestand.naam} strandt op {name} ({why})")

    def _actor(self, rol: str) -> Actor:
        personal = rol in self._rights.namens or rol in ("inwoner", "budgethouder")
        return Actor(rol, None if personal else self._states.organisaties.get(rol, EIGEN), f"{rol}-1")


def never_accepted(outcomes: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """The commands that are carried out in none of these states: a state is missing, or a rule can never be met."""
    accepted = {name for (name, _), outcome in outcomes.items() if outcome.ja}
    return sorted({name for name, _ in outcomes} - accepted)


__all__ = [
    "ANDERE",
    "BESLUITENDE",
    "EIGEN",
    "NAAM",
    "VERSIE",
    "Outcome",
    "Stappen",
    "Toestand",
    "Toestanden",
    "Trial",
    "Unreachable",
    "never_accepted",
]
