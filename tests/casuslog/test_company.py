"""Callers of the same moment go together: who takes whom along, and what each hears when it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest.mock import patch

import eventlet
import pytest
from eventlet.event import Event
from eventlet.green import threading as green

from casuslog._company import MOST, Company
from casuslog._sessions import Undone
from casuslog.errors import Unavailable


@pytest.fixture(autouse=True)
def _green() -> Iterator[None]:
    """Callers are greenthreads, as in a service: what comes first is certain."""
    with patch("casuslog._company.threading", green):
        yield


class Asking:
    """A company that doubles numbers; the first that is asked takes until :meth:`go_on`."""

    def __init__(self, together: Callable[[Sequence[int]], Sequence[int]] | None = None, **options: Any) -> None:
        self.asked: list[list[int]] = []
        self._first = Event()
        self._together = together or (lambda group: [2 * one for one in group])
        self.company: Company[int, int] = Company(self._alone, self._all, **options)

    def _alone(self, one: int) -> int:
        self.asked.append([one])
        if len(self.asked) == 1:
            self._first.wait()
        if one < 0:
            raise ValueError("negative")
        return 2 * one

    def _all(self, group: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(group))
        return self._together(group)

    def all_ask(self, *numbers: int) -> list[Any]:
        """Greenthreads that ask for these, in order; the first is under way when the others come."""
        asking = [eventlet.spawn(self.company.ask, one) for one in numbers]
        eventlet.sleep(0)
        return asking

    def go_on(self) -> None:
        self._first.send(None)


def outcomes(asking: Sequence[Any]) -> list[Any]:
    """What each heard: its answer, or the error that it met."""

    def heard(one: Any) -> Any:
        try:
            return one.wait()
        except Exception as error:
            return type(error)

    with eventlet.Timeout(5):
        return [heard(one) for one in asking]


def test_half_of_those_who_are_there_go_together() -> None:
    """One alone goes at once; who come meanwhile share the next ones, each with its own answer. Half of all, for the
    others make what they ask next while the database works."""
    asking = Asking()
    found = asking.all_ask(*range(8))
    asking.go_on()
    assert outcomes(found) == [2 * one for one in range(8)]
    assert asking.asked == [[0], [1, 2, 3, 4], [5, 6, 7]]
    assert asking.company.ask(9) == 18
    assert asking.asked[-1] == [9]


def test_many_who_ask_again_and_again_go_in_two_halves() -> None:
    """However they began: never one by itself and then all the others."""
    sizes: list[int] = []

    def takes_a_while(group: Sequence[int]) -> Sequence[int]:
        sizes.append(len(group))
        eventlet.sleep(0)
        return group

    company: Company[int, int] = Company(lambda one: takes_a_while([one])[0], takes_a_while)

    def asks_again() -> None:
        for _ in range(20):
            company.ask(1)

    asked = [eventlet.spawn(asks_again) for _ in range(16)]
    with eventlet.Timeout(5):
        for one in asked:
            one.wait()
    assert set(sizes[10:-10]) <= {7, 8, 9}


def test_no_more_go_together_than_said() -> None:
    """What is asked in one statement stays small: the rest waits for the one after it."""
    asking = Asking()
    found = asking.all_ask(*range(3 * MOST))
    asking.go_on()
    assert outcomes(found) == [2 * one for one in range(3 * MOST)]
    assert max(len(group) for group in asking.asked) == MOST


def test_who_waits_gets_ready_meanwhile() -> None:
    """What can be made for a shared statement is made before its turn; who goes at once has no use for it."""
    made: list[int] = []
    asking = Asking(ready=made.append)
    found = asking.all_ask(1, 2, 3)
    assert made == [2, 3]
    asking.go_on()
    assert outcomes(found) == [2, 4, 6]


def test_who_would_take_long_lets_the_others_go() -> None:
    """What others wait behind is given up in time, and goes alone beside them."""
    briefly: list[int] = []

    def brief(one: int) -> int:
        briefly.append(one)
        raise Undone("another transaction holds it")

    asking = Asking(brief=brief)
    found = asking.all_ask(1, 2, 3)
    assert [one.wait() for one in found[1:]] == [4, 6], "the first one still waits, by itself"
    asking.go_on()
    assert outcomes(found[:1]) == [2]
    assert briefly[0] == 1


def test_two_that_touch_the_same_never_go_together() -> None:
    """Who claims what another in the group claims waits for the next, and nobody is passed by for ever."""
    asking = Asking(claims=lambda one: frozenset({one % 2}))
    found = asking.all_ask(0, 1, 3, 2, 5)
    asking.go_on()
    assert outcomes(found) == [0, 2, 6, 4, 10]
    assert asking.asked == [[0], [1, 2], [3], [5]]


@pytest.mark.parametrize("error", [Undone("undone"), ValueError("one of them is wrong")])
def test_when_it_is_undone_each_goes_alone(error: Exception) -> None:
    """Nothing of it was kept: whoever is at fault hears so itself, and the others get their answer."""

    def undone(_: Sequence[int]) -> Sequence[int]:
        raise error

    asking = Asking(undone)
    found = asking.all_ask(1, 2, -3, 4)
    asking.go_on()
    assert outcomes(found) == [2, 4, ValueError, 8]
    assert sorted(asking.asked[2:]) == [[-3], [2], [4]]


def test_when_it_is_not_known_what_came_of_it_nobody_does_it_again() -> None:
    """The database went away: it may have been kept, so all hear just that, and the next one is asked as ever."""

    def away(_: Sequence[int]) -> Sequence[int]:
        raise Unavailable("away")

    asking = Asking(away)
    found = asking.all_ask(1, 2, 3)
    asking.go_on()
    assert outcomes(found) == [2, Unavailable, Unavailable]
    assert asking.asked == [[1], [2, 3]]
    assert asking.company.ask(4) == 8


def test_who_is_broken_off_while_it_waits_leaves_the_queue() -> None:
    """It is not asked for, and those behind it have their turn."""
    asking = Asking()
    found = asking.all_ask(1, 2, 3)
    found[1].kill()
    eventlet.sleep(0)
    asking.go_on()
    assert outcomes([found[0], found[2]]) == [2, 6]
    assert asking.asked == [[1], [3]]


def test_who_is_broken_off_when_its_turn_has_come_passes_it_on() -> None:
    """Between being told to lead and leading it may be killed: the next one leads, and nobody waits for ever."""
    asking = Asking()
    found = asking.all_ask(1, 2, 3)
    asking.go_on()
    leader = found[1]
    with patch.object(asking.company, "_pass_on", wraps=asking.company._pass_on) as passing:
        while not passing.called:
            eventlet.sleep(0)
    leader.kill()
    assert outcomes([found[0], found[2]]) == [2, 6]


def test_when_the_leader_is_broken_off_the_others_hear_that_it_is_not_known() -> None:
    """Who asks for all is killed meanwhile: the others are not left waiting, and the next has its turn."""
    forever = Event()

    def hangs(group: Sequence[int]) -> Sequence[int]:
        forever.wait()
        return group

    asking = Asking(hangs)
    found = asking.all_ask(1, 2, 3)
    asking.go_on()
    while len(asking.asked) < 2:
        eventlet.sleep(0)
    found[1].kill()
    assert outcomes([found[0], found[2]]) == [2, Unavailable]
    assert asking.company.ask(4) == 8


def test_a_leader_that_is_broken_off_while_it_hands_over_leaves_nobody_waiting() -> None:
    """Its statement was done: who was in it gets its answer, and the next has its turn."""
    asking = Asking()
    found = asking.all_ask(1, 2, 3, 4, 5)
    pass_on, passed = asking.company._pass_on, list[bool]()

    def broken_off() -> None:
        pass_on()
        passed.append(True)
        if len(passed) == 2:
            raise eventlet.Timeout(None)

    with patch.object(asking.company, "_pass_on", broken_off):
        asking.go_on()
        with pytest.raises(eventlet.Timeout):
            found[1].wait()
        assert outcomes([found[0], *found[2:]]) == [2, 6, 8, 10]
    assert asking.asked[1] == [2, 3, 4]


def test_a_leader_that_is_broken_off_before_it_goes_leaves_nobody_waiting() -> None:
    """It was told to lead and takes others along when it is given up: those behind it have their turn."""
    asking = Asking()
    found = asking.all_ask(1, 2, 3)

    with patch.object(asking.company, "_take_along", side_effect=[eventlet.Timeout(None), None]):
        asking.go_on()
        with pytest.raises(eventlet.Timeout):
            found[1].wait()
        assert outcomes([found[0], found[2]]) == [2, 6]
    assert asking.company.ask(4) == 8
