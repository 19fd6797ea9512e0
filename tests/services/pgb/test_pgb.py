from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgb_beleid import GEKW, HH, NETWERK, beleid

from casuslog import rekenen
from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import VERNIETIGD, Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from services.pgb import pgb
from services.pgb.gebeurtenissen import (
    Budgetregel,
    DeclaratieAfgekeurd,
    DeclaratieGoedgekeurd,
    DeclaratieOntvangen,
    PgbTariefBerekend,
    PgbTariefNietGevonden,
    PgbToegekend,
    PgbVoorwaardenGetoetst,
    PgbWensVastgelegd,
    ToekenningAanSvbGemeld,
    Wensregel,
    ZorgovereenkomstGoedgekeurd,
)
from services.pgb.inrichting import PgbInrichting
from services.pgb.opdrachten import (
    BeslisDeclaratie,
    DienDeclaratieIn,
    KenPgbToe,
    KeurZorgovereenkomstGoed,
    LegWensVast,
    MeldToekenningAanSvb,
    ToetsPgbVoorwaarden,
)

HARLINGEN = PgbInrichting.van_beleid(beleid("harlingen", {"begeleiding_individueel": 4670}))
CONSULENT = Actor("consulent", "0072", "c1")
SVB = Actor("svb", "00000099000000000010", "s1")
BUDGETHOUDER = Actor("budgethouder", None, "b1")
SYSTEEM = Actor("systeem", None, "systeem")
VAN, TOT = date(2017, 3, 6), date(2017, 12, 31)

WENS = (
    Wensregel(regel=1, voorziening=HH[1], minuten_per_week=180, hulpverlener=GEKW),
    Wensregel(regel=2, voorziening="begeleiding_individueel", minuten_per_week=120, hulpverlener=GEKW),
    Wensregel(regel=3, voorziening="begeleiding_individueel", minuten_per_week=60, hulpverlener=NETWERK),
)
BUDGET = tuple(
    Budgetregel(
        regel=w.regel,
        voorziening=w.voorziening,
        minuten_per_week=w.minuten_per_week,
        hulpverlener=w.hulpverlener,
        tarief_cent=tarief,
        bedrag_cent=bedrag,
    )
    for w, tarief, bedrag in zip(WENS, (2329, 4437, 3503), (300441, 381582, 150629), strict=True)
)


def na(*stappen):
    """The state after these steps: each a list of facts."""
    return pgb.PGB.fold([feit for stap in stappen for feit in stap])


def feiten(stap):
    return [f.data for f in stap]


def gewenst():
    return pgb.leg_wens_vast(
        na(), LegWensVast(op=date(2017, 2, 13), door=SYSTEEM, regels=WENS, gemotiveerd=True), HARLINGEN
    )


def toegekend():
    opdracht = KenPgbToe(
        op=date(2017, 2, 23), door=SYSTEEM, beschikkingnummer="B1", van=VAN, tot_en_met=TOT, regels=BUDGET
    )
    return pgb.ken_toe(na(gewenst()), opdracht, HARLINGEN)


def goedgekeurd(door, namens, op):
    opdracht = KeurZorgovereenkomstGoed(op=op, door=door, regels=(1, 2, 3), namens=namens)
    return pgb.keur_zorgovereenkomst_goed(na(toegekend()), opdracht)


def door_beiden():
    return [
        *toegekend(),
        *goedgekeurd(CONSULENT, "college", date(2017, 3, 1)),
        *goedgekeurd(SVB, "svb", date(2017, 3, 3)),
    ]


def declaratie(kenmerk="D1", regel=1, minuten=720, tarief=2329, bedrag=27948):
    return DienDeclaratieIn(
        op=date(2017, 4, 3),
        door=BUDGETHOUDER,
        declaratie=kenmerk,
        regel=regel,
        maand="2017-03",
        minuten=minuten,
        tarief_cent=tarief,
        bedrag_cent=bedrag,
    )


def met_declaratie(**velden):
    staat = na(door_beiden())
    return na(door_beiden(), pgb.dien_declaratie_in(staat, declaratie(**velden)))


def beslis(staat, kenmerk="D1", goed=True, door=SVB, reden=None):
    opdracht = BeslisDeclaratie(op=date(2017, 4, 5), door=door, declaratie=kenmerk, goedgekeurd=goed, reden=reden)
    return pgb.beslis_declaratie(staat, opdracht, HARLINGEN)


def reden(handeling, *argumenten):
    with pytest.raises(Refused) as gevangen:
        handeling(*argumenten)
    assert gevangen.value.remedy
    return gevangen.value.reason


# -- the wish ----------------------------------------------------------------------------------------------------------


