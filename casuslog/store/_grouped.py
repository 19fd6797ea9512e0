"""Appends that are under way in one process at the same moment share a statement and its commit, on PostgreSQL.

Each append has its own guard and its own outcome, and is answered after the commit (docs/adr/0017). Who takes whom
along, and what each hears when it goes wrong, is :mod:`casuslog._company`.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from casuslog._company import Company
from casuslog._sessions import Sessions
from casuslog.store import _shared
from casuslog.store._commands import Command
from casuslog.store._making import Made
from casuslog.store._single import single

SMALL = 4
"""Events of an append that may share a statement, at most. What is saved is saved per statement, and larger ones are
done sooner side by side than one after another."""
LOCK_MILLISECONDS = 50
"""How long such a statement waits for another transaction. Then each append goes by itself, and waits by itself."""


class Asked:
    """An append on its way."""

    __slots__ = ("answer", "command", "made", "part")

    def __init__(self, made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None) -> None:
        self.made, self.command, self.answer = made, command, answer
        self.part: _shared.Part | None = None
        """Its part in a shared statement, once it has to wait for one."""

    @property
    def stream(self) -> tuple[str, str, str]:
        """Where it appends."""
        first = self.made[0].envelope
        return first.gemeente, first.stroom, first.subject

    def claims(self) -> frozenset[Hashable]:
        """What no other in the same statement may touch: its stream, and the key of its command."""
        gemeente, stroom, subject = self.stream
        if self.command is None:
            return frozenset(((gemeente, stroom, subject),))
        return frozenset(((gemeente, stroom, subject), ("", gemeente, self.command.caller, self.command.key)))


class Grouped:
    """Runs the statements of appends: those of the same moment together.

    Args:
        sessions: for who goes by itself, and may wait long for another transaction.
        together: for statements that others wait for, as :func:`casuslog.store._shared.settings` says.
        service: that appends.
    """

    def __init__(self, sessions: Sessions, together: Sessions, service: str) -> None:
        self._sessions = sessions
        self._together = together
        self._service = service
        self._numbers = itertools.count(1)
        self._company: Company[Asked, list[Any]] = Company(
            lambda asked: self._single(sessions, asked),
            self._shared,
            Asked.claims,
            brief=lambda asked: self._single(together, asked),
            ready=self._get_ready,
        )

    def rows(self, made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None) -> list[Any]:
        """The rows (version, era, xid, position) of these events, committed; none where the append was refused.

        Raises:
            Unavailable: the database is away. Whether they were kept is then unknown.
        """
        asked = Asked(made, command, answer)
        return self._single(self._sessions, asked) if len(made) > SMALL else self._company.ask(asked)

    def _get_ready(self, asked: Asked) -> None:
        asked.part = _shared.part(asked.made, asked.command, asked.answer, next(self._numbers))

    def _shared(self, group: Sequence[Asked]) -> list[list[Any]]:
        # In one order everywhere, so that two processes do not wait for each other.
        parts = [one.part for one in sorted(group, key=lambda one: one.stream) if one.part is not None]
        found = self._together.run(_shared.SHARED, _shared.values(parts, self._service))
        kept = {event_id: row for event_id, *row in found}
        return [[kept[event.envelope.id] for event in one.made if event.envelope.id in kept] for one in group]

    def _single(self, sessions: Sessions, asked: Asked) -> list[Any]:
        return single(sessions, self._service, asked.made, asked.command, asked.answer)
