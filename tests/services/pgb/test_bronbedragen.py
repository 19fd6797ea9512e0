"""The amounts of the demo cases and scenarios, computed from the inrichtingen of deploy as they are compiled."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from casuslog import rekenen
from casuslog.errors import Refused
from services.beschikking.inrichting import BeschikkingInrichting
from services.inrichting.beleid import met_testwaarden
from services.inrichting.folder import beleiden
from services.pgb.gebeurtenissen import Wensregel
from services.pgb.inrichting import PgbInrichting
from services.pgb.tarief import Tariefvraag, bereken_budget, bereken_tarief
from services.toezicht.inrichting import ToezichtInrichting

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
BELEIDEN = {b["kop"]["sleutel"]: b for b in beleiden(DEPLOY / "inrichtingen")}
DEMO_2 = next(
    c for c in yaml.safe_load((DEPLOY / "demo" / "demo-zaken.yaml").read_text())["cases"] if c["id"] == "demo_2"
)
BEGELEIDING = "begeleiding_individueel"


def inrichting(sleutel, natura=None):
    beleid = BELEIDEN[sleutel]
    return PgbInrichting.van_beleid(met_testwaarden(beleid, {BEGELEIDING: natura}) if natura else beleid)


def test_every_inrichting_is_read_by_every_service_of_the_besluit():
    """What the compiler gives, the three services read: no gemeente is left out."""
    assert len(BELEIDEN) >= 19
    for beleid in BELEIDEN.values():
        assert PgbInrichting.van_beleid(beleid).versie == beleid["kop"]["inrichtingversie"]
        assert BeschikkingInrichting.van_beleid(beleid).gemeente == beleid["kop"]["gemeente"]
        assert ToezichtInrichting.van_beleid(beleid).naam == beleid["kop"]["naam"]


@pytest.mark.parametrize("vraag", DEMO_2["tariefvragen_die_ook_moeten_kloppen"], ids=lambda v: "-".join(v.values()))
def test_the_tariff_questions_of_the_demo_hold(vraag):
    """demo-zaken.yaml: each question has its amount, or its refusal with what maatwerk would pay."""
    gesteld = Tariefvraag(voorziening=vraag["voorziening"], hulpverlener=vraag["hulpverlener"])
    if "geweigerd" not in vraag:
        assert bereken_tarief(gesteld, inrichting("harlingen")).tarief_cent == rekenen.cent(vraag["tarief"])
        return
    with pytest.raises(Refused) as gevangen:
        bereken_tarief(gesteld, inrichting("harlingen"))
    assert gevangen.value.reason == vraag["geweigerd"]
    verwacht = vraag.get("rekenkundig_als_maatwerk")
    assert gevangen.value.members.get("rekenkundig_als_maatwerk_cent") == (verwacht and rekenen.cent(verwacht))


@pytest.mark.parametrize("rij", [r for r in DEMO_2["berekening"] if r["soort"] != "termijn"], ids=lambda r: r["naam"])
def test_the_computations_of_the_demo_hold(rij):
    """demo-zaken.yaml, berekening: weeks, percentages, products and sums, to the cent."""
    assert uitkomst(rij) == (rij["is"] if rij["soort"] == "weken" else rekenen.cent(rij["is"]))


def uitkomst(rij):
    match rij["soort"]:
        case "weken":
            return rekenen.begonnen_weken(date.fromisoformat(rij["van"]), date.fromisoformat(rij["tot_en_met"]))
        case "percentage":
            return rekenen.percentage_van(rekenen.cent(rij["bedrag"]), rij["procent"])
        case "som":
            return sum(rekenen.cent(deel) for deel in rij["delen"])
        case "product":
            uren, *weken, tarief = rij["factoren"]
            return rekenen.budget(rekenen.cent(tarief), rekenen.minuten(uren), int(*weken or [1]))
    raise AssertionError(rij["soort"])


def wens(uren, wie):
    return Wensregel(regel=1, voorziening=BEGELEIDING, minuten_per_week=rekenen.minuten(uren), hulpverlener=wie)


@pytest.mark.parametrize(
    ("regels", "euro"),
    [
        ([wens("4", "gekwalificeerd")], "9484.80"),
        ([wens("3", "gekwalificeerd"), wens("1", "sociaal_netwerk")], "8985.60"),
    ],
)
def test_s43_both_variants_in_harlingen(regels, euro):
    """S43: 48.00 in natura, 95 and 75 percent, 52 weeks."""
    geldend = inrichting("harlingen", 4800)
    gevonden = bereken_budget(regels, date(2017, 3, 6), date(2018, 3, 4), geldend)
    assert (gevonden.weken, gevonden.totaal_cent) == (52, rekenen.cent(euro))


@pytest.mark.parametrize(
    ("wie", "euro"), [("gekwalificeerd", "34.50"), ("niet_gekwalificeerd", "23.00"), ("sociaal_netwerk", "11.50")]
)
def test_s44_three_tariffs_in_heerenveen(wie, euro):
    """S44: 46.00 in natura, at 75, 50 and 25 percent; a daughter at 50 percent is refused."""
    geldend = inrichting("heerenveen", 4600)
    vraag = Tariefvraag(voorziening=BEGELEIDING, hulpverlener=wie)
    assert bereken_tarief(vraag, geldend).tarief_cent == rekenen.cent(euro)
    afwijkend = Tariefvraag(voorziening=BEGELEIDING, hulpverlener="sociaal_netwerk", procent=50)
    with pytest.raises(Refused) as gevangen:
        bereken_tarief(afwijkend, geldend)
    assert gevangen.value.reason == "tarief_volgt_soort_hulpverlener"
