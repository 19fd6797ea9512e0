"""Cases of the broker contract: what a publisher may rely on."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.errors import Unavailable
from casuslog.testing._broker_base import QUIET, WAITING_KINDS, BrokerCases, BrokerUnderTest, Client, bodies

HEADERS: dict[str, Any] = {
    "text": "één",
    "number": 5,
    "large": 2**40,
    "negative": -3,
    "flag": True,
    "fraction": 1.5,
    "moment": datetime(2026, 1, 2, 3, 4, 5),  # AMQP has whole seconds without a zone
    "bytes": b"\xff\x00",
    "nothing": None,
    "table": {"x": 1, "list": [1, "a", None]},
}
PROPERTIES = {"message_id": "m", "correlation_id": "c", "reply_to": "r", "type": "t", "timestamp": 5, "priority": 3}


def send(publisher: ConfirmingPublisher, *keys: str) -> None:
    """Publish a message under each key and wait for the confirms."""
    for key in keys:
        publisher.publish(Outgoing(key, b"x"))
    publisher.flush()


class PublishCases(BrokerCases):
    """Types, routing, confirms, returns and refusals."""

    def test_a_message_arrives_with_its_types(self, client: Client) -> None:
        """Body, content type, properties and the type of every header come out as they went in."""
        client.declare("q")
        publisher = ConfirmingPublisher(client.connection, exchange="")
        publisher.publish(Outgoing("q", b"\x00\xff", HEADERS, PROPERTIES, content_type="application/x"))
        publisher.flush()
        [message] = client.until(client.consume("q"), 1)
        assert bytes(message.body) == b"\x00\xff"
        assert message.headers == HEADERS
        assert {k: type(v) for k, v in message.headers.items()} == {k: type(v) for k, v in HEADERS.items()}
        assert message.properties["content_type"] == "application/x"
        assert message.properties["content_encoding"] == "binary"
        assert {name: message.properties[name] for name in PROPERTIES} == PROPERTIES

    def test_each_receiver_has_a_copy_of_its_own(self, client: Client) -> None:
        """What one receiver does to a header, another does not see."""
        for name in ("a", "b"):
            client.declare(name)
            client.channel.queue_bind(name, "amq.fanout")
        client.publish("", "x", exchange="amq.fanout", table={"n": 1})
        one, two = (client.until(client.consume(name), 1)[0] for name in ("a", "b"))
        one.headers["table"]["n"] = 2
        assert two.headers == {"table": {"n": 1}}

    @pytest.mark.parametrize(
        ("kind", "key", "reached"),
        [
            ("direct", "0080.melding.geregistreerd", {"exact"}),
            ("direct", "0080.pgb.geregistreerd", set()),
            ("topic", "0080.melding.geregistreerd", {"exact", "service", "everything"}),
            ("topic", "0080.melding.geregistreerd.07", {"service", "everything", "four"}),
            ("topic", "0080.melding", {"service", "everything"}),
            ("topic", "0090.pgb.x.01", {"everything", "four"}),
            ("fanout", "whatever", {"exact", "service", "everything", "four"}),
        ],
    )
    def test_an_exchange_routes_by_its_kind(self, client: Client, kind: str, key: str, reached: set[str]) -> None:
        """direct takes the same key, topic its words (* is one, # none or more), fanout everything; each queue once."""
        client.channel.exchange_declare("x", kind, durable=True, auto_delete=False)
        keys = {"exact": "0080.melding.geregistreerd", "service": "*.melding.#", "everything": "#", "four": "*.*.*.*"}
        for name, bound in keys.items():
            client.declare(name)
            client.channel.queue_bind(name, "x", bound)
            client.channel.queue_bind(name, "x", bound)
        client.publish(key, "x", exchange="x")
        got = {name: client.consume(name) for name in keys}
        client.settle()
        assert {name for name, messages in got.items() if len(messages) == 1} == reached
        assert all(len(messages) <= 1 for messages in got.values())

    def test_an_unbound_queue_gets_nothing_more(self, client: Client) -> None:
        """After unbind a key leads nowhere; unbinding what is not bound is no error."""
        client.declare("q")
        client.channel.queue_bind("q", "amq.topic", "a.#")
        client.channel.queue_unbind("q", "amq.topic", "a.#")
        client.channel.queue_unbind("q", "amq.topic", "a.#")
        with pytest.raises(Unavailable, match=r"a\.b"):
            send(ConfirmingPublisher(client.connection, exchange="amq.topic"), "a.b")

    def test_confirms_cover_the_window(self, client: Client) -> None:
        """A pipelining publisher has everything confirmed and delivered in order."""
        client.declare("q")
        publisher = ConfirmingPublisher(client.connection, exchange="", window=10)
        for n in range(1, 101):
            assert publisher.publish(Outgoing("q", str(n).encode())) == n
            assert publisher.published - publisher.confirmed <= 10
        assert publisher.flush() == 100
        assert publisher.drain() == 100
        got = client.consume("q", prefetch=100)
        assert bodies(client.until(got, 100)) == [str(n) for n in range(1, 101)]

    def test_a_message_without_a_queue_comes_back(self, client: Client) -> None:
        """A mandatory message that no queue takes is returned before it is confirmed: NO_ROUTE, then the confirm."""
        said: list[Any] = []
        client.channel.confirm_select()
        client.channel.events["basic_return"].add(lambda error, *where: said.append((error.reply_code, *where[:2])))
        client.channel.events["basic_ack"].add(lambda number, _multiple: said.append(number))
        message = client.channel.prepare_message(b"x")
        client.channel.basic_publish(message, exchange="amq.topic", routing_key="nergens", mandatory=True)
        client.until(said, 2)
        assert said == [(312, "amq.topic", "nergens"), 1]

    def test_the_publisher_stops_at_a_returned_message(self, client: Client) -> None:
        """The confirmed prefix ends before a returned message, though the broker confirms it and what follows."""
        client.declare("q")
        publisher = ConfirmingPublisher(client.connection, exchange="")
        send(publisher, "q")
        with pytest.raises(Unavailable, match="nergens"):
            send(publisher, "nergens", "q", "q")
        assert publisher.confirmed == 1
        with pytest.raises(Unavailable, match="nergens"):
            publisher.publish(Outgoing("q", b"2"))

    def test_without_mandatory_an_unroutable_message_is_confirmed(self, client: Client) -> None:
        """A message that reaches no queue is confirmed when nobody asked for it to be routed."""
        client.publish("nergens", "x")

    def test_an_unknown_exchange_closes_the_channel(self, client: Client) -> None:
        """Publishing to an exchange that is not there fails the publisher with 404."""
        publisher = ConfirmingPublisher(client.connection, exchange="nergens")
        with pytest.raises(Unavailable, match="404"):
            send(publisher, "k")

    @WAITING_KINDS
    def test_a_full_queue_refuses(self, client: Client, kind: str) -> None:
        """With reject-publish a full queue nacks; a quorum queue may take one more before it does."""
        client.declare("q", kind, max_length=2, overflow="reject-publish")
        for _ in range(2 if kind == "classic" else 3):
            send(ConfirmingPublisher(client.connection, exchange=""), "q")
        with pytest.raises(Unavailable, match="refused"):
            send(ConfirmingPublisher(client.connection, exchange=""), "q")

    @WAITING_KINDS
    def test_a_full_queue_drops_its_oldest(self, client: Client, kind: str) -> None:
        """Without reject-publish the oldest go, to the dead-letter exchange where there is one, with their reason."""
        client.declare("dead")
        client.declare("q", kind, max_length=2, dead_letter_exchange="", dead_letter_routing_key="dead")
        client.publish("q", "1", "2", "3", "4")
        dead = client.until(client.consume("dead"), 2)
        assert bodies(dead) == ["1", "2"]
        assert [m.headers["x-death"][0]["reason"] for m in dead] == ["maxlen", "maxlen"]
        assert bodies(client.until(client.consume("q"), 2)) == ["3", "4"]

    def test_a_broker_that_goes_away_fails_the_publisher(self, client: Client, broker: BrokerUnderTest) -> None:
        """When the broker closes the connection the publisher says that it is away; what was confirmed stays so."""
        client.declare("q")
        publisher = ConfirmingPublisher(client.connection, exchange="")
        send(publisher, "q")
        broker.close_connections()
        time.sleep(QUIET)
        with pytest.raises(Unavailable, match="away"):
            send(publisher, "q", "q")
        assert publisher.confirmed == 1
