from dataclasses import replace
from datetime import date, timedelta

import beschikking_wereld as w
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Actor
from casuslog.errors import Forbidden, Refused
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.termijnen.events import TermijnGehaald, TermijnGestart, TermijnOverschreden
from services.beschikking import beschikking as b
from services.beschikking.gebeurtenissen import (
    Arrangementdeel,
    Besluitregel,
    Indelingsmotivering,
    LeveringGestart,
    OpdrachtVerstrekt,
    UitwerkingDoorAanbiederVastgelegd,
)
from services.beschikking.opdrachten import (
    Deel,
    LegUitwerkingVast,
    MaakBesluitBekend,
    MeldStartLevering,
    VerstrekOpdracht,
    VraagAanvulling,
)
from services.beschikking.voorkennis import NIETS_BEKEND, bekend


def weigering(opdracht, inrichting, kennis, *stappen):
    with pytest.raises(Refused) as gevangen:
        b.neem_besluit(w.na(*stappen), opdracht, inrichting, kennis)
    assert gevangen.value.remedy
    return gevangen.value


def bw_weigering(kennis=w.BW_KENNIS, inrichting=w.LEEUWARDEN, **velden):
    return weigering(replace(w.BW_BESLUIT, **velden), inrichting, kennis, w.bw_aangevraagd()).reason


# -- who decides -------------------------------------------------------------------------------------------------------


def test_leeuwarden_decides_on_beschermd_wonen_under_a_title_that_the_source_leaves_open():
    """Case 1: pakket 2 in natura; organ and title stand in the envelope, not as a fact of the besluit."""
    *_, feit = w.bw_besloten()
    besluit = feit.data
    assert (besluit.uitkomst, besluit.voorziening, besluit.wmo020) == ("toegekend", "beschermd_wonen", "15")
    assert (besluit.pakket, besluit.leveringsvorm, besluit.besloten_door) == (2, "natura", "0080")
    assert (besluit.van, besluit.tot_en_met) == (date(2017, 5, 1), date(2018, 4, 30))
    assert besluit.waarschuwing is None
    assert feit.attributes == {"titel": "open", "orgaan": "college"}
    assert feit.rule == "Wmo 2015 art. 2.3.5 lid 4"


def test_who_pays_is_known_from_the_aanvraag_on():
    """Beschermd wonen is paid by the gemeente that the inrichting names for it, all else by the gemeente itself."""
    assert {f.attributes["betalendegemeente"] for f in w.bw_aangevraagd()} == {"0080"}
    assert w.OPSTERLAND.betalende_gemeente("beschermd_wonen") == "0080"
    assert w.OPSTERLAND.betalende_gemeente("maatwerk_zelfredzaamheid") == "0086"
    assert w.OPSTERLAND.betalende_gemeente(None) == "0086"


def test_an_aanvraag_rests_on_the_part_of_the_law_for_its_thema():
    """Beschermd wonen under b of art. 2.3.5 lid 1, zelfredzaamheid en participatie under a."""
    ontvangen, *_ = w.bw_aangevraagd()
    assert ontvangen.rule == "Wmo 2015 art. 2.3.2 lid 9 en 2.3.5 lid 1 onder b"
    anders = replace(w.BW_AANVRAAG, thema="maatwerk_zelfredzaamheid")
    ontvangen, *_ = b.ontvang_aanvraag(w.na(), anders, w.LEEUWARDEN, w.BW_KENNIS)
    assert ontvangen.rule == "Wmo 2015 art. 2.3.2 lid 9 en 2.3.5 lid 1 onder a"


def test_the_team_of_opsterland_has_no_mandate_for_beschermd_wonen():
    """The refusal names who, what and under which inrichting, and where to go; no aanvraag is needed to hear it."""
    kennis = bekend(
        w.BW_KENNIS,
        "indicatie-ingediend",
        {"aan": "0080", "thema": "beschermd_wonen", "ontbreekt": ("onderbouwing_24_uurs_toezicht",)},
        date(2017, 3, 23),
    )
    opdracht = replace(w.BW_BESLUIT, door=w.WIJKTEAM, voorziening=None)
    geweigerd = weigering(opdracht, w.OPSTERLAND, kennis)
    assert isinstance(geweigerd, Forbidden)
    assert geweigerd.reason == "niet_bevoegd_te_besluiten"
    assert geweigerd.detail == (
        "Besluit geweigerd: gebiedsteam Opsterland heeft geen mandaat voor beschermd wonen "
        "(inrichting opsterland, versie 1)."
    )
    assert geweigerd.remedy == ("Dien de indicatie in bij Leeuwarden. Er ontbreekt nog: onderbouwing 24 uurs toezicht.")


