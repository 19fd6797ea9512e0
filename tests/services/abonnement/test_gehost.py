"""The service as it runs: beside the others, on their log, with its pump and its HTTP API."""

import time
from collections.abc import Iterator
from datetime import date

import pytest
import requests
from amqp.exceptions import NotFound

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.hosting.entrypoint import LogConsumer
from casuslog.http.client import Problem
from casuslog.testing.platform import Platform

OPSTERLAND = "0086"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))
WIJKTEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,))
KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))
SELECTIE = {"houdersoort": "oin", "houder": oin_of(OPSTERLAND), "gemeenten": ["opsterland"], "doelbinding": "wmo"}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process."""
    with Platform(date(2017, 2, 13)) as made:
        yield made


def taken(platform: Platform, abonnement: str, count: int) -> list[tuple[int, str]]:
    """Number and event id of what the holder gets from its queue: the pump makes it, the feed does not wait for it."""
    found: list[tuple[int, str]] = []
    until = time.monotonic() + 15
    with connect_to(platform.settings.amqp_url, name="houder") as connection:
        channel = connection.channel()
        while len(found) < count:
            assert time.monotonic() < until, f"only {len(found)} of {count} came"
            try:
                message = channel.basic_get(holder_queue(abonnement), no_ack=True)
            except NotFound:
                message, channel = None, connection.channel()
            if message is None:
                time.sleep(0.05)
            else:
                found.append((message.headers["casuslog_nummer"], message.headers["cloudEvents_id"]))
        assert channel.basic_get(holder_queue(abonnement), no_ack=True) is None
    return found


def test_a_holder_gets_what_happens_in_its_queue_and_over_http(platform: Platform) -> None:
    """From a command to the queue and the feed of who may see it: the same events, under the same numbers."""
    abonnement = platform.command(
        "abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", rol="wijkteam", **SELECTIE
    ).casus
    platform.settle()
    casus = platform.command(
        "melding", "registreer-melding", WIJKTEAM, gemeente="opsterland", kanaal="telefoon", naam="Wiarda-Terpstra"
    ).casus
    platform.settle()
    logged = {event.envelope.id for event in platform.events(casus=casus)}
    feed = platform.api.get("abonnement", f"/abonnementen/{abonnement}/gebeurtenissen", WIJKTEAM)
    numbered = [(one["nummer"], one["id"]) for one in feed["gebeurtenissen"]]
    assert {event_id for _, event_id in numbered} == logged
    assert [nummer for nummer, _ in numbered] == list(range(1, len(logged) + 1))
    assert taken(platform, abonnement, len(logged)) == numbered
    with pytest.raises(Problem) as geweigerd:
        platform.api.get("abonnement", f"/abonnementen/{abonnement}/gebeurtenissen", KCC)
    assert (geweigerd.value.status, geweigerd.value.code) == (404, "abonnement_onbekend")


def test_a_refusal_of_a_grant_names_rule_and_remedy_over_http(platform: Platform) -> None:
    """An event type that does not exist, asked over HTTP: a problem detail that says what there is."""
    body = {"gemeente": "opsterland", "rol": "wijkteam", "gebeurtenistypen": ["CasusBijgewerkt"], **SELECTIE}
    with pytest.raises(Problem) as geweigerd:
        platform.api.command("abonnement", "ken-abonnement-toe", body, BEHEERDER)
    problem = geweigerd.value.body
    assert (problem["reden"], problem["veld"]) == ("gebeurtenistype_onbekend", "gebeurtenistypen")
    assert "melding-geregistreerd" in problem["wat_zou_mogen"]


def test_numbers_are_given_by_one_lane(platform: Platform) -> None:
    """Side by side, lanes undo each other over the row of a subscription: measured, a backlog then never ended."""
    consumers = {id(found): found for found in platform._extensions("abonnement", LogConsumer)}
    assert [found.running._lanes for found in consumers.values()] == [1]


def test_a_way_into_the_broker_is_for_the_holder_over_http(platform: Platform) -> None:
    """Another role of the same gemeente hears 404; the holder, where no users are managed, what to do instead."""
    abonnement = platform.command(
        "abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", rol="wijkteam", **SELECTIE
    ).casus
    platform.settle()
    url = f"{platform.settings.http_url('abonnement')}/abonnementen/{abonnement}/toegang"
    told = {}
    for caller in (KCC, WIJKTEAM):
        token = platform.host.platform.issuer.issue(caller)
        told[caller.rol] = requests.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert (told["kcc"].status_code, told["kcc"].json()["type"]) == (404, "urn:casuslog:fout:abonnement_onbekend")
    assert told["wijkteam"].json()["reden"] == "geen_eigen_toegang"
    assert requests.post(url, timeout=10).status_code == 401
