"""An append that has a statement of its own: a single round trip, which is a transaction, on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from casuslog._sessions import Prepared, Sessions
from casuslog.store import _statements
from casuslog.store._commands import Command
from casuslog.store._making import Made


def single(
    sessions: Sessions,
    service: str,
    made: Sequence[Made],
    command: Command | None,
    answer: Mapping[str, Any] | None,
) -> list[Any]:
    """The rows (version, era, xid, position) of these events, committed; none where the append was refused.

    Raises:
        Undone: the server undid it, as where another transaction held it up for too long.
        Unavailable: the database is away.
    """
    prepared, values = _of_append(service, made, command, answer)
    try:
        return sessions.run(prepared, values)
    except sessions.driver.IntegrityError as error:
        if error.diag.constraint_name not in {"events_pkey", "commands_pkey"}:
            raise
        return []


def _of_append(
    service: str, made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None
) -> tuple[Prepared, tuple[Any, ...]]:
    """The statement for an append that is a transaction of its own, and its parameters."""
    only = len(made) == 1
    if command is None:
        return _statements.APPEND_ONE_ALONE if only else _statements.APPEND_ALONE, _statements.columns(made)
    prepared = _statements.APPEND_ONE_COMMAND if only else _statements.APPEND_COMMAND
    under_key = (service, command.caller, command.key, command.body_hash, json.dumps(answer))
    return prepared, _statements.columns(made) + under_key
