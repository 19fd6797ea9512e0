"""Webhooks: asked first, signed, in order, again for days, and nobody waits for another."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller
from casuslog.cloudevents import CLOUDEVENTS_JSON
from casuslog.errors import NotFound, Unavailable
from casuslog.http.outward import Target
from casuslog.http.signing import verified
from casuslog.verwerkingen.tabel import verwerkingen
from services.abonnement import afnemers
from services.abonnement import oordeel as o
from services.abonnement.afzender import Afzender
from tests.services.abonnement.ontvanger import ontvangend
from tests.services.abonnement.webhookproef import (
    AFZENDER,
    KCC,
    VOLLEDIG,
    bezorger,
    event,
    nummers,
    rondes,
    stand,
    stel_in,
    vastgelegd,
    vraag,
)
from tests.services.abonnement.wereld import AANBIEDER, ANDERE_AANBIEDER, BEHEERDER, OPSTERLAND, WIJKTEAM, Wereld

pytestmark = pytest.mark.usefixtures("dienst")


# -- asked first -------------------------------------------------------------------------------------------------------


def test_a_receiver_is_asked_before_anything_is_posted(wereld, ontvanger, bezorging):
    """OPTIONS with origin and rate; its yes is an event, and then every number comes, in order, with its id."""
    abonnement = wereld.ken_toe(vorm="json", **VOLLEDIG)
    casus = wereld.melding()[0].envelope.subject
    wereld.bevestiging(casus)
    told = stel_in(wereld, abonnement, ontvanger.url)
    assert (told["toestand"], told["gastheer"]) == ("te_bevestigen", "127.0.0.1")
    rondes(bezorging, 1)
    assert (len(ontvanger.vragen), ontvanger.berichten) == (1, [])
    headers = ontvanger.vragen[0].headers
    assert (headers["webhook-request-origin"], headers["webhook-request-rate"]) == ("casuslog.example", "600")
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2]
    assert [event(one).attributes["id"] for one in ontvanger.berichten] == wereld.ids(abonnement)
    assert ontvanger.berichten[0].headers["content-type"] == CLOUDEVENTS_JSON
    assert json.loads(event(ontvanger.berichten[0]).data)["naam"]
    assert vastgelegd(wereld, abonnement) == ["webhook-ingesteld", "webhook-bevestigd"]
    assert stand(wereld, abonnement)["positie"] == 2


@pytest.mark.parametrize(
    "antwoord",
    [
        (200, {}),
        (404, {}),
        (405, {}),
        (200, {"WebHook-Allowed-Origin": "anders.example"}),
        (403, {"WebHook-Allowed-Origin": "*"}),
        (302, {"Location": "http://127.0.0.1:1/", "WebHook-Allowed-Origin": "*"}),
    ],
)
def test_a_receiver_that_does_not_say_yes_gets_nothing(wereld, ontvanger, bezorging, antwoord):
    """Silence, another origin and a redirect are a no; the no is an event, and it may be asked anew."""
    ontvanger.toestemming = antwoord
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    rondes(bezorging)
    assert ontvanger.berichten == []
    assert vastgelegd(wereld, abonnement)[-1] == "webhook-geweigerd"
    assert stand(wereld, abonnement)["reden"] == "geen_toestemming"
    ontvanger.toestemming = (200, {"WebHook-Allowed-Origin": "casuslog.example"})
    vraag(wereld, "http_hervat_webhook", WIJKTEAM, abonnement)
    rondes(bezorging)
    wereld.monotonic.now += 1
    rondes(bezorging)
    assert nummers(ontvanger) == [1]


def test_a_receiver_may_say_yes_afterwards(wereld, ontvanger, dienst):
    """At the address that the question named, which nobody can guess; with the rate that it names."""
    dienst.log.platform.settings.public_url = "https://casuslog.example:8107"
    ontvanger.toestemming = (200, {})
    bezorging = bezorger(
        wereld, Afzender(oorsprong="casuslog.example", adres="https://casuslog.example:8107/", uit=AFZENDER.uit)
    )
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    rondes(bezorging, 1)
    adres = ontvanger.vragen[0].headers["webhook-request-callback"]
    start, _, woord = adres.rpartition("/")
    assert start == f"https://casuslog.example:8107/webhooks/{abonnement}/toestemming"
    with pytest.raises(NotFound):
        vraag(wereld, "http_toestemming", KCC, abonnement, "0" * 64)
    assert stand(wereld, abonnement)["toestand"] == "te_bevestigen"
    request = Request(EnvironBuilder(method="POST", headers={"WebHook-Allowed-Rate": "30"}).get_environ())
    dienst.http_toestemming_post(request, abonnement, woord)
    assert (stand(wereld, abonnement)["toestand"], stand(wereld, abonnement)["per_minuut"]) == ("actief", 30)
    rondes(bezorging)
    assert nummers(ontvanger) == [1]
    bezorging.stop()


def test_an_allowed_rate_is_kept(wereld, ontvanger, bezorging):
    """60 a minute is one a second."""
    ontvanger.toestemming = (200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "60"})
    abonnement = wereld.ken_toe()
    for _ in range(3):
        wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    rondes(bezorging)
    assert nummers(ontvanger) == [1]
    wereld.monotonic.now += 0.9
    rondes(bezorging)
    assert nummers(ontvanger) == [1]
    wereld.monotonic.now += 0.2
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2]


# -- who may -----------------------------------------------------------------------------------------------------------


def test_a_webhook_is_the_holders_own(wereld, ontvanger):
    """Who grants sees how it stands, not where it goes, and does not choose the address; another sees nothing."""
    abonnement = wereld.ken_toe()
    for caller in (BEHEERDER, KCC):
        with pytest.raises(NotFound):
            stel_in(wereld, abonnement, ontvanger.url, caller)
    stel_in(wereld, abonnement, f"{ontvanger.url}?geheim=woord")
    assert "woord" not in json.dumps(stand(wereld, abonnement))
    for method in ("http_webhook", "http_dode_brieven"):
        with pytest.raises(NotFound):
            vraag(wereld, method, KCC, abonnement)
    with pytest.raises(NotFound):
        vraag(wereld, "http_webhooksleutel", BEHEERDER, abonnement)
    alle = vraag(wereld, "http_webhooks", BEHEERDER)["webhooks"]
    assert [one["abonnement"] for one in alle] == [abonnement]
    elders = Caller("beheerder", "0080", "b-2", ("0080",))
    assert vraag(wereld, "http_webhooks", elders)["webhooks"] == []


def test_setting_the_same_again_changes_nothing(wereld, ontvanger, bezorging):
    """PUT is idempotent; another form or a new key begins anew with the question, and goes on at its number."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    rondes(bezorging)
    eerste = vraag(wereld, "http_webhooksleutel", WIJKTEAM, abonnement)
    assert stel_in(wereld, abonnement, ontvanger.url)["toestand"] == "actief"
    assert vastgelegd(wereld, abonnement) == ["webhook-ingesteld", "webhook-bevestigd"]
    assert stel_in(wereld, abonnement, ontvanger.url, wijze="binair")["toestand"] == "te_bevestigen"
    assert vraag(wereld, "http_webhooksleutel", WIJKTEAM, abonnement) == eerste
    stel_in(wereld, abonnement, ontvanger.url, wijze="binair", nieuwe_sleutel=True)
    assert vraag(wereld, "http_webhooksleutel", WIJKTEAM, abonnement)["sleutel"] != eerste["sleutel"]
    wereld.melding()
    rondes(bezorging)
    assert [int(event(one).attributes["nummer"]) for one in ontvanger.berichten] == [1, 2]
    stel_in(wereld, abonnement, ontvanger.url, wijze="binair", na=0)
    rondes(bezorging)
    assert [int(event(one).attributes["nummer"]) for one in ontvanger.berichten] == [1, 2, 1, 2]


