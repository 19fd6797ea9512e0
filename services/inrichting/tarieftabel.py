"""The pgb table of a gemeente as rows that a program can choose from.

The table has four columns: gekwalificeerd, niet gekwalificeerd, sociaal netwerk, and huishoudelijke hulp whoever gives
it (bron 004, lines 592-607). A row says for which ondersteuning and under which conditions it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.inrichting.codes import ALLE_BEHALVE, KOLOMMEN, SOORTEN_HULPVERLENER, valt_onder

_SOORT_UIT_VOORWAARDE = {
    "gekwalificeerd": ("gekwalificeerd",),
    "niet_gekwalificeerd": ("niet_gekwalificeerd", "sociaal_netwerk"),
}
"""In the column huishoudelijke hulp a condition names the soort hulpverlener; netwerk counts as niet gekwalificeerd."""

_IN_NETWERK = ("gekwalificeerd_in_sociaal_netwerk", "niet_gekwalificeerd_in_sociaal_netwerk")

_EENHEID = {"uurtarief": "uur", "dagdeeltarief": "dagdeel"}


def rijen(kolommen: Mapping[str, Any], voorzieningen: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of the table in its own order, for the voorzieningen that this gemeente has."""
    for kolom in KOLOMMEN:
        cel = kolommen.get(kolom, {"rijen": []})
        bereik = [_bereik(rij["ondersteuning"], voorzieningen) for rij in cel["rijen"]]
        for plaats, rij in enumerate(cel["rijen"]):
            yield {
                "id": f"{kolom}.{plaats + 1}",
                "kolom": kolom,
                "soorten_hulpverlener": list(_soorten(kolom, rij.get("voorwaarde", []))),
                "voorzieningen": _zonder_specifieker(plaats, bereik),
                **_bedrag(rij),
                "maximum": rij.get("maximum"),
                "voorwaarden": [v for v in rij.get("voorwaarde", []) if v not in _SOORT_UIT_VOORWAARDE],
                "bron": rij["bron"],
                "onzeker": rij.get("onzeker", cel.get("onzeker")),
            }


def _bedrag(rij: Mapping[str, Any]) -> dict[str, Any]:
    procent = rij.get("procent")
    return {
        "soort": rij["soort"],
        "procent": procent,
        "bedrag_cent": cent(rij["bedrag"]) if "bedrag" in rij else None,
        "eenheid": _EENHEID.get(rij["soort"]),
        "grondslag": None if procent is None else "tarief_zorg_in_natura",
        "ondersteuning": rij["ondersteuning"],
    }


def cent(bedrag: str) -> int:
    """``'16.64'`` in whole cents, without a float in between."""
    euro, _, centen = bedrag.partition(".")
    return int(euro) * 100 + int(centen)


def _soorten(kolom: str, voorwaarden: Sequence[str]) -> tuple[str, ...]:
    if any(v in _IN_NETWERK for v in voorwaarden):
        return ("sociaal_netwerk",)
    if kolom != "huishoudelijke_hulp":
        return (kolom,)
    for voorwaarde in voorwaarden:
        if voorwaarde in _SOORT_UIT_VOORWAARDE:
            return _SOORT_UIT_VOORWAARDE[voorwaarde]
    return SOORTEN_HULPVERLENER


def _bereik(ondersteuning: str, voorzieningen: Sequence[str]) -> list[str]:
    if ondersteuning in ALLE_BEHALVE:
        weg = ALLE_BEHALVE[ondersteuning]
        return [v for v in voorzieningen if not any(valt_onder(v, geheel) for geheel in weg)]
    return [v for v in voorzieningen if valt_onder(v, ondersteuning)]


def _zonder_specifieker(plaats: int, bereik: Sequence[Sequence[str]]) -> list[str]:
    """What a row reaches, less what a row beside it names more precisely (begeleiding_groep beside begeleiding)."""
    eigen = set(bereik[plaats])
    preciezer = {v for anders in bereik for v in anders if set(anders) < eigen}
    return [v for v in bereik[plaats] if v not in preciezer]
