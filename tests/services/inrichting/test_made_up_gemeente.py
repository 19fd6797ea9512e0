"""A gemeente that nobody saw before changes route, decider and tariff by its file alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.inrichting.beleid import Beleid, herkomst_van, is_aanname, onder_variant
from services.inrichting.compileren import compile_beleid
from services.inrichting.model import InrichtingDocument

Compileer = Callable[[dict[str, Any]], Beleid]
Laad = Callable[[dict[str, Any]], InrichtingDocument]


def test_a_file_that_says_almost_nothing_falls_back_to_law_and_named_defaults(
    klein: dict[str, Any], compileer: Compileer
) -> None:
    """Six weeks and two weeks are the law; a consulent in mandaat is an assumption and shown as one."""
    beleid = compileer(klein)

    assert (beleid["onderzoek"]["termijn_weken"], beleid["beschikking"]["termijn_weken"]) == (6, 2)
    assert herkomst_van(beleid, "onderzoek.termijn_weken") == "wet Wmo 2015 art. 2.3.2 lid 1"
    assert beleid["beschikking"]["bevoegdheid"][0]["rollen"][0]["rol"] == "consulent"
    assert is_aanname(beleid, "beschikking.bevoegdheid.0.rollen")


def test_the_smallest_file_loads(klein: dict[str, Any], compileer: Compileer) -> None:
    """A gemeente that only names itself and a day gets a complete beleid, with nothing that it offers."""
    klein["versies"] = [{"geldig_vanaf": "2017-01-01"}]

    beleid = compileer(klein)

    assert beleid["beschikking"]["voorzieningen"] == {}
    assert beleid["pgb"]["tarieven"] == []
    assert beleid["partijen"]["betalende_gemeente"] == {"maatwerk_zelfredzaamheid": "9901"}


def test_the_file_changes_the_route(
    klein: dict[str, Any], versie: dict[str, Any], compileer: Compileer, bron: str
) -> None:
    """An aanbieder does the onderzoek, the aanvraag comes with the melding, four eyes are needed."""
    versie["onderzoek"] = {
        "wie_onderzoekt": {"waarde": [{"uitvoerder": "aanbieder", "voorzieningen": ["alle"]}], "bron": bron},
        "gesprek": {"moment": {"waarde": "na_aanvraag", "bron": bron}},
    }
    versie["beschikking"] |= {
        "aanvraag": {"vorm": {"waarde": "bij_melding", "bron": bron}},
        "vierogen": {"vereist": {"waarde": True, "bron": bron}},
    }

    beleid = compileer(klein)

    assert beleid["onderzoek"]["wie_onderzoekt"] == [
        {"kader": None, "uitvoerder": "aanbieder", "voorzieningen": ["alle"]}
    ]
    assert beleid["onderzoek"]["gesprek"]["moment"] == "na_aanvraag"
    assert beleid["beschikking"]["aanvraag"]["vorm"] == "bij_melding"
    assert beleid["beschikking"]["vierogen"]["vereist"] is True


def test_the_file_changes_who_decides(
    klein: dict[str, Any], versie: dict[str, Any], compileer: Compileer, bron: str
) -> None:
    """The wijkteam decides here in mandaat; opvang is decided, indicated to and paid by another gemeente."""
    versie["beschikking"]["bevoegdheid"] = {
        "maatwerk_zelfredzaamheid": {
            "rollen": {"waarde": [{"rol": "wijkteam", "titel": "mandaat", "omvang": "volledig"}], "bron": bron}
        },
        "maatschappelijke_opvang": {"besluit_gemeente": {"waarde": "9902", "bron": bron}},
    }

    beleid = compileer(klein)
    eigen, opvang = beleid["beschikking"]["bevoegdheid"]

    assert (eigen["besluit_gemeente"], eigen["rollen"][0]["rol"]) == ("9901", "wijkteam")
    assert herkomst_van(beleid, "beschikking.bevoegdheid.0.rollen") == f"bron {bron}"
    assert (opvang["besluit_gemeente"], opvang["rollen"][0]["titel"]) == ("9902", "open")
    assert beleid["onderzoek"]["indicatie"][1]["indienen_bij"] == "9902"
    assert beleid["partijen"]["betalende_gemeente"]["maatschappelijke_opvang"] == "9902"


def test_the_file_changes_the_tariff(
    klein: dict[str, Any], versie: dict[str, Any], compileer: Compileer, bron: str
) -> None:
    """A percentage, an amount with a cap and the natura tariff are those of the file, in whole cents."""
    versie["pgb"] = {
        "tarieven": {
            "sociaal_netwerk": {
                "rijen": [
                    {"soort": "percentage", "procent": 60, "ondersteuning": "alle", "bron": bron},
                    {
                        "soort": "uurtarief",
                        "bedrag": "18.07",
                        "ondersteuning": "begeleiding",
                        "maximum": True,
                        "bron": bron,
                    },
                ],
                "bron": bron,
            }
        },
        "tarief_zorg_in_natura": {"begeleiding_individueel": {"waarde": "51.10", "bron": bron}},
    }

    pgb = compileer(klein)["pgb"]
    algemeen, begeleiding = pgb["tarieven"]

    assert algemeen["voorzieningen"] == ["huishoudelijke_hulp_1", "huishoudelijke_hulp_2"]
    assert (begeleiding["bedrag_cent"], begeleiding["maximum"]) == (1807, True)
    assert begeleiding["voorzieningen"] == ["begeleiding_individueel"]
    assert pgb["tarief_zorg_in_natura"]["begeleiding_individueel"] == {
        "cent": 5110,
        "eenheid": "uur",
        "testwaarde": False,
    }


def test_a_later_version_changes_only_what_it_says(klein: dict[str, Any], laad: Laad, bron: str) -> None:
    """What ``wijzigt`` leaves out stays as it was; the version that holds on a day is the last one begun."""
    klein["versies"].append(
        {
            "geldig_vanaf": "2017-03-01",
            "wijzigt": {"beschikking": {"vierogen": {"vereist": {"waarde": True, "bron": bron}}}},
            "overgang": {
                "lopende_casussen": "dag_van_de_melding",
                "toelichting": "lopende casussen houden de oude regel",
            },
        }
    )

    document = laad(klein)
    oud, nieuw = (compile_beleid(document, [], nummer) for nummer in (1, 2))

    assert (oud["beschikking"]["vierogen"], nieuw["beschikking"]["vierogen"]) == ({"vereist": False}, {"vereist": True})
    assert oud["beschikking"]["voorzieningen"] == nieuw["beschikking"]["voorzieningen"]
    assert nieuw["kop"]["inrichtingversie"] == "voorbeeldstad@2"
    assert nieuw["overgang"]["lopende_casussen"] == "dag_van_de_melding"
    dagen = [document.versies[0].geldig_vanaf.replace(year=jaar) for jaar in (2015, 2016, 2018)]
    assert [document.versie_op(dag) for dag in dagen] == [None, 1, 2]


def test_a_pilot_stands_beside_the_ordinary_way_of_working(
    klein: dict[str, Any], versie: dict[str, Any], compileer: Compileer, bron: str
) -> None:
    """Within the pilot the team decides; outside it nothing changed."""
    rollen = {"rollen": {"waarde": [{"rol": "wijkteam", "titel": "mandaat"}], "bron": bron}}
    versie["varianten"] = [
        {
            "sleutel": "pilot_noord",
            "soort": "pilot",
            "geldig_vanaf": "2016-06-01",
            "voor": ["noord"],
            "wijzigt": {"beschikking": {"bevoegdheid": {"maatwerk_zelfredzaamheid": rollen}}},
        }
    ]

    gewoon = compileer(klein)
    pilot = onder_variant(gewoon, "pilot_noord")

    assert pilot["beschikking"]["bevoegdheid"][0]["rollen"][0]["rol"] == "wijkteam"
    assert gewoon["beschikking"]["bevoegdheid"][0]["rollen"][0]["rol"] == "consulent"
    assert gewoon["varianten"][0]["voor"] == ["noord"]


def test_under_the_law_of_before_2015_there_is_no_term_after_a_melding(
    klein: dict[str, Any], compileer: Compileer
) -> None:
    """The Wmo 2007 knew eight weeks after a signed aanvraag, and no term for the onderzoek."""
    klein["wettelijk_kader"] = "wmo_2007"
    klein["versies"][0]["geldig_vanaf"] = "2012-04-01"

    beleid = compileer(klein)

    assert beleid["melding"]["startpunt"] == "aanvraag"
    assert (beleid["onderzoek"]["termijn_weken"], beleid["beschikking"]["termijn_weken"]) == (None, 8)


ASSEN: list[tuple[str, Any]] = [
    *(("melding.startpunt", waarde) for waarde in ("melding", "aanvraag")),
    ("melding.kanalen", ["telefoon_kcc", "telefoon_uitvoeringsteam", "telefoon_algemeen_nummer", "inloopspreekuur"]),
    ("melding.kanalen", ["digitaal_formulier", "formulier_met_naw", "telefoon", "website", "loket", "email"]),
    ("melding.kanalen", ["regelhulp", "sociaal_wijkteam", "aanbieder_in_pilot", "telefoon_extern_adviesbureau"]),
    ("melding.clientondersteuning.momenten", ["bevestigingsbrief", "folder_bij_afspraakbrief"]),
    *(("melding.clientondersteuning.belegd_bij", [w]) for w in ("mee", "plus_punt", "zorgbelang", "ggz_steunpunt")),
    *(("onderzoek.gesprek.moment", waarde) for waarde in ("na_aanvraag", "voor_aanvraag", "na_melding")),
    ("onderzoek.gesprek.overslaan_bij", ["bekende_inwoner", "herindicatie"]),
    *(("onderzoek.huisbezoek", {"wanneer": w}) for w in ("altijd", "meestal", "selectief", "elke_nieuwe_client")),
    ("onderzoek.huisbezoek", {"wanneer": "selectief", "gronden": ["woningaanpassing", "complex", "twijfel"]}),
    ("onderzoek.wie_onderzoekt", [{"uitvoerder": "extern_bureau", "voorzieningen": ["alle"]}]),
    ("onderzoek.indicatie.maatwerk_zelfredzaamheid.wie_indiceert", ["consulent", "aanbieder"]),
    *(("beschikking.wie_schrijft.soort", w) for w in ("uitvoeringsteam", "backoffice")),
    *(
        ("beschikking.bevoegdheid.maatwerk_zelfredzaamheid.rollen", [{"rol": rol, "titel": "mandaat", **meer}])
        for rol, meer in (
            ("consulent", {"omvang": "volledig"}),
            ("consulent", {"omvang": "per_type_consulent"}),
            ("consulent", {"omvang": "voorlopig", "definitief_door": "senior_consulent"}),
            ("wijkverpleegkundige", {"omvang": "specifieke_voorzieningen", "voorzieningen": ["hulpmiddel"]}),
            ("welzijnsmedewerker", {}),
            ("aanbieder", {}),
            ("wijkteam", {}),
            ("kwaliteitscoach", {}),
            ("backoffice", {}),
        )
    ),
    *(("beschikking.vorm.huishoudelijke_hulp_1", w) for w in ("uren", "resultaat", "intensiteit", "geen_beschikking")),
    *(("beschikking.voorzieningen.huishoudelijke_hulp_1.soort", w) for w in ("maatwerk", "algemeen")),
    *(
        ("beschikking.vereenvoudigde_routes", [{"soort": soort, "voorzieningen": ["taxipas"], "voorwaarde": "oudere"}])
        for soort in (
            "geautomatiseerd_besluit",
            "mandaat_wijkteam",
            "beslisboom_loket",
            "directe_toekenning",
            "versneld",
        )
    ),
    *(
        ("toezicht.vorm", w)
        for w in ("afwezig", "ambtenaar", "extern_bureau", "ggd", "samenwerkingsverband", "combinatie_ggd_en_gemeente")
    ),
    ("toezicht.proactief", True),
    *(("kenmerken.inkoopmodel", w) for w in ("zeeuws_model", {"model": "meervoudig_onderhands", "aanbieders": 30})),
    ("kenmerken.bekostiging/begeleiding", "resultaatbekostiging"),
    ("kenmerken.uitvoeringsteams/werkgeverschap", "stichting_of_cooperatie"),
    ("kenmerken.mantelzorg/waardering", {"euro": 200, "inschrijving_nodig": False}),
    ("kenmerken.adviesraad", ["kwaliteitscommissie_zorg", "clientenraad_sociaal_domein"]),
    ("kenmerken.beschikking/indicatieduur", {"jaren": 5, "tussentijdse_evaluatie": False}),
]


@pytest.mark.parametrize(("pad", "waarde"), ASSEN, ids=[f"{p}={w}"[:90] for p, w in ASSEN])
def test_every_axis_of_the_documented_inrichtingen_can_be_said(
    pad: str, waarde: Any, klein: dict[str, Any], versie: dict[str, Any], compileer: Compileer, bron: str
) -> None:
    """Each way of working that a source describes is a value of a key, and arrives in the beleid with its source."""
    *groepen, laatste = pad.split(".")
    deel = versie
    for naam in groepen:
        deel = deel.setdefault(naam, {})
    deel[laatste] = {"waarde": waarde, "bron": bron}

    beleid = compileer(klein)

    assert f"bron {bron}" in beleid["herkomst"].values()
    assert _bevat(beleid, waarde)


def _bevat(geheel: Any, waarde: Any) -> bool:
    """Whether a value stands somewhere in a beleid, possibly with the keys that the file left out."""
    if geheel == waarde:
        return True
    if isinstance(geheel, dict):
        if isinstance(waarde, dict) and all(_bevat(geheel.get(naam), deel) for naam, deel in waarde.items()):
            return True
        return any(_bevat(deel, waarde) for deel in geheel.values())
    if isinstance(geheel, list):
        if isinstance(waarde, list) and len(geheel) == len(waarde) and all(map(_bevat, geheel, waarde)):
            return True
        return any(_bevat(deel, waarde) for deel in geheel)
    return False
