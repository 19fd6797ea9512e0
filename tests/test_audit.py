"""The audit of what the lock holds: what is known is told, and what could not be asked is not called sound."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

SOUND = {"name": "kombu", "version": "5.7.0", "vulns": []}
WEAK = {"name": "kombu", "version": "5.7.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["5.7.1"]}]}
UNASKED = {"name": "amqp", "skip_reason": "not found"}


@pytest.fixture
def audit() -> Any:
    """The script as a module."""
    loader = SourceFileLoader("audit", str(Path(__file__).parents[1] / "scripts" / "audit"))
    spec = spec_from_loader("audit", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_a_known_weakness_fails_and_names_its_remedy(audit: Any) -> None:
    """Which package, which weakness, which version mends it."""
    status, told = audit.verdict([SOUND, WEAK, UNASKED])
    assert status == 1
    assert "kombu 5.7.0: PYSEC-1, mended in 5.7.1" in told


def test_what_could_not_be_asked_is_told(audit: Any) -> None:
    """No answer is not a good answer."""
    assert audit.verdict([SOUND, UNASKED]) == (0, "no known weakness in 1 packages; 1 could NOT be looked up")
    assert audit.verdict([UNASKED])[1] == "audit NOT RUN: of 1 locked packages none could be looked up"
    assert "NOT RUN" in audit.verdict([])[1]
