"""What the pgb service reads from a beleid (docs/inrichting.md, section ``pgb``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UUR = "uur"
DAGDEEL = "dagdeel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariefregel:
    """One row of the pgb table of a gemeente: what it pays, for whom, for what, on which conditions."""

    id: str
    soorten_hulpverlener: tuple[str, ...]
    soort: str
    """``percentage`` of the tarief zorg in natura, ``uurtarief`` or ``dagdeeltarief``."""
    procent: int | None
    bedrag_cent: int | None
    eenheid: str | None
    voorzieningen: tuple[str, ...]
    maximum: bool
    """The amount is a cap: what was agreed counts when it is lower."""
    voorwaarden: tuple[str, ...]
    bron: str


@dataclass(frozen=True, slots=True)
class NaturaTarief:
    """What the gemeente pays for the same support in natura; ``cent`` is None where no source gives it."""

    cent: int | None
    eenheid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PgbInrichting:
    """How a gemeente arranged the pgb. ``naam`` and ``versie`` are for whoever reads a refusal."""

    naam: str
    versie: str
    voorzieningen: Mapping[str, str]
    """Voorziening to ``maatwerk``, ``algemeen`` or ``open``."""
    tarieven: tuple[Tariefregel, ...]
    natura: Mapping[str, NaturaTarief]
    goedkeuring_door: tuple[str, ...]
    declaraties_beslist_door: str
    namen: Mapping[str, str]
    """Every name that the gemeente uses for a voorziening, to its key."""
    uitvoerder: str
    """Who pays out, as callers name themselves: its OIN where the beleid gives one, else its id."""

    @property
    def versie_in_woorden(self) -> str:
        """``inrichting harlingen, versie 1``."""
        sleutel, _, nummer = self.versie.partition("@")
        return f"inrichting {sleutel}, versie {nummer}"

    def is_algemeen(self, voorziening: str) -> bool:
        """Whether the gemeente offers it as algemene voorziening, for which no besluit and no pgb exist."""
        return self.voorzieningen.get(voorziening) == "algemeen"

    @classmethod
    def van_beleid(cls, beleid: Mapping[str, Any]) -> PgbInrichting:
        """Read the section ``pgb`` of a compiled beleid, its head, and the names of the voorzieningen.

        Raises:
            KeyError: a key that docs/inrichting.md promises is absent.
        """
        pgb = beleid["pgb"]
        return cls(
            naam=beleid["kop"]["naam"],
            versie=beleid["kop"]["inrichtingversie"],
            voorzieningen=dict(pgb["voorzieningen"]),
            tarieven=tuple(_regel(row) for row in pgb["tarieven"]),
            natura={k: NaturaTarief(v["cent"], v["eenheid"]) for k, v in pgb["tarief_zorg_in_natura"].items()},
            goedkeuring_door=tuple(pgb["goedkeuring_zorgovereenkomst"]),
            declaraties_beslist_door=pgb["declaratieregels"]["beslist"],
            namen={
                ook: naam
                for naam, rij in beleid["beschikking"]["voorzieningen"].items()
                for ook in rij["ook_bekend_als"]
            },
            uitvoerder=_organisatie(beleid, pgb["uitvoerder"]),
        )


def _organisatie(beleid: Mapping[str, Any], sleutel: str) -> str:
    bekend = {o["id"]: o.get("oin") for o in beleid["partijen"]["organisaties"]}
    return bekend.get(sleutel) or sleutel


def _regel(row: Mapping[str, Any]) -> Tariefregel:
    return Tariefregel(
        id=row["id"],
        soorten_hulpverlener=tuple(row["soorten_hulpverlener"]),
        soort=row["soort"],
        procent=row["procent"],
        bedrag_cent=row["bedrag_cent"],
        eenheid=row["eenheid"],
        voorzieningen=tuple(row["voorzieningen"]),
        maximum=row["maximum"] is True,
        voorwaarden=tuple(row["voorwaarden"]),
        bron=row["bron"],
    )
