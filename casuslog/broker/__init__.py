"""The log in AMQP: its topology, connections, confirmed publishing, and the in-process twin of RabbitMQ."""

from casuslog.broker.connection import HEARTBEAT, connect_to, prepare, reaching
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import (
    LOG_EXCHANGE,
    STREAM_QUEUE,
    Inbox,
    declare_holder,
    declare_inbox,
    declare_log,
    holder_queue,
    missing_queues,
)

__all__ = [
    "HEARTBEAT",
    "LOG_EXCHANGE",
    "STREAM_QUEUE",
    "ConfirmingPublisher",
    "Inbox",
    "Outgoing",
    "connect_to",
    "declare_holder",
    "declare_inbox",
    "declare_log",
    "holder_queue",
    "missing_queues",
    "prepare",
    "reaching",
]
