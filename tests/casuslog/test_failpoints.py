"""Failpoints: nothing happens unless the environment says so, and then exactly there."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from casuslog import failpoints

PASS_THREE_TIMES = """
from casuslog.failpoints import failpoint
for turn in (1, 2, 3):
    print(turn, flush=True)
    failpoint("relay.published")
    failpoint("relay.confirmed")
"""


def _run(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # our own words
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=30, check=False
    )


def test_unarmed_places_let_everything_pass() -> None:
    """Without the variable a place does nothing."""
    done = _run(PASS_THREE_TIMES)
    assert (done.returncode, done.stdout.split()) == (0, ["1", "2", "3"])


def test_the_process_dies_at_the_passage_named() -> None:
    """``name:nth`` kills at the nth passage of that place, by SIGKILL."""
    done = _run(PASS_THREE_TIMES, CASUSLOG_FAILPOINTS="relay.published:2")
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["1", "2"])


def test_a_running_process_is_armed_by_its_file(tmp_path: Path) -> None:
    """The file is read when it appears; it is gone and the place noted when it has struck."""
    path = tmp_path / "arm"
    program = f"""
from pathlib import Path
from casuslog.failpoints import failpoint
failpoint("relay.published")
Path({str(path)!r}).write_text("relay.published:2")
failpoint("relay.published")
print("once", flush=True)
failpoint("relay.confirmed")
failpoint("relay.published")
print("never")
"""
    done = _run(program, CASUSLOG_FAILPOINTS=f"file:{path}")
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["once"])
    assert Path(f"{path}{failpoints.STRUCK}").read_text() == "relay.published\n"
    assert not path.exists()


@pytest.mark.parametrize("spec", ["relay.publishd:1", "relay.published", "relay.published:0", "relay.published:x"])
def test_a_place_that_does_not_exist_is_no_silent_mistake(spec: str) -> None:
    """A fault that could never strike would prove nothing: arming it is an error that says what would be right."""
    with pytest.raises(ValueError, match=r"give for example command\.before_append:1"):
        failpoints.parse(spec)


def test_every_place_stands_in_the_product() -> None:
    """The list of places is the list of calls; a command appends in two ways: all at once, or after what it reads."""
    files = [path for path in Path(failpoints.__file__).parent.rglob("*.py") if path.name != "failpoints.py"]
    called = [name for path in files for name in re.findall(r'\bfailpoint\("([a-z_.]+)"\)', path.read_text())]
    assert sorted(called) == sorted([*failpoints.PLACES, "command.before_append"])
