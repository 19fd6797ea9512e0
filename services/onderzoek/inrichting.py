"""What the service onderzoek reads from a beleid: ``kop``, ``onderzoek``, and a few names of other sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ROLLEN = {
    "uitvoeringsteam": frozenset({"wijkteam", "consulent", "senior_consulent"}),
    "consulent": frozenset({"consulent", "senior_consulent"}),
    "consulent_gemeente": frozenset({"consulent", "senior_consulent"}),
    "aanbieder": frozenset({"aanbieder"}),
}
"""Which roles act for whom an inrichting names; a consulent can be a member of the team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatieRegel:
    """Who indicates on a thema, where the indicatie goes, and what must be in it."""

    thema: str
    wie_indiceert: tuple[str, ...]
    indienen_bij: str
    pakketten: tuple[int, ...] = ()
    verplichte_velden: tuple[str, ...] = ()
    terugkoppeling_aan_team: bool = True

    def mag_indiceren(self, rol: str) -> bool:
        """Whether this role acts for one of those who indicate here."""
        return any(rol in _ROLLEN.get(wie, frozenset()) for wie in self.wie_indiceert)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnderzoekInrichting:
    """How a gemeente does the onderzoek. ``naam`` and ``versie`` are for whoever reads a refusal."""

    gemeente: str
    naam: str
    versie: str
    team: str
    termijn_weken: int | None = 6
    """None under the Wmo 2007: a melding had no term."""
    uitvoerders: frozenset[str] = frozenset({"gemeente"})
    """Who may hold the gesprek: ``gemeente``, ``aanbieder``, ``extern_bureau``."""
    gesprek_verplicht: bool = False
    gesprek_overslaan_bij: tuple[str, ...] = ()
    voorleggen_ter_ondertekening: bool = False
    ondertekend_is_aanvraag: bool = False
    akkoord_inwoner_nodig: bool = False
    indicatie: tuple[IndicatieRegel, ...] = ()
    bijstand_in_bevestiging: bool = False
    clientondersteuning_bij: tuple[str, ...] = ()
    resultaatgebieden: frozenset[int] = frozenset()
    intensiteiten: tuple[str, ...] = ()

    def indicatie_voor(self, thema: str) -> IndicatieRegel | None:
        """The rule of a thema, if the gemeente arranged one."""
        return next((regel for regel in self.indicatie if regel.thema == thema), None)

    @classmethod
    def van_beleid(cls, beleid: Mapping[str, Any]) -> OnderzoekInrichting:
        """Read a compiled beleid (docs/inrichting.md).

        Raises:
            KeyError: a key that docs/inrichting.md promises is absent.
        """
        kop, onderzoek, melding = beleid["kop"], beleid["onderzoek"], beleid["melding"]
        arrangement = beleid["beschikking"]["arrangement"] or {"resultaatgebieden": [], "intensiteiten": []}
        return cls(
            gemeente=kop["gemeente"],
            naam=kop["naam"],
            versie=kop["inrichtingversie"],
            team=kop["team"]["id"],
            termijn_weken=onderzoek["termijn_weken"],
            uitvoerders=frozenset(_uitvoerder(rij["uitvoerder"]) for rij in onderzoek["wie_onderzoekt"]),
            gesprek_verplicht=bool(onderzoek["gesprek"]["verplicht"]),
            gesprek_overslaan_bij=tuple(onderzoek["gesprek"]["overslaan_bij"]),
            voorleggen_ter_ondertekening=onderzoek["verslag"]["voorleggen"] == "ter_aanvulling_en_ondertekening",
            ondertekend_is_aanvraag=onderzoek["verslag"]["ondertekend_is_aanvraag"],
            akkoord_inwoner_nodig=onderzoek["akkoord_inwoner_nodig"],
            indicatie=tuple(_regel(rij) for rij in onderzoek["indicatie"]),
            bijstand_in_bevestiging=melding["afspraakbevestiging"]["vermeldt_bijstand"],
            clientondersteuning_bij=tuple(melding["clientondersteuning"]["belegd_bij"]),
            resultaatgebieden=frozenset(gebied["nummer"] for gebied in arrangement["resultaatgebieden"]),
            intensiteiten=tuple(arrangement["intensiteiten"]),
        )


def _uitvoerder(naam: str) -> str:
    return naam if naam in ("aanbieder", "extern_bureau") else "gemeente"


def _regel(rij: Mapping[str, Any]) -> IndicatieRegel:
    return IndicatieRegel(
        thema=rij["thema"],
        wie_indiceert=tuple(rij["wie_indiceert"]),
        indienen_bij=rij["indienen_bij"],
        pakketten=tuple(rij["pakketten"] or ()),
        verplichte_velden=tuple(rij["verplichte_velden"] or ()),
        terugkoppeling_aan_team=rij["terugkoppeling_aan_team"] is not False,
    )