def test_a_completed_indicatie_leaves_nothing_to_complete():
    """What was sent back and then completed is no longer named as missing."""
    kennis = w.voorkennis(
        ("indicatie-ingediend", {"aan": "0080", "ontbreekt": ()}, date(2017, 3, 23)),
        ("indicatie-teruggestuurd", {"velden": ("netwerk",)}, date(2017, 3, 27)),
    )
    assert kennis.indicatie_ontbreekt == ("netwerk",)
    assert bekend(kennis, "indicatie-aangevuld", {"velden": ("netwerk",)}, w.BW_BESLUIT.op).indicatie_ontbreekt == ()


@pytest.mark.parametrize(
    "door", [Actor("wijkteam", "0080", "w"), Actor("consulent", "0086", "c"), Actor("inwoner", None, "i")]
)
def test_only_a_role_with_a_mandate_in_the_deciding_gemeente_decides(door):
    """Another role, or the right role of another gemeente, does not decide."""
    assert bw_weigering(door=door) == "niet_bevoegd_te_besluiten"


def test_the_college_decides_under_its_own_power():
    """No mandate is needed where the college itself decides."""
    opdracht = replace(w.BW_BESLUIT, door=Actor("college", "0080", "b&w"))
    [feit] = b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN, w.BW_KENNIS)
    assert feit.attributes["titel"] == "eigen"


@pytest.mark.parametrize(
    ("rol", "mag"),
    [
        (w.rol("aanbieder", omvang="specifieke_voorzieningen", voorzieningen=["huishoudelijke_hulp_2"]), False),
        (w.rol("aanbieder", omvang="specifieke_voorzieningen", voorzieningen=["beschermd_wonen"]), True),
        (w.rol("aanbieder", omvang="voorlopig", definitief_door="consulent"), False),
    ],
)
def test_a_mandate_reaches_as_far_as_it_says(rol, mag):
    """An aanbieder with a mandate decides on its own voorzieningen only, and a provisional mandate decides nothing."""
    inrichting = w.inrichting("0080", "Leeuwarden", rollen=[rol])
    opdracht = replace(w.BW_BESLUIT, door=Actor("aanbieder", "98765401", "a"))
    if mag:
        [feit] = b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, inrichting, w.BW_KENNIS)
        assert feit.attributes["titel"] == "mandaat"
    else:
        geweigerd = weigering(opdracht, inrichting, w.BW_KENNIS, w.bw_aangevraagd())
        assert geweigerd.reason == "niet_bevoegd_te_besluiten"


def test_an_inrichting_that_knows_no_decider_refuses():
    """A thema that is not arranged: nobody may decide here, and the remedy is to arrange it."""
    geweigerd = weigering(replace(w.BW_BESLUIT, thema="jeugd"), w.LEEUWARDEN, w.BW_KENNIS, w.bw_aangevraagd())
    assert (geweigerd.reason, "inrichting" in geweigerd.remedy) == ("niet_bevoegd_te_besluiten", True)


@pytest.mark.parametrize(("schrijver", "mag"), [(None, False), ("z1", False), ("k9", True)])
def test_four_eyes_are_two_persons_where_the_inrichting_asks_for_them(schrijver, mag):
    """Who writes is not who decides; without the writer's pseudonym it cannot be checked."""
    inrichting = w.inrichting("0080", "Leeuwarden", rollen=[w.rol("centrumgemeente")], vierogen=True)
    opdracht = replace(w.BW_BESLUIT, schrijver=schrijver)
    if mag:
        assert b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, inrichting, w.BW_KENNIS)
    else:
        geweigerd = weigering(opdracht, inrichting, w.BW_KENNIS, w.bw_aangevraagd())
        assert geweigerd.reason == "vier_ogen_vereist"


# -- what a besluit needs ----------------------------------------------------------------------------------------------


