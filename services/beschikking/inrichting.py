"""What the service beschikking reads from a beleid (docs/inrichting.md, ``kop`` and ``beschikking``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casuslog import codes

ALLE = "alle"


@dataclass(frozen=True, slots=True)
class Rol:
    """A role that may decide: under which title, how far, and for which voorzieningen."""

    rol: str
    titel: str
    omvang: str
    """``volledig``, ``voorlopig`` (then ``definitief_door`` decides) or ``specifieke_voorzieningen``."""
    voorzieningen: tuple[str, ...] = (ALLE,)
    definitief_door: str | None = None


@dataclass(frozen=True, slots=True)
class Bevoegdheid:
    """Who decides on a thema: the gemeente (code and name) and the roles in it."""

    thema: str
    gemeente: str
    gemeentenaam: str
    orgaan: str
    rollen: tuple[Rol, ...]


@dataclass(frozen=True, slots=True)
class Voorziening:
    """A voorziening as this gemeente arranged it. ``soort`` is ``maatwerk``, ``algemeen`` or ``open``."""

    naam: str
    soort: str
    wmo020: str | None
    onderdeel_van: str | None = None
    bijdrage: str = "open"
    """To whom the inwoner pays a bijdrage: ``cak``, ``rechtstreeks_aan_aanbieder`` or ``open``."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A gemeente that decides in resultaatgebied x intensiteit."""

    gebieden: Mapping[int, str | None]
    intensiteiten: tuple[str, ...]
    motiveren: bool
    waarschuwing: str | None = None
    waarschuwing_bij: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class BeschikkingInrichting:
    """How a gemeente decides. ``naam``, ``versie`` and ``team`` are for whoever reads a refusal."""

    gemeente: str
    naam: str
    versie: str
    team: str
    termijn_weken: int
    bevoegdheden: tuple[Bevoegdheid, ...]
    vierogen: bool
    schrijver: str | None
    aanvraag_vorm: str
    tweede_formulier: bool
    arrangement: Arrangement | None
    voorzieningen: Mapping[str, Voorziening]
    backoffice: str | None = None
    """OIN of a backoffice outside the gemeente that works on the aanvraag; None: the gemeente does so itself."""
    betalend: Mapping[str, str] = field(default_factory=dict)
    """Gemeentecode of who pays, by thema."""

    @property
    def versie_in_woorden(self) -> str:
        """``inrichting opsterland, versie 1``."""
        sleutel, _, nummer = self.versie.partition("@")
        return f"inrichting {sleutel}, versie {nummer}"

    def voorziening(self, naam: str) -> Voorziening | None:
        """The voorziening of that name, or of a name that the gemeente also uses for it."""
        return self.voorzieningen.get(naam)

    def betalende_gemeente(self, thema: str | None) -> str:
        """Gemeentecode of who pays for what this thema needs; the gemeente itself where nothing else is said."""
        return self.betalend.get(thema or "", self.gemeente)

    def bevoegdheid(self, thema: str) -> Bevoegdheid | None:
        """Who decides on this thema; None: nobody may decide on it here."""
        return next((b for b in self.bevoegdheden if b.thema == thema), None)

    def thema_van(self, voorziening: str | None) -> str | None:
        """The thema that a voorziening belongs to: the one of its own name, else the first of the gemeente."""
        bekend = self.voorziening(voorziening) if voorziening else None
        namen = {voorziening, bekend.naam if bekend else None, bekend.onderdeel_van if bekend else None}
        eigen = next((b.thema for b in self.bevoegdheden if b.thema in namen), None)
        return eigen or next((b.thema for b in self.bevoegdheden), None)

    @classmethod
    def van_beleid(cls, beleid: Mapping[str, Any]) -> BeschikkingInrichting:
        """Read a compiled beleid.

        Raises:
            KeyError: a key that docs/inrichting.md promises is absent.
        """
        kop, sectie = beleid["kop"], beleid["beschikking"]
        return cls(
            gemeente=kop["gemeente"],
            naam=kop["naam"],
            versie=kop["inrichtingversie"],
            team=kop["team"]["naam"],
            termijn_weken=sectie["termijn_weken"],
            bevoegdheden=tuple(_bevoegdheid(rij) for rij in sectie["bevoegdheid"]),
            vierogen=sectie["vierogen"]["vereist"] is True,
            schrijver=sectie["wie_schrijft"]["organisatie"] if sectie["wie_schrijft"] else None,
            aanvraag_vorm=sectie["aanvraag"]["vorm"],
            tweede_formulier=sectie["aanvraag"]["tweede_formulier_toegestaan"],
            arrangement=_arrangement(sectie["arrangement"]),
            voorzieningen=_voorzieningen(sectie["voorzieningen"]),
            backoffice=_oin(beleid["partijen"], beleid["partijen"]["backoffice"]),
            betalend=beleid["partijen"]["betalende_gemeente"],
        )


def _oin(partijen: Mapping[str, Any], sleutel: str | None) -> str | None:
    return next((o.get("oin") for o in partijen["organisaties"] if o["id"] == sleutel), None)


def _bevoegdheid(rij: Mapping[str, Any]) -> Bevoegdheid:
    return Bevoegdheid(
        thema=rij["thema"],
        gemeente=rij["besluit_gemeente"],
        gemeentenaam=codes.gemeente(rij["besluit_gemeente"]).naam,
        orgaan=rij["orgaan"],
        rollen=tuple(
            Rol(r["rol"], r["titel"], r["omvang"], tuple(r["voorzieningen"]), r["definitief_door"])
            for r in rij["rollen"]
        ),
    )


def _arrangement(rij: Mapping[str, Any] | None) -> Arrangement | None:
    if rij is None:
        return None
    waarschuwing = rij["waarschuwing"] or {"code": None, "gebieden": []}
    return Arrangement(
        gebieden={g["nummer"]: g["naam"] for g in rij["resultaatgebieden"]},
        intensiteiten=tuple(rij["intensiteiten"]),
        motiveren=rij["motiveren"] is True,
        waarschuwing=waarschuwing["code"],
        waarschuwing_bij=frozenset(waarschuwing["gebieden"]),
    )


def _voorzieningen(rijen: Mapping[str, Mapping[str, Any]]) -> dict[str, Voorziening]:
    bekend: dict[str, Voorziening] = {}
    for naam, rij in rijen.items():
        voorziening = Voorziening(naam, rij["soort"], rij["wmo020"], rij["onderdeel_van"], rij["bijdrage"])
        for ook in (*rij["ook_bekend_als"], naam):
            bekend[ook] = voorziening
    return bekend
