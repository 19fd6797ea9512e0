"""One command through its whole path: who may, what was asked, which inrichting holds, decide, append, answer.

A command is idempotent: its key and the hash of its body commit with its events, so that a repeat gets the first answer
and another body under the same key is an error. Keys are scoped to (gemeente, service, caller) and kept as long as the
store; a refusal is not kept, so that a repeat after the mend is judged anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from casuslog import refusals
from casuslog._asked import CASUS, Asked
from casuslog._kinds import (
    CommandType,
    Decide,
    Expiry,
    QuestionType,
    Situation,
    by_itself,
    by_knowledge,
    by_policy,
)
from casuslog.access import NoInvolvement, admit_among
from casuslog.appending import append, begin, lasting
from casuslog.caller import Caller
from casuslog.clock import Clock, today
from casuslog.envelope import Position, Stream
from casuslog.errors import CasuslogError, Conflict, InvalidInput, NotFound, Refused
from casuslog.events import Fact
from casuslog.failpoints import failpoint
from casuslog.identifiers import new_id
from casuslog.readmodels import InvolvementRegister, KnownEvents, MeldingDays, Policies, Policy, under
from casuslog.readmodels.involvement import Involved
from casuslog.recorded import Context, RecordedEvent, StoredEvent
from casuslog.rights.commands import command_rights
from casuslog.store import Command, EventStore, Transaction

INRICHTINGEN = 1_000
"""Versions of which is remembered how the service reads them: a bound on memory."""


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
        self._inrichtingen: dict[tuple[str, str], tuple[Policy, Any]] = {}
        self._rights = command_rights()

    @property
    def names(self) -> list[str]:
        """The commands that it takes."""
        return sorted(self._types)

    def traced(self, name: str) -> bool:
        """Whether the events of a command carry the trace of its call.

        A trace may hold acts in a casus too: nothing leads from there to a subject of its own.
        """
        kind = self._types.get(name)
        return kind is not None and _traced(kind)

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
        ask = Asked.read(call.body, question, call.caller, today(self._clock))
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
            Forbidden: the command is not for the role of this caller (:mod:`casuslog.rights.commands`).
            Refused: the domain says no.
            Conflict: ``if_match`` names another version than the present one.
            KeyReused: the key was used for another body.
        """
        kind = self._types.get(call.name)
        if kind is None:
            raise NotFound(f"Opdracht {call.name!r} bestaat hier niet. Wel: {', '.join(self.names)}.")
        ask: Asked | None = None
        try:
            ask = asked = Asked.read(call.body, kind, call.caller, today(self._clock))
            answer = self._begun(call, kind, asked) or self._store.run_transaction(
                lambda tx: self._carry_out(tx, call, kind, asked)
            )
        except (Refused, NotFound, InvalidInput) as error:
            self._record_refusal(call, kind, ask, error)
            raise
        except _Stale as stale:
            # Raised past run_transaction, which takes a Conflict for a lost race and would try again.
            raise Conflict(
                f"De stroom staat op versie {stale.version}, niet op {call.if_match}. Lees opnieuw en beslis opnieuw.",
                expected=call.if_match,
                actual=stale.version,
            ) from None
        failpoint("command.after_commit")
        return answer

    def _record_refusal(self, call: CommandCall, kind: CommandType, ask: Asked | None, error: CasuslogError) -> None:
        if kind.refusals is None:
            return
        refused = refusals.RefusedCall(
            name=kind.name,
            body=call.body,
            subject=refusals.named_subject(call.body, kind.subject_field),
            command=None if ask is None else ask.command,
            error=error,
            on=today(self._clock),
        )
        refusals.record(self._store, kind.refusals, call.caller, refused)

    def _begun(self, call: CommandCall, kind: CommandType, ask: Asked) -> Answer | None:
        """What a command begins on a subject that is made here and now, in one statement: nothing is to be read first.

        ``None`` where that did not do, and nothing was kept: it then goes its usual way, which is also who refuses,
        since a command that was carried out before gets its answer and no refusal.
        """
        at_once = self._store.at_once
        if at_once is None or call.key is None or call.if_match is not None:
            return None
        if kind.lookup is not None or not ask.unheard_of:
            return None
        self._admit((), call, ask)
        policy = self._policies.remembered(ask.gemeente, ask.op) if kind.by_policy else None
        if kind.by_policy and policy is None:
            return None
        stream = Stream(ask.gemeente, kind.aggregate.kind, ask.subject)
        command = Command(
            caller=_scope(call.caller),
            key=call.key,
            body_hash=ask.digest,
            answer=lambda events: self._answer(stream, 0, events).as_json(),
        )
        try:
            facts, context = self._decided(call, kind, ask, kind.aggregate.initial, policy)
            failpoint("command.before_append")
            appended = begin(at_once, stream, facts, context, command, under(policy, ask.op))
        except (Refused, InvalidInput):
            return None
        return None if appended is None or appended.answer is None else _answered(appended.answer)

    def _carry_out(self, tx: Transaction, call: CommandCall, kind: CommandType, ask: Asked) -> Answer:
        # Of a subject that is made here and now the registers hold nothing: they are not asked.
        involved = [] if ask.unheard_of else InvolvementRegister.of(tx.conn, ask.concerns, today(self._clock))
        stroom = kind.aggregate.kind if kind.subject_field == CASUS else None
        self._admit(involved, call, ask, stroom, kind.begins)
        if call.key is not None:
            earlier = tx.recall_command(ask.gemeente, _scope(call.caller), call.key, ask.digest)
            if earlier is not None:
                return replace(_answered(earlier), herhaald=True)
        stream = Stream(ask.gemeente, kind.aggregate.kind, ask.subject)
        state, version = (kind.aggregate.initial, 0) if ask.unheard_of else tx.load(kind.aggregate, stream)
        if call.if_match is not None and call.if_match != version:
            raise _Stale(version)
        policy, known = self._looked_up(tx, kind, ask, involved)
        opgezocht = None if kind.lookup is None else kind.lookup(tx, stream)
        facts, context = self._decided(call, kind, ask, state, policy, known, opgezocht)
        answer = self._append(tx, stream, version, facts, context)
        if call.key is not None:
            tx.remember_command(ask.gemeente, _scope(call.caller), call.key, ask.digest, answer.as_json())
        return answer

    def _admit(
        self,
        involved: Sequence[Involved],
        call: CommandCall,
        ask: Asked,
        stroom: str | None = None,
        begins: bool = False,
    ) -> None:
        """First who may know of the casus, then who may give the command: the answer to a stranger tells nothing."""
        admit_among(involved, call.caller, ask.gemeente, stroom, begins)
        self._rights.require(self._store.service, call.name, call.caller.rol)

    def _decided(
        self,
        call: CommandCall,
        kind: CommandType,
        ask: Asked,
        state: Any,
        policy: Policy | None,
        known: Sequence[RecordedEvent] = (),
        opgezocht: Any = None,
    ) -> tuple[Sequence[Fact], Context]:
        situation = Situation(
            state=state,
            command=ask.command,
            inrichting=None if policy is None else self._inrichting(policy),
            voorkennis=self._readers.voorkennis(known),
            subject=ask.subject,
            gemeente=ask.gemeente,
            opgezocht=opgezocht,
        )
        facts = kind.decide(situation)
        return facts, self._context(call, kind, ask, {**lasting(known), **kind.context(situation)}, policy)

    def _inrichting(self, policy: Policy) -> Any:
        """As the reader of the service makes it, which is pure: of a version that was read before it is at hand."""
        name = (policy.gemeente, policy.versie)
        of, known = self._inrichtingen.get(name, (None, None))
        if of is not policy:
            known = self._readers.inrichting(policy)
            if len(self._inrichtingen) >= INRICHTINGEN:
                self._inrichtingen.clear()
            self._inrichtingen[name] = (policy, known)
        return known

    def _looked_up(
        self, tx: Transaction, kind: CommandType, ask: Asked, involved: Sequence[Involved]
    ) -> tuple[Policy | None, list[RecordedEvent]]:
        """The inrichting that holds, and what others said of the casus."""
        if ask.unheard_of:
            return self._policies.on(tx.conn, ask.gemeente, ask.op) if kind.by_policy else None, []
        if ask.subject != ask.concerns:
            involved = InvolvementRegister.of(tx.conn, ask.subject, today(self._clock))
        owners = _owners(ask.gemeente, involved)
        known = list(self._known.of(tx.conn, ask.subject, sorted(owners), purpose="besluitvorming"))
        return self._policy(tx, ask.gemeente, ask.subject, ask.op, owners) if kind.by_policy else None, known

    def _append(self, tx: Transaction, stream: Stream, version: int, facts: Sequence[Fact], context: Context) -> Answer:
        failpoint("command.before_append")
        return self._answer(stream, version, append(tx, stream, version, facts, context))

    def _answer(self, stream: Stream, version: int, stored: Sequence[StoredEvent]) -> Answer:
        last = version + len(stored)
        return Answer(
            casus=stream.id,
            gebeurtenissen=tuple(s.envelope.id for s in stored),
            versie=last,
            positie=str(Position(self._store.service, stream, last)),
        )

    def policy(self, tx: Transaction, gemeente: str, subject: str, day: date) -> Policy:
        """The inrichting that holds for an act of this gemeente in this casus on a day.

        Raises:
            Refused: none is known (``inrichting_onbekend``).
        """
        return self._policy(tx, gemeente, subject, day, self._owners(tx, gemeente, subject))

    def _policy(self, tx: Transaction, gemeente: str, subject: str, day: date, owners: frozenset[str]) -> Policy:
        melding = MeldingDays.of(tx.aside, subject, owners)
        return self._policies.on(tx.aside, gemeente, day, melding=melding)

    def events_known(self, tx: Transaction, gemeente: str, subject: str) -> list[RecordedEvent]:
        """What others said of a casus: in streams of this gemeente, and of those that recorded it as involved."""
        owners = sorted(self._owners(tx, gemeente, subject))
        return list(self._known.of(tx.aside, subject, owners, purpose="besluitvorming"))

    def voorkennis(self, tx: Transaction, gemeente: str, subject: str) -> Any:
        """The same, as the service's own reader makes it."""
        return self._readers.voorkennis(self.events_known(tx, gemeente, subject))

    def _owners(self, tx: Transaction, gemeente: str, subject: str) -> frozenset[str]:
        return _owners(gemeente, InvolvementRegister.of(tx.aside, subject, today(self._clock)))

    @staticmethod
    def _context(
        call: CommandCall, kind: CommandType, ask: Asked, concerns: Mapping[str, str | None], policy: Policy | None
    ) -> Context:
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
            traceparent=call.traceparent if _traced(kind) else None,
            externereferentie=ask.externereferentie,
            **known,
        )


def _answered(kept: Mapping[str, Any]) -> Answer:
    """The answer as it is kept under its key."""
    return Answer(**{**kept, "gebeurtenissen": tuple(kept["gebeurtenissen"])})


def _traced(kind: CommandType) -> bool:
    return kind.subject_field == CASUS


def _owners(gemeente: str, involved: Sequence[Involved]) -> frozenset[str]:
    """Whose streams of a casus count for a gemeente: its own, and those of who recorded it as involved."""
    return frozenset({gemeente, *(one.gemeente for one in involved if one.organisatie == gemeente)})


def _scope(caller: Caller) -> str:
    """Within which an idempotency key is unique: two organisations may give their people the same id."""
    return f"{caller.organisatie or '-'}/{caller.id}"


class _Stale(Exception):
    """The stream is not at the version that the caller has seen."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


__all__ = [
    "Answer",
    "CommandCall",
    "CommandPath",
    "CommandType",
    "Decide",
    "Expiry",
    "NoInvolvement",
    "QuestionType",
    "Readers",
    "Situation",
    "append",
    "by_itself",
    "by_knowledge",
    "by_policy",
]
