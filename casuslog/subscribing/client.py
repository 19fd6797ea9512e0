"""A subscription as a loop: in order, each number once, over queue or feed, from where the last loop ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from casuslog.backoff import Backoff
from casuslog.errors import CasuslogError, Unavailable
from casuslog.subscribing.feed import PullFeed, Token
from casuslog.subscribing.position import Position
from casuslog.subscribing.queue import Queue, messages
from casuslog.subscribing.received import Received
from casuslog.subscribing.schemas import Schemas

log = logging.getLogger(__name__)

RETRY = Backoff(first=0.5, bound=30.0)
LONG_POLL = 20
"""Seconds that the feed may hold a request when there is nothing."""


class Hole(CasuslogError):
    """Numbers are missing, and there is no feed to fetch them from, or it has them not."""

    code = "nummers_ontbreken"


class Subscription:
    """See :func:`subscribe`. Iterate over it; close it, or use it in a ``with``."""

    def __init__(
        self,
        position: Position,
        connect: Callable[[], Queue] | None,
        feed: PullFeed | None,
        idle: float | None,
    ) -> None:
        self._position = position
        self._connect = connect
        self._feed = feed
        self._idle = idle
        self._queue: Queue | None = None

    def __iter__(self) -> Iterator[Received]:
        failures = 0
        while True:
            try:
                for received in self._pass():
                    failures = 0
                    yield received
            except Unavailable as error:
                failures += 1
                log.warning("abonnement: %s; trying again", error.detail)
                self._disconnect()
                time.sleep(RETRY.delay(failures))
            else:
                return

    def close(self) -> None:
        """Let go of all connections."""
        self._disconnect()
        if self._feed is not None:
            self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _pass(self) -> Iterator[Received]:
        yield from self._by_feed() if self._connect is None else self._by_queue(self._connect)

    def _by_queue(self, connect: Callable[[], Queue]) -> Iterator[Received]:
        queue = self._queue = self._queue or connect()
        for received, message in messages(queue, self._idle):
            done = self._position.nummer
            if received.nummer > done + 1:
                yield from self._missing(done, received.nummer - 1)
            if received.nummer > done:
                yield received
                self._position.save(received.nummer)
            queue.acknowledge(message)

    def _missing(self, after: int, last: int) -> Iterator[Received]:
        if self._feed is None:
            raise Hole(f"numbers {after + 1} to {last} are missing; give a feed to fetch them from")
        for received in self._feed.between(after, last):
            yield from self._next(received)
        if self._position.nummer < last:
            raise Hole(f"numbers {self._position.nummer + 1} to {last} are missing, in the feed too")

    def _by_feed(self) -> Iterator[Received]:
        assert self._feed is not None
        quiet_since = time.monotonic()
        while True:
            page = self._feed.after(self._position.nummer, wait=LONG_POLL if self._idle is None else 0)
            for received in page:
                yield from self._next(received)
            if page:
                quiet_since = time.monotonic()
            elif self._idle is not None and time.monotonic() - quiet_since >= self._idle:
                return
            elif self._idle is not None:
                time.sleep(min(0.2, self._idle))

    def _next(self, received: Received) -> Iterator[Received]:
        expected = self._position.nummer + 1
        if received.nummer != expected:
            raise Hole(f"after number {expected - 1} the feed gave {received.nummer}")
        yield received
        self._position.save(received.nummer)

    def _disconnect(self) -> None:
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()


def subscribe(
    abonnement: str,
    *,
    queue: str | None = None,
    feed: str | None = None,
    token: Token | None = None,
    position: Path | str = "abonnement.db",
    schemas: Path | None = None,
    idle: float | None = None,
) -> Subscription:
    """Follow a subscription.

    Args:
        abonnement: its id.
        queue: AMQP URL with the holder's own user; without it the feed is polled.
        feed: base URL of the service abonnement: for what the queue missed, or for everything.
        token: of the holder, or what gives one; needed with ``feed``.
        position: file that remembers how far you are. Keep it with what you make of the events.
        schemas: the published ``schemas/`` folder, for a queue in Avro; without it schemas are fetched from the feed.
        idle: end the loop when nothing came for this many seconds; by default it never ends.

    Raises:
        ValueError: neither queue nor feed, or a feed without a token.
    """
    if queue is None and feed is None:
        raise ValueError("give queue= (AMQP), feed= (HTTP), or both")
    if feed is not None and token is None:
        raise ValueError("a feed needs token=")
    pull = PullFeed(feed, abonnement, token) if feed is not None and token is not None else None
    known = Schemas(schemas, pull.schema if pull else None)
    connect = (lambda: Queue(queue, abonnement, known)) if queue is not None else None
    return Subscription(Position(position, abonnement), connect, pull, idle)
