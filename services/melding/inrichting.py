"""What the service melding reads from a beleid: ``kop``, ``melding`` and the names of voorzieningen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALGEMEEN = "algemeen"
TRIAGE_VELDEN = ("hulpvraag_kort", "domein", "contactgegevens")
"""What a triage needs when the inrichting names no list of its own (scenarios.yaml S06)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What the first contact point may do before there is a melding."""

    punt: str = "kcc"
    mag_verwijzen: bool = True
    max_velden: tuple[str, ...] = TRIAGE_VELDEN
    doorgeven_aan: str | None = None

    @classmethod
    def van_beleid(cls, triage: Mapping[str, Any]) -> Triage:
        """Read ``melding.triage``; what it leaves out has the value of no arrangement."""
        return cls(
            punt=triage.get("punt") or "kcc",
            mag_verwijzen=triage.get("mag_verwijzen") is not False,
            max_velden=tuple(triage.get("max_velden") or TRIAGE_VELDEN),
            doorgeven_aan=triage.get("doorgeven_aan"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldingInrichting:
    """How a gemeente receives meldingen. ``naam`` and ``versie`` are for whoever reads a refusal."""

    gemeente: str
    naam: str
    versie: str
    team: str
    kanaal_standaard: str = "onbekend"
    vormvrij_alle: bool = False
    vormvrij: frozenset[str] = frozenset()
    triage: Triage | None = None
    clientondersteuning_momenten: tuple[str, ...] = ("bevestiging",)
    clientondersteuning_bij: tuple[str, ...] = ()
    soorten: Mapping[str, str] = field(default_factory=dict)
    """Voorziening to ``maatwerk``, ``algemeen`` or ``open``."""
    aliassen: Mapping[str, str] = field(default_factory=dict)
    """Other names that the gemeente or a form uses, to the name of the voorziening."""
    onderdeel_van: Mapping[str, str] = field(default_factory=dict)

    def vorm_van(self, voorziening: str | None) -> str:
        """``vormvrij`` or ``formulier``: how this gemeente lets people report this. Never a ground to turn one away."""
        if voorziening is None or self.vormvrij_alle:
            return "vormvrij"
        naam = self._naam(voorziening)
        vrij = {self._naam(v) for v in self.vormvrij}
        return "vormvrij" if vrij & {naam, self._naam(self.onderdeel_van.get(naam, naam))} else "formulier"

    def is_algemeen(self, voorziening: str) -> bool:
        """Whether it is an algemene voorziening here: free to enter, without onderzoek or besluit."""
        return self.soorten.get(self._naam(voorziening)) == ALGEMEEN

    def _naam(self, voorziening: str) -> str:
        return self.aliassen.get(voorziening, voorziening)

    @classmethod
    def van_beleid(cls, beleid: Mapping[str, Any]) -> MeldingInrichting:
        """Read a compiled beleid.

        Raises:
            KeyError: a key that docs/inrichting.md promises is absent.
        """
        kop, melding, voorzieningen = beleid["kop"], beleid["melding"], beleid["beschikking"]["voorzieningen"]
        return cls(
            gemeente=kop["gemeente"],
            naam=kop["naam"],
            versie=kop["inrichtingversie"],
            team=kop["team"]["id"],
            kanaal_standaard=melding["kanaal_standaard"] or "onbekend",
            vormvrij_alle=melding["vormvrij"]["alle"],
            vormvrij=frozenset(melding["vormvrij"]["voorzieningen"]),
            triage=None if melding["triage"] is None else Triage.van_beleid(melding["triage"]),
            clientondersteuning_momenten=tuple(melding["clientondersteuning"]["momenten"]),
            clientondersteuning_bij=tuple(melding["clientondersteuning"]["belegd_bij"]),
            soorten={naam: v["soort"] for naam, v in voorzieningen.items()},
            aliassen={alias: naam for naam, v in voorzieningen.items() for alias in v["ook_bekend_als"]},
            onderdeel_van={naam: v["onderdeel_van"] for naam, v in voorzieningen.items() if v["onderdeel_van"]},
        )
