"""``make scenarios``: one line per scenario of the set."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # eventlet announces its own end at every import; that is no news of the scenarios.
    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()

import logging
import sys

import structlog

from tests.scenarios.bestand import scenarios
from tests.scenarios.stappen import STAPPEN
from tests.scenarios.uitvoeren import Uitvoering


def main(wanted: list[str]) -> int:
    """Play what is asked, or all; the exit status is 1 when one failed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    failed = 0
    with Uitvoering() as uitvoering:
        for een in scenarios():
            if wanted and een.id not in wanted:
                continue
            if een.id not in STAPPEN:
                print(f"{een.id} not yet", flush=True)
                continue
            try:
                verschillen = uitvoering.speel(een)
            except Exception as fout:
                # What goes wrong in one scenario says nothing of the others.
                verschillen = [f"{type(fout).__name__}: {fout}"]
            failed += bool(verschillen)
            print(f"{een.id} failed: {verschillen[0]}" if verschillen else f"{een.id} passed", flush=True)
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
