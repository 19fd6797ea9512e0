"""The relay's connection to the log."""

from __future__ import annotations

from collections.abc import Sequence

from casuslog.broker.connection import connect_to, reaching
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import Inbox, declare_log, missing_queues
from casuslog.recorded import StoredEvent
from casuslog.routing import routing_key


class LogPublisher:
    """Publishes events on the log exchange; a :class:`~casuslog.relay.Publisher`. It connects when it is made.

    Args:
        url: of the broker, or of its twin.
        service: whose events; the broker's operator sees it.
        required: the inboxes that must be there (:func:`casuslog.consume.inbox.inboxes_of`).
        stream: whether the replayable stream is kept too.
        window: messages without confirm at most.

    Raises:
        Unavailable: the broker is away.
    """

    def __init__(
        self, url: str, service: str, required: Sequence[Inbox] = (), *, stream: bool = True, window: int = 500
    ) -> None:
        self._required = tuple(required)
        self._stream = stream
        self._connection = connect_to(url, name=f"relay {service}")
        with reaching(self._connection), self._connection.channel() as channel:
            declare_log(channel, stream=stream)
        self._publisher = ConfirmingPublisher(self._connection, window=window)

    @property
    def confirmed(self) -> int:
        """How many of those sent over this connection are confirmed without a gap."""
        return self._publisher.confirmed

    def publish(self, stored: StoredEvent, headers: dict[str, str]) -> None:
        """Send one event; may wait while the window is full."""
        properties = {"message_id": stored.envelope.id, "type": stored.envelope.type}
        self._publisher.publish(Outgoing(routing_key(stored.envelope), stored.body, headers, properties))

    def confirm(self) -> None:
        """Return when all that was sent is confirmed."""
        self._publisher.flush()

    def beat(self) -> None:
        """Keep the connection alive, and notice when it is not."""
        self._publisher.drain()

    def missing_bindings(self) -> Sequence[str]:
        """The queues that are not there; bindings of those that are there are mended."""
        with reaching(self._connection):
            return missing_queues(self._connection, self._required, stream=self._stream)

    def close(self) -> None:
        """Let go of the connection."""
        self._publisher.close()
        self._connection.release()
