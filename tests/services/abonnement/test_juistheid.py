"""What turns out otherwise about the person reaches whoever had something of the casus, whatever they asked for."""

import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.events import DomainEvent
from services.melding.gebeurtenissen import (
    BsnVervangen,
    OverlijdenVastgelegd,
    PersoonsverwisselingVastgelegd,
    VerhuizingVastgelegd,
)
from tests.services.abonnement.wereld import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    DAG,
    HEERENVEEN,
    LEEUWARDEN,
    OPSTERLAND,
    Wereld,
)

BSN = "999990019"
WIJZIGINGEN: list[DomainEvent] = [
    PersoonsverwisselingVastgelegd(reden="naamgenoot"),
    OverlijdenVastgelegd(overleden_op=DAG, bron="brp"),
    VerhuizingVastgelegd(per=DAG, naar_gemeente=HEERENVEEN, adres="Geheimstraat 1"),
    BsnVervangen(reden="vergissing", bsn=BSN),
]
LEEUWARDER = Caller("beheerder", LEEUWARDEN, "b-3", (LEEUWARDEN,))


@pytest.mark.parametrize("wijziging", WIJZIGINGEN, ids=lambda een: type(een).__name__)
def test_everybody_who_had_something_of_the_casus_hears_it(wereld: Wereld, wijziging: DomainEvent) -> None:
    """The team, the kcc, who decides elsewhere and the aanbieder, also past a choice of types; a stranger does not."""
    vol = {"profiel": "volledig", "grondslag": "Wmo 2015 art. 5.1.1", "vorm": "json"}
    een_type = {"gebeurtenistypen": ["MeldingBevestigd"], **vol}
    van_leeuwarden = {"gemeenten": [LEEUWARDEN], **vol}
    agb = {"houdersoort": "agb", "rol": "aanbieder", **van_leeuwarden}
    houders = {
        "team": wereld.ken_toe(**een_type),
        "kcc": wereld.ken_toe(rol="kcc", **een_type),
        "centrum": wereld.ken_toe(
            LEEUWARDER, LEEUWARDEN, houder=oin_of(LEEUWARDEN), rol="centrumgemeente", **van_leeuwarden
        ),
        "aanbieder": wereld.ken_toe(LEEUWARDER, LEEUWARDEN, houder=AANBIEDER, **agb),
        "vreemde": wereld.ken_toe(LEEUWARDER, LEEUWARDEN, houder=ANDERE_AANBIEDER, **agb),
    }
    casus = wereld.melding()[0].envelope.subject
    wereld.betrek(casus, LEEUWARDEN, "besluitende_gemeente")
    wereld.betrek(casus, AANBIEDER, "aanbieder", door=LEEUWARDEN)
    [event] = wereld.gebeurt(casus, wijziging)
    niveaus = {
        naam: [one.headers["casuslog_niveau"] for one in wereld.geleverd(id) if one.message_id == event.envelope.id]
        for naam, id in houders.items()
    }
    assert niveaus == {
        "team": ["volledig"],
        "kcc": ["status"],
        "centrum": ["volledig"],
        "aanbieder": ["feiten"],
        "vreemde": [],
    }
    van_aanbieder = b"".join(one.body for one in wereld.geleverd(houders["aanbieder"]))
    assert BSN.encode() not in van_aanbieder
    assert b"Geheimstraat" not in van_aanbieder


def test_a_correction_passes_a_choice_of_types(wereld: Wereld) -> None:
    """Who asked for one type also gets what corrects an earlier event; the selection of gemeenten stays."""
    abonnement = wereld.ken_toe(gebeurtenistypen=["MeldingBevestigd"])
    [gemeld] = wereld.melding()
    casus = gemeld.envelope.subject
    [hersteld] = wereld.melding(casus, corrigeert=gemeld.envelope.id)
    assert wereld.ids(abonnement) == [hersteld.envelope.id]
    assert hersteld.envelope.gemeente == OPSTERLAND
