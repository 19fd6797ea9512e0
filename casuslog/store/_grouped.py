"""Appends that are under way in one process at the same moment share a statement and its commit, on PostgreSQL.

Whoever finds no statement under way goes at once, by itself. Whoever comes meanwhile waits; the first of them then
takes along all that wait. Nobody waits for company, so one alone is as quick as ever, and the more come at once, the
less each costs. Each append has its own guard and its own outcome, and is answered after the commit (docs/adr/0017).
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from casuslog._sessions import Sessions, Undone
from casuslog.errors import Unavailable
from casuslog.store import _shared
from casuslog.store._commands import Command
from casuslog.store._making import Made
from casuslog.store._single import single

AT_ONCE = 1
"""Statements of this kind that may be under way at once: who comes meanwhile goes together in the next."""
MOST_EVENTS = 400
"""Events in a statement, about: an append is never divided. While it runs no reader of the log gets further."""
SMALL = 4
"""Events of an append that may share a statement, at most. What is saved is saved per statement, and larger ones are
done sooner side by side than one after another."""
LOCK_MILLISECONDS = 50
"""How long such a statement waits for another transaction. Then each append goes by itself, and waits by itself."""

HANDING_OVER_SECONDS = 0.005
"""How long who led waits for the next one to have sent, at most, before it gives the answers."""

_UNKNOWN = "De opdracht werd afgebroken terwijl zij met andere onderweg was. Of zij bewaard is, zegt haar sleutel."


class Asked:
    """An append on its way: what it asks, and what came of it."""

    __slots__ = ("alone", "answer", "claims", "command", "error", "leads", "made", "off", "part", "rows", "turn")

    def __init__(self, made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None) -> None:
        first = made[0].envelope
        self.made, self.command, self.answer = made, command, answer
        self.claims: list[tuple[str, ...]] = [(first.gemeente, first.stroom, first.subject)]
        """What no other in the same statement may touch: its stream, and the key of its command."""
        if command is not None:
            self.claims.append(("", first.gemeente, command.caller, command.key))
        self.part: _shared.Part | None = None
        """Its part in a shared statement, once it has to wait for one."""
        self.turn = threading.Lock()
        self.turn.acquire()
        self.off = threading.Lock()
        """Held until the statement that it leads is on its way."""
        self.off.acquire()
        self.leads = False
        """Whether it is its turn to run the next statement, for all that wait."""
        self.alone = False
        """Whether the statement was undone for all who were in it: each then goes by itself."""
        self.rows: list[Any] = []
        self.error: Unavailable | None = None

    def get_ready(self, number: int) -> None:
        """Write its part, and whatever is wrong with it shows here: to its own caller."""
        self.part = _shared.part(self.made, self.command, self.answer, number)


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
        self._turn = threading.Lock()
        self._under_way = 0
        self._waiting: deque[Asked] = deque()
        self._numbers = itertools.count(1)

    def rows(self, made: Sequence[Made], command: Command | None, answer: Mapping[str, Any] | None) -> list[Any]:
        """The rows (version, era, xid, position) of these events, committed; none where the append was refused.

        Raises:
            Unavailable: the database is away. Whether they were kept is then unknown.
        """
        if len(made) > SMALL:
            return single(self._sessions, self._service, made, command, answer)
        asked = Asked(made, command, answer)
        if self._leads(None):
            return self._led(asked)
        asked.get_ready(next(self._numbers))
        if self._leads(asked):
            return self._led(asked)
        self._waited(asked)
        return self._led(asked) if asked.leads else self._outcome(asked)

    def _leads(self, queued: Asked | None) -> bool:
        """Whether who comes now may go; if not, it stands in the queue from here on."""
        with self._turn:
            if self._under_way < AT_ONCE:
                self._under_way += 1
                return True
            if queued is not None:
                self._waiting.append(queued)
            return False

    def _waited(self, asked: Asked) -> None:
        try:
            asked.turn.acquire()
        except BaseException:
            self._withdraw(asked)
            raise

    def _withdraw(self, asked: Asked) -> None:
        """Its caller was broken off while it waited. Where its turn had come, the next one leads."""
        with self._turn:
            if asked in self._waiting:
                self._waiting.remove(asked)
        if asked.leads:
            self._pass_on()

    def _led(self, own: Asked) -> list[Any]:
        group = [own]
        try:
            self._take_along(group)
            self._run(group)
        except BaseException:
            for one in group:
                one.error = one.error or Unavailable(_UNKNOWN)
            raise
        finally:
            self._handed_over(own, group)
        return self._outcome(own)

    def _handed_over(self, own: Asked, group: Sequence[Asked]) -> None:
        """Let the next one lead, and give the answers to this statement: also where its leader is broken off here."""
        try:
            following = self._pass_on()
            if following is not None:
                # First the next statement, then the answers to this one: whoever is answered makes its next event, and
                # there is only one thread that runs. The server would wait for all of them.
                following.off.acquire(timeout=HANDING_OVER_SECONDS)
        finally:
            for one in group:
                if one is not own:
                    one.turn.release()

    def _pass_on(self) -> Asked | None:
        with self._turn:
            following = self._waiting.popleft() if self._waiting else None
            if following is None:
                self._under_way -= 1
                return None
            following.leads = True
        following.turn.release()
        return following

    def _take_along(self, group: list[Asked]) -> None:
        """Add to the leader who waits. Who touches what another does waits for the next: that one knows more then."""
        if group[0].part is None:
            return
        claimed, events = set(group[0].claims), len(group[0].made)
        left: list[Asked] = []
        with self._turn:
            while self._waiting and events < MOST_EVENTS:
                one = self._waiting.popleft()
                if claimed.isdisjoint(one.claims):
                    group.append(one)
                    claimed.update(one.claims)
                    events += len(one.made)
                else:
                    left.append(one)
            self._waiting.extendleft(reversed(left))

    def _run(self, group: list[Asked]) -> None:
        if len(group) == 1:
            [one] = group
            one.off.release()
            try:
                one.rows = self._single(self._together, one)
            except Undone:
                one.alone = True
            return
        # In one order everywhere, so that two processes do not wait for each other.
        parts = [one.part for one in sorted(group, key=lambda one: one.claims[0]) if one.part is not None]
        try:
            values = _shared.values(parts, self._service)
            group[0].off.release()
            found = self._together.run(_shared.SHARED, values)
        except (Undone, ValueError, self._together.driver.DatabaseError):
            # Nothing of it is kept. What is wrong with one of them shows to its own caller.
            for one in group:
                one.alone = True
            return
        except Unavailable as away:
            for one in group:
                one.error = Unavailable(away.detail)
            return
        kept = {event_id: row for event_id, *row in found}
        for one in group:
            one.rows = [kept[event.envelope.id] for event in one.made if event.envelope.id in kept]

    def _outcome(self, asked: Asked) -> list[Any]:
        if asked.error is not None:
            raise asked.error
        return self._single(self._sessions, asked) if asked.alone else asked.rows

    def _single(self, sessions: Sessions, asked: Asked) -> list[Any]:
        return single(sessions, self._service, asked.made, asked.command, asked.answer)
