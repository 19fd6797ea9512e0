"""A relay in a process of its own, as ``casuslog start relay`` runs it; and bare kombu that has all in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from kombu import Connection

from casuslog.broker import STREAM_QUEUE, Inbox, connect_to, declare_inbox, declare_log
from casuslog.broker.content import ENCODING
from casuslog.consume import wire
from casuslog.envelope import CONTENT_TYPE
from casuslog.hosting import collecting
from casuslog.recorded import START
from casuslog.relay import LogPublisher, Relay
from casuslog.routing import routing_key_of
from casuslog.store import EventStore, Tail
from tests.bench.child import Child, arguments, serve
from tests.bench.material import SERVICE, Material, context, facts, streams

INBOXES = tuple(Inbox(f"bank{number}", ("#",), single_active=True) for number in range(5))
"""Five services that follow everything."""
WINDOW = 1000
"""Messages without confirm at most, for ours and for bare kombu."""


def relay(amqp_uri: str, url: str, inboxes: Sequence[str] = tuple(one.consumer for one in INBOXES)) -> Child:
    """Orders: ``pass_on(count)`` passes the log on from its first event and gives ``cpu`` and ``seconds``, from when it
    was connected until so many were confirmed; ``follow()`` passes on what there is and will be, ``rest()`` ends that
    and gives the same.
    """
    return Child(__name__, role="relay", amqp_uri=amqp_uri, url=url, inboxes=list(inboxes))


def bare_kombu(amqp_uri: str, url: str) -> Child:
    """The same messages, already in memory. Order: ``publish()`` gives ``seconds`` and ``cpu``."""
    return Child(__name__, role="kombu", amqp_uri=amqp_uri, url=url)


def logged(store: EventStore, count: int, per_casus: int = 100) -> None:
    """Log so many meldingen."""
    for stream in streams(count // per_casus):
        store.run_transaction(lambda tx, s=stream: tx.append(s, 0, facts(per_casus), context()))


def empty(amqp_uri: str, exchange: str | None = None) -> None:
    """Make the stream and the five inboxes anew, empty; bound to another exchange too where one is named."""
    with connect_to(amqp_uri, name="bench") as connection:
        channel = connection.default_channel
        for queue in (STREAM_QUEUE, *(one.queue for one in INBOXES)):
            channel.queue_delete(queue)
        declare_log(channel)
        for one in INBOXES:
            declare_inbox(channel, one)
        if exchange is not None:
            channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
            for queue in (STREAM_QUEUE, *(one.queue for one in INBOXES)):
                channel.queue_bind(queue, exchange, "#")


class _Relaying:
    def __init__(self, amqp_uri: str, url: str, inboxes: Sequence[str]) -> None:
        self._required = [one for one in INBOXES if one.consumer in inboxes]
        self._amqp_uri = amqp_uri
        self._material = Material.make()
        self._store = self._material.store(url)
        self._lines: list[_Line] = []
        self._running: tuple[Relay, threading.Event, threading.Thread, float, float] | None = None

    def pass_on(self, count: int) -> dict[str, float]:
        relay, stopping = self._relay(), threading.Event()
        self._lines.clear()
        told: dict[str, float] = {}
        thread = threading.Thread(target=self._watch, args=(count, stopping, relay, told))
        thread.start()
        relay.run(stopping)
        thread.join()
        return told

    def follow(self) -> None:
        relay = self._relay()
        collecting.started()  # as the host of a relay says when it has
        stopping = threading.Event()
        thread = threading.Thread(target=relay.run, args=(stopping,))
        self._running = (relay, stopping, thread, time.process_time(), time.monotonic())
        thread.start()

    def rest(self) -> dict[str, float]:
        assert self._running is not None
        (relay, stopping, thread, cpu, started), self._running = self._running, None
        told = {"cpu": time.process_time() - cpu, "seconds": time.monotonic() - started}
        stopping.set()
        relay.wake()
        thread.join()
        return told

    def _watch(self, count: int, stopping: threading.Event, relay: Relay, told: dict[str, float]) -> None:
        while not self._lines or self._lines[-1].confirmed < count:
            time.sleep(0.002)
        line = self._lines[-1]
        told.update(seconds=time.monotonic() - line.ready, cpu=time.process_time() - line.cpu)
        stopping.set()
        relay.wake()

    def _relay(self) -> Relay:
        # A name of its own: it begins at the first event.
        return Relay(self._store, self._connect, self._material.clock, f"relay{time.time_ns()}")

    def _connect(self) -> _Line:
        self._lines.append(_Line(self._amqp_uri, SERVICE, self._required))
        return self._lines[-1]


class _Line(LogPublisher):
    """Tells from when on events could go out: connected, and all bindings verified."""

    ready = cpu = 0.0

    def missing_bindings(self) -> Sequence[str]:
        """See :class:`LogPublisher`."""
        missing = super().missing_bindings()
        self.ready, self.cpu = time.monotonic(), time.process_time()
        return missing


class _Kombu:
    """``Producer.publish`` with confirms taken in as they come, a window of them."""

    def __init__(self, amqp_uri: str, url: str) -> None:
        store = Material.make().store(url)
        tail, after = Tail(store.engine), START
        self._messages: list[tuple[str, bytes, dict[str, str], str, str]] = []
        while page := tail.page(after, 1000):
            for kept in page:
                headers, a = wire.headers_of(kept, after), kept.attributes
                self._messages.append((routing_key_of(a), kept.body, headers, a["id"], a["type"]))
                after = kept.cursor
        tail.close()
        store.close()
        self._confirmed = self._prefix = 0
        self._singly: set[int] = set()
        self._connection = Connection(amqp_uri)
        channel = self._connection.default_channel
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        self._producer = self._connection.Producer(channel)

    def publish(self) -> dict[str, float]:
        cpu, started, before, sent = time.process_time(), time.monotonic(), self._confirmed, 0
        for routing_key, body, headers, message_id, wire_type in self._messages:
            self._producer.publish(
                body,
                routing_key=routing_key,
                exchange="casuslog.log",
                headers=headers,
                content_type=CONTENT_TYPE,
                content_encoding=ENCODING,
                delivery_mode=2,
                mandatory=True,
                message_id=message_id,
                type=wire_type,
            )
            sent += 1
            while sent - (self._confirmed - before) >= WINDOW:
                self._connection.drain_events()
        while self._confirmed - before < sent:
            self._connection.drain_events()
        return {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}

    def _on_ack(self, number: int, multiple: bool) -> None:
        # What was confirmed singly before is not counted again.
        told = range(self._prefix + 1, number + 1) if multiple else (number,)
        self._confirmed += sum(one not in self._singly for one in told)
        if multiple:
            self._prefix = number
            self._singly = {one for one in self._singly if one > number}
        else:
            self._singly.add(number)


def main() -> None:
    """One side, as its arguments say."""
    given = arguments()
    if given.pop("role") == "kombu":
        serve({"publish": _Kombu(**given).publish})
        return
    relaying = _Relaying(**given)
    serve({"pass_on": relaying.pass_on, "follow": relaying.follow, "rest": relaying.rest})


if __name__ == "__main__":
    main()
