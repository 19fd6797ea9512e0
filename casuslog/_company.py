"""What callers of one process ask of a database at the same moment goes in one statement.

Whoever finds nothing under way goes at once, by itself. Whoever comes meanwhile waits; the first of them then takes
along all that wait. Nobody waits for company, so one alone is as quick as ever, and the more come at once, the less
each costs: a round trip, a commit and a wake-up are shared. Each is answered by itself, after the commit.
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
    """

    def __init__(
        self,
        alone: Callable[[A], R],
        together: Callable[[Sequence[A]], Sequence[R]],
        claims: Callable[[A], frozenset[Hashable]] = lambda _: frozenset(),
    ) -> None:
        self._alone = alone
        self._together = together
        self._claims = claims
        self._turn = threading.Lock()
        self._under_way = False
        self._waiting: deque[_Caller[A, R]] = deque()

    def ask(self, asked: A) -> R:
        """The answer for this caller.

        Raises:
            Unavailable: the database is away, or who asked for all was broken off. What came of it is not known.
            Exception: whatever ``alone`` raises.
        """
        caller: _Caller[A, R] = _Caller(asked, self._claims(asked))
        if not self._goes(caller):
            self._wait(caller)
            if not caller.leads:
                return self._outcome(caller)
        return self._lead(caller)

    def _goes(self, caller: _Caller[A, R]) -> bool:
        """Whether who comes now may go; if not, it stands in the queue from here on."""
        with self._turn:
            if not self._under_way:
                self._under_way = True
                return True
            self._waiting.append(caller)
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

    def _lead(self, own: _Caller[A, R]) -> R:
        group = self._group(own)
        try:
            if len(group) == 1:
                return self._alone(own.asked)
            self._run(group)
        except BaseException:
            for one in group:
                one.error = one.error or Unavailable(_UNKNOWN)
            raise
        finally:
            self._pass_on()
            for one in group[1:]:
                one.turn.release()
        return self._outcome(own)

    def _group(self, own: _Caller[A, R]) -> list[_Caller[A, R]]:
        group, left, claimed = [own], list[_Caller[A, R]](), own.claims
        with self._turn:
            while self._waiting and len(group) < MOST:
                one = self._waiting.popleft()
                if claimed.isdisjoint(one.claims):
                    group.append(one)
                    claimed |= one.claims
                else:
                    left.append(one)
            self._waiting.extendleft(reversed(left))
        return group

    def _run(self, group: Sequence[_Caller[A, R]]) -> None:
        try:
            answers = self._together([one.asked for one in group])
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
