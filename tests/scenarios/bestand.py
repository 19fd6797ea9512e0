"""``tests/data/scenarios.yaml`` as read: what is given, done and expected. Expectations stand in that file only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import codes

BESTAND = Path(__file__).parents[1] / "data" / "scenarios.yaml"


@dataclass(frozen=True)
class Stap:
    """Who does what on which day."""

    nummer: int
    dag: date | None
    rol: str
    doet: str
    gegevens: Mapping[str, Any]

    @property
    def zaak(self) -> str:
        """Letter of the case that it is about."""
        return str(self.gegevens.get("zaak", "A"))


@dataclass(frozen=True)
class Feit:
    """Something that had happened before."""

    dag: date | None
    service: str
    feit: str
    gegevens: Mapping[str, Any]

    @property
    def zaak(self) -> str:
        """Letter of the case that it is about."""
        return str(self.gegevens.get("zaak", "A"))


@dataclass(frozen=True)
class Scenario:
    """One scenario."""

    id: str
    titel: str
    gemeenten: tuple[str, ...]
    beleid: tuple[Mapping[str, Any], ...]
    feiten: tuple[Feit, ...]
    stappen: tuple[Stap, ...]
    dan: Mapping[str, Any]
    berekening: tuple[Mapping[str, Any], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The gemeentecodes, in the order of the file."""
        return tuple(code_van(naam) for naam in self.gemeenten)

    def stap(self, nummer: int) -> Stap:
        """A step by its number."""
        return next(stap for stap in self.stappen if stap.nummer == nummer)


@lru_cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order of the file."""
    inhoud = yaml.load(BESTAND.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(_scenario(rij) for rij in inhoud["scenarios"])


def scenario(id: str) -> Scenario:
    """The scenario with this id."""
    return next(een for een in scenarios() if een.id == id)


def sleutel_van(naam: str) -> str:
    """The key of a gemeente by its name: ``Den Haag`` is ``den-haag``."""
    return _gemeente(naam)[1]


def code_van(naam: str) -> str:
    """The code of a gemeente by its name."""
    return _gemeente(naam)[0]


def is_gemeente(naam: str) -> bool:
    """Whether the list of gemeenten knows this name."""
    return any(rij.omschrijving == naam for rij in codes("gemeente").codes.values())


def _gemeente(naam: str) -> tuple[str, str]:
    rij = next(rij for rij in codes("gemeente").codes.values() if rij.omschrijving == naam)
    return rij.code, rij.extra["sleutel"]


def _scenario(rij: Mapping[str, Any]) -> Scenario:
    gegeven = rij.get("gegeven", {})
    return Scenario(
        id=rij["id"],
        titel=rij["titel"],
        gemeenten=tuple(rij["gemeenten"]),
        beleid=tuple(gegeven.get("beleid", ())),
        feiten=tuple(
            Feit(_dag(f.get("datum")), f.get("service", ""), f.get("feit", ""), f.get("gegevens", {}))
            for f in gegeven.get("feiten", ())
        ),
        stappen=tuple(
            Stap(s["stap"], _dag(s.get("datum")), s["rol"], s["doet"], s.get("gegevens", {})) for s in rij["wanneer"]
        ),
        dan=rij["dan"],
        berekening=tuple(rij.get("berekening", ())),
    )


def _dag(tekst: str | None) -> date | None:
    return None if tekst is None else date.fromisoformat(tekst)
