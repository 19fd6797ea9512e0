"""The way out to the queues of the holders: RabbitMQ or its twin."""

from __future__ import annotations

from typing import Protocol

from casuslog.broker.connection import connect_to, reaching
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import declare_holder, holder_queue
from services.abonnement.weergave import Bericht

_TEXT, _BYTES = "utf-8", "binary"


class Uitgang(Protocol):
    """A connection to the queues of the holders; made anew after every failure. Each method may raise Unavailable."""

    def wachtend(self, abonnement: str) -> int:
        """How many messages lie in the queue of a subscription; the queue is made when it is not there."""

    def stuur(self, abonnement: str, bericht: Bericht) -> None:
        """Send a message, persistent, without waiting for its confirm."""

    def bevestigd(self) -> None:
        """Return when all that was sent is confirmed."""

    def leef(self) -> None:
        """Keep the connection alive while nothing is sent; to be called every few seconds."""

    def sluit(self) -> None:
        """Let go of the connection."""


class BrokerUitgang:
    """The way out over AMQP, through the default exchange: a queue that is full or gone stops its own holder only."""

    def __init__(self, url: str) -> None:
        self._connection = connect_to(url, name="abonnement levering")
        self._publisher = ConfirmingPublisher(self._connection, exchange="")

    def wachtend(self, abonnement: str) -> int:
        """See :class:`Uitgang`."""
        with reaching(self._connection), self._connection.channel() as channel:
            declare_holder(channel, abonnement)
            return int(channel.queue_declare(holder_queue(abonnement), passive=True).message_count)

    def stuur(self, abonnement: str, bericht: Bericht) -> None:
        """See :class:`Uitgang`."""
        self._publisher.publish(
            Outgoing(
                holder_queue(abonnement),
                bericht.body,
                bericht.headers,
                {"message_id": bericht.message_id},
                bericht.content_type,
                _TEXT if bericht.content_type.endswith("json") else _BYTES,
            )
        )

    def bevestigd(self) -> None:
        """See :class:`Uitgang`."""
        self._publisher.flush()

    def leef(self) -> None:
        """See :class:`Uitgang`."""
        self._publisher.drain()

    def sluit(self) -> None:
        """See :class:`Uitgang`."""
        self._publisher.close()
        self._connection.release()
