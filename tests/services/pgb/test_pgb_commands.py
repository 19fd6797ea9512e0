from datetime import date

import pytest
from marshmallow import ValidationError

from casuslog.edge import NOBODY
from services.pgb.commands import OPDRACHTEN, VRAGEN
from services.pgb.gebeurtenissen import Wensregel
from services.pgb.opdrachten import BerekenPgbBudget, BerekenPgbTarief, BeslisDeclaratie, DienDeclaratieIn
from services.pgb.tarief import Tariefvraag

OP = {"op": "2017-04-03"}


def test_a_claim_comes_in_as_people_write_it():
    """Twelve hours at 23.29 become 720 minutes at 2329 cents."""
    gemaakt = OPDRACHTEN["dien-declaratie-in"].load(
        {**OP, "declaratie": "D1", "regel": 1, "maand": "2017-03", "uren": "12", "tarief": "23.29", "bedrag": "279.48"}
    )
    assert gemaakt == DienDeclaratieIn(
        op=date(2017, 4, 3),
        door=NOBODY,
        declaratie="D1",
        regel=1,
        maand="2017-03",
        minuten=720,
        tarief_cent=2329,
        bedrag_cent=27948,
    )


def test_a_decision_is_written_as_a_word():
    """The SVB says goedgekeurd or afgekeurd."""
    gemaakt = OPDRACHTEN["beslis-declaratie"].load({**OP, "declaratie": "D2", "uitkomst": "afgekeurd"})
    assert gemaakt == BeslisDeclaratie(op=date(2017, 4, 3), door=NOBODY, declaratie="D2", goedgekeurd=False)


def test_a_tariff_question_is_flat_at_the_edge():
    """Voorziening and soort hulpverlener stand beside the day, without nesting."""
    gemaakt = VRAGEN["bereken-pgb-tarief"].load({**OP, "voorziening": "hh", "hulpverlener": "sociaal_netwerk"})
    vraag = Tariefvraag(voorziening="hh", hulpverlener="sociaal_netwerk")
    assert gemaakt == BerekenPgbTarief(op=date(2017, 4, 3), door=NOBODY, vraag=vraag)


def test_a_budget_question_names_lines_and_a_period():
    """Each line has its hours as text; kenmerken may be left out."""
    regel = {"regel": 1, "voorziening": "hh", "uren_per_week": "2.5", "hulpverlener": "gekwalificeerd"}
    gemaakt = VRAGEN["bereken-pgb-budget"].load(
        {**OP, "regels": [regel], "van": "2017-03-06", "tot_en_met": "2017-12-31"}
    )
    assert isinstance(gemaakt, BerekenPgbBudget)
    assert gemaakt.regels == (
        Wensregel(regel=1, voorziening="hh", minuten_per_week=150, hulpverlener="gekwalificeerd"),
    )


@pytest.mark.parametrize(
    ("opdracht", "body", "veld"),
    [
        ("beslis-declaratie", {"declaratie": "D1", "uitkomst": "misschien"}, "uitkomst"),
        ("keur-zorgovereenkomst-goed", {"regels": [], "namens": "svb"}, "regels"),
        ("keur-zorgovereenkomst-goed", {"regels": [1], "namens": "inwoner"}, "namens"),
        ("geef-signaal-aan-toezicht", {"aard": "a", "over": "o", "week": "maart"}, "week"),
        (
            "toets-pgb-voorwaarden",
            {"bekwaam": "ja", "gemotiveerd": "ja_met_hulp", "kwaliteit_gewaarborgd": "ja"},
            "gemotiveerd",
        ),
        ("meld-toekenning-aan-svb", {"totaal": "1.00"}, "totaal"),
    ],
)
def test_a_command_that_says_something_else_is_refused_by_field(opdracht, body, veld):
    """The error names the field; what a command does not know is refused, not dropped."""
    with pytest.raises(ValidationError) as fout:
        OPDRACHTEN[opdracht].load({**OP, **body})
    assert list(fout.value.normalized_messages()) == [veld]


def test_a_period_turned_round_is_refused():
    """tot_en_met before van is an error of the caller."""
    regel = {"regel": 1, "voorziening": "hh", "uren_per_week": "1", "hulpverlener": "gekwalificeerd"}
    with pytest.raises(ValidationError) as fout:
        VRAGEN["bereken-pgb-budget"].load({**OP, "regels": [regel], "van": "2017-03-06", "tot_en_met": "2017-03-05"})
    assert list(fout.value.normalized_messages()) == ["tot_en_met"]
