"""``make faults``: let everything break that can, under load, and audit that nothing was lost (docs/testen.md)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from casuslog.hosting import logs
from tests.faults.catalogue import faults
from tests.faults.report import head, line, write
from tests.faults.run import Row, Runner

SEED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the faults asked for. The exit status is 1 when a promise was broken, or a fault did not strike."""
    given = _arguments(arguments)
    logs.configure(form="json", level="error", stream=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    seed = int(os.environ.get("SEED", SEED))
    chosen = [
        fault
        for fault in faults()
        if (not given.only or fault.name.startswith(tuple(given.only))) and (not given.short or fault.short_times)
    ]
    if not chosen:
        sys.exit(f"no such fault; there are {', '.join(fault.name for fault in faults())}")
    began = time.monotonic()
    _tell(f"SEED={seed}\n{head()}")
    runner = Runner(seed, short=given.short, options={"split": True} if given.split else {})
    rows: list[Row] = []
    try:
        for fault in chosen:
            rows.append(runner.run(fault))
            _tell(line(rows[-1]))
    finally:
        runner.close()
        write(given.json, rows, seed=seed, short=given.short, split=given.split, seconds=time.monotonic() - began)
    breached = [row.fault for row in rows if row.breached]
    _tell(f"\n{len(rows)} faults, {sum(row.times for row in rows)} times, in {time.monotonic() - began:.0f} s: "
          f"{'BREACHED: ' + ', '.join(breached) if breached else 'every promise held'} ({given.json})")  # fmt: skip
    return 1 if breached else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description="Everything breaks, and nothing may be lost.")
    parser.add_argument("--short", action="store_true", help="each fault once or twice, in under three minutes")
    parser.add_argument("--split", action="store_true", help="on an installation divided over databases and relays")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="names of faults, or their beginnings")
    parser.add_argument("--json", type=Path, default=Path("build/faults.json"))
    return parser.parse_args(arguments)


def _tell(text: str) -> None:
    print(text, flush=True)  # this is what the command is for


if __name__ == "__main__":
    # Whoever stops the run finds nothing of it left: servers and services end on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
