"""All benchmarks, in the order of the table."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.bench.frame import Row

ORDER = ("append", "import", "read", "relay", "consume", "latency", "http", "codec", "rebuild", "memory", "grown")
"""The subjects; each is a module ``tests.bench.rows.<subject>_rows``."""


def rows() -> list[Row]:
    """Every row of every subject."""
    here = Path(__file__).parent / "rows"
    modules = [f"{subject}_rows" for subject in ORDER if (here / f"{subject}_rows.py").exists()]
    return [row for module in modules for row in import_module(f"tests.bench.rows.{module}").ROWS]
