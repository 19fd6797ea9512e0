"""What each example needs: a platform, a subscription in it, and how to run a program that knows nothing of ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.testing.platform import Platform

OPSTERLAND = "0086"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))
WIJKTEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,))
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TERMS = {
    "houdersoort": "oin",
    "houder": oin_of(OPSTERLAND),
    "rol": "wijkteam",
    "gemeenten": ["opsterland"],
    "doelbinding": "uitvoering_wmo",
    "grondslag": "Wmo 2015 art. 5.1.1",
    "profiel": "volledig",
}


def grant(platform: Platform, **terms: Any) -> str:
    """A subscription of the wijkteam of Opsterland."""
    told = {**TERMS, **terms}
    made = platform.command("abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", **told)
    platform.settle()
    return made.casus


def happen(platform: Platform, naam: str = "Wiarda-Terpstra") -> str:
    """A melding: three events."""
    told = {"gemeente": "opsterland", "kanaal": "telefoon", "naam": naam}
    casus = platform.command("melding", "registreer-melding", WIJKTEAM, **told).casus
    platform.settle()
    return casus


def feed(platform: Platform, abonnement: str) -> list[dict[str, Any]]:
    """All numbers, as the feed gives them."""
    found: list[dict[str, Any]] = []
    while True:
        na = found[-1]["nummer"] if found else 0
        path = f"/abonnementen/{abonnement}/gebeurtenissen?na={na}"
        page = platform.api.get("abonnement", path, WIJKTEAM)["gebeurtenissen"]
        if not page:
            return found
        found += page


def token(platform: Platform, caller: Caller = WIJKTEAM) -> str:
    """A development token."""
    return platform.host.platform.issuer.issue(caller)


@pytest.fixture
def program() -> Callable[[str], str]:
    """The path of a program that ``scripts/ensure-node`` brings in."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.fail(f"{name} is missing: run scripts/ensure-node", pytrace=False)
        return found

    return find
