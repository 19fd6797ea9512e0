"""The figures of one service and of one relay process, for ``GET /metrics``: read when Prometheus asks for them.

Only commands are counted while they are carried out (some microseconds each); everything else is a number that is kept
anyway, or one query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from casuslog.errors import CasuslogError
from casuslog.hosting.standing import behind, handled, lag, parked_counts, relayed
from casuslog.metrics import Figure, Figures, exposition, registry_of_process
from casuslog.recorded import Cursor
from casuslog.relay import Relay, RelayStatus
from casuslog.store import EVERY_GEMEENTE

if TYPE_CHECKING:
    from casuslog.clock import Clock
    from casuslog.consume.running import RunningConsumer
    from casuslog.hosting.entrypoint import LogConsumer
    from casuslog.store import EventStore

_log = structlog.get_logger("casuslog.metingen")


def measured(store: EventStore, clock: Clock, consuming: LogConsumer) -> Figures:
    """The figures of a service."""
    return Figures(lambda: _of_service(store, clock, consuming))


def of_relays(relays: Mapping[str, Relay]) -> CollectorRegistry:
    """The registry of a process with these relays, by service."""
    registry = registry_of_process()
    registry.register(Figures(lambda: _of_relays(relays)))
    return registry


def metrics_response(*sources: Collector | CollectorRegistry) -> Response:
    """The answer of ``GET /metrics``."""
    text, content_type = exposition(*sources)
    return Response(text, content_type=content_type)


def _of_service(store: EventStore, clock: Clock, consuming: LogConsumer) -> Iterator[Figure]:
    service = store.service
    yield "events_appended_total", (service,), store.appended
    if consuming.running is not None:
        yield from _of_consumer(service, consuming.running, clock)
    try:
        read = list(_of_database(store, clock, consuming))
    except (SQLAlchemyError, CasuslogError) as error:
        # The scrape succeeds and says so: figures of the process itself are the ones that are wanted now.
        _log.info("cijfers uit de database ontbreken", service=service, soort=type(error).__name__)
        yield "database_up", (service,), 0
    else:
        yield "database_up", (service,), 1
        yield from read


def _of_consumer(service: str, running: RunningConsumer, clock: Clock) -> Iterator[Figure]:
    consumer, now = running.consumer, clock.now()
    oldest = consumer.oldest_waiting()
    yield "consumer_connected", (service,), float(running.connected)
    yield "consumer_waiting_events", (service,), consumer.waiting
    for source in consumer.handlers.sources:
        since = oldest.get(source)
        yield "consumer_lag_seconds", (service, source), 0.0 if since is None else _seconds(now - since)


def _of_database(store: EventStore, clock: Clock, consuming: LogConsumer) -> Iterator[Figure]:
    service = (store.service,)
    with store.reading() as conn:
        passed_on = relayed(conn)
        yield "relay_waiting_events", service, behind(conn, passed_on)
        parked = parked_counts(conn, store.service)
        positions = handled(conn, store.service, consuming.handlers.sources)
    yield "relay_position", service, passed_on.position
    yield "log_position", service, store.head(EVERY_GEMEENTE).position
    yield "relay_lag_seconds", service, lag(store, passed_on, clock).seconds
    yield "horizon_age_seconds", service, store.horizon().lag
    yield "parked_lanes", service, parked["banen"]
    yield "parked_timers", service, parked["termijnen"]
    for source, cursor in positions.items():
        yield "consumer_position", (store.service, source), Cursor.parse(cursor).position


def _of_relays(relays: Mapping[str, Relay]) -> Iterator[Figure]:
    for service, relay in relays.items():
        yield "relay_confirmed_total", (service,), relay.passed_on
        yield "broker_blocked", (service,), float(relay.status is RelayStatus.BROKER_BLOCKED)
        for status in RelayStatus:
            yield "relay_status", (service, status.value), float(relay.status is status)


def _seconds(span: Any) -> float:
    return max(0.0, float(span.total_seconds()))


__all__ = ["measured", "metrics_response", "of_relays"]
