"""A holder that takes and acknowledges nothing, on RabbitMQ: what it gets, what waits with us; others go on."""

from __future__ import annotations

from typing import Any

import pytest

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from services.abonnement import afnemers
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.weergave import NUMMER
from tests.services.abonnement.wereld import OPSTERLAND, Wereld

pytestmark = pytest.mark.rabbitmq
GRENS, ALLE = 10, 35


class Houder:
    """Consumes its queue without acknowledging, unless it is told to."""

    def __init__(self, url: str, abonnement: str, *, prefetch: int = 0, bevestigt: bool = False) -> None:
        self.nummers: list[int] = []
        self._connection = connect_to(url, name="houder")
        self._channel = self._connection.channel()
        self._bevestigt = bevestigt
        self._channel.basic_qos(0, prefetch, False)
        self._channel.basic_consume(holder_queue(abonnement), callback=self._neem)

    def _neem(self, message: Any) -> None:
        self.nummers.append(message.headers[NUMMER])
        if self._bevestigt:
            self._channel.basic_ack(message.delivery_tag)

    def leest(self) -> None:
        """Take all that comes, until nothing does."""
        try:
            while True:
                self._connection.drain_events(timeout=0.3)
        except TimeoutError:
            return

    def gaat_weg(self) -> None:
        """Its connection ends, as the broker ends it when nothing is acknowledged in time (consumer_timeout)."""
        self._connection.release()


def wacht(wereld: Wereld, abonnement: str) -> int:
    """How many waiting with us the status tells."""
    with wereld.store.engine.connect() as conn:
        return int(next(one["wacht"] for one in afnemers.stand(conn, [OPSTERLAND]) if one["abonnement"] == abonnement))


def gepompt(wereld: Wereld, *houders: Houder) -> None:
    """Deliver, and let them take, until nothing moves any more."""
    stil = 0
    while stil < 2:
        stil = 0 if wereld.pomp.stap() else stil + 1
        for houder in houders:
            houder.leest()


@pytest.fixture
def twee(wereld: Wereld, amqp_url: str) -> tuple[str, str]:
    """Two subscriptions with their queues at the broker, and for each more events than a queue may hold."""
    stil, vlug = wereld.ken_toe(), wereld.ken_toe()
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(amqp_url), in_queue=GRENS)
    wereld.melding()
    assert wereld.pomp.stap() == 2
    for _ in range(ALLE - 1):
        wereld.melding()
    return stil, vlug


def test_with_a_prefetch_it_gets_that_many_and_a_full_queue(
    wereld: Wereld, amqp_url: str, twee: tuple[str, str]
) -> None:
    """It holds its prefetch, as many as the bound lie ready, the rest waits with us; who acknowledges gets all."""
    stil, vlug = twee
    houder, ander = Houder(amqp_url, stil, prefetch=GRENS), Houder(amqp_url, vlug, bevestigt=True)
    gepompt(wereld, houder, ander)
    assert houder.nummers == list(range(1, GRENS + 1))
    assert wacht(wereld, stil) == ALLE - 2 * GRENS
    assert (ander.nummers, wacht(wereld, vlug)) == (list(range(1, ALLE + 1)), 0)
    for one in (houder, ander):
        one.gaat_weg()


def test_without_a_prefetch_it_gets_each_number_once_and_after_that_no_more_is_added(
    wereld: Wereld, amqp_url: str, twee: tuple[str, str]
) -> None:
    """RabbitMQ counts what lies ready only. Its connection ends: all is back, and the queue is full until it reads."""
    stil, vlug = twee
    houder, ander = Houder(amqp_url, stil), Houder(amqp_url, vlug, bevestigt=True)
    gepompt(wereld, houder, ander)
    assert houder.nummers == ander.nummers == list(range(1, ALLE + 1))
    houder.gaat_weg()
    for _ in range(3):
        wereld.melding()
    gepompt(wereld, ander)
    assert wacht(wereld, stil) == 3
    assert ander.nummers == list(range(1, ALLE + 4))
    weer = Houder(amqp_url, stil, prefetch=GRENS, bevestigt=True)
    gepompt(wereld, weer)
    assert sorted(weer.nummers) == list(range(1, ALLE + 4))
    for one in (weer, ander):
        one.gaat_weg()
