"""Webhooks: asked first, in order, again for days, never inwards, and nobody waits for another."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller
from casuslog.cloudevents import CLOUDEVENTS_JSON, CloudEvent
from casuslog.envelope import Stream
from casuslog.errors import InvalidInput, NotFound, Refused, Unavailable
from casuslog.http.outward import SECONDS, Outward, Target
from casuslog.http.signing import verified
from casuslog.verwerkingen.tabel import verwerkingen
from services.abonnement import afnemers
from services.abonnement import bezorging as b
from services.abonnement import oordeel as o
from services.abonnement.afzender import Afzender, van_dienst
from services.abonnement.inschrijving import Register
from services.abonnement.levering import IN_QUEUE
from tests.services.abonnement.ontvanger import Ontvanger, ontvangend
from tests.services.abonnement.wereld import AANBIEDER, ANDERE_AANBIEDER, BEHEERDER, OPSTERLAND, WIJKTEAM, Wereld

KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))
AFZENDER = Afzender(oorsprong="casuslog.example", uit=Outward(development=True, seconds=0.5))
VOLLEDIG = {"profiel": "volledig", "grondslag": "Wmo 2015 art. 5.1.1"}


@pytest.fixture
def ontvanger() -> Iterator[Ontvanger]:
    with ontvangend() as made:
        yield made


@pytest.fixture(autouse=True)
def dienst(wereld: Wereld) -> Any:
    """The service, on an embedded installation."""
    settings = SimpleNamespace(public_url="", http_host="casuslog.example", embedded=True)
    wereld.service.log.platform.settings = settings
    wereld.service.log.platform.keys = wereld.sleutels
    wereld.service.log.of_itself = van_dienst
    return wereld.service


def bezorger(wereld: Wereld, afzender: Afzender = AFZENDER) -> b.Bezorging:
    """As it would start in a process of its own."""
    register, keys = Register(), wereld.sleutels
    return b.Bezorging(wereld.store, wereld.known, register, wereld.clock, keys, afzender, monotonic=wereld.monotonic)


@pytest.fixture
def bezorging(wereld: Wereld) -> Iterator[b.Bezorging]:
    made = bezorger(wereld)
    yield made
    made.stop()


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


# -- never inwards -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reden"),
    [
        ("http://ontvanger.example/hier", "geen_https"),
        ("https://gebruiker:woord@ontvanger.example/", "adres_met_gegevens"),
        ("https://10.0.0.7/", "adres_niet_openbaar"),
        ("https://169.254.169.254/latest/meta-data", "adres_niet_openbaar"),
        ("https://[::1]/", "adres_niet_openbaar"),
        ("https://2130706433/", "adres_niet_openbaar"),
        ("ftp://ontvanger.example/", "adres_onjuist"),
        ("https://ontvanger.example/#deel", "adres_onjuist"),
        ("/hier", "adres_onjuist"),
    ],
)
def test_a_bad_address_is_refused_and_the_refusal_recorded(wereld, dienst, url, reden):
    """With the rule and what would be right; a webhook that ran, runs on; nothing of the address is repeated."""
    dienst.log.platform.settings.embedded = False
    abonnement = wereld.ken_toe()
    stel_in(wereld, abonnement, "https://ontvanger.example/hier")
    with pytest.raises(Refused) as geweigerd:
        stel_in(wereld, abonnement, url)
    assert (geweigerd.value.code, geweigerd.value.field) == (reden, "url")
    assert "ontvanger.example" not in geweigerd.value.detail
    assert vastgelegd(wereld, abonnement) == ["webhook-ingesteld", "webhookaanvraag-geweigerd"]
    assert stand(wereld, abonnement)["toestand"] == "te_bevestigen"


def test_a_name_that_points_inwards_is_refused_when_it_is_called(wereld, ontvanger):
    """Only the connection shows it; it is an event, and nothing arrived."""
    binnen = Outward(resolve=lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", ontvanger.port))])
    bezorging = bezorger(wereld, Afzender(oorsprong="casuslog.example", uit=binnen))
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, "https://ontvanger.example/hier")
    rondes(bezorging)
    assert vastgelegd(wereld, abonnement)[-1] == "webhook-geweigerd"
    assert stand(wereld, abonnement)["reden"] == "adres_niet_openbaar"
    assert ontvanger.vragen == []
    bezorging.stop()


def test_a_body_that_is_wrong_names_its_fields(wereld):
    """Which field breaks which rule, in Dutch."""
    abonnement = wereld.ken_toe()
    with pytest.raises(InvalidInput) as fout:
        vraag(wereld, "http_stel_webhook_in", WIJKTEAM, abonnement, body={"wijze": "anders", "na": -1, "x": 1})
    assert set(fout.value.errors) == {"url", "wijze", "na", "x"}


# -- dead letters ------------------------------------------------------------------------------------------------------


def test_a_message_that_is_refused_becomes_a_dead_letter_and_the_next_one_goes(wereld, ontvanger, bezorging):
    """With status and reason, as an event; sent again it carries its own number and id."""
    abonnement = wereld.ken_toe(vorm="json")
    wereld.melding()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda bericht: (422 if event(bericht).attributes["nummer"] == 1 else 204, {})
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2]
    [brief] = vraag(wereld, "http_dode_brieven", WIJKTEAM, abonnement)["dode_brieven"]
    assert (brief["nummer"], brief["reden"], brief["status"]) == (1, "niet_aangenomen", 422)
    assert brief["gebeurtenis"] == wereld.ids(abonnement)[0]
    assert vastgelegd(wereld, abonnement, "dodebrief") == ["bericht-afgewezen"]
    vraag(wereld, "http_herhaal_brief", BEHEERDER, abonnement, 1)
    rondes(bezorging)
    assert vraag(wereld, "http_alle_dode_brieven", BEHEERDER)["dode_brieven"][0]["keren"] == 2
    ontvanger.antwoord = lambda _: (204, {})
    vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2, 1, 1]
    assert vraag(wereld, "http_dode_brieven", WIJKTEAM, abonnement)["dode_brieven"] == []
    with pytest.raises(NotFound):
        vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)


def test_a_holder_may_say_that_it_cannot_handle_a_number(wereld):
    """Whichever way it came; sent again it goes into the queue once more. Twice said is one dead letter."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    [eerste] = wereld.geleverd(abonnement)
    body = {"nummer": 1, "reden": "schema_onbekend"}
    assert vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body=body)["nieuw"] is True
    assert vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body=body)["nieuw"] is False
    with pytest.raises(NotFound):
        vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body={"nummer": 2, "reden": "schema_onbekend"})
    assert vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)["weg"] == "queue"
    assert [one.message_id for one in wereld.geleverd(abonnement)] == [eerste.message_id] * 2


