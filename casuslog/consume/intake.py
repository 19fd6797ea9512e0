"""The connection of a consumer: takes deliveries from its inbox, keeps the heartbeat, and acknowledges what is safe.

It does nothing else, so that a slow handler cannot keep it from the heartbeat. Acks come from the workers and are sent
from here, because a connection belongs to one thread.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from kombu import messaging

from casuslog.backoff import Backoff
from casuslog.consume.acks import Acks
from casuslog.consume.items import Ack

log = logging.getLogger(__name__)

PREFETCH = 600
"""Deliveries that the broker hands over before the first is acknowledged, at most: some transactions full."""
RECONNECT = Backoff(first=0.1, bound=5.0)
GRACE_SECONDS = 15.0
"""How long a stop waits for what is being handled. What is not done by then comes back later."""
ANSWER_SECONDS = 10.0
"""How long the broker may take to answer a question. A line that went dead would else hold us for ever."""
GOODBYE_SECONDS = 1.0
_BUSY, _IDLE = 0.01, 0.5
_AT_ONCE = 100
"""Deliveries that are taken before acks and heartbeat get their turn."""

Connection = Any
"""A ``kombu.Connection``; a ``kombu.Queue`` is :data:`Queue`. kombu ships no types to speak of."""
Queue = Any
Deliver = Callable[[Any, Any, str | None, Ack], None]
Declare = Callable[[Connection], Queue]


class Intake:
    """Consumes one inbox over a connection that comes back by itself.

    Args:
        connect: a new connection, with its heartbeat set.
        declare: declares and binds the inbox over that connection, and gives the queue.
        deliver: takes ``(headers, body, content type, ack)``; it must not block for long.
        reconnected: called each time that deliveries begin to flow; what was missed must be looked for.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        declare: Declare,
        deliver: Deliver,
        reconnected: Callable[[], None],
        *,
        prefetch: int = PREFETCH,
    ) -> None:
        self.connected = False
        """Whether deliveries flow now."""
        self._connect = connect
        self._declare = declare
        self._deliver = deliver
        self._reconnected = reconnected
        self._prefetch = prefetch

    def bind(self) -> None:
        """Declare and bind the inbox, so that nothing that is published from now on passes it by.

        Raises:
            Exception: whatever the connection raises; try again.
        """
        with _held(self._connect()) as connection:
            self._declare(connection)

    def run(
        self, stopping: threading.Event, finished: Callable[[], bool], no_more: Callable[[], None] = lambda: None
    ) -> None:
        """Take deliveries until asked to stop; then acknowledge until ``finished``, and close.

        ``no_more`` is called when nothing more comes in: whoever works may end when it has done what came before.
        """
        try:
            self._run(stopping, finished, no_more)
        finally:
            no_more()

    def _run(self, stopping: threading.Event, finished: Callable[[], bool], no_more: Callable[[], None]) -> None:
        failures = 0
        while not stopping.is_set():
            try:
                with _held(self._connect()) as connection:
                    session = _Session(connection, self._declare(connection), self._deliver, self._prefetch)
                    failures = 0
                    self._serve(session, stopping, finished, no_more)
            except Exception as error:
                # Broken connection, deleted queue, broker down: for all of them the answer is to come back.
                failures += 1
                log.warning("inbox: connection lost (%s); it comes back", type(error).__name__)
                stopping.wait(RECONNECT.delay(failures))
            finally:
                self.connected = False

    def _serve(
        self,
        session: _Session,
        stopping: threading.Event,
        finished: Callable[[], bool],
        no_more: Callable[[], None],
    ) -> None:
        session.consume()
        self.connected = True
        self._reconnected()
        while not stopping.is_set():
            session.turn()
        session.cancel()
        no_more()
        deadline = time.monotonic() + GRACE_SECONDS
        while not finished() and time.monotonic() < deadline:
            session.turn(_BUSY)
        session.acknowledge()


@contextlib.contextmanager
def _held(connection: Connection) -> Iterator[Connection]:
    """An open connection, closed in order, but soon where it failed: a dead line answers no goodbye."""
    try:
        connection.connect()
        _wait_at_most(connection, ANSWER_SECONDS)
        yield connection
    except BaseException:
        _wait_at_most(connection, GOODBYE_SECONDS)
        raise
    finally:
        connection.release()


def _wait_at_most(connection: Connection, seconds: float) -> None:
    # Where a wait names no limit of its own, py-amqp goes by that of its socket.
    if connection.connected:
        sock = getattr(getattr(connection.connection, "transport", None), "sock", None)
        if sock is not None:
            sock.settimeout(seconds)


class _Session:
    """One life of the connection. Acks of an earlier life are void: the broker delivers those again."""

    def __init__(self, connection: Connection, queue: Queue, deliver: Deliver, prefetch: int) -> None:
        self._connection = connection
        self._deliver = deliver
        self._acks = Acks()
        self._channel = connection.channel()
        self._channel.basic_qos(0, prefetch, False)
        self._consumer: Any = messaging.Consumer(self._channel, [queue], on_message=self._arrived, auto_declare=False)
        self._beat_at = 0.0
        self._quiet = False

    def consume(self) -> None:
        self._consumer.consume()

    def cancel(self) -> None:
        self._consumer.cancel()

    def turn(self, longest: float = _IDLE) -> None:
        """Acknowledge what is safe, keep the heartbeat, and take what comes in, for a moment."""
        self.acknowledge(everything=self._quiet)
        self._beat()
        patience = _BUSY if self._acks.outstanding else longest
        self._quiet = False
        for _ in range(_AT_ONCE):
            try:
                self._connection.drain_events(timeout=patience)
            except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
                self._quiet = True
                return
            # Where they trickle in, one at a time, nobody waits for the hundredth: not acks, heartbeat, nor a stop.
            patience = _BUSY

    def acknowledge(self, *, everything: bool = True) -> None:
        for tag, multiple in self._acks.due(everything=everything):
            self._channel.basic_ack(tag, multiple)

    def _arrived(self, message: Any) -> None:
        tag = message.delivery_tag
        self._acks.delivered(tag)
        self._deliver(message.headers or {}, message.body, message.content_type, partial(self._acks.safe, tag))

    def _beat(self) -> None:
        interval = self._connection.heartbeat
        if interval and self._connection.supports_heartbeats and time.monotonic() >= self._beat_at:
            self._connection.heartbeat_check(rate=2)
            self._beat_at = time.monotonic() + interval / 4
