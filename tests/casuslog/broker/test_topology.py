"""What stands in the broker, on RabbitMQ and on the twin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from kombu.connection import Connection

from casuslog.broker.connection import connect_to
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import (
    DELIVERY_LIMIT,
    LOG_EXCHANGE,
    STREAM_QUEUE,
    Inbox,
    declare_holder,
    declare_inbox,
    declare_log,
    missing_queues,
)
from casuslog.errors import InvalidInput, Unavailable

ONDERZOEK = Inbox("onderzoek", ("*.melding.#",))
PGB = Inbox("pgb", ("*.beschikking.#", "*.toezicht.#"), single_active=True)


@pytest.fixture
def connection(broker_url: str) -> Iterator[Connection]:
    opened = connect_to(broker_url, name="test")
    yield opened
    opened.release()


def publish(connection: Connection, key: str, exchange: str = LOG_EXCHANGE) -> None:
    publisher = ConfirmingPublisher(connection, exchange=exchange)
    publisher.publish(Outgoing(key, b"\xc3\x01"))
    publisher.flush()


def take(connection: Connection, queue: str) -> bytes | None:
    got: list[bytes] = []
    with connection.channel() as channel:
        channel.basic_consume(queue, no_ack=True, callback=lambda message: got.append(bytes(message.body)))
        with contextlib.suppress(TimeoutError):
            connection.drain_events(timeout=1)
    return got[0] if got else None


def test_everything_may_be_declared_again(connection: Connection) -> None:
    """Every process declares what it needs at each start: the second time changes nothing."""
    for _ in range(2):
        declare_log(connection.default_channel)
        declare_inbox(connection.default_channel, ONDERZOEK)
        declare_inbox(connection.default_channel, PGB)
        declare_holder(connection.default_channel, "wijkteam", max_length=10)
    assert missing_queues(connection, [ONDERZOEK, PGB]) == []


def test_an_inbox_receives_what_its_keys_cover(connection: Connection) -> None:
    """An event reaches the inboxes of the services that follow its service, and no holder."""
    declare_log(connection.default_channel)
    declare_inbox(connection.default_channel, ONDERZOEK)
    declare_inbox(connection.default_channel, PGB)
    holder = declare_holder(connection.default_channel, "wijkteam")
    publish(connection, "0080.melding.melding-geregistreerd.07")
    assert take(connection, ONDERZOEK.queue) == b"\xc3\x01"
    assert take(connection, PGB.queue) is None
    assert take(connection, holder) is None


def test_a_holder_is_fed_by_name(connection: Connection) -> None:
    """A holder's queue is on no exchange: it is addressed by its own name."""
    holder = declare_holder(connection.default_channel, "wijkteam")
    publish(connection, holder, exchange="")
    assert take(connection, holder) == b"\xc3\x01"


def test_a_full_holder_refuses_instead_of_dropping(connection: Connection) -> None:
    """A holder that does not read gets no more than its length, and the publisher hears it."""
    holder = declare_holder(connection.default_channel, "wijkteam", max_length=1)
    # A quorum queue takes one more than its limit before it refuses.
    for _ in range(2):
        publish(connection, holder, exchange="")
    with pytest.raises(Unavailable, match="refused"):
        publish(connection, holder, exchange="")


@pytest.mark.parametrize("gone", [STREAM_QUEUE, ONDERZOEK.queue])
def test_a_missing_queue_is_named(connection: Connection, gone: str) -> None:
    """``mandatory`` does not notice one missing queue while another matches; this check does."""
    declare_log(connection.default_channel)
    declare_inbox(connection.default_channel, ONDERZOEK)
    connection.default_channel.queue_delete(gone)
    assert missing_queues(connection, [ONDERZOEK]) == [gone]


def test_a_missing_exchange_is_named(connection: Connection) -> None:
    """Without the exchange there is nothing to publish to."""
    assert missing_queues(connection, [ONDERZOEK]) == [LOG_EXCHANGE]


def test_a_binding_that_was_taken_away_is_mended(connection: Connection) -> None:
    """AMQP cannot show bindings, so the check makes them again."""
    declare_log(connection.default_channel)
    declare_inbox(connection.default_channel, ONDERZOEK)
    connection.default_channel.queue_unbind(ONDERZOEK.queue, LOG_EXCHANGE, "*.melding.#")
    assert missing_queues(connection, [ONDERZOEK]) == []
    publish(connection, "0080.melding.melding-geregistreerd.07")
    assert take(connection, ONDERZOEK.queue) == b"\xc3\x01"


def test_the_log_can_do_without_its_stream(connection: Connection) -> None:
    """A broker without a stream queue serves inboxes all the same: catching up goes through the feed."""
    declare_log(connection.default_channel, stream=False)
    declare_inbox(connection.default_channel, ONDERZOEK)
    assert missing_queues(connection, [ONDERZOEK], stream=False) == []


def test_an_inbox_sets_the_delivery_limit_itself() -> None:
    """RabbitMQ 4 would set 20, which dead-letters healthy events after some lost connections."""
    assert ONDERZOEK.arguments["x-delivery-limit"] == DELIVERY_LIMIT == 1000


def test_an_inbox_without_keys_is_refused(connection: Connection) -> None:
    """An inbox that binds nothing would be silent for ever."""
    declare_log(connection.default_channel)
    with pytest.raises(InvalidInput, match="binds no keys"):
        declare_inbox(connection.default_channel, Inbox("leeg", ()))
