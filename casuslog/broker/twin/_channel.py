"""One channel as the broker sees it: what its client declares, publishes, consumes and acknowledges."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import amqp
from amqp.spec import Basic, Confirm
from amqp.spec import Channel as ChannelSpec
from amqp.spec import Exchange as ExchangeSpec
from amqp.spec import Queue as QueueSpec

from casuslog.broker.twin._exchanges import Exchange
from casuslog.broker.twin._faults import ChannelFault, ConnectionFault, not_implemented, precondition, refused
from casuslog.broker.twin._messages import Entry, Message
from casuslog.broker.twin._queues import Consumer, Declaration, Queue
from casuslog.broker.twin._vhost import Vhost

Signature = tuple[int, int]


class Session(Protocol):
    """The connection of a channel, as the channel sees it."""

    vhost: Vhost
    channels: dict[int, ServerChannel]

    def send(self, channel: int, method: Signature, form: str = "", *values: Any, content: Any = None) -> None:
        """Send a method to the client."""


@dataclass(slots=True)
class Delivery:
    """A message that a client has and has not acknowledged."""

    queue: Queue
    entry: Entry
    consumer: Consumer | None


class ServerChannel:
    """One channel as the broker sees it."""

    def __init__(self, number: int, session: Session) -> None:
        self.number = number
        self.session = session
        self.vhost = session.vhost
        self.closing = False
        self.limit = 0
        """Prefetch of the whole channel (``global``)."""
        self._consumer_limit = 0
        self._consumers: dict[str, Consumer] = {}
        self._unacknowledged: dict[int, Delivery] = {}
        self._tag = 0
        self._published: int | None = None
        """How many were published since confirms were asked for; None: they were not."""

    @property
    def has_room(self) -> bool:
        return not self.limit or len(self._unacknowledged) < self.limit

    def send(self, method: Signature, form: str = "", *values: Any, content: Any = None) -> None:
        self.session.send(self.number, method, form, *values, content=content)

    # Closing

    def close_by_broker(self, fault: ChannelFault, method: Signature) -> None:
        self.closing = True
        self._let_go()
        self.send(ChannelSpec.Close, "BsBB", fault.code, fault.text[:250], *method)

    def close(self, *_: Any) -> None:
        self._let_go()
        self.session.channels.pop(self.number, None)
        self.send(ChannelSpec.CloseOk)

    def closed(self, *_: Any) -> None:
        self.session.channels.pop(self.number, None)

    def _let_go(self) -> None:
        self.drop_consumers()
        self.drop_unacknowledged()

    def drop_consumers(self) -> None:
        for consumer in list(self._consumers.values()):
            self._drop(consumer)

    def drop_unacknowledged(self) -> None:
        left, self._unacknowledged = self._unacknowledged, {}
        self._give_back(list(left.values()), returned=False)

    # Exchanges and queues

    def declare_exchange(
        self, _: int, name: str, kind: str, passive: bool, durable: bool, auto: bool, __: bool, nowait: bool, args: Any
    ) -> None:
        if passive:
            self.vhost.exchange(name)
        else:
            self.vhost.declare_exchange(Exchange(name, kind, durable, auto, args))
        self._answer(nowait, ExchangeSpec.DeclareOk)

    def delete_exchange(self, _: int, name: str, if_unused: bool, nowait: bool) -> None:
        self.vhost.delete_exchange(name, if_unused=if_unused)
        self._answer(nowait, ExchangeSpec.DeleteOk)

    def declare_queue(
        self, _: int, name: str, passive: bool, durable: bool, exclusive: bool, auto: bool, nowait: bool, args: Any
    ) -> None:
        if passive:
            queue = self.vhost.queue(name, self.session)
        else:
            owner = self.session if exclusive else None
            queue = self.vhost.declare_queue(Declaration(name, durable, auto, owner, args), self.session)
        self._answer(nowait, QueueSpec.DeclareOk, "sll", queue.name, queue.count, len(queue.consumers))

    def bind(self, _: int, name: str, exchange: str, key: str, nowait: bool, __: Any) -> None:
        queue = self.vhost.queue(name, self.session)
        if not exchange:
            raise refused("operation not permitted on the default exchange")
        self.vhost.exchange(exchange).bind(queue.name, key)
        self._answer(nowait, QueueSpec.BindOk)

    def unbind(self, _: int, name: str, exchange: str, key: str, __: Any) -> None:
        if not exchange:
            raise refused("operation not permitted on the default exchange")
        if name in self.vhost.queues and exchange in self.vhost.exchanges:
            self.vhost.unbind(self.vhost.exchanges[exchange], name, key)
        self.send(QueueSpec.UnbindOk)

    def delete_queue(self, _: int, name: str, if_unused: bool, if_empty: bool, nowait: bool) -> None:
        if name not in self.vhost.queues:
            self._answer(nowait, QueueSpec.DeleteOk, "l", 0)
            return
        queue = self.vhost.queue(name, self.session)
        queue.check_delete(if_unused=if_unused, if_empty=if_empty)
        self._answer(nowait, QueueSpec.DeleteOk, "l", queue.count)
        self.vhost.delete_queue(queue)

    def purge(self, _: int, name: str, nowait: bool) -> None:
        count = self.vhost.queue(name, self.session).purge()
        self._answer(nowait, QueueSpec.PurgeOk, "l", count)

    def _answer(self, nowait: bool, method: Signature, form: str = "", *values: Any) -> None:
        if not nowait:
            self.send(method, form, *values)

    # Publishing

    def confirm(self, nowait: bool) -> None:
        if self._published is None:
            self._published = 0
        self._answer(nowait, Confirm.SelectOk)

    def publish(self, values: list[Any], content: amqp.Message) -> None:
        _, exchange, key, mandatory, immediate = values
        if immediate:
            raise not_implemented("immediate=true")
        if content.properties.get("expiration") is not None:
            raise not_implemented("the twin has no message expiration")
        message = Message.received(content, exchange, key)
        queues = self.vhost.route(exchange, key)
        if not queues and mandatory:
            self.send(Basic.Return, "Bsss", 312, "NO_ROUTE", exchange, key, content=message.content())
        accepted = [queue.accept(message) for queue in queues]
        if self._published is not None:
            self._published += 1
            # RabbitMQ sets "multiple" on a nack although it means this one only.
            answer, multiple = (Basic.Ack, False) if all(accepted) else (Basic.Nack, True)
            self.send(answer, "Lb", self._published, multiple)

    # Consuming

    def qos(self, _: int, count: int, whole_channel: bool) -> None:
        if whole_channel:
            self.limit = count
        else:
            self._consumer_limit = count
        self.send(Basic.QosOk)

    def consume(
        self, _: int, name: str, tag: str, __: bool, no_ack: bool, exclusive: bool, nowait: bool, args: Any
    ) -> None:
        queue = self.vhost.queue(name, self.session)
        tag = tag or f"amq.ctag-{secrets.token_urlsafe(16)}"
        if tag in self._consumers:
            raise ConnectionFault(530, f"NOT_ALLOWED - attempt to reuse consumer tag '{tag}'")
        consumer = Consumer(tag, self, queue, no_ack, exclusive, self._consumer_limit)
        queue.check_consumer(consumer)
        queue.add(consumer, args)
        self._consumers[tag] = consumer
        self._answer(nowait, Basic.ConsumeOk, "s", tag)
        queue.pump()

    def cancel(self, tag: str, nowait: bool) -> None:
        consumer = self._consumers.get(tag)
        if consumer is not None:
            self._drop(consumer)
        self._answer(nowait, Basic.CancelOk, "s", tag)
        if consumer is not None:
            consumer.queue.pump()

    def cancelled(self, consumer: Consumer) -> None:
        """Tell the client that its queue is gone."""
        self._consumers.pop(consumer.tag, None)
        consumer.queue.remove(consumer)
        self.send(Basic.Cancel, "sb", consumer.tag, True)

    def _drop(self, consumer: Consumer) -> None:
        self._consumers.pop(consumer.tag, None)
        queue = consumer.queue
        if consumer in queue.consumers:
            queue.remove(consumer)
        if queue.declared.auto_delete and not queue.consumers and queue.name in self.vhost.queues:
            self.vhost.delete_queue(queue)

    def get(self, _: int, name: str, no_ack: bool) -> None:
        queue = self.vhost.queue(name, self.session)
        entry = queue.get()
        if entry is None:
            self.send(Basic.GetEmpty, "s", "")
            return
        tag, message = self._hand_over(queue, entry, None, no_ack), entry.message
        values = (tag, entry.redelivered, message.exchange, message.routing_key, queue.count)
        content = message.content(**queue.delivery_headers(entry, got=True))
        self.send(Basic.GetOk, "Lbssl", *values, content=content)

    def deliver(self, consumer: Consumer, entry: Entry) -> None:
        """Send a message to a consumer and remember that it has it."""
        tag, message = self._hand_over(consumer.queue, entry, consumer, consumer.no_ack), entry.message
        values = (consumer.tag, tag, entry.redelivered, message.exchange, message.routing_key)
        content = message.content(**consumer.queue.delivery_headers(entry))
        self.send(Basic.Deliver, "sLbss", *values, content=content)

    def _hand_over(self, queue: Queue, entry: Entry, consumer: Consumer | None, no_ack: bool) -> int:
        self._tag += 1
        if not no_ack:
            self._unacknowledged[self._tag] = Delivery(queue, entry, consumer)
            if consumer is not None:
                consumer.outstanding += 1
        return self._tag

    # Acknowledging

    def ack(self, tag: int, multiple: bool) -> None:
        self._pump({delivery.queue for delivery in self._settle(tag, multiple)})

    def reject(self, tag: int, requeue: bool) -> None:
        self.nack(tag, False, requeue)

    def nack(self, tag: int, multiple: bool, requeue: bool) -> None:
        settled = self._settle(tag, multiple)
        if requeue:
            self._give_back(settled, returned=True)
            return
        for delivery in settled:
            delivery.queue.discard([delivery.entry], "rejected")
        self._pump({delivery.queue for delivery in settled})

    def recover(self, requeue: bool) -> None:
        if not requeue:
            raise not_implemented("requeue=false")
        self._give_back(self._settle(0, True), returned=True)
        self.send(Basic.RecoverOk)

    def _settle(self, tag: int, multiple: bool) -> list[Delivery]:
        if multiple:
            tags = [t for t in self._unacknowledged if not tag or t <= tag]
        else:
            tags = [tag] if tag in self._unacknowledged else []
        if not tags and (not multiple or tag):
            raise precondition(f"unknown delivery tag {tag}")
        settled = [self._unacknowledged.pop(t) for t in tags]
        for delivery in settled:
            if delivery.consumer is not None:
                delivery.consumer.outstanding -= 1
        return settled

    def _give_back(self, deliveries: list[Delivery], *, returned: bool) -> None:
        queues: dict[Queue, list[Entry]] = {}
        for delivery in deliveries:
            queues.setdefault(delivery.queue, []).append(delivery.entry)
        for queue, entries in queues.items():
            queue.give_back(entries, returned=returned)
        self._pump(set(queues))

    def _pump(self, queues: set[Queue]) -> None:
        if self.limit:
            # Room on the channel is room for each of its consumers.
            queues |= {consumer.queue for consumer in self._consumers.values()}
        for queue in queues:
            queue.pump()


HANDLERS: dict[Signature, Callable[..., None]] = {
    ChannelSpec.Close: ServerChannel.close,
    ChannelSpec.CloseOk: ServerChannel.closed,
    ChannelSpec.FlowOk: lambda _channel, _active: None,
    ExchangeSpec.Declare: ServerChannel.declare_exchange,
    ExchangeSpec.Delete: ServerChannel.delete_exchange,
    QueueSpec.Declare: ServerChannel.declare_queue,
    QueueSpec.Bind: ServerChannel.bind,
    QueueSpec.Unbind: ServerChannel.unbind,
    QueueSpec.Delete: ServerChannel.delete_queue,
    QueueSpec.Purge: ServerChannel.purge,
    Basic.Qos: ServerChannel.qos,
    Basic.Consume: ServerChannel.consume,
    Basic.Cancel: ServerChannel.cancel,
    Basic.Get: ServerChannel.get,
    Basic.Ack: ServerChannel.ack,
    Basic.Reject: ServerChannel.reject,
    Basic.Nack: ServerChannel.nack,
    Basic.Recover: ServerChannel.recover,
    Basic.RecoverAsync: ServerChannel.recover,
    Confirm.Select: ServerChannel.confirm,
}
