"""The relay of one service. It never skips, never dies of an outage, and stops when the log would lose events."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from casuslog.backoff import Backoff
from casuslog.clock import Clock
from casuslog.consume import wire
from casuslog.errors import Unavailable
from casuslog.failpoints import failpoint
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.relay._lease import Lease
from casuslog.relay._position import Fenced, RelayPosition
from casuslog.store import EVERY_GEMEENTE, EventStore

log = logging.getLogger(__name__)

WINDOW = 500
"""Messages sent before their confirms are awaited, at most."""
CHECK_SECONDS = 60.0
"""How often the bindings are verified while all is well."""
POLL = Backoff(first=0.02, bound=0.1, jitter=0.0)
"""Pauses while there is nothing to send."""
RETRY = Backoff(first=0.1, bound=10.0)
"""Pauses while something is away."""


class RelayStatus(StrEnum):
    """What the relay is doing; anything but the first three is an alarm."""

    STARTING = "starting"
    WAITING = "waiting_for_lease"
    RUNNING = "running"
    BINDING_MISSING = "binding_missing"
    BROKER_AWAY = "broker_away"
    DATABASE_AWAY = "database_away"
    STOPPED = "stopped"


class Publisher(Protocol):
    """A connection over which the relay publishes; made anew after every failure.

    Every method may raise whatever its connection raises; the relay then drops it and makes another.
    """

    def publish(self, stored: StoredEvent, headers: dict[str, str]) -> None:
        """Send one event, persistent, with its id as message id, without waiting for its confirm."""

    def confirm(self) -> None:
        """Return when all that was sent is confirmed; raise when it is refused or not confirmed in time."""

    @property
    def confirmed(self) -> int:
        """How many of those sent over this connection are confirmed, without a gap from the first on."""

    def beat(self) -> None:
        """Keep the connection alive while nothing is sent; called at every poll."""

    def missing_bindings(self) -> Sequence[str]:
        """The required bindings that are not there."""

    def close(self) -> None:
        """Let go of the connection."""


class BrokerAway(Unavailable):
    """The broker does not take what is sent."""

    code = "broker_weg"


class Relay:
    """Publishes the log of one service. Run one, or several: the lease lets one of them work.

    Args:
        store: the service's store.
        publisher_factory: connects to the broker.
        clock: the clock by which the store dates events; for the lag.
        name: name of lease and position, by default ``relay``.
    """

    def __init__(
        self,
        store: EventStore,
        publisher_factory: Callable[[], Publisher],
        clock: Clock,
        name: str = "relay",
        *,
        window: int = WINDOW,
        lease_seconds: float = 15.0,
        check_seconds: float = CHECK_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.status = RelayStatus.STARTING
        self.missing: tuple[str, ...] = ()
        """The bindings that are missing, while the status says so."""
        self._store = store
        self._factory = publisher_factory
        self._clock = clock
        self._lease = Lease(store, name, seconds=lease_seconds)
        self._at = RelayPosition(store, name)
        self._window = window
        self._check_seconds = check_seconds
        self._monotonic = monotonic
        self._publisher: Publisher | None = None
        self._position: Cursor | None = None
        self._renew_at = 0.0
        self._check_at = 0.0
        self._woken = threading.Event()

    def wake(self) -> None:
        """Something was committed: look at once instead of at the next poll."""
        self._woken.set()

    def run(self, stopping: threading.Event) -> None:
        """Relay until asked to stop. Whatever goes wrong is tried again; call :meth:`wake` after setting the event."""
        idle = failures = 0
        while not stopping.is_set():
            sent = self._step_safely()
            failures = 0 if sent is not None else failures + 1
            idle = 0 if sent else idle + 1
            if not sent:
                self._pause(stopping, failures, idle)
        self.stop()

    def stop(self) -> None:
        """Let go of broker and lease."""
        self._disconnect()
        self._position = None
        try:
            self._lease.release()
        except Exception as error:
            # It runs out by itself.
            log.info("relay %s: lease not released (%s)", self._store.service, type(error).__name__)
        self._to(RelayStatus.STOPPED)

    def step(self) -> int:
        """Send one window, if it is this relay's turn. Returns how many events were confirmed.

        Raises:
            BrokerAway: not sent or not confirmed; the same window goes again.
            Unavailable: the database is away.
        """
        position = self._hold()
        if position is None or not self._bindings_hold():
            return 0
        page = self._store.read_log(EVERY_GEMEENTE, after=position, limit=self._window)
        if page:
            self._send(page, position)
            failpoint("relay.confirmed")
            self._keep(page[-1])
        else:
            self._beat()
        self._to(RelayStatus.RUNNING)
        return len(page)

    def lag(self) -> float:
        """How long the oldest event that was not confirmed has been waiting, in seconds; 0 when there is none."""
        position = self._at.read()
        page = self._store.read_log(EVERY_GEMEENTE, after=position, limit=1)
        if not page:
            return 0.0
        return max(0.0, (self._clock.now() - page[0].envelope.time).total_seconds())

    # whose turn it is

    def _hold(self) -> Cursor | None:
        if self._position is None or self._monotonic() >= self._renew_at:
            held = self._lease.token
            asked = self._monotonic()
            if not self._lease.hold() or self._lease.token is None:
                self._position = None
                self._disconnect()
                self._to(RelayStatus.WAITING)
                return None
            self._renew_at = asked + self._lease.seconds / 3
            if self._position is None or self._lease.token != held:
                self._position = self._at.claim(self._lease.token)
        return self._position

    def _keep(self, last: StoredEvent) -> None:
        if last.cursor is None or self._lease.token is None:
            raise Fenced("De lease is verlopen.")
        try:
            self._at.save(last.cursor, self._lease.token)
        except Fenced:
            self._position = None
            raise
        self._position = last.cursor

    # the broker

    def _send(self, page: Sequence[StoredEvent], after: Cursor) -> None:
        publisher, previous = self._connected(), after
        before = publisher.confirmed
        try:
            for stored in page:
                publisher.publish(stored, wire.headers(stored, previous))
                previous = stored.cursor or START
            failpoint("relay.published")
            publisher.confirm()
        except Exception as error:
            confirmed = publisher.confirmed - before
            failure = self._away(error)
            if confirmed:
                self._keep(page[confirmed - 1])
            raise failure from error

    def _beat(self) -> None:
        try:
            self._connected().beat()
        except Exception as error:
            raise self._away(error) from error

    def _bindings_hold(self) -> bool:
        publisher = self._connected()
        if self._monotonic() < self._check_at:
            if self.missing:
                self._beat()
            return not self.missing
        try:
            missing = tuple(publisher.missing_bindings())
        except Exception as error:
            raise self._away(error) from error
        if missing:
            if missing != self.missing:
                log.error("relay %s: binding_missing: %s", self._store.service, ", ".join(missing))
            self._to(RelayStatus.BINDING_MISSING)
        self.missing = missing
        self._check_at = self._monotonic() + (min(1.0, self._check_seconds) if missing else self._check_seconds)
        return not missing

    def _connected(self) -> Publisher:
        if self._publisher is None:
            try:
                self._publisher = self._factory()
            except Exception as error:
                raise self._away(error) from error
            self._check_at = 0.0
        return self._publisher

    def _away(self, error: Exception) -> BrokerAway:
        self._disconnect()
        self._to(RelayStatus.BROKER_AWAY)
        return BrokerAway(f"De broker nam niet aan wat werd verstuurd ({type(error).__name__}).")

    def _disconnect(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        try:
            publisher.close()
        except Exception as error:
            log.info("relay %s: closing failed (%s)", self._store.service, type(error).__name__)

    # keeping on

    def _step_safely(self) -> int | None:
        try:
            return self.step()
        except BrokerAway as error:
            log.warning("relay %s: %s", self._store.service, error.detail)
        except Fenced:
            self._to(RelayStatus.WAITING)
            return 0
        except Exception as error:
            # A relay that died of a surprise would silently stop the log of its service.
            self._to(RelayStatus.DATABASE_AWAY)
            log.warning("relay %s: %s; trying again", self._store.service, type(error).__name__)
        return None

    def _pause(self, stopping: threading.Event, failures: int, idle: int) -> None:
        if failures:
            stopping.wait(RETRY.delay(failures))
            return
        self._woken.wait(self._lease.seconds / 5 if self.status is RelayStatus.WAITING else POLL.delay(idle))
        self._woken.clear()

    def _to(self, status: RelayStatus) -> None:
        if status is not self.status:
            log.info("relay %s: %s", self._store.service, status.value)
        self.status = status
