"""The benchmarks run. What they measure is no gate of the tests: machines are shared, and differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.catalogue import rows
from tests.bench.frame import Result
from tests.bench.report import write

HERE = Path(__file__).resolve().parents[2]
PEERS = HERE / "build" / "peers"


def test_a_result_is_the_median_of_its_rounds_and_says_whether_its_bound_is_reached():
    """One lucky round decides nothing, and a bound may be from below or from above."""
    ratio = Result(name="append", peer="bare", rounds=[0.7, 3.0, 0.9], must=0.8)
    assert (ratio.value, ratio.spread, ratio.reached) == (0.9, (0.7, 3.0), True)
    latency = Result(name="latency", peer="", rounds=[14.0, 16.0, 17.0], must=15, unit="ms", lower=True)
    assert latency.reached is False
    assert Result(name="read", peer="eventsourcing", rounds=[1.0]).reached is None


def test_a_part_that_is_run_anew_stands_beside_what_the_others_left(tmp_path):
    """In the order of the catalogue, whichever came last; of the part itself only the new figures stay."""
    made = tmp_path / "bench.json"
    write(made, [("codec encode", Result(name="encode", peer="bare", rounds=[1.0]))])
    write(made, [("append, 1 event", Result(name="append", peer="bare", rounds=[0.5]))], add=True)
    write(made, [("append, 1 event", Result(name="append", peer="bare", rounds=[0.9]))], add=True)
    kept = json.loads(made.read_text(encoding="utf-8"))["rows"]
    assert [(row["benchmark"], row["ratio"]) for row in kept] == [("append, 1 event", 0.9), ("codec encode", 1.0)]


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.rabbitmq
@pytest.mark.timeout(600)
def test_every_benchmark_runs_and_gives_its_rows(rabbit, postgres, tmp_path):
    """A quick run of each, with its peers: every row has a figure that is above nothing."""
    assert PEERS.is_dir(), "scripts/ensure-peers installs what the benchmarks compare with; `make test` calls it"
    made = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(made)]
    env = os.environ | {"PYTHONPATH": str(PEERS), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(made.read_text(encoding="utf-8"))
    assert told["quick"] is True
    measured = {row["benchmark"] for row in told["rows"]}
    assert measured == {row.name for row in rows()}
    for row in told["rows"]:
        assert row["lower_is_better"] or row["ratio"] > 0, row