def test_the_wish_is_recorded_with_a_tariff_for_each_line():
    """Case 2, 13 February: three lines, at 23.29, 44.37 and 35.03, each with how it came about."""
    wens, *tarieven = feiten(gewenst())
    assert wens == PgbWensVastgelegd(regels=WENS, gemotiveerd=True)
    assert tarieven == [
        PgbTariefBerekend(
            regel=1, voorziening=HH[1], hulpverlener=GEKW, soort="uurtarief", tarief_cent=2329, bron="004:710"
        ),
        PgbTariefBerekend(
            regel=2,
            voorziening="begeleiding_individueel",
            hulpverlener=GEKW,
            soort="percentage",
            procent=95,
            grondslag_cent=4670,
            tarief_cent=4437,
            bron="004:710",
        ),
        PgbTariefBerekend(
            regel=3,
            voorziening="begeleiding_individueel",
            hulpverlener=NETWERK,
            soort="percentage",
            procent=75,
            grondslag_cent=4670,
            tarief_cent=3503,
            bron="004:710",
        ),
    ]
    assert {f.on for f in gewenst()} == {date(2017, 2, 13)}


def test_a_line_without_a_tariff_waits_for_a_person_and_blocks_no_other_line():
    """A wish is recorded even where the inrichting has no tariff; that is no afwijzing."""
    regels = (replace(WENS[0], voorziening="dagbesteding"), WENS[1])
    opdracht = LegWensVast(op=date(2017, 2, 13), door=SYSTEEM, regels=regels, gemotiveerd=False)
    _, eerste, tweede = feiten(pgb.leg_wens_vast(na(), opdracht, HARLINGEN))
    assert isinstance(eerste, PgbTariefNietGevonden)
    assert eerste.reden == "tarief_zorg_in_natura_onbekend"
    assert isinstance(tweede, PgbTariefBerekend)


def test_a_wish_is_recorded_once_and_may_name_no_help_yet():
    """A reaction refuses nothing: the second time changes nothing, and a wish without a line is a wish."""
    opdracht = LegWensVast(op=date(2017, 2, 13), door=SYSTEEM, regels=WENS, gemotiveerd=True)
    assert pgb.leg_wens_vast(na(gewenst()), opdracht, HARLINGEN) == []
    (wens,) = feiten(pgb.leg_wens_vast(na(), replace(opdracht, regels=()), HARLINGEN))
    assert wens.regels == ()


# -- the conditions ----------------------------------------------------------------------------------------------------


def toets(door=CONSULENT, **velden):
    uitkomst = {"bekwaam": "ja_met_hulp", "gemotiveerd": "ja", "kwaliteit_gewaarborgd": "ja", **velden}
    return ToetsPgbVoorwaarden(op=date(2017, 2, 16), door=door, **uitkomst)


def test_the_three_conditions_are_recorded_each_apart():
    """Bekwaam with the help of the daughter, gemotiveerd, and kwaliteit: three outcomes and three motivations."""
    opdracht = toets(motivering_bekwaam="de dochter helpt")
    [getoetst] = feiten(pgb.toets_voorwaarden(na(gewenst()), opdracht))
    assert getoetst == PgbVoorwaardenGetoetst(
        bekwaam="ja_met_hulp",
        gemotiveerd="ja",
        kwaliteit_gewaarborgd="ja",
        motivering_bekwaam="de dochter helpt",
    )


@pytest.mark.parametrize(
    ("voorwaarde", "motivering"),
    [
        ("bekwaam", "motivering_bekwaam"),
        ("gemotiveerd", "motivering_gemotiveerd"),
        ("kwaliteit_gewaarborgd", "motivering_kwaliteit"),
    ],
)
def test_a_condition_that_is_not_met_needs_its_own_motivation(voorwaarde, motivering):
    """A nee without a reason for this person is refused; with one it is recorded."""
    staat = na(gewenst())
    assert reden(pgb.toets_voorwaarden, staat, toets(**{voorwaarde: "nee"})) == "motivering_ontbreekt"
    assert pgb.toets_voorwaarden(staat, toets(**{voorwaarde: "nee", motivering: "omdat"}))


def test_the_college_tests_and_only_what_was_wished():
    """A budgethouder does not test itself, and without a wish there is nothing to test."""
    assert reden(pgb.toets_voorwaarden, na(gewenst()), toets(door=BUDGETHOUDER)) == "niet_bevoegd_te_toetsen"
    assert reden(pgb.toets_voorwaarden, na(), toets()) == "geen_pgb_wens"


# -- the budget --------------------------------------------------------------------------------------------------------


