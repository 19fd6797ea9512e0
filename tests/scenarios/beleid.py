"""The beleid of scenarios, laid over the inrichtingen as deployed: other data, and no code path of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import gemeente
from tests.scenarios import verbanden
from tests.scenarios.bestand import Scenario, code_van, is_gemeente, sleutel_van
from tests.scenarios.namen import SOORT_HULPVERLENER, VELDNAMEN, VOORZIENINGEN

BRON = "scenario:1"
VERBAND, VERBANDEN = "leden", "samenwerkingsverbanden"
DEPLOY = Path(__file__).parents[2] / "deploy" / "inrichtingen"
Instellingen = Iterator[tuple[str, Any]]
"""Dotted paths in a version of an inrichting file, with what should stand there, or what makes it from what does."""

Plek = tuple[str, date, str]
"""Key of the gemeente, first day, path."""


def plekken(scenario: Scenario) -> dict[Plek, Any]:
    """What the beleid of a scenario sets, where."""
    gezet: dict[Plek, Any] = {}
    for regel in scenario.beleid:
        if regel["sleutel"] == VERBAND:
            gezet[(VERBANDEN, date.fromisoformat(regel["geldig_vanaf"]), regel["gemeente"])] = regel
            continue
        namen = [regel["gemeente"]] if is_gemeente(regel["gemeente"]) else list(scenario.gemeenten)
        for naam in namen:
            for pad, waarde in VERTALING[regel["sleutel"]](regel["waarde"], naam):
                gezet[(sleutel_van(naam), date.fromisoformat(regel["geldig_vanaf"]), pad)] = waarde
    return gezet


def botst(een: Mapping[Plek, Any], ander: Mapping[Plek, Any]) -> bool:
    """Whether two scenarios set the same path of the same gemeente otherwise, on whatever day."""
    eerste = {(gemeente, pad): (dag, waarde) for (gemeente, dag, pad), waarde in een.items()}
    tweede = {(gemeente, pad): (dag, waarde) for (gemeente, dag, pad), waarde in ander.items()}
    return any(eerste[plek] != tweede[plek] for plek in eerste.keys() & tweede.keys())


def schrijf(gezet: Mapping[Plek, Any], folder: Path, gemeenten: set[str]) -> None:
    """The inrichtingen of these gemeenten (keys) in a folder, with what was set laid over them."""
    for naam in sorted(gemeenten | {sleutel for sleutel, _, _ in gezet} - {VERBANDEN}):
        bestand = DEPLOY / f"{naam}.yaml"
        document = yaml.safe_load(bestand.read_text(encoding="utf-8")) if bestand.exists() else _leeg(naam)
        document.setdefault("bronnen", {})["scenario"] = "tests/data/scenarios.yaml"
        for sleutel, dag, pad in sorted(gezet):
            if sleutel == naam:
                _zet(_versie(document, dag), pad, gezet[(sleutel, dag, pad)])
        (folder / f"{naam}.yaml").write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    eigen = [regel for (sleutel, _, _), regel in sorted(gezet.items(), key=lambda one: one[0]) if sleutel == VERBANDEN]
    tekst = yaml.safe_dump(verbanden.bestand(eigen, BRON), allow_unicode=True, sort_keys=False)
    (folder / f"{VERBANDEN}.yaml").write_text(tekst)


def _leeg(sleutel: str) -> dict[str, Any]:
    bekend = gemeente(sleutel)
    return {
        "sleutel": sleutel,
        "gemeentecode": bekend.code,
        "naam": bekend.naam,
        "wettelijk_kader": "wmo_2015",
        "versies": [{"geldig_vanaf": "2015-01-01"}],
    }


def _versie(document: dict[str, Any], dag: date) -> dict[str, Any]:
    """The sections of the version that begins on that day, made where it is missing; of the first one before it."""
    versies = document["versies"]
    eerste = versies[0]
    if dag <= date.fromisoformat(eerste["geldig_vanaf"]):
        return eerste
    bestaand = next((v for v in versies if v["geldig_vanaf"] == dag.isoformat()), None)
    if bestaand is None:
        overgang = {"lopende_casussen": "dag_van_de_handeling", "toelichting": "scenario"}
        bestaand = {"geldig_vanaf": dag.isoformat(), "wijzigt": {}, "overgang": overgang}
        versies.append(bestaand)
        versies.sort(key=lambda v: v["geldig_vanaf"])
    return bestaand["wijzigt"]


def _zet(secties: dict[str, Any], pad: str, waarde: Any) -> None:
    *groepen, naam = pad.split(".")
    for groep in groepen:
        secties = secties.setdefault(groep, {})
    if callable(waarde):
        secties[naam] = waarde(copy.deepcopy(secties.get(naam)))
    elif naam in ("ook_bekend_als", "rijen", "bron"):
        secties[naam] = waarde
    else:
        secties[naam] = {"waarde": waarde, "bron": BRON}


def _voorziening(naam: str) -> str:
    return VOORZIENINGEN.get(naam, naam)


# -- per key of the set ------------------------------------------------------------------------------------------------


def _vormvrij(waarde: Any, _: str) -> Instellingen:
    voorzieningen = [_voorziening(naam) for naam in waarde]
    velden = ["naam", "adres", "woonplaats"]
    yield "melding.vormvrij", {"alle": False, "voorzieningen": voorzieningen, "velden": velden}


def _namens_ander(waarde: Any, _: str) -> Instellingen:
    yield "melding.namens_ander", waarde


def _kcc_zorg(waarde: Any, _: str) -> Instellingen:
    yield "melding.triage.punt", "kcc_zorg"
    for naam in ("doorvragen", "mag_verwijzen", "max_velden", "doorgeven_aan"):
        if naam in waarde:
            yield f"melding.triage.{naam}", waarde[naam]


def _verslag_is_aanvraag(waarde: Any, _: str) -> Instellingen:
    yield "onderzoek.verslag.ondertekend_is_aanvraag", waarde["bij"] == "ondertekend_en_akkoord"
    yield "beschikking.aanvraag.tweede_formulier_toegestaan", waarde["tweede_formulier_nodig"]


def _arrangement(waarde: Any, _: str) -> Instellingen:
    def samen(oud: Any) -> Any:
        bekend = (oud or {}).get("waarde", {})
        namen = {gebied["nummer"]: gebied["naam"] for gebied in bekend.get("resultaatgebieden", ())}
        gebieden = [{"nummer": nummer, "naam": namen.get(nummer)} for nummer in waarde["resultaatgebieden"]]
        nieuw = {**bekend, "resultaatgebieden": gebieden, "intensiteiten": waarde["intensiteiten"]}
        return {"waarde": nieuw, "bron": BRON}

    yield "beschikking.arrangement", samen
    yield "beschikking.vorm.maatwerkarrangement", waarde["eenheid_in_beschikking"]


def _beschermd_wonen(waarde: Any, _: str) -> Instellingen:
    indicatie, besluit = "onderzoek.indicatie.beschermd_wonen", "beschikking.bevoegdheid.beschermd_wonen"
    yield f"{indicatie}.wie_indiceert", [waarde["indicatie_door"].removesuffix("_woongemeente")]
    yield f"{indicatie}.indienen_bij", code_van(waarde["besluit_door"])
    yield f"{indicatie}.pakketten", waarde["pakketten"]
    yield f"{indicatie}.verplichte_velden", [VELDNAMEN.get(veld, veld) for veld in waarde["verplichte_velden"]]
    yield f"{besluit}.besluit_gemeente", code_van(waarde["besluit_door"])


def _hulp(code: str) -> Callable[[Any, str], Instellingen]:
    def vertaal(waarde: Any, _: str) -> Instellingen:
        pad = f"beschikking.voorzieningen.{_voorziening(code)}"
        yield f"{pad}.soort", {"algemene_voorziening": "algemeen", "maatwerkvoorziening": "maatwerk"}[waarde["soort"]]
        yield f"{pad}.beschikking_nodig", waarde["beschikking"]
        yield f"{pad}.bijdrage", "cak" if waarde["cak"] else waarde["betaling"]
        yield f"{pad}.ook_bekend_als", [code]

    return vertaal


def _pgb_procent(waarde: Any, _: str) -> Instellingen:
    for kring, procent in waarde.items():
        rij = {"soort": "percentage", "procent": procent, "ondersteuning": "alle_behalve_huishoudelijke_hulp"}
        kolom = f"pgb.tarieven.{SOORT_HULPVERLENER.get(kring, kring)}"
        yield f"{kolom}.rijen", [{**rij, "bron": BRON}]
        yield f"{kolom}.bron", BRON


def _zin_tarief(waarde: Any, _: str) -> Instellingen:
    for naam, bedrag in waarde.items():
        if naam != "eenheid":
            yield f"pgb.tarief_zorg_in_natura.{_voorziening(naam)}", bedrag


def _toezichthouder(waarde: Any, _: str) -> Instellingen:
    yield "toezicht.toezichthouder.aangewezen", waarde["aangewezen"]
    yield "toezicht.toezichthouder.organisatie", waarde["persoon"].lower()


def _zicht(_: Any, __: str) -> Instellingen:
    """What each role sees is law and task, the same for every gemeente (schemas/rechten.yaml): nothing to set."""
    yield from ()


def _bewaartermijn(_: Any, __: str) -> Instellingen:
    """Retention terms are of the installation (schemas/bewaartermijnen.yaml): the scenario looks whether they fit."""
    yield from ()


VERTALING: Mapping[str, Callable[[Any, str], Instellingen]] = {
    "vormvrije_melding": _vormvrij,
    "melding_namens_ander": _namens_ander,
    "kcc_zorg": _kcc_zorg,
    "verslag_is_aanvraag": _verslag_is_aanvraag,
    "arrangement": _arrangement,
    "beschermd_wonen": _beschermd_wonen,
    "bewaartermijn": _bewaartermijn,
    "hh1": _hulp("hh1"),
    "hh2": _hulp("hh2"),
    "pgb_procent": _pgb_procent,
    "zicht": _zicht,
    "zin_tarief": _zin_tarief,
    "toezichthouder": _toezichthouder,
}
"""What each key of the set's beleid means in an inrichting file."""
