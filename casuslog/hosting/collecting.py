"""Python's own garbage collection, kept from walking over and over what stays.

It looks for cycles among what was made since it looked last, and now and then among everything: some 300,000 objects
once a service has started, which is 60 ms, and falls on whichever event was being handled (docs/adr/0012).
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_SELDOM = (200_000, 20, 20)


def started() -> None:
    """Say that what is there now stays: modules, schemas, tables. The collector no longer walks it."""
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """For work that makes and drops events by the page, in a process that does nothing else: look far less often.

    What reading leaves behind has no cycles, and is gone without the collector.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
