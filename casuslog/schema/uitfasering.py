"""Which versions of event types come to an end, and when: dated data (``schemas/uitfasering.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from casuslog.errors import SchemaError
from casuslog.events import TYPE_PREFIX

FILE = "uitfasering.yaml"


@dataclass(frozen=True, slots=True)
class Uitfasering:
    """A version that comes to an end: announced on a day, sent until and including another, followed by what."""

    type: str
    versie: int
    aangekondigd: date
    tot: date
    opvolger: str | None = None


def uitfaseringen(schemas: Path, versions: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], Uitfasering]:
    """By wire name (``besluit-genomen``) and number of the version.

    Args:
        schemas: the published folder.
        versions: which numbers there are, per full wire type.

    Raises:
        SchemaError: an entry names what there is not, or leaves receivers less time than the file itself promises.
    """
    path = schemas / FILE
    if not path.exists():
        return {}
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    shortest = timedelta(days=int(content["kortste_dagen"]))
    found = {}
    for entry in content["versies"]:
        one = Uitfasering(**entry)
        if one.versie not in versions.get(TYPE_PREFIX + one.type, ()):
            raise SchemaError(f"{FILE} names version {one.versie} of {one.type}, which there is not")
        if one.tot - one.aangekondigd < shortest:
            raise SchemaError(f"{FILE} ends {one.type} {one.versie} within {shortest.days} days of its announcement")
        if one.opvolger is not None and TYPE_PREFIX + one.opvolger not in versions:
            raise SchemaError(f"{FILE} follows {one.type} {one.versie} up by {one.opvolger}, which there is not")
        found[one.type, one.versie] = one
    return found
