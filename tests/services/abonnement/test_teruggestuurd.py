"""What a holder rejects in its queue is a dead letter too: with its number, and ready to be sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from amqp import Message
from structlog.testing import capture_logs

from casuslog.broker import twin
from casuslog.broker.connection import connect_to
from casuslog.broker.topology import REJECTED_QUEUE, holder_queue
from casuslog.codes import codes
from casuslog.identifiers import new_id
from services.abonnement.teruggestuurd import REDENEN, Teruggestuurd
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.weergave import NUMMER
from tests.services.abonnement.webhookproef import vastgelegd, vraag
from tests.services.abonnement.wereld import WIJKTEAM, Wereld

pytestmark = pytest.mark.usefixtures("dienst")


@pytest.fixture(params=["twin", pytest.param("rabbit", marks=pytest.mark.rabbitmq)])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a broker: the twin and RabbitMQ."""
    if request.param == "rabbit":
        yield request.getfixturevalue("amqp_url")
        return
    name = f"proef-{new_id()}"
    yield f"{twin.SCHEME}://{name}"
    twin.broker(name).forget()


def brieven(wereld: Wereld, abonnement: str) -> list[tuple[int, str, str, int]]:
    """The dead letters of a holder: number, channel, reason, and how often."""
    found = vraag(wereld, "http_dode_brieven", WIJKTEAM, abonnement)["dode_brieven"]
    return [(one["nummer"], one["kanaal"], one["reden"], one["keren"]) for one in found]


def pompen(wereld: Wereld) -> None:
    """Pump until nothing moves; enough time went by to look at what was rejected."""
    wereld.monotonic.now += 60
    while wereld.pomp.stap():
        pass


def test_what_was_rejected_is_booked_once_and_can_be_sent_again(wereld: Wereld) -> None:
    """Seen twice, because we stopped in between, it is one dead letter; rejected again after a repetition it counts."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.melding()
    wereld.geleverd(abonnement)
    terug = Teruggestuurd(abonnement, 2, "rejected")
    wereld.queues.rejected += [terug, terug]
    pompen(wereld)
    assert brieven(wereld, abonnement) == [(2, "houder", "afgewezen", 1)]
    assert wereld.queues.rejected == []
    assert vastgelegd(wereld, abonnement, "dodebrief") == ["bericht-afgewezen"]
    assert vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 2)["weg"] == "queue"
    assert [one.headers[NUMMER] for one in wereld.geleverd(abonnement)] == [1, 2, 2]
    wereld.queues.rejected.append(Teruggestuurd(abonnement, 2, "delivery_limit"))
    pompen(wereld)
    assert brieven(wereld, abonnement) == [(2, "houder", "te_vaak_teruggegeven", 2)]


@pytest.mark.parametrize("nummer", [0, 2, 10**12])
def test_what_is_not_ours_is_named_and_stands_in_nobodys_way(wereld: Wereld, nummer: int) -> None:
    """A number that was not given, or a subscription that there is not: a line of the log, and the rest is booked."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.geleverd(abonnement)
    vreemd = [Teruggestuurd(abonnement, nummer, "rejected"), Teruggestuurd(new_id(), 1, "rejected")]
    wereld.queues.rejected += [*vreemd, Teruggestuurd(abonnement, 1, "rejected")]
    with capture_logs() as logged:
        pompen(wereld)
    assert [line["event"] for line in logged].count("teruggestuurd bericht is niet van ons") == 2
    assert brieven(wereld, abonnement) == [(1, "houder", "afgewezen", 1)]


def test_what_the_broker_did_not_lay_there_is_named_and_taken_away(wereld: Wereld, broker: str) -> None:
    """Somebody wrote into the queue of what was rejected: it does not come back for ever, before all that did."""
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(broker))
    pompen(wereld)
    with connect_to(broker, name="vreemd") as connection:
        connection.channel().basic_publish(Message("vreemd"), routing_key=REJECTED_QUEUE)
        with capture_logs() as logged:
            deadline = time.monotonic() + 20
            while not logged and time.monotonic() < deadline:
                pompen(wereld)
        pompen(wereld)
        assert [line["event"] for line in logged] == ["teruggestuurd bericht is niet van ons"]
        assert connection.channel().basic_get(REJECTED_QUEUE) is None


def test_while_it_cannot_be_read_deliveries_go_on(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue of what was rejected is away: holders get theirs, and it is booked when it is back."""
    abonnement = wereld.ken_toe()
    wereld.melding()

    def away() -> Any:
        raise ConnectionError("away")

    wereld.queues.rejected.append(Teruggestuurd(abonnement, 1, "rejected"))
    with monkeypatch.context() as broken:
        broken.setattr(wereld.queues, "afgewezen", away)
        assert [one.headers[NUMMER] for one in wereld.geleverd(abonnement)] == [1]
        assert brieven(wereld, abonnement) == []
    pompen(wereld)
    assert brieven(wereld, abonnement) == [(1, "houder", "afgewezen", 1)]


def test_the_broker_brings_back_what_a_holder_rejects(wereld: Wereld, broker: str) -> None:
    """On the twin and on RabbitMQ: without requeue it is a dead letter; laid back or acknowledged it is not."""
    abonnement = wereld.ken_toe()
    for _ in range(3):
        wereld.melding()
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(broker))
    pompen(wereld)
    with connect_to(broker, name="houder") as connection:
        channel = connection.channel()
        gekregen = {one.headers[NUMMER]: one for one in (_genomen(channel, abonnement) for _ in range(3))}
        channel.basic_ack(gekregen[1].delivery_tag)
        channel.basic_reject(gekregen[2].delivery_tag, requeue=False)
        channel.basic_reject(gekregen[3].delivery_tag, requeue=True)
        deadline = time.monotonic() + 20
        while not brieven(wereld, abonnement) and time.monotonic() < deadline:
            pompen(wereld)
        assert brieven(wereld, abonnement) == [(2, "houder", "afgewezen", 1)]
        assert _genomen(channel, abonnement).headers[NUMMER] == 3
        vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 2)
        pompen(wereld)
        assert _genomen(channel, abonnement).headers[NUMMER] == 2
        assert channel.basic_get(REJECTED_QUEUE) is None
    wereld.pomp.stop()


def _genomen(channel: Any, abonnement: str) -> Any:
    """The next message of the queue: it may come a moment after it was confirmed or laid back."""
    deadline = time.monotonic() + 10
    while (message := channel.basic_get(holder_queue(abonnement))) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return message


def test_every_reason_of_the_broker_is_a_code() -> None:
    """What is booked can be read in the list; the queue of it is called as no subscription can be."""
    assert set(REDENEN.values()) <= set(codes("webhookreden").codes)
    assert holder_queue(new_id()) != REJECTED_QUEUE
