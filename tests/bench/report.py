"""The table as people and machines read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.catalogue import rows as catalogue
from tests.bench.frame import Result
from tests.machine import machine


def line(result: Result) -> str:
    """One result in one line."""
    low, high = result.spread
    verdict = {True: "reached", False: "NOT REACHED", None: "beside"}[result.reached]
    bound = "" if result.must is None else f" must {'<=' if result.lower else '>='} {result.must:g}"
    unit = result.unit if result.unit == "x" else f" {result.unit}"
    told = f"  {result.name} | {result.peer} | {result.value:.2f}{unit} [{low:.2f}-{high:.2f}]{bound}: {verdict}"
    return f"{told} ({result.note})" if result.note else told


def write(path: Path, results: Sequence[tuple[str, Result]], *, quick: bool = False, add: bool = False) -> None:
    """Keep the results, each with the name of its benchmark, and the machine and versions that gave them.

    ``add``: beside those that other benchmarks left in the file; in the order of the catalogue.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [_row(benchmark, one) for benchmark, one in results]
    if add and path.exists():
        anew = {row["benchmark"] for row in rows}
        kept = json.loads(path.read_text(encoding="utf-8"))["rows"]
        rows += [row for row in kept if row["benchmark"] not in anew]
    order = [row.name for row in catalogue()]
    rows.sort(key=lambda row: order.index(row["benchmark"]))
    made = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "quick": quick, **machine()}
    path.write_text(json.dumps({**made, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def _row(benchmark: str, result: Result) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "name": result.name,
        "ratio": round(result.value, 4),
        "rate": result.rate,
        "unit": result.unit,
        "must": result.must,
        "aim": result.aim,
        "lower_is_better": result.lower,
        "reached": result.reached,
        "peer": result.peer,
        "rounds": len(result.rounds),
        "spread": [round(bound, 4) for bound in result.spread],
        "note": result.note,
    }
