"""What the service melding records and refuses, as given / when / then on the pure decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd, ToestemmingGegeven
from services.melding import melding as m
from services.melding import opdrachten as o
from services.melding.gebeurtenissen import (
    ClientondersteuningAangeboden,
    ClientondersteuningAfgeslagen,
    ContactGeregistreerd,
    Doorverwezen,
    GebruikAlgemeneVoorzieningGeteld,
    Gegeven,
    MelderVastgelegd,
    MeldingAfgesloten,
    MeldingBevestigd,
    MeldingDoorgegeven,
    MeldingGeregistreerd,
    MeldingIngetrokken,
    OverdrachtGeaccepteerd,
    PersoonlijkPlanMogelijkheidMeegedeeld,
    VraagVerhelderd,
)
from services.melding.inrichting import MeldingInrichting, Triage

DAG = date(2017, 2, 15)
INWONER = Actor("inwoner", None, "p-inwoner")
DOCHTER = Actor("derde", None, "p-dochter")
KCC = Actor("kcc", "1940", "p-kcc")
WIJKTEAM = Actor("wijkteam", "0086", "p-team")

OPSTERLAND = MeldingInrichting(
    gemeente="0086",
    naam="Opsterland",
    versie="opsterland@1",
    team="gebiedsteam_opsterland",
    kanaal_standaard="telefoon_uitvoeringsteam",
    vormvrij_alle=True,
    clientondersteuning_bij=("mee",),
)
DEN_HAAG = MeldingInrichting(
    gemeente="0518",
    naam="Den Haag",
    versie="den-haag@2",
    team="wijkzorgteam",
    vormvrij=frozenset({"huishoudelijke_hulp", "begeleiding_individueel"}),
    clientondersteuning_momenten=("telefonische_afspraak", "afspraakbevestiging"),
    aliassen={"hulp_bij_huishouden": "huishoudelijke_hulp"},
    onderdeel_van={"huishoudelijke_hulp_2": "huishoudelijke_hulp"},
)
FRYSKE_MARREN = MeldingInrichting(
    gemeente="1940",
    naam="De Fryske Marren",
    versie="de-fryske-marren@1",
    team="sociaal_wijkteam",
    triage=Triage(punt="kcc_zorg", doorgeven_aan="sociaal_wijkteam"),
)


def staat_na(*facts: Fact) -> m.Melding:
    return m.MELDING.fold(list(facts))


def soorten(facts: list[Fact]) -> list[str]:
    return [type(fact.data).__name__ for fact in facts]


def gemeld(**anders: Any) -> list[Fact]:
    velden = {"op": DAG, "door": INWONER, "naam": "Testpersoon", **anders}
    return m.registreer_melding(m.Melding(), o.RegistreerMelding(**velden), OPSTERLAND)


def geregistreerd(facts: list[Fact]) -> MeldingGeregistreerd:
    data = facts[0].data
    assert isinstance(data, MeldingGeregistreerd)
    return data


def geweigerd(reden: str, doe: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as gevangen:
        doe()
    assert gevangen.value.reason == reden
    return gevangen.value


class TestMelding:
    def test_a_melding_is_recorded_on_its_own_day_with_owner_and_woongemeente(self) -> None:
        """The gemeente that receives the melding is the woongemeente, and the receiving team the owner, by default."""
        facts = gemeld(kanaal="telefoon_uitvoeringsteam", ontvangen_door="gebiedsteam", thema="beschermd_wonen")
        data = geregistreerd(facts)
        assert (data.melder, data.kanaal, data.woongemeente) == ("inwoner", "telefoon_uitvoeringsteam", "0086")
        assert data.ontvangen_door == "gebiedsteam"
        assert [fact.on for fact in facts] == [DAG, DAG]
        assert facts[1].data == BetrokkenheidVastgelegd(
            organisatie="0086", als="woongemeente", vanaf=DAG, thema="beschermd_wonen"
        )

    def test_the_person_it_is_about_stays_the_client_when_another_reports(self) -> None:
        """S05: the daughter reports; the mother is the client, under her own pseudonym and for the whole casus."""
        facts = gemeld(door=DOCHTER, namens="inwoner", akkoord_inwoner=True, client="p-moeder")
        assert BetrokkenheidVastgelegd(organisatie="p-moeder", als="client", vanaf=DAG) in [f.data for f in facts]

    def test_name_and_address_are_enough_and_a_missing_bsn_blocks_nothing(self) -> None:
        """S01: a melding with only name, address and woonplaats is recorded, vormvrij, with those fields named."""
        opdracht = o.RegistreerMelding(
            op=DAG, door=INWONER, naam="T", adres="Straat 1", woonplaats="Den Haag", voorziening="hulp_bij_huishouden"
        )
        data = geregistreerd(m.registreer_melding(m.Melding(), opdracht, DEN_HAAG))
        assert data.vorm == "vormvrij"
        assert data.velden == ("naam", "adres", "woonplaats")
        assert data.bsn is None

    @pytest.mark.parametrize(
        ("voorziening", "vorm"),
        [
            ("huishoudelijke_hulp", "vormvrij"),
            ("huishoudelijke_hulp_2", "vormvrij"),
            ("woonvoorziening", "formulier"),
            (None, "vormvrij"),
        ],
    )
    def test_the_form_is_recorded_and_never_a_ground_to_turn_away(self, voorziening: str | None, vorm: str) -> None:
        """Where a gemeente wants a form, a melding without one is still a melding of that day."""
        opdracht = o.RegistreerMelding(op=DAG, door=INWONER, voorziening=voorziening)
        assert geregistreerd(m.registreer_melding(m.Melding(), opdracht, DEN_HAAG)).vorm == vorm

    def test_a_daughter_reports_and_her_mother_is_the_betrokkene(self) -> None:
        """S05: who reports on behalf of another does not become the one whom the casus is about."""
        data = geregistreerd(gemeld(door=DOCHTER, relatie="dochter", akkoord_inwoner=True, contactpersoon=True))
        assert (data.melder, data.relatie, data.betrokkene, data.namens) == ("derde", "dochter", "inwoner", "inwoner")
        assert data.akkoord_inwoner is True
        assert data.melder_is_contactpersoon is True

    def test_staff_that_writes_it_down_does_not_become_the_melder(self) -> None:
        """A KCC employee registers what an inwoner reports by telephone."""
        assert geregistreerd(gemeld(door=KCC)).melder == "inwoner"

    def test_the_data_of_another_melder_are_his_own(self) -> None:
        """Name and number of the daughter stand in an event of their own, under her key."""
        facts = gemeld(door=DOCHTER, relatie="dochter", melder_naam="D", melder_telefoon="0612345678")
        apart = facts[1]
        assert apart.data == MelderVastgelegd(relatie="dochter", naam="D", telefoon="0612345678")
        assert apart.betrokkene == "derde"
        assert "D" not in {getattr(facts[0].data, name) for name in ("naam", "telefoon", "hulpvraag")}

    def test_against_the_will_of_the_inwoner_it_is_no_melding(self) -> None:
        """A third party whose report the inwoner does not agree with does not act on his behalf."""
        fout = geweigerd("inwoner_niet_akkoord", lambda: gemeld(door=DOCHTER, akkoord_inwoner=False))
        assert fout.field == "akkoord_inwoner"
        assert gemeld(door=DOCHTER, melder="vertegenwoordiger", akkoord_inwoner=False)

    def test_taken_for_another_gemeente_both_are_involved(self) -> None:
        """A melding about somebody who lives elsewhere involves the woongemeente and the gemeente that takes it."""
        betrokken = [f.data for f in gemeld(woongemeente="0074") if isinstance(f.data, BetrokkenheidVastgelegd)]
        assert [(b.organisatie, b.als) for b in betrokken] == [
            ("0074", "woongemeente"),
            ("0086", "uitvoerende_gemeente"),
        ]

    def test_a_casus_has_one_melding(self) -> None:
        """The six weeks run from one day: a second melding in the same casus is refused."""
        staat = staat_na(*gemeld())
        opdracht = o.RegistreerMelding(op=date(2017, 3, 1), door=INWONER)
        fout = geweigerd("melding_al_geregistreerd", lambda: m.registreer_melding(staat, opdracht, OPSTERLAND))
        assert "15-2-2017" in fout.detail


class TestBevestiging:
    def bevestig(self, facts: list[Fact], inrichting: MeldingInrichting = OPSTERLAND, **velden: Any) -> list[Fact]:
        opdracht = o.BevestigMelding(**{"op": date(2017, 2, 16), "door": WIJKTEAM, **velden})
        return m.bevestig_melding(staat_na(*facts), opdracht, inrichting)

    def test_it_confirms_tells_of_the_plan_and_offers_clientondersteuning(self) -> None:
        """Art. 2.3.2 lid 1-3: receipt, persoonlijk plan within seven days of the melding, cliëntondersteuning."""
        facts = self.bevestig(gemeld())
        assert [fact.data for fact in facts] == [
            MeldingBevestigd(aan=("inwoner",)),
            PersoonlijkPlanMogelijkheidMeegedeeld(rekendatum=date(2017, 2, 22), inleveren_tot_en_met=date(2017, 2, 22)),
            ClientondersteuningAangeboden(moment="bevestiging", belegd_bij=("mee",)),
        ]

    def test_the_plan_term_counts_from_the_melding_and_shifts_past_the_weekend(self) -> None:
        """Melding on Saturday 8 July 2017: the seventh day is a Saturday, so Monday 17 July is the last day."""
        facts = self.bevestig(gemeld(op=date(2017, 7, 8)), DEN_HAAG, op=date(2017, 7, 10))
        assert facts[1].data == PersoonlijkPlanMogelijkheidMeegedeeld(
            rekendatum=date(2017, 7, 15), inleveren_tot_en_met=date(2017, 7, 17)
        )

    def test_where_it_is_offered_later_the_confirmation_does_not_claim_it(self) -> None:
        """Den Haag offers cliëntondersteuning by telephone and in the letter, so the confirmation records no offer."""
        assert soorten(self.bevestig(gemeld(), DEN_HAAG)) == [
            "MeldingBevestigd",
            "PersoonlijkPlanMogelijkheidMeegedeeld",
        ]
        assert soorten(self.bevestig(gemeld(), DEN_HAAG, clientondersteuning=True))[-1] == (
            "ClientondersteuningAangeboden"
        )
        assert len(self.bevestig(gemeld(), clientondersteuning=False)) == 2

    def test_another_melder_hears_of_the_receipt_unless_told_otherwise(self) -> None:
        """The daughter gets notice of receipt, her mother the confirmation."""
        melding = gemeld(door=DOCHTER, akkoord_inwoner=True)
        assert self.bevestig(melding)[0].data == MeldingBevestigd(aan=("inwoner", "derde"))
        alleen = self.bevestig(melding, ontvangstbericht_aan_melder=False)[0].data
        assert alleen == MeldingBevestigd(aan=("inwoner",))

    def test_a_melding_is_confirmed_once(self) -> None:
        """A second confirmation says nothing new and is refused."""
        facts = gemeld()
        geweigerd("melding_al_bevestigd", lambda: self.bevestig([*facts, *self.bevestig(facts)]))

    def test_nothing_is_confirmed_without_or_before_a_melding(self) -> None:
        """What has not begun cannot be confirmed, nor on a day before the melding."""
        geweigerd("casus_onbekend", lambda: self.bevestig([]))
        fout = geweigerd("feit_voor_melding", lambda: self.bevestig(gemeld(), op=date(2017, 2, 14)))
        assert fout.field == "op"


class TestClientondersteuning:
    def test_it_may_be_offered_at_more_moments(self) -> None:
        """Den Haag: on the telephone and in the letter, two facts."""
        staat = staat_na(*gemeld())
        for moment in ("telefonische_afspraak", "afspraakbevestiging"):
            opdracht = o.BiedClientondersteuningAan(op=date(2017, 7, 11), door=WIJKTEAM, moment=moment)
            (fact,) = m.bied_clientondersteuning_aan(staat, opdracht, DEN_HAAG)
            assert fact.data == ClientondersteuningAangeboden(moment=moment)
            staat = m.evolve(staat, fact)

    def test_it_is_declined_by_the_inwoner_after_an_offer_only(self) -> None:
        """Afslaan is what the inwoner does; without an offer there is nothing to decline."""
        melding = gemeld()
        opdracht = o.SlaClientondersteuningAf(op=date(2017, 7, 14), door=INWONER)
        geweigerd(
            "clientondersteuning_niet_aangeboden", lambda: m.sla_clientondersteuning_af(staat_na(*melding), opdracht)
        )
        aangeboden = Fact(ClientondersteuningAangeboden(moment="telefonische_afspraak"), on=DAG)
        (fact,) = m.sla_clientondersteuning_af(staat_na(*melding, aangeboden), opdracht)
        assert fact.data == ClientondersteuningAfgeslagen(door="inwoner")


class TestEersteContact:
    BELLEN = o.RegistreerContact(op=date(2017, 2, 6), door=INWONER, kanaal="telefoon")

    def contact(self, *eerder: Fact, op: date = date(2017, 2, 6)) -> list[Fact]:
        return m.registreer_contact(staat_na(*eerder), replace(self.BELLEN, op=op), FRYSKE_MARREN)

    def verhelder(self, **velden: Any) -> list[Fact]:
        opdracht = o.VerhelderVraag(**{"op": date(2017, 2, 6), "door": KCC, "vraag": "boodschappen", **velden})
        return m.verhelder_vraag(staat_na(*self.contact()), opdracht, FRYSKE_MARREN)

    def test_contact_is_no_melding(self) -> None:
        """S06: a call is recorded at the point where it came in; no term and no melding follow from it."""
        (fact,) = self.contact()
        assert fact.data == ContactGeregistreerd(kanaal="telefoon", punt="kcc_zorg")
        assert staat_na(fact).gemeld_op is None

    def test_a_second_call_follows_on_the_first(self) -> None:
        """A later contact in the same casus points at the first, so that the story need not be told twice."""
        (tweede,) = self.contact(*self.contact(), op=date(2017, 3, 6))
        assert tweede.data == ContactGeregistreerd(kanaal="telefoon", punt="kcc_zorg", vervolg_op="eerste_contact")

    def test_the_triage_keeps_question_domain_and_contact_data(self) -> None:
        """What the inrichting allows is recorded, with the names of the fields as facts and the content apart."""
        (fact,) = self.verhelder(contactgegevens="0612345678")
        assert fact.data == VraagVerhelderd(
            domein="wmo",
            velden=("hulpvraag_kort", "domein", "contactgegevens"),
            vraag="boodschappen",
            contactgegevens="0612345678",
        )

    @pytest.mark.parametrize("inrichting", [FRYSKE_MARREN, OPSTERLAND])
    def test_more_than_the_triage_needs_is_refused(self, inrichting: MeldingInrichting) -> None:
        """S06 step 3: health and income do not belong in a triage, with or without a list in the inrichting."""
        opdracht = o.VerhelderVraag(
            op=date(2017, 2, 6), door=KCC, vraag="hulp", overig={"inkomen": "1.200", "diagnose": "x"}
        )
        staat = staat_na(*self.contact())
        fout = geweigerd("meer_gegevens_dan_nodig_voor_triage", lambda: m.verhelder_vraag(staat, opdracht, inrichting))
        assert "diagnose, inkomen" in fout.detail
        assert "1.200" not in str(fout.problem())

    def test_an_inrichting_may_let_the_triage_keep_more(self) -> None:
        """A field that the inrichting lists is kept, as personal data."""
        ruimer = replace(FRYSKE_MARREN, triage=Triage(max_velden=("hulpvraag_kort", "domein", "huisarts")))
        opdracht = o.VerhelderVraag(op=date(2017, 2, 6), door=KCC, vraag="hulp", overig={"huisarts": "dr. T"})
        (fact,) = m.verhelder_vraag(staat_na(*self.contact()), opdracht, ruimer)
        assert isinstance(fact.data, VraagVerhelderd)
        assert fact.data.overig == (Gegeven(naam="huisarts", waarde="dr. T"),)

    def test_a_referral_leaves_the_right_to_a_melding(self) -> None:
        """S06: referred in February, a melding in March: it counts from March and the earlier contact stays."""
        verwijs = o.VerwijsDoor(op=date(2017, 2, 6), door=KCC, naar="boodschappendienst")
        eerder = self.contact()
        verwezen = m.verwijs_door(staat_na(*eerder), verwijs, FRYSKE_MARREN)
        assert verwezen[0].data == Doorverwezen(
            naar="boodschappendienst", soort="algemene_voorziening", reden="passend"
        )
        later = o.RegistreerMelding(op=date(2017, 3, 6), door=INWONER)
        melding = m.registreer_melding(staat_na(*eerder, *verwezen), later, FRYSKE_MARREN)
        assert melding[0].on == date(2017, 3, 6)

    def test_no_referral_where_the_inrichting_leaves_that_to_the_team(self) -> None:
        """A contact point that may not refer is told to hand the melding on."""
        streng = replace(FRYSKE_MARREN, triage=Triage(mag_verwijzen=False))
        verwijs = o.VerwijsDoor(op=date(2017, 2, 6), door=KCC, naar="boodschappendienst")
        staat = staat_na(*self.contact())
        geweigerd("mag_niet_verwijzen", lambda: m.verwijs_door(staat, verwijs, streng))

    def test_a_melding_cannot_be_referred_away(self) -> None:
        """After a melding an onderzoek is due: a referral cannot take its place."""
        verwijs = o.VerwijsDoor(op=DAG, door=KCC, naar="boodschappendienst")
        staat = staat_na(*gemeld())
        geweigerd("melding_vraagt_onderzoek", lambda: m.verwijs_door(staat, verwijs, FRYSKE_MARREN))

    def test_without_contact_there_is_nothing_to_clarify_or_refer(self) -> None:
        """An unknown casus is refused by name, not opened by accident."""
        verhelder = o.VerhelderVraag(op=DAG, door=KCC, vraag="x")
        geweigerd("casus_onbekend", lambda: m.verhelder_vraag(m.Melding(), verhelder, FRYSKE_MARREN))
        verwijs = o.VerwijsDoor(op=DAG, door=KCC, naar="x")
        geweigerd("casus_onbekend", lambda: m.verwijs_door(m.Melding(), verwijs, FRYSKE_MARREN))

    def test_after_the_melding_contact_belongs_to_the_casus(self) -> None:
        """Contact is recorded before the melding; a fact before the first contact is refused."""
        geweigerd("melding_al_geregistreerd", lambda: self.contact(*gemeld(), op=date(2017, 3, 1)))
        geweigerd("feit_voor_melding", lambda: self.contact(*self.contact(), op=date(2017, 2, 5)))


class TestOverdracht:
    DONDERDAG = date(2017, 4, 13)

    def bij_kcc(self) -> list[Fact]:
        contact = Fact(ContactGeregistreerd(kanaal="telefoon", punt="kcc_zorg"), on=self.DONDERDAG)
        melding = o.RegistreerMelding(op=self.DONDERDAG, door=INWONER)
        return [contact, *m.registreer_melding(staat_na(contact), melding, FRYSKE_MARREN)]

    def doorgegeven(self) -> list[Fact]:
        opdracht = o.GeefMeldingDoor(op=self.DONDERDAG, door=KCC)
        eerder = self.bij_kcc()
        return [*eerder, *m.geef_melding_door(staat_na(*eerder), opdracht, FRYSKE_MARREN)]

    def test_who_hands_on_stays_owner_until_the_other_accepts(self) -> None:
        """S07: after the hand-over the KCC is still owner; after acceptance the team is."""
        doorgegeven = self.doorgegeven()
        assert doorgegeven[-1].data == MeldingDoorgegeven(van="kcc", naar="sociaal_wijkteam")
        assert staat_na(*doorgegeven).eigenaar == "kcc"
        accepteer = o.AccepteerOverdracht(op=date(2017, 4, 18), door=WIJKTEAM)
        (fact,) = m.accepteer_overdracht(staat_na(*doorgegeven), accepteer)
        assert fact.data == OverdrachtGeaccepteerd(
            door="sociaal_wijkteam", op=date(2017, 4, 18), contactpersoon="p-team"
        )
        na = staat_na(*doorgegeven, fact)
        assert (na.eigenaar, na.overdracht_naar) == ("sociaal_wijkteam", None)

    def test_nobody_accepts_what_was_not_handed_to_him(self) -> None:
        """Without a hand-over there is nothing to accept, and the giver cannot accept his own."""
        accepteer = o.AccepteerOverdracht(op=date(2017, 4, 18), door=KCC)
        geweigerd("geen_overdracht", lambda: m.accepteer_overdracht(staat_na(*self.bij_kcc()), accepteer))
        geweigerd("overdracht_niet_aan_u", lambda: m.accepteer_overdracht(staat_na(*self.doorgegeven()), accepteer))

    def test_a_melding_is_not_handed_to_its_owner(self) -> None:
        """A hand-over has two parties."""
        opdracht = o.GeefMeldingDoor(op=DAG, door=WIJKTEAM)
        staat = staat_na(*gemeld())
        geweigerd("al_eigenaar", lambda: m.geef_melding_door(staat, opdracht, OPSTERLAND))


class TestToestemmingEnEinde:
    def test_consent_comes_from_the_inwoner(self) -> None:
        """S05: mother lets her daughter have the appointments; the daughter cannot grant it to herself."""
        staat = staat_na(*gemeld(door=DOCHTER))
        opdracht = o.GeefToestemming(op=DAG, door=INWONER, aan="derde", omvang=("afspraken",))
        (fact,) = m.geef_toestemming(staat, opdracht)
        assert fact.data == ToestemmingGegeven(aan="derde", omvang=("afspraken",))
        geweigerd("toestemming_niet_van_betrokkene", lambda: m.geef_toestemming(staat, replace(opdracht, door=DOCHTER)))

    def test_after_withdrawal_nothing_more_is_recorded(self) -> None:
        """The inwoner may withdraw; afterwards every act on the melding is refused."""
        melding = gemeld()
        opdracht = o.TrekMeldingIn(op=date(2017, 3, 1), door=INWONER, reden="opgelost")
        (fact,) = m.trek_melding_in(staat_na(*melding), opdracht)
        assert fact.data == MeldingIngetrokken(door="inwoner", reden="opgelost")
        staat = staat_na(*melding, fact)
        bevestig = o.BevestigMelding(op=date(2017, 3, 2), door=WIJKTEAM)
        geweigerd("melding_gesloten", lambda: m.bevestig_melding(staat, bevestig, OPSTERLAND))

    def test_a_gemeente_closes_a_melding_with_a_reason(self) -> None:
        """Closing names a reason, none of which judges the need."""
        opdracht = o.SluitMelding(op=date(2017, 3, 1), door=WIJKTEAM, reden="verhuisd")
        (fact,) = m.sluit_melding(staat_na(*gemeld()), opdracht, OPSTERLAND)
        assert fact.data == MeldingAfgesloten(reden="verhuisd")
        assert not {"afgewezen", "niet_wmo", "algemeen_gebruikelijk"} & set(o.REDENEN_SLUITING)


class TestAlgemeneVoorziening:
    LEEUWARDEN = replace(
        OPSTERLAND,
        naam="Leeuwarden",
        soorten={"huishoudelijke_hulp_1": "algemeen", "huishoudelijke_hulp_2": "maatwerk"},
        aliassen={"hh1": "huishoudelijke_hulp_1"},
        onderdeel_van={"huishoudelijke_hulp_2": "huishoudelijke_hulp_1"},
    )

    def tel(self, voorziening: str) -> list[Fact]:
        opdracht = o.TelGebruikAlgemeneVoorziening(op=DAG, door=INWONER, voorziening=voorziening)
        return m.tel_gebruik_algemene_voorziening(None, opdracht, self.LEEUWARDEN)

    def test_use_is_counted_without_a_person(self) -> None:
        """S35: HH1 is free to use; only that it was used is counted, in a stream of its own."""
        (fact,) = self.tel("hh1")
        assert fact.data == GebruikAlgemeneVoorzieningGeteld(voorziening="hh1", aantal=1)
        assert m.TELLING.kind != m.MELDING.kind
        assert m.TELLING.fold([fact]) is None

    def test_a_maatwerkvoorziening_is_not_counted_away(self) -> None:
        """What needs an onderzoek cannot be recorded as free use."""
        fout = geweigerd("geen_algemene_voorziening", lambda: self.tel("huishoudelijke_hulp_2"))
        assert fout.field == "voorziening"
