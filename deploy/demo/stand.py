"""How far the cases were played: what a run that was broken off goes on from, on the same data folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.demo.vertaling import Spel
from deploy.demo.zaken import Zaak

IDS = ("casus", "signaal", "dossier")


class Stand:
    """Per case the last step that was finished, and the ids that it gave, in a file.

    A step that was broken off is not finished: it is taken again, with the same keys, on its own day. Those before it
    are not: the clock would pass days on which terms of another case run out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def van(self, spel: Spel) -> tuple[Spel, int]:
        """The case with the ids that are known of it, and its last finished step; 0 when there is none."""
        known = self._read().get(spel.zaak.id, {})
        return replace(spel, **{name: known.get(name) for name in IDS}), known.get("stap", 0)

    def onafgemaakt_eerst(self, zaken: Sequence[Zaak]) -> list[Zaak]:
        """The cases, those that were finished before last: to be read only, on no earlier day than their own."""
        known = self._read()
        return sorted(zaken, key=lambda zaak: known.get(zaak.id, {}).get("stap") == zaak.stappen[-1].nummer)

    def bewaar(self, spel: Spel, stap: int) -> None:
        """Keep that this step is finished, in one rename."""
        known = self._read() | {spel.zaak.id: {"stap": stap, **{name: getattr(spel, name) for name in IDS}}}
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(known), encoding="utf-8")
        beside.replace(self._path)

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text(encoding="utf-8"))) if self._path.exists() else {}
