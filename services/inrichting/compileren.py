"""From an inrichting file to the beleid that the services read: complete, normalised, with the origin of every value.

The keys of the beleid stand in docs/inrichting.md; that page and this module change together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.inrichting import standaarden
from services.inrichting.beleid import Beleid, aannames, zet
from services.inrichting.codes import VOORZIENINGEN
from services.inrichting.model import InrichtingDocument, Verband, Versie, samengevoegd
from services.inrichting.tarieftabel import cent, rijen
from services.inrichting.vormen import is_instelling

_EIGEN_VORM = ("onderzoek.indicatie", "beschikking.bevoegdheid", "beschikking.voorzieningen", "beschikking.arrangement")
_APART = (*_EIGEN_VORM, "pgb.tarieven", "pgb.tarief_zorg_in_natura", "partijen.organisaties", "verbanden", "kenmerken")
"""Parts that get a form of their own in the beleid; all others are copied to the same path."""

_HOOFDTHEMA = "maatwerk_zelfredzaamheid"

_NETWERK_BIJ_HUISHOUDELIJKE_HULP = "standaard: het netwerk telt hier als niet gekwalificeerd; de bron noemt het niet"

_BIJDRAGE = {"algemeen": "rechtstreeks_aan_aanbieder", "maatwerk": "cak", "open": "open"}
"""To whom a bijdrage goes (bron 004:297-311, landelijk): an algemene voorziening is paid to the aanbieder."""


def compile_beleid(document: InrichtingDocument, verbanden: Sequence[Verband], versie: int | None = None) -> Beleid:
    """The beleid of one version of a gemeente (the last when none is named).

    Args:
        document: a validated file.
        verbanden: all known samenwerkingsverbanden; those that the gemeente takes part in are written out.
        versie: number of the version, from 1.
    """
    nummer = len(document.versies) if versie is None else versie
    gekozen = document.versies[nummer - 1]
    beleid = _Opbouw(document, gekozen.secties).beleid
    beleid["kop"] = {**_kop(document, gekozen, nummer), "team": beleid["kop"]["team"]}
    beleid["verbanden"] = [_verband(v) for v in verbanden if v.id in _ids(gekozen)]
    beleid["varianten"] = [_variant(document, gekozen, beleid, variant) for variant in gekozen.varianten]
    beleid["overgang"] = _overgang(gekozen)
    beleid["kop"]["aannames"] = list(aannames(beleid))
    return beleid


class _Opbouw:
    """Fills a beleid from the sections of a file: first the defaults, then what the file says over them."""

    def __init__(self, document: InrichtingDocument, secties: Mapping[str, Any]) -> None:
        self.gemeente = document.gemeentecode
        self.secties = secties
        self.herkomst: dict[str, str] = {}
        self.beleid: Beleid = {"kop": {}, "herkomst": self.herkomst}
        self._standaarden(document)
        self._overnemen()
        self._team(document)
        self._voorzieningen()
        self._bevoegdheid()
        self._indicatie()
        self._aanvraag()
        self._arrangement()
        self._pgb()
        self._partijen()
        self._kenmerken()

    def zet(self, pad: str, waarde: Any, herkomst: str) -> None:
        zet(self.beleid, pad, copy.deepcopy(waarde))
        self.herkomst[pad] = herkomst
        for groep in _groepen_van(pad):
            if self.herkomst.get(groep, "").startswith("niet genoemd"):
                del self.herkomst[groep]

    def _standaarden(self, document: InrichtingDocument) -> None:
        gelden = {**standaarden.VAST, **standaarden.eigen(document.gemeentecode, document.sleutel)}
        if document.wettelijk_kader == "wmo_2007":
            gelden |= standaarden.WMO_2007
        for pad, (waarde, herkomst) in gelden.items():
            self.zet(pad, waarde, herkomst)

    def _overnemen(self) -> None:
        for pad, deel in _instellingen(self.secties, overslaan=_APART):
            doel = f"kop.{pad}" if pad.startswith("team.") else pad
            gevonden = lees(deel)
            if gevonden is not None:
                waarde, herkomst = gevonden
                self.zet(doel, _aangevuld(doel, waarde), herkomst)

    def _team(self, document: InrichtingDocument) -> None:
        team = self.beleid["kop"]["team"]
        team["open"] = not self.herkomst["kop.team.naam"].startswith("bron")
        team["id"] = f"{team['naam']}_{document.sleutel}".replace(" ", "_")

    def _voorzieningen(self) -> None:
        for code, deel in self._deel("beschikking.voorzieningen").items():
            pad = f"beschikking.voorzieningen.{code}"
            soort, herkomst = lees(deel["soort"]) or ("open", "niet genoemd: maatwerk of algemeen staat niet vast")
            bekend = VOORZIENINGEN[code]
            self.zet(
                pad,
                {
                    "soort": soort,
                    "wmo020": bekend.wmo020,
                    "eenheid": bekend.eenheid,
                    "onderdeel_van": bekend.onderdeel_van,
                    "beschikking_nodig": soort != "algemeen",
                    "bijdrage": _BIJDRAGE[soort],
                    "ook_bekend_als": list(deel.get("ook_bekend_als", ())),
                },
                "afgeleid: uit de soort en code list WMO020",
            )
            self.herkomst[f"{pad}.soort"] = herkomst
            for naam in ("eenheid", "beschikking_nodig", "bijdrage"):
                gezegd = lees(deel[naam]) if naam in deel else None
                if gezegd:
                    self.zet(f"{pad}.{naam}", *gezegd)

    def _bevoegdheid(self) -> None:
        deel = self._deel("beschikking.bevoegdheid")
        self.beleid["beschikking"]["bevoegdheid"] = []
        for plaats, thema in enumerate(_themas(deel)):
            pad = f"beschikking.bevoegdheid.{plaats}"
            gezegd = deel.get(thema, {})
            self.beleid["beschikking"]["bevoegdheid"].append({"thema": thema})
            besluit = self._gezegd(gezegd, "besluit_gemeente", self.gemeente, "standaard: de gemeente zelf")
            self.zet(f"{pad}.besluit_gemeente", *besluit)
            for naam, (waarde, grond) in standaarden.bevoegdheid(besluit[0] == self.gemeente).items():
                gevonden, herkomst = self._gezegd(gezegd, naam, waarde, grond)
                self.zet(f"{pad}.{naam}", _rollen(gevonden) if naam == "rollen" else gevonden, herkomst)

    def _indicatie(self) -> None:
        deel = self._deel("onderzoek.indicatie")
        besluit = {b["thema"]: b["besluit_gemeente"] for b in self.beleid["beschikking"]["bevoegdheid"]}
        self.beleid["onderzoek"]["indicatie"] = []
        for plaats, (thema, gemeente) in enumerate(besluit.items()):
            self.beleid["onderzoek"]["indicatie"].append({"thema": thema})
            gezegd = deel.get(thema, {})
            elders = gemeente != self.gemeente
            for naam, waarde, grond in (
                ("wie_indiceert", ["uitvoeringsteam"], "standaard: het team van de gemeente"),
                ("indienen_bij", gemeente, "afgeleid: bij de gemeente die besluit"),
                ("pakketten", [], "niet genoemd: geen pakketten"),
                ("verplichte_velden", [], "niet genoemd: geen verplichte velden"),
                ("terugkoppeling_aan_team", elders, "afgeleid: het team hoort het besluit van een andere gemeente"),
            ):
                self.zet(f"onderzoek.indicatie.{plaats}.{naam}", *self._gezegd(gezegd, naam, waarde, grond))

    def _aanvraag(self) -> None:
        """A signed verslag that counts as the aanvraag leaves no room for a second form, unless the file says so."""
        aanvraag = self.beleid["beschikking"]["aanvraag"]
        if "tweede_formulier_toegestaan" not in aanvraag:
            verslag = aanvraag["vorm"] == "ondertekend_verslag"
            self.zet(
                "beschikking.aanvraag.tweede_formulier_toegestaan", not verslag, "afgeleid: uit de vorm van de aanvraag"
            )

    def _arrangement(self) -> None:
        gezegd = lees(self.secties.get("beschikking", {}).get("arrangement", {}))
        if gezegd is None or gezegd[0] is None:
            return
        gegeven, herkomst = gezegd
        gebieden = gegeven.get("waarschuwing_zonder_omvang", [])
        self.zet(
            "beschikking.arrangement",
            {
                "resultaatgebieden": [
                    {"nummer": g["nummer"], "naam": g.get("naam")} for g in gegeven["resultaatgebieden"]
                ],
                "intensiteiten": gegeven["intensiteiten"],
                "motiveren": gegeven.get("motiveren", False),
                "omvang_optioneel": gegeven.get("omvang_optioneel", True),
                "waarschuwing": {"code": "geen_omvang_genoemd", "gebieden": gebieden} if gebieden else None,
            },
            herkomst,
        )

    def _pgb(self) -> None:
        aangeboden = self.beleid["beschikking"]["voorzieningen"]
        pgb = self.secties.get("pgb", {})
        self.beleid["pgb"]["voorzieningen"] = {code: v["soort"] for code, v in aangeboden.items()}
        self.herkomst["pgb.voorzieningen"] = "afgeleid: uit beschikking.voorzieningen"
        tarieven = list(rijen(pgb.get("tarieven", {}), list(aangeboden)))
        kolommen = "bron: zie elke rij" if tarieven else "niet genoemd: geen tarieven"
        self.zet("pgb.tarieven", tarieven, kolommen)
        for plaats, rij in enumerate(tarieven):
            self.herkomst[f"pgb.tarieven.{plaats}"] = f"bron {_bron(rij['bron'])}"
            if rij["kolom"] == "huishoudelijke_hulp" and "gekwalificeerd" not in rij["soorten_hulpverlener"]:
                self.herkomst[f"pgb.tarieven.{plaats}.soorten_hulpverlener"] = _NETWERK_BIJ_HUISHOUDELIJKE_HULP
        self.beleid["pgb"]["tarief_zorg_in_natura"] = {}
        for code, voorziening in aangeboden.items():
            if voorziening["soort"] == "maatwerk":
                self._natura(code, voorziening["eenheid"], pgb.get("tarief_zorg_in_natura", {}).get(code, {}))

    def _natura(self, code: str, eenheid: str | None, deel: Mapping[str, Any]) -> None:
        bedrag, herkomst = lees(deel) or (None, "niet genoemd: tarief zorg in natura onbekend")
        waarde = {
            "cent": None if bedrag is None else cent(bedrag),
            "eenheid": eenheid,
            "testwaarde": herkomst.startswith("testwaarde"),
        }
        self.zet(f"pgb.tarief_zorg_in_natura.{code}", waarde, herkomst)

    def _partijen(self) -> None:
        partijen = self.beleid["partijen"]
        partijen["organisaties"] = []
        for plaats, org in enumerate(self.secties.get("partijen", {}).get("organisaties", ())):
            rij = {naam: org.get(naam) for naam in ("id", "naam", "oin", "soort")}
            partijen["organisaties"].append(rij)
            self.herkomst[f"partijen.organisaties.{plaats}"] = (
                f"bron {_bron(org['bron'])}" if "bron" in org else "standaard: testpartij"
            )
        for bevoegdheid in self.beleid["beschikking"]["bevoegdheid"]:
            thema = bevoegdheid["thema"]
            if thema not in partijen["betalende_gemeente"]:
                grond = "standaard: de gemeente die besluit"
                self.zet(f"partijen.betalende_gemeente.{thema}", bevoegdheid["besluit_gemeente"], grond)

    def _kenmerken(self) -> None:
        self.beleid["kenmerken"] = {}
        for naam, deel in self.secties.get("kenmerken", {}).items():
            waarde, herkomst = lees(deel) or (None, f"niet genoemd: {deel.get('onzeker', 'de bron laat het open')}")
            self.beleid["kenmerken"][naam] = waarde
            self.herkomst[f"kenmerken.{naam}"] = herkomst

    def _deel(self, pad: str) -> Mapping[str, Any]:
        sectie, _, naam = pad.partition(".")
        deel: Mapping[str, Any] = self.secties.get(sectie, {}).get(naam, {})
        return deel

    def _gezegd(self, deel: Mapping[str, Any], naam: str, waarde: Any, grond: str) -> tuple[Any, str]:
        gevonden = lees(deel[naam]) if naam in deel else None
        return gevonden or (waarde, grond)


def lees(deel: Mapping[str, Any]) -> tuple[Any, str] | None:
    """The value of one setting and its origin; ``None`` for an open point without a default."""
    if "waarde" in deel:
        groep = f" (geldt voor {deel['geldt_voor_groep']})" if "geldt_voor_groep" in deel else ""
        afgeleid = " (afgeleid)" if "afgeleid" in deel else ""
        return deel["waarde"], f"bron {_bron(deel['bron'])}{groep}{afgeleid}"
    standaard = deel.get("standaard")
    if standaard is None:
        return None
    soort = "testwaarde" if standaard.get("testwaarde") else "standaard"
    return standaard["waarde"], f"{soort}: {standaard['toelichting']}"


def _groepen_van(pad: str) -> list[str]:
    """The groups that a path lies in: ``a`` and ``a.b`` for ``a.b.c``."""
    delen = pad.split(".")
    return [".".join(delen[:diepte]) for diepte in range(1, len(delen))]


def _instellingen(groep: Mapping[str, Any], pad: str = "", *, overslaan: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for naam, deel in groep.items():
        hier = f"{pad}.{naam}" if pad else naam
        if hier in overslaan:
            continue
        if is_instelling(deel):
            yield hier, deel
        elif isinstance(deel, dict):
            yield from _instellingen(deel, hier, overslaan=overslaan)


def _aangevuld(pad: str, waarde: Any) -> Any:
    """What a short form in the file leaves out, so that a reader finds every key."""
    if pad == "melding.vormvrij":
        return {"voorzieningen": [], "velden": ["naam", "adres", "woonplaats"], **waarde}
    if pad == "melding.spoed" and waarde is not None:
        return {"binnen_dagen": None, "gronden": [], "vorm": None, **waarde}
    if pad == "melding.namens_ander":
        return {"toegestaan": True, "client_blijft_betrokkene": True, **waarde}
    if pad == "onderzoek.huisbezoek":
        return {"gronden": [], **waarde}
    if pad == "onderzoek.wie_onderzoekt":
        return [{"kader": None, **rij} for rij in waarde]
    if pad == "beschikking.vereenvoudigde_routes":
        return [{"voorwaarde": None, "uitworp": [], **rij} for rij in waarde]
    return waarde


def _rollen(rollen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"omvang": "volledig", "voorzieningen": ["alle"], "definitief_door": None, **rol} for rol in rollen]


def _themas(deel: Mapping[str, Any]) -> list[str]:
    return [_HOOFDTHEMA, *(thema for thema in deel if thema != _HOOFDTHEMA)]


def _kop(document: InrichtingDocument, versie: Versie, nummer: int) -> dict[str, Any]:
    return {
        "gemeente": document.gemeentecode,
        "sleutel": document.sleutel,
        "naam": document.naam,
        "versie": nummer,
        "inrichtingversie": f"{document.sleutel}@{nummer}",
        "geldig_vanaf": versie.geldig_vanaf.isoformat(),
        "toelichting": versie.toelichting,
        "wettelijk_kader": document.wettelijk_kader,
        "peildatum": document.peildatum,
        "bronnen": dict(document.bronnen),
    }


def _ids(versie: Versie) -> list[str]:
    ids: list[str] = versie.secties.get("verbanden", {}).get("waarde", [])
    return ids


def _verband(verband: Verband) -> dict[str, Any]:
    return {
        "id": verband.id,
        "naam": verband.naam,
        "leden": list(verband.leden),
        "overige_leden": list(verband.overige_leden),
        "themas": list(verband.themas),
        "rollen": dict(verband.rollen),
        "rechtsvorm": verband.rechtsvorm,
    }


def _variant(
    document: InrichtingDocument, versie: Versie, gewoon: Beleid, variant: Mapping[str, Any]
) -> dict[str, Any]:
    anders = _Opbouw(document, samengevoegd(versie.secties, variant["wijzigt"])).beleid
    paden = [pad for pad, _ in _instellingen(variant["wijzigt"], overslaan=_APART)]
    paden += [pad for pad in (*_EIGEN_VORM, "pgb.tarieven") if _aanwezig(variant["wijzigt"], pad)]
    wijzigt = {pad: _op(anders, pad) for pad in paden if _op(anders, pad) != _op(gewoon, pad)}
    return {
        "sleutel": variant["sleutel"],
        "soort": variant["soort"],
        "geldig_vanaf": str(variant["geldig_vanaf"]),
        "geldig_tot": str(variant["geldig_tot"]) if variant.get("geldig_tot") else None,
        "voor": list(variant.get("voor", ())),
        "wijzigt": wijzigt,
        "herkomst": {pad: anders["herkomst"].get(pad, f"variant {variant['sleutel']}") for pad in wijzigt},
    }


def _aanwezig(secties: Mapping[str, Any], pad: str) -> bool:
    sectie, _, naam = pad.partition(".")
    return naam in secties.get(sectie, {})


def _op(beleid: Beleid, pad: str) -> Any:
    sectie, *rest = pad.split(".")
    waarde = beleid["kop"]["team"] if sectie == "team" else beleid[sectie]
    for naam in rest:
        waarde = waarde[naam]
    return waarde


def _overgang(versie: Versie) -> dict[str, Any]:
    gegeven = versie.overgang or {
        "lopende_casussen": "dag_van_de_handeling",
        "toelichting": "Elke handeling valt onder de versie van haar eigen dag.",
    }
    return {
        "lopende_casussen": gegeven["lopende_casussen"],
        "toelichting": gegeven["toelichting"],
        "regels": [_overgangsregel(regel) for regel in gegeven.get("regels", ())],
    }


def _overgangsregel(regel: Mapping[str, Any]) -> dict[str, Any]:
    leeg = {"oude_minuten_per_week_meer_dan": None, "leeftijd_vanaf": None}
    return {
        "id": regel["id"],
        "over": regel["over"],
        "voorwaarde": {**leeg, **regel.get("voorwaarde", {})},
        "plaatsing": regel["plaatsing"],
        "duur_maanden": regel.get("duur_maanden"),
        "bron": _bron(regel["bron"]) if "bron" in regel else None,
    }


def _bron(bron: str | list[str]) -> str:
    return ", ".join(bron) if isinstance(bron, list) else bron
