"""Answers given, by idempotency key: a repeated command gets the first answer, in the transaction of its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from casuslog.errors import KeyReused
from casuslog.recorded import StoredEvent
from casuslog.store._append import LostRace
from casuslog.store.tables import commands

# Made once: building a statement costs more than sending it.
_KEY = (commands.c.gemeente, commands.c.service, commands.c.caller, commands.c.key)
_RECALL = select(commands.c.body_hash, commands.c.answer).where(*(c == bindparam(c.name) for c in _KEY))
_REMEMBER = insert(commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command whose answer is kept with its events, so that a repeat gets the same one.

    ``answer`` makes the answer (JSON, references only) of the events about to be kept; they may have no cursor yet.
    """

    caller: str
    key: str
    body_hash: bytes
    answer: Callable[[Sequence[StoredEvent]], Mapping[str, Any]]


def recall(
    conn: Connection, service: str, gemeente: str, caller: str, key: str, body_hash: bytes
) -> dict[str, Any] | None:
    """The answer that this key got before, if it did.

    Raises:
        KeyReused: the key was used for another body.
    """
    asked = {"gemeente": gemeente, "service": service, "caller": caller, "key": key}
    row = conn.execute(_RECALL, asked).first()
    if row is None:
        return None
    if bytes(row.body_hash) != body_hash:
        raise KeyReused("Deze Idempotency-Key is al gebruikt voor een andere opdracht. Neem een nieuwe sleutel.")
    return dict(row.answer)


def answered(conn: Connection, service: str, gemeente: str, command: Command) -> dict[str, Any] | None:
    """The answer that a command got before, if it did; see :func:`recall`."""
    return recall(conn, service, gemeente, command.caller, command.key, command.body_hash)


def remember(conn: Connection, now: datetime, answer: Mapping[str, Any], **key: Any) -> None:
    """Keep an answer under its key.

    Raises:
        LostRace: the same command was carried out at the same time; done anew it finds that answer.
    """
    try:
        conn.execute(_REMEMBER, {**key, "answer": dict(answer), "created_at": now})
    except IntegrityError as error:
        raise LostRace("Dezelfde opdracht wordt tegelijk uitgevoerd. Probeer het opnieuw.") from error


def forget(conn: Connection, gemeenten: frozenset[str] | None, before: datetime) -> int:
    """Forget answers given before a moment; how many. ``None`` is every gemeente."""
    statement = delete(commands).where(commands.c.created_at < before)
    if gemeenten is not None:
        statement = statement.where(commands.c.gemeente.in_(gemeenten))
    return conn.execute(statement).rowcount