@pytest.mark.parametrize("wijze", ["binair", "gestructureerd"])
@pytest.mark.parametrize("vorm", ["json", "avro"])
def test_each_message_is_signed_and_a_changed_one_is_noticed(wereld, ontvanger, bezorging, vorm, wijze):
    """The receiver checks method, place, digest and every attribute in a header with the key that only it may ask."""
    abonnement = wereld.ken_toe(vorm=vorm)
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url, wijze=wijze)
    rondes(bezorging)
    key = b64decode(vraag(wereld, "http_webhooksleutel", WIJKTEAM, abonnement)["sleutel"])
    target = Target(False, "127.0.0.1", ontvanger.port, "/hier")
    [bericht] = ontvanger.berichten
    signed_at = verified("POST", target, bericht.headers, bericht.body, key=key)
    assert signed_at == wereld.clock.now()
    assert verified("POST", target, bericht.headers, bericht.body + b" ", key=key) is None
    assert verified("POST", target, bericht.headers, bericht.body, key=bytes(32)) is None
    assert verified("PUT", target, bericht.headers, bericht.body, key=key) is None
    for name in [name for name in bericht.headers if name.startswith("ce-") or name == "content-type"]:
        changed = {**bericht.headers, name: bericht.headers[name] + "0"}
        assert verified("POST", target, changed, bericht.body, key=key) is None, name
    assert verified("POST", target, {**bericht.headers, "ce-extra": "1"}, bericht.body, key=key) is None


