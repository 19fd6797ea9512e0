"""Processes that are started together, started again when they die, and ended in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from casuslog.hosting import host, supervisor
from casuslog.hosting.supervisor import SUPERVISOR, Supervisor

LIVES = "import time; time.sleep(60)"
FINISHES = """
import pathlib, signal, sys, time
def ended(*_):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).write_text("finished")
    sys.exit(0)
signal.signal(signal.SIGTERM, ended)
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(60)
"""
IGNORES = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(60)
"""

Begin = Callable[..., Supervisor]


def until(reached: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it is so, or fail."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Start a supervisor over Python programs; it is stopped afterwards."""
    monkeypatch.setattr(supervisor, "RESTART_SECONDS", (0.05, 0.1))
    begun: list[Supervisor] = []

    def start(*names: str, program: str = LIVES, argument: str = "", grace: float = 5.0) -> Supervisor:
        made = Supervisor(names, command=lambda _: [sys.executable, "-c", program, argument], grace=grace)
        begun.append(made)
        made.start()
        return made

    yield start
    for made in begun:
        made.stop()


def test_a_killed_process_is_started_again_and_the_others_run_on(begin: Begin) -> None:
    """SIGKILL of one gives it another process; its neighbour keeps the one it had."""
    running = begin("melding", "relay")
    killed, neighbour = running.pid("melding"), running.pid("relay")
    os.kill(killed, signal.SIGKILL)
    until(lambda: running.pid("melding") != killed)
    assert lives(running.pid("melding"))
    assert running.pid("relay") == neighbour
    assert running.ended == [("melding", -signal.SIGKILL)]


def test_one_that_keeps_dying_is_tried_again_and_again(begin: Begin) -> None:
    """A process that ends at once comes back after each wait; nothing gives up on it."""
    running = begin("pgb", program="raise SystemExit(3)")
    until(lambda: len(running.ended) >= 3)
    assert {status for _, status in running.ended} == {3}


def test_a_stop_lets_each_finish_what_it_holds(begin: Begin, tmp_path: Path) -> None:
    """SIGTERM and time: what a process does at its end is done before the stop returns."""
    told = tmp_path / "told"
    running = begin("melding", program=FINISHES, argument=str(told))
    until(lambda: told.exists() and told.read_text() == "ready")
    running.stop()
    assert told.read_text() == "finished"
    assert running.ended == []


def test_who_does_not_end_in_time_is_killed(begin: Begin, tmp_path: Path) -> None:
    """The grace is bounded: one that ignores SIGTERM does not hold up the stop for ever."""
    told = tmp_path / "told"
    running = begin("melding", program=IGNORES, argument=str(told), grace=0.3)
    until(told.exists)
    pid = running.pid("melding")
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 3
    assert not lives(pid)


def test_a_start_that_fails_leaves_nothing_running() -> None:
    """When one cannot be started, those before it are ended."""
    commands = {"melding": [sys.executable, "-c", LIVES], "pgb": ["/does/not/exist"]}
    failing = Supervisor(["melding", "pgb"], command=commands.__getitem__)
    with pytest.raises(OSError, match="exist"):
        failing.start()
    assert not lives(failing.pid("melding"))


def test_a_process_knows_that_its_supervisor_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was left behind ends; one that nobody supervises does not."""
    monkeypatch.delenv(SUPERVISOR, raising=False)
    assert not host.orphaned()
    monkeypatch.setenv(SUPERVISOR, str(os.getppid()))
    assert not host.orphaned()
    monkeypatch.setenv(SUPERVISOR, str(os.getpid()))
    assert host.orphaned()
