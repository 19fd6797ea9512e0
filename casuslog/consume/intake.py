"""The connection of a consumer: takes deliveries from its inbox, keeps the heartbeat, and acknowledges what is safe.

It does nothing else, so that a slow handler cannot keep it from the heartbeat. Acks come from the workers and are sent
from here, because a connection belongs to one thread.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from kombu import messaging

from casuslog.backoff import Backoff
from casuslog.consume.items import Ack

log = logging.getLogger(__name__)

PREFETCH = 200
"""Deliveries that the broker hands over before the first is acknowledged, at most."""
RECONNECT = Backoff(first=0.1, bound=15.0)
GRACE_SECONDS = 15.0
"""How long a stop waits for what is being handled. What is not done by then comes back later."""
_BUSY, _IDLE = 0.02, 0.5

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
        with self._connect() as connection:
            self._declare(connection)

    def run(self, stopping: threading.Event, finished: Callable[[], bool]) -> None:
        """Take deliveries until asked to stop; then acknowledge until ``finished``, and close."""
        failures = 0
        while not stopping.is_set():
            try:
                with self._connect() as connection:
                    session = _Session(connection, self._declare(connection), self._deliver, self._prefetch)
                    failures = 0
                    self._serve(session, stopping, finished)
            except Exception as error:
                # Broken connection, deleted queue, broker down: for all of them the answer is to come back.
                failures += 1
                log.warning("inbox: connection lost (%s); it comes back", type(error).__name__)
                stopping.wait(RECONNECT.delay(failures))
            finally:
                self.connected = False

    def _serve(self, session: _Session, stopping: threading.Event, finished: Callable[[], bool]) -> None:
        session.consume()
        self.connected = True
        self._reconnected()
        while not stopping.is_set():
            session.turn()
        session.cancel()
        deadline = time.monotonic() + GRACE_SECONDS
        while not finished() and time.monotonic() < deadline:
            session.turn(_BUSY)
        session.acknowledge()


class _Session:
    """One life of the connection. Acks of an earlier life are void: the broker delivers those again."""

    def __init__(self, connection: Connection, queue: Queue, deliver: Deliver, prefetch: int) -> None:
        self._connection = connection
        self._deliver = deliver
        self._safe: deque[Any] = deque()
        self._outstanding = 0
        channel = connection.channel()
        channel.basic_qos(0, prefetch, False)
        self._consumer: Any = messaging.Consumer(channel, [queue], on_message=self._arrived, auto_declare=False)
        self._beat_at = 0.0

    def consume(self) -> None:
        self._consumer.consume()

    def cancel(self) -> None:
        self._consumer.cancel()

    def turn(self, longest: float = _IDLE) -> None:
        """Acknowledge what is safe, keep the heartbeat, and take what comes in, for a moment."""
        self.acknowledge()
        self._beat()
        try:
            self._connection.drain_events(timeout=_BUSY if self._outstanding else longest)
        except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
            return

    def acknowledge(self) -> None:
        while self._safe:
            self._safe.popleft().ack()
            self._outstanding -= 1

    def _arrived(self, message: Any) -> None:
        self._outstanding += 1
        self._deliver(message.headers or {}, message.body, message.content_type, lambda: self._safe.append(message))

    def _beat(self) -> None:
        interval = self._connection.heartbeat
        if interval and self._connection.supports_heartbeats and time.monotonic() >= self._beat_at:
            self._connection.heartbeat_check(rate=2)
            self._beat_at = time.monotonic() + interval / 4
