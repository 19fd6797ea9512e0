"""What stands in the broker: one exchange, the stream, an inbox per consumer, a queue per holder.

Every declaration may be repeated. Only the stream and the service inboxes bind to the exchange; a holder's queue is fed
by name through the default exchange, so that a full queue of one subscriber blocks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound
from kombu.connection import Connection

from casuslog.errors import InvalidInput

LOG_EXCHANGE = "casuslog.log"
STREAM_QUEUE = "casuslog.stream"
INBOX_PREFIX = "casuslog.inbox."
HOLDER_PREFIX = "casuslog.houder."
REJECTED_QUEUE = f"{HOLDER_PREFIX}afgewezen"
"""Where the broker lays what holders rejected without requeue, for who feeds their queues. No holder is called so, so
that no permission of one reaches it."""

DELIVERY_LIMIT = 1000
"""Last resort only. With a limit of 3 four lost connections dead-letter every healthy event in a prefetch window;
RabbitMQ 4 sets 20 by itself. Parking happens in our own table."""

STREAM_MAX_AGE = "30D"
STREAM_MAX_BYTES = 20_000_000_000


HOLDER_ARGUMENTS = {
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": REJECTED_QUEUE,
    "x-dead-letter-strategy": "at-least-once",
}
"""Of a holder's queue, beside its kind: a full one refuses, and what is rejected is not lost."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """The queue through which one consumer receives.

    Args:
        consumer: its name, e.g. ``onderzoek``; stable, for the queue and the consumer's checkpoint carry it.
        keys: binding keys on the exchange: ``<gemeente>.<service>.<event>.<bucket>``, e.g. ``*.melding.#``.
        single_active: only one process at a time consumes, the next takes over: keeps the order over processes.
    """

    consumer: str
    keys: tuple[str, ...]
    single_active: bool = False

    @property
    def queue(self) -> str:
        return f"{INBOX_PREFIX}{self.consumer}"

    @property
    def arguments(self) -> dict[str, Any]:
        """Queue arguments; a consumer that declares the queue itself must pass the same."""
        return _quorum() | ({"x-single-active-consumer": True} if self.single_active else {})


def holder_queue(holder: str) -> str:
    """Name of the queue of a subscription's holder."""
    return f"{HOLDER_PREFIX}{holder}"


def declare_log(
    channel: Any, *, stream: bool = True, max_age: str = STREAM_MAX_AGE, max_bytes: int = STREAM_MAX_BYTES
) -> None:
    """Declare the exchange and the stream, which gets everything.

    Args:
        channel: an open channel.
        stream: without it the log cannot be replayed from the broker; consumers catch up from the owner's feed anyway.
        max_age: how long the stream keeps, as RabbitMQ writes it: ``30D``, ``12h``.
        max_bytes: how much the stream keeps, by whole segments.
    """
    channel.exchange_declare(LOG_EXCHANGE, "topic", durable=True, auto_delete=False)
    if stream:
        arguments = {"x-queue-type": "stream", "x-max-age": max_age, "x-max-length-bytes": max_bytes}
        channel.queue_declare(STREAM_QUEUE, durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind(STREAM_QUEUE, LOG_EXCHANGE, "#")


def declare_inbox(channel: Any, inbox: Inbox) -> None:
    """Declare an inbox and its bindings. The exchange must be there.

    Raises:
        InvalidInput: it binds nothing.
    """
    if not inbox.keys:
        raise InvalidInput(f"inbox {inbox.queue} binds no keys and would receive nothing", errors={"keys": "leeg"})
    channel.queue_declare(inbox.queue, durable=True, auto_delete=False, arguments=inbox.arguments)
    _bind(channel, inbox)


def declare_holder(channel: Any, holder: str, *, max_length: int | None = None) -> str:
    """Declare the queue of a holder, on no exchange, and give its name. One that is there is left as it is.

    What its holder rejects without requeue goes to :data:`REJECTED_QUEUE` (:func:`declare_rejected`), at least once: it
    stays until it lies there. A queue that was made before this came gets it by policy (``deploy/rabbitmq``).

    With ``max_length`` a full queue refuses what is published to it (a nack), so that nothing is lost silently.
    """
    name = holder_queue(holder)
    try:
        # Other arguments than it was made with would be an error.
        channel.queue_declare(name, passive=True)
    except NotFound:
        arguments = _quorum() | HOLDER_ARGUMENTS
        if max_length is not None:
            arguments |= {"x-max-length": max_length}
        channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    return name


def declare_rejected(channel: Any) -> str:
    """Declare the queue of what holders rejected, and give its name."""
    channel.queue_declare(REJECTED_QUEUE, durable=True, auto_delete=False, arguments=_quorum())
    return REJECTED_QUEUE


def missing_queues(connection: Connection, required: Iterable[Inbox], *, stream: bool = True) -> list[str]:
    """Names of what the log needs and the broker lacks: exchange, stream, inboxes. Empty is well.

    ``mandatory`` does not notice a missing inbox while another queue matches, so the relay asks this at start and
    every minute, and stops on a name. AMQP can say whether a queue exists (a passive declaration) but not whether a
    binding does, and the management plugin may be absent. So for every queue that exists the bindings are made again:
    that changes nothing where they stand and mends them where someone took one away; what was missed meanwhile the
    consumer notices by the gap in ``sequence`` and fetches from the feed.

    Raises:
        what kombu raises when the connection fails; see :func:`casuslog.broker.connection.reaching`.
    """
    with connection.channel() as channel:
        if not _exists(connection, channel.exchange_declare, LOG_EXCHANGE, "topic"):
            return [LOG_EXCHANGE]
        missing = []
        if stream and not _exists(connection, channel.queue_declare, STREAM_QUEUE):
            missing.append(STREAM_QUEUE)
        elif stream:
            channel.queue_bind(STREAM_QUEUE, LOG_EXCHANGE, "#")
        for inbox in required:
            if _exists(connection, channel.queue_declare, inbox.queue):
                _bind(channel, inbox)
            else:
                missing.append(inbox.queue)
    return missing


def _exists(connection: Connection, declare: Any, *arguments: str) -> bool:
    try:
        declare(*arguments, passive=True)
    except connection.channel_errors as error:
        if getattr(error, "reply_code", None) != 404:
            raise
        return False
    return True


def _bind(channel: Any, inbox: Inbox) -> None:
    for key in inbox.keys:
        channel.queue_bind(inbox.queue, LOG_EXCHANGE, key)


def _quorum() -> dict[str, Any]:
    return {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}
