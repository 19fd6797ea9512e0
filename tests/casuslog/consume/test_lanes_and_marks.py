"""The pure parts: lanes, the low-water mark, delays, names."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.backoff import Backoff
from casuslog.consume.handlers import wire_name
from casuslog.consume.lanes import Lanes
from casuslog.consume.lowwater import LowWater
from casuslog.recorded import START, Cursor


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["done", "later"])), max_size=60), st.integers(1, 5))
def test_a_lane_keeps_its_order_and_is_in_one_hand(puts, limit) -> None:
    """However turns end, each item leaves once, in the order of its lane, and no lane is taken twice at a time."""
    lanes: Lanes[int] = Lanes()
    fates = {n: fate for n, (_, fate) in enumerate(puts)}
    for n, (lane, _) in enumerate(puts):
        lanes.put(lane, n)
    left, now = defaultdict(list), 0.0
    while len(lanes):
        turns = lanes.take(now, limit)
        if not turns:
            now = lanes.next_moment(now)
            continue
        assert len({turn.lane for turn in turns}) == len(turns)
        assert sum(len(turn.items) for turn in turns) <= limit
        for turn in turns:
            if fates[turn.items[0]] == "later":
                fates[turn.items[0]] = "done"
                lanes.defer(turn.lane, now + 1)
            else:
                left[turn.lane].extend(turn.items)
                lanes.finished(turn.lane, len(turn.items))
    expected = defaultdict(list)
    for n, (lane, _) in enumerate(puts):
        expected[lane].append(n)
    assert left == expected
    assert lanes.busy == 0


def test_a_lane_that_waits_lets_others_pass() -> None:
    """A deferred lane is not offered before its moment; the next lane is."""
    lanes: Lanes[str] = Lanes()
    lanes.put("a", "a1")
    lanes.put("b", "b1")
    [first] = lanes.take(0.0)
    lanes.defer(first.lane, 10.0)
    lanes.put("a", "a2")
    assert [turn.items for turn in lanes.take(5.0)] == [("b1",)]
    assert lanes.take(5.0) == []
    assert lanes.next_moment(5.0) == 10.0
    assert [turn.items for turn in lanes.take(10.0)] == [("a1",)]


def cursors(count: int) -> list[Cursor]:
    # As in a real log: not dense, and in another order than the positions.
    return [START, *(Cursor(1, 10 + 3 * n, 100 - n) for n in range(count))]


@given(st.data(), st.integers(1, 12))
def test_the_mark_never_passes_what_is_not_done(data, count) -> None:
    """In any order of seeing and finishing, the mark is the longest finished beginning of the log, and never sinks."""
    log = cursors(count)
    water, seen, done = LowWater(), set(), set()
    for _ in range(data.draw(st.integers(0, 4 * count))):
        at = data.draw(st.integers(1, count))
        before = water.mark
        if data.draw(st.booleans()):
            water.note(log[at - 1], log[at])
            seen.add(at)
        elif at in seen:
            water.done(log[at])
            done.add(at)
        reached = next((n for n in range(1, count + 1) if n not in done), count + 1) - 1
        assert water.mark == log[reached]
        assert water.mark >= before


@given(st.sets(st.integers(1, 10), min_size=1))
def test_a_hole_is_what_was_never_seen(seen) -> None:
    """The hole begins after what is known without interruption and ends right before the next thing seen."""
    log = cursors(10)
    water = LowWater()
    for at in seen:
        water.note(log[at - 1], log[at])
    known = next(n for n in range(1, 12) if n not in seen) - 1
    beyond = [n for n in seen if n > known]
    assert water.tip() == log[known]
    assert water.hole() == ((log[known], log[min(beyond) - 1]) if beyond else None)


def test_the_mark_can_be_foretold() -> None:
    """What the mark will be after a commit stands in that same commit."""
    log = cursors(3)
    water = LowWater()
    for at in (1, 2, 3):
        water.note(log[at - 1], log[at])
    water.done(log[2])
    assert water.mark_after({log[1]}) == log[2]
    assert water.mark_after({log[3]}) == START


def test_a_checkpoint_beyond_an_event_makes_it_known() -> None:
    """Events at or before the mark are not noted again."""
    log = cursors(3)
    water = LowWater(log[2])
    water.note(log[0], log[1])
    water.note(log[2], log[3])
    water.done(log[3])
    assert water.mark == log[3]


def test_delays_double_up_to_a_bound() -> None:
    """The n-th delay is twice the one before, never above the bound, and at most the jitter shorter."""
    plain = Backoff(first=0.1, bound=1.0, jitter=0.0)
    assert [plain.delay(n) for n in (1, 2, 3, 4, 5, 1000)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    spread = Backoff(first=0.1, bound=1.0, jitter=0.5, chance=lambda: 1.0)
    assert spread.delay(1) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("MeldingGeregistreerd", "melding-geregistreerd"),
        ("nl.overheid.wmo.besluit-bekendgemaakt", "besluit-bekendgemaakt"),
        ("besluit-bekendgemaakt.v2", "besluit-bekendgemaakt.v2"),
        ("PgbBudgetVastgesteld", "pgb-budget-vastgesteld"),
        ("*", "*"),
    ],
)
def test_an_event_is_named_by_class_or_wire_name(given_name: str, expected: str) -> None:
    """Handlers may name an event as the class is called, or as it is called on the wire."""
    assert wire_name(given_name) == expected
