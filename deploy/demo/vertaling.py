"""From a step of a case to what a client sends: which service, which command, which body, as whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casuslog.caller import Caller
from deploy.demo.zaken import Partijen, Stap, Zaak

PERSONEN = ("inwoner", "budgethouder", "derde")


@dataclass(frozen=True, slots=True)
class Oproep:
    """One call. ``soort``: ``opdracht`` (changes something), ``vraag`` (computes) or ``lees`` (reads ``naam``)."""

    service: str
    naam: str
    body: Mapping[str, Any]
    soort: str = "opdracht"


@dataclass(frozen=True, slots=True)
class Spel:
    """What the translation needs of a case that is being played: its ids so far."""

    zaak: Zaak
    partijen: Partijen
    casus: str | None = None
    signaal: str | None = None
    dossier: str | None = None

    def wie(self, stap: Stap) -> Caller:
        """The caller of a step: a role in an organisation, with a pseudonym."""
        gemeenten = {self.partijen.code(self.zaak.woongemeente.replace("-", "_"))}
        gemeenten.add(self.partijen.code(self.zaak.besluitende_gemeente.replace("-", "_")))
        if stap.rol in PERSONEN:
            wie = "inwoner" if stap.rol == "budgethouder" else stap.rol
            return Caller(stap.rol, None, f"{wie}-{self.zaak.id}", tuple(sorted(gemeenten)), "eigen_zaak")
        code = self.partijen.code(stap.organisatie or "")
        eigen = (code,) if len(code) == 4 else tuple(sorted(gemeenten)) if stap.rol == "backoffice" else ()
        return Caller(stap.rol, code, f"{stap.rol}-{stap.organisatie}", eigen)

    @property
    def client(self) -> str:
        """Pseudonym of the inwoner whom the case is about."""
        return f"inwoner-{self.zaak.id}"


def oproepen(spel: Spel, stap: Stap) -> list[Oproep]:
    """What a client sends for this step.

    Raises:
        KeyError: the step names a command that this translation does not know.
    """
    return list(_VERTALING[stap.opdracht](spel, stap))


Vertaler = Callable[[Spel, Stap], Iterator[Oproep]]


def _opdracht(
    spel: Spel, stap: Stap, service: str, command: str, eigenaar: str | None = None, /, **velden: Any
) -> Oproep:
    body: dict[str, Any] = {"gemeente": eigenaar or spel.zaak.woongemeente, "op": stap.dag.isoformat(), **velden}
    if spel.casus is not None and "dossier" not in velden and command != "geef-signaal-aan-toezicht":
        body["casus"] = spel.casus
    return Oproep(service, command, {k: v for k, v in body.items() if v is not None})


def _gelijk(service: str, naam: str, *velden: str, besluitend: bool = False) -> Vertaler:
    """A command whose fields are called the same in the file."""

    def vertaal(spel: Spel, stap: Stap) -> Iterator[Oproep]:
        gemeente = spel.zaak.besluitende_gemeente if besluitend else None
        yield _opdracht(spel, stap, service, naam, gemeente, **{v: stap.gegevens.get(v) for v in velden})

    return vertaal


def _registreer_melding(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g, client = stap.gegevens, spel.zaak.gegeven["client"]
    persoon = {
        "naam": f"Testpersoon {spel.zaak.id.replace('_', ' ')}",
        "adres": "Teststraat 1",
        "woonplaats": client["woonplaats"],
    }
    if client.get("bsn_bekend_bij_melding", True):
        persoon["bsn"] = client["bsn_test"]
    velden = {k: g.get(k) for k in ("kanaal", "namens", "relatie", "akkoord_inwoner", "voorziening")}
    if "namens" in g:
        velden["client"] = spel.client
    yield _opdracht(spel, stap, "melding", "registreer-melding", thema=spel.zaak.gegeven["thema"], **velden, **persoon)


def _bevestig_melding(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g = stap.gegevens
    aangeboden = True if g.get("clientondersteuning") == "aangeboden" else None
    yield _opdracht(
        spel,
        stap,
        "melding",
        "bevestig-melding",
        aan=g.get("aan"),
        ontvangstbericht_aan_melder=g.get("ontvangstbericht_aan_melder"),
        clientondersteuning=aangeboden,
    )


def _plan_gesprek(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    yield _opdracht(
        spel,
        stap,
        "onderzoek",
        "plan-gesprek",
        gesprek_op=stap.gegevens["op"],
        telefonisch=stap.gegevens.get("telefonisch"),
    )
    if stap.gegevens.get("clientondersteuning") == "aangeboden":
        yield _opdracht(spel, stap, "melding", "bied-clientondersteuning-aan", moment="telefonische_afspraak")


def _verstuur_afspraakbevestiging(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    aangeboden = stap.gegevens.get("clientondersteuning") == "aangeboden"
    bijstand = stap.gegevens.get("bijstand_genoemd")
    yield _opdracht(
        spel,
        stap,
        "onderzoek",
        "verstuur-afspraakbevestiging",
        bijstand_genoemd=bijstand,
        clientondersteuning=aangeboden,
    )
    if aangeboden:
        yield _opdracht(spel, stap, "melding", "bied-clientondersteuning-aan", moment="afspraakbevestiging")


def _leg_gesprek_vast(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g, client = stap.gegevens, spel.zaak.gegeven["client"]
    toestemming = g.get("toestemming_dochter")
    yield _opdracht(
        spel,
        stap,
        "onderzoek",
        "leg-gesprek-vast",
        vorm=g["vorm"],
        deelnemers=g["deelnemers"],
        identiteitsdocument=g.get("identiteitsdocument"),
        pgb_uitgelegd=g.get("pgb_uitgelegd"),
        bijdrage_uitgelegd=g.get("bijdrage_uitgelegd"),
        besproken=[{"leefgebied": leefgebied} for leefgebied in g.get("besproken", [])],
        niet_besproken=g.get("niet_besproken", []),
        toestemmingen=[{"aan": "derde", "omvang": toestemming}] if toestemming else None,
        bsn=None if client.get("bsn_bekend_bij_melding", True) else client["bsn_test"],
        client=spel.client,
    )


def _rond_onderzoek_af(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g = stap.gegevens
    akkoord = g.get("akkoord_inwoner")
    yield _opdracht(
        spel,
        stap,
        "onderzoek",
        "rond-onderzoek-af",
        uitkomst=list(_uitkomsten(g)),
        akkoord_inwoner=None if akkoord is None else bool(akkoord),
        akkoord_op=akkoord if isinstance(akkoord, str) else None,
    )


def _uitkomsten(g: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    vast = {"soort": "maatwerkvoorziening"}
    if isinstance(g["uitkomst"], str):
        yield {**vast, "voorziening": g["uitkomst"], "pakket": g.get("pakket")}
        return
    for deel in g["uitkomst"]:
        if "gebied" in deel:
            intensiteit = {"resultaatgebied": deel["gebied"], "intensiteit": deel["intensiteit"]}
            yield {**vast, "voorziening": "maatwerkarrangement", **intensiteit}
        else:
            yield {**vast, **deel}


def _dien_indicatie_in(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    punten = {p["punt"]: p["default"] for p in spel.zaak.gegeven["open_met_default"]}
    velden = set(punten["verplichte velden van de indicatie"]) - set(stap.gegevens.get("ontbreekt", ())) - {"pakket"}
    yield _opdracht(
        spel,
        stap,
        "onderzoek",
        "dien-indicatie-in",
        thema=spel.zaak.gegeven["thema"],
        aan=stap.gegevens["aan"],
        pakket=stap.gegevens["pakket"],
        velden=dict.fromkeys(sorted(velden), "testwaarde"),
    )


def _vul_indicatie_aan(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    velden = dict.fromkeys(stap.gegevens["velden"], "testwaarde")
    herkomst = stap.gegevens.get("herkomst")
    yield _opdracht(spel, stap, "onderzoek", "vul-indicatie-aan", velden=velden, herkomst=herkomst)


def _dien_aanvraag_in(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g = stap.gegevens
    regels = [{k: v for k, v in regel.items() if k != "wie"} for regel in g.get("regels", [])]
    yield _opdracht(
        spel,
        stap,
        "beschikking",
        "dien-aanvraag-in",
        spel.zaak.besluitende_gemeente,
        ondertekend_op=g.get("ondertekend_op"),
        leveringsvorm=g.get("leveringsvorm"),
        gemotiveerd=g.get("motivering"),
        regels=regels,
        hulpverleners=[{"regel": r["regel"], "wie": r["wie"]} for r in g.get("regels", []) if "wie" in r],
    )


def _toets_pgb_voorwaarden(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    bekwaam = stap.gegevens["bekwaam"]
    yield _opdracht(
        spel,
        stap,
        "pgb",
        "toets-pgb-voorwaarden",
        bekwaam="ja_met_hulp" if "met hulp" in bekwaam else bekwaam,
        motivering_bekwaam=bekwaam,
        gemotiveerd=stap.gegevens["gemotiveerd"],
        kwaliteit_gewaarborgd=stap.gegevens["kwaliteit"],
    )


def _neem_besluit(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g = stap.gegevens
    eigen = stap.organisatie if stap.geweigerd else None
    voorziening = spel.zaak.gegeven["thema"] if "pakket" in g else None
    yield _opdracht(
        spel,
        stap,
        "beschikking",
        "neem-besluit",
        eigen or spel.zaak.besluitende_gemeente,
        uitkomst=g.get("uitkomst", "toegekend"),
        thema=spel.zaak.gegeven["thema"],
        voorziening=voorziening,
        **{k: g.get(k) for k in ("pakket", "leveringsvorm", "van", "tot_en_met", "weken", "arrangement")},
        geschreven_door=g.get("geschreven_door"),
    )


def _verstrek_opdracht(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    yield _opdracht(
        spel,
        stap,
        "beschikking",
        "verstrek-opdracht",
        spel.zaak.besluitende_gemeente,
        aanbieder=spel.partijen.code(stap.gegevens["aanbieder"]),
        ingang=stap.gegevens["ingang"],
    )


def _beslis_declaratie(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    for declaratie, uitkomst in stap.gegevens.items():
        yield _opdracht(spel, stap, "pgb", "beslis-declaratie", declaratie=declaratie, uitkomst=uitkomst)


def _bereken_tarief(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    body = {k: stap.gegevens[k] for k in ("voorziening", "hulpverlener")}
    gevraagd = {"gemeente": spel.zaak.woongemeente, "op": stap.dag.isoformat(), **body}
    yield Oproep("pgb", "bereken-pgb-tarief", gevraagd, soort="vraag")


def _geef_signaal(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    g = stap.gegevens
    yield _opdracht(
        spel,
        stap,
        "pgb",
        "geef-signaal-aan-toezicht",
        aard=g["aard"],
        over=g["over"],
        week=g.get("week"),
        clientnaam_meegegeven=g.get("clientnaam_meegegeven"),
    )


def _vraag_casus_op(spel: Spel, stap: Stap) -> Iterator[Oproep]:  # noqa: ARG001  # who asks stands in the caller
    yield Oproep("historie", f"/casussen/{spel.casus}/tijdlijn", {}, soort="lees")


def _vraag_signaal_op(spel: Spel, stap: Stap) -> Iterator[Oproep]:  # noqa: ARG001  # who asks stands in the caller
    yield Oproep("pgb", f"/stromen/{spel.zaak.woongemeente}/signaal/{spel.signaal}", {}, soort="lees")


def _beoordeel_signaal(spel: Spel, stap: Stap) -> Iterator[Oproep]:
    uitkomst = stap.gegevens["uitkomst"]
    yield _opdracht(spel, stap, "toezicht", "beoordeel-signaal", dossier=spel.dossier, uitkomst=uitkomst)


_VERTALING: Mapping[str, Vertaler] = {
    "RegistreerMelding": _registreer_melding,
    "BevestigMelding": _bevestig_melding,
    "SlaClientondersteuningAf": _gelijk("melding", "sla-clientondersteuning-af"),
    "SchakelClientondersteunerIn": _gelijk("onderzoek", "schakel-clientondersteuner-in", "organisatie"),
    "PlanGesprek": _plan_gesprek,
    "VerstuurAfspraakbevestiging": _verstuur_afspraakbevestiging,
    "LegGesprekVast": _leg_gesprek_vast,
    "VerstrekVerslag": _gelijk("onderzoek", "verstrek-verslag"),
    "CorrigeerVerslag": _gelijk("onderzoek", "corrigeer-verslag", "soort"),
    "RondOnderzoekAf": _rond_onderzoek_af,
    "DienIndicatieIn": _dien_indicatie_in,
    "StuurIndicatieTerug": _gelijk("onderzoek", "stuur-indicatie-terug", "velden"),
    "VulIndicatieAan": _vul_indicatie_aan,
    "DienAanvraagIn": _dien_aanvraag_in,
    "NeemBesluit": _neem_besluit,
    "MaakBesluitBekend": _gelijk("beschikking", "maak-besluit-bekend", "wijze", besluitend=True),
    "VerstrekOpdracht": _verstrek_opdracht,
    "MeldStartLevering": _gelijk("beschikking", "meld-start-levering", besluitend=True),
    "BerekenPgbTarief": _bereken_tarief,
    "ToetsPgbVoorwaarden": _toets_pgb_voorwaarden,
    "MeldToekenningAanSvb": _gelijk("pgb", "meld-toekenning-aan-svb"),
    "KeurZorgovereenkomstGoed": _gelijk("pgb", "keur-zorgovereenkomst-goed", "regels", "namens"),
    "DienDeclaratieIn": _gelijk(
        "pgb", "dien-declaratie-in", "declaratie", "regel", "maand", "uren", "tarief", "bedrag"
    ),
    "BeslisDeclaratie": _beslis_declaratie,
    "GeefSignaalAanToezicht": _geef_signaal,
    "VraagCasusOp": _vraag_casus_op,
    "VraagToezichtsignaalOp": _vraag_signaal_op,
    "BeoordeelSignaal": _beoordeel_signaal,
}
