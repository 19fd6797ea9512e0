"""A vhost: exchanges, queues and what leads from the one to the other."""

from __future__ import annotations

import secrets
from typing import Any

from casuslog.broker.twin._exchanges import TYPES, Exchange
from casuslog.broker.twin._faults import (
    ConnectionFault,
    locked,
    not_found,
    not_implemented,
    precondition,
    refused,
)
from casuslog.broker.twin._messages import Message
from casuslog.broker.twin._queues import KINDS, Declaration, Queue

_READY = {
    "x-expires",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-single-active-consumer",
    "x-queue-type",
}
ARGUMENTS = {
    "classic": _READY,
    "quorum": _READY | {"x-delivery-limit"},
    "stream": {"x-queue-type", "x-max-age", "x-max-length-bytes", "x-stream-max-segment-size-bytes"},
}
"""Queue arguments per kind; another kind's is an error, an unknown one is ignored, as in RabbitMQ."""
KNOWN = set().union(*ARGUMENTS.values())
NOT_HERE = ("x-message-ttl", "x-max-priority")
"""What RabbitMQ has and the twin does not: refused aloud, so that nobody builds on it."""


class Vhost:
    """One isolated set of exchanges and queues."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {f"amq.{kind}": Exchange(f"amq.{kind}", kind) for kind in TYPES}

    def exchange(self, name: str) -> Exchange:
        try:
            return self.exchanges[name]
        except KeyError:
            raise not_found(f"exchange '{name}' in vhost '{self.name}'") from None

    def queue(self, name: str, session: object) -> Queue:
        """The queue of this name as this connection may use it."""
        found = self._living(name)
        if found is None:
            raise not_found(f"queue '{name}' in vhost '{self.name}'")
        if found.declared.owner not in (None, session):
            raise locked(str(found))
        return found

    def _living(self, name: str) -> Queue | None:
        found = self.queues.get(name)
        if found is not None and found.expired:
            self.delete_queue(found)
            return None
        return found

    def declare_exchange(self, wanted: Exchange) -> None:
        if wanted.type not in TYPES:
            raise ConnectionFault(503, f"COMMAND_INVALID - unknown exchange type '{wanted.type}'")
        if wanted.name not in self.exchanges and wanted.name.startswith("amq."):
            raise refused(f"exchange name '{wanted.name}' contains reserved prefix 'amq.*'")
        there = self.exchanges.setdefault(wanted.name, wanted)
        for name in ("type", "durable", "auto_delete"):
            was, now = getattr(there, name), getattr(wanted, name)
            if was != now:
                raise precondition(
                    f"inequivalent arg '{name}' for exchange '{wanted.name}' in vhost '{self.name}': "
                    f"received '{_lower(now)}' but current is '{_lower(was)}'"
                )

    def delete_exchange(self, name: str, *, if_unused: bool) -> None:
        if not name or name.startswith("amq."):
            raise refused(f"operation not permitted on the exchange '{name}'")
        found = self.exchanges.get(name)
        if found is None:
            return
        if if_unused and found.bindings:
            raise precondition(f"exchange '{name}' in vhost '{self.name}' in use")
        del self.exchanges[name]

    def declare_queue(self, wanted: Declaration, session: object) -> Queue:
        if not wanted.name:
            wanted.name = f"amq.gen-{secrets.token_urlsafe(16)}"
        elif wanted.name.startswith("amq."):
            raise refused(f"queue name '{wanted.name}' contains reserved prefix 'amq.*'")
        if self._living(wanted.name) is None:
            kind = self._check_declaration(wanted)
            self.queues[wanted.name] = KINDS[kind](wanted, self)
            return self.queues[wanted.name]
        found = self.queue(wanted.name, session)
        self._check_same(found, wanted)
        return found

    def _check_declaration(self, wanted: Declaration) -> str:
        kind = wanted.arguments.get("x-queue-type", "classic")
        where = f"for queue '{wanted.name}' in vhost '{self.name}'"
        if kind not in KINDS:
            raise precondition(f"invalid arg 'x-queue-type' {where}: \"unsupported queue type '{kind}'\"")
        for name in wanted.arguments:
            if name in NOT_HERE:
                raise not_implemented(f"the twin has no '{name}' {where}")
            if name in KNOWN and name not in ARGUMENTS[kind]:
                raise precondition(f"invalid arg '{name}' {where} of queue type rabbit_{kind}_queue")
        if kind != "classic":
            for broken, name in (
                (not wanted.durable, "non-durable"),
                (wanted.auto_delete, "auto-delete"),
                (wanted.owner is not None, "exclusive-owner"),
            ):
                if broken:
                    raise precondition(f"invalid property '{name}' {where}")
        return str(kind)

    def _check_same(self, found: Queue, wanted: Declaration) -> None:
        was, where = found.declared, f"for queue '{wanted.name}' in vhost '{self.name}'"
        for name in ("durable", "auto_delete"):
            if getattr(was, name) != getattr(wanted, name):
                received, current = _lower(getattr(wanted, name)), _lower(getattr(was, name))
                raise precondition(
                    f"inequivalent arg '{name}' {where}: received '{received}' but current is '{current}'"
                )
        if was.owner is not wanted.owner:
            raise locked(str(found))
        for name in sorted(KNOWN):
            before, now = was.arguments.get(name), wanted.arguments.get(name)
            default = "classic" if name == "x-queue-type" else None
            if (before or default) != (now or default):
                raise precondition(f"inequivalent arg '{name}' {where}: received '{now}' but current is '{before}'")

    def delete_queue(self, queue: Queue) -> int:
        """Remove it with its bindings; its consumers are told."""
        self.queues.pop(queue.name, None)
        for exchange in list(self.exchanges.values()):
            self.unbind(exchange, queue.name)
        for consumer in list(queue.consumers):
            consumer.channel.cancelled(consumer)
        return queue.count

    def unbind(self, exchange: Exchange, queue: str, key: str | None = None) -> None:
        had = len(exchange.bindings)
        exchange.unbind(queue, key)
        if exchange.auto_delete and had and not exchange.bindings:
            self.exchanges.pop(exchange.name, None)

    def route(self, exchange: str, key: str) -> list[Queue]:
        """The queues that a message goes to.

        Raises:
            ChannelFault: 404, there is no such exchange.
        """
        names = (key,) if not exchange else self.exchange(exchange).route(key)
        return [queue for name in names if (queue := self._living(name)) is not None]

    def dead_letter(self, message: Message) -> None:
        """Route a dead letter; as in RabbitMQ one that would go round without anyone rejecting it is dropped."""
        deaths: list[dict[str, Any]] = message.added["x-death"]
        rejected = any(death["reason"] == "rejected" for death in deaths)
        been = {death["queue"] for death in deaths}
        if message.exchange and message.exchange not in self.exchanges:
            return
        for queue in self.route(message.exchange, message.routing_key):
            if rejected or queue.name not in been:
                queue.accept(message)


def _lower(value: object) -> str:
    return str(value).lower()
