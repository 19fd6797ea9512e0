"""Samenwerkingsverbanden: who shares which thema with whom, on which days, and what that opens."""

from datetime import date, timedelta

import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.errors import Refused
from services.abonnement import deelnames
from services.inrichting.inrichting import Verbandrol
from tests.services.abonnement.wereld import HEERENVEEN, LEEUWARDEN, OPSTERLAND, Wereld

EINDE = date(2017, 12, 31)
PARTNER = Caller("beheerder", HEERENVEEN, "b-2", (HEERENVEEN,))


def vraag(wereld: Wereld, *gemeenten: str, thema: str = "inkoop", **meer: object) -> str:
    """Heerenveen wants to receive of these gemeenten."""
    selectie = {"houder": oin_of(HEERENVEEN), "rol": "partnergemeente", "themas": [thema], "gemeenten": list(gemeenten)}
    return wereld.ken_toe(PARTNER, HEERENVEEN, **selectie, **meer)


def gedeeld(wereld: Wereld, een: str, ander: str, thema: str, dag: date) -> bool:
    with wereld.store.transaction() as tx:
        return deelnames.verbanden(tx).delen(een, ander, thema, dag)


def test_a_gemeente_is_in_several_and_each_shares_other_themas(wereld: Wereld) -> None:
    """What two gemeenten share is the sum of their verbanden, thema by thema and not member by member."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN), ("inkoop",))
    wereld.verband("b", (OPSTERLAND, LEEUWARDEN), ("uitvoering", "beleid"))
    dag = date(2017, 3, 1)
    assert gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", dag)
    assert gedeeld(wereld, LEEUWARDEN, OPSTERLAND, "uitvoering", dag)
    assert not gedeeld(wereld, HEERENVEEN, OPSTERLAND, "uitvoering", dag)
    assert not gedeeld(wereld, HEERENVEEN, LEEUWARDEN, "inkoop", dag)
    assert not gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", date(2014, 12, 31))


def test_themas_and_members_change_from_a_day_on(wereld: Wereld) -> None:
    """A verband established anew holds from its day; before it the old one held, with its members and themas."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN), ("inkoop",))
    wereld.verband("a", (OPSTERLAND, LEEUWARDEN), ("beleid",), geldig_vanaf=date(2017, 7, 1), geldig_tot=EINDE)
    assert gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", date(2017, 6, 30))
    assert not gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", date(2017, 7, 1))
    assert gedeeld(wereld, LEEUWARDEN, OPSTERLAND, "beleid", EINDE)
    assert not gedeeld(wereld, LEEUWARDEN, OPSTERLAND, "beleid", EINDE + timedelta(days=1))


def test_who_left_is_no_member_from_that_day_and_the_others_stay(wereld: Wereld) -> None:
    """A member that leaves stops on its day; between the others nothing changes."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN, LEEUWARDEN), ("inkoop",))
    wereld.uittreding("a", HEERENVEEN, date(2017, 5, 1))
    assert gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", date(2017, 4, 30))
    assert not gedeeld(wereld, HEERENVEEN, OPSTERLAND, "inkoop", date(2017, 5, 1))
    assert gedeeld(wereld, LEEUWARDEN, OPSTERLAND, "inkoop", date(2017, 5, 1))


@pytest.mark.parametrize(
    ("thema", "reden"),
    [("uitvoering", "thema_niet_in_verband"), ("beschermd_wonen", "thema_niet_in_verband")],
)
def test_a_thema_outside_the_verband_is_refused(wereld: Wereld, thema: str, reden: str) -> None:
    """Who shares something does not share everything: the refusal names what is shared."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN), ("inkoop",))
    with pytest.raises(Refused) as gevangen:
        vraag(wereld, OPSTERLAND, thema=thema)
    assert gevangen.value.reason == reden
    assert "inkoop" in gevangen.value.detail


def test_a_verband_with_a_centrumgemeente_is_about_its_task_only(wereld: Wereld) -> None:
    """Who is in no other verband works together with nobody, and who is in another than the one asked not with that."""
    rol = (Verbandrol(rol="centrumgemeente", wie=LEEUWARDEN),)
    wereld.verband("bw", (OPSTERLAND, HEERENVEEN, LEEUWARDEN), ("beschermd_wonen",), rollen=rol)
    with pytest.raises(Refused) as geen_lid:
        vraag(wereld, OPSTERLAND)
    wereld.verband("a", (HEERENVEEN, LEEUWARDEN), ("inkoop",))
    with pytest.raises(Refused) as geen_gezamenlijk:
        vraag(wereld, OPSTERLAND)
    assert (geen_lid.value.reason, geen_gezamenlijk.value.reason) == ("geen_lid", "geen_gezamenlijk_verband")
    assert vraag(wereld, OPSTERLAND, thema="beschermd_wonen")


def test_a_subscription_lasts_no_longer_than_the_verband(wereld: Wereld) -> None:
    """The last day of what is shared is the last day of the subscription, whatever was asked."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN), ("inkoop",), geldig_tot=EINDE)
    abonnement = vraag(wereld, OPSTERLAND, tot_en_met="2030-01-01")
    assert wereld.vraag("http_abonnement", PARTNER, abonnement)["tot_en_met"] == EINDE.isoformat()


def test_a_partner_that_left_gets_nothing_new_at_once(wereld: Wereld) -> None:
    """Judged at each delivery: what was numbered and not delivered is withheld, what comes after gets no number."""
    wereld.verband("a", (OPSTERLAND, HEERENVEEN), ("beschermd_wonen",))
    wereld.verband("ander", (OPSTERLAND, HEERENVEEN), ("inkoop",))
    abonnement = vraag(wereld, OPSTERLAND, thema="beschermd_wonen")
    casus = wereld.melding()[0].envelope.subject
    wereld.betrek(casus, HEERENVEEN, "uitvoerende_gemeente")
    voor = len(wereld.ids(abonnement))
    assert voor
    wereld.uittreding("a", HEERENVEEN, wereld.clock.now().date())
    wereld.bevestiging(casus)
    assert [one.ingehouden for one in wereld.geleverd(abonnement)] == [True] * voor
