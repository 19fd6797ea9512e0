from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgb_beleid import GEKW, HH, NETWERK, NIET, OVERIG, TABELLEN, beleid

from casuslog import rekenen
from casuslog.errors import Refused
from services.pgb.gebeurtenissen import Wensregel
from services.pgb.inrichting import PgbInrichting
from services.pgb.tarief import KENMERKEN, SOORTEN_HULPVERLENER, Tariefvraag, bereken_budget, bereken_tarief

BEGELEIDING = "begeleiding_individueel"
HH1, HH2 = HH


def inrichting(naam, **natura):
    return PgbInrichting.van_beleid(beleid(naam, {k: rekenen.cent(v) for k, v in natura.items()}))


def tarief(naam, voorziening, wie, *kenmerken, natura="46.70", **rest):
    bekend = {BEGELEIDING: natura, HH1: "24.60", HH2: "24.60"}
    vraag = Tariefvraag(voorziening=voorziening, hulpverlener=wie, kenmerken=kenmerken, **rest)
    return bereken_tarief(vraag, inrichting(naam, **bekend))


@pytest.mark.parametrize(
    ("voorziening", "wie", "euro"),
    [
        (HH2, GEKW, "23.29"),
        (HH2, NIET, "23.29"),
        (HH2, NETWERK, "23.29"),
        (BEGELEIDING, GEKW, "44.37"),
        (BEGELEIDING, NIET, "35.03"),
        (BEGELEIDING, NETWERK, "35.03"),
    ],
)
def test_the_tariff_questions_of_harlingen_come_out_to_the_cent(voorziening, wie, euro):
    """Case 2: an hourly amount for HH2, and 95 or 75 percent of 46.70 for begeleiding, rounded half up."""
    assert tarief("harlingen", voorziening, wie).tarief_cent == rekenen.cent(euro)


@pytest.mark.parametrize(
    ("naam", "voorziening", "wie", "kenmerken", "euro"),
    [
        ("heerenveen", BEGELEIDING, GEKW, (), "34.50"),
        ("heerenveen", BEGELEIDING, NIET, (), "23.00"),
        ("heerenveen", BEGELEIDING, NETWERK, (), "11.50"),
        ("leeuwarden", BEGELEIDING, GEKW, (), "36.80"),
        ("leeuwarden", BEGELEIDING, NETWERK, (), "20.00"),
        ("ameland", BEGELEIDING, GEKW, (), "46.00"),
        ("de-fryske-marren", HH1, NETWERK, ("werkzaam_in_instelling",), "25.00"),
        ("de-fryske-marren", HH1, NETWERK, ("niet_werkzaam_in_instelling",), "16.00"),
        ("ooststellingwerf", BEGELEIDING, NETWERK, ("gekwalificeerd_in_sociaal_netwerk",), "23.00"),
        ("ooststellingwerf", BEGELEIDING, NETWERK, ("niet_gekwalificeerd_in_sociaal_netwerk",), "11.50"),
        ("ooststellingwerf", HH1, NIET, (), "16.64"),
        ("achtkarspelen", HH1, GEKW, (), "24.60"),
        ("achtkarspelen", HH1, NIET, (), "16.00"),
        ("achtkarspelen", HH2, NIET, (), "23.50"),
        ("achtkarspelen", HH1, NIET, ("met_regie",), "23.50"),
        ("smallingerland", BEGELEIDING, GEKW, (), "35.62"),
        ("smallingerland", "begeleiding_groep", GEKW, (), "25.48"),
        ("smallingerland", "begeleiding_groep", NETWERK, (), "20.36"),
        ("smallingerland", HH2, NETWERK, (), "15.52"),
        ("sudwest-fryslan", BEGELEIDING, NIET, (), "20.00"),
        ("sudwest-fryslan", HH1, GEKW, (), "18.45"),
        ("sudwest-fryslan", HH1, NETWERK, (), "12.30"),
    ],
)
def test_every_kind_of_row_of_the_table_gives_its_amount(naam, voorziening, wie, kenmerken, euro):
    """Percentages, hourly and dagdeel amounts, with and without conditions (inrichtingen/README.md section 4)."""
    assert tarief(naam, voorziening, wie, *kenmerken, natura="46.00").tarief_cent == rekenen.cent(euro)


def test_a_tariff_says_how_it_came_about():
    """A budgethouder can see the percentage, the amount it was taken of, and the row of the source."""
    gevonden = tarief("harlingen", BEGELEIDING, GEKW)
    assert (gevonden.soort, gevonden.procent, gevonden.grondslag_cent) == ("percentage", 95, 4670)
    assert (gevonden.eenheid, gevonden.bron, gevonden.begrensd) == ("uur", "004:710", False)


