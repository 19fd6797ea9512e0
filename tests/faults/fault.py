"""What a fault is: a way to break something, how often, and how one sees that it really struck."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.common import Common
    from tests.faults.scene import Scene

RECOVERY_SECONDS = 30.0
"""Within which everything accepted has arrived everywhere, without a hand, once the cause has ended."""


class DidNotStrike(AssertionError):
    """A fault that cannot be shown to have happened; the text says what was expected and not seen."""


Strike = Callable[["Scene", Random], "str | None"]
"""Break something once, see to it that it really happened, and end the cause before returning.

Load goes on meanwhile. Returns a note for the row, or nothing.

Raises:
    DidNotStrike: it did not happen.
    AssertionError: the product did something else than it promises; the text says what. It is a breach.
"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row of the fault run.

    Args:
        name: what it is called in the table and at ``--only``: lower case, words joined by dots and dashes.
        about: one sentence: what is broken, and where.
        times: how often it strikes in the full run.
        short_times: how often in the short run; 0 leaves it out.
        strike: breaks it once.
        settle: whether to wait after every strike until all has arrived (else only after the last one).
        own_scene: an installation of its own, for a fault that leaves it in another state than it found it.
        load: whether the steady load runs meanwhile.
        pile: whether the next strike comes without waiting until all is well again; then only the last one is timed.
        scene: opens that installation of its own from a seed and what all have in common, where it must be another than
            the usual one.
    """

    name: str
    about: str
    times: int
    short_times: int
    strike: Strike
    settle: bool = False
    own_scene: bool = False
    load: bool = True
    pile: bool = False
    scene: Callable[[int, Common], AbstractContextManager[Scene]] | None = None
