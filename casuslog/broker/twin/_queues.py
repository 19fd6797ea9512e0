"""Queues: classic, quorum and stream, each with the order and the limits that RabbitMQ 3.10.8 was measured to have."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from casuslog.broker.twin._faults import ConnectionFault, locked, not_implemented, precondition, refused
from casuslog.broker.twin._messages import Entry, Message


class Receiver(Protocol):
    """The channel of a consumer, as a queue sees it."""

    limit: int
    """Prefetch over all its consumers; 0 is no limit."""

    @property
    def has_room(self) -> bool:
        """Whether its prefetch leaves room."""

    def deliver(self, consumer: Consumer, entry: Entry) -> None:
        """Hand over an entry."""

    def cancelled(self, consumer: Consumer) -> None:
        """Tell that the queue of a consumer is gone."""


class Home(Protocol):
    """The vhost of a queue, as the queue sees it."""

    name: str

    def dead_letter(self, message: Message) -> None:
        """Route a dead letter."""


@dataclass(slots=True, eq=False)
class Consumer:
    """One subscription of a channel to a queue."""

    tag: str
    channel: Receiver
    queue: Queue
    no_ack: bool
    exclusive: bool
    limit: int
    """Prefetch: how many deliveries may be unacknowledged; 0 is no limit."""
    outstanding: int = 0
    offset: int = 0
    """Next offset to read, in a stream."""

    @property
    def has_room(self) -> bool:
        return self.no_ack or ((not self.limit or self.outstanding < self.limit) and self.channel.has_room)


@dataclass(slots=True, eq=False)
class Declaration:
    """What a client declared a queue as."""

    name: str
    durable: bool
    auto_delete: bool
    owner: object | None
    """The connection that an exclusive queue belongs to."""
    arguments: dict[str, Any] = field(default_factory=dict)


class Queue(ABC):
    """What all three kinds share: consumers, their turn, and the end of a queue that nobody uses."""

    def __init__(self, declared: Declaration, vhost: Home) -> None:
        self.declared = declared
        self.name = declared.name
        self.arguments = declared.arguments
        self.vhost = vhost
        self.consumers: list[Consumer] = []
        self.unused_since = time.monotonic()
        self._single_active = bool(declared.arguments.get("x-single-active-consumer"))
        self._number = 0

    def __str__(self) -> str:
        return f"queue '{self.name}' in vhost '{self.vhost.name}'"

    @property
    def expired(self) -> bool:
        """Whether nobody used it for its ``x-expires``."""
        after = self.arguments.get("x-expires")
        return after is not None and not self.consumers and time.monotonic() - self.unused_since > after / 1000

    @property
    @abstractmethod
    def count(self) -> int:
        """Messages ready for delivery."""

    @abstractmethod
    def accept(self, message: Message) -> bool:
        """Take a message in; False where the queue is full and its publisher must hear so."""

    @abstractmethod
    def give_back(self, entries: Sequence[Entry], *, returned: bool) -> None:
        """Take back what was not acknowledged: returned by the consumer, or left by one that is gone."""

    @abstractmethod
    def get(self) -> Entry | None:
        """Take one message outside any consumer."""

    @abstractmethod
    def purge(self) -> int: ...

    @abstractmethod
    def pump(self) -> None:
        """Hand out what can be handed out now."""

    def delivery_headers(self, entry: Entry, *, got: bool = False) -> dict[str, Any]:
        """Headers that a delivery from this kind of queue carries; ``got`` is by basic.get."""
        del entry, got
        return {}

    def discard(self, entries: Iterable[Entry], reason: str) -> None:
        """Drop messages, to the dead-letter exchange where the queue names one."""
        target = self.arguments.get("x-dead-letter-exchange")
        if target is None:
            return
        for entry in entries:
            key = self.arguments.get("x-dead-letter-routing-key", entry.message.routing_key)
            self.vhost.dead_letter(entry.message.died(self.name, reason, target, key))

    @abstractmethod
    def check_consumer(self, consumer: Consumer) -> None:
        """Raise what RabbitMQ answers to a consumer that this queue cannot have."""

    def check_delete(self, *, if_unused: bool, if_empty: bool) -> None:
        """Raise what RabbitMQ answers to a deletion under a condition that does not hold."""
        if if_unused and self.consumers:
            raise precondition(f"{self} in use")
        if if_empty and self.count:
            raise precondition(f"{self} not empty")

    def add(self, consumer: Consumer, arguments: dict[str, Any]) -> None:
        del arguments
        self.consumers.append(consumer)

    def remove(self, consumer: Consumer) -> None:
        self.consumers.remove(consumer)
        self.unused_since = time.monotonic()

    def _turn(self) -> Consumer | None:
        """The consumer whose turn it is: the active one, or the first with room, who then goes to the back."""
        if self._single_active:
            return next((c for c in self.consumers[:1] if c.has_room), None)
        for at, consumer in enumerate(self.consumers):
            if consumer.has_room:
                self.consumers.append(self.consumers.pop(at))
                return consumer
        return None


class ReadyQueue(Queue):
    """A queue that a message leaves when it is acknowledged."""

    def __init__(self, declared: Declaration, vhost: Home) -> None:
        super().__init__(declared, vhost)
        self.ready: deque[Entry] = deque()
        self._bytes = 0

    @property
    def count(self) -> int:
        return len(self.ready)

    def accept(self, message: Message) -> bool:
        if self.arguments.get("x-overflow") == "reject-publish" and self._is_full():
            return False
        self._number += 1
        self.ready.append(Entry(message, self._number))
        self._bytes += len(message.body)
        self.pump()
        while self._is_over():
            self.discard([self._take()], "maxlen")
        return True

    @abstractmethod
    def _is_full(self) -> bool:
        """Whether a queue that rejects would reject the next one."""

    def _exceeds(self, length: int, size: int) -> bool:
        limit, limit_bytes = self.arguments.get("x-max-length"), self.arguments.get("x-max-length-bytes")
        return (limit is not None and length > limit) or (limit_bytes is not None and size > limit_bytes)

    def _is_over(self) -> bool:
        rejects = self.arguments.get("x-overflow") == "reject-publish"
        return not rejects and bool(self.count) and self._exceeds(self.count, self._bytes)

    def _take(self) -> Entry:
        return self._count_out(self.ready.popleft())

    def _count_out(self, entry: Entry) -> Entry:
        self._bytes -= len(entry.message.body)
        return entry

    def get(self) -> Entry | None:
        return self._take() if self.count else None

    def purge(self) -> int:
        purged = self.count
        self.ready.clear()
        self._bytes = 0
        return purged

    def pump(self) -> None:
        while self.count and (consumer := self._turn()) is not None:
            consumer.channel.deliver(consumer, self._take())


class ClassicQueue(ReadyQueue):
    """A returned message lands where it stood."""

    def _is_full(self) -> bool:
        return self._exceeds(self.count + 1, self._bytes + 1)

    def check_consumer(self, consumer: Consumer) -> None:
        if any(c.exclusive for c in self.consumers) or (consumer.exclusive and self.consumers):
            raise refused(f"{self} in exclusive use")

    def give_back(self, entries: Sequence[Entry], *, returned: bool) -> None:
        del returned
        for entry in sorted(entries, key=lambda e: e.number, reverse=True):
            entry.redelivered = True
            at = next((i for i, other in enumerate(self.ready) if other.number > entry.number), len(self.ready))
            self.ready.insert(at, entry)
            self._bytes += len(entry.message.body)


class QuorumQueue(ReadyQueue):
    """Counts how often a message came back, and drops it beyond the delivery limit.

    What comes back is handed out before anything else, in the order in which it came back; only where no delivery
    limit is set does a message that its consumer returned go to the end.
    """

    def __init__(self, declared: Declaration, vhost: Home) -> None:
        super().__init__(declared, vhost)
        self.returned: deque[Entry] = deque()

    @property
    def count(self) -> int:
        return len(self.returned) + len(self.ready)

    def _is_full(self) -> bool:
        # A quorum queue rejects only after it has seen that it is over: one more gets in.
        return self._exceeds(self.count, self._bytes)

    def _take(self) -> Entry:
        return self._count_out((self.returned or self.ready).popleft())

    def get(self) -> Entry | None:
        if self._single_active:
            raise locked(f"{self}. basic.get is not supported by quorum queues with single active consumer")
        return super().get()

    def purge(self) -> int:
        purged = self.count
        self.returned.clear()
        super().purge()
        return purged

    def give_back(self, entries: Sequence[Entry], *, returned: bool) -> None:
        limit = self.arguments.get("x-delivery-limit")
        for entry in entries:
            entry.redelivered = True
            entry.returns += 1
            if limit is not None and entry.returns > limit:
                self.discard([entry], "delivery_limit")
                continue
            self._bytes += len(entry.message.body)
            (self.ready if returned and limit is None else self.returned).append(entry)

    def delivery_headers(self, entry: Entry, *, got: bool = False) -> dict[str, Any]:
        return {"x_delivery_count": entry.returns} if entry.returns or got else {}

    def check_consumer(self, consumer: Consumer) -> None:
        if consumer.channel.limit:
            raise not_implemented(f"{self} does not support global qos")

    def check_delete(self, *, if_unused: bool, if_empty: bool) -> None:
        if if_empty:
            raise not_implemented(f"cannot delete {self} with if-empty: a quorum queue does not support it")
        super().check_delete(if_unused=if_unused, if_empty=if_empty)


class StreamQueue(Queue):
    """A log: reading removes nothing, each consumer has its own offset, an acknowledgement only gives room."""

    def __init__(self, declared: Declaration, vhost: Home) -> None:
        super().__init__(declared, vhost)
        age = declared.arguments.get("x-max-age")
        if age is not None and not re.fullmatch(r"\d+[YMDhms]", str(age)):
            raise ConnectionFault(541, "INTERNAL_ERROR")
        self._log: deque[Message] = deque()
        self._first = 0
        self._bytes = 0

    @property
    def _end(self) -> int:
        return self._first + len(self._log)

    @property
    def count(self) -> int:
        return len(self._log)

    def accept(self, message: Message) -> bool:
        self._log.append(message)
        self._bytes += len(message.body)
        self._retain()
        self.pump()
        return True

    def _retain(self) -> None:
        # RabbitMQ drops whole segments, so up to one segment more than the limit stays.
        limit = self.arguments.get("x-max-length-bytes")
        segment = self.arguments.get("x-stream-max-segment-size-bytes", 500_000_000)
        while limit is not None and self._bytes > limit + segment:
            self._bytes -= len(self._log.popleft().body)
            self._first += 1

    def give_back(self, entries: Sequence[Entry], *, returned: bool) -> None:
        if returned:
            raise not_implemented(f"basic.nack and basic.reject not supported by stream queues {self}")
        del entries

    def discard(self, entries: Iterable[Entry], reason: str) -> None:
        del entries, reason
        raise not_implemented(f"basic.nack and basic.reject not supported by stream queues {self}")

    def get(self) -> Entry | None:
        raise not_implemented(f"basic.get not supported by stream queues {self}")

    def purge(self) -> int:
        raise not_implemented(f"queue.purge not supported by stream queues {self}")

    def delivery_headers(self, entry: Entry, *, got: bool = False) -> dict[str, Any]:
        del got
        return {"x_stream_offset": entry.number}

    def check_consumer(self, consumer: Consumer) -> None:
        if consumer.no_ack:
            raise not_implemented(f"automatic acknowledgement not supported by stream queues {self}")
        if not consumer.limit:
            raise precondition(f"consumer prefetch count is not set for '{self}'")

    def add(self, consumer: Consumer, arguments: dict[str, Any]) -> None:
        consumer.offset = self._offset(arguments.get("x-stream-offset", "next"))
        super().add(consumer, arguments)

    def _offset(self, spec: Any) -> int:
        if isinstance(spec, int):
            return max(spec, self._first)
        if spec == "first":
            return self._first
        if spec == "next":
            return self._end
        if spec == "last":
            return max(self._first, self._end - 1)
        raise ConnectionFault(541, "INTERNAL_ERROR")

    def pump(self) -> None:
        for consumer in list(self.consumers):
            consumer.offset = max(consumer.offset, self._first)
            while consumer.offset < self._end and consumer.has_room:
                entry = Entry(self._log[consumer.offset - self._first], consumer.offset)
                consumer.offset += 1
                consumer.channel.deliver(consumer, entry)


KINDS: dict[str, type[Queue]] = {"classic": ClassicQueue, "quorum": QuorumQueue, "stream": StreamQueue}
