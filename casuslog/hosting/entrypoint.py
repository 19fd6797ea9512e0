"""The nameko entrypoint of the log: ``@on_event`` on a method of a service.

nameko's own ``event_handler`` acknowledges what failed and what it cannot decode, and loses the order in a queue (see
docs/adr). This one hands every event of the named services to a :class:`~casuslog.consume.consumer.Consumer`, one per
container, which promises effects once and in order::

    class OnderzoekService(CasusService):
        name = "onderzoek"

        @on_event("melding", "MeldingGeregistreerd")
        def begin(self, event: RecordedEvent, tx: Transaction) -> None: ...
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from nameko.constants import AMQP_URI_CONFIG_KEY, HEARTBEAT_CONFIG_KEY
from nameko.extensions import Entrypoint, SharedExtension, register_entrypoint

from casuslog.broker.connection import HEARTBEAT, connect_to
from casuslog.clock import Clock
from casuslog.consume.consumer import Consumer
from casuslog.consume.feeds import Feed
from casuslog.consume.handlers import Handler, Handlers
from casuslog.consume.inbox import declare, inbox_of
from casuslog.consume.intake import Connection, Queue
from casuslog.consume.parking import Parking
from casuslog.consume.running import RunningConsumer
from casuslog.hosting._worker import hosted, in_worker, take_effect
from casuslog.store import EventStore

log = logging.getLogger(__name__)

PLATFORM_KEY = "CASUSLOG_PLATFORM"
"""Under this key of the nameko configuration stands what :class:`ConsumerPlatform` describes."""
OPTIONS_KEY = "CASUSLOG_CONSUMER"
"""Optional: ``lanes``, ``prefetch``, ``check_seconds`` of :class:`RunningConsumer`; ``policy``, ``batch``."""

F = TypeVar("F", bound=Callable[..., Any])


class ConsumerPlatform(Protocol):
    """What a consumer needs of the platform that hosts it."""

    clock: Clock

    def store_for(self, service: str) -> EventStore:
        """The store of a service."""

    def feed_for(self, source: str) -> Feed:
        """Where the log of another service can be read."""


class LogConsumer(SharedExtension):  # type: ignore[misc]  # nameko ships no types
    """The consumer of a container: one connection, one inbox, for all its ``@on_event`` methods."""

    def __init__(self) -> None:
        self.handlers = Handlers()
        self.running: RunningConsumer | None = None
        self._calls: dict[str, Callable[..., None]] = {}

    def start(self) -> None:
        """Begin to consume, unless no method asked for events."""
        if self.running is not None or not self.handlers.sources:
            return
        platform: ConsumerPlatform = self.container.config[PLATFORM_KEY]
        own: Mapping[str, Any] = getattr(self.container.service_cls, "consumer_options", {})
        options = {**own, **self.container.config.get(OPTIONS_KEY, {})}
        runs = {name: options.pop(name) for name in ("lanes", "prefetch", "check_seconds") if name in options}
        consumer = Consumer(
            self.container.service_name,
            platform.store_for(self.container.service_name),
            self.handlers,
            {source: platform.feed_for(source) for source in self.handlers.sources},
            platform.clock,
            **options,
        )
        self.running = RunningConsumer(
            consumer, self._connect, self._declare, spawn=self.container.spawn_managed_thread, **runs
        )
        self.running.start()

    def call_of(self, method_name: str) -> Callable[..., None]:
        """What calls a method; the same for each decorator on it, so that its events can come in one list."""
        return self._calls.setdefault(method_name, partial(take_effect, method_name))

    def finish(self) -> None:
        """Take nothing more, finish what is held, acknowledge and close. Called by each entrypoint; once is enough."""
        if self.running is not None:
            self.running.stop()

    def stop(self) -> None:
        """Stop, if the entrypoints have not done so."""
        self.finish()

    @property
    def parking(self) -> Parking | None:
        """The parked lanes of this service, or ``None`` when it consumes nothing."""
        return None if self.running is None else self.running.consumer.parking

    def _connect(self) -> Connection:
        config, service = self.container.config, self.container.service_name
        heartbeat = config.get(HEARTBEAT_CONFIG_KEY, HEARTBEAT)
        return connect_to(config[AMQP_URI_CONFIG_KEY], name=f"inbox {service}", heartbeat=heartbeat)

    def _declare(self, connection: Connection) -> Queue:
        return declare(connection, inbox_of(self.container.service_name, self.handlers.sources))


class OnEvent(Entrypoint):  # type: ignore[misc]  # nameko ships no types
    """One ``@on_event`` of one method."""

    consumer = LogConsumer()

    def __init__(self, source: str, event: str, *, projection: bool = False, batch: bool = False) -> None:
        self.source = source
        self.event = event
        self.projection = projection
        self.batch = batch
        super().__init__()

    def setup(self) -> None:
        """Make the method known to the consumer of the container."""
        self.consumer.handlers.add(
            Handler(
                self.source,
                self.event,
                self.consumer.call_of(self.method_name),
                projection=self.projection,
                batch=self.batch,
                worker=partial(in_worker, self),
            )
        )

    def stop(self) -> None:
        """Return when the consumer has finished what it held: afterwards no worker is spawned any more."""
        self.consumer.finish()


def on_event(source: str, event: str = "*", *, projection: bool = False, batch: bool = False) -> Callable[[F], F]:
    """Call a method of a service for events of another service, in the transaction of their effect.

    Args:
        source: name of the service that logs them.
        event: class name, wire name, or ``*`` for all of them.
        projection: the method only writes read models; it also gets imported history.
        batch: the method gets a list of events of many lanes at once, in lane order: ``(self, events, tx)``.

    The method is called as ``(self, event, tx)``, writes through ``tx`` only, and may be called again after a failure
    whose effects were undone. It may be decorated more than once.
    """

    def declare(method: F) -> F:
        made = hosted(method)
        register_entrypoint(made, OnEvent(source, event, projection=projection, batch=batch))
        return made

    return declare


__all__ = ["OPTIONS_KEY", "PLATFORM_KEY", "ConsumerPlatform", "LogConsumer", "OnEvent", "on_event"]
