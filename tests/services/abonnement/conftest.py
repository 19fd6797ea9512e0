from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.abonnement.wereld import BEKEND, Wereld, sqlite


@pytest.fixture
def wereld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wereld]:
    """A world on files; the event types to choose from are those that the tests use."""
    monkeypatch.setattr("services.abonnement.besluiten.gebeurtenistypen", lambda: BEKEND)
    made = sqlite(tmp_path)
    yield made
    made.close()
