"""What the service onderzoek records and refuses, as given / when / then on the pure decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import ToestemmingGegeven
from casuslog.termijnen import events as t
from services.onderzoek import gebeurtenissen as g
from services.onderzoek import onderzoek as z
from services.onderzoek import opdrachten as o
from services.onderzoek.inrichting import OnderzoekInrichting
from services.onderzoek.staat import ONDERZOEK, Onderzoek

MELDING = date(2017, 2, 15)
GESPREK = date(2017, 3, 2)
TEAM = Actor("wijkteam", "0086", "p-team")
AANBIEDER = Actor("aanbieder", "98765401", "p-aanbieder")

OPSTERLAND = OnderzoekInrichting(
    gemeente="0086",
    naam="Opsterland",
    versie="opsterland@1",
    team="gebiedsteam_opsterland",
    gesprek_verplicht=True,
    clientondersteuning_bij=("mee",),
)
HAARLEM = OnderzoekInrichting(
    gemeente="0392",
    naam="Haarlem",
    versie="haarlem@1",
    team="sociaal_wijkteam",
    uitvoerders=frozenset({"gemeente", "aanbieder"}),
    voorleggen_ter_ondertekening=True,
    ondertekend_is_aanvraag=True,
)
DEN_HAAG = OnderzoekInrichting(
    gemeente="0518",
    naam="Den Haag",
    versie="den-haag@2",
    team="wijkzorgteam",
    bijstand_in_bevestiging=True,
    resultaatgebieden=frozenset({1, 2, 3, 4, 5}),
    intensiteiten=("Basis", "Plus", "Intensief"),
)
WMO_2007 = replace(OPSTERLAND, termijn_weken=None, versie="noordstad@1")
BESCHERMD = g.Uitkomst(voorziening="beschermd_wonen", pakket=2)


def begonnen(gemeld_op: date = MELDING, *later: Fact) -> list[Fact]:
    return [*z.start_termijn(Onderzoek(), gemeld_op, OPSTERLAND), *later]


def gevoerd(op: date = GESPREK) -> Fact:
    return Fact(g.GesprekGevoerd(vorm="huisbezoek", deelnemers=("inwoner", "wijkteam")), on=op)


def verslag(versie: int = 1) -> Fact:
    return Fact(g.VerslagVerstrekt(versie=versie), on=date(2017, 3, 16))


def staat_na(*facts: Fact) -> Onderzoek:
    return ONDERZOEK.fold(list(facts))


def doe(
    decide: Callable[..., list[Fact]],
    maak: Callable[..., o.Opdracht],
    eerder: list[Fact],
    inrichting: OnderzoekInrichting = OPSTERLAND,
    **velden: Any,
) -> list[Fact]:
    opdracht = maak(**{"op": GESPREK, "door": TEAM, **velden})
    return decide(staat_na(*eerder), opdracht, inrichting)


def geweigerd(reden: str, handeling: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as gevangen:
        handeling()
    assert gevangen.value.reason == reden
    return gevangen.value


def data(facts: list[Fact]) -> list[Any]:
    return [fact.data for fact in facts]


class TestTermijn:
    @pytest.mark.parametrize(
        ("gemeld_op", "rekendatum", "uiterlijk"),
        [
            (date(2017, 2, 15), date(2017, 3, 29), date(2017, 3, 29)),
            (date(2017, 1, 9), date(2017, 2, 20), date(2017, 2, 20)),
            (date(2017, 7, 8), date(2017, 8, 19), date(2017, 8, 21)),
            (date(2017, 4, 13), date(2017, 5, 25), date(2017, 5, 29)),
            (date(2017, 3, 6), date(2017, 4, 17), date(2017, 4, 18)),
        ],
    )
    def test_six_weeks_run_from_the_melding(self, gemeld_op: date, rekendatum: date, uiterlijk: date) -> None:
        """The three demo cases, S07 and S06: counted from the melding, shifted past weekend and holidays."""
        (fact,) = z.start_termijn(Onderzoek(), gemeld_op, OPSTERLAND)
        gestart = fact.data
        assert isinstance(gestart, t.TermijnGestart)
        assert (gestart.soort, gestart.van, fact.on) == ("onderzoek", gemeld_op, gemeld_op)
        assert (gestart.rekendatum, gestart.uiterlijk) == (rekendatum, uiterlijk)

    def test_it_starts_once_and_not_where_the_law_knows_no_term(self) -> None:
        """A second delivery of the melding changes nothing; under the Wmo 2007 a melding has no term."""
        assert z.start_termijn(staat_na(*begonnen()), date(2017, 3, 1), OPSTERLAND) == []
        assert z.start_termijn(Onderzoek(), MELDING, WMO_2007) == []

    def test_it_runs_out_once_dated_on_the_first_day_too_late(self) -> None:
        """S16: overrun is dated on the day after the last day, however late the timer fires, and once."""
        begin = begonnen(date(2017, 5, 30))
        assert z.termijn_verstreken(staat_na(*begin), date(2017, 7, 11)) == []
        (fact,) = z.termijn_verstreken(staat_na(*begin), date(2017, 9, 1))
        assert fact.on == date(2017, 7, 12)
        assert fact.data == t.TermijnOverschreden(
            soort="onderzoek", uiterlijk=date(2017, 7, 11), toerekening="gemeente"
        )
        assert z.termijn_verstreken(staat_na(*begin, fact), date(2017, 9, 2)) == []

    def test_delay_of_the_client_explains_and_moves_nothing(self) -> None:
        """S16: a holiday of the client is recorded; the last day stays and the overrun is due to him."""
        begin = begonnen()
        vertraagd = doe(
            z.reken_vertraging_toe,
            o.RekenVertragingToe,
            begin,
            aan="client",
            van=date(2017, 3, 6),
            tot_en_met=date(2017, 3, 17),
            reden="vakantie",
        )
        na = staat_na(*begin, *vertraagd)
        assert na.uiterlijk == date(2017, 3, 29)
        (fact,) = z.termijn_verstreken(na, date(2017, 3, 30))
        assert isinstance(fact.data, t.TermijnOverschreden)
        assert fact.data.toerekening == "client"

    def test_a_period_runs_forward(self) -> None:
        """A delay that ends before it begins is refused with the field that is wrong."""
        fout = geweigerd(
            "periode_keert_om",
            lambda: doe(
                z.reken_vertraging_toe,
                o.RekenVertragingToe,
                begonnen(),
                aan="derde",
                van=date(2017, 3, 6),
                tot_en_met=date(2017, 3, 1),
            ),
        )
        assert fout.field == "tot_en_met"

    def test_a_withdrawn_melding_ends_the_onderzoek_without_overrun(self) -> None:
        """Reaction to MeldingIngetrokken: what runs stops and its term lapses; what is finished stays."""
        begin = begonnen()
        facts = z.volg_einde_melding(staat_na(*begin), GESPREK, "melding_ingetrokken")
        assert data(facts) == [
            g.OnderzoekAfgebroken(reden="melding_ingetrokken"),
            t.TermijnVervallen(soort="onderzoek", uiterlijk=date(2017, 3, 29), reden="melding_ingetrokken"),
        ]
        na = staat_na(*begin, *facts)
        assert z.termijn_verstreken(na, date(2018, 1, 1)) == []
        assert z.volg_einde_melding(na, GESPREK, "melding_ingetrokken") == []
        assert z.volg_einde_melding(Onderzoek(), GESPREK, "melding_ingetrokken") == []
        afgerond = Fact(g.OnderzoekAfgerond(uitkomst=(BESCHERMD,), basis="gesprek"), on=GESPREK)
        assert z.volg_einde_melding(staat_na(*begin, afgerond), GESPREK, "melding_ingetrokken") == []


class TestBegin:
    def test_nothing_is_recorded_without_a_melding(self) -> None:
        """An unknown casus is refused, with what to do first."""
        fout = geweigerd("onderzoek_niet_gestart", lambda: doe(z.verstrek_verslag, o.VerstrekVerslag, []))
        assert "melding" in fout.remedy

    def test_under_the_wmo_2007_an_onderzoek_needs_no_running_term(self) -> None:
        """Where the law knows no term, the first act opens the stream."""
        facts = doe(z.plan_gesprek, o.PlanGesprek, [], WMO_2007, gesprek_op=date(2017, 3, 9))
        assert data(facts) == [g.GesprekGepland(op=date(2017, 3, 9))]

    def test_nothing_precedes_the_melding(self) -> None:
        """A fact dated before the melding is refused, naming the field."""
        fout = geweigerd(
            "feit_voor_melding",
            lambda: doe(z.verstrek_verslag, o.VerstrekVerslag, begonnen(), op=date(2017, 2, 14)),
        )
        assert fout.field == "op"


class TestGesprek:
    def test_it_is_planned_on_a_day_to_come(self) -> None:
        """Planning records the day, who comes and how it was agreed; a day in the past is refused."""
        (fact,) = doe(
            z.plan_gesprek,
            o.PlanGesprek,
            begonnen(),
            gesprek_op=date(2017, 3, 9),
            deelnemers=("inwoner", "derde"),
            telefonisch=True,
        )
        assert fact.on == GESPREK
        assert fact.data == g.GesprekGepland(
            op=date(2017, 3, 9), deelnemers=("inwoner", "derde"), telefonisch_afgesproken=True
        )
        geweigerd(
            "gesprek_in_verleden",
            lambda: doe(z.plan_gesprek, o.PlanGesprek, begonnen(), gesprek_op=date(2017, 3, 1)),
        )

    def test_the_letter_confirms_what_was_planned(self) -> None:
        """Den Haag: the confirmation says that the inwoner may bring somebody; without a plan there is no letter."""
        gepland = doe(z.plan_gesprek, o.PlanGesprek, begonnen(), DEN_HAAG, gesprek_op=date(2017, 3, 9))
        (fact,) = doe(
            z.verstuur_afspraakbevestiging,
            o.VerstuurAfspraakbevestiging,
            begonnen(MELDING, *gepland),
            DEN_HAAG,
            clientondersteuning=True,
        )
        assert fact.data == g.AfspraakBevestigd(
            gesprek_op=date(2017, 3, 9), bijstand_genoemd=True, clientondersteuning_genoemd=True
        )
        geweigerd(
            "geen_gesprek_gepland",
            lambda: doe(z.verstuur_afspraakbevestiging, o.VerstuurAfspraakbevestiging, begonnen()),
        )

    def test_each_thing_established_is_a_fact_of_its_own(self) -> None:
        """Demo case 1 step 4: gesprek, identity, pgb and bijdrage explained, each leefgebied; in that order."""
        facts = doe(
            z.leg_gesprek_vast,
            o.LegGesprekVast,
            begonnen(),
            vorm="huisbezoek",
            deelnemers=("inwoner", "clientondersteuner", "wijkteam"),
            identiteitsdocument="gezien",
            pgb_uitgelegd=True,
            bijdrage_uitgelegd=True,
            toestemmingen=(o.Toestemming(aan="derde", omvang=("afspraken", "pgb_beheer")),),
            besproken=(o.Besproken(leefgebied="wonen"), o.Besproken(leefgebied="netwerk", bevinding="klein")),
            niet_besproken=(o.NietBesproken(leefgebied="justitie", reden="niet aan de orde volgens inwoner"),),
        )
        assert data(facts) == [
            g.GesprekGevoerd(vorm="huisbezoek", deelnemers=("inwoner", "clientondersteuner", "wijkteam")),
            g.IdentiteitVastgesteld(soort_document="gezien"),
            ToestemmingGegeven(aan="derde", omvang=("afspraken", "pgb_beheer")),
            g.PgbInformatieGegeven(),
            g.BijdrageUitgelegd(),
            g.LeefgebiedBesproken(leefgebied="wonen"),
            g.LeefgebiedBesproken(leefgebied="netwerk", bevinding="klein"),
            g.LeefgebiedNietBesproken(leefgebied="justitie", reden="niet aan de orde volgens inwoner"),
        ]
        assert {fact.on for fact in facts} == {GESPREK}

    def test_a_gesprek_records_nothing_that_was_not_said(self) -> None:
        """What was not explained, seen or consented to leaves no event behind."""
        facts = doe(z.leg_gesprek_vast, o.LegGesprekVast, begonnen(), vorm="telefonisch", deelnemers=("inwoner",))
        assert data(facts) == [g.GesprekGevoerd(vorm="telefonisch", deelnemers=("inwoner",))]

    def test_a_bsn_missing_at_the_melding_becomes_known_here(self) -> None:
        """Demo case 3: the identity document shows the BSN that the vormvrije melding lacked."""
        facts = doe(
            z.leg_gesprek_vast,
            o.LegGesprekVast,
            begonnen(),
            vorm="huisbezoek",
            deelnemers=("inwoner",),
            identiteitsdocument="paspoort",
            bsn="999999990",
        )
        assert facts[1].data == g.IdentiteitVastgesteld(soort_document="paspoort", bsn_nu_bekend=True, bsn="999999990")

    def test_the_mantelzorger_speaks_for_himself(self) -> None:
        """What the mantelzorger said is an event about the mantelzorger, under his own key."""
        facts = doe(
            z.leg_gesprek_vast,
            o.LegGesprekVast,
            begonnen(),
            vorm="huisbezoek",
            deelnemers=("inwoner", "mantelzorger"),
            mantelzorg=o.Mantelzorg(alleen_gesproken=True, eigen_woorden="ik kan niet meer"),
        )
        assert facts[-1].data == g.MantelzorgSituatieVastgelegd(alleen_gesproken=True, eigen_woorden="ik kan niet meer")
        assert [fact.betrokkene for fact in facts] == ["client", "mantelzorger"]

    def test_a_leefgebied_is_discussed_or_not(self) -> None:
        """The same leefgebied as discussed and not discussed is a contradiction."""
        geweigerd(
            "leefgebied_dubbel",
            lambda: doe(
                z.leg_gesprek_vast,
                o.LegGesprekVast,
                begonnen(),
                vorm="huisbezoek",
                deelnemers=("inwoner",),
                besproken=(o.Besproken(leefgebied="werk"),),
                niet_besproken=(o.NietBesproken(leefgebied="werk", reden="nvt"),),
            ),
        )

    def test_an_aanbieder_holds_it_where_the_inrichting_says_so(self) -> None:
        """Haarlem lets an aanbieder hold the gesprek; Opsterland does not."""
        velden: dict[str, Any] = {"door": AANBIEDER, "vorm": "huisbezoek", "deelnemers": ("inwoner", "aanbieder")}
        (fact,) = doe(z.leg_gesprek_vast, o.LegGesprekVast, begonnen(), HAARLEM, **velden)
        assert fact.data == g.GesprekGevoerd(
            vorm="huisbezoek",
            deelnemers=("inwoner", "aanbieder"),
            gevoerd_door="aanbieder",
            organisatie="98765401",
        )
        geweigerd(
            "niet_aangewezen_voor_gesprek",
            lambda: doe(z.leg_gesprek_vast, o.LegGesprekVast, begonnen(), OPSTERLAND, **velden),
        )

    @pytest.mark.parametrize(
        ("reden", "naar_inrichting"), [("volledig_formulier", False), ("inwoner_ziet_af", True), ("herindicatie", True)]
    )
    def test_none_with_its_reason_is_a_fact_too(self, reden: str, naar_inrichting: bool) -> None:
        """No gesprek is recorded with its reason, and with whether the inrichting knows that reason; never refused."""
        inrichting = replace(OPSTERLAND, gesprek_overslaan_bij=("herindicatie",))
        (fact,) = doe(z.leg_vast_geen_gesprek, o.LegVastGeenGesprek, begonnen(), inrichting, reden=reden)
        assert fact.data == g.GesprekAchterwegeGelaten(reden=reden, naar_inrichting=naar_inrichting)
        assert staat_na(*begonnen(), fact).basis == reden

    def test_clientondersteuning_in_use_is_another_fact_than_its_offer(self) -> None:
        """Demo case 1 step 3: the inwoner uses it; where the gemeente names one organisation, that is the one."""
        (fact,) = doe(z.schakel_clientondersteuner_in, o.SchakelClientondersteunerIn, begonnen())
        assert fact.data == g.ClientondersteunerIngeschakeld(organisatie="mee")
        meer = replace(OPSTERLAND, clientondersteuning_bij=("mee", "plus_punt"))
        (fact,) = doe(z.schakel_clientondersteuner_in, o.SchakelClientondersteunerIn, begonnen(), meer)
        assert fact.data == g.ClientondersteunerIngeschakeld(organisatie=None)


class TestPersoonlijkPlan:
    VRIJDAG = date(2017, 4, 7)

    def ontvang(self, op: date) -> Fact:
        (fact,) = doe(
            z.ontvang_persoonlijk_plan,
            o.OntvangPersoonlijkPlan,
            begonnen(self.VRIJDAG),
            op=op,
            hulp_van="clientondersteuner",
        )
        return fact

    def rond_af(self, *eerder: Fact) -> list[Fact]:
        facts = begonnen(self.VRIJDAG, gevoerd(date(2017, 4, 20)), *eerder)
        return doe(z.rond_onderzoek_af, o.RondOnderzoekAf, facts, op=date(2017, 5, 10), uitkomst=(BESCHERMD,))

    def test_after_easter_it_is_still_in_time(self) -> None:
        """S14: seven days after 7 April is Good Friday; the Tuesday after Easter is the last day."""
        assert self.ontvang(date(2017, 4, 18)).data == g.PersoonlijkPlanOntvangen(
            op=date(2017, 4, 18), op_tijd=True, hulp_van="clientondersteuner"
        )
        laat = self.ontvang(date(2017, 4, 19)).data
        assert isinstance(laat, g.PersoonlijkPlanOntvangen)
        assert laat.op_tijd is False

    def test_a_plan_in_time_must_be_used_before_the_end(self) -> None:
        """S14 step 4 and 5: finishing without the plan is refused; once it is recorded how it was used, it goes."""
        plan = self.ontvang(date(2017, 4, 18))
        geweigerd("persoonlijk_plan_niet_betrokken", lambda: self.rond_af(plan))
        (betrokken,) = doe(
            z.betrek_persoonlijk_plan,
            o.BetrekPersoonlijkPlan,
            begonnen(self.VRIJDAG, plan),
            op=date(2017, 5, 10),
            toelichting="deel 2 anders, want te zwaar",
            afgeweken=True,
        )
        assert betrokken.data == g.PersoonlijkPlanBetrokken(
            afwijking_gemotiveerd=True, toelichting="deel 2 anders, want te zwaar"
        )
        assert any(isinstance(fact.data, g.OnderzoekAfgerond) for fact in self.rond_af(plan, betrokken))

    def test_a_late_plan_does_not_hold_up_the_onderzoek(self) -> None:
        """Only a plan within the seven days must be used."""
        assert self.rond_af(self.ontvang(date(2017, 4, 19)))


class TestVerslag:
    def test_it_is_made_and_given_as_a_version(self) -> None:
        """The verslag is made and given; a next one is version 2."""
        facts = doe(z.verstrek_verslag, o.VerstrekVerslag, begonnen(MELDING, gevoerd()), inhoud="tekst")
        assert data(facts) == [g.VerslagOpgesteld(versie=1, inhoud="tekst"), g.VerslagVerstrekt(versie=1)]
        tweede = doe(z.verstrek_verslag, o.VerstrekVerslag, begonnen(MELDING, *facts))
        assert tweede[-1].data == g.VerslagVerstrekt(versie=2)

    def test_in_haarlem_it_is_put_before_the_inwoner_to_sign(self) -> None:
        """S17: made, given and put before the inwoner to complete and sign, as the inrichting or the command says."""
        op = date(2015, 10, 14)
        begin = begonnen(date(2015, 9, 16))
        facts = doe(z.verstrek_verslag, o.VerstrekVerslag, begin, HAARLEM, op=op)
        assert facts[-1].data == g.VerslagVoorgelegd(versie=1, op=op)
        zonder = doe(z.verstrek_verslag, o.VerstrekVerslag, begin, HAARLEM, op=op, ter_ondertekening=False)
        assert g.VerslagVoorgelegd(versie=1, op=op) not in data(zonder)

    @pytest.mark.parametrize(("inrichting", "aanvraag"), [(HAARLEM, True), (OPSTERLAND, False)])
    def test_signed_and_agreed_it_is_an_aanvraag_where_the_inrichting_says_so(
        self, inrichting: OnderzoekInrichting, aanvraag: bool
    ) -> None:
        """S17: in Haarlem the signed verslag is the aanvraag, elsewhere a signature is a signature."""
        (fact,) = doe(z.onderteken_verslag, o.OndertekenVerslag, begonnen(MELDING, verslag()), inrichting)
        assert isinstance(fact.data, g.VerslagOndertekend)
        assert (fact.data.op, fact.data.onder_protest) == (GESPREK, False)
        assert fact.data.geldt_als_aanvraag is aanvraag

    def test_under_protest_is_not_in_agreement(self) -> None:
        """S18: a signature under protest is recorded, is no aanvraag, and cannot be booked as agreement."""
        eerder = begonnen(MELDING, verslag())
        (fact,) = doe(
            z.onderteken_verslag,
            o.OndertekenVerslag,
            eerder,
            HAARLEM,
            akkoord=False,
            onder_protest=True,
            bij="aanbieder",
        )
        assert isinstance(fact.data, g.VerslagOndertekend)
        assert fact.data.geldt_als_aanvraag is False
        geweigerd(
            "geen_instemming",
            lambda: doe(z.onderteken_verslag, o.OndertekenVerslag, eerder, HAARLEM, onder_protest=True),
        )

    def test_a_correction_is_an_annex_also_after_the_end(self) -> None:
        """Demo case 3 step 9: annexes are numbered and name the version; the verslag stays as it was."""
        afgerond = Fact(g.OnderzoekAfgerond(uitkomst=(BESCHERMD,), basis="gesprek"), on=GESPREK)
        eerder = begonnen(MELDING, verslag(), afgerond)
        (eerste,) = doe(z.corrigeer_verslag, o.CorrigeerVerslag, eerder, tekst="niet drie maar vier")
        assert eerste.data == g.BijlageToegevoegd(
            nummer=1, door="inwoner", soort="correctie", verslagversie=1, tekst="niet drie maar vier"
        )
        na = staat_na(*eerder, eerste)
        assert na.verslagversie == 1
        (tweede,) = doe(z.corrigeer_verslag, o.CorrigeerVerslag, [*eerder, eerste], namens="mantelzorger")
        assert isinstance(tweede.data, g.BijlageToegevoegd)
        assert tweede.data.nummer == 2
        assert tweede.betrokkene == "mantelzorger"

    def test_without_a_verslag_there_is_nothing_to_correct_or_sign(self) -> None:
        """Correcting and signing need a verslag."""
        geweigerd("geen_verslag", lambda: doe(z.corrigeer_verslag, o.CorrigeerVerslag, begonnen()))
        geweigerd("geen_verslag", lambda: doe(z.onderteken_verslag, o.OndertekenVerslag, begonnen()))


class TestEinde:
    def rond_af(self, *eerder: Fact, **velden: Any) -> list[Fact]:
        gegeven: dict[str, Any] = {"op": date(2017, 3, 22), "uitkomst": (BESCHERMD,), **velden}
        inrichting = gegeven.pop("inrichting", OPSTERLAND)
        return doe(z.rond_onderzoek_af, o.RondOnderzoekAf, begonnen(MELDING, *eerder), inrichting, **gegeven)

    def test_in_time_it_meets_the_term_with_days_left(self) -> None:
        """Demo case 1 step 6: finished on 22 March with seven days left, with the consent of the day before."""
        facts = self.rond_af(gevoerd(), akkoord_op=date(2017, 3, 21))
        assert data(facts) == [
            g.OnderzoekAfgerond(
                uitkomst=(BESCHERMD,), basis="gesprek", akkoord_inwoner=True, akkoord_op=date(2017, 3, 21)
            ),
            t.TermijnGehaald(soort="onderzoek", uiterlijk=date(2017, 3, 29), dagen_over=7),
        ]

    def test_on_the_last_day_it_is_in_time_and_the_day_after_too_late(self) -> None:
        """Nil days left is met; one day later the overrun stands, dated on that day, before the outcome."""
        assert self.rond_af(gevoerd(), op=date(2017, 3, 29))[-1].data == t.TermijnGehaald(
            soort="onderzoek", uiterlijk=date(2017, 3, 29), dagen_over=0
        )
        laat = self.rond_af(gevoerd(), op=date(2017, 4, 6))
        assert [type(fact.data).__name__ for fact in laat] == ["TermijnOverschreden", "OnderzoekAfgerond"]
        assert [fact.on for fact in laat] == [date(2017, 3, 30), date(2017, 4, 6)]

    def test_recorded_after_the_overrun_but_done_in_time_the_term_was_met(self) -> None:
        """The day of the fact counts, not the day on which it was recorded."""
        (overschreden,) = z.termijn_verstreken(staat_na(*begonnen()), date(2017, 4, 1))
        facts = self.rond_af(gevoerd(), overschreden, op=date(2017, 3, 28))
        assert facts[-1].data == t.TermijnGehaald(soort="onderzoek", uiterlijk=date(2017, 3, 29), dagen_over=1)

    def test_what_was_not_investigated_is_not_finished(self) -> None:
        """Without a gesprek, and without the reason why there was none, there is no onderzoek."""
        geweigerd("gesprek_of_reden_ontbreekt", self.rond_af)
        reden = Fact(g.GesprekAchterwegeGelaten(reden="volledig_formulier"), on=GESPREK)
        afgerond = self.rond_af(reden)[0].data
        assert isinstance(afgerond, g.OnderzoekAfgerond)
        assert afgerond.basis == "volledig_formulier"

    def test_an_outcome_outside_the_wmo_is_an_outcome(self) -> None:
        """Own strength, another law or nothing at all can be what comes out; it is recorded as such."""
        for soort in ("andere_wet", "eigen_kracht", "sociaal_netwerk", "geen"):
            afgerond = self.rond_af(gevoerd(), uitkomst=(g.Uitkomst(soort=soort),))[0].data
            assert isinstance(afgerond, g.OnderzoekAfgerond)
            assert afgerond.uitkomst[0].soort == soort

    @pytest.mark.parametrize(
        ("uitkomst", "reden"),
        [
            (g.Uitkomst(), "voorziening_ontbreekt"),
            (g.Uitkomst(voorziening="maatwerkarrangement", resultaatgebied=6), "onbekend_resultaatgebied"),
            (
                g.Uitkomst(voorziening="maatwerkarrangement", resultaatgebied=1, intensiteit="Extra"),
                "onbekende_intensiteit",
            ),
        ],
    )
    def test_an_outcome_is_in_the_words_of_the_gemeente(self, uitkomst: g.Uitkomst, reden: str) -> None:
        """A resultaatgebied or intensiteit that the inrichting does not have is refused with what it has."""
        fout = geweigerd(reden, lambda: self.rond_af(gevoerd(), uitkomst=(uitkomst,), inrichting=DEN_HAAG))
        assert fout.remedy

    def test_an_arrangement_of_den_haag_is_recorded_per_gebied(self) -> None:
        """Demo case 3 step 8: two resultaatgebieden with their intensiteit."""
        delen = (
            g.Uitkomst(voorziening="maatwerkarrangement", resultaatgebied=1, intensiteit="Plus"),
            g.Uitkomst(voorziening="maatwerkarrangement", resultaatgebied=3, intensiteit="Basis"),
        )
        afgerond = self.rond_af(gevoerd(), uitkomst=delen, inrichting=DEN_HAAG)[0].data
        assert isinstance(afgerond, g.OnderzoekAfgerond)
        assert afgerond.uitkomst == delen

    def test_finished_is_finished(self) -> None:
        """After the end no gesprek, plan or second end is recorded."""
        afgerond = self.rond_af(gevoerd())
        eerder = begonnen(MELDING, gevoerd(), *afgerond)
        geweigerd("onderzoek_al_afgerond", lambda: self.rond_af(gevoerd(), *afgerond))
        geweigerd(
            "onderzoek_al_afgerond", lambda: doe(z.plan_gesprek, o.PlanGesprek, eerder, gesprek_op=date(2017, 4, 3))
        )

    def test_broken_off_it_takes_nothing_more(self) -> None:
        """Breaking off names a reason and ends the term; every later act is refused."""
        facts = doe(z.breek_onderzoek_af, o.BreekOnderzoekAf, begonnen(), reden="overleden")
        assert facts[0].data == g.OnderzoekAfgebroken(reden="overleden")
        geweigerd("onderzoek_afgebroken", lambda: self.rond_af(gevoerd(), *facts))

    def test_broken_off_too_late_the_overrun_stands(self) -> None:
        """Breaking off after the last day does not hide that the term ran out."""
        facts = doe(z.breek_onderzoek_af, o.BreekOnderzoekAf, begonnen(), op=date(2017, 5, 1), reden="geen_medewerking")
        assert [type(fact.data).__name__ for fact in facts] == ["TermijnOverschreden", "OnderzoekAfgebroken"]
