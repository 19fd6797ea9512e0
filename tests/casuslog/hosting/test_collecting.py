"""The garbage collector: what stays is not walked again, and afterwards all is as it was."""

from __future__ import annotations

import gc

import pytest

from casuslog.hosting import collecting


def test_a_service_that_has_started_is_not_walked_again() -> None:
    """What was there at the start is no longer among what the collector looks at."""
    before = len(gc.get_objects())
    collecting.started()
    try:
        assert gc.get_freeze_count() > before / 2
        assert len(gc.get_objects()) < before / 2
    finally:
        gc.unfreeze()


def test_collecting_seldom_ends_with_the_work() -> None:
    """Also when the work fails, the collector looks as often as it did before."""
    before = gc.get_threshold()
    during: list[tuple[int, int, int]] = []

    def fail() -> None:
        with collecting.seldom():
            during.append(gc.get_threshold())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert during != [before]
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
