"""How long a log of the installation is kept: data, per log and where it differs per gemeente. Pure.

The data stands in ``schemas/logboektermijnen.yaml``, with the source of each term or why it was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import schemas_folder

BESTAND = "logboektermijnen.yaml"


@dataclass(frozen=True, slots=True)
class Logboektermijn:
    """How long the lines of one log are kept; ``gemeente`` is empty where it holds for all."""

    logboek: str
    jaren: int
    dagen: int
    gemeente: str
    bron: str

    def bewaard_vanaf(self, vandaag: date) -> date:
        """The first day of which lines are still kept today; what is older is to be wiped."""
        return _jaren_eerder(vandaag, self.jaren) - timedelta(days=self.dagen)


def termijn(logboek: str, gemeente: str = "") -> Logboektermijn:
    """The term of a log, for the lines of a gemeente.

    Raises:
        ValueError: the file has no term for it, or breaks its own form.
    """
    known = logboektermijnen()
    found = known.get((logboek, gemeente)) or known.get((logboek, ""))
    if found is None:
        raise ValueError(f"{BESTAND}: no term for {logboek}")
    return found


def logboektermijnen() -> Mapping[tuple[str, str], Logboektermijn]:
    """The terms of this installation by log and gemeente; raises as :func:`termijn`."""
    return _lees(schemas_folder() / BESTAND)


@lru_cache(maxsize=8)
def _lees(path: Path) -> Mapping[tuple[str, str], Logboektermijn]:
    return ontleed(yaml.safe_load(path.read_text(encoding="utf-8")))


def ontleed(inhoud: Mapping[str, Any]) -> Mapping[tuple[str, str], Logboektermijn]:
    """The terms from the content of their file.

    Raises:
        ValueError: a term has no length or no source, or stands there twice.
    """
    found: dict[tuple[str, str], Logboektermijn] = {}
    for rij in inhoud["termijnen"]:
        een = Logboektermijn(
            rij["logboek"], rij.get("jaren", 0), rij.get("dagen", 0), rij.get("gemeente", ""), rij.get("bron", "")
        )
        sleutel = (een.logboek, een.gemeente)
        if een.jaren < 0 or een.dagen < 0 or not (een.jaren or een.dagen) or not een.bron or sleutel in found:
            raise ValueError(f"{BESTAND}: {een.logboek} {een.gemeente}: one term, longer than nothing, with its source")
        found[sleutel] = een
    return found


def _jaren_eerder(dag: date, jaren: int) -> date:
    try:
        return dag.replace(year=dag.year - jaren)
    except ValueError:  # 29 February, in a year that has none: the line of 28 February is still kept
        return dag.replace(year=dag.year - jaren, day=28)


__all__ = ["Logboektermijn", "logboektermijnen", "ontleed", "termijn"]
