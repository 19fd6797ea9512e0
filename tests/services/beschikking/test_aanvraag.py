from dataclasses import replace
from datetime import date, timedelta

import beschikking_wereld as w
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import VERNIETIGD, Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.termijnen.events import TermijnGestart, TermijnHervat, TermijnOpgeschort, TermijnOverschreden
from services.beschikking import beschikking as b
from services.beschikking.gebeurtenissen import AanvraagIngetrokken, AanvullingGevraagd, AanvullingOntvangen
from services.beschikking.opdrachten import (
    MeldTermijnVerstreken,
    OntvangAanvraag,
    OntvangAanvulling,
    TrekAanvraagIn,
    VraagAanvulling,
)
from services.beschikking.voorkennis import NIETS_BEKEND, bekend

INWONER = Actor("inwoner", None, "i1")
SYSTEEM = Actor("systeem", None, "systeem")


def reden(handeling, *argumenten):
    with pytest.raises(Refused) as gevangen:
        handeling(*argumenten)
    assert gevangen.value.remedy
    return gevangen.value.reason


def aanvraag(op, **velden):
    return OntvangAanvraag(op=op, door=INWONER, **velden)


def timer(staat, op):
    return b.termijn_verstreken(staat, MeldTermijnVerstreken(op=op, door=SYSTEEM), w.LEEUWARDEN)


# -- receiving ---------------------------------------------------------------------------------------------------------


def test_the_aanvraag_starts_the_two_weeks():
    """Case 1: received on 31 March, the last day would be Good Friday and becomes 18 April."""
    ontvangen, gestart = w.data(w.bw_aangevraagd())
    assert (ontvangen.ontvangen_door, ontvangen.herkomst) == ("0080", "aparte_aanvraag")
    assert (ontvangen.ondertekend_op, ontvangen.thema) == (date(2017, 3, 31), "beschermd_wonen")
    assert isinstance(gestart, TermijnGestart)
    assert (gestart.soort, gestart.van) == ("besluit", date(2017, 3, 31))
    assert (gestart.rekendatum, gestart.uiterlijk) == (date(2017, 4, 14), date(2017, 4, 18))


@pytest.mark.parametrize(
    ("inrichting", "herkomst"),
    [(w.HARLINGEN, "aparte_aanvraag"), (w.HAARLEM, "ondertekend_verslag"), (w.DEN_HAAG, "vervolggesprek")],
)
def test_how_an_aanvraag_arises_is_arranged_per_gemeente(inrichting, herkomst):
    """A separate form, the signed verslag or the vervolggesprek: data, not code."""
    ontvangen, *_ = w.data(b.ontvang_aanvraag(w.na(), aanvraag(date(2017, 3, 27)), inrichting, w.BW_KENNIS))
    assert ontvangen.herkomst == herkomst


def test_the_gemeente_that_indicated_becomes_involved_in_the_aanvraag():
    """Case 1: Opsterland hears what Leeuwarden decides, for this thema and from this day."""
    kennis = bekend(
        w.BW_KENNIS, "indicatie-ingediend", {"van": "0086", "aan": "0080", "thema": w.BESCHERMD}, date(2017, 3, 23)
    )
    *_, betrokken = w.data(b.ontvang_aanvraag(w.na(), w.BW_AANVRAAG, w.LEEUWARDEN, kennis))
    assert betrokken == BetrokkenheidVastgelegd(
        organisatie="0086", als="woongemeente", vanaf=date(2017, 3, 31), thema="beschermd_wonen"
    )


def test_a_shared_backoffice_becomes_involved_with_the_aanvraag_and_not_before():
    """Case 2: the Dienst SoZaWe works on the aanvraag of Harlingen; a gemeente that does so itself records nothing."""
    *_, betrokken = w.data(w.pgb_aangevraagd())
    assert (betrokken.organisatie, betrokken.als, betrokken.vanaf) == (w.SOZAWE, "backoffice", date(2017, 2, 13))
    assert len(w.bw_aangevraagd()) == 2


def test_before_the_onderzoek_is_finished_there_is_no_aanvraag_yet():
    """Within the six weeks and without a finished onderzoek the aanvraag waits; the refusal names the day."""
    kennis = w.voorkennis(
        ("melding-geregistreerd", {}, date(2017, 2, 15)),
        ("termijn-gestart", {"soort": "onderzoek", "uiterlijk": date(2017, 3, 29)}, date(2017, 2, 15)),
    )
    with pytest.raises(Refused) as gevangen:
        b.ontvang_aanvraag(w.na(), aanvraag(date(2017, 3, 29)), w.LEEUWARDEN, kennis)
    assert gevangen.value.reason == "onderzoek_niet_afgerond"
    assert "2017-03-29" in gevangen.value.remedy
    assert reden(b.ontvang_aanvraag, w.na(), aanvraag(date(2017, 3, 29)), w.LEEUWARDEN, NIETS_BEKEND)


