"""Until when a casus is kept: its outcome, the term that goes with it, and the last day. Pure; the terms are data.

The data stands in ``schemas/bewaartermijnen.yaml``, with the source of each term.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import schemas_folder
from casuslog.events import VERNIETIGD

BESTAND = "bewaartermijnen.yaml"


@dataclass(frozen=True, slots=True)
class Gebeurd:
    """What is looked at of one event of a casus."""

    naam: str
    op: date
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Termijn:
    """How long what ended in ``resultaat`` is kept; dated, with its source."""

    resultaat: str
    jaren: int
    dagen: int
    geldig_van: date
    geldig_tot: date | None
    bron: str

    def laatste_dag(self, vanaf: date) -> date:
        """The last day of the term that runs from the day after ``vanaf``."""
        return _jaren_later(vanaf, self.jaren) + timedelta(days=self.dagen)


@dataclass(frozen=True, slots=True)
class Resultaatregel:
    """Which event gives which result."""

    resultaat: str
    gebeurtenis: str
    veld: str | None = None
    waarden: frozenset[str] = frozenset()
    tot: str | None = None

    def past(self, feit: Gebeurd) -> bool:
        """Whether an event gives this result. What was destroyed before says nothing any more."""
        return feit.naam == self.gebeurtenis and (self.veld is None or feit.data[self.veld] in self.waarden)


@dataclass(frozen=True, slots=True)
class Bewaring:
    """Until when a casus is kept, and why."""

    resultaat: str
    vanaf: date
    """The last day of the casus itself."""
    tot_en_met: date
    bron: str

    def staat_op(self, dag: date) -> bool:
        """Whether the term still runs on a day."""
        return dag <= self.tot_en_met


@dataclass(frozen=True, slots=True)
class Bewaartermijnen:
    """The terms of an installation."""

    resultaten: tuple[Resultaatregel, ...]
    einde: frozenset[str]
    termijnen: tuple[Termijn, ...]
    lopende_zaak_blokkeert: bool = True
    """Whether a casus is kept past its term while another casus of the same person runs."""

    def van(self, feiten: Sequence[Gebeurd]) -> Bewaring | None:
        """Until when a casus with these events is kept; ``None`` while it runs: it has no outcome, or a provision
        that has not ended.

        Where a decision cannot be read any more (its phase was destroyed before), the longest term holds.
        """
        if not feiten:
            return None
        laatste = max(feit.op for feit in feiten)
        beeindigd = any(feit.naam in self.einde for feit in feiten)
        gevonden: list[Bewaring] = []
        for regel, feit in self._uitkomsten(feiten):
            einde = laatste if regel.tot is None else feit.data[regel.tot]
            if einde is None and not beeindigd:
                return None
            gevonden.append(self._bewaring(regel.resultaat, max(laatste, einde or laatste)))
        if any(value is VERNIETIGD for feit in feiten for value in feit.data.values()):
            gevonden += [self._bewaring(t.resultaat, laatste) for t in self.termijnen]
        return max(gevonden, key=lambda one: one.tot_en_met, default=None)

    def _uitkomsten(self, feiten: Iterable[Gebeurd]) -> Iterator[tuple[Resultaatregel, Gebeurd]]:
        return ((regel, feit) for feit in feiten for regel in self.resultaten if regel.past(feit))

    def _bewaring(self, resultaat: str, vanaf: date) -> Bewaring:
        for termijn in self.termijnen:
            tot = termijn.geldig_tot
            if termijn.resultaat == resultaat and termijn.geldig_van <= vanaf and (tot is None or vanaf <= tot):
                return Bewaring(resultaat, vanaf, termijn.laatste_dag(vanaf), termijn.bron)
        raise ValueError(f"{BESTAND}: no term for {resultaat} on {vanaf}")


def bewaartermijnen() -> Bewaartermijnen:
    """The terms of this installation.

    Raises:
        ValueError: the file breaks its own form.
    """
    return _lees(schemas_folder() / BESTAND)


@lru_cache(maxsize=8)
def _lees(path: Path) -> Bewaartermijnen:
    return ontleed(yaml.safe_load(path.read_text(encoding="utf-8")))


def ontleed(inhoud: Mapping[str, Any]) -> Bewaartermijnen:
    """The terms from the content of their file.

    Raises:
        ValueError: a result has no term, or a term no length.
    """
    resultaten = tuple(
        Resultaatregel(
            rij["resultaat"], rij["gebeurtenis"], rij.get("veld"), frozenset(rij.get("waarden", ())), rij.get("tot")
        )
        for rij in inhoud["resultaten"]
    )
    termijnen = tuple(
        Termijn(
            rij["resultaat"],
            rij.get("jaren", 0),
            rij.get("dagen", 0),
            rij["geldig_van"],
            rij["geldig_tot"],
            rij["bron"],
        )
        for rij in inhoud["termijnen"]
    )
    zonder = {regel.resultaat for regel in resultaten} - {t.resultaat for t in termijnen if t.jaren or t.dagen}
    if zonder:
        raise ValueError(f"{BESTAND}: no term for {', '.join(sorted(zonder))}")
    blokkeert = inhoud.get("lopende_zaak_blokkeert", True)
    return Bewaartermijnen(resultaten, frozenset(inhoud["einde"]), termijnen, blokkeert)


def _jaren_later(dag: date, jaren: int) -> date:
    try:
        return dag.replace(year=dag.year + jaren)
    except ValueError:  # 29 February, in a year that has none: kept to the end of that month
        return dag.replace(year=dag.year + jaren, day=28)


__all__ = ["Bewaartermijnen", "Bewaring", "Gebeurd", "Resultaatregel", "Termijn", "bewaartermijnen", "ontleed"]
