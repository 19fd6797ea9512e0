"""Commands of the onderzoek as they come in: what loads, and what is said of what does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from casuslog.edge import NOBODY
from services.inrichting.compileren import compile_beleid
from services.inrichting.model import load_folder, load_verbanden
from services.onderzoek import commands as c
from services.onderzoek import opdrachten as o
from services.onderzoek.gebeurtenissen import Uitkomst
from services.onderzoek.inrichting import OnderzoekInrichting

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "inrichtingen"
OP = {"op": "2017-03-02"}
DAG = date(2017, 3, 2)


def fouten(schema: Schema, **body: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as gevangen:
        schema.load({**OP, **body})
    found: dict[str, Any] = gevangen.value.messages_dict
    return found


def test_a_gesprek_loads_with_all_that_was_established() -> None:
    """Nested lists load into frozen values with tuples."""
    loaded = c.LEG_GESPREK_VAST.load(
        {
            **OP,
            "vorm": "huisbezoek",
            "deelnemers": ["inwoner", "derde"],
            "identiteitsdocument": "gezien",
            "pgb_uitgelegd": True,
            "toestemmingen": [{"aan": "derde", "omvang": ["afspraken"]}],
            "besproken": [{"leefgebied": "wonen", "bevinding": " ruim "}],
            "niet_besproken": [{"leefgebied": "werk", "reden": "niet van toepassing"}],
            "mantelzorg": {"eigen_woorden": "het gaat"},
        }
    )
    assert loaded == o.LegGesprekVast(
        op=DAG,
        door=NOBODY,
        vorm="huisbezoek",
        deelnemers=("inwoner", "derde"),
        identiteitsdocument="gezien",
        pgb_uitgelegd=True,
        toestemmingen=(o.Toestemming(aan="derde", omvang=("afspraken",)),),
        besproken=(o.Besproken(leefgebied="wonen", bevinding="ruim"),),
        niet_besproken=(o.NietBesproken(leefgebied="werk", reden="niet van toepassing"),),
        mantelzorg=o.Mantelzorg(eigen_woorden="het gaat"),
    )


def test_hours_come_in_as_people_write_them() -> None:
    """Demo case 2: three hours a week become 180 minutes."""
    loaded = c.ROND_ONDERZOEK_AF.load(
        {**OP, "akkoord_op": "2017-03-01", "uitkomst": [{"voorziening": "huishoudelijke_hulp_2", "uren_per_week": "3"}]}
    )
    assert loaded.uitkomst == (Uitkomst(voorziening="huishoudelijke_hulp_2", minuten_per_week=180),)
    assert loaded.akkoord_op == date(2017, 3, 1)


@pytest.mark.parametrize(
    ("schema", "body", "verwacht"),
    [
        (
            c.PLAN_GESPREK,
            {"gesprek_op": "2017-03-09", "telefonisch": True},
            o.PlanGesprek(op=DAG, door=NOBODY, gesprek_op=date(2017, 3, 9), telefonisch=True),
        ),
        (c.VERSTUUR_AFSPRAAKBEVESTIGING, {}, o.VerstuurAfspraakbevestiging(op=DAG, door=NOBODY)),
        (
            c.DIEN_INDICATIE_IN,
            {"thema": "beschermd_wonen", "pakket": 2, "aan": "leeuwarden", "velden": {"duur": "jaar"}},
            o.DienIndicatieIn(
                op=DAG, door=NOBODY, thema="beschermd_wonen", pakket=2, aan="0080", velden={"duur": "jaar"}
            ),
        ),
        (
            c.STUUR_INDICATIE_TERUG,
            {"velden": ["netwerk"]},
            o.StuurIndicatieTerug(op=DAG, door=NOBODY, velden=("netwerk",)),
        ),
        (
            c.VUL_INDICATIE_AAN,
            {"velden": {"netwerk": "zus"}, "herkomst": "verslag"},
            o.VulIndicatieAan(op=DAG, door=NOBODY, velden={"netwerk": "zus"}, herkomst="verslag"),
        ),
        (c.ONDERTEKEN_VERSLAG, {}, o.OndertekenVerslag(op=DAG, door=NOBODY)),
        (c.CORRIGEER_VERSLAG, {"tekst": "t"}, o.CorrigeerVerslag(op=DAG, door=NOBODY, tekst="t")),
    ],
)
def test_a_right_body_loads_into_its_command(schema: Schema, body: dict[str, Any], verwacht: object) -> None:
    """Each schema loads into the command of its own decision."""
    assert schema.load({**OP, **body}) == verwacht


@pytest.mark.parametrize(
    ("schema", "body", "veld"),
    [
        (c.PLAN_GESPREK, {}, "gesprek_op"),
        (c.LEG_GESPREK_VAST, {"vorm": "brief", "deelnemers": ["inwoner"]}, "vorm"),
        (c.LEG_GESPREK_VAST, {"vorm": "huisbezoek", "deelnemers": []}, "deelnemers"),
        (c.LEG_GESPREK_VAST, {"vorm": "huisbezoek", "deelnemers": ["inwoner"], "bsn": "123456789"}, "bsn"),
        (
            c.LEG_GESPREK_VAST,
            {"vorm": "huisbezoek", "deelnemers": ["inwoner"], "besproken": [{"leefgebied": "weer"}]},
            "besproken",
        ),
        (
            c.LEG_GESPREK_VAST,
            {"vorm": "huisbezoek", "deelnemers": ["inwoner"], "niet_besproken": [{"leefgebied": "werk"}]},
            "niet_besproken",
        ),
        (c.LEG_VAST_GEEN_GESPREK, {"reden": "geen zin"}, "reden"),
        (c.ROND_ONDERZOEK_AF, {"uitkomst": []}, "uitkomst"),
        (c.ROND_ONDERZOEK_AF, {"uitkomst": [{"soort": "afwijzing"}]}, "uitkomst"),
        (c.BREEK_ONDERZOEK_AF, {"reden": "te duur"}, "reden"),
        (c.REKEN_VERTRAGING_TOE, {"aan": "niemand", "van": "2017-03-01", "tot_en_met": "2017-03-02"}, "aan"),
        (c.DIEN_INDICATIE_IN, {"thema": "beschermd_wonen", "pakket": "twee"}, "pakket"),
        (c.DIEN_INDICATIE_IN, {"thema": "beschermd_wonen", "velden": {"duur": ""}}, "velden"),
        (c.STUUR_INDICATIE_TERUG, {"velden": []}, "velden"),
        (c.VUL_INDICATIE_AAN, {"velden": {}}, "velden"),
        (c.BETREK_PERSOONLIJK_PLAN, {}, "toelichting"),
        (c.VERSTREK_VERSLAG, {"versie": 3}, "versie"),
        (c.SCHAKEL_CLIENTONDERSTEUNER_IN, {"door": "college"}, "door"),
    ],
)
def test_what_a_command_does_not_know_is_named_by_field(schema: Schema, body: dict[str, Any], veld: str) -> None:
    """An unknown code or field, or a missing one, is refused with the field that it is about."""
    assert veld in fouten(schema, **body)


def test_every_documented_gemeente_can_be_read() -> None:
    """The beleid of each version of each documented gemeente gives an OnderzoekInrichting."""
    verbanden = load_verbanden(FOLDER)
    gelezen = {}
    for document in load_folder(FOLDER):
        for nummer in range(1, len(document.versies) + 1):
            inrichting = OnderzoekInrichting.van_beleid(compile_beleid(document, verbanden, nummer))
            gelezen[inrichting.versie] = inrichting
    opsterland = gelezen["opsterland@1"].indicatie_voor("beschermd_wonen")
    assert opsterland is not None
    assert (opsterland.indienen_bij, opsterland.pakketten) == ("0080", (1, 2, 3, 4))
    assert "onderbouwing_24_uurs_toezicht" in opsterland.verplichte_velden
    assert gelezen["opsterland@1"].akkoord_inwoner_nodig
    assert gelezen["haarlem@1"].ondertekend_is_aanvraag
    assert gelezen["haarlem@1"].voorleggen_ter_ondertekening
    assert "aanbieder" in gelezen["zandvoort@1"].uitvoerders
    assert gelezen["den-haag@2"].intensiteiten == ("Basis", "Plus", "Intensief")
    assert gelezen["den-haag@2"].resultaatgebieden == {1, 2, 3, 4, 5}
    assert gelezen["den-haag@2"].bijstand_in_bevestiging
