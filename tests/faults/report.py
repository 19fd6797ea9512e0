"""The table as people and machines read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.run import Row
from tests.machine import machine

COLUMNS = ("fault", "times", "lost", "skipped", "out_of_order", "double", "leaked", "recovery_s")
WIDTHS = (30, 5, 5, 7, 12, 6, 6, 10)


def head() -> str:
    """The names of the columns."""
    return _cells(COLUMNS)


def line(row: Row) -> str:
    """One fault in one line; what is wrong, or worth knowing, behind it."""
    told = row.as_json()
    verdict = "BREACHED" if row.breached else "ok"
    cells = _cells(["never" if told[name] is None else str(told[name]) for name in COLUMNS])
    note = f"  ({told['note']})" if told["note"] else ""
    return f"{cells}  {verdict}{note}  [{row.seconds:.0f} s]"


def write(path: Path, rows: Sequence[Row], *, seed: int, short: bool, split: bool, seconds: float) -> None:
    """Keep the rows, with the machine and the versions that gave them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "seed": seed, "short": short, "split": split}
    told = {**made, "seconds": round(seconds), **machine(), "rows": [row.as_json() for row in rows]}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _cells(values: Sequence[str]) -> str:
    first, *others = zip(values, WIDTHS, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(value.rjust(width) for value, width in others)])
