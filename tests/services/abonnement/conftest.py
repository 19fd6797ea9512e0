from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.abonnement import bezorging as b
from services.abonnement.afzender import van_dienst
from tests.services.abonnement.ontvanger import Ontvanger, ontvangend
from tests.services.abonnement.webhookproef import bezorger
from tests.services.abonnement.wereld import BEKEND, Wereld, sqlite


@pytest.fixture
def wereld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wereld]:
    """A world on files; the event types to choose from are those that the tests use."""
    monkeypatch.setattr("services.abonnement.besluiten.gebeurtenistypen", lambda: BEKEND)
    made = sqlite(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ontvanger() -> Iterator[Ontvanger]:
    with ontvangend() as made:
        yield made


@pytest.fixture
def dienst(wereld: Wereld) -> Any:
    """The service, on an embedded installation."""
    settings = SimpleNamespace(public_url="", http_host="casuslog.example", embedded=True)
    wereld.service.log.platform.settings = settings
    wereld.service.log.platform.keys = wereld.sleutels
    wereld.service.log.of_itself = van_dienst
    return wereld.service


@pytest.fixture
def bezorging(wereld: Wereld) -> Iterator[b.Bezorging]:
    made = bezorger(wereld)
    yield made
    made.stop()
