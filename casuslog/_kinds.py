"""What can be asked of a service: kinds of command and question, and what a decision looks at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import Schema

from casuslog._asked import CASUS
from casuslog.envelope import Stream
from casuslog.events import Fact
from casuslog.readmodels import Policy
from casuslog.recorded import Aggregate
from casuslog.refusals import Refusals
from casuslog.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision looks at. ``inrichting`` and ``voorkennis`` are as the service's own readers made them;
    ``opgezocht`` is what the command looked up in the tables of its service.
    """

    state: Any
    command: Any
    inrichting: Any
    voorkennis: Any
    subject: str
    gemeente: str
    opgezocht: Any = None


Decide = Callable[[Situation], Sequence[Fact]]


def by_itself(decide: Callable[[Any, Any], Sequence[Fact]]) -> Decide:
    """A decision on state and command alone."""
    return lambda s: decide(s.state, s.command)


def by_policy(decide: Callable[[Any, Any, Any], Sequence[Fact]]) -> Decide:
    """A decision on state, command and inrichting."""
    return lambda s: decide(s.state, s.command, s.inrichting)


def by_knowledge(decide: Callable[[Any, Any, Any, Any], Sequence[Fact]]) -> Decide:
    """A decision on state, command, inrichting, and what is known from other services."""
    return lambda s: decide(s.state, s.command, s.inrichting, s.voorkennis)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What follows when a term runs out: ``decide`` gets the state, the day of today and the inrichting. Pure."""

    aggregate: Aggregate[Any]
    decide: Callable[[Any, date, Policy], Sequence[Fact]]


@dataclass(frozen=True, kw_only=True)
class CommandType:
    """A command that a service takes.

    ``decide`` is pure. ``begins``: the command starts a stream, so a casus id may be absent and is then made.
    ``subject_field``: the field of the body that names the subject of the stream. Another one than ``casus`` is a
    subject of its own (a signal, a dossier); a casus in the body then only says where the caller is involved.
    """

    name: str
    schema: Schema
    aggregate: Aggregate[Any]
    decide: Decide
    begins: bool = False
    subject_field: str = CASUS
    by_policy: bool = True
    """Whether the inrichting of the day decides along; not for the act that establishes one."""
    context: Callable[[Situation], Mapping[str, str | None]] = field(default=lambda _: {})
    lookup: Callable[[Transaction, Stream], Any] | None = None
    """What the decision needs beside the state: read in its transaction, of the tables of its service or its stream."""
    refusals: Refusals | None = None
    """How its refusals are recorded; usually they are answered and no more."""


@dataclass(frozen=True, kw_only=True)
class QuestionType:
    """A question that a service answers from an inrichting: it needs no casus and records nothing."""

    name: str
    schema: Schema
    answer: Callable[[Situation], Mapping[str, Any]]

    @property
    def subject_field(self) -> str:
        """A casus may be named; it plays no part."""
        return CASUS

    @property
    def begins(self) -> bool:
        """No casus is needed."""
        return True
