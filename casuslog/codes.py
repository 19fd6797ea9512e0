"""Dated code lists: which codes exist, what they mean, and on which days they may be used.

Each list is a file ``schemas/codelijsten/<name>.yaml`` with its name, its source and its codes. Codes in events are
texts, never Avro enums, so that a new code breaks no reader; the check is here, at the edge and in *decide*.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from casuslog.errors import InvalidInput

ENVIRONMENT = "CASUSLOG_SCHEMAS"
"""Names the ``schemas`` folder where it does not stand beside the package."""
_COLUMNS = frozenset({"code", "omschrijving", "geldig_van", "geldig_tot"})


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list. ``geldig_tot`` is the last day on which it may be used; None: no end is known."""

    code: str
    omschrijving: str
    geldig_van: date
    geldig_tot: date | None
    extra: Mapping[str, str]

    def holds_on(self, on: date) -> bool:
        """Whether it may be used for a fact of that day."""
        return self.geldig_van <= on and (self.geldig_tot is None or on <= self.geldig_tot)


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list as read: its name, where it comes from, and its codes in the order of the file."""

    naam: str
    bron: str
    codes: Mapping[str, Code]

    def on(self, on: date) -> tuple[str, ...]:
        """The codes that may be used on that day."""
        return tuple(code.code for code in self.codes.values() if code.holds_on(on))


# Once: resolving asks the file system, and each check of a code comes by here.
_BESIDE = Path(__file__).resolve().parent.parent / "schemas"


@dataclass(frozen=True, slots=True)
class Gemeente:
    """A gemeente: CBS code of four digits, name, key in the inrichtingen, and OIN of 20 digits."""

    code: str
    naam: str
    sleutel: str
    oin: str
    geldig_van: date
    geldig_tot: date | None


def schemas_folder() -> Path:
    """The ``schemas`` folder: the one that the environment names, else the one beside the package."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else _BESIDE


@lru_cache(maxsize=8)
def _lists(named: str | None) -> Path:
    """Made once: a path is dearer than looking something up."""
    return (Path(named) if named else _BESIDE) / "codelijsten"


def codes(name: str) -> CodeList:
    """The code list of that name.

    Raises:
        LookupError: there is no such list; a mistake of the program, not of its user.
        ValueError: the file is not a code list.
    """
    return _read(_lists(os.environ.get(ENVIRONMENT)), name)


def check(name: str, code: str, *, on: date, field: str | None = None) -> None:
    """Check that a code may be used for a fact of that day.

    Args:
        name: of the list.
        code: as it came in.
        on: the day of the fact.
        field: the field to name in the error; the name of the list by default.

    Raises:
        InvalidInput: the list does not know it, or not on that day; the detail names the list and what is allowed.
    """
    known = codes(name)
    found = known.codes.get(code)
    if found is not None and found.holds_on(on):
        return
    allowed = known.on(on)
    why = "staat niet in" if found is None else f"geldt niet op {on.isoformat()} volgens"
    detail = f"{_shown(code)} {why} de codelijst {name}; kies uit: {', '.join(allowed)}"
    raise InvalidInput(detail, errors={field or name: [detail]}, codelijst=name, toegestaan=list(allowed))


def gemeente(code_or_sleutel: str) -> Gemeente:
    """The gemeente with this CBS code, or with this key (``den-haag``; ``den_haag`` is the same).

    Raises:
        InvalidInput: the list of gemeenten does not know it.
    """
    known = _gemeenten(_lists(os.environ.get(ENVIRONMENT)))
    found = known.get(code_or_sleutel) or known.get(code_or_sleutel.replace("_", "-"))
    if found is None:
        detail = f"{_shown(code_or_sleutel)} is geen bekende gemeente; noem een CBS-code zoals '0086', of een sleutel"
        raise InvalidInput(detail, errors={"gemeente": [detail]}, codelijst="gemeente")
    return found


def oin_of(gemeentecode: str) -> str:
    """The OIN of a gemeente, which stands in the ``source`` of its events.

    Raises:
        InvalidInput: as :func:`gemeente`.
    """
    return gemeente(gemeentecode).oin


def _shown(code: str) -> str:
    """What came in, short: it may be anything, a BSN in the wrong field too."""
    return repr(code) if len(code) <= 40 and not any(c.isdigit() for c in code[4:]) else "this value"


@lru_cache(maxsize=64)
def _read(folder: Path, name: str) -> CodeList:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise LookupError(f"there is no code list {name!r} in {folder}; set {ENVIRONMENT} to the schemas folder")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("naam") != name or "codes" not in content:
        raise ValueError(f"{path.name} is no code list: it needs naam (the name of the file), bron and codes")
    entries = [_code_of(path.name, row) for row in content["codes"]]
    known = {entry.code: entry for entry in entries}
    if len(known) != len(entries):
        raise ValueError(f"{path.name}: a code stands in it twice")
    return CodeList(name, str(content["bron"]), MappingProxyType(known))


def _code_of(file: str, row: Mapping[str, Any]) -> Code:
    missing = _COLUMNS - row.keys()
    if missing or not isinstance(row["code"], str):
        raise ValueError(f"{file}: an entry lacks {', '.join(sorted(missing)) or 'a code in quotes'}: {dict(row)}")
    extra = MappingProxyType({key: str(value) for key, value in row.items() if key not in _COLUMNS})
    return Code(row["code"], row["omschrijving"], row["geldig_van"], row["geldig_tot"], extra)


@lru_cache(maxsize=8)
def _gemeenten(folder: Path) -> Mapping[str, Gemeente]:
    found: dict[str, Gemeente] = {}
    for entry in _read(folder, "gemeente").codes.values():
        sleutel = entry.extra["sleutel"]
        record = Gemeente(
            entry.code, entry.omschrijving, sleutel, entry.extra["oin"], entry.geldig_van, entry.geldig_tot
        )
        found[entry.code] = found[sleutel] = record
    return MappingProxyType(found)
