"""A database with the tables of the read models, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from casuslog.readmodels import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A transaction on an empty database of each kind: what is written at once differs."""
    engine = create_engine("sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    metadata.create_all(engine)
    with engine.begin() as opened:
        yield opened
    engine.dispose()