# -- again and again ---------------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_with_growing_delay_also_after_a_restart(wereld, ontvanger, bezorging):
    """The same number and id, in order; when it goes again can be seen, and stands in the database."""
    abonnement = wereld.ken_toe(vorm="json")
    wereld.melding()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda _: (500, {})
    rondes(bezorging)
    wachten = []
    for _ in range(4):
        wachten.append(_wacht(wereld, abonnement))
        wereld.clock.advance(wachten[-1] - timedelta(seconds=1))
        rondes(bezorging)
        wereld.clock.advance(timedelta(seconds=1))
        bezorging.stop()
        bezorging = bezorger(wereld)
        rondes(bezorging)
    assert [w.total_seconds() for w in wachten] == [10, 20, 40, 80]
    assert nummers(ontvanger) == [1] * 5
    ontvanger.antwoord = lambda _: (202, {})
    wereld.clock.advance(timedelta(hours=1))
    rondes(bezorging)
    assert nummers(ontvanger) == [1] * 6 + [2]
    assert stand(wereld, abonnement)["volgende_poging"] is None
    bezorging.stop()


def _wacht(wereld: Wereld, abonnement: str) -> timedelta:
    return datetime.fromisoformat(stand(wereld, abonnement)["volgende_poging"]) - wereld.clock.now()


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it(wereld, ontvanger, bezorging, status):
    """Retry-After is honoured, in seconds or as a date, up to a day."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda _: (status, {"Retry-After": "3600"})
    rondes(bezorging)
    assert _wacht(wereld, abonnement) == timedelta(hours=1)
    assert stand(wereld, abonnement)["laatste_fout"] == "te_druk"


def test_410_ends_it_as_an_event(wereld, ontvanger, bezorging):
    """Nothing goes there any more, whatever happens; queue and feed go on."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda _: (410, {})
    rondes(bezorging)
    assert vastgelegd(wereld, abonnement)[-1] == "webhook-beeindigd"
    wereld.melding()
    wereld.clock.advance(timedelta(days=30))
    rondes(bezorging)
    assert len(ontvanger.berichten) == 1
    assert len(wereld.lees(abonnement)["gebeurtenissen"]) == 2


def test_after_days_it_is_suspended_with_an_alarm_and_can_be_resumed(wereld, ontvanger, bezorging):
    """Nothing is lost: what waited goes after it is resumed, from the same number."""
    abonnement = wereld.ken_toe(vorm="json")
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda _: (500, {})
    for _ in range(40):
        rondes(bezorging)
        if stand(wereld, abonnement)["toestand"] != "actief":
            break
        wereld.clock.advance(max(_wacht(wereld, abonnement), timedelta(0)))
    assert vastgelegd(wereld, abonnement)[-1] == "webhook-opgeschort"
    told = stand(wereld, abonnement)
    assert (told["toestand"], told["reden"], told["positie"]) == ("opgeschort", "storing_ontvanger", 0)
    tries = len(ontvanger.berichten)
    assert 12 <= tries <= 40
    wereld.clock.advance(timedelta(days=10))
    rondes(bezorging)
    assert len(ontvanger.berichten) == tries
    ontvanger.antwoord = lambda _: (204, {})
    vraag(wereld, "http_hervat_webhook", BEHEERDER, abonnement)
    rondes(bezorging)
    assert nummers(ontvanger)[tries:] == [1]


