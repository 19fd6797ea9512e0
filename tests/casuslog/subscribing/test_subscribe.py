"""The client of a subscription: in order, each number once, over queue and feed, from where the last loop ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casuslog.backoff import Backoff
from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.caller import Caller
from casuslog.codes import oin_of, schemas_folder
from casuslog.errors import NotFound, SchemaError, Unavailable
from casuslog.subscribing import Hole, PullFeed, Received, Subscription, subscribe
from casuslog.subscribing import client as client_module
from casuslog.subscribing.position import Position
from casuslog.subscribing.schemas import Schemas
from casuslog.testing.platform import Platform

GEMEENTE = "0086"
BEHEERDER = Caller("beheerder", GEMEENTE, "b-1", (GEMEENTE,))
TEAM = Caller("wijkteam", GEMEENTE, "w-1", (GEMEENTE,))
TERMS = {
    "houdersoort": "oin",
    "houder": oin_of(GEMEENTE),
    "rol": "wijkteam",
    "gemeenten": ["opsterland"],
    "doelbinding": "uitvoering_wmo",
    "grondslag": "Wmo 2015 art. 5.1.1",
    "profiel": "volledig",
}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process, with their queues and HTTP."""
    with Platform(date(2017, 2, 13)) as made:
        yield made


@pytest.fixture
def granted(platform: Platform) -> Callable[..., str]:
    """Grants a subscription to the team, and lets something happen."""

    def grant(**terms: Any) -> str:
        answer = platform.command(
            "abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", **{**TERMS, **terms}
        )
        platform.settle()
        happen(platform)
        until = time.monotonic() + 20
        while platform.api.get("abonnement", f"/abonnementen/{answer.casus}", TEAM)["wacht_op_levering"]:
            assert time.monotonic() < until, "the queue was not filled"
            time.sleep(0.05)
        return answer.casus

    return grant


def happen(platform: Platform) -> str:
    """A melding with a name in it; three events under one casus."""
    answer = platform.command(
        "melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon", naam="Wiarda"
    )
    platform.settle()
    return answer.casus


def opened(platform: Platform, abonnement: str, folder: Path, *, queue: bool, feed: bool, **more: Any) -> Subscription:
    """The client as a holder would make it."""
    issuer = platform.host.platform.issuer
    return subscribe(
        abonnement,
        queue=platform.settings.amqp_url if queue else None,
        feed=platform.settings.http_url("abonnement") if feed else None,
        token=(lambda: issuer.issue(TEAM)) if feed else None,
        position=folder / "positie.db",
        **{"idle": 1.0, **more},
    )


def taken(subscription: Subscription, count: int | None = None) -> list[Received]:
    """What comes, until it is quiet or so many came; the last one counts as done only when the loop asked on."""
    found = []
    with subscription as events:
        for event in events:
            found.append(event)
            if len(found) == count:
                break
    return found


def shown(platform: Platform, abonnement: str) -> list[tuple[int, str]]:
    """Number and id as the feed itself has them, with all its pages."""
    told = platform.api.get("abonnement", f"/abonnementen/{abonnement}/gebeurtenissen", TEAM)
    return [(one["nummer"], one.get("id", "")) for one in told["gebeurtenissen"]]


@pytest.mark.parametrize("wijze", [None, "binair", "gestructureerd"])
@pytest.mark.parametrize("vorm", ["avro", "json"])
def test_queue_and_feed_give_the_same_events_under_the_same_numbers(platform, granted, tmp_path, vorm, wijze):
    """Same number, id, envelope and data, whichever way they came and however they were encoded."""
    abonnement = granted(vorm=vorm, wijze=wijze)
    for name in ("queue", "feed"):
        (tmp_path / name).mkdir()
    by_queue = taken(opened(platform, abonnement, tmp_path / "queue", queue=True, feed=False, schemas=schemas_folder()))
    by_feed = taken(opened(platform, abonnement, tmp_path / "feed", queue=False, feed=True))
    assert [(one.nummer, one.id) for one in by_feed] == shown(platform, abonnement)
    assert [(one.nummer, one.id, one.type, one.casus) for one in by_queue] == [
        (one.nummer, one.id, one.type, one.casus) for one in by_feed
    ]
    registered = next(one for one in by_queue if one.type.endswith("melding-geregistreerd"))
    assert registered.data is not None
    assert registered.data["naam"] == "Wiarda"


def test_schemas_that_are_not_at_hand_are_fetched(platform, granted, tmp_path):
    """A holder of an Avro subscription needs no folder: each message names the schema that it was written with."""
    abonnement = granted(vorm="avro")
    events = taken(opened(platform, abonnement, tmp_path, queue=True, feed=True))
    assert any(one.data and one.data.get("naam") == "Wiarda" for one in events)