@pytest.mark.parametrize(("afgesproken", "euro", "begrensd"), [("17.50", "17.50", False), ("22.00", "20.00", True)])
def test_under_a_maximum_what_was_agreed_counts_up_to_the_maximum(afgesproken, euro, begrensd):
    """De Fryske Marren pays what was agreed with the network, at most 20 euro."""
    gevonden = tarief("de-fryske-marren", BEGELEIDING, NETWERK, afgesproken_cent=rekenen.cent(afgesproken))
    assert (gevonden.tarief_cent, gevonden.begrensd) == (rekenen.cent(euro), begrensd)


def test_what_was_agreed_changes_no_tariff_that_is_fixed():
    """Where the source names no maximum, the tariff is what the inrichting says."""
    assert tarief("leeuwarden", BEGELEIDING, NETWERK, afgesproken_cent=1500).tarief_cent == 2000


# -- refusals ----------------------------------------------------------------------------------------------------------


def weigering(naam, voorziening, wie, *kenmerken, **rest):
    with pytest.raises(Refused) as gevangen:
        tarief(naam, voorziening, wie, *kenmerken, **rest)
    return gevangen.value


def test_an_algemene_voorziening_has_no_pgb_and_the_refusal_says_what_maatwerk_would_pay():
    """HH1 is an algemene voorziening in Harlingen; as maatwerk after onderzoek 16.64 would hold. It is no afwijzing."""
    geweigerd = weigering("harlingen", HH1, NETWERK)
    assert geweigerd.reason == "geen_pgb_voor_algemene_voorziening"
    assert geweigerd.rule == "Wmo 2015 art. 2.3.6 lid 1"
    assert geweigerd.members["rekenkundig_als_maatwerk_cent"] == 1664
    assert "16,64 euro per uur" in geweigerd.remedy
    assert "(inrichting harlingen, versie 1)" in geweigerd.detail


def test_the_refusal_stands_without_an_amount_where_the_table_has_none():
    """Heerenveen has no cell for household help: the refusal names no amount and stays a refusal."""
    geweigerd = weigering("heerenveen", HH1, NETWERK)
    assert geweigerd.reason == "geen_pgb_voor_algemene_voorziening"
    assert "rekenkundig_als_maatwerk_cent" not in geweigerd.members


def test_a_voorziening_may_be_asked_for_by_the_name_that_the_gemeente_uses():
    """S35: hh1 is huishoudelijke hulp 1, and hh2 has its tariff."""
    assert weigering("harlingen", "hh1", NETWERK).reason == "geen_pgb_voor_algemene_voorziening"
    assert tarief("harlingen", "hh2", NETWERK).voorziening == HH2


def test_what_is_granted_as_maatwerk_has_a_tariff():
    """After an onderzoek HH1 can be granted as maatwerk, and then its amount holds."""
    assert tarief("harlingen", HH1, NETWERK, als_maatwerk=True).tarief_cent == 1664


def test_a_percentage_of_an_unknown_amount_is_no_tariff():
    """Without the tarief zorg in natura of dagbesteding there is nothing to take 95 percent of."""
    assert weigering("harlingen", "dagbesteding", GEKW).reason == "tarief_zorg_in_natura_onbekend"


def test_another_percentage_than_that_of_the_soort_hulpverlener_needs_a_besluit():
    """S44: a daughter who directs well stays in the network: 25 percent, not 50."""
    geweigerd = weigering("heerenveen", BEGELEIDING, NETWERK, procent=50)
    assert geweigerd.reason == "tarief_volgt_soort_hulpverlener"
    assert "25 procent" in geweigerd.detail


def test_asking_for_the_percentage_that_holds_is_no_deviation():
    """Naming the right percentage changes nothing."""
    assert tarief("heerenveen", BEGELEIDING, NETWERK, procent=25, natura="46.00").tarief_cent == 1150


@pytest.mark.parametrize(
    ("naam", "voorziening", "wie"),
    [("den-haag", BEGELEIDING, GEKW), ("ooststellingwerf", BEGELEIDING, NIET), ("harlingen", "toverij", GEKW)],
)
def test_no_tariff_is_never_silently_another_tariff(naam, voorziening, wie):
    """S46: the cell under niet gekwalificeerd is about the network, so who is outside it has no tariff."""
    assert weigering(naam, voorziening, wie).reason == "onbekend_pgb_tarief"