def test_a_suspended_webhook_is_a_figure_until_somebody_acts(wereld, ontvanger, bezorging):
    """The alarm goes off at the final failure, and ends when it is resumed or its subscription ended."""
    gestopt, beeindigd = wereld.ken_toe(), wereld.ken_toe()
    wereld.melding()
    ontvanger.antwoord = lambda _: (500, {})
    for abonnement in (gestopt, beeindigd):
        stel_in(wereld, abonnement, ontvanger.url)
    rondes(bezorging)
    assert cijfers(wereld)["suspended_webhooks"] == 0
    wereld.clock.advance(o.OPGEVEN_NA)
    rondes(bezorging)
    assert cijfers(wereld)["suspended_webhooks"] == 2
    with wereld.store.engine.connect() as conn:
        told = [one for one in afnemers.stand(conn, [OPSTERLAND]) if one["kanaal"] == "webhook"]
    assert [(one["volgende_poging"], one["wacht"]) for one in told] == [(None, 1), (None, 1)]
    wereld.beeindig(beeindigd)
    assert cijfers(wereld)["suspended_webhooks"] == 1
    vraag(wereld, "http_hervat_webhook", BEHEERDER, gestopt)
    assert cijfers(wereld)["suspended_webhooks"] == 0


def test_without_a_database_the_number_of_suspended_webhooks_is_left_out(wereld, monkeypatch):
    """A 0 would end an alarm about which nothing is known; the counts of the process itself are still told."""
    monkeypatch.setattr(afnemers, "opgeschorte_webhooks", weg)
    found = cijfers(wereld)
    assert "suspended_webhooks" not in found
    assert "deliveries_total" in found


def cijfers(wereld: Wereld) -> dict[str, float]:
    """What Prometheus gets of this service beside what every service tells; of a channel the last."""
    return {name: value for name, _, value in wereld.service.figures()}


def weg(*_: Any) -> None:
    raise Unavailable("weg")


def test_a_webhook_that_never_answers_holds_up_nobody_else(wereld, ontvanger, bezorging):
    """Its holder has two places of many, each call ends in time; others get theirs meanwhile."""
    traag = [wereld.ken_toe(rol="aanbieder", houdersoort="agb", houder=AANBIEDER) for _ in range(5)]
    vlug = wereld.ken_toe(rol="aanbieder", houdersoort="agb", houder=ANDERE_AANBIEDER)
    wie = {n: Caller("aanbieder", n, "a", ()) for n in (AANBIEDER, ANDERE_AANBIEDER)}
    with ontvangend() as stil:
        stil.toestemming = (200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"})
        stil.neem = stil.nooit  # type: ignore[method-assign]
        for one in traag:
            stel_in(wereld, one, stil.url, wie[AANBIEDER])
        stel_in(wereld, vlug, ontvanger.url, wie[ANDERE_AANBIEDER])
        assert bezorging.ronde() == 3
        bezorging.uitgewerkt()
        assert stand(wereld, vlug)["toestand"] == "actief"
        te_traag = [stand(wereld, one)["laatste_fout"] for one in traag]
        assert sorted(te_traag, key=str) == [None, None, None, "te_traag", "te_traag"]


def test_rights_are_judged_right_before_each_message(wereld, ontvanger, bezorging):
    """What was numbered and may no longer be seen goes as an empty number, and is a CloudEvent all the same."""
    abonnement = wereld.ken_toe(vorm="json")
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    wereld.beeindig(abonnement)
    rondes(bezorging)
    [leeg] = [event(one) for one in ontvanger.berichten]
    assert leeg.attributes["type"] == "nl.overheid.wmo.nummer-ingehouden"
    assert (leeg.attributes["nummer"], leeg.attributes["ingehouden"], leeg.data) == (1, True, b"")


def test_a_message_that_was_refused_was_disclosed_too(wereld, ontvanger, bezorging):
    """One processing record per number, however often it is tried; an informatiearm one is none."""
    abonnement = wereld.ken_toe(vorm="json", **VOLLEDIG)
    arm = wereld.ken_toe(profiel="informatiearm")
    wereld.melding()
    for one in (abonnement, arm):
        stel_in(wereld, one, ontvanger.url)
    for status in (500, 422):
        ontvanger.antwoord = lambda _, status=status: (status, {})
        rondes(bezorging)
        assert _verstrekt(wereld) == 1
        wereld.clock.advance(timedelta(hours=1))
    assert len(ontvanger.berichten) == 4


def _verstrekt(wereld: Wereld) -> int:
    query = select(func.count()).select_from(verwerkingen).where(verwerkingen.c.onderdeel == "levering")
    with wereld.store.engine.connect() as conn:
        return int(conn.execute(query).scalar_one())
