"""The stream queue as a fault run reads it: from its first message on, over one connection that stays open."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

from kombu import Queue, messaging
from kombu.connection import Connection

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import STREAM_QUEUE

SILENCE_SECONDS, NEWS_SECONDS = 0.15, 0.03
"""A silence that is taken for the end of the stream: when it is read anew, and when only news is waited for."""
ANEW_SECONDS = 20.0
"""How long to wait, when the stream is read anew, for what was seen in it before."""
WINDOW = 500


class StreamReader:
    """Reads the stream on from where it was.

    Args:
        amqp_url: the broker.
        take: gets offset and headers of each message, in order.
    """

    def __init__(self, amqp_url: str, take: Callable[[int, dict[str, Any]], None]) -> None:
        self._url = amqp_url
        self._take = take
        self._offset = -1
        self._furthest = -1
        """The last message that was ever seen; outlives :meth:`forget`."""
        self._connection: Connection | None = None

    def forget(self) -> None:
        """Begin at the first message again."""
        self.close()
        self._offset = -1

    def read(self) -> None:
        """Read on until the last message that is there now.

        A short silence is its end only beyond what was seen before: a busy broker is silent in the middle too.

        Raises:
            Exception: the broker is away; the next call connects anew.
        """
        silence = NEWS_SECONDS
        if self._connection is None:
            self._connection, silence = self._opened(), SILENCE_SECONDS
        try:
            self._drain(self._connection, silence)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # it may be broken already
                connection.release()

    def _opened(self) -> Connection:
        connection = connect_to(self._url, name="fault run")
        try:
            channel = connection.channel()
            channel.basic_qos(0, WINDOW, False)
            offset = {"x-stream-offset": "first" if self._offset < 0 else self._offset + 1}
            queue = Queue(STREAM_QUEUE, no_declare=True, consumer_arguments=offset)
            messaging.Consumer(channel, [queue], on_message=self._taken, auto_declare=False).consume()
        except BaseException:
            with contextlib.suppress(Exception):
                connection.release()
            raise
        return connection

    def _drain(self, connection: Connection, silence: float) -> None:
        patience = time.monotonic() + ANEW_SECONDS
        connection.heartbeat_check()
        while True:
            try:
                connection.drain_events(timeout=silence)
            except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
                if self._offset >= self._furthest or time.monotonic() > patience:
                    return

    def _taken(self, message: Any) -> None:
        offset = int(message.headers["x-stream-offset"])
        message.ack()
        if offset <= self._offset:
            return
        self._offset = offset
        self._furthest = max(self._furthest, offset)
        self._take(offset, message.headers)


__all__ = ["StreamReader"]
