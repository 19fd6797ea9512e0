"""What the tests of webhooks share: a holder that asks, a sender that posts, and what was recorded of it."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller
from casuslog.cloudevents import CloudEvent
from casuslog.envelope import Stream
from casuslog.http.outward import Outward
from services.abonnement import bezorging as b
from services.abonnement.afzender import Afzender
from services.abonnement.inschrijving import Register
from tests.services.abonnement.ontvanger import Ontvanger
from tests.services.abonnement.wereld import BEHEERDER, OPSTERLAND, WIJKTEAM, Wereld

KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))
AFZENDER = Afzender(oorsprong="casuslog.example", uit=Outward(development=True, seconds=0.5))
VOLLEDIG = {"profiel": "volledig", "grondslag": "Wmo 2015 art. 5.1.1"}


def bezorger(wereld: Wereld, afzender: Afzender = AFZENDER) -> b.Bezorging:
    """As it would start in a process of its own."""
    register, keys = Register(), wereld.sleutels
    return b.Bezorging(wereld.store, wereld.known, register, wereld.clock, keys, afzender, monotonic=wereld.monotonic)


def rondes(bezorging: b.Bezorging, most: int = 10) -> None:
    """Until nothing is to be done at this moment."""
    for _ in range(most):
        if not bezorging.ronde():
            return
        bezorging.uitgewerkt()


def vraag(wereld: Wereld, method: str, caller: Caller, *path: Any, body: Any = None, headers: Any = None) -> Any:
    """Ask the service over its HTTP method, with a body."""
    given = {"Authorization": f"Bearer {wereld.issuer.issue(caller)}", **(headers or {})}
    data = None if body is None else json.dumps(body).encode()
    request = Request(EnvironBuilder(method="POST", data=data, headers=given).get_environ())
    return json.loads(getattr(wereld.service, method)(request, *path).get_data())


def stel_in(wereld: Wereld, abonnement: str, url: str, caller: Caller = WIJKTEAM, **meer: Any) -> Any:
    return vraag(wereld, "http_stel_webhook_in", caller, abonnement, body={"url": url, **meer})


def stand(wereld: Wereld, abonnement: str) -> Any:
    return vraag(wereld, "http_webhook", BEHEERDER, abonnement)


def vastgelegd(wereld: Wereld, abonnement: str, kind: str = "webhook", gemeente: str = OPSTERLAND) -> list[str]:
    """Names of the events of the webhook, in order."""
    return [e.envelope.name for e in wereld.store.read_stream(Stream(gemeente, kind, abonnement))]


def nummers(ontvanger: Ontvanger) -> list[int]:
    return [event(one).attributes["nummer"] for one in ontvanger.berichten]


def event(bericht: Any) -> CloudEvent:
    return CloudEvent.from_http(bericht.headers, bericht.body)
