from datetime import date

import pytest
from marshmallow import ValidationError

from casuslog.edge import NOBODY
from services.beschikking.commands import OPDRACHTEN
from services.beschikking.gebeurtenissen import Aanvraagregel, GewensteHulpverlener
from services.beschikking.opdrachten import Deel, NeemBesluit, OntvangAanvraag

OP = {"op": "2017-02-13"}


def test_an_aanvraag_for_a_pgb_comes_in_with_its_lines():
    """Hours as text become minutes; who would help stands apart, because it is personal data."""
    gemaakt = OPDRACHTEN["dien-aanvraag-in"].load(
        {
            **OP,
            "leveringsvorm": "pgb",
            "gemotiveerd": True,
            "regels": [
                {"regel": 3, "voorziening": "begeleiding", "uren_per_week": "1", "hulpverlener": "sociaal_netwerk"}
            ],
            "hulpverleners": [{"regel": 3, "wie": "zus"}],
        }
    )
    regel = Aanvraagregel(regel=3, voorziening="begeleiding", minuten_per_week=60, hulpverlener="sociaal_netwerk")
    assert gemaakt == OntvangAanvraag(
        op=date(2017, 2, 13),
        door=NOBODY,
        leveringsvorm="pgb",
        gemotiveerd=True,
        regels=(regel,),
        hulpverleners=(GewensteHulpverlener(regel=3, wie="zus"),),
    )


def test_a_besluit_in_an_arrangement_comes_in_with_its_motivations():
    """A besluit that names no outcome grants."""
    gemaakt = OPDRACHTEN["neem-besluit"].load(
        {**OP, "arrangement": [{"gebied": 1, "intensiteit": "Plus", "motivering": "wasbeurten"}]}
    )
    deel = Deel(gebied=1, intensiteit="Plus", motivering="wasbeurten")
    assert gemaakt == NeemBesluit(op=date(2017, 2, 13), door=NOBODY, uitkomst="toegekend", arrangement=(deel,))


@pytest.mark.parametrize(
    ("opdracht", "body", "veld"),
    [
        ("neem-besluit", {"uitkomst": "ingetrokken"}, "uitkomst"),
        ("neem-besluit", {"van": "2017-03-06", "tot_en_met": "2017-03-05"}, "tot_en_met"),
        ("neem-besluit", {"leveringsvorm": "contant"}, "leveringsvorm"),
        ("dien-aanvraag-in", {"herkomst": "gerucht"}, "herkomst"),
        ("dien-aanvraag-in", {"leveringsvorm": "pgb", "besloten_door": "0072"}, "besloten_door"),
        ("maak-besluit-bekend", {"wijze": "rooksignaal"}, "wijze"),
        ("verstrek-opdracht", {"aanbieder": "98765401"}, "ingang"),
        ("vraag-aanvulling", {"gegevens": []}, "gegevens"),
    ],
)
def test_a_command_that_breaks_a_rule_is_refused_by_field(opdracht, body, veld):
    """The error names the field; no command decides who decides."""
    with pytest.raises(ValidationError) as fout:
        OPDRACHTEN[opdracht].load({**OP, **body})
    assert list(fout.value.normalized_messages()) == [veld]
