"""The queue of a subscription on the broker."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from casuslog.broker.connection import connect_to, reaching
from casuslog.broker.topology import holder_queue
from casuslog.cloudevents import CLOUDEVENTS_AVRO, JSON_DATA, CloudEvent
from casuslog.errors import SchemaError, Unavailable
from casuslog.schema import CLOUDEVENTS_JSON
from casuslog.subscribing.received import Received, of_headers, of_json
from casuslog.subscribing.schemas import Schemas

PREFETCH = 50
HEARTBEAT = 60
"""Seconds; a body of the caller's loop that takes longer costs a reconnection, never an event."""
LOOK_SECONDS = 1.0


class Queue:
    """Reads the messages of one subscription over one connection."""

    def __init__(self, url: str, abonnement: str, schemas: Schemas) -> None:
        self._schemas = schemas
        self._waiting: deque[Any] = deque()
        self._connection = connect_to(url, name=f"abonnement {abonnement}", heartbeat=HEARTBEAT)
        with reaching(self._connection):
            self._channel = self._connection.channel()
            self._channel.basic_qos(0, PREFETCH, False)
            self._channel.basic_consume(holder_queue(abonnement), callback=self._waiting.append)

    def next(self, seconds: float) -> tuple[Received, Any] | None:
        """The next message with what acknowledges it, or ``None`` when none came in time.

        Raises:
            Unavailable: the connection is gone; make another queue. What was not acknowledged comes again.
            SchemaError: a message that no published schema fits.
        """
        deadline = time.monotonic() + seconds
        while not self._waiting:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._drain(min(left, LOOK_SECONDS))
        message = self._waiting.popleft()
        return self._read(message), message

    def acknowledge(self, message: Any) -> None:
        """Say that a message is done; raises as :meth:`next`."""
        with reaching(self._connection):
            self._channel.basic_ack(message.delivery_info["delivery_tag"])

    def close(self) -> None:
        """Let go of the connection; what was not acknowledged comes again."""
        with suppress(Unavailable), reaching(self._connection):
            self._connection.release()

    def _drain(self, seconds: float) -> None:
        with reaching(self._connection):
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=seconds)
            self._connection.heartbeat_check()

    def _read(self, message: Any) -> Received:
        # py-amqp decodes what says it is text.
        headers, body = message.headers or {}, message.body
        content_type = message.properties.get("content_type") or ""
        try:
            if content_type == CLOUDEVENTS_JSON:
                return of_json(json.loads(body))
            if content_type == CLOUDEVENTS_AVRO:
                data = CloudEvent.read_avro(bytes(body)).data
                return of_headers(headers, self._schemas.data(data) if data else None)
            if content_type == JSON_DATA:
                return of_headers(headers, json.loads(body))
            return of_headers(headers, self._schemas.data(bytes(body)) if body else None)
        except (KeyError, ValueError, TypeError) as error:
            raise SchemaError(f"a message of this queue has not the published form ({type(error).__name__})") from None


def messages(queue: Queue, idle: float | None) -> Iterator[tuple[Received, Any]]:
    """Every message, until none came for ``idle`` seconds; ``None`` is for ever."""
    while True:
        found = queue.next(LOOK_SECONDS if idle is None else idle)
        if found is not None:
            yield found
        elif idle is not None:
            return