def test_after_six_weeks_without_onderzoek_the_citizen_may_apply():
    """Wmo 2.3.2 lid 9: on the first day after the six weeks the aanvraag is received, whatever way it came."""
    kennis = w.voorkennis(
        ("melding-geregistreerd", {}, date(2017, 2, 15)),
        ("termijn-gestart", {"soort": "onderzoek", "uiterlijk": date(2017, 3, 29)}, date(2017, 2, 15)),
    )
    opdracht = aanvraag(date(2017, 3, 30), herkomst="aparte_aanvraag")
    ontvangen, _ = w.data(b.ontvang_aanvraag(w.na(), opdracht, w.LEEUWARDEN, kennis))
    assert ontvangen.herkomst == "termijn_verstreken"


def test_the_signed_verslag_is_the_aanvraag_and_a_second_form_is_refused():
    """S17: in Haarlem the backoffice may not ask for a form of its own, as aanvraag or as aanvulling."""
    ontvangen = b.ontvang_aanvraag(
        w.na(), aanvraag(date(2015, 10, 20), herkomst="ondertekend_verslag"), w.HAARLEM, w.BW_KENNIS
    )
    assert w.data(ontvangen)[1].uiterlijk == date(2015, 11, 3)
    staat = w.na(ontvangen)
    tweede = aanvraag(date(2015, 10, 21), herkomst="aparte_aanvraag")
    assert reden(b.ontvang_aanvraag, staat, tweede, w.HAARLEM, w.BW_KENNIS) == "verslag_geldt_als_aanvraag"
    eis = VraagAanvulling(op=date(2015, 10, 21), door=w.BACKOFFICE, gegevens=("aanvraagformulier",))
    assert reden(b.vraag_aanvulling, staat, eis, w.HAARLEM) == "verslag_geldt_als_aanvraag"


def test_an_aanvraag_is_received_once_and_signed_by_then():
    """A second aanvraag in the same casus, and a signature after receipt, are refused."""
    staat = w.na(w.bw_aangevraagd())
    assert reden(b.ontvang_aanvraag, staat, w.BW_AANVRAAG, w.LEEUWARDEN, w.BW_KENNIS) == "aanvraag_al_ontvangen"
    later = replace(w.BW_AANVRAAG, ondertekend_op=date(2017, 4, 1))
    assert reden(b.ontvang_aanvraag, w.na(), later, w.LEEUWARDEN, w.BW_KENNIS) == "ondertekening_na_ontvangst"


# -- completing --------------------------------------------------------------------------------------------------------


def gevraagd(op=date(2017, 4, 3), uiterlijk=date(2017, 4, 10)):
    opdracht = VraagAanvulling(op=op, door=w.CENTRUM, gegevens=("inkomen",), uiterlijk=uiterlijk)
    return b.vraag_aanvulling(w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN)


def test_an_invitation_with_a_term_suspends_the_two_weeks_from_the_day_after():
    """Awb 4:15 lid 1: from the day after the invitation."""
    assert w.data(gevraagd()) == [
        AanvullingGevraagd(gegevens=("inkomen",), uiterlijk=date(2017, 4, 10)),
        TermijnOpgeschort(soort="besluit", vanaf=date(2017, 4, 4), hersteltermijn_tot_en_met=date(2017, 4, 10)),
    ]


def test_an_invitation_without_a_term_suspends_nothing():
    """RVS:2016:2527: a letter that names no term does not stop the clock."""
    zonder = gevraagd(uiterlijk=None)
    assert w.data(zonder) == [AanvullingGevraagd(gegevens=("inkomen",), uiterlijk=None)]
    staat = w.na(w.bw_aangevraagd(), zonder)
    ontvangen = OntvangAanvulling(op=date(2017, 4, 6), door=INWONER, gegevens=("inkomen",))
    assert w.data(b.ontvang_aanvulling(staat, ontvangen, w.LEEUWARDEN)) == [AanvullingOntvangen(gegevens=("inkomen",))]
    assert staat.vervaldag == date(2017, 4, 19)


def test_a_completed_aanvraag_makes_the_term_longer_by_the_days_it_stood_still():
    """Invited on 3 April, completed on 6 April: two days do not count, and 16 April shifts past Easter."""
    staat = w.na(w.bw_aangevraagd(), gevraagd())
    opdracht = OntvangAanvulling(op=date(2017, 4, 6), door=INWONER, gegevens=("inkomen",))
    ontvangen, hervat = w.data(b.ontvang_aanvulling(staat, opdracht, w.LEEUWARDEN))
    assert ontvangen == AanvullingOntvangen(gegevens=("inkomen",))
    assert hervat == TermijnHervat(
        soort="besluit", opgeschorte_dagen=2, rekendatum=date(2017, 4, 16), uiterlijk=date(2017, 4, 18)
    )


