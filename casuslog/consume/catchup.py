"""Catching up: read the owners' feeds from where the consumer was, and fetch what the broker lost on the way.

Bind the inbox first, then catch up, then take what came in live: whatever is seen twice is known by then.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Iterator

from casuslog.backoff import Backoff
from casuslog.consume.consumer import Consumer
from casuslog.consume.feeds import PAGE
from casuslog.consume.wire import Message
from casuslog.errors import Unavailable

log = logging.getLogger(__name__)

CHECK_SECONDS = 30.0
"""How often the owners are asked whether their log holds more than what was seen."""
TOLD_EVERY = 10
"""Of so many attempts in a row that find an owner away, one is a warning."""


def catch_up(consumer: Consumer, page: int = PAGE, stopping: threading.Event | None = None) -> list[str]:
    """Take all that the sources logged beyond what is known, oldest first over all sources, up to their heads now.

    Causes so come before effects where it can be helped; where not, the consumer fetches the cause.

    Returns:
        The sources whose owner was away: try those again later.
    """
    away: list[str] = []
    readers = [_beyond(consumer, source, page, away) for source in consumer.handlers.sources]
    for message in heapq.merge(*readers, key=lambda message: message.stored.envelope.time):
        consumer.make_room(stopping)
        if stopping is not None and stopping.is_set():
            break
        consumer.take(message.stored, message.previous)
    return away


def _beyond(consumer: Consumer, source: str, page: int, away: list[str]) -> Iterator[Message]:
    feed = consumer.feed_of(source)
    try:
        after, head = consumer.tip(source), feed.head()
        while after < head:
            found = feed.log(after=after, limit=page)
            if not found:
                return
            for stored in found:
                if stored.cursor is None:
                    raise ValueError(f"the feed of {source} gives events without their cursor")
                yield Message(stored, after)
                after = stored.cursor
            after = max(after, consumer.tip(source))
    except Unavailable as error:
        # At a start, or while another restarts, this is how things go: whoever keeps trying tells when it lasts.
        log.info("%s: the feed of %s is away (%s)", consumer.name, source, type(error).__name__)
        away.append(source)


class Watch:
    """Keeps a consumer complete: catches up when a hole shows, after a reconnection, and every so often anyway."""

    def __init__(self, consumer: Consumer, *, every: float = CHECK_SECONDS, backoff: Backoff | None = None) -> None:
        self._consumer = consumer
        self._every = every
        self._backoff = backoff or Backoff(first=0.2, bound=5.0)
        self._failures = 0

    def run(self, stopping: threading.Event) -> None:
        """Watch until asked to stop; ``consumer.attention`` wakes it at once."""
        pause = self._every
        while not stopping.is_set():
            self._consumer.attention.wait(pause)
            if not stopping.is_set():
                pause = self.step(stopping)

    def step(self, stopping: threading.Event | None = None) -> float:
        """Catch up once. Returns after how many seconds to look again."""
        self._consumer.attention.clear()
        try:
            away = catch_up(self._consumer, stopping=stopping)
            complete = not away
            if away and (self._failures + 1) % TOLD_EVERY == 0:
                log.warning("%s: the feeds of %s stay away", self._consumer.name, ", ".join(away))
            self._consumer.keep_checkpoints()
        except Exception as error:
            # Whatever it was, a consumer that stopped watching would miss events in silence.
            log.warning("%s: catching up failed (%s); it is tried again", self._consumer.name, type(error).__name__)
            complete = False
        self._failures = 0 if complete else self._failures + 1
        return self._every if complete else self._backoff.delay(self._failures)