def test_the_identity_is_established_before_the_besluit():
    """Wmo 2.3.4: without a document that was seen there is no besluit."""
    kennis = replace(w.BW_KENNIS, identiteit_op=None)
    assert bw_weigering(kennis) == "identiteit_niet_vastgesteld"


def test_an_afwijzing_needs_an_onderzoek_and_its_own_motivation():
    """No category is refused: without onderzoek, or without a reason for this person, there is no afwijzing."""
    zonder = replace(w.BW_KENNIS, onderzoek_afgerond_op=None)
    assert bw_weigering(zonder, uitkomst="afgewezen", motivering="omdat") == "afwijzing_zonder_onderzoek"
    assert bw_weigering(uitkomst="afgewezen") == "motivering_ontbreekt"


def test_an_afwijzing_with_both_is_recorded_and_grants_nothing():
    """The motivation stands in the event; voorziening, period and leveringsvorm do not."""
    opdracht = replace(w.BW_BESLUIT, uitkomst="afgewezen", motivering="het netwerk vangt dit op")
    [feit] = b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN, w.BW_KENNIS)
    assert (feit.data.uitkomst, feit.data.motivering) == ("afgewezen", "het netwerk vangt dit op")
    assert (feit.data.voorziening, feit.data.pakket, feit.data.leveringsvorm, feit.data.van) == (None, None, None, None)


def test_an_aanvraag_stays_untreated_only_after_a_term_to_complete_it():
    """Awb 4:5: first an invitation with a term, and only when that has passed."""
    assert bw_weigering(uitkomst="niet_behandeld") == "hersteltermijn_loopt"
    vraag = VraagAanvulling(op=date(2017, 4, 3), door=w.CENTRUM, gegevens=("inkomen",), uiterlijk=date(2017, 4, 10))
    gevraagd = b.vraag_aanvulling(w.na(w.bw_aangevraagd()), vraag, w.LEEUWARDEN)
    staat = w.na(w.bw_aangevraagd(), gevraagd)
    opdracht = replace(w.BW_BESLUIT, uitkomst="niet_behandeld")
    [feit] = b.neem_besluit(staat, opdracht, w.LEEUWARDEN, w.BW_KENNIS)
    assert feit.rule == "Awb 4:5 lid 1"


def test_one_aanvraag_has_one_besluit_with_a_number():
    """No aanvraag, a second besluit, or no number: refused."""
    assert weigering(w.BW_BESLUIT, w.LEEUWARDEN, w.BW_KENNIS).reason == "geen_aanvraag"
    assert weigering(w.BW_BESLUIT, w.LEEUWARDEN, w.BW_KENNIS, w.bw_besloten()).reason == "besluit_al_genomen"
    assert bw_weigering(beschikkingnummer="") == "beschikkingnummer_ontbreekt"


def test_a_beschikkingnummer_is_unique_per_casus_and_besluit():
    """The number comes from the opaque casus id and tells nothing of the person."""
    een = b.beschikkingnummer("01890a5d-ac96-774b-bcce-b302099a8057")
    assert een == "B302099A8057-1"
    assert een != b.beschikkingnummer("01890a5d-ac96-774b-bcce-b302099a8057", 2)


def test_the_besluit_shows_what_the_history_does_not_show_as_explained():
    """Rules inform: without a trace of the explanation the besluit is taken, and says so."""
    kennis = replace(w.BW_KENNIS, pgb_uitgelegd=False)
    [feit] = b.neem_besluit(w.na(w.bw_aangevraagd()), w.BW_BESLUIT, w.LEEUWARDEN, kennis)
    assert feit.data.niet_uitgelegd == ("pgb",)


# -- voorzieningen -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("naam", ["huishoudelijke_hulp_1", "hh1"])
def test_an_algemene_voorziening_has_no_beschikking_whoever_asks(naam):
    """S35: the backoffice cannot make one for HH1, under any of its names."""
    opdracht = replace(w.PGB_BESLUIT, leveringsvorm="natura", voorziening=naam, door=w.BACKOFFICE)
    geweigerd = weigering(opdracht, w.HARLINGEN, NIETS_BEKEND)
    assert geweigerd.reason == "geen_beschikking_voor_algemene_voorziening"


