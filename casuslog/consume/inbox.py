"""Which inbox a consumer has: whole streams of the services that it follows, for one active process at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kombu.entity import Queue

from casuslog.broker.topology import Inbox, declare_inbox, declare_log
from casuslog.routing import binding


def inbox_of(consumer: str, sources: Iterable[str]) -> Inbox:
    """The inbox of a consumer that follows ``sources``, all gemeenten."""
    return Inbox(consumer, tuple(binding(source) for source in sorted(sources)), single_active=True)


def inboxes_of(service: str, follows: Mapping[str, Iterable[str]]) -> list[Inbox]:
    """The inboxes that must be there before ``service`` publishes: those of all consumers that follow it.

    Args:
        service: whose relay asks.
        follows: per consumer the services that it follows.
    """
    followed = {consumer: tuple(sources) for consumer, sources in sorted(follows.items())}
    return [inbox_of(consumer, sources) for consumer, sources in followed.items() if service in sources]


def declare(connection: Any, inbox: Inbox) -> Any:
    """Declare the log and an inbox over a ``kombu.Connection``, and give the ``kombu.Queue`` to consume from.

    The stream is left to the relay: a consumer does not need it.
    """
    with connection.channel() as channel:
        declare_log(channel, stream=False)
        declare_inbox(channel, inbox)
    return Queue(inbox.queue, no_declare=True)
