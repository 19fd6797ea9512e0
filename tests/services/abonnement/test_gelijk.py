"""Queue, feed and webhook; JSON and Avro; binary and structured mode: the same events under the same numbers."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from amqp.exceptions import NotFound

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.caller import Caller
from casuslog.cloudevents import CloudEvent
from casuslog.codes import oin_of, schemas_folder
from casuslog.schema import JsonForm, SchemaRegistry
from casuslog.testing.platform import Platform
from services.abonnement.weergave import Bericht, cloudevent
from tests.services.abonnement.ontvanger import ontvangend

OPSTERLAND = "0086"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))
WIJKTEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,))
TERMS = {
    "houdersoort": "oin",
    "houder": oin_of(OPSTERLAND),
    "rol": "wijkteam",
    "gemeenten": ["opsterland"],
    "doelbinding": "uitvoering_wmo",
    "grondslag": "Wmo 2015 art. 5.1.1",
    "profiel": "volledig",
}
FORMS = list(itertools.product(("json", "avro"), ("binair", "gestructureerd")))
EVENTS = 3
REGISTRY = SchemaRegistry.load(schemas_folder())


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process."""
    with Platform(date(2017, 2, 13)) as made:
        yield made


def plain(event: CloudEvent) -> dict[str, Any]:
    """An event without its form: attributes as texts, data as JSON values."""
    attributes = {name: str(value) for name, value in event.attributes.items()}
    if not event.content_type.endswith("avro"):
        return {**attributes, "data": json.loads(event.data) if event.data else None}
    entry, record = REGISTRY.read(event.data)
    return {**attributes, "data": JsonForm(entry.version.clear).dump(record)}


def by_queue(platform: Platform, abonnement: str) -> list[CloudEvent]:
    """What lies in the queue of the holder."""
    found: list[CloudEvent] = []
    until = time.monotonic() + 20
    with connect_to(platform.settings.amqp_url, name="houder") as connection:
        channel = connection.channel()
        while len(found) < EVENTS:
            assert time.monotonic() < until, f"only {len(found)} came"
            try:
                message = channel.basic_get(holder_queue(abonnement), no_ack=True)
            except NotFound:
                message, channel = None, connection.channel()
            if message is None:
                time.sleep(0.05)
                continue
            body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
            content_type = message.properties.get("content_type") or ""
            found.append(cloudevent(Bericht("", message.headers, body, content_type)))
    return found


def over_http(platform: Platform, method: str, path: str, caller: Caller, **more: Any) -> requests.Response:
    token = platform.host.platform.issuer.issue(caller)
    url = platform.settings.http_url("abonnement") + path
    answer = requests.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=20, **more)
    assert answer.ok, answer.text
    return answer


def by_feed(platform: Platform, abonnement: str, vorm: str, wijze: str) -> list[CloudEvent]:
    """Number by number, in the form that is asked for."""
    found = []
    for nummer in range(1, EVENTS + 1):
        path = f"/abonnementen/{abonnement}/gebeurtenissen/{nummer}/cloudevent"
        answer = over_http(platform, "GET", path, WIJKTEAM, params={"vorm": vorm, "wijze": wijze})
        found.append(CloudEvent.from_http(answer.headers, answer.content))
    return found


def by_webhook(platform: Platform, abonnement: str, wijze: str) -> list[CloudEvent]:
    """What a receiver got."""
    with ontvangend() as ontvanger:
        over_http(
            platform,
            "PUT",
            f"/abonnementen/{abonnement}/webhook",
            WIJKTEAM,
            json={"url": ontvanger.url, "wijze": wijze},
        )
        until = time.monotonic() + 20
        while len(ontvanger.berichten) < EVENTS:
            assert time.monotonic() < until, over_http(
                platform, "GET", f"/abonnementen/{abonnement}/webhook", WIJKTEAM
            ).text
            time.sleep(0.05)
        return [CloudEvent.from_http(one.headers, one.body) for one in ontvanger.berichten]


def test_twelve_ways_give_the_same_events_under_the_same_numbers(platform: Platform) -> None:
    """Three channels, two forms, two modes: id, number, sequence, every other attribute and every field are equal."""
    abonnementen = {}
    for vorm, wijze in FORMS:
        answer = platform.command(
            "abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", vorm=vorm, wijze=wijze, **TERMS
        )
        abonnementen[vorm, wijze] = answer.casus
    platform.settle()
    casus = platform.command(
        "melding", "registreer-melding", WIJKTEAM, gemeente="opsterland", kanaal="telefoon", naam="Wiarda-Terpstra"
    ).casus
    platform.settle()
    logged = [event.envelope.id for event in platform.events(casus=casus)]
    assert len(logged) == EVENTS
    told: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for (vorm, wijze), abonnement in abonnementen.items():
        told["queue", vorm, wijze] = [plain(one) for one in by_queue(platform, abonnement)]
        told["feed", vorm, wijze] = [plain(one) for one in by_feed(platform, abonnement, vorm, wijze)]
        told["webhook", vorm, wijze] = [plain(one) for one in by_webhook(platform, abonnement, wijze)]
    assert len(told) == 12
    first, *others = told.values()
    for way, one in told.items():
        assert one == first, way
    assert [one["nummer"] for one in first] == ["1", "2", "3"]
    assert sorted(one["id"] for one in first) == sorted(logged)
    assert all(one["sequence"] for one in first)
    assert any(one["data"] and one["data"].get("naam") == "Wiarda-Terpstra" for one in first)
    assert others