def test_what_the_aanvrager_needs_can_be_granted_as_maatwerk_after_onderzoek():
    """Where HH1 does not fit, it is granted as maatwerk; that is an individual besluit, not a category."""
    opdracht = replace(
        w.PGB_BESLUIT, leveringsvorm="natura", voorziening="hh1", als_maatwerk=True, minuten_per_week=120, weken=None
    )
    [feit] = b.neem_besluit(w.na(w.pgb_aangevraagd()), opdracht, w.HARLINGEN, w.pgb_kennis())
    assert feit.data.voorziening == "huishoudelijke_hulp_1"


@pytest.mark.parametrize(("minuten", "omvang", "eenheid"), [(120, 2, "04"), (150, 150, "01")])
def test_hours_per_week_stand_in_iwmo_codes(minuten, omvang, eenheid):
    """S35: two hours a week is volume 2 in hours; half hours are counted in minutes; per week is frequentie 2."""
    opdracht = replace(w.PGB_BESLUIT, leveringsvorm="natura", voorziening="hh2", minuten_per_week=minuten)
    [feit] = b.neem_besluit(w.na(w.pgb_aangevraagd()), opdracht, w.HARLINGEN, w.pgb_kennis())
    assert feit.data.regels == (
        Besluitregel(
            regel=1,
            voorziening="huishoudelijke_hulp_2",
            wmo020="01",
            minuten_per_week=minuten,
            omvang=omvang,
            eenheid=eenheid,
            frequentie="2",
        ),
    )
    assert (feit.data.voorziening, feit.data.waarschuwing) == ("huishoudelijke_hulp_2", None)


def test_household_help_without_hours_carries_a_warning():
    """CRvB May 2016: a besluit on household help says how much; one that does not is flagged, not blocked."""
    opdracht = replace(w.PGB_BESLUIT, leveringsvorm="natura", voorziening="hh2")
    [feit] = b.neem_besluit(w.na(w.pgb_aangevraagd()), opdracht, w.HARLINGEN, w.pgb_kennis())
    assert feit.data.waarschuwing == "geen_omvang_genoemd"


def test_a_voorziening_that_the_gemeente_does_not_know_or_name_is_refused():
    """An unknown voorziening, and none at all, are errors of the command."""
    assert bw_weigering(voorziening="toverij", thema="beschermd_wonen") == "onbekende_voorziening"
    kennis = replace(w.BW_KENNIS, uitkomst=())
    assert bw_weigering(kennis, voorziening=None) == "voorziening_ontbreekt"


def test_without_a_voorziening_the_besluit_follows_the_onderzoek():
    """What the onderzoek found is decided upon when neither command nor aanvraag names anything."""
    opdracht = replace(w.BW_BESLUIT, voorziening=None)
    [feit] = b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN, w.BW_KENNIS)
    assert feit.data.voorziening == "beschermd_wonen"


# -- arrangements ------------------------------------------------------------------------------------------------------


def test_an_arrangement_is_decided_in_gebied_and_intensiteit_with_a_warning():
    """Case 3 and S28: gebied 1 Plus and gebied 3 Basis, no hours, flagged for gebied 1, motivations kept apart."""
    [besluit] = [f.data for f in w.dh_opdracht() if type(f.data).__name__ == "BesluitGenomen"]
    assert besluit.arrangement == (
        Arrangementdeel(gebied=1, naam="voeren van het huishouden", intensiteit="Plus"),
        Arrangementdeel(gebied=3, naam=None, intensiteit="Basis"),
    )
    assert besluit.motivering_arrangement == (
        Indelingsmotivering(gebied=1, motivering="meerdere wasbeurten"),
        Indelingsmotivering(gebied=3, motivering="dagstructuur"),
    )
    assert (besluit.waarschuwing, besluit.leveringsvorm) == ("geen_omvang_genoemd", "natura")
    assert (besluit.voorziening, besluit.wmo020) == ("maatwerkarrangement", "10")


def test_an_arrangement_that_names_hours_carries_no_warning():
    """The schema has intensiteit and an optional omvang; with omvang there is nothing to flag."""
    delen = (replace(w.DH_DELEN[0], minuten_per_week=120),)
    opdracht = replace(w.DH_BESLUIT, arrangement=delen)
    [feit] = b.neem_besluit(w.na(w.dh_aangevraagd()), opdracht, w.DEN_HAAG, w.DH_KENNIS)
    assert feit.data.waarschuwing is None


