"""The matrix of rights as read from ``schemas/rechten.yaml``: rules in order, of which the first that fits holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import schemas_folder


class Level(IntEnum):
    """How much of an event a reader sees; each level holds the ones before it."""

    NIETS = 0
    BESTAAN = 1
    STATUS = 2
    FEITEN = 3
    VOLLEDIG = 4


RELATIES = (
    "eigen_gemeente",
    "eigen_inwoner",
    "woongemeente",
    "betrokken",
    "toestemming",
    "eigen_handeling",
    "eigen_organisatie",
    "iedereen",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the matrix; see the head of ``rechten.yaml`` for the meaning of each key."""

    id: str
    rollen: frozenset[str]
    relatie: str
    niveau: Level
    grondslag: str
    stromen: frozenset[str]
    als: frozenset[str] = frozenset()
    omvang: str | None = None
    types: frozenset[str] = frozenset()
    behalve: frozenset[str] = frozenset()
    velden: frozenset[str] | None = None
    verborgen: frozenset[str] = frozenset()
    vanaf_betrokkenheid: bool = False
    eigen_opdracht: bool = False
    handelen: bool = False
    """Who is involved so may act in such a stream too, for the gemeente that holds it."""

    def is_for(self, rol: str) -> bool:
        """Whether it speaks of this role."""
        return rol in self.rollen or "*" in self.rollen

    def covers(self, stroom: str, name: str) -> bool:
        """Whether it speaks of this kind of stream and this event."""
        return stroom in self.stromen and name not in self.behalve and (not self.types or name in self.types)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rules in order, and the reason that goes with seeing nothing."""

    regels: tuple[Rule, ...]
    besloten: frozenset[str]
    redenen: Mapping[str, Mapping[str, str]]
    onverenigbaar: Mapping[str, frozenset[str]]
    """Per role: the roles that nobody may hold beside it."""


def matrix() -> Matrix:
    """The matrix of this installation.

    Raises:
        ValueError: the file breaks its own form; the text names the rule and the key.
    """
    return _read(schemas_folder() / "rechten.yaml")


@lru_cache(maxsize=8)
def _read(path: Path) -> Matrix:
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")))


def parse(content: Mapping[str, Any]) -> Matrix:
    """A matrix from the content of its file.

    Raises:
        ValueError: a key is missing, unknown or holds what it cannot.
    """
    casusstromen = frozenset(content["casusstromen"])
    besloten = frozenset(content["besloten_stromen"])
    regels = tuple(_rule(row, casusstromen, besloten) for row in content["regels"])
    if len({rule.id for rule in regels}) != len(regels):
        raise ValueError("rechten: two rules have the same id")
    onverenigbaar = {role: frozenset(others) for role, others in content["onverenigbaar"].items()}
    return Matrix(regels, besloten, content["redenen"], onverenigbaar)


_SETS = ("rollen", "stromen", "als", "types", "behalve", "verborgen")


def _rule(row: Mapping[str, Any], casusstromen: frozenset[str], besloten: frozenset[str]) -> Rule:
    where = f"rechten, rule {row.get('id', '?')}"
    unknown = row.keys() - Rule.__dataclass_fields__.keys()
    missing = {"id", "rollen", "relatie", "niveau", "grondslag"} - row.keys()
    if unknown or missing:
        raise ValueError(f"{where}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
    given: dict[str, Any] = {"stromen": casusstromen, **row}
    given.update({name: frozenset(given[name]) for name in _SETS if name in given})
    if "velden" in given:
        given["velden"] = frozenset(given["velden"])
    if str(row["niveau"]).upper() not in Level.__members__:
        raise ValueError(f"{where}: {row['niveau']!r} is no niveau")
    rule = Rule(**{**given, "niveau": Level[str(row["niveau"]).upper()]})
    _check(rule, where, besloten)
    return rule


def _check(rule: Rule, where: str, besloten: frozenset[str]) -> None:
    if rule.relatie not in RELATIES:
        raise ValueError(f"{where}: {rule.relatie!r} is no relatie; use one of {', '.join(RELATIES)}")
    if (rule.relatie == "betrokken") != bool(rule.als):
        raise ValueError(f"{where}: als goes with relatie betrokken")
    if rule.handelen and rule.relatie != "betrokken":
        raise ValueError(f"{where}: handelen goes with relatie betrokken")
    if (rule.relatie == "toestemming") != (rule.omvang is not None):
        raise ValueError(f"{where}: omvang goes with relatie toestemming")
    if "*" in rule.rollen and rule.stromen & besloten:
        raise ValueError(f"{where}: a closed stream is not for every role")