def test_the_budget_follows_from_the_bekendmaking_and_involves_the_svb():
    """Case 2, 23 February: 8326.52 in three lines; from that day the SVB is involved under its OIN."""
    budget, betrokken = toegekend()
    assert budget.data == PgbToegekend(
        beschikkingnummer="B1", totaal_cent=832652, van=VAN, tot_en_met=TOT, regels=BUDGET
    )
    assert betrokken.data == BetrokkenheidVastgelegd(
        organisatie="00000099000000000010", als="svb", vanaf=date(2017, 2, 23)
    )


def test_the_budget_is_granted_and_reported_once():
    """A second toekenning and a second report to the SVB are refused; before the toekenning nothing is reported."""
    melding = MeldToekenningAanSvb(op=date(2017, 2, 24), door=Actor("backoffice", "00000099000000720001", "b"))
    gemeld = pgb.meld_toekenning_aan_svb(na(toegekend()), melding)
    assert feiten(gemeld) == [ToekenningAanSvbGemeld(totaal_cent=832652, budgetjaar=2017)]
    assert reden(pgb.meld_toekenning_aan_svb, na(toegekend(), gemeld), melding) == "al_gemeld_aan_svb"
    assert reden(pgb.meld_toekenning_aan_svb, na(gewenst()), melding) == "pgb_niet_toegekend"
    opdracht = KenPgbToe(op=VAN, door=SYSTEEM, beschikkingnummer="B2", van=VAN, tot_en_met=TOT, regels=BUDGET)
    assert reden(pgb.ken_toe, na(toegekend()), opdracht, HARLINGEN) == "pgb_al_toegekend"


# -- the zorgovereenkomst ----------------------------------------------------------------------------------------------


def test_college_and_svb_approve_each_line_independently():
    """Three lines, approved by the college on 1 March and by the SVB on 3 March: six facts, in either order."""
    college = goedgekeurd(CONSULENT, "college", date(2017, 3, 1))
    svb = goedgekeurd(SVB, "svb", date(2017, 3, 3))
    assert feiten(college) == [ZorgovereenkomstGoedgekeurd(regel=n, door="college") for n in (1, 2, 3)]
    assert na(toegekend(), college, svb) == na(toegekend(), svb, college)


@pytest.mark.parametrize(("door", "namens"), [(CONSULENT, "svb"), (SVB, "college"), (BUDGETHOUDER, "college")])
def test_nobody_approves_on_behalf_of_another(door, namens):
    """Two independent approvals: neither gives that of the other."""
    assert reden(goedgekeurd, door, namens, VAN) == "goedkeuring_namens_een_ander"


def test_an_approval_is_given_once_for_a_line_that_exists():
    """A repeated approval and one of a line that the budget does not know are refused."""
    college = goedgekeurd(CONSULENT, "college", date(2017, 3, 1))
    opdracht = KeurZorgovereenkomstGoed(op=VAN, door=CONSULENT, regels=(2,), namens="college")
    staat = na(toegekend(), college)
    assert reden(pgb.keur_zorgovereenkomst_goed, staat, opdracht) == "zorgovereenkomst_al_goedgekeurd"
    onbekend = replace(opdracht, regels=(4,))
    assert reden(pgb.keur_zorgovereenkomst_goed, staat, onbekend) == "onbekende_budgetregel"
    assert reden(pgb.keur_zorgovereenkomst_goed, na(), opdracht) == "pgb_niet_toegekend"


# -- declaraties -------------------------------------------------------------------------------------------------------


def test_a_claim_is_received_without_being_judged():
    """Case 2, 3 April: also the claim at too high a tariff is received."""
    opdracht = declaratie("D2", regel=3, minuten=240, tarief=4437, bedrag=17748)
    [ontvangen] = feiten(pgb.dien_declaratie_in(na(toegekend()), opdracht))
    assert ontvangen == DeclaratieOntvangen(
        declaratie="D2", regel=3, maand="2017-03", minuten=240, tarief_cent=4437, bedrag_cent=17748
    )


def test_a_claim_within_besluit_and_agreement_is_paid_and_lowers_what_is_left():
    """D1: twelve hours at 23.29 make 279.48; of line 1 remains 2724.93."""
    besluit = beslis(met_declaratie())
    assert feiten(besluit) == [
        DeclaratieGoedgekeurd(declaratie="D1", regel=1, door="svb", bedrag_cent=27948, resteert_cent=272493)
    ]
    assert pgb.PGB.fold(besluit, met_declaratie()).regels[1].resteert_cent == 272493


