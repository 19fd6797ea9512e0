"""Every refusal is an event, and it holds no more of what the asker wrote than codes."""

import json
from datetime import date
from typing import Any

import pytest

from casuslog.access import NoInvolvement
from casuslog.caller import Caller
from casuslog.errors import CasuslogError, InvalidInput, Refused
from casuslog.recorded import RecordedEvent
from casuslog.store import EVERY_GEMEENTE
from tests.services.abonnement.wereld import AANBIEDER, BEHEERDER, HEERENVEEN, OPSTERLAND, Wereld

BSN = "999990019"


def weigeringen(wereld: Wereld) -> list[RecordedEvent]:
    """The refusals that were recorded."""
    stored = wereld.store.read_log(EVERY_GEMEENTE, limit=1000)
    kept = [one for one in stored if one.envelope.stroom == "abonnementweigering"]
    return [wereld.codec.decode(one, purpose="test", typed=False) for one in kept]


def geweigerd(wereld: Wereld, caller: Caller = BEHEERDER, **gegeven: Any) -> RecordedEvent:
    """The one event that follows when this is asked and refused."""
    with pytest.raises(CasuslogError):
        wereld.ken_toe(caller, **gegeven)
    [event] = weigeringen(wereld)
    return event


def test_a_refusal_is_recorded_with_who_asked_what_and_why_not(wereld: Wereld) -> None:
    """Reason and rule of the answer, the holder, role and gemeenten that were named, and who asked."""
    event = geweigerd(wereld, houdersoort="agb", houder=AANBIEDER, rol="aanbieder", profiel="volledig")
    assert (event["opdracht"], event["reden"], event["velden"]) == (
        "ken-abonnement-toe",
        "grondslag_ontbreekt",
        ["grondslag"],
    )
    assert (event["houder"]["nummer"], event["rol"], event["gemeenten"]) == (AANBIEDER, "aanbieder", [OPSTERLAND])
    assert (event.envelope.actorid, event.envelope.gemeente) == (BEHEERDER.id, OPSTERLAND)
    assert "AVG art. 6" in event.envelope.grondslag


def test_what_is_no_code_is_not_repeated(wereld: Wereld) -> None:
    """A BSN in the place of a holder, a role, a gemeente, a thema or a field name stands nowhere in the event."""
    fout = {"houder": BSN, "rol": BSN, "gemeenten": [BSN, "opsterland"], "themas": [BSN], BSN: BSN}
    event = geweigerd(wereld, **fout)
    told = json.dumps([event.envelope.attributes(), dict(event.data)], default=str)
    assert BSN not in told
    assert (event["reden"], event["gemeenten"], event["rol"]) == ("ongeldige_invoer", [OPSTERLAND], None)


def test_who_is_of_another_gemeente_is_refused_and_the_gemeente_can_see_it(wereld: Wereld) -> None:
    """Somebody tries to grant on behalf of another gemeente: it stands in the log of that gemeente."""
    buur = Caller("beheerder", HEERENVEEN, "b-9", (HEERENVEEN,))
    with pytest.raises(NoInvolvement):
        wereld.ken_toe(buur)
    [event] = weigeringen(wereld)
    assert (event["reden"], event.envelope.gemeente, event.envelope.actororganisatie) == (
        "geen_betrokkenheid",
        OPSTERLAND,
        HEERENVEEN,
    )


@pytest.mark.parametrize(
    ("gegeven", "reden"),
    [
        ({"gebeurtenistypen": ["CasusBijgewerkt"]}, "gebeurtenistype_onbekend"),
        ({"gemeenten": [OPSTERLAND, HEERENVEEN], "themas": ["inkoop"]}, "geen_lid"),
        ({"van": "2007-01-01"}, "terugblik_te_lang"),
        ({"rol": "baas"}, "ongeldige_invoer"),
    ],
)
def test_bad_input_is_refused_clearly_and_recorded(wereld: Wereld, gegeven: dict[str, Any], reden: str) -> None:
    """Unknown type, beyond one's gemeente or thema, ten years at once, unknown role: refused, recorded, and no more."""
    assert geweigerd(wereld, **gegeven)["reden"] == reden
    with wereld.store.transaction() as tx:
        assert wereld.service.register.alle(tx) == []


def test_an_end_of_what_is_not_there_is_recorded_too(wereld: Wereld) -> None:
    """A refusal about a subscription that exists names it."""
    abonnement = wereld.ken_toe()
    wereld.beeindig(abonnement)
    with pytest.raises(Refused):
        wereld.beeindig(abonnement)
    [event] = weigeringen(wereld)
    assert (event["opdracht"], event["abonnement"], event["reden"]) == (
        "beeindig-abonnement",
        abonnement,
        "abonnement_al_beeindigd",
    )


def test_a_command_that_names_no_gemeente_is_answered_and_no_more(wereld: Wereld) -> None:
    """Nobody's stream can hold it: there is an answer and no event."""
    with pytest.raises(InvalidInput):
        wereld.opdracht_aan_dienst("ken-abonnement-toe", {"gemeente": "nergens"}, BEHEERDER)
    assert weigeringen(wereld) == []


def test_the_last_day_ends_a_subscription_with_an_event(wereld: Wereld) -> None:
    """When the clock passes the last day the end is recorded once, dated on the day after."""
    abonnement = wereld.ken_toe(tot_en_met="2017-04-30")
    wereld.clock.set(date(2017, 6, 1))
    assert [wereld.verstrijkt(), wereld.verstrijkt()] == [1, 0]
    [einde] = [one for one in wereld.store.read_log(EVERY_GEMEENTE, limit=9) if "beeindigd" in one.envelope.type]
    assert (einde.envelope.subject, einde.envelope.feitdatum) == (abonnement, date(2017, 5, 1))


def test_an_earlier_end_leaves_nothing_for_the_clock(wereld: Wereld) -> None:
    """A subscription that ended before its last day does not end again."""
    abonnement = wereld.ken_toe(tot_en_met="2017-04-30")
    wereld.beeindig(abonnement)
    wereld.clock.set(date(2017, 6, 1))
    assert wereld.verstrijkt() == 0
