"""A small inrichting of a gemeente that does not exist, to be changed by each test, and the real folder."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.inrichting.beleid import Beleid
from services.inrichting.compileren import compile_beleid
from services.inrichting.model import InrichtingDocument, Verband, load_file, load_folder, load_verbanden

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "inrichtingen"

_BRON = "verordening:art. 1"

_KLEIN: dict[str, Any] = {
    "sleutel": "voorbeeldstad",
    "gemeentecode": "9901",
    "naam": "Voorbeeldstad",
    "wettelijk_kader": "wmo_2015",
    "bronnen": {"verordening": "verordening maatschappelijke ondersteuning Voorbeeldstad"},
    "versies": [
        {
            "geldig_vanaf": "2016-01-01",
            "beschikking": {
                "voorzieningen": {
                    "huishoudelijke_hulp_1": {"soort": {"waarde": "algemeen", "bron": _BRON}},
                    "huishoudelijke_hulp_2": {"soort": {"waarde": "maatwerk", "bron": _BRON}},
                    "begeleiding_individueel": {"soort": {"waarde": "maatwerk", "bron": _BRON}},
                }
            },
        }
    ],
}


@pytest.fixture
def bron() -> str:
    """The source that the made-up gemeente declares."""
    return _BRON


@pytest.fixture
def klein() -> dict[str, Any]:
    """The made-up inrichting; a test changes its own copy."""
    return copy.deepcopy(_KLEIN)


@pytest.fixture
def versie(klein: dict[str, Any]) -> dict[str, Any]:
    """The one version of the made-up inrichting."""
    eerste: dict[str, Any] = klein["versies"][0]
    return eerste


@pytest.fixture
def laad(tmp_path: Path) -> Callable[[dict[str, Any]], InrichtingDocument]:
    """Write a made-up inrichting as a file and load it."""

    def schrijf_en_laad(inhoud: dict[str, Any]) -> InrichtingDocument:
        bestand = tmp_path / f"{inhoud.get('sleutel', 'voorbeeldstad')}.yaml"
        bestand.write_text(yaml.safe_dump(inhoud, allow_unicode=True), encoding="utf-8")
        return load_file(bestand)

    return schrijf_en_laad


@pytest.fixture
def compileer(laad: Callable[[dict[str, Any]], InrichtingDocument]) -> Callable[[dict[str, Any]], Beleid]:
    """Load a made-up inrichting and compile its last version."""
    return lambda inhoud: compile_beleid(laad(inhoud), [])


@pytest.fixture(scope="session")
def documenten() -> dict[str, InrichtingDocument]:
    """The documented gemeenten, by sleutel."""
    return {document.sleutel: document for document in load_folder(FOLDER)}


@pytest.fixture(scope="session")
def verbanden() -> list[Verband]:
    """The documented samenwerkingsverbanden."""
    return load_verbanden(FOLDER)


@pytest.fixture(scope="session")
def beleiden(documenten: dict[str, InrichtingDocument], verbanden: list[Verband]) -> dict[str, Beleid]:
    """Every version of every documented gemeente, by inrichtingversie."""
    alle = (
        compile_beleid(document, verbanden, nummer)
        for document in documenten.values()
        for nummer in range(1, len(document.versies) + 1)
    )
    return {beleid["kop"]["inrichtingversie"]: beleid for beleid in alle}
