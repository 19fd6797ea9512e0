"""A part of the short fault run, on an installation divided over two databases and two relays by settings alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
STRUCK = ("kill-command.after_commit", "kill-relay.published", "kill-consume.after_effect", "delivery-changed")
"""The service, the relay and a consumer die; and what lies in an inbox is not what was sent."""


def test_a_divided_installation_keeps_every_promise_under_faults(tmp_path: Path) -> None:
    """Nothing lost, skipped, double, out of order or leaked, over two databases and two relays; back within 30 s."""
    told = tmp_path / "faults.json"
    command = [sys.executable, "-m", "tests.faults", "--short", "--split", "--json", str(told), "--only", *STRUCK]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CASUSLOG_")} | {"SEED": "3"}
    # A process of its own: here eventlet has patched threads, and the run wants real ones.
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    found = json.loads(told.read_text())
    assert found["split"] is True
    assert [row["fault"] for row in found["rows"]] == list(STRUCK)
    assert all(row["times"] and not row["breached"] for row in found["rows"])
