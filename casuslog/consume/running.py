"""A consumer at work: inbox bound, caught up, workers beside the connection, and a stop that finishes what it holds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from casuslog.backoff import Backoff
from casuslog.consume.catchup import CHECK_SECONDS, Watch, catch_up
from casuslog.consume.consumer import Consumer
from casuslog.consume.intake import GRACE_SECONDS, PREFETCH, Connection, Declare, Intake

log = logging.getLogger(__name__)

LANES = 8
"""Transactions side by side, each with lanes of its own."""
LANES_BY_SETS = 2
"""The same where handlers take events by the list: one commits while the other gathers, so that lists are long."""
START = Backoff(first=0.1, bound=5.0)

Spawn = Callable[[Callable[[], None]], Any]


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Run ``work`` in a thread of its own (a greenthread where eventlet has patched threading)."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


class RunningConsumer:
    """Runs a consumer on an inbox.

    Args:
        consumer: what to do with events; it need not be open yet.
        connect: a new connection to the broker.
        declare: declares and binds the inbox.
        lanes: how many transactions are at work side by side.
        check_seconds: how often the owners' heads are compared with what was seen.
        spawn: runs a function beside the others.
    """

    def __init__(
        self,
        consumer: Consumer,
        connect: Callable[[], Connection],
        declare: Declare,
        *,
        lanes: int | None = None,
        prefetch: int = PREFETCH,
        check_seconds: float = CHECK_SECONDS,
        spawn: Spawn = in_thread,
    ) -> None:
        self.consumer = consumer
        self.caught_up = threading.Event()
        """Set once all that was logged before the start has been taken in, as far as owners answered."""
        self._intake = Intake(connect, declare, consumer.deliver, consumer.attention.set, prefetch=prefetch)
        self._watch = Watch(consumer, every=check_seconds)
        self._lanes = lanes or (LANES_BY_SETS if consumer.handlers.batched else LANES)
        self._spawn = spawn
        self._stopping = threading.Event()
        self._drained = threading.Event()
        """Set once a stop has begun and nothing more comes in: what was fetched by then is finished."""
        self._working = 0
        self._stopped = threading.Event()

    @property
    def connected(self) -> bool:
        """Whether deliveries flow."""
        return self._intake.connected

    def start(self) -> None:
        """Begin, beside the caller; returns at once."""
        self._spawn(self._run)

    def stop(self) -> None:
        """Take nothing more, finish what is held, acknowledge it, and close. Returns when that is done."""
        self._stopping.set()
        self.consumer.attention.set()
        self.consumer.wake()
        self._stopped.wait()

    def _run(self) -> None:
        try:
            if self._prepared():
                self._working = self._lanes
                for _ in range(self._lanes):
                    self._spawn(self._work)
                self._spawn(self._catch_up)
                self.caught_up.wait()
                self._spawn(lambda: self._watch.run(self._stopping))
                self._intake.run(self._stopping, lambda: self._working == 0, self._no_more)
                self._await_workers()
                self.consumer.keep_checkpoints()
        except Exception as error:
            # Only keeping the checkpoints can fail here: a next start then reads a little more.
            log.warning("%s: stopped without its last checkpoint (%s)", self.consumer.name, type(error).__name__)
        finally:
            self._stopped.set()

    def _prepared(self) -> bool:
        """Bind the inbox and read where the consumer was, until both succeed; False when asked to stop first."""
        attempt = 0
        while not self._stopping.is_set():
            try:
                self._intake.bind()
                self.consumer.open()
            except Exception as error:
                attempt += 1
                log.warning("%s: cannot start yet (%s)", self.consumer.name, type(error).__name__)
                self._stopping.wait(START.delay(attempt))
            else:
                return True
        return False

    def _catch_up(self) -> None:
        try:
            if catch_up(self.consumer, stopping=self._stopping):
                self.consumer.attention.set()
        except Exception as error:
            log.warning("%s: catching up failed (%s); it is tried again", self.consumer.name, type(error).__name__)
            self.consumer.attention.set()
        finally:
            self.caught_up.set()

    def _await_workers(self) -> None:
        # Needed where the connection broke during the stop: what is being handled is finished all the same.
        deadline = time.monotonic() + GRACE_SECONDS
        while self._working and time.monotonic() < deadline:
            time.sleep(0.02)

    def _no_more(self) -> None:
        self._drained.set()
        self.consumer.wake()

    def _work(self) -> None:
        try:
            self.consumer.work_until(self._drained)
        finally:
            self._working -= 1
