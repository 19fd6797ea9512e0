"""A database with the tables of the read models, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from casuslog.readmodels import metadata


@pytest.fixture
def conn() -> Iterator[Connection]:
    """A transaction on an empty database."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as opened:
        yield opened
    engine.dispose()
