"""The indicatie between the gemeente that investigates and the one that decides (demo case 1, S34)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from services.onderzoek import gebeurtenissen as g
from services.onderzoek import indicatie as i
from services.onderzoek import onderzoek as z
from services.onderzoek import opdrachten as o
from services.onderzoek.inrichting import IndicatieRegel, OnderzoekInrichting
from services.onderzoek.staat import ONDERZOEK, Onderzoek

VERPLICHT = ("pakket", "duur", "intensiteit", "onderbouwing_24_uurs_toezicht", "problematiek", "netwerk")
OPSTERLAND = OnderzoekInrichting(
    gemeente="0086",
    naam="Opsterland",
    versie="opsterland@1",
    team="gebiedsteam_opsterland",
    akkoord_inwoner_nodig=True,
    indicatie=(
        IndicatieRegel(thema="maatwerk_zelfredzaamheid", wie_indiceert=("uitvoeringsteam",), indienen_bij="0086"),
        IndicatieRegel(
            thema="beschermd_wonen",
            wie_indiceert=("uitvoeringsteam",),
            indienen_bij="0080",
            pakketten=(1, 2, 3, 4),
            verplichte_velden=VERPLICHT,
        ),
    ),
)
TEAM = Actor("wijkteam", "0086", "p-team")
LEEUWARDEN = Actor("centrumgemeente", "0080", "p-leeuwarden")
HEERENVEEN = Actor("partnergemeente", "0074", "p-heerenveen")
DAG = date(2017, 3, 23)
VELDEN = {"duur": "12 maanden", "intensiteit": "dagelijks", "problematiek": "x", "netwerk": "klein"}


def afgerond(*, akkoord: bool | None = True) -> list[Fact]:
    uitkomst = (g.Uitkomst(voorziening="beschermd_wonen", pakket=2),)
    klaar = g.OnderzoekAfgerond(uitkomst=uitkomst, basis="gesprek", akkoord_inwoner=akkoord)
    return [*z.start_termijn(Onderzoek(), date(2017, 2, 15), OPSTERLAND), Fact(klaar, on=date(2017, 3, 22))]


def dien_in(eerder: list[Fact], inrichting: OnderzoekInrichting = OPSTERLAND, **velden: Any) -> list[Fact]:
    gegeven = {"op": DAG, "door": TEAM, "thema": "beschermd_wonen", "pakket": 2, "velden": VELDEN, **velden}
    return i.dien_indicatie_in(ONDERZOEK.fold(eerder), o.DienIndicatieIn(**gegeven), inrichting)


def ingediend() -> list[Fact]:
    return [*afgerond(), *dien_in(afgerond())]


def stuur_terug(eerder: list[Fact], **velden: Any) -> list[Fact]:
    gegeven = {"op": date(2017, 3, 27), "door": LEEUWARDEN, "velden": ("onderbouwing_24_uurs_toezicht",), **velden}
    return i.stuur_indicatie_terug(ONDERZOEK.fold(eerder), o.StuurIndicatieTerug(**gegeven), OPSTERLAND)


def vul_aan(eerder: list[Fact], **velden: Any) -> list[Fact]:
    gegeven = {"op": date(2017, 3, 30), "door": TEAM, "velden": {"onderbouwing_24_uurs_toezicht": "nachtelijk"}}
    return i.vul_indicatie_aan(ONDERZOEK.fold(eerder), o.VulIndicatieAan(**{**gegeven, **velden}), OPSTERLAND)


def geweigerd(reden: str, handeling: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as gevangen:
        handeling()
    assert gevangen.value.reason == reden
    return gevangen.value


def test_it_goes_to_the_deciding_gemeente_which_is_involved_from_then() -> None:
    """Demo case 1 step 7: handed in at Leeuwarden, what is missing is recorded, and Leeuwarden becomes involved."""
    indicatie, betrokken = dien_in(afgerond())
    assert isinstance(indicatie.data, g.IndicatieIngediend)
    assert (indicatie.data.van, indicatie.data.aan, indicatie.data.pakket) == ("0086", "0080", 2)
    assert indicatie.data.velden == ("pakket", "duur", "intensiteit", "problematiek", "netwerk")
    assert indicatie.data.ontbreekt == ("onderbouwing_24_uurs_toezicht",)
    assert {veld.naam for veld in indicatie.data.inhoud} == set(VELDEN)
    assert betrokken.data == BetrokkenheidVastgelegd(
        organisatie="0080", als="besluitende_gemeente", vanaf=DAG, thema="beschermd_wonen"
    )


@pytest.mark.parametrize(
    ("velden", "reden"),
    [
        ({"pakket": 5}, "onbekend_pakket"),
        ({"thema": "maatwerk_zelfredzaamheid"}, "geen_indicatie_nodig"),
        ({"thema": "jeugd"}, "geen_indicatie_nodig"),
        ({"aan": "0074"}, "verkeerde_gemeente"),
        ({"door": Actor("inwoner", None, "p")}, "niet_bevoegd_te_indiceren"),
        ({"op": date(2017, 2, 1)}, "feit_voor_melding"),
    ],
)
def test_what_the_inrichting_does_not_know_is_refused(velden: dict[str, Any], reden: str) -> None:
    """An unknown pakket, a thema that is decided at home, another gemeente or role: each its own reason."""
    geweigerd(reden, lambda: dien_in(afgerond(), **velden))


def test_it_needs_a_finished_onderzoek_and_where_so_arranged_consent() -> None:
    """Opsterland wants the consent of the inwoner before an indicatie; a gemeente that does not, does not ask it."""
    begin = z.start_termijn(Onderzoek(), date(2017, 2, 15), OPSTERLAND)
    geweigerd("onderzoek_niet_afgerond", lambda: dien_in(begin))
    geweigerd("akkoord_inwoner_ontbreekt", lambda: dien_in(afgerond(akkoord=None)))
    assert dien_in(afgerond(akkoord=None), replace(OPSTERLAND, akkoord_inwoner_nodig=False))


def test_it_is_handed_in_once() -> None:
    """A second indicatie in the same onderzoek is refused: the first can be completed."""
    geweigerd("indicatie_al_ingediend", lambda: dien_in(ingediend()))


def test_only_the_deciding_gemeente_sends_it_back() -> None:
    """Leeuwarden asks to complete a field; a member of the same verband, or the team itself, cannot."""
    eerder = ingediend()
    (fact,) = stuur_terug(eerder)
    assert fact.data == g.IndicatieTeruggestuurd(door="0080", velden=("onderbouwing_24_uurs_toezicht",))
    for ander in (HEERENVEEN, TEAM):
        geweigerd("niet_de_besluitende_gemeente", lambda a=ander: stuur_terug(eerder, door=a))  # type: ignore[misc]
    geweigerd("indicatie_al_teruggestuurd", lambda: stuur_terug([*eerder, fact]))


def test_sending_back_leaves_the_onderzoek_finished_and_no_term_standing_still() -> None:
    """It is traffic between organisations: the onderzoek stays finished and its term is not touched."""
    eerder = ingediend()
    voor, na = ONDERZOEK.fold(eerder), ONDERZOEK.fold([*eerder, *stuur_terug(eerder)])
    assert (na.afgerond, na.termijn, na.uiterlijk) == (voor.afgerond, voor.termijn, voor.uiterlijk)


def test_the_team_completes_what_was_asked() -> None:
    """Demo case 1 step 10: the field and where it comes from; afterwards it lies with the deciding gemeente again."""
    eerder = ingediend()
    eerder += stuur_terug(eerder)
    (fact,) = vul_aan(eerder, herkomst="verslag van 16 maart")
    assert isinstance(fact.data, g.IndicatieAangevuld)
    assert (fact.data.velden, fact.data.ontbreekt) == (("onderbouwing_24_uurs_toezicht",), ())
    assert fact.data.herkomst == "verslag van 16 maart"
    geweigerd("indicatie_niet_teruggestuurd", lambda: vul_aan([*eerder, fact]))
    assert stuur_terug([*eerder, fact])


def test_what_stays_open_stays_with_the_team() -> None:
    """Half an answer keeps the rest open, and more than was asked is refused."""
    eerder = ingediend()
    eerder += stuur_terug(eerder, velden=("onderbouwing_24_uurs_toezicht", "netwerk"))
    (half,) = vul_aan(eerder)
    assert isinstance(half.data, g.IndicatieAangevuld)
    assert half.data.ontbreekt == ("netwerk",)
    (rest,) = vul_aan([*eerder, half], velden={"netwerk": "zus"})
    assert isinstance(rest.data, g.IndicatieAangevuld)
    assert rest.data.ontbreekt == ()
    geweigerd("veld_niet_gevraagd", lambda: vul_aan(eerder, velden={"inkomen": "1.200"}))


def test_without_an_indicatie_nothing_is_sent_back_or_completed() -> None:
    """What was not handed in cannot come back."""
    geweigerd("geen_indicatie", lambda: stuur_terug(afgerond()))
    geweigerd("geen_indicatie", lambda: vul_aan(afgerond()))


def test_the_team_hears_the_besluit_of_the_other_gemeente() -> None:
    """Demo case 1 step 13: what was decided is a fact at the team; without an indicatie there is nothing to hear."""
    opdracht = o.KoppelBesluitTerug(op=date(2017, 4, 13), door=TEAM, uitkomst="toegekend", pakket=2)
    (fact,) = i.koppel_besluit_terug(ONDERZOEK.fold(ingediend()), opdracht, OPSTERLAND)
    assert fact.data == g.BesluitTeruggekoppeld(aan="gebiedsteam_opsterland", uitkomst="toegekend", pakket=2)
    assert i.koppel_besluit_terug(ONDERZOEK.fold(afgerond()), opdracht, OPSTERLAND) == []
    stil = replace(OPSTERLAND, indicatie=(replace(OPSTERLAND.indicatie[1], terugkoppeling_aan_team=False),))
    assert i.koppel_besluit_terug(ONDERZOEK.fold(ingediend()), opdracht, stil) == []