def test_a_number_that_no_column_holds_was_not_given(wereld):
    """Whoever asks for it hears so, and no database is asked."""
    abonnement, veel = wereld.ken_toe(), 10**30
    for method, body in (
        ("http_herhaal_brief", {}),
        ("http_meld_fout", {"regel": "dubbel"}),
        ("http_cloudevent", None),
    ):
        with pytest.raises(NotFound):
            vraag(wereld, method, WIJKTEAM, abonnement, veel, body=body)
    for method, body in (
        ("http_wijs_af", {"nummer": veel, "reden": "te_druk"}),
        ("http_stel_webhook_in", {"url": "x", "na": veel}),
    ):
        with pytest.raises(InvalidInput):
            vraag(wereld, method, WIJKTEAM, abonnement, body=body)


# -- judging -----------------------------------------------------------------------------------------------------------


def test_delays_double_up_to_half_a_day(wereld):
    """And are never shorter than a receiver asked."""
    seconds = [o.volgende(n).total_seconds() for n in (1, 2, 3, 12, 13, 14, 50)]
    assert seconds == [10, 20, 40, 20480, 40960, 43200, 43200]
    assert o.volgende(1, timedelta(hours=1)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", 120), ("0", 0), ("99999999999", 86400), ("", None), (None, None), ("straks", None), ("-5", None)],
)
def test_retry_after_in_seconds(wereld, text, expected):
    """A number of seconds, at most a day; what cannot be read says nothing."""
    found = o.gevraagd(text, wereld.clock.now())
    assert found == (None if expected is None else timedelta(seconds=expected))


def test_retry_after_as_a_date(wereld):
    """A moment, as HTTP writes it; one that is past is now."""
    nu = wereld.clock.now()
    for hours, expected in ((2, 2), (-2, 0), (100, 24)):
        text = (nu + timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert o.gevraagd(text, nu) == timedelta(hours=expected)


def test_the_documents_name_the_bounds_that_hold():
    """What a verwerkersovereenkomst and a receiver are told of days, hours and messages is what the code does."""
    docs = Path(__file__).parents[3] / "docs"
    avg, example = (docs / "avg.md").read_text(), (docs / "examples" / "webhook" / "README.md").read_text()
    assert f"wordt het {o.OPGEVEN_NA.days} dagen lang opnieuw geprobeerd" in avg
    assert f"liggen hooguit {IN_QUEUE} berichten" in avg
    assert f"after {o.OPGEVEN_NA.days} days the webhook is suspended" in example
    assert f"at most {o.LANGSTE.total_seconds() / 3600:.0f} hours" in example
    assert f"nothing in {SECONDS:.0f} seconds" in example


def test_what_a_database_holds_of_a_webhook_is_not_readable(wereld: Wereld, tmp_path: Path):
    """No URL, key or name stands readable in a database file: they are kept encrypted or elsewhere."""
    abonnement = wereld.ken_toe()
    stel_in(wereld, abonnement, "https://ontvanger.example/geheim-pad")
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
    assert abonnement.encode() in content
    assert b"geheim-pad" not in content