@pytest.mark.parametrize(
    ("deel", "verwacht"),
    [
        (Deel(gebied=6, intensiteit="Plus", motivering="x"), "onbekend_resultaatgebied"),
        (Deel(gebied=1, intensiteit="Extra", motivering="x"), "onbekende_intensiteit"),
        (Deel(gebied=1, intensiteit="Plus"), "motivering_ontbreekt"),
    ],
)
def test_an_arrangement_stays_within_what_the_gemeente_knows_and_is_motivated(deel, verwacht):
    """S28: five gebieden and three intensiteiten, also after the besluit was taken."""
    opdracht = replace(w.DH_BESLUIT, arrangement=(deel,))
    assert weigering(opdracht, w.DEN_HAAG, w.DH_KENNIS, w.dh_aangevraagd()).reason == verwacht
    assert weigering(opdracht, w.DEN_HAAG, w.DH_KENNIS, w.dh_opdracht()).reason == verwacht


def test_a_gemeente_without_arrangement_knows_no_resultaatgebied():
    """What Den Haag arranged does not hold in Harlingen."""
    opdracht = replace(w.DH_BESLUIT, door=w.CONSULENT)
    assert weigering(opdracht, w.HARLINGEN, w.DH_KENNIS, w.dh_aangevraagd()).reason == "onbekend_resultaatgebied"


# -- a pgb -------------------------------------------------------------------------------------------------------------


def test_a_pgb_is_decided_to_the_cent_with_who_decided_and_who_wrote():
    """Case 2: three lines from the aanvraag, tariffs from pgb, 43 weeks, 8326.52; Harlingen decides, SoZaWe writes."""
    [feit] = b.neem_besluit(w.na(w.pgb_aangevraagd()), w.PGB_BESLUIT, w.HARLINGEN, w.pgb_kennis())
    besluit = feit.data
    bedragen = [(r.regel, r.wmo020, r.minuten_per_week, r.tarief_cent, r.bedrag_cent) for r in besluit.regels]
    assert bedragen == [(1, "01", 180, 2329, 300441), (2, "02", 120, 4437, 381582), (3, "02", 60, 3503, 150629)]
    assert (besluit.totaal_cent, besluit.weken) == (832652, 43)
    assert (besluit.besloten_door, besluit.geschreven_door) == ("0072", "sozawe_nw")
    assert (besluit.voorziening, besluit.leveringsvorm) == (None, "pgb")
    assert feit.attributes["titel"] == "mandaat"


@pytest.mark.parametrize("voorwaarde", ["bekwaam", "gemotiveerd", "kwaliteit_gewaarborgd"])
def test_a_pgb_needs_all_three_conditions(voorwaarde):
    """Wmo 2.3.6 lid 2: the refusal names the condition that failed."""
    kennis = w.pgb_kennis(**{voorwaarde: "nee"})
    geweigerd = weigering(w.PGB_BESLUIT, w.HARLINGEN, kennis, w.pgb_aangevraagd())
    assert geweigerd.reason == "pgb_voorwaarde_niet_vervuld"
    assert voorwaarde.replace("_", " ") in geweigerd.detail


@pytest.mark.parametrize(
    ("kennis", "velden", "verwacht"),
    [
        ({"pgb_getoetst": False}, {}, "pgb_voorwaarden_niet_getoetst"),
        ({"pgb_tarieven": {}}, {}, "onbekend_pgb_tarief"),
        ({}, {"weken": 42}, "weken_kloppen_niet"),
        ({}, {"tot_en_met": None}, "periode_ontbreekt"),
        ({}, {"regels": (replace(w.PGB_REGELS[0], minuten_per_week=None),)}, "omvang_ontbreekt"),
    ],
)
def test_a_pgb_without_conditions_tariff_period_or_hours_is_not_decided(kennis, velden, verwacht):
    """What the amount rests on must be known before it is decided."""
    bekend_ = replace(w.pgb_kennis(), **kennis)
    opdracht = replace(w.PGB_BESLUIT, **velden)
    assert weigering(opdracht, w.HARLINGEN, bekend_, w.pgb_aangevraagd()).reason == verwacht


# -- the bekendmaking --------------------------------------------------------------------------------------------------


