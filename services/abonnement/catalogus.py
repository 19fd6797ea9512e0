"""Which event types there are to subscribe to: those that have a schema in ``schemas/``."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from casuslog.codes import schemas_folder
from casuslog.events import TYPE_PREFIX


def gebeurtenistypen() -> frozenset[str]:
    """The wire names (``besluit-genomen``) of all event types of this installation."""
    return _in(schemas_folder())


@lru_cache(maxsize=8)
def _in(folder: Path) -> frozenset[str]:
    found = (json.loads(path.read_text(encoding="utf-8"))["wiretype"] for path in folder.glob("*/*.avsc"))
    return frozenset(str(wire_type).removeprefix(TYPE_PREFIX) for wire_type in found)
