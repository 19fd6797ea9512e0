"""What is told to the broker, and how large transactions get."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from casuslog.consume.acks import HELD_BACK, Acks
from casuslog.consume.pace import MOMENT, Pace


@given(st.data(), st.integers(1, 40))
def test_the_broker_hears_of_what_is_safe_once_and_of_nothing_else(data, count) -> None:
    """However deliveries become safe, an acknowledgement covers only safe ones, and in the end all of them once."""
    acks, safe, told = Acks(), set(), []
    order = data.draw(st.permutations(range(1, count + 1)))
    for tag in range(1, count + 1):
        acks.delivered(tag)
    for tag in order:
        acks.safe(tag)
        safe.add(tag)
        told += _covered(acks, told, everything=data.draw(st.booleans()))
        assert set(told) <= safe
        assert acks.outstanding == count - len(told)
    told += _covered(acks, told, everything=True)
    assert sorted(told) == list(range(1, count + 1))


def _covered(acks: Acks, told: list[int], *, everything: bool) -> list[int]:
    """What the broker takes for acknowledged: with *multiple* all that is open up to and including the tag."""
    found: list[int] = []
    for tag, multiple in acks.due(everything=everything):
        if multiple:
            found += [n for n in range(1, tag + 1) if n not in told and n not in found]
        else:
            assert tag not in told
            found.append(tag)
    return found


def test_one_that_is_not_safe_holds_back_few_others() -> None:
    """A delivery that waits in its lane does not keep the broker from handing over more."""
    acks = Acks()
    for tag in range(1, HELD_BACK + 3):
        acks.delivered(tag)
    for tag in range(2, HELD_BACK + 2):
        acks.safe(tag)
    assert list(acks.due()) == []
    acks.safe(HELD_BACK + 2)
    assert [tag for tag, multiple in acks.due() if not multiple] == list(range(2, HELD_BACK + 3))
    acks.safe(1)
    assert list(acks.due()) == [(1, True)]
    assert acks.outstanding == 0


def test_transactions_grow_while_handlers_are_quick_and_shrink_at_once() -> None:
    """A slow handler is alone in its transaction: what others wait for it stays short."""
    pace = Pace(50)
    sizes = []
    for _ in range(7):
        sizes.append(pace.limit)
        pace.took(pace.limit, pace.limit * 0.001)
    assert sizes == [1, 2, 4, 8, 16, 32, 50]
    pace.took(50, 50 * MOMENT)
    assert pace.limit == 1
    for _ in range(20):
        pace.took(pace.limit, pace.limit * 0.001)
    assert pace.limit == 50