def test_the_bekendmaking_meets_the_term_and_starts_the_six_weeks():
    """Case 1: announced on 13 April with five days left; bezwaar until 29 May, past Ascension Day."""
    bekend_, gehaald, bezwaar = w.data(w.bw_bekend())[3:6]
    assert (bekend_.wijze, bekend_.beschikkingnummer, bekend_.pakket) == ("toezending", "B1", 2)
    assert gehaald == TermijnGehaald(soort="besluit", uiterlijk=date(2017, 4, 18), dagen_over=5)
    assert isinstance(bezwaar, TermijnGestart)
    assert (bezwaar.soort, bezwaar.rekendatum, bezwaar.uiterlijk) == ("bezwaar", date(2017, 5, 25), date(2017, 5, 29))


def test_the_cak_becomes_involved_with_what_was_granted_and_asks_a_bijdrage():
    """S35: the CAK hears of maatwerk for which the inwoner owes it a bijdrage, from the bekendmaking on."""
    cak = BetrokkenheidVastgelegd(organisatie="cak", als="cak", vanaf=w.BW_BEKEND.op, thema="beschermd_wonen")
    assert w.data(w.bw_bekend())[-1] == cak
    elders = {naam: replace(v, bijdrage="rechtstreeks_aan_aanbieder") for naam, v in w.LEEUWARDEN.voorzieningen.items()}
    zonder = b.maak_besluit_bekend(w.na(w.bw_besloten()), w.BW_BEKEND, replace(w.LEEUWARDEN, voorzieningen=elders))
    assert not [f for f in zonder if isinstance(f.data, BetrokkenheidVastgelegd)]


def test_a_late_bekendmaking_records_that_the_term_was_exceeded_once():
    """A besluit in time that is announced too late is too late; the timer that fired before is not repeated."""
    laat = replace(w.BW_BEKEND, op=date(2017, 4, 20))
    feiten = b.maak_besluit_bekend(w.na(w.bw_besloten()), laat, w.LEEUWARDEN)
    assert [(type(f.data).__name__, f.on) for f in feiten] == [
        ("BesluitBekendgemaakt", date(2017, 4, 20)),
        ("TermijnOverschreden", date(2017, 4, 19)),
        ("TermijnGestart", date(2017, 4, 20)),
        ("BetrokkenheidVastgelegd", date(2017, 4, 20)),
    ]
    al = [*w.bw_besloten(), feiten[1]]
    opnieuw = b.maak_besluit_bekend(w.na(al), laat, w.LEEUWARDEN)
    assert not [f for f in opnieuw if isinstance(f.data, TermijnOverschreden)]


def test_only_a_besluit_that_was_taken_is_announced_once():
    """Without besluit, before it, or a second time: refused."""
    for staat, opdracht, reden in (
        (w.na(w.bw_aangevraagd()), w.BW_BEKEND, "geen_besluit"),
        (w.na(w.bw_besloten()), replace(w.BW_BEKEND, op=date(2017, 4, 10)), "bekendmaking_voor_besluit"),
        (w.na(w.bw_bekend()), w.BW_BEKEND, "al_bekendgemaakt"),
    ):
        with pytest.raises(Refused) as gevangen:
            b.maak_besluit_bekend(staat, opdracht, w.LEEUWARDEN)
        assert gevangen.value.reason == reden


@given(st.integers(0, 40))
def test_the_term_is_either_met_or_exceeded_never_both(dagen):
    """Whatever the day of the bekendmaking, exactly one fact says what became of the two weeks."""
    op = date(2017, 4, 11) + timedelta(days=dagen)
    feiten = b.maak_besluit_bekend(w.na(w.bw_besloten()), replace(w.BW_BEKEND, op=op), w.LEEUWARDEN)
    einde = [f.data for f in feiten if isinstance(f.data, TermijnGehaald | TermijnOverschreden)]
    assert [isinstance(e, TermijnGehaald) for e in einde] == [op <= date(2017, 4, 18)]


# -- the opdracht ------------------------------------------------------------------------------------------------------


