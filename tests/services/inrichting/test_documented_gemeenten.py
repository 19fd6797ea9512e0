"""The nineteen documented gemeenten: every value stands in the beleid with its origin, and what is open stays open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from casuslog.codes import codes, gemeente
from services.inrichting.beleid import Beleid, herkomst_van, is_aanname, met_testwaarden, onder_variant, waarde_op
from services.inrichting.codes import SOORTEN_HULPVERLENER, TARIEFSOORTEN, THEMAS, VOORZIENINGEN
from services.inrichting.model import InrichtingDocument, Verband

FRIES = (
    "achtkarspelen",
    "ameland",
    "de-fryske-marren",
    "harlingen",
    "heerenveen",
    "leeuwarden",
    "littenseradiel",
    "ooststellingwerf",
    "opsterland",
    "schiermonnikoog",
    "smallingerland",
    "sudwest-fryslan",
    "terschelling",
    "tytsjerksteradiel",
    "vlieland",
    "weststellingwerf",
)

SECTIES = {
    "kop": {
        *("gemeente", "sleutel", "naam", "versie", "inrichtingversie", "geldig_vanaf", "toelichting"),
        *("wettelijk_kader", "peildatum", "bronnen", "team", "aannames"),
    },
    "melding": {
        *("startpunt", "vormvrij", "kanalen", "kanaal_standaard", "namens_ander", "triage", "bevestiging"),
        *("persoonlijk_plan", "clientondersteuning", "afspraakbevestiging", "spoed"),
    },
    "onderzoek": {
        *("termijn_weken", "wie_onderzoekt", "gesprek", "huisbezoek", "verslag", "akkoord_inwoner_nodig", "indicatie"),
    },
    "beschikking": {
        *("termijn_weken", "bevoegdheid", "vierogen", "wie_schrijft", "aanvraag", "vorm", "arrangement"),
        *("voorzieningen", "overdracht_aanbieder", "vereenvoudigde_routes"),
    },
    "pgb": {
        *("mogelijk", "voorzieningen", "tarieven", "tarief_zorg_in_natura", "declaratieregels", "afronding"),
        *("goedkeuring_zorgovereenkomst", "uitbetaling", "uitvoerder", "meerkosten_toets"),
    },
    "toezicht": {"vorm", "toezichthouder", "reactief", "proactief", "stroom", "gescheiden_van"},
    "partijen": {"betalende_gemeente", "centrumgemeente", "backoffice", "organisaties"},
    "overgang": {"lopende_casussen", "toelichting", "regels"},
}


def test_the_documented_gemeenten_are_there(documenten: dict[str, InrichtingDocument]) -> None:
    """The sixteen Frisian gemeenten, Den Haag, Haarlem and Zandvoort are loaded."""
    assert set(documenten) == {*FRIES, "den-haag", "haarlem", "zandvoort"}


def test_the_files_and_the_code_list_agree_on_who_a_gemeente_is(documenten: dict[str, InrichtingDocument]) -> None:
    """Gemeentecode, sleutel and name are those of the dated code list, also on the first day of the inrichting."""
    for document in documenten.values():
        bekend = gemeente(document.gemeentecode)
        assert (bekend.sleutel, bekend.naam) == (document.sleutel, document.naam)
        assert bekend.geldig_van <= document.versies[0].geldig_vanaf


def test_our_codes_stand_in_the_dated_code_lists() -> None:
    """What an inrichting may say about tariffs and voorzieningen is what an event may carry."""
    assert set(SOORTEN_HULPVERLENER) <= set(codes("soort_hulpverlener").codes)
    assert set(TARIEFSOORTEN) <= set(codes("pgb_tariefsoort").codes)
    assert {v.wmo020 for v in VOORZIENINGEN.values()} <= set(codes("wmo020").codes)
    assert {"maatwerk_zelfredzaamheid", "beschermd_wonen"} <= set(THEMAS) & set(codes("thema").codes)


def test_every_beleid_has_every_key_that_the_readers_rely_on(beleiden: dict[str, Beleid]) -> None:
    """A service never asks whether a key is there: what a gemeente does not have is null or an empty list."""
    for naam, beleid in beleiden.items():
        assert {sectie: set(beleid[sectie]) for sectie in SECTIES} == SECTIES, naam
        assert set(beleid) == {*SECTIES, "herkomst", "verbanden", "varianten", "kenmerken"}, naam


def test_a_beleid_is_plain_json(beleiden: dict[str, Beleid]) -> None:
    """What is recorded is what is read back: no dates, tuples or floats."""
    for beleid in beleiden.values():
        assert json.loads(json.dumps(beleid)) == beleid
        assert not [pad for pad, waarde in _bladeren(beleid, "") if isinstance(waarde, float)]


def test_every_value_that_steers_a_service_says_where_it_comes_from(beleiden: dict[str, Beleid]) -> None:
    """A value without a source, an article or a named default does not exist."""
    for naam, beleid in beleiden.items():
        for sectie in ("melding", "onderzoek", "beschikking", "pgb", "toezicht", "partijen"):
            wees = [
                p for p, _ in _bladeren(beleid[sectie], sectie) if not herkomst_van(beleid, p) and p[-5:] != "thema"
            ]
            assert not wees, naam


def test_every_default_is_shown_as_a_work_assumption(beleiden: dict[str, Beleid]) -> None:
    """What no source says stands among the aannames, with the value that it falls back to."""
    for beleid in beleiden.values():
        aannames = {a["punt"]: a["standaard"] for a in beleid["kop"]["aannames"]}
        assert set(aannames) == {pad for pad in beleid["herkomst"] if is_aanname(beleid, pad)}
        assert all(waarde_op(beleid, pad) == waarde for pad, waarde in aannames.items())


@pytest.mark.parametrize(
    "punt",
    [
        "kop.team.naam",
        "melding.kanaal_standaard",
        "melding.clientondersteuning.belegd_bij",
        "beschikking.bevoegdheid.0.rollen",
        "beschikking.aanvraag.vorm",
        "toezicht.vorm",
        "toezicht.proactief",
        "pgb.tarief_zorg_in_natura.begeleiding_individueel",
        "pgb.declaratieregels.tarief_boven_overeenkomst",
    ],
)
def test_what_the_source_leaves_open_in_harlingen_is_not_a_fact(punt: str, beleiden: dict[str, Beleid]) -> None:
    """Name of the team, kanaal, mandaat, aanvraag, supervision and natura tariff of Harlingen are assumptions."""
    assert is_aanname(beleiden["harlingen@1"], punt)


def test_beschermd_wonen_is_decided_in_leeuwarden_for_every_frisian_gemeente(beleiden: dict[str, Beleid]) -> None:
    """The team of the woongemeente indicates, Leeuwarden decides and pays, and the team hears of it (004:236-242)."""
    for sleutel in FRIES:
        beleid = beleiden[f"{sleutel}@1"]
        besluit = next(b for b in beleid["beschikking"]["bevoegdheid"] if b["thema"] == "beschermd_wonen")
        indicatie = next(i for i in beleid["onderzoek"]["indicatie"] if i["thema"] == "beschermd_wonen")
        assert (besluit["besluit_gemeente"], besluit["rollen"][0]["titel"]) == ("0080", "open")
        assert (indicatie["indienen_bij"], indicatie["pakketten"]) == ("0080", [1, 2, 3, 4])
        assert indicatie["terugkoppeling_aan_team"] is True
        assert beleid["partijen"]["betalende_gemeente"]["beschermd_wonen"] == "0080"
        assert beleid["partijen"]["centrumgemeente"] == {"beschermd_wonen": "0080"}


def test_hh1_is_algemeen_in_six_frisian_gemeenten_and_maatwerk_in_ten(beleiden: dict[str, Beleid]) -> None:
    """Without a beschikking and paid to the aanbieder in six (004:289-299, 324-353); HH2 is maatwerk everywhere."""
    soorten = {s: beleiden[f"{s}@1"]["beschikking"]["voorzieningen"] for s in FRIES}
    algemeen = {s for s, v in soorten.items() if v["huishoudelijke_hulp_1"]["soort"] == "algemeen"}

    assert algemeen == {"harlingen", "heerenveen", "leeuwarden", "smallingerland", "terschelling", "vlieland"}
    assert all(v["huishoudelijke_hulp_2"]["soort"] == "maatwerk" for v in soorten.values())
    for sleutel in algemeen:
        hh1 = soorten[sleutel]["huishoudelijke_hulp_1"]
        assert (hh1["beschikking_nodig"], hh1["bijdrage"]) == (False, "rechtstreeks_aan_aanbieder")


def test_harlingen_writes_at_the_dienst_and_decides_itself(beleiden: dict[str, Beleid]) -> None:
    """Dienst SoZaWe writes the beschikking in the team; the gemeente decides (004:2315-2325)."""
    beleid = beleiden["harlingen@1"]

    assert beleid["beschikking"]["wie_schrijft"] == {
        "soort": "backofficemedewerker_in_uitvoeringsteam",
        "organisatie": "sozawe_nw",
    }
    assert beleid["partijen"]["organisaties"][0]["oin"] == "00000099000000720001"
    assert beleid["beschikking"]["bevoegdheid"][0]["besluit_gemeente"] == "0072"


def test_the_natura_tariff_of_the_demo_is_a_testwaarde_and_the_others_are_unknown(beleiden: dict[str, Beleid]) -> None:
    """46,70 is chosen for the demo; the tariff of HH2 and dagbesteding is open and stays open."""
    natura = beleiden["harlingen@1"]["pgb"]["tarief_zorg_in_natura"]

    assert natura["begeleiding_individueel"] == {"cent": 4670, "eenheid": "uur", "testwaarde": True}
    assert natura["huishoudelijke_hulp_2"]["cent"] is None
    assert natura["dagbesteding"] == {"cent": None, "eenheid": "dagdeel", "testwaarde": False}


def test_a_test_value_is_laid_over_a_beleid_and_marked(beleiden: dict[str, Beleid]) -> None:
    """A scenario brings its own natura tariff (48,00); the beleid itself does not change."""
    gewoon = beleiden["harlingen@1"]
    anders = met_testwaarden(gewoon, {"begeleiding_individueel": 4800})

    assert anders["pgb"]["tarief_zorg_in_natura"]["begeleiding_individueel"]["cent"] == 4800
    assert gewoon["pgb"]["tarief_zorg_in_natura"]["begeleiding_individueel"]["cent"] == 4670
    assert is_aanname(anders, "pgb.tarief_zorg_in_natura.begeleiding_individueel")


def test_den_haag_makes_the_melding_of_huishoudelijke_hulp_vormvrij_in_july(
    documenten: dict[str, InrichtingDocument], beleiden: dict[str, Beleid]
) -> None:
    """Begeleiding and dagbesteding were vormvrij before; huishoudelijke hulp from 1 July 2017 (003:39-60)."""
    nieuw = beleiden["den-haag@2"]["melding"]["vormvrij"]["voorzieningen"]

    assert nieuw == [*beleiden["den-haag@1"]["melding"]["vormvrij"]["voorzieningen"], "huishoudelijke_hulp"]
    assert documenten["den-haag"].versies[1].geldig_vanaf.isoformat() == "2017-07-01"
    assert beleiden["den-haag@2"]["beschikking"] == beleiden["den-haag@1"]["beschikking"]
    assert beleiden["den-haag@2"]["overgang"]["lopende_casussen"] == "dag_van_de_handeling"


def test_den_haag_decides_in_five_resultaatgebieden_and_three_intensiteiten(beleiden: dict[str, Beleid]) -> None:
    """Only the first gebied has a name in the source; without omvang it carries a warning (003:508-516)."""
    arrangement = beleiden["den-haag@1"]["beschikking"]["arrangement"]

    assert [g["naam"] for g in arrangement["resultaatgebieden"]] == ["voeren van het huishouden", *([None] * 4)]
    assert arrangement["intensiteiten"] == ["Basis", "Plus", "Intensief"]
    assert arrangement["waarschuwing"] == {"code": "geen_omvang_genoemd", "gebieden": [1]}


def test_den_haag_knows_what_old_hours_mean_for_an_intensiteit(beleiden: dict[str, Beleid]) -> None:
    """The overgangsregels on old hours and age are data of both versions (003:696-710)."""
    regels = {r["id"]: r for r in beleiden["den-haag@2"]["overgang"]["regels"]}

    assert regels["meer_dan_3_uur_naar_plus"]["voorwaarde"]["oude_minuten_per_week_meer_dan"] == 180
    assert regels["meer_dan_6_uur_naar_intensief"]["plaatsing"] == "Intensief"
    assert regels["vanaf_80_jaar_hogere_intensiteit"]["duur_maanden"] is None


@pytest.mark.parametrize("sleutel", ["haarlem", "zandvoort"])
def test_in_haarlem_and_zandvoort_a_signed_verslag_is_the_aanvraag(sleutel: str, beleiden: dict[str, Beleid]) -> None:
    """No second form is asked (000:184-189); a pilot lets aanbieders do the onderzoek."""
    beleid = beleiden[f"{sleutel}@1"]
    pilot = onder_variant(beleid, "gedifferentieerde_toegang")

    assert beleid["beschikking"]["aanvraag"] == {"vorm": "ondertekend_verslag", "tweede_formulier_toegestaan": False}
    assert beleid["onderzoek"]["verslag"]["ondertekend_is_aanvraag"] is True
    assert [r["uitvoerder"] for r in pilot["onderzoek"]["wie_onderzoekt"]] == ["aanbieder"]
    assert beleid["onderzoek"]["wie_onderzoekt"][0]["uitvoerder"] == "consulent_gemeente"


def test_kcc_zorg_may_ask_little_and_refer(beleiden: dict[str, Beleid]) -> None:
    """De Fryske Marren has a KCC-Zorg (004:1628-1640); how much it may note down is an assumption."""
    beleid = beleiden["de-fryske-marren@1"]
    triage = beleid["melding"]["triage"]

    assert (triage["punt"], triage["mag_verwijzen"], triage["doorgeven_aan"]) == ("kcc_zorg", True, "sociaal_wijkteam")
    assert triage["max_velden"] == ["hulpvraag_kort", "domein", "contactgegevens"]
    assert is_aanname(beleid, "melding.triage.max_velden")
    assert not is_aanname(beleid, "melding.triage.punt")


def test_an_unknown_variant_is_not_guessed(beleiden: dict[str, Beleid]) -> None:
    """A pilot that the inrichting does not have gives no beleid."""
    with pytest.raises(KeyError):
        onder_variant(beleiden["opsterland@1"], "proef")


def test_the_verbanden_hold_members_themas_and_roles(beleiden: dict[str, Beleid]) -> None:
    """Opsterland stands in five verbanden; that of beschermd wonen has sixteen members and decides in Leeuwarden."""
    verbanden = {v["id"]: v for v in beleiden["opsterland@1"]["verbanden"]}

    assert len(verbanden) == 5
    assert len(verbanden["beschermd_wonen_fryslan"]["leden"]) == 16
    assert verbanden["beschermd_wonen_fryslan"]["rollen"]["besluit"] == "0080"
    assert verbanden["ooststellingwerf_opsterland_weststellingwerf"]["themas"] == ["beleid", "inkoop"]


def test_every_member_of_a_verband_is_a_known_gemeente(verbanden: list[Verband]) -> None:
    """A code in a verband is one of the dated list; who is no gemeente stands apart."""
    for verband in verbanden:
        assert {gemeente(code).naam for code in verband.leden} == set(verband.leden.values())


def _bladeren(waarde: Any, pad: str) -> Iterator[tuple[str, Any]]:
    if isinstance(waarde, dict) and waarde:
        for naam, deel in waarde.items():
            yield from _bladeren(deel, f"{pad}.{naam}")
    elif isinstance(waarde, list) and waarde:
        for plaats, deel in enumerate(waarde):
            yield from _bladeren(deel, f"{pad}.{plaats}")
    else:
        yield pad, waarde
