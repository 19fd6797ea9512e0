"""Where streams stood when this process last committed in them: what need not be read again to go on from there.

A memory may be wrong: another instance, an operator's replay or a restored database knows better. So who goes by it
lets the books judge it, in the statement that moves them (:mod:`casuslog.consume.sheet`): the transaction sees one
moment throughout, so that it is the same to ask at its end as at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from casuslog.consume.sheet import Followed, Sheet

MOST = 5000
"""Streams that are remembered; those that came in first go first. A stream weighs some 400 bytes."""


class Step(NamedTuple):
    """An event that is to be handled: its place, and that of its cause where that must come first."""

    stream: Followed
    sequence: int
    cause: tuple[Followed, int] | None


class Remembered:
    """Per stream the last event that was handled. A stream of a parked lane is not among them."""

    def __init__(self) -> None:
        self._last: dict[Followed, int] = {}

    def sheet(self, steps: Iterable[Step]) -> Sheet | None:
        """The sheet to handle these events by, if each is known to come next; to be held against the books."""
        sheet = Sheet()
        reached: dict[Followed, int] = {}
        for stream, sequence, cause in steps:
            if self._stands(sheet, reached, stream) != sequence - 1:
                return None
            reached[stream] = sequence
            if cause is not None and self._stands(sheet, reached, cause[0]) < cause[1]:
                return None
        sheet.assumed = dict(sheet.last)
        return sheet

    def _stands(self, sheet: Sheet, reached: Mapping[Followed, int], stream: Followed) -> int:
        if stream in reached:
            return reached[stream]
        last = self._last.get(stream, -1)
        if last > 0:
            sheet.last[stream] = last
        return last

    def keep(self, reached: Mapping[Followed, int]) -> None:
        """The books say so since a commit; a stream that is at 0 has no row there, and is not kept."""
        for stream, last in reached.items():
            if last and last > self._last.get(stream, 0):
                self._last[stream] = last
        while len(self._last) > MOST:
            # Beside another greenthread or thread that does the same.
            self._last.pop(next(iter(self._last), None), None)  # type: ignore[arg-type]  # of an empty one nothing

    def forget(self, streams: Iterable[Followed]) -> None:
        """What came of them is not known."""
        for stream in streams:
            self._last.pop(stream, None)