def test_after_the_bekendmaking_an_aanbieder_gets_the_opdracht_and_becomes_involved():
    """Case 1, 18 April: from that day the aanbieder is involved, for this thema."""
    verstrekt, betrokken = w.data(w.bw_opdracht())[-2:]
    assert verstrekt == OpdrachtVerstrekt(
        aanbieder="98765401",
        ingang=date(2017, 5, 1),
        tot_en_met=date(2018, 4, 30),
        voorziening="beschermd_wonen",
        pakket=2,
        regels=verstrekt.regels,
    )
    assert betrokken == BetrokkenheidVastgelegd(
        organisatie="98765401", als="aanbieder", vanaf=date(2017, 4, 18), thema="beschermd_wonen"
    )


def pgb_bekend():
    feiten = [
        *w.pgb_aangevraagd(),
        *b.neem_besluit(w.na(w.pgb_aangevraagd()), w.PGB_BESLUIT, w.HARLINGEN, w.pgb_kennis()),
    ]
    opdracht = MaakBesluitBekend(op=date(2017, 2, 23), door=w.BACKOFFICE, wijze="toezending")
    return [*feiten, *b.maak_besluit_bekend(w.na(feiten), opdracht, w.HARLINGEN)]


def afgewezen_bekend():
    opdracht = replace(w.BW_BESLUIT, uitkomst="afgewezen", motivering="omdat")
    feiten = [
        *w.bw_aangevraagd(),
        *b.neem_besluit(w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN, w.BW_KENNIS),
    ]
    return [*feiten, *b.maak_besluit_bekend(w.na(feiten), w.BW_BEKEND, w.LEEUWARDEN)]


@pytest.mark.parametrize(
    ("stap", "ingang", "verwacht"),
    [
        (w.bw_besloten, date(2017, 5, 1), "nog_niet_bekendgemaakt"),
        (pgb_bekend, date(2017, 3, 6), "geen_opdracht_bij_pgb"),
        (afgewezen_bekend, date(2017, 5, 1), "geen_toekenning"),
        (w.bw_bekend, date(2017, 4, 30), "ingang_buiten_periode"),
        (w.bw_bekend, date(2018, 5, 1), "ingang_buiten_periode"),
        (w.bw_opdracht, date(2017, 5, 1), "opdracht_al_verstrekt"),
    ],
)
def test_an_opdracht_follows_from_an_announced_toekenning_in_natura(stap, ingang, verwacht):
    """Not before the bekendmaking, not for a pgb or an afwijzing, not outside the period, not twice."""
    opdracht = VerstrekOpdracht(op=date(2017, 4, 18), door=w.CENTRUM, aanbieder="98765401", ingang=ingang)
    with pytest.raises(Refused) as gevangen:
        b.verstrek_opdracht(w.na(stap()), opdracht)
    assert gevangen.value.reason == verwacht


def test_only_the_aanbieder_with_the_opdracht_reports_its_start_once():
    """Another aanbieder or another role cannot, and a second start is refused."""
    staat = w.na(w.dh_opdracht())
    opdracht = MeldStartLevering(op=date(2017, 8, 21), door=w.AANBIEDER)
    gestart = b.meld_start_levering(staat, opdracht)
    assert w.data(gestart) == [LeveringGestart(aanbieder="98765402", op=date(2017, 8, 21))]
    for door in (Actor("aanbieder", "98765499", "x"), Actor("consulent", "98765402", "x")):
        with pytest.raises(Forbidden) as gevangen:
            b.meld_start_levering(staat, replace(opdracht, door=door))
        assert gevangen.value.reason == "andere_aanbieder"
    with pytest.raises(Refused) as dubbel:
        b.meld_start_levering(w.na(w.dh_opdracht(), gestart), opdracht)
    assert dubbel.value.reason == "levering_al_gestart"


@pytest.mark.parametrize(("minuten", "signaal"), [(120, "omgerekend_naar_uren"), (None, None)])
def test_fixed_hours_where_none_were_decided_are_a_signal(minuten, signaal):
    """S28: the aanbieder turns Plus into two hours a week; the besluit stays as it is, and the signal is recorded."""
    opdracht = LegUitwerkingVast(op=date(2017, 9, 1), door=w.AANBIEDER, gebied=1, minuten_per_week=minuten)
    feiten = b.leg_uitwerking_vast(w.na(w.dh_opdracht()), opdracht)
    assert w.data(feiten) == [
        UitwerkingDoorAanbiederVastgelegd(aanbieder="98765402", gebied=1, minuten_per_week=minuten, signaal=signaal)
    ]
