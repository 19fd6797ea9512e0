"""What the service toezicht reads from a beleid (docs/inrichting.md, section ``toezicht``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ToezichtInrichting:
    """How a gemeente arranged its toezicht. ``naam`` and ``versie`` are for whoever reads a refusal."""

    naam: str
    versie: str
    aangewezen: bool | None
    """Whether a toezichthouder was appointed; None: the source does not say, which is no 'no'."""
    organisatie: str | None
    signaal_bij_termijn: frozenset[str] = frozenset()
    """Sorts of terms that give a signal when they run out (``besluit``, ``onderzoek``)."""

    @classmethod
    def van_beleid(cls, beleid: Mapping[str, Any]) -> ToezichtInrichting:
        """Read a compiled beleid.

        Raises:
            KeyError: a key that docs/inrichting.md promises is absent.
        """
        toezicht, houder = beleid["toezicht"], beleid["toezicht"]["toezichthouder"]
        return cls(
            naam=beleid["kop"]["naam"],
            versie=beleid["kop"]["inrichtingversie"],
            aangewezen=houder["aangewezen"],
            organisatie=houder["organisatie"],
            # not every beleid arranges it: without the key no term gives a signal
            signaal_bij_termijn=frozenset(toezicht.get("signaal_bij_overschreden_termijn") or ()),
        )
