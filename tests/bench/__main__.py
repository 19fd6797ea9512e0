"""``python -m tests.bench``: run the benchmarks, print the table as it grows, and write ``build/bench.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.catalogue import rows
from tests.bench.frame import Bench, Result, Row
from tests.bench.report import line, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for. The status is 0 whether bounds are reached or not: machines differ."""
    parser = argparse.ArgumentParser(prog="make bench", description="Casuslog beside its peers, in one run.")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="names of benchmarks, or their beginnings")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="show that everything runs; the figures mean nothing")
    parser.add_argument("--add", action="store_true", help="keep what other benchmarks left in the file")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    given = parser.parse_args(arguments)
    chosen = [row for row in rows() if not given.only or row.name.startswith(tuple(given.only))]
    if not chosen:
        parser.error(f"no such benchmark; there are {', '.join(row.name for row in rows())}")
    bench = Bench(rounds=given.rounds, quick=given.quick)
    try:
        results = [(row.name, result) for row in chosen for result in measured(bench, row)]
    finally:
        bench.close()
    write(given.json, results, quick=given.quick, add=given.add)
    missed = [result for _, result in results if result.reached is False]
    print(f"\n{len(results)} results in {given.json}; {len(missed)} below what they must reach")
    return 0


def measured(bench: Bench, row: Row) -> Sequence[Result]:
    """Run one benchmark and print its lines at once."""
    bench.tell(f"{row.name}: {row.what}")
    results = row.measure(bench)
    for result in results:
        bench.tell(line(result))
    return results


if __name__ == "__main__":
    sys.exit(main())