def test_completing_needs_an_invitation_that_is_still_open():
    """Nothing asked, asked twice, or a term behind us: refused."""
    opdracht = OntvangAanvulling(op=date(2017, 4, 6), door=INWONER, gegevens=("inkomen",))
    assert reden(b.ontvang_aanvulling, w.na(w.bw_aangevraagd()), opdracht, w.LEEUWARDEN) == "geen_aanvulling_gevraagd"
    weer = VraagAanvulling(op=date(2017, 4, 4), door=w.CENTRUM, gegevens=("plan",), uiterlijk=date(2017, 4, 12))
    open_staat = w.na(w.bw_aangevraagd(), gevraagd())
    assert reden(b.vraag_aanvulling, open_staat, weer, w.LEEUWARDEN) == "aanvulling_loopt_al"
    assert reden(gevraagd, date(2017, 4, 3), date(2017, 4, 3)) == "termijn_ligt_achter_ons"


# -- the term ----------------------------------------------------------------------------------------------------------


def test_a_term_that_ran_out_is_recorded_once_on_the_first_day_that_is_too_late():
    """However late the timer fires, the fact is of 19 April; a second time there is nothing to say."""
    staat = w.na(w.bw_aangevraagd())
    assert staat.vervaldag == date(2017, 4, 19)
    assert timer(staat, date(2017, 4, 18)) == []
    [feit] = timer(staat, date(2017, 6, 1))
    assert feit.on == date(2017, 4, 19)
    assert feit.data == TermijnOverschreden(soort="besluit", uiterlijk=date(2017, 4, 18), toerekening="gemeente")
    na = b.evolve(staat, feit)
    assert (timer(na, date(2017, 6, 2)), na.vervaldag) == ([], None)


def test_an_unused_term_to_complete_ends_by_itself():
    """The day after the unused term the two weeks run on; seven days did not count."""
    staat = w.na(w.bw_aangevraagd(), gevraagd())
    assert staat.vervaldag == date(2017, 4, 11)
    assert timer(staat, date(2017, 4, 10)) == []
    [hervat] = timer(staat, date(2017, 4, 11))
    assert hervat.on == date(2017, 4, 11)
    assert (hervat.data.opgeschorte_dagen, hervat.data.uiterlijk) == (7, date(2017, 4, 21))
    assert [type(f.data) for f in timer(staat, date(2017, 5, 1))] == [TermijnHervat, TermijnOverschreden]


def test_a_withdrawn_aanvraag_ends_its_term_without_meeting_or_exceeding_it():
    """After withdrawal the timer has nothing to say, and nothing more is asked or decided."""
    opdracht = TrekAanvraagIn(op=date(2017, 4, 5), door=INWONER)
    ingetrokken = b.trek_aanvraag_in(w.na(w.bw_aangevraagd()), opdracht)
    assert w.data(ingetrokken)[0] == AanvraagIngetrokken()
    assert w.data(ingetrokken)[1].reden == "aanvraag_ingetrokken"
    staat = w.na(w.bw_aangevraagd(), ingetrokken)
    assert timer(staat, date(2018, 1, 1)) == []
    assert reden(b.trek_aanvraag_in, staat, opdracht) == "aanvraag_ingetrokken"
    assert reden(b.trek_aanvraag_in, w.na(), opdracht) == "geen_aanvraag"
    assert reden(b.trek_aanvraag_in, w.na(w.bw_besloten()), opdracht) == "besluit_al_genomen"


@given(st.lists(st.integers(0, 60), max_size=8))
def test_however_often_and_late_the_timer_fires_the_term_is_exceeded_once(dagen):
    """Firing is idempotent: at most one TermijnOverschreden, always of the same day."""
    feiten = w.bw_aangevraagd()
    for dag in dagen:
        feiten = [*feiten, *timer(w.na(feiten), date(2017, 4, 1) + timedelta(days=dag))]
    overschreden = [f.on for f in feiten if isinstance(f.data, TermijnOverschreden)]
    te_laat = any(date(2017, 4, 1) + timedelta(days=d) > date(2017, 4, 18) for d in dagen)
    assert overschreden == ([date(2017, 4, 19)] if te_laat else [])


def test_a_destroyed_dossier_folds_to_an_answer():
    """Nothing is built upon what was destroyed, and folding it is no error."""
    vernietigd = replace(w.bw_aangevraagd()[0].data, herkomst=VERNIETIGD)
    staat = w.na([Fact(vernietigd, on=date(2017, 3, 31))], w.bw_aangevraagd())
    assert staat.vernietigd
    assert reden(b.ontvang_aanvraag, staat, w.BW_AANVRAAG, w.LEEUWARDEN, w.BW_KENNIS) == "aanvraag_al_ontvangen"
    assert timer(staat, date(2018, 1, 1)) == []
