"""POST /abonnementen/<id>/toegang: a user of the broker for the holder, and for nobody else."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from casuslog.caller import Caller
from casuslog.envelope import Stream
from casuslog.errors import CasuslogError, NotAuthenticated, NotFound, Refused, Unavailable
from casuslog.identifiers import new_id
from tests.services.abonnement.wereld import AANBIEDER, ANDERE_AANBIEDER, BEHEERDER, OPSTERLAND, WIJKTEAM, Wereld

HOUDER = Caller("aanbieder", AANBIEDER, "a-1")
ANDER = Caller("aanbieder", ANDERE_AANBIEDER, "a-2")
KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))


class Beheer:
    """The users of the broker, as they were asked for."""

    def __init__(self) -> None:
        self.toegelaten: list[tuple[str, str]] = []
        self.weg = False

    def admit(self, holder: str, password: str) -> None:
        if self.weg:
            raise Unavailable("weg")
        self.toegelaten.append((holder, password))


@pytest.fixture
def beheer(wereld: Wereld) -> Beheer:
    """An installation that manages users at its broker."""
    made = Beheer()
    wereld.service.beheer = made
    wereld.service.log.platform.settings = SimpleNamespace(holders_url="amqp://abonnement:geheim@broker/houders")
    return made


@pytest.fixture
def abonnement(wereld: Wereld) -> str:
    """Of an aanbieder."""
    return wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")


def vraag(wereld: Wereld, abonnement: str, caller: Caller | None = HOUDER) -> Response:
    headers = {} if caller is None else {"Authorization": f"Bearer {wereld.issuer.issue(caller)}"}
    request = Request(EnvironBuilder(method="POST", headers=headers).get_environ())
    answer: Response = wereld.service.http_toegang(request, abonnement)
    return answer


def geweigerd(wereld: Wereld, abonnement: str, caller: Caller | None = HOUDER) -> CasuslogError:
    with pytest.raises(CasuslogError) as found:
        vraag(wereld, abonnement, caller)
    return found.value


def verstrekt(wereld: Wereld, abonnement: str) -> list[Any]:
    """What was recorded of it."""
    stored = wereld.store.read_stream(Stream(OPSTERLAND, "abonnement", abonnement))
    events = [wereld.codec.decode(one, purpose="test", typed=False) for one in stored]
    return [event.data for event in events if event.envelope.name == "abonnementtoegang-verstrekt"]


def test_the_holder_gets_a_user_a_vhost_and_a_password_that_stands_nowhere(
    wereld: Wereld, beheer: Beheer, abonnement: str
) -> None:
    """Told once, not to be cached, and recorded without the password; asked again it is another one."""
    answer = vraag(wereld, abonnement)
    told = json.loads(answer.get_data())
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    password = told.pop("wachtwoord")
    queue = f"casuslog.houder.{abonnement}"
    assert told == {"gebruiker": f"houder-{abonnement}", "vhost": "houders", "wachtrij": queue}
    assert beheer.toegelaten == [(abonnement, password)]
    assert verstrekt(wereld, abonnement) == [{"gebruiker": f"houder-{abonnement}", "wachtrij": queue}]
    again = json.loads(vraag(wereld, abonnement).get_data())["wachtwoord"]
    assert again != password
    assert beheer.toegelaten[-1] == (abonnement, again)
    assert len(verstrekt(wereld, abonnement)) == 2


@pytest.mark.parametrize("caller", [ANDER, KCC, WIJKTEAM, BEHEERDER, Caller("wijkteam", AANBIEDER, "a-1")])
def test_another_holder_hears_what_it_hears_of_one_that_is_not_there(
    wereld: Wereld, beheer: Beheer, abonnement: str, caller: Caller
) -> None:
    """Also who granted it, and another role of the same organisation: no user, no event, the same answer."""
    refused = geweigerd(wereld, abonnement, caller)
    assert isinstance(refused, NotFound)
    assert refused.problem() == geweigerd(wereld, new_id(), caller).problem()
    assert (beheer.toegelaten, verstrekt(wereld, abonnement)) == ([], [])


def test_without_a_token_there_is_nothing(wereld: Wereld, beheer: Beheer, abonnement: str) -> None:
    """Nobody gets into the broker anonymously."""
    assert isinstance(geweigerd(wereld, abonnement, None), NotAuthenticated)
    assert beheer.toegelaten == []


def test_a_subscription_that_ended_gives_no_way_in(wereld: Wereld, beheer: Beheer, abonnement: str) -> None:
    """The rights of today count, not those of the day on which it was granted."""
    wereld.beeindig(abonnement)
    refused = geweigerd(wereld, abonnement)
    assert isinstance(refused, Refused)
    assert refused.reason == "abonnement_verlopen"
    assert (beheer.toegelaten, verstrekt(wereld, abonnement)) == ([], [])


def test_an_installation_that_manages_no_users_says_so(wereld: Wereld, abonnement: str) -> None:
    """With the name of the setting, and how to read instead."""
    wereld.service.beheer = None
    refused = geweigerd(wereld, abonnement)
    assert isinstance(refused, Refused)
    assert refused.reason == "geen_eigen_toegang"
    assert refused.problem()["grondslag"] == "CASUSLOG_AMQP_BEHEER"
    assert verstrekt(wereld, abonnement) == []


def test_while_the_broker_is_away_no_password_is_told(wereld: Wereld, beheer: Beheer, abonnement: str) -> None:
    """It is asked again; what was recorded is that it was granted."""
    beheer.weg = True
    assert isinstance(geweigerd(wereld, abonnement), Unavailable)
    beheer.weg = False
    assert json.loads(vraag(wereld, abonnement).get_data())["wachtwoord"]