def test_a_loop_goes_on_where_the_last_one_ended(platform, granted, tmp_path):
    """The number is kept when the loop asks for the next event; a next start begins after it."""
    abonnement = granted()
    first = taken(opened(platform, abonnement, tmp_path, queue=False, feed=True), count=2)
    assert [one.nummer for one in first] == [1, 2]
    rest = taken(opened(platform, abonnement, tmp_path, queue=False, feed=True))
    assert rest[0].nummer == 2, "who breaks off in the middle of an event gets it again"


@pytest.mark.parametrize("way", [{"queue": True, "feed": False}, {"queue": False, "feed": True}])
def test_an_event_whose_body_failed_comes_again(platform, granted, tmp_path, way):
    """What a subscriber could not work into its own books is not lost."""
    abonnement = granted(vorm="json")
    with opened(platform, abonnement, tmp_path, **way) as events, pytest.raises(RuntimeError, match="stuk"):
        worked_in(events, until=2)
    again = taken(opened(platform, abonnement, tmp_path, **way))
    assert [one.nummer for one in again] == list(range(2, len(shown(platform, abonnement)) + 1))


def test_a_hole_in_the_queue_is_fetched_from_the_feed(platform, granted, tmp_path):
    """A message that was lost on the way comes in its place, not after the others."""
    abonnement = granted()
    with connect_to(platform.settings.amqp_url, name="dief") as connection, connection.channel() as channel:
        assert channel.basic_get(holder_queue(abonnement), no_ack=True).headers["casuslog_nummer"] == 1
    events = taken(opened(platform, abonnement, tmp_path, queue=True, feed=True))
    assert [one.nummer for one in events] == list(range(1, len(shown(platform, abonnement)) + 1))


def test_a_hole_without_a_feed_is_an_error_that_names_the_numbers(platform, granted, tmp_path):
    """Going on in silence would be losing an event."""
    abonnement = granted(vorm="json")
    with connect_to(platform.settings.amqp_url, name="dief") as connection, connection.channel() as channel:
        channel.basic_get(holder_queue(abonnement), no_ack=True)
    with pytest.raises(Hole, match="numbers 1 to 1"):
        taken(opened(platform, abonnement, tmp_path, queue=True, feed=False))


def test_a_feed_that_does_not_know_the_holder_says_so(platform, granted, tmp_path):
    """Another's subscription and none look the same."""
    with pytest.raises(NotFound):
        taken(opened(platform, "01a201e1-6815-7335-a119-083d563b823c", tmp_path, queue=False, feed=True))


def worked_in(events: Subscription, until: int) -> None:
    """A subscriber whose own work fails at a number."""
    for event in events:
        if event.nummer == until:
            raise RuntimeError("stuk")


class Breaking:
    """A connection that breaks once, and gives what it has then."""

    def __init__(self, left: list[Received]) -> None:
        self.left = left
        self.broken = False
        self.acknowledged: list[int] = []

    def __call__(self) -> Breaking:
        return self

    def next(self, seconds: float) -> tuple[Received, int] | None:  # noqa: ARG002  # as Queue
        if not self.broken:
            self.broken = True
            raise Unavailable("weg")
        if not self.left:
            return None
        found = self.left.pop(0)
        return found, found.nummer

    def acknowledge(self, message: int) -> None:
        self.acknowledged.append(message)

    def close(self) -> None:
        """Nothing to close."""


def test_a_broken_connection_is_made_again_and_repeats_are_skipped(tmp_path, monkeypatch):
    """What was done before it broke comes again from the broker; it is acknowledged and not shown."""
    monkeypatch.setattr(client_module, "RETRY", Backoff(first=0.01, bound=0.01))
    position = Position(tmp_path / "positie.db", "a")
    position.save(2)
    queue = Breaking([Received(nummer=n) for n in (1, 2, 3)])
    assert [one.nummer for one in Subscription(position, queue, None, 0.1)] == [3]
    assert queue.acknowledged == [1, 2, 3]
    assert position.nummer == 3


def test_a_position_never_goes_back(tmp_path):
    """Two subscriptions share a file, each with its own number."""
    position, other = Position(tmp_path / "p.db", "a"), Position(tmp_path / "p.db", "b")
    position.save(5)
    position.save(3)
    assert (position.nummer, other.nummer) == (5, 0)


def test_a_schema_that_is_not_what_was_asked_is_refused():
    """Bytes decoded with another schema give values without an error: the fingerprint is checked."""
    other = '{"type": "record", "name": "Anders", "fields": []}'
    with pytest.raises(SchemaError, match="not the schema"):
        Schemas(None, lambda _: other).data(b"\xc3\x01" + bytes(8))


def test_what_is_needed_is_asked_at_once(tmp_path):
    """Not after an hour of polling."""
    with pytest.raises(ValueError, match="queue="):
        subscribe("a", position=tmp_path / "p.db")
    with pytest.raises(ValueError, match="token="):
        subscribe("a", feed="http://x", position=tmp_path / "p.db")


def test_a_feed_that_does_not_answer_may_be_asked_again():
    """A caller tells "try again" from "no"."""
    with pytest.raises(Unavailable):
        PullFeed("http://127.0.0.1:9", "a", "t").after(0)
