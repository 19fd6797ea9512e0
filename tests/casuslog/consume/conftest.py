"""The world in which consumers are tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casuslog.consume.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two owners and a consumer on SQLite."""
    made = World(tmp_path)
    yield made
    made.close()
