"""The relay of one service. It never skips, never dies of an outage, and stops when the log would lose events.

It reads on while the broker still confirms what went before, and keeps its position a few times a second: both may be
behind, neither is ever ahead of what was confirmed. Who takes over repeats a little; effects count, not deliveries.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from casuslog import tracing
from casuslog.broker.publish import Outgoing, Refused
from casuslog.clock import Clock
from casuslog.consume import wire
from casuslog.errors import Unavailable
from casuslog.failpoints import failpoint
from casuslog.recorded import Cursor
from casuslog.relay._flight import Flight
from casuslog.relay._lease import Lease
from casuslog.relay._position import Fenced, RelayPosition
from casuslog.relay._status import RETRY, Pace, RelayStatus
from casuslog.routing import routing_key_of
from casuslog.store import EVERY_GEMEENTE, EventStore, Holder, KeptEvent, Tail

log = logging.getLogger(__name__)

WINDOW = 500
"""Events read at a time. At most twice as many are sent before the first of them is confirmed."""
CHECK_SECONDS = 60.0
"""How often the bindings are verified while all is well."""
LEASE_SECONDS = 5.0
"""How long a relay that died keeps another from its work; one that lives renews it three times in that time."""
KEEP_SECONDS = 0.1
"""How old a confirmed position becomes before it is kept: what a relay that died would send again."""
QUIET_SECONDS = 2.0
"""After so long without an event it is looked whether something hides them, and as often again."""
CONFIRM_WAIT = 0.05
"""How long to wait for confirms when there is no room for more; a lease is renewed in between."""
BEAT_SECONDS = 0.2
"""How often the line to the broker is looked at while nothing is under way."""
STOP_SECONDS = 5.0
"""How long a stop waits for confirms. What is not confirmed by then is sent again by the next relay."""


class Publisher(Protocol):
    """A connection over which the relay publishes; made anew after every failure.

    Every method may raise whatever its connection raises; the relay then drops it and makes another.
    """

    @property
    def blocked(self) -> bool:
        """Whether the broker said that it takes nothing for now."""

    def send(self, message: Outgoing) -> None:
        """Send one event, persistent, with its id as message id, without waiting for its confirm."""

    @property
    def confirmed(self) -> int:
        """How many of those sent over this connection are confirmed, without a gap from the first on."""

    def beat(self, seconds: float = 0.0) -> None:
        """Send what is left, take in confirms (wait so long for the first), and keep the connection alive."""

    def missing_bindings(self) -> Sequence[str]:
        """The required bindings that are not there."""

    def close(self) -> None:
        """Let go of the connection; in no case wait long for it."""


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
        lease_seconds: float = LEASE_SECONDS,
        check_seconds: float = CHECK_SECONDS,
        keep_seconds: float = KEEP_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.status = RelayStatus.STARTING
        self.cause = ""
        """Why, while the status is an alarm."""
        self.missing: tuple[str, ...] = ()
        """The bindings that are missing, while the status says so."""
        self.passed_on = 0
        """Events that the log confirmed since this relay was made."""
        self._store = store
        self._factory = publisher_factory
        self._clock = clock
        self._lease = Lease(store, name, seconds=lease_seconds)
        self._at = RelayPosition(store, name)
        self._tail = Tail(store.engine)
        self._window = window
        self._check_seconds = check_seconds
        self._keep_seconds = keep_seconds
        self._monotonic = monotonic
        self._publisher: Publisher | None = None
        self._flight: Flight | None = None
        self._kept: Cursor | None = None
        self._keep_at = 0.0
        self._probing = False
        """After a failure one event goes first, alone: where a queue is full, the others are not flooded."""
        self._pace = Pace()
        self._renew_at = 0.0
        self._check_at = 0.0
        self._quiet_at = 0.0
        self._beat_at = 0.0
        self._woken = threading.Event()

    def wake(self) -> None:
        """Something was committed: look at once instead of at the next poll."""
        self._woken.set()

    def run(self, stopping: threading.Event) -> None:
        """Relay until asked to stop. Whatever goes wrong is tried again; call :meth:`wake` after setting the event."""
        failures = 0
        while not stopping.is_set():
            began = time.monotonic()
            more = self._turn_safely()
            failures = failures + 1 if more is None else 0
            if failures:
                stopping.wait(RETRY.delay(failures))
            elif not more:
                self._woken.wait(self._pause(time.monotonic() - began))
                self._woken.clear()
        self.stop()

    def stop(self) -> None:
        """Wait for what is under way, keep the position, and let go of broker, lease and database."""
        try:
            self._land(STOP_SECONDS)
            self._lease.release()
        except Exception as error:
            # The next relay sends again what was not kept, and the lease runs out by itself.
            log.info("relay %s: stopped without its last position (%s)", self._store.service, type(error).__name__)
        self._disconnect()
        self._flight = None
        self._let_go_of_database()
        self._to(RelayStatus.STOPPED)

    def step(self) -> int:
        """Send one window, if it is this relay's turn, and wait for its confirms. Returns how many events were sent.

        Raises:
            BrokerAway: not sent or not confirmed; the same window goes again.
            Unavailable: the database is away.
        """
        sent = self._turn()
        self._land()
        return sent

    def lag(self) -> float:
        """How long the oldest event that was not confirmed has been waiting, in seconds; 0 when there is none."""
        position = self._at.read()
        page = self._store.read_log(EVERY_GEMEENTE, after=position, limit=1)
        if not page:
            return 0.0
        return max(0.0, (self._clock.now() - page[0].envelope.time).total_seconds())

    # one turn

    def _turn(self) -> int:
        """Send what there is and there is room for, take in what was confirmed. Returns how many were sent."""
        flight = self._hold()
        if flight is None or not self._bindings_hold():
            return 0
        publisher = self._connected()
        room = self._room(flight, publisher)
        page = self._tail.page(flight.sent, room) if room else []
        self._send(page, flight)
        if flight or publisher.blocked or self._monotonic() >= self._beat_at:
            self._take_confirms(flight, CONFIRM_WAIT if not room else 0.0)
        self._keep_in_time(flight)
        self._tell(publisher, flight, page)
        return len(page)

    def _room(self, flight: Flight, publisher: Publisher) -> int:
        if publisher.blocked:
            return 0
        if self._probing:
            return 0 if flight else 1
        return self._window if len(flight) <= self._window else 0

    def _send(self, page: Sequence[KeptEvent], flight: Flight) -> None:
        if not page:
            return
        publisher = self._connected()
        try:
            for kept in page:
                with tracing.publishing(kept.attributes):
                    publisher.send(_message(kept, flight.sent))
                flight.add(kept.cursor)
        except Exception as error:
            raise self._failed(error) from error
        self._pace.seen = time.monotonic()
        failpoint("relay.published")

    def _take_confirms(self, flight: Flight, seconds: float) -> None:
        publisher = self._connected()
        self._beat_at = self._monotonic() + BEAT_SECONDS
        try:
            publisher.beat(seconds)
        except Exception as error:
            raise self._failed(error) from error
        confirmed = flight.confirm(publisher.confirmed)
        if confirmed:
            self.passed_on += confirmed
            self._probing = False
            failpoint("relay.confirmed")

    def _land(self, longest: float | None = None) -> None:
        """Wait until all that was sent is confirmed, and keep the position."""
        flight = self._flight
        if flight is None:
            return
        deadline = None if longest is None else time.monotonic() + longest
        while flight and (deadline is None or time.monotonic() < deadline):
            self._take_confirms(flight, CONFIRM_WAIT)
        self._keep(flight.confirmed)

    # whose turn it is, and how far it is

    def _hold(self) -> Flight | None:
        if self._flight is not None and self._monotonic() < self._renew_at:
            return self._flight
        held, asked = self._lease.token, self._monotonic()
        if not self._lease.hold() or self._lease.token is None:
            self._flight = None
            self._disconnect()
            self._let_go_of_database()  # whoever waits for the lease may wait for long, and holds no place there
            self._to(RelayStatus.WAITING)
            return None
        self._renew_at = asked + self._lease.seconds / 3
        if self._flight is None or self._lease.token != held:
            self._disconnect()
            self._kept = self._at.claim(self._lease.token)
            self._flight = Flight(self._kept)
        return self._flight

    def _let_go_of_database(self) -> None:
        self._tail.close()
        self._at.close()

    def _keep_in_time(self, flight: Flight) -> None:
        if flight.confirmed != self._kept and self._monotonic() >= self._keep_at:
            self._keep(flight.confirmed)

    def _keep(self, confirmed: Cursor) -> None:
        if confirmed == self._kept:
            return
        if self._lease.token is None:
            raise Fenced("De lease is verlopen.")
        try:
            self._at.save(confirmed, self._lease.token)
        except Fenced:
            self._flight = None
            raise
        self._kept = confirmed
        self._keep_at = self._monotonic() + self._keep_seconds

    # the broker

    def _bindings_hold(self) -> bool:
        publisher = self._connected()
        if self._monotonic() < self._check_at:
            if self.missing and self._flight is not None:
                self._take_confirms(self._flight, 0.0)
            return not self.missing
        try:
            missing = tuple(publisher.missing_bindings())
        except Exception as error:
            raise self._failed(error) from error
        if missing:
            self._to(RelayStatus.BINDING_MISSING, ", ".join(missing))
        self.missing = missing
        self._check_at = self._monotonic() + (min(1.0, self._check_seconds) if missing else self._check_seconds)
        return not missing

    def _connected(self) -> Publisher:
        if self._publisher is None:
            try:
                self._publisher = self._factory()
            except Exception as error:
                raise self._failed(error) from error
            self._check_at = 0.0
        return self._publisher

    def _failed(self, error: Exception) -> BrokerAway:
        """Drop the connection, keep what was confirmed over it, and give the error to raise."""
        publisher, flight = self._publisher, self._flight
        if flight is not None:
            if publisher is not None:
                self.passed_on += flight.confirm(publisher.confirmed)
            # What was under way goes again, over another connection.
            self._flight = Flight(flight.confirmed)
        self._disconnect()
        self._probing = True
        if isinstance(error, Refused):
            self._to(RelayStatus.BROKER_REFUSES, error.detail)
        else:
            self._to(RelayStatus.BROKER_AWAY, type(error).__name__)
        return BrokerAway(f"De broker nam niet aan wat werd verstuurd ({type(error).__name__}).")

    def _disconnect(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        try:
            publisher.close()
        except Exception as error:
            log.info("relay %s: closing failed (%s)", self._store.service, type(error).__name__)

    # keeping on, and telling how it goes

    def _turn_safely(self) -> bool | None:
        """Whether there may be more at once; ``None`` after a failure."""
        try:
            sent = self._turn()
        except BrokerAway as error:
            log.warning("relay %s: %s", self._store.service, error.detail)
        except Fenced:
            self._flight = None
            self._to(RelayStatus.WAITING)
            return False
        except Exception as error:
            # A relay that died of a surprise would silently stop the log of its service.
            self._to(RelayStatus.DATABASE_AWAY, type(error).__name__)
            log.warning("relay %s: %s; trying again", self._store.service, type(error).__name__)
            self._stay_connected()
        else:
            return sent >= self._window or (self._flight is not None and len(self._flight) > self._window)
        return None

    def _stay_connected(self) -> None:
        if self._publisher is None or self._flight is None:
            return
        try:
            self._take_confirms(self._flight, 0.0)
        except BrokerAway as error:
            log.warning("relay %s: %s", self._store.service, error.detail)

    def _pause(self, took: float) -> float:
        if self.status is RelayStatus.WAITING:
            return min(1.0, self._lease.seconds / 5)
        return self._pace.pause(time.monotonic(), took)

    def _tell(self, publisher: Publisher, flight: Flight, page: Sequence[KeptEvent]) -> None:
        if publisher.blocked:
            self._to(RelayStatus.BROKER_BLOCKED, "the broker takes nothing: its memory or its disk is nearly full")
        elif page:
            self._to(RelayStatus.RUNNING)
        elif time.monotonic() - max(self._pace.seen, self._quiet_at) >= QUIET_SECONDS:
            self._quiet_at = time.monotonic()
            holder = self._holder(flight)
            if holder is None:
                self._to(RelayStatus.RUNNING)
            else:
                self._to(RelayStatus.HORIZON_STALLED, _named(holder))
        elif self.status is not RelayStatus.HORIZON_STALLED:
            self._to(RelayStatus.RUNNING)

    def _holder(self, flight: Flight) -> Holder | None:
        """Whose transaction hides what was logged, if any does."""
        if not self._tail.hides(flight.sent):
            return None
        horizon = self._store.horizon()
        return horizon.holders[0] if horizon.stalled else None

    def _to(self, status: RelayStatus, cause: str = "") -> None:
        if status is not self.status:
            level = logging.ERROR if status.alarm else logging.INFO
            log.log(level, "relay %s: %s%s", self._store.service, status.value, cause and f": {cause}")
        self.status, self.cause = status, cause


def _message(kept: KeptEvent, previous: Cursor) -> Outgoing:
    about = {"message_id": kept.attributes["id"], "type": kept.attributes["type"]}
    return Outgoing(routing_key_of(kept.attributes), kept.body, wire.headers_of(kept, previous), about)


def _named(holder: Holder) -> str:
    since = holder.since.isoformat() if holder.since else "unknown"
    return f"session {holder.pid} ({holder.application}) in database {holder.database}, open since {since}"
