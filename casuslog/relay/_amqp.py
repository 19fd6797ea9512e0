"""The relay's connection to the log."""

from __future__ import annotations

from collections.abc import Sequence

from casuslog.broker.connection import HEARTBEAT, bounded, connect_to, let_go, reaching
from casuslog.broker.publish import CONFIRM_TIMEOUT, ConfirmingPublisher, Outgoing
from casuslog.broker.topology import Inbox, declare_log, missing_queues
from casuslog.recorded import StoredEvent
from casuslog.routing import routing_key

ANSWER_TIMEOUT = 10.0
"""How long the broker may take for the declaration of a queue: one that was just restarted needs a while."""


class LogPublisher:
    """Publishes events on the log exchange; a :class:`~casuslog.relay.Publisher`. It connects when it is made.

    Args:
        url: of the broker, or of its twin.
        service: whose events; the broker's operator sees it.
        required: the inboxes that must be there (:func:`casuslog.consume.inbox.inboxes_of`).
        stream: whether the replayable stream is kept too.
        window: messages without confirm at most.
        heartbeat: seconds between heartbeats; a line that was dead for two of them is given up.
        confirm_timeout: seconds without any confirm, while one is due, after which the broker is given up.

    Raises:
        Unavailable: the broker is away.
    """

    def __init__(
        self,
        url: str,
        service: str,
        required: Sequence[Inbox] = (),
        *,
        stream: bool = True,
        window: int = 1000,
        heartbeat: int = HEARTBEAT,
        confirm_timeout: float = CONFIRM_TIMEOUT,
    ) -> None:
        self._required = tuple(required)
        self._stream = stream
        self._connection = connect_to(url, name=f"relay {service}", heartbeat=heartbeat)
        try:
            with reaching(self._connection):
                self._line = self._connection.connect()
                with bounded(self._line, ANSWER_TIMEOUT), self._connection.channel() as channel:
                    declare_log(channel, stream=stream)
            self._publisher = ConfirmingPublisher(self._connection, window=window, confirm_timeout=confirm_timeout)
        except BaseException:
            # Not released: that would wait for the goodbye of a broker that does not answer.
            self._connection.collect()
            raise

    @property
    def confirmed(self) -> int:
        """How many of those sent over this connection are confirmed without a gap."""
        return self._publisher.confirmed

    @property
    def blocked(self) -> bool:
        """Whether the broker takes nothing for now."""
        return self._publisher.blocked

    def send(self, message: Outgoing) -> None:
        """Send one message; may wait while the window is full."""
        self._publisher.publish(message)

    def publish(self, stored: StoredEvent, headers: dict[str, str]) -> None:
        """Send one event; may wait while the window is full."""
        properties = {"message_id": stored.envelope.id, "type": stored.envelope.type}
        self.send(Outgoing(routing_key(stored.envelope), stored.body, headers, properties))

    def confirm(self) -> None:
        """Return when all that was sent is confirmed."""
        self._publisher.flush()

    def beat(self, seconds: float = 0.0) -> None:
        """Send what is left, take in confirms, keep the connection alive, and notice when it is not."""
        self._publisher.drain(seconds)

    def missing_bindings(self) -> Sequence[str]:
        """The queues that are not there; bindings of those that are there are mended."""
        with reaching(self._connection), bounded(self._line, ANSWER_TIMEOUT):
            return missing_queues(self._connection, self._required, stream=self._stream)

    def close(self) -> None:
        """Let go of the connection."""
        let_go(self._connection, self._line)
