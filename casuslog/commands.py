"""One command through its whole path: who may, what was asked, which inrichting holds, decide, append, answer.

A command is idempotent: its key and the hash of its body commit with its events, so that a repeat gets the first answer
and another body under the same key is an error. Keys are scoped to (gemeente, service, caller) and kept as long as the
store; a refusal is not kept, so that a repeat after the mend is judged anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError

from casuslog.caller import Caller
from casuslog.clock import Clock, today
from casuslog.codes import gemeente as gemeente_of
from casuslog.consume import timers
from casuslog.envelope import Position, Stream
from casuslog.errors import Conflict, InvalidInput, NotFound
from casuslog.events import DomainEvent, Fact
from casuslog.identifiers import is_uuid, new_id
from casuslog.readmodels import InvolvementRegister, KnownEvents, Policies, Policy
from casuslog.recorded import Aggregate, Context, RecordedEvent, StoredEvent
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.store import EventStore, Transaction
from casuslog.termijnen.events import TermijnGehaald, TermijnGestart, TermijnHervat, TermijnOpgeschort, TermijnVervallen


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision looks at. ``inrichting`` and ``voorkennis`` are as the service's own readers made them."""

    state: Any
    command: Any
    inrichting: Any
    voorkennis: Any
    subject: str
    gemeente: str


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
    ``own_subject``: the stream has a subject of its own that is not the casus (a signal, a dossier).
    """

    name: str
    schema: Schema
    aggregate: Aggregate[Any]
    decide: Decide
    begins: bool = False
    own_subject: bool = False
    by_policy: bool = True
    """Whether the inrichting of the day decides along; not for the act that establishes one."""
    context: Callable[[Situation], Mapping[str, str | None]] = field(default=lambda _: {})


@dataclass(frozen=True, kw_only=True)
class QuestionType:
    """A question that a service answers from an inrichting: it needs no casus and records nothing."""

    name: str
    schema: Schema
    answer: Callable[[Situation], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCall:
    """A command as it was called. ``if_match`` is the version of the stream that the caller has seen."""

    name: str
    body: Mapping[str, Any]
    caller: Caller
    key: str | None = None
    if_match: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What every command answers: where its effect stands, so that it can be read back or awaited elsewhere."""

    casus: str
    gebeurtenissen: tuple[str, ...]
    versie: int
    positie: str
    herhaald: bool = False

    def as_json(self) -> dict[str, Any]:
        """As the edge shows it."""
        return {
            "casus": self.casus,
            "gebeurtenissen": list(self.gebeurtenissen),
            "versie": self.versie,
            "positie": self.positie,
            "herhaald": self.herhaald,
        }


@dataclass(frozen=True, kw_only=True)
class Readers:
    """How a service reads what others said: its section of a beleid, and its foreign events. Both pure."""

    inrichting: Callable[[Policy], Any] = lambda policy: policy
    voorkennis: Callable[[Sequence[RecordedEvent]], Any] = lambda _: None


