"""What a holder tries at the broker with its own credentials, and what came of it. Nothing of ours stands between."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import AccessRefused, AMQPError, NotFound
from kombu.connection import Connection

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import LOG_EXCHANGE, STREAM_QUEUE

EXCHANGES = (LOG_EXCHANGE, "", "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic", "eigen")
PATTERNS = ("#", "*", "casuslog.houder.#", "casuslog.houder.*", ".*", "^.*$", "casuslog.houder.%", "casuslog..houder")
"""Names that would matter if somewhere a name were taken for a pattern."""


@dataclass(frozen=True)
class Poging:
    """One attempt. ``gelukt``: the broker did it. ``bericht``: it handed over a message."""

    wat: str
    waarop: str
    gelukt: bool
    bericht: bool


def pogingen(url: str, eigen: str, doelen: Sequence[str]) -> Iterator[Poging]:
    """All attempts of the holder of ``eigen`` on these queues and on the exchanges."""
    met_naam: Sequence[tuple[str, Callable[[Any, str], Any]]] = (
        ("basic.get", lambda c, q: c.basic_get(q, no_ack=True)),
        ("basic.consume", lambda c, q: c.basic_consume(q, no_ack=True)),
        ("queue.purge", lambda c, q: c.queue_purge(q)),
        ("queue.delete", lambda c, q: c.queue_delete(q)),
        ("queue.declare", lambda c, q: c.queue_declare(q, durable=True, auto_delete=False)),
        ("queue.declare exclusive", lambda c, q: c.queue_declare(q, exclusive=True)),
        ("queue.bind to the log", lambda c, q: c.queue_bind(q, LOG_EXCHANGE, "#")),
        ("queue.bind to amq.topic", lambda c, q: c.queue_bind(q, "amq.topic", "#")),
        ("queue.unbind", lambda c, q: c.queue_unbind(q, LOG_EXCHANGE, "#")),
        ("publish to the queue", lambda c, q: _publish(c, "", q)),
    )
    with connect_to(url, name="aanval") as connection:
        for (wat, doe), doel in itertools.product(met_naam, (*doelen, *PATTERNS)):
            yield _probeer(connection, wat, doel, doe)
        for wat, doe in _met_eigen(eigen):
            yield _probeer(connection, wat, eigen, doe)
        for wat, doe, exchange in _op_exchanges(eigen):
            yield _probeer(connection, wat, exchange, doe)


def passief(url: str, doelen: Sequence[str]) -> list[Poging]:
    """Passive declarations: the one question for which RabbitMQ asks no permission. It answers a count, no message."""
    with connect_to(url, name="aanval") as connection:
        return [
            _probeer(connection, "passive declare", doel, lambda c, q: c.queue_declare(q, passive=True))
            for doel in doelen
        ]


def _met_eigen(eigen: str) -> Iterator[tuple[str, Callable[[Any, str], Any]]]:
    """With its own queue it may read and no more."""
    yield "delete the own queue", lambda c, q: c.queue_delete(q)
    yield "declare the own queue otherwise", lambda c, q: c.queue_declare(q, durable=False)
    yield "publish into the own queue", lambda c, q: _publish(c, "", q)
    for exchange in EXCHANGES[:1] + EXCHANGES[2:]:
        for key in ("#", "*.melding.#", "0086.#", eigen):
            yield f"bind the own queue to {exchange}", lambda c, q, e=exchange, k=key: c.queue_bind(q, e, k)


def _op_exchanges(eigen: str) -> Iterator[tuple[str, Callable[[Any, str], Any], str]]:
    for exchange in EXCHANGES:
        for key in ("0086.melding.melding-geregistreerd.00", "#", STREAM_QUEUE, eigen):
            yield "publish", lambda c, e, k=key: _publish(c, e, k), exchange
        for kind in ("topic", "direct", "fanout"):
            yield "exchange.declare", lambda c, e, k=kind: c.exchange_declare(e, k, durable=True), exchange
        yield "exchange.delete", lambda c, e: c.exchange_delete(e), exchange
        for other in EXCHANGES:
            yield "exchange.bind", lambda c, e, o=other: c.exchange_bind(e, o, "#"), exchange


def _publish(channel: Any, exchange: str, key: str) -> None:
    from amqp import Message

    channel.confirm_select()
    channel.basic_publish(Message("vals"), exchange=exchange, routing_key=key)
    # The refusal of a publish comes by itself; a round trip brings it in.
    channel.basic_qos(0, 1, False)


def _probeer(connection: Connection, wat: str, doel: str, doe: Callable[[Any, str], Any]) -> Poging:
    channel = connection.channel()
    try:
        found = doe(channel, doel)
    except (AccessRefused, NotFound, AMQPError):
        return Poging(wat, doel, False, False)
    finally:
        if channel.is_open:
            channel.close()
        connection.ensure_connection(max_retries=3)
    if wat == "basic.get" and found is None:
        # The broker let it look.
        return Poging(wat, doel, True, False)
    return Poging(wat, doel, True, wat in ("basic.get", "basic.consume"))
