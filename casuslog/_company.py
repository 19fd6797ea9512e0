"""What callers of one process ask of a database at the same moment goes in one statement.

Whoever finds nothing under way goes at once, by itself. Whoever comes meanwhile waits; the first of them then takes
others along. Nobody waits for company, so one alone is as quick as ever, and the more come at once, the less each
costs: a round trip, a commit and a wake-up are shared. Each is answered by itself, after the commit.

Half of those who are there go in a statement: while the database works for them, the others make what they ask next.
All at once they would make it while the database has nothing to do, one after another: there is one thread that runs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import structlog

from casuslog._sessions import Undone
from casuslog.errors import Unavailable

_log = structlog.get_logger("casuslog.opslag")
A = TypeVar("A")
R = TypeVar("R")
MOST = 50
"""Callers in one statement."""
_UNKNOWN = "De opdracht werd afgebroken terwijl zij met andere onderweg was. Of zij bewaard is, zegt haar sleutel."


class _Caller(Generic[A, R]):
    """Who asks, and what came of it."""

    __slots__ = ("alone", "answer", "asked", "claims", "error", "leads", "turn")

    def __init__(self, asked: A, claims: frozenset[Hashable]) -> None:
        self.asked = asked
        self.claims = claims
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False
        """Whether it is its turn to go, with all that wait."""
        self.alone = True
        """Whether it has to go by itself."""
        self.answer: R
        self.error: Unavailable | None = None


class Company(Generic[A, R]):
    """Asks for one caller, or for those of the same moment together.

    Args:
        alone: asks for one.
        together: asks for several; gives their answers in the same order. Where it raises anything but that the
            database is away, nothing of it may have been kept: each then goes alone, and meets what is wrong itself.
        claims: what no two in the same statement may both touch; who does waits for the next.
        brief: asks for one while others wait behind it, and raises ``Undone`` where that would take long: it then goes
            alone, and nobody waits for it. As ``alone`` unless said otherwise.
        ready: is called with who has to wait, before it does: what can be made for ``together`` is made there. What is
            wrong with it shows to its own caller.
    """

    def __init__(
        self,
        alone: Callable[[A], R],
        together: Callable[[Sequence[A]], Sequence[R]],
        claims: Callable[[A], frozenset[Hashable]] = lambda _: frozenset(),
        *,
        brief: Callable[[A], R] | None = None,
        ready: Callable[[A], None] = lambda _: None,
    ) -> None:
        self._alone = alone
        self._together = together
        self._claims = claims
        self._brief = brief
        self._ready = ready
        self._turn = threading.Lock()
        self._under_way = False
        self._waiting: deque[_Caller[A, R]] = deque()
        self._went = 0
        """How many went last."""

    def ask(self, asked: A) -> R:
        """The answer for this caller.

        Raises:
            Unavailable: the database is away, or who asked for all was broken off. What came of it is not known.
            Exception: whatever ``alone`` raises.
        """
        caller: _Caller[A, R] = _Caller(asked, self._claims(asked))
        if self._goes(None):
            return self._lead(caller)
        self._ready(asked)
        if not self._goes(caller):
            self._wait(caller)
            if not caller.leads:
                return self._outcome(caller)
        return self._lead(caller, others=True)

    def _goes(self, queued: _Caller[A, R] | None) -> bool:
        """Whether who comes now may go; if not, it stands in the queue from here on."""
        with self._turn:
            if not self._under_way:
                self._under_way = True
                self._went = 1
                return True
            if queued is not None:
                self._waiting.append(queued)
            return False

    def _wait(self, caller: _Caller[A, R]) -> None:
        try:
            caller.turn.acquire()
        except BaseException:
            # It was broken off while it waited. Where its turn had come, the next one leads.
            with self._turn:
                if caller in self._waiting:
                    self._waiting.remove(caller)
            if caller.leads:
                self._pass_on()
            raise

    def _lead(self, own: _Caller[A, R], *, others: bool = False) -> R:
        """Go, with ``others`` or by itself. From here on the turn is its to pass on, wherever it is broken off."""
        group = [own]
        try:
            if others:
                self._take_along(group)
            if len(group) == 1 and self._brief is None:
                return self._alone(own.asked)
            self._run(group)
        except BaseException:
            for one in group:
                one.error = one.error or Unavailable(_UNKNOWN)
            raise
        finally:
            try:
                self._pass_on()
            finally:  # also where it is broken off here: nobody may wait for ever
                for one in group[1:]:
                    one.turn.release()
        return self._outcome(own)

    def _take_along(self, group: list[_Caller[A, R]]) -> None:
        """Add who waits to its leader; whoever is in it hears what came of it."""
        claimed, left = group[0].claims, list[_Caller[A, R]]()
        with self._turn:
            half = (self._went + 1 + len(self._waiting) + 1) // 2
            while self._waiting and len(group) < min(half, MOST):
                one = self._waiting.popleft()
                if claimed.isdisjoint(one.claims):
                    group.append(one)
                    claimed |= one.claims
                else:
                    left.append(one)
            self._waiting.extendleft(reversed(left))
            self._went = len(group)

    def _run(self, group: Sequence[_Caller[A, R]]) -> None:
        try:
            answers = self._asked([one.asked for one in group])
        except Unavailable as away:
            if isinstance(away, Undone):
                return
            for one in group:
                one.error = Unavailable(away.detail)
        except Exception as error:
            # Nothing is kept: they go alone, and whoever is at fault hears of it there.
            _log.info("samen_ging_niet", soort=type(error).__name__, aantal=len(group))
        else:
            for one, answer in zip(group, answers, strict=True):
                one.answer, one.alone = answer, False

    def _asked(self, group: Sequence[A]) -> Sequence[R]:
        return [self._brief(group[0])] if len(group) == 1 and self._brief else self._together(group)

    def _pass_on(self) -> None:
        with self._turn:
            following = self._waiting.popleft() if self._waiting else None
            if following is None:
                self._under_way = False
                return
            following.leads = True
        following.turn.release()

    def _outcome(self, caller: _Caller[A, R]) -> R:
        if caller.error is not None:
            raise caller.error
        return self._alone(caller.asked) if caller.alone else caller.answer


__all__ = ["Company"]
