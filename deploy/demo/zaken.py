"""The three cases of ``demo-zaken.yaml`` as data: who does what, on which day, and what must be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import gemeente
from casuslog.errors import InvalidInput

BESTAND = Path(__file__).with_name("demo-zaken.yaml")


@dataclass(frozen=True, slots=True)
class Stap:
    """One step: on this day somebody, in this role for this organisation, gives a command."""

    nummer: int
    dag: date
    rol: str
    organisatie: str | None
    opdracht: str
    gegevens: Mapping[str, Any]
    geweigerd: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Zaak:
    """One case: what is given, its steps, and everything that is expected of it (as in the file)."""

    id: str
    titel: str
    gegeven: Mapping[str, Any]
    stappen: tuple[Stap, ...]
    verwacht: Mapping[str, Any]

    @property
    def woongemeente(self) -> str:
        """Sleutel of the gemeente where the inwoner lives."""
        return _sleutel(self.gegeven["woongemeente"])

    @property
    def besluitende_gemeente(self) -> str:
        """Sleutel of the gemeente that decides."""
        uitvoerend = self.gegeven["uitvoerende_gemeente"]
        return _sleutel(uitvoerend.get("beschikking") or uitvoerend["alle"])


@dataclass(frozen=True, slots=True)
class Partijen:
    """The parties of the cases: how each is known to the log."""

    rijen: Mapping[str, Mapping[str, Any]]

    def code(self, sleutel: str) -> str:
        """Gemeentecode, AGB or OIN of a party, or of a gemeente that is no party; another text as it is."""
        rij = self.rijen.get(sleutel) or _gemeente(sleutel)
        return str(rij.get("gemeentecode") or rij.get("agb") or rij.get("oin") or sleutel)

    def naam(self, code: str | None) -> str:
        """Name of the party with this code, without the word gemeente; the code itself when it is nobody's."""
        for sleutel, rij in self.rijen.items():
            if code == self.code(sleutel):
                return str(rij["naam"]).removeprefix("gemeente ")
        return code or ""


def lees(bestand: Path = BESTAND) -> tuple[Partijen, list[Zaak]]:
    """Read the reference file."""
    inhoud = yaml.safe_load(bestand.read_text(encoding="utf-8"))
    return Partijen(inhoud["partijen"]), [_zaak(rij) for rij in inhoud["cases"]]


def _zaak(rij: Mapping[str, Any]) -> Zaak:
    return Zaak(rij["id"], rij["titel"], rij["gegeven"], tuple(_stap(s) for s in rij["stappen"]), rij)


def _stap(rij: Mapping[str, Any]) -> Stap:
    return Stap(
        rij["stap"],
        date.fromisoformat(rij["datum"]),
        rij["rol"],
        rij["organisatie"],
        rij["opdracht"],
        rij.get("gegevens", {}),
        rij.get("geweigerd"),
    )


def _gemeente(sleutel: str) -> Mapping[str, Any]:
    try:
        return {"gemeentecode": gemeente(sleutel).code}
    except InvalidInput:
        return {}


def _sleutel(naam: str) -> str:
    return str(naam).replace("_", "-")