def test_a_claim_above_the_agreed_tariff_is_refused_whole_and_says_what_would_be_right():
    """D2: four hours at 44.37 where 35.03 was agreed; the right amount would have been 140.12."""
    staat = met_declaratie(kenmerk="D2", regel=3, minuten=240, tarief=4437, bedrag=17748)
    assert feiten(beslis(staat, "D2", goed=False)) == [
        DeclaratieAfgekeurd(
            declaratie="D2",
            regel=3,
            door="svb",
            bedrag_cent=17748,
            reden="tarief_boven_zorgovereenkomst",
            overeengekomen_tarief_cent=3503,
            juist_bedrag_cent=14012,
        )
    ]


@pytest.mark.parametrize(
    ("velden", "verwacht"),
    [
        ({"tarief": 2330, "bedrag": 27960}, "tarief_boven_zorgovereenkomst"),
        ({"bedrag": 27949}, "bedrag_klopt_niet"),
        ({"minuten": 60 * 200, "bedrag": 465800}, "budget_ontoereikend"),
    ],
)
def test_what_does_not_fit_cannot_be_approved(velden, verwacht):
    """Above the agreed tariff, more than hours times tariff, more than is left: the SVB cannot pay it."""
    assert reden(beslis, met_declaratie(**velden)) == verwacht


def test_only_the_svb_decides_once_and_after_both_approvals():
    """A consulent decides nothing, an unknown or decided claim is not decided, and one approval is not two."""
    staat = met_declaratie()
    assert reden(lambda: beslis(staat, door=CONSULENT)) == "alleen_svb_beslist"
    assert reden(beslis, staat, "D9") == "onbekende_declaratie"
    assert reden(beslis, pgb.PGB.fold(beslis(staat), staat)) == "declaratie_al_beslist"
    een = na(toegekend(), goedgekeurd(CONSULENT, "college", VAN))
    ontvangen = pgb.PGB.fold(pgb.dien_declaratie_in(een, declaratie()), een)
    assert reden(beslis, ontvangen) == "zorgovereenkomst_niet_goedgekeurd"


def test_refusing_a_claim_that_fits_needs_a_reason():
    """Without a reason from the figures, the SVB names one."""
    staat = met_declaratie()
    assert reden(lambda: beslis(staat, goed=False)) == "reden_ontbreekt"
    [afgekeurd] = feiten(beslis(staat, goed=False, reden="niet_geleverd"))
    assert (afgekeurd.reden, afgekeurd.juist_bedrag_cent) == ("niet_geleverd", 27948)


def test_a_claim_has_a_line_and_a_mark_of_its_own():
    """No claim before the budget, none on an unknown line, and each mark once."""
    assert reden(pgb.dien_declaratie_in, na(), declaratie()) == "pgb_niet_toegekend"
    assert reden(pgb.dien_declaratie_in, na(toegekend()), declaratie(regel=9)) == "onbekende_budgetregel"
    assert reden(pgb.dien_declaratie_in, met_declaratie(), declaratie()) == "declaratie_bestaat_al"


@given(st.lists(st.integers(1, 60), max_size=30))
def test_a_budget_line_never_goes_below_nil(uren_per_declaratie):
    """However many claims come in, what is paid and what is left together are the budget of the line."""
    staat, betaald = na(door_beiden()), 0
    for nummer, uren in enumerate(uren_per_declaratie):
        kenmerk, bedrag = f"D{nummer}", rekenen.budget(2329, uren * 60, 1)
        ingediend = declaratie(kenmerk, minuten=uren * 60, bedrag=bedrag)
        staat = pgb.PGB.fold(pgb.dien_declaratie_in(staat, ingediend), staat)
        if bedrag > staat.regels[1].resteert_cent:
            assert reden(beslis, staat, kenmerk) == "budget_ontoereikend"
        else:
            staat = pgb.PGB.fold(beslis(staat, kenmerk), staat)
            betaald += bedrag
    assert staat.regels[1].resteert_cent == 300441 - betaald >= 0


def test_a_destroyed_dossier_folds_to_an_answer():
    """What was destroyed cannot be built upon, but it folds without an error."""
    vernietigd = replace(gewenst()[1].data, tarief_cent=VERNIETIGD)
    staat = na(gewenst(), [Fact(vernietigd, on=VAN)], toegekend())
    assert staat.vernietigd
    opdracht = LegWensVast(op=VAN, door=SYSTEEM, regels=WENS, gemotiveerd=True)
    assert pgb.leg_wens_vast(staat, opdracht, HARLINGEN) == []


def test_folding_ignores_what_another_aggregate_records():
    """A fact that is not of the pgb leaves its state as it was."""
    vreemd = Fact(BetrokkenheidVastgelegd(organisatie="x", als="svb", vanaf=VAN), on=VAN)
    assert pgb.evolve(na(toegekend()), vreemd) == na(toegekend())
