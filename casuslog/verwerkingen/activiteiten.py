"""Which processing activity a read belongs to: its address in the register of the AVG, as data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from casuslog.codes import schemas_folder

BESTAND = "verwerkingsactiviteiten.yaml"
REGISTER = "CASUSLOG_VERWERKINGENREGISTER"
"""Environment variable: address of the register in which the activities are described."""
OVERIG = "casus-inzien"


@dataclass(frozen=True, slots=True)
class _Activiteiten:
    register: str
    per_onderdeel: Mapping[str, str]
    niet_over_iemand: frozenset[str]


def activiteit_van(onderdeel: str) -> str:
    """The address of the activity under which ``onderdeel`` (``tijdlijn``, a kind of stream, ...) is read."""
    known = _lees(schemas_folder() / BESTAND)
    register = os.environ.get(REGISTER, "").rstrip("/") or known.register
    between = ":" if register.startswith("urn:") else "/"
    return f"{register}{between}{known.per_onderdeel.get(onderdeel, OVERIG)}"


def over_iemand(stroom: str) -> bool:
    """Whether streams of this kind are about a person."""
    return stroom not in _lees(schemas_folder() / BESTAND).niet_over_iemand


@lru_cache(maxsize=8)
def _lees(path: Path) -> _Activiteiten:
    inhoud = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _Activiteiten(
        inhoud["register"],
        {onderdeel: rij["code"] for rij in inhoud["activiteiten"] for onderdeel in rij["onderdelen"]},
        frozenset(inhoud["niet_over_iemand"]),
    )
