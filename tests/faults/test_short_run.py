"""The short fault run, as part of the tests: ``make faults`` with every fault once or twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.catalogue import faults

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]
HOUSE = Path(__file__).resolve().parents[2]
COUNTS = ("lost", "skipped", "out_of_order", "double", "leaked")
NOTHING = dict.fromkeys(COUNTS, 0)


def test_every_promise_holds_in_the_short_run(tmp_path: Path) -> None:
    """Real processes are killed, cut off and filled up: nothing lost, skipped, out of order, double or leaked."""
    told = tmp_path / "faults.json"
    command = [sys.executable, "-m", "tests.faults", "--short", "--json", str(told)]
    env = os.environ | {"PYTHONWARNINGS": "ignore", "SEED": os.environ.get("SEED", "1")}
    run = subprocess.run(command, cwd=HOUSE, env=env, capture_output=True, text=True, timeout=560, check=False)
    assert run.returncode == 0, f"{run.stdout[-6000:]}\n{run.stderr[-3000:]}"
    rows = {row["fault"]: row for row in json.loads(told.read_text())["rows"]}
    assert set(rows) == {fault.name for fault in faults() if fault.short_times}
    assert {name: {count: row[count] for count in COUNTS} for name, row in rows.items()} == dict.fromkeys(rows, NOTHING)
    assert {name: row["times"] for name, row in rows.items()} == {
        fault.name: fault.short_times for fault in faults() if fault.short_times
    }
