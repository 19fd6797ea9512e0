"""The one way in which a service writes: facts appended, with the read models and timers that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from casuslog.consume import timers
from casuslog.envelope import Envelope, Stream
from casuslog.events import Fact
from casuslog.readmodels import InvolvementRegister, MeldingDays, note_rows, rows_beside
from casuslog.readmodels.melding import MELDING
from casuslog.recorded import Context, RecordedEvent, StoredEvent
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.store import Appended, AtOnce, Beside, Command, Required, Transaction
from casuslog.termijnen.events import TermijnGehaald, TermijnGestart, TermijnHervat, TermijnOpgeschort, TermijnVervallen


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
        _keep_timers(tx, stream, fact)
    note_rows(tx.aside, *_rows(stream, facts, context, [kept.envelope for kept in stored]))
    return stored


def begin(
    at_once: AtOnce, stream: Stream, facts: Sequence[Fact], context: Context, command: Command, held: Required
) -> Appended | None:
    """Begin a stream as :func:`append` does, with the answer to its command, in one statement where that is all.

    Args:
        at_once, stream, facts, context, command: as in :meth:`casuslog.store.AtOnce.begin`.
        held: what was decided by, and has to hold still.

    Returns:
        ``None`` where nothing was kept: a timer has to be set, ``held`` does not hold, or the command was carried out
        before.
    """
    if not facts or any(isinstance(fact.data, _TIMED) for fact in facts):
        return None
    beside = partial(_beside, stream, facts, context)
    return at_once.begin(stream, facts, context, command, beside, held)


def _beside(stream: Stream, facts: Sequence[Fact], context: Context, envelopes: Sequence[Envelope]) -> list[Beside]:
    return rows_beside(*_rows(stream, facts, context, envelopes))


def _rows(
    stream: Stream, facts: Sequence[Fact], context: Context, envelopes: Sequence[Envelope]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What facts say of who is involved, and of the day of the melding."""
    involved: list[dict[str, Any]] = []
    reported: list[dict[str, Any]] = []
    for envelope, fact in zip(envelopes, facts, strict=True):
        if envelope.name == MELDING:
            reported.append(MeldingDays.row(stream.gemeente, stream.id, fact.on))
            if context.actor.organisatie is None:  # known here: to ask the envelope is to open it
                involved += InvolvementRegister.rows_of_report(envelope)
        if isinstance(fact.data, BetrokkenheidVastgelegd):
            involved += InvolvementRegister.rows(stream.gemeente, stream.id, _Fields(fact.data))
    return involved, reported


_TIMED = (TermijnGestart, TermijnHervat, TermijnOpgeschort, TermijnGehaald, TermijnVervallen)
"""Facts of which :func:`_keep_timers` makes something."""


def _keep_timers(tx: Transaction, stream: Stream, fact: Fact) -> None:
    match fact.data:
        case TermijnGestart(soort=soort, uiterlijk=uiterlijk) | TermijnHervat(soort=soort, uiterlijk=uiterlijk):
            timers.reschedule(tx.aside, soort, stream, uiterlijk)
        case TermijnOpgeschort(soort=soort, hersteltermijn_tot_en_met=uiterlijk):
            timers.reschedule(tx.aside, soort, stream, uiterlijk)
        case TermijnGehaald(soort=soort) | TermijnVervallen(soort=soort):
            timers.cancel(tx.aside, stream, soort)


_LASTING = ("woongemeente", "betalendegemeente", "thema")
"""Attributes of a casus that hold from event to event, whoever acts."""


def lasting(known: Sequence[RecordedEvent]) -> dict[str, str | None]:
    """What earlier events of the casus say of it, the last word first."""
    said: dict[str, str | None] = {}
    for event in known:
        said.update({name: value for name in _LASTING if (value := getattr(event.envelope, name)) is not None})
    return said


def _carried_over(tx: Transaction, stream: Stream, version: int, context: Context) -> Context:
    missing = [name for name in _LASTING if getattr(context, name) is None]
    if not missing or version == 0:
        return context
    last = tx.last_event(stream, version)
    return replace(context, **{name: getattr(last.envelope, name) for name in missing}) if last else context


@dataclass(frozen=True, slots=True)
class _Fields:
    data: Any

    def __getitem__(self, name: str) -> Any:
        return getattr(self.data, name)


__all__ = ["append", "begin", "lasting"]