class CommandPath:
    """The commands of one service."""

    def __init__(
        self,
        store: EventStore,
        types: Sequence[CommandType],
        questions: Sequence[QuestionType],
        clock: Clock,
        readers: Readers,
        known: KnownEvents,
    ) -> None:
        self._store = store
        self._types = {t.name: t for t in types}
        self._questions = {q.name: q for q in questions}
        self._clock = clock
        self._readers = readers
        self._known = known
        self._policies = Policies()

    @property
    def names(self) -> list[str]:
        """The commands that it takes."""
        return sorted(self._types)

    def ask(self, call: CommandCall) -> Mapping[str, Any]:
        """Answer a question; it records nothing.

        Raises:
            NotFound: no such question.
            InvalidInput: a field breaks a rule.
            Refused: the inrichting has no answer.
        """
        question = self._questions.get(call.name)
        if question is None:
            raise NotFound(f"Vraag {call.name!r} bestaat hier niet. Wel: {', '.join(sorted(self._questions))}.")
        ask = _Ask.read(call, question, today(self._clock))
        with self._store.transaction() as tx:
            policy = self._policies.on(tx.conn, ask.gemeente, ask.op)
        situation = Situation(
            state=None,
            command=ask.command,
            inrichting=self._readers.inrichting(policy),
            voorkennis=None,
            subject=ask.subject,
            gemeente=ask.gemeente,
        )
        return {"inrichting": policy.versie, **question.answer(situation)}

    def run(self, call: CommandCall) -> Answer:
        """Carry out a command.

        Raises:
            NotFound: no such command, or no such casus for this caller.
            InvalidInput: a field breaks a rule.
            Refused: the domain says no.
            Conflict: ``if_match`` names another version than the present one.
            KeyReused: the key was used for another body.
        """
        kind = self._types.get(call.name)
        if kind is None:
            raise NotFound(f"Opdracht {call.name!r} bestaat hier niet. Wel: {', '.join(self.names)}.")
        ask = _Ask.read(call, kind, today(self._clock))
        try:
            return self._store.run_transaction(lambda tx: self._carry_out(tx, call, kind, ask))
        except _Stale as stale:
            # Raised past run_transaction, which takes a Conflict for a lost race and would try again.
            raise Conflict(
                f"De stroom staat op versie {stale.version}, niet op {call.if_match}. Lees opnieuw en beslis opnieuw.",
                expected=call.if_match,
                actual=stale.version,
            ) from None

    def _carry_out(self, tx: Transaction, call: CommandCall, kind: CommandType, ask: _Ask) -> Answer:
        if call.key is not None:
            earlier = tx.recall_command(ask.gemeente, call.caller.id, call.key, ask.digest)
            if earlier is not None:
                return replace(Answer(**{**earlier, "gebeurtenissen": tuple(earlier["gebeurtenissen"])}), herhaald=True)
        self._check_access(tx, call.caller, ask)
        stream = Stream(ask.gemeente, kind.aggregate.kind, ask.subject)
        state, version = tx.load(kind.aggregate, stream)
        if call.if_match is not None and call.if_match != version:
            raise _Stale(version)
        policy = self._policies.on(tx.conn, ask.gemeente, ask.op) if kind.by_policy else None
        known = self.events_known(tx, ask.gemeente, ask.subject, ask.op)
        situation = Situation(
            state=state,
            command=ask.command,
            inrichting=None if policy is None else self._readers.inrichting(policy),
            voorkennis=self._readers.voorkennis(known),
            subject=ask.subject,
            gemeente=ask.gemeente,
        )
        facts = kind.decide(situation)
        context = self._context(call, ask, {**_lasting(known), **kind.context(situation)}, policy)
        answer = self._append(tx, stream, version, facts, context)
        if call.key is not None:
            tx.remember_command(ask.gemeente, call.caller.id, call.key, ask.digest, answer.as_json())
        return answer

    def _append(self, tx: Transaction, stream: Stream, version: int, facts: Sequence[Fact], context: Context) -> Answer:
        stored = append(tx, stream, version, facts, context)
        last = version + len(stored)
        return Answer(
            casus=stream.id,
            gebeurtenissen=tuple(s.envelope.id for s in stored),
            versie=last,
            positie=str(Position(self._store.service, stream, last)),
        )

    def events_known(self, tx: Transaction, gemeente: str, subject: str, on: date) -> list[RecordedEvent]:
        """What others said of a casus: in streams of this gemeente, and of those that recorded it as involved."""
        involved = InvolvementRegister.of(tx.conn, subject, on)
        granted = {i.gemeente for i in involved if i.organisatie == gemeente}
        return list(self._known.of(tx.conn, subject, sorted(granted | {gemeente}), purpose="besluitvorming"))

    def voorkennis(self, tx: Transaction, gemeente: str, subject: str, on: date) -> Any:
        """The same, as the service's own reader makes it."""
        return self._readers.voorkennis(self.events_known(tx, gemeente, subject, on))

    def _check_access(self, tx: Transaction, caller: Caller, ask: _Ask) -> None:
        if ask.gemeente in caller.gemeenten or caller.organisatie == ask.gemeente:
            return
        involved = InvolvementRegister.of(tx.conn, ask.casus or ask.subject, ask.op)
        if any(i.organisatie == caller.organisatie and i.gemeente == ask.gemeente for i in involved):
            return
        raise NoInvolvement()

    @staticmethod
    def _context(call: CommandCall, ask: _Ask, concerns: Mapping[str, str | None], policy: Policy | None) -> Context:
        command_id = new_id()
        known: dict[str, Any] = {
            "inrichtingversie": policy.versie if policy else None,
            "uitvoerendegemeente": ask.gemeente,
            **concerns,
        }
        return Context(
            actor=call.caller.actor,
            correlationid=command_id,
            causationid=command_id,
            traceparent=call.traceparent,
            externereferentie=ask.externereferentie,
            **known,
        )


