"""The run itself can fail: on a fault that did not strike, a recovery that takes too long, and any finding."""

# ruff: noqa: ARG002  # a stand-in keeps the signature of what it stands in for

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import __main__ as command
from tests.faults.audit import Findings
from tests.faults.fault import RECOVERY_SECONDS, DidNotStrike, Fault
from tests.faults.ledger import Odd
from tests.faults.run import Row, Runner

GOOD = Row("iets", 2, 2, Findings(), 3.0, "", (), 9.0)


class Stage:
    """What a runner asks of a scene: it recovers after so many seconds, and its audit finds what was put in it."""

    def __init__(self, recovers: float = 1.0) -> None:
        self.recovers = recovers
        self.findings = Findings()
        self.ledger = SimpleNamespace(odd=[])
        self.load = SimpleNamespace(resume=lambda: None, going=True)
        self.found = SimpleNamespace(audit=lambda: Findings())

    def mark(self) -> object:
        return object()

    def recovered(self, mark: object, timeout: float) -> float:
        return self.recovers

    def settled(self, timeout: float) -> float:
        return self.recovers

    def lacking(self) -> str:
        return "the answer to 1 commands"

    def audit(self) -> Findings:
        return self.findings

    def log_of_all(self) -> str:
        return ""


def fault(strike: Any, stage: Stage, **known: Any) -> Fault:
    """A fault on a stage."""

    @contextlib.contextmanager
    def scene(seed: int, common: Any) -> Iterator[Any]:
        yield stage

    given = {"name": "iets", "about": "iets", "times": 2, "short_times": 1, **known}
    return Fault(strike=strike, own_scene=True, scene=scene, **given)


def nothing(scene: Any, rng: Random) -> None:
    """Strikes and leaves no trace."""


def run(one: Fault) -> Row:
    return Runner(1, short=False, options={}).run(one)


def test_a_row_without_anything_wrong_is_no_breach() -> None:
    """As often as wanted, in time, nothing found."""
    assert not GOOD.breached
    assert not run(fault(nothing, Stage())).breached


@pytest.mark.parametrize("kind", [one.name for one in fields(Findings)])
def test_one_finding_of_any_kind_is_a_breach(kind: str) -> None:
    """Lost, skipped, out of order, double and leaked each count, from the first."""
    assert replace(GOOD, findings=Findings(**{kind: ["iets"]})).breached
    stage = Stage()

    def strike(scene: Any, rng: Random) -> None:
        getattr(stage.findings, kind).append("casus-a")

    row = run(fault(strike, stage))
    assert row.breached
    assert row.as_json()[kind] == 2


@pytest.mark.parametrize("recovers", [RECOVERY_SECONDS + 0.1, float("inf")])
def test_a_recovery_that_takes_too_long_or_never_comes_is_a_breach(recovers: float) -> None:
    """Thirty seconds after the cause ended everything must be everywhere, without a hand."""
    row = run(fault(nothing, Stage(recovers)))
    assert row.breached
    assert row.as_json()["recovery_s"] == (None if recovers == float("inf") else round(recovers, 1))


@pytest.mark.parametrize(
    ("error", "told"),
    [(DidNotStrike("nobody died"), "did not strike: nobody died"), (AssertionError("zo niet"), "zo niet")],
)
def test_a_fault_that_did_not_strike_or_saw_a_promise_broken_is_a_breach(error: AssertionError, told: str) -> None:
    """A row that counts a fault that never happened proves nothing."""

    def strike(scene: Any, rng: Random) -> None:
        raise error

    row = run(fault(strike, Stage()))
    assert (row.times, row.breached) == (0, True)
    assert told in row.as_json()["note"]


def test_an_answer_that_no_command_should_get_is_a_breach() -> None:
    """A refusal, or an error of the program, of a command that was in order."""
    stage = Stage()

    def strike(scene: Any, rng: Random) -> None:
        stage.ledger.odd.append(Odd("k", "registreer-melding", "0086", 500, "fout"))

    assert run(fault(strike, stage)).breached


@pytest.mark.parametrize(("recovers", "status"), [(1.0, 0), (40.0, 1)])
def test_the_command_ends_with_its_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recovers: float, status: int
) -> None:
    """Exit status 1 on any breach; the row says which, in the table and in the file."""
    monkeypatch.setattr(command, "faults", lambda: (fault(nothing, Stage(recovers)),))
    told: list[str] = []
    monkeypatch.setattr(command, "_tell", told.append)
    monkeypatch.setattr(command.logs, "configure", lambda **_: None)
    assert command.main(["--json", str(tmp_path / "faults.json")]) == status
    [row] = json.loads((tmp_path / "faults.json").read_text())["rows"]
    assert (row["fault"], row["breached"]) == ("iets", bool(status))
    assert any("BREACHED" in line for line in told) == bool(status)
