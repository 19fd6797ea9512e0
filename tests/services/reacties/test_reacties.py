"""What each service makes of the facts of others, through the log."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete

from casuslog.caller import Caller
from casuslog.hosting.timers import OnTimer
from casuslog.http.client import Problem
from casuslog.store import EVERY_GEMEENTE
from casuslog.store.tables import checkpoints
from casuslog.testing.platform import Platform
from services.beschikking.gebeurtenissen import AanvraagOntvangen, Aanvraagregel, BesluitBekendgemaakt, Besluitregel
from services.melding.gebeurtenissen import MeldingAfgesloten, MeldingIngetrokken
from services.onderzoek.gebeurtenissen import IndicatieIngediend, OnderzoekAfgerond, Uitkomst, VerslagOndertekend
from services.pgb.signaal import SignaalAanToezichtGegeven
from tests.services.reacties.conftest import DAG, HARLINGEN, LEEUWARDEN, OPSTERLAND, Wereld, dagen, melding

ZES_WEKEN = date(2017, 3, 29)
HULP = "begeleiding_individueel"
AFGEROND = OnderzoekAfgerond(uitkomst=(Uitkomst(soort="maatwerkvoorziening"),), basis="gesprek")
ONDERTEKEND = VerslagOndertekend(versie=1, op=DAG, akkoord=True, onder_protest=False, geldt_als_aanvraag=True)
PGB_BESLUIT = BesluitBekendgemaakt(
    wijze="post",
    beschikkingnummer="B-1",
    uitkomst="toegekend",
    leveringsvorm="pgb",
    van=date(2017, 3, 1),
    tot_en_met=date(2017, 12, 31),
    regels=(
        Besluitregel(
            regel=1,
            voorziening=HULP,
            minuten_per_week=120,
            hulpverlener="gekwalificeerd",
            tarief_cent=3500,
            tariefeenheid="uur",
            bedrag_cent=304500,
        ),
    ),
    totaal_cent=304500,
)


class TestOnderzoek:
    def test_a_melding_starts_the_six_weeks(self, wereld: Wereld) -> None:
        """The term runs from the day of the melding, in the stream of the gemeente where it was made."""
        wereld.gebeurde("melding", melding())
        termijn = wereld.one("onderzoek", "termijn-gestart")
        assert (termijn["uiterlijk"], termijn.envelope.gemeente) == (ZES_WEKEN, OPSTERLAND)
        assert termijn.envelope.oorzaak == str(wereld.events("melding")[0].envelope.position)

    @pytest.mark.parametrize(
        ("einde", "reden"),
        [
            (MeldingIngetrokken(door="inwoner", reden="opgelost"), "melding_ingetrokken"),
            (MeldingAfgesloten(reden="verhuisd"), "melding_afgesloten"),
        ],
    )
    def test_the_end_of_the_melding_ends_onderzoek_and_term(
        self, wereld: Wereld, einde: MeldingIngetrokken | MeldingAfgesloten, reden: str
    ) -> None:
        """A melding that ended needs no onderzoek: it stops, and its term never runs out."""
        wereld.gebeurde("melding", melding(), einde)
        assert wereld.names("onderzoek") == ["termijn-gestart", "onderzoek-afgebroken", "termijn-vervallen"]
        assert wereld.one("onderzoek", "onderzoek-afgebroken")["reden"] == reden
        wereld.platform.clock.set(ZES_WEKEN + dagen(30))
        wereld.platform.settle()
        assert "termijn-overschreden" not in wereld.names("onderzoek")

    def test_the_team_that_indicated_hears_what_another_decided(self, wereld: Wereld) -> None:
        """The bekendmaking by the centrumgemeente comes back in the onderzoek of the woongemeente."""
        wereld.gebeurde("melding", melding(thema="beschermd_wonen"))
        wereld.gebeurde(
            "onderzoek",
            AFGEROND,
            IndicatieIngediend(van=OPSTERLAND, aan=LEEUWARDEN, thema="beschermd_wonen", velden=(), pakket=3),
        )
        besluit = BesluitBekendgemaakt(wijze="post", beschikkingnummer="B-2", uitkomst="toegekend", pakket=3)
        wereld.gebeurde("beschikking", besluit, gemeente=LEEUWARDEN, woongemeente=OPSTERLAND)
        terug = wereld.one("onderzoek", "besluit-teruggekoppeld")
        assert (terug["uitkomst"], terug["pakket"], terug.envelope.gemeente) == ("toegekend", 3, OPSTERLAND)

    def test_an_own_besluit_is_not_told_back(self, wereld: Wereld) -> None:
        """Where one gemeente investigates and decides there is nobody to tell."""
        wereld.gebeurde("melding", melding())
        besluit = BesluitBekendgemaakt(wijze="post", beschikkingnummer="B-3", uitkomst="afgewezen")
        wereld.gebeurde("beschikking", besluit, woongemeente=OPSTERLAND)
        assert wereld.names("onderzoek") == ["termijn-gestart"]


class TestTermijnen:
    @pytest.mark.parametrize("te_laat", [1, 200])
    def test_a_term_that_runs_out_is_told_once_and_dated_right(self, wereld: Wereld, te_laat: int) -> None:
        """However late or often the clock is looked at: one event, dated on the first day too late."""
        wereld.gebeurde("melding", melding())
        wereld.platform.clock.set(ZES_WEKEN)
        wereld.platform.settle()
        assert wereld.names("onderzoek") == ["termijn-gestart"]
        wereld.platform.clock.set(ZES_WEKEN + dagen(te_laat))
        wereld.platform.settle()
        for timer in wereld.platform.host.containers["onderzoek"].extensions:
            if isinstance(timer, OnTimer):
                timer.fire_due()
        overschreden = wereld.one("onderzoek", "termijn-overschreden")
        assert overschreden.envelope.feitdatum == ZES_WEKEN + dagen(1)
        assert overschreden["uiterlijk"] == ZES_WEKEN

    def test_it_names_the_inrichting_of_its_last_day(self, wereld: Wereld) -> None:
        """A version that began after the term ran out plays no part, though the clock is looked at under it."""
        wereld.gebeurde("melding", melding("0074"), gemeente="0074")
        wereld.platform.clock.set(ZES_WEKEN + dagen(100))
        wereld.inrichting("0074", "0074", ZES_WEKEN + dagen(50), 2)
        termijn, overschreden = wereld.events("onderzoek")
        assert overschreden.envelope.name == "termijn-overschreden"
        assert overschreden.envelope.inrichtingversie == termijn.envelope.inrichtingversie

    @pytest.mark.parametrize(("soorten", "dossiers"), [(["onderzoek"], 1), (["besluit"], 0)])
    def test_it_is_a_signal_where_the_inrichting_says_so(
        self, wereld: Wereld, soorten: list[str], dossiers: int
    ) -> None:
        """Only for the sorts of terms that the gemeente named, the toezichthouder gets a signal."""
        gemeente = {"onderzoek": "0059", "besluit": "0060"}[soorten[0]]
        arranged = {"aangewezen": True, "organisatie": None}
        sections = {"toezicht": {"toezichthouder": arranged, "signaal_bij_overschreden_termijn": soorten}}
        wereld.inrichting(gemeente, gemeente, DAG, 2, **sections)
        wereld.gebeurde("melding", melding(gemeente), gemeente=gemeente)
        wereld.platform.clock.set(ZES_WEKEN + dagen(3))
        wereld.platform.settle()
        found = [e for e in wereld.platform.events("toezicht") if e.envelope.gemeente == gemeente]
        assert [e["aard"] for e in found] == ["termijn_overschreden_onderzoek"] * dossiers


class TestBeschikking:
    @pytest.mark.parametrize("facts", [(ONDERTEKEND, AFGEROND), (AFGEROND, ONDERTEKEND)])
    def test_a_signed_verslag_is_the_aanvraag_whichever_came_first(
        self, wereld: Wereld, facts: tuple[VerslagOndertekend | OnderzoekAfgerond, ...]
    ) -> None:
        """Signed and investigated to the end: then the aanvraag is there, once, and nothing is parked."""
        wereld.gebeurde("melding", melding())
        for fact in facts:
            wereld.gebeurde("onderzoek", fact)
        aanvraag = wereld.one("beschikking", "aanvraag-ontvangen")
        assert (aanvraag["herkomst"], aanvraag["ondertekend_op"]) == ("ondertekend_verslag", DAG)
        assert wereld.geparkeerd("beschikking") == []

    def test_a_verslag_that_is_no_aanvraag_makes_none(self, wereld: Wereld) -> None:
        """Where the inrichting asks for a form, a signature under the verslag starts no two weeks."""
        geen = VerslagOndertekend(versie=1, op=DAG, akkoord=True, onder_protest=False, geldt_als_aanvraag=False)
        wereld.gebeurde("melding", melding())
        wereld.gebeurde("onderzoek", AFGEROND, geen)
        assert wereld.names("beschikking") == []

    def test_an_aanvraag_that_is_there_stays_the_one(self, wereld: Wereld) -> None:
        """Who applied when six weeks had passed and signs later holds nothing up and applies once."""
        wereld.gebeurde("melding", melding())
        wereld.gebeurde("beschikking", AanvraagOntvangen(ontvangen_door=OPSTERLAND, herkomst="termijn_verstreken"))
        wereld.gebeurde("onderzoek", AFGEROND, ONDERTEKEND)
        assert wereld.one("beschikking", "aanvraag-ontvangen")["herkomst"] == "termijn_verstreken"
        assert wereld.geparkeerd("beschikking") == []


class TestPgb:
    def test_an_aanvraag_for_a_pgb_is_a_wish_with_its_tariffs(self, wereld: Wereld) -> None:
        """Each line that names a helper gets its tariff from the inrichting of the gemeente."""
        regel = Aanvraagregel(regel=1, voorziening=HULP, minuten_per_week=120, hulpverlener="sociaal_netwerk")
        zonder = Aanvraagregel(regel=2, voorziening=HULP)
        aanvraag = AanvraagOntvangen(
            ontvangen_door=HARLINGEN,
            herkomst="aanvraagformulier",
            leveringsvorm_gewenst="pgb",
            gemotiveerd=True,
            regels=(regel, zonder),
        )
        wereld.gebeurde("beschikking", aanvraag, gemeente=HARLINGEN)
        assert [r.regel for r in wereld.one("pgb", "pgb-wens-vastgelegd")["regels"]] == [1]
        assert wereld.one("pgb", "pgb-tarief-berekend")["tarief_cent"] == 3503

    @pytest.mark.parametrize(
        "regels", [(), (Aanvraagregel(regel=1, voorziening=HULP, hulpverlener="sociaal_netwerk"),)]
    )
    def test_a_wish_that_says_little_holds_nothing_up(self, wereld: Wereld, regels: tuple[Aanvraagregel, ...]) -> None:
        """An aanvraag that names no help, or no amount of it, is a wish all the same."""
        aanvraag = AanvraagOntvangen(
            ontvangen_door=HARLINGEN, herkomst="aanvraagformulier", leveringsvorm_gewenst="pgb", regels=regels
        )
        wereld.gebeurde("beschikking", aanvraag, gemeente=HARLINGEN)
        assert wereld.names("pgb")[0] == "pgb-wens-vastgelegd"
        assert wereld.geparkeerd("pgb", HARLINGEN) == []

    def test_an_aanvraag_in_natura_is_none(self, wereld: Wereld) -> None:
        """Without the wish for a pgb there is nothing for this service to record."""
        aanvraag = AanvraagOntvangen(ontvangen_door=HARLINGEN, herkomst="aanvraagformulier")
        wereld.gebeurde("beschikking", aanvraag, gemeente=HARLINGEN)
        assert wereld.names("pgb") == []

    def test_an_announced_pgb_becomes_a_budget(self, wereld: Wereld) -> None:
        """The bekendmaking grants it, with the amounts of the besluit; the SVB becomes involved."""
        wereld.gebeurde("beschikking", PGB_BESLUIT, gemeente=HARLINGEN)
        assert wereld.names("pgb") == ["pgb-toegekend", "betrokkenheid-vastgelegd"]
        assert wereld.one("pgb", "pgb-toegekend")["totaal_cent"] == 304500

    def test_a_refused_pgb_becomes_none(self, wereld: Wereld) -> None:
        """An afwijzing that is announced grants nothing."""
        afgewezen = BesluitBekendgemaakt(
            wijze="post", beschikkingnummer="B-4", uitkomst="afgewezen", leveringsvorm="pgb"
        )
        wereld.gebeurde("beschikking", afgewezen, gemeente=HARLINGEN)
        assert wereld.names("pgb") == []


class TestToezicht:
    def test_a_signal_opens_a_dossier_without_a_trace(self, wereld: Wereld) -> None:
        """Nothing in the envelope of the dossier leads to the signal or the casus, nor the other way round."""
        signaal = SignaalAanToezichtGegeven(aard="declaratie_zonder_hulp", over="hulpverlener_1", week="2017-W06")
        before = len(wereld.platform.events("toezicht"))
        wereld.gebeurde("pgb", signaal, gemeente=HARLINGEN, kind="signaal")
        gegeven = wereld.events("pgb")[0].envelope
        (ontvangen,) = wereld.platform.events("toezicht")[before:]
        told = " ".join(ontvangen.envelope.attributes().values())
        for known in (wereld.casus, gegeven.id, gegeven.correlationid, gegeven.causationid):
            assert known not in told
        assert (ontvangen["aard"], ontvangen["week"]) == ("declaratie_zonder_hulp", "2017-W06")

    def test_the_dossiers_are_for_the_toezichthouder_of_the_gemeente(self, wereld: Wereld) -> None:
        """Another role is refused, and another gemeente has none of them in its list."""
        signaal = SignaalAanToezichtGegeven(aard="declaratie_zonder_hulp", over="hulpverlener_2")
        wereld.gebeurde("pgb", signaal, gemeente=HARLINGEN, kind="signaal")
        own, other = (Caller("toezichthouder", g, f"t-{g}", (g,), "toezicht_wmo") for g in (HARLINGEN, LEEUWARDEN))
        assert wereld.platform.api.get("toezicht", "/dossiers", own)["dossiers"]
        assert wereld.platform.api.get("toezicht", "/dossiers", other)["dossiers"] == []
        with pytest.raises(Problem) as refused:
            wereld.platform.api.get("toezicht", "/dossiers", Caller("inkoper", HARLINGEN, "i-1", (HARLINGEN,)))
        assert refused.value.code == "scheiding_toezicht_en_inkoop"


def test_an_unknown_inrichting_parks_the_lane_and_a_replay_mends_it(wereld: Wereld) -> None:
    """No act is judged without its inrichting: the casus waits with a readable reason, and goes on once it is there."""
    gemeente = "9901"
    wereld.gebeurde("melding", melding(gemeente), gemeente=gemeente)
    (baan,) = wereld.geparkeerd("onderzoek", gemeente)
    assert "inrichting_onbekend" in baan["reden"]
    wereld.inrichting(gemeente, OPSTERLAND, date(2017, 1, 1), 1)
    beheerder = Caller("beheerder", gemeente, "b-1", (gemeente,))
    again = wereld.platform.api.post("onderzoek", f"/geparkeerd/{wereld.casus}/herhaal", beheerder)
    assert again["over"] == 0
    assert wereld.one("onderzoek", "termijn-gestart").envelope.inrichtingversie == "testgemeente@1"


def test_what_comes_twice_has_its_effect_once(tmp_path: Path) -> None:
    """A service that reads the whole log of the others anew, as after a lost checkpoint, logs nothing twice."""
    with Platform(DAG, data=tmp_path) as platform:
        wereld = Wereld(platform)
        wereld.gebeurde("melding", melding(HARLINGEN), gemeente=HARLINGEN)
        wereld.gebeurde("onderzoek", AFGEROND, ONDERTEKEND, gemeente=HARLINGEN)
        wereld.gebeurde("beschikking", PGB_BESLUIT, gemeente=HARLINGEN)
        signaal = SignaalAanToezichtGegeven(aard="declaratie_zonder_hulp", over="hulpverlener_1")
        Wereld(platform).gebeurde("pgb", signaal, gemeente=HARLINGEN, kind="signaal")
        before = {name: [e.envelope.id for e in platform.events(name)] for name in platform.services}
        for name in platform.services:
            with platform.store(name).transaction() as tx:
                tx.conn.execute(delete(checkpoints))
    with Platform(DAG, data=tmp_path) as platform:
        assert {name: [e.envelope.id for e in platform.events(name)] for name in platform.services} == before
        assert platform.store("toezicht").read_log(EVERY_GEMEENTE)
