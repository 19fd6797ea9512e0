"""Deliveries without a subscription: opened by the recorded involvement, once, to whom it concerns."""

import pytest

from casuslog.caller import Caller
from casuslog.errors import Refused
from services.abonnement.abonnement import ABONNEMENT
from tests.services.abonnement.wereld import AANBIEDER, HEERENVEEN, LEEUWARDEN, OPSTERLAND, Wereld

CENTRUM = Caller("centrumgemeente", LEEUWARDEN, "c-1", (LEEUWARDEN,), "uitvoering_wmo")
TEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,), "uitvoering_wmo")


def van(wereld: Wereld, lezer: Caller) -> list[str]:
    """The ids of what this reader finds in its list that nobody asked for."""
    return [een["abonnement"] for een in wereld.vraag("http_abonnementen", lezer)["abonnementen"] if een["verplicht"]]


def betrek(wereld: Wereld, casus: str, wie: str, als: str, **meer: object) -> None:
    """Recorded, and what follows from it taken up by the service itself."""
    wereld.betrek(casus, wie, als, thema="beschermd_wonen", **meer)
    wereld.neem_alles_over(ABONNEMENT.kind)


def test_who_lives_elsewhere_makes_its_team_hear_the_besluit(wereld: Wereld) -> None:
    """Leeuwarden records Opsterland as the woongemeente: its team gets the feedback, and nothing of the rest."""
    casus = wereld.melding()[0].envelope.subject
    betrek(wereld, casus, OPSTERLAND, "woongemeente", door=LEEUWARDEN)
    [besluit] = wereld.bekendmaking(casus)
    [abonnement] = van(wereld, TEAM)
    assert wereld.ids(abonnement) == [besluit.envelope.id]
    assert van(wereld, Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))) == []


def test_it_is_opened_once_for_all_casussen(wereld: Wereld) -> None:
    """The second casus, and the same fact again, come through the same delivery."""
    for _ in range(2):
        betrek(wereld, wereld.melding()[0].envelope.subject, OPSTERLAND, "woongemeente", door=LEEUWARDEN)
    assert len(van(wereld, TEAM)) == 1


@pytest.mark.parametrize(
    ("wie", "als"),
    [(OPSTERLAND, "woongemeente"), (AANBIEDER, "woongemeente"), (HEERENVEEN, "uitvoerende_gemeente")],
)
def test_nothing_follows_from_oneself_an_organisation_or_another_capacity(wereld: Wereld, wie: str, als: str) -> None:
    """Own gemeente, no gemeente, and a capacity of which the law says nothing."""
    betrek(wereld, wereld.melding()[0].envelope.subject, wie, als)
    with wereld.store.transaction() as tx:
        assert wereld.service.register.alle(tx) == []


def test_who_decides_is_served_by_the_indicatie_of_another(wereld: Wereld) -> None:
    """Opsterland records who decides: the centrumgemeente finds a delivery of the indicatie, with its ground."""
    betrek(wereld, wereld.melding()[0].envelope.subject, LEEUWARDEN, "besluitende_gemeente")
    [abonnement] = van(wereld, CENTRUM)
    told = wereld.vraag("http_abonnement", CENTRUM, abonnement)
    assert (told["gemeenten"], told["themas"], told["profiel"]) == ([OPSTERLAND], ["beschermd_wonen"], "volledig")
    assert "2.3.5" in told["grondslag"]
    assert set(told["gebeurtenistypen"]) == {"indicatie-ingediend", "indicatie-teruggestuurd", "indicatie-aangevuld"}


def test_it_cannot_be_ended_by_asking(wereld: Wereld) -> None:
    """It follows from the law: no beheerder ends it."""
    betrek(wereld, wereld.melding()[0].envelope.subject, LEEUWARDEN, "besluitende_gemeente")
    [abonnement] = van(wereld, CENTRUM)
    beheerder = Caller("beheerder", LEEUWARDEN, "b-3", (LEEUWARDEN,))
    with pytest.raises(Refused) as gevangen:
        wereld.opdracht_aan_dienst("beeindig-abonnement", {"gemeente": LEEUWARDEN, "abonnement": abonnement}, beheerder)
    assert gevangen.value.reason == "verplichte_levering"
