"""``berekening``: outcomes that can be recomputed, by the product's own calendar and arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from math import prod
from typing import Any

from casuslog import rekenen, termijnen
from casuslog.vernietigen.bewaartermijn import Termijn
from tests.scenarios.spel import Spel


def berekeningen(spel: Spel) -> Iterator[str]:
    """Each computation that comes out otherwise."""
    for rij in spel.scenario.berekening:
        nu = _reken(rij["soort"], rij["invoer"])
        if nu != rij["is"]:
            yield f"berekening {rij['naam']} is {nu}, expected {rij['is']}"


def _reken(soort: str, invoer: Mapping[str, Any]) -> Any:
    match soort:
        case "termijn":
            lengte = {naam: invoer[naam] for naam in ("weken", "dagen") if naam in invoer}
            van = date.fromisoformat(invoer["van"])
            termijn = termijnen.bereken("test", van, **lengte, artikel="test", atw=invoer["atw"])
            return termijn.uiterlijk.isoformat()
        case "percentage":
            return _euro(rekenen.percentage_van(rekenen.cent(invoer["bedrag"]), invoer["procent"]))
        case "weken":
            return rekenen.begonnen_weken(*(date.fromisoformat(invoer[naam]) for naam in ("van", "tot_en_met")))
        case "jaren_datum":
            van = date.fromisoformat(invoer["van"])
            bewaren = Termijn("test", invoer["jaren"], 0, van, None, "test")
            return bewaren.laatste_dag(van).isoformat()
        case "product":
            hele = prod(factor for factor in invoer["factoren"] if isinstance(factor, int))
            bedragen = [rekenen.cent(factor) for factor in invoer["factoren"] if isinstance(factor, str)]
            return _euro(hele * prod(bedragen)) if bedragen else hele
        case "som" if all(isinstance(deel, int) for deel in invoer["delen"]):
            return sum(invoer["delen"])
        case "som":
            return _euro(sum(rekenen.cent(deel) for deel in invoer["delen"]))
    return f"no such computation: {soort}"


def _euro(cent: int) -> str:
    return f"{cent // 100}.{cent % 100:02}"