class _Stale(Exception):
    """The stream is not at the version that the caller has seen."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


class NoInvolvement(NotFound):
    """The caller is not involved in this casus, or it does not exist: the answer is the same for both."""

    code = "geen_betrokkenheid"

    def __init__(self) -> None:
        super().__init__(
            "Deze casus bestaat niet, of uw organisatie is er niet bij betrokken.",
            reden=self.code,
            grondslag="Wmo 2015 art. 5.1.1 en 5.2.1: lid zijn van een verband geeft geen inzage in een casus",
            wat_zou_mogen="Laat de gemeente die de casus houdt uw betrokkenheid vastleggen.",
        )


def append(
    tx: Transaction, stream: Stream, expected: int, facts: Sequence[Fact], context: Context
) -> list[StoredEvent]:
    """Append facts, and keep the register of involvement and the timers of terms in step: the one way a service writes.

    Which gemeenten and thema a stream concerns, its first event says; what a later context leaves out is taken over.
    """
    if not facts:
        return []
    stored = tx.append(stream, expected, facts, _carried_over(tx, stream, expected, context))
    for fact in facts:
        _keep_in_step(tx, stream, fact.data)
    return stored


def _keep_in_step(tx: Transaction, stream: Stream, data: DomainEvent) -> None:
    match data:
        case BetrokkenheidVastgelegd():
            InvolvementRegister.record(tx.conn, stream.gemeente, stream.id, _Fields(data))
        case TermijnGestart(soort=soort, uiterlijk=uiterlijk) | TermijnHervat(soort=soort, uiterlijk=uiterlijk):
            timers.cancel(tx.conn, stream, soort)
            timers.schedule(tx.conn, soort, stream, uiterlijk)
        case TermijnOpgeschort(soort=soort, hersteltermijn_tot_en_met=uiterlijk):
            timers.cancel(tx.conn, stream, soort)
            timers.schedule(tx.conn, soort, stream, uiterlijk)
        case TermijnGehaald(soort=soort) | TermijnVervallen(soort=soort):
            timers.cancel(tx.conn, stream, soort)


_LASTING = ("woongemeente", "betalendegemeente", "thema")
"""Attributes of a casus that hold from event to event, whoever acts."""


def _lasting(known: Sequence[RecordedEvent]) -> dict[str, str | None]:
    """What earlier events of the casus say of it, the last word first."""
    said: dict[str, str | None] = {}
    for event in known:
        said.update({name: value for name in _LASTING if (value := getattr(event.envelope, name)) is not None})
    return said


def _carried_over(tx: Transaction, stream: Stream, version: int, context: Context) -> Context:
    missing = [name for name in _LASTING if getattr(context, name) is None]
    if not missing or version == 0:
        return context
    for last in tx.read_stream(stream, after=version - 1, limit=1):
        return replace(context, **{name: getattr(last.envelope, name) for name in missing})
    return context


@dataclass(frozen=True, slots=True)
class _Fields:
    data: Any

    def __getitem__(self, name: str) -> Any:
        return getattr(self.data, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """The body of a command, read and checked."""

    gemeente: str
    subject: str
    casus: str | None
    op: date
    externereferentie: str | None
    command: Any
    digest: bytes

    @classmethod
    def read(cls, call: CommandCall, kind: CommandType | QuestionType, day: date) -> _Ask:
        body = dict(call.body)
        digest = hashlib.sha256(json.dumps([kind.name, body], sort_keys=True, default=str).encode()).digest()
        gemeente = _gemeente(body.pop("gemeente", None))
        own = isinstance(kind, CommandType) and kind.own_subject
        begins = isinstance(kind, QuestionType) or kind.begins
        casus = _casus(body.pop("casus", None), required=not (begins or own))
        dossier = _casus(body.pop("dossier", None), required=own and not begins)
        reference = body.pop("externereferentie", None)
        body.setdefault("op", day.isoformat())
        try:
            made = kind.schema.load(body)
        except ValidationError as error:
            wrong: Any = error.messages
            raise InvalidInput(f"Opdracht {kind.name} is niet uitgevoerd: {_first(wrong)}", errors=wrong) from None
        command = replace(made, door=call.caller.actor)
        if command.op > day:
            raise InvalidInput(
                f"Een feit kan niet in de toekomst liggen: op is {command.op}, vandaag is {day}.",
                errors={"op": [f"hooguit {day.isoformat()}"]},
            )
        return cls(
            gemeente=gemeente,
            subject=(dossier if own else casus) or new_id(),
            casus=casus,
            op=command.op,
            externereferentie=None if reference is None else str(reference),
            command=command,
            digest=digest,
        )


def _gemeente(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput(
            "Noem de gemeente wier college deze handeling verricht.",
            errors={"gemeente": ["verplicht: code of sleutel"]},
        )
    return gemeente_of(value).code


def _casus(value: Any, *, required: bool) -> str | None:
    if value is None and not required:
        return None
    if not isinstance(value, str) or not is_uuid(value):
        raise InvalidInput("Noem de casus bij haar id.", errors={"casus": ["verplicht: een UUID"]})
    return value


def _first(messages: Any) -> str:
    while isinstance(messages, dict) and messages:
        name, messages = next(iter(messages.items()))
        if isinstance(messages, list):
            return f"{name}: {messages[0]}"
    return str(messages)
