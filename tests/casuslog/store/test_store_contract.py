"""The store contract on both databases."""

from pathlib import Path

import pytest

from casuslog.store import EventStore
from casuslog.testing.store_contract import OpenStore, StoreContract


class TestSqlite(StoreContract):
    """One file."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        """A file in a folder of its own."""
        return lambda **given: EventStore.open(f"sqlite:///{tmp_path}/", "proef", **given)


@pytest.mark.postgres
class TestPostgresql(StoreContract):
    """One schema."""

    @pytest.fixture
    def open_store(self, postgres_url: str) -> OpenStore:
        """A schema in a database of its own."""
        return lambda **given: EventStore.open(postgres_url, "proef", **given)
