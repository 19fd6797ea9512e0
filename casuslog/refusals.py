"""A refused command as a fact: where a service must be able to show who was refused what, and why.

A refusal changes nothing, and its transaction is gone when it is known. So it is recorded in one of its own, in a
stream of its own, of the gemeente that the command named. Where it named none it is nobody's: answered, not recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from casuslog.appending import append
from casuslog.caller import Caller
from casuslog.codes import gemeente as gemeente_of
from casuslog.envelope import Stream
from casuslog.errors import CasuslogError, InvalidInput
from casuslog.events import Fact
from casuslog.identifiers import is_uuid, new_id
from casuslog.recorded import Context
from casuslog.store import EventStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A command that was refused: as it came (unread: it may hold anything), what could be read of it, and why not."""

    name: str
    body: Mapping[str, Any]
    subject: str | None
    command: Any | None
    error: CasuslogError
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How a service records refusals: the kind of their streams, and what is told of one. ``told`` is pure."""

    kind: str
    told: Callable[[RefusedCall], Sequence[Fact]]


def record(store: EventStore, refusals: Refusals, caller: Caller, refused: RefusedCall) -> None:
    """Record a refusal, if the command named a gemeente that exists.

    Raises:
        Unavailable: the database is away; then nobody gets to know the refusal unrecorded.
    """
    owner = _owner(refused.body.get("gemeente"))
    facts = refusals.told(refused) if owner else ()
    if not owner or not facts:
        return
    cause = new_id()
    context = Context(actor=caller.actor, correlationid=cause, causationid=cause, uitvoerendegemeente=owner)
    stream = Stream(owner, refusals.kind, new_id())
    store.run_transaction(lambda tx: append(tx, stream, 0, facts, context))


def named_subject(body: Mapping[str, Any], field: str) -> str | None:
    """The id that a command named under ``field``; ``None`` where it is none."""
    given = body.get(field)
    return given if isinstance(given, str) and is_uuid(given) else None


def _owner(given: Any) -> str | None:
    try:
        return gemeente_of(given).code if isinstance(given, str) else None
    except InvalidInput:
        return None


__all__ = ["Refusals", "RefusedCall", "named_subject", "record"]