@pytest.mark.parametrize(
    ("naam", "voorziening", "woord"),
    [("de-fryske-marren", HH1, "werkzaam in instelling"), ("ooststellingwerf", BEGELEIDING, "in sociaal netwerk")],
)
def test_a_tariff_that_hangs_on_something_unsaid_asks_for_it(naam, voorziening, woord):
    """Where the table distinguishes, the program does not guess but names the choice."""
    geweigerd = weigering(naam, voorziening, NETWERK)
    assert geweigerd.reason == "kenmerk_ontbreekt"
    assert woord in geweigerd.remedy


def test_vervoer_is_not_in_an_amount_without_vervoer():
    """S47: the dagdeel amount of Smallingerland holds no transport."""
    assert weigering("smallingerland", "begeleiding_groep", GEKW, "met_vervoer").reason == "vervoer_niet_inbegrepen"


# -- budgets -----------------------------------------------------------------------------------------------------------


def wens(regel, voorziening, uren, wie, *kenmerken):
    minuten = rekenen.minuten(uren)
    return Wensregel(
        regel=regel, voorziening=voorziening, minuten_per_week=minuten, hulpverlener=wie, kenmerken=kenmerken
    )


def test_the_budget_of_case_2_comes_out_to_the_cent():
    """Three lines over 43 weeks: 3004.41, 3815.82 and 1506.29, together 8326.52."""
    regels = (wens(1, HH2, "3", GEKW), wens(2, BEGELEIDING, "2", GEKW), wens(3, BEGELEIDING, "1", NETWERK))
    gevonden = bereken_budget(
        regels, date(2017, 3, 6), date(2017, 12, 31), inrichting("harlingen", begeleiding_individueel="46.70")
    )
    assert gevonden.weken == 43
    assert [r.bedrag_cent for r in gevonden.regels] == [300441, 381582, 150629]
    assert gevonden.totaal_cent == 832652


@pytest.mark.parametrize(
    ("regels", "euro"),
    [
        ((wens(1, BEGELEIDING, "4", GEKW),), "9484.80"),
        ((wens(1, BEGELEIDING, "3", GEKW), wens(2, BEGELEIDING, "1", NETWERK)), "8985.60"),
    ],
)
def test_both_variants_of_s43_come_out_to_the_cent(regels, euro):
    """S43: four hours by a professional, or three and one by a sister, over 52 weeks at 48.00."""
    gevonden = bereken_budget(
        regels, date(2017, 3, 6), date(2018, 3, 4), inrichting("harlingen", begeleiding_individueel="48.00")
    )
    assert (gevonden.weken, gevonden.totaal_cent) == (52, rekenen.cent(euro))


def test_a_dagdeel_tariff_is_counted_per_four_hours():
    """S47: two hours and one dagdeel a week by the network make 2116.40 and 1058.72."""
    regels = (wens(1, BEGELEIDING, "2", NETWERK), wens(2, "begeleiding_groep", "4", NETWERK))
    gevonden = bereken_budget(regels, date(2017, 2, 6), date(2018, 2, 4), inrichting("smallingerland"))
    assert [r.bedrag_cent for r in gevonden.regels] == [211640, 105872]
    assert [r.eenheid for r in gevonden.regels] == ["uur", "dagdeel"]


@given(
    naam=st.sampled_from(sorted(TABELLEN)),
    voorziening=st.sampled_from([*HH, *OVERIG, "onbekend"]),
    wie=st.sampled_from(SOORTEN_HULPVERLENER),
    kenmerken=st.sets(st.sampled_from(KENMERKEN)),
    natura=st.integers(1, 10_000),
)
def test_every_question_has_a_tariff_or_a_reason(naam, voorziening, wie, kenmerken, natura):
    """Whatever is asked of whatever table, the answer is an amount of the table or a refusal with a remedy."""
    geldend = PgbInrichting.van_beleid(beleid(naam, {BEGELEIDING: natura, HH1: natura, HH2: natura}))
    vraag = Tariefvraag(voorziening=voorziening, hulpverlener=wie, kenmerken=tuple(kenmerken))
    passend = [r for r in geldend.tarieven if voorziening in r.voorzieningen and wie in r.soorten_hulpverlener]
    bedragen = {r.bedrag_cent or rekenen.percentage_van(natura, r.procent) for r in passend}
    antwoord = antwoord_op(vraag, geldend)
    if isinstance(antwoord, Refused):
        assert antwoord.remedy
        assert naam.title() in antwoord.detail
    else:
        assert antwoord.tarief_cent in bedragen


def antwoord_op(vraag, geldend):
    try:
        return bereken_tarief(vraag, geldend)
    except Refused as geweigerd:
        return geweigerd
