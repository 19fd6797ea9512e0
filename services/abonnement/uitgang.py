"""The way out to the queues of the holders: RabbitMQ or its twin."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from casuslog.broker.connection import connect_to, reaching
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import HOLDER_PREFIX, declare_holder, declare_rejected, holder_queue
from services.abonnement.teruggestuurd import Teruggestuurd
from services.abonnement.weergave import NUMMER, Bericht

LOOKS, LOOK_SECONDS = 5, 0.1
MOST = 100
"""Rejected messages that are taken at once."""
_TEXT, _BYTES = "utf-8", "binary"


class Teruggenomen(Protocol):
    """What was taken out of a queue."""

    @property
    def nummers(self) -> Sequence[int]:
        """Their numbers."""

    def weg(self) -> None:
        """It need not come back: it waits elsewhere."""


class Uitgang(Protocol):
    """A connection to the queues of the holders; made anew after every failure. Each method may raise Unavailable."""

    def wachtend(self, abonnement: str) -> int:
        """How many messages lie in the queue of a subscription; the queue is made when it is not there."""

    def stuur(self, abonnement: str, bericht: Bericht) -> None:
        """Send a message, persistent, without waiting for its confirm."""

    def bevestigd(self) -> None:
        """Return when all that was sent is confirmed."""

    def neem_terug(self, abonnement: str) -> Teruggenomen:
        """Take all that lies in the queue of a subscription; it is gone when that is confirmed, and back if not."""

    def afgewezen(self) -> Afgewezen:
        """Take what holders rejected, or some of it; it is gone when that is confirmed, and back if not."""

    def leef(self) -> None:
        """Keep the connection alive while nothing is sent; to be called every few seconds."""

    def sluit(self) -> None:
        """Let go of the connection."""


class Afgewezen(Protocol):
    """What holders rejected."""

    @property
    def berichten(self) -> Sequence[Teruggestuurd]:
        """What came back."""

    def weg(self) -> None:
        """It was booked."""


class _UitWachtrij:
    """Messages that were taken and not acknowledged yet."""

    def __init__(self, connection: Any, channel: Any, messages: Sequence[Any]) -> None:
        self._connection = connection
        self._channel = channel
        self._messages = messages

    @property
    def nummers(self) -> Sequence[int]:
        """See :class:`Teruggenomen`."""
        return [int(message.headers[NUMMER]) for message in self._messages]

    @property
    def berichten(self) -> Sequence[Teruggestuurd]:
        """See :class:`Afgewezen`."""
        return [_teruggestuurd(message.headers) for message in self._messages]

    def weg(self) -> None:
        """See :class:`Teruggenomen`."""
        with reaching(self._connection):
            for message in self._messages:
                self._channel.basic_ack(message.delivery_tag)
            self._channel.close()


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

    def neem_terug(self, abonnement: str) -> Teruggenomen:
        """See :class:`Uitgang`.

        A connection that was closed from the other side gives back what it had not acknowledged a moment later, so the
        queue is looked at again until nothing came for a while.
        """
        with reaching(self._connection):
            channel = self._connection.channel()
            declare_holder(channel, abonnement)
            found: list[Any] = []
            quiet = 0
            while quiet < LOOKS:
                message = channel.basic_get(holder_queue(abonnement), no_ack=False)
                if message is not None:
                    found.append(message)
                    quiet = 0
                else:
                    quiet += 1
                    time.sleep(LOOK_SECONDS)
            return _UitWachtrij(self._connection, channel, found)

    def afgewezen(self) -> Afgewezen:
        """See :class:`Uitgang`."""
        with reaching(self._connection):
            channel = self._connection.channel()
            name = declare_rejected(channel)
            found: list[Any] = []
            while len(found) < MOST and (message := channel.basic_get(name, no_ack=False)) is not None:
                found.append(message)
            return _UitWachtrij(self._connection, channel, found)

    def leef(self) -> None:
        """See :class:`Uitgang`."""
        self._publisher.drain()

    def sluit(self) -> None:
        """See :class:`Uitgang`."""
        self._publisher.close()
        self._connection.release()


def _teruggestuurd(headers: Mapping[str, Any]) -> Teruggestuurd:
    """By what the broker wrote on it: from which queue it came last, and why. Of nobody where it wrote nothing."""
    last: Mapping[str, Any] = next(iter(headers.get("x-death") or ()), {})
    nummer = headers.get(NUMMER)
    abonnement = str(last.get("queue", "")).removeprefix(HOLDER_PREFIX)
    return Teruggestuurd(abonnement, nummer if isinstance(nummer, int) else 0, str(last.get("reason", "")))
