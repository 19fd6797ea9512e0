"""The services of one process, and the relays beside them: started together, stopped in order."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Sequence
from typing import Any

import structlog
from nameko.constants import (
    AMQP_URI_CONFIG_KEY,
    HEARTBEAT_CONFIG_KEY,
    MAX_WORKERS_CONFIG_KEY,
    WEB_SERVER_CONFIG_KEY,
)
from nameko.containers import ServiceContainer
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from casuslog import tracing
from casuslog.broker import prepare
from casuslog.clock import Clock
from casuslog.consume.handlers import EVERY_SOURCE
from casuslog.consume.inbox import inboxes_of
from casuslog.hosting import collecting, comeback
from casuslog.hosting.entrypoint import PLATFORM_KEY, OnEvent
from casuslog.hosting.horizon import HorizonAlarm, servers_of
from casuslog.hosting.platform import Platform
from casuslog.hosting.relay_http import RelayEdge, looking
from casuslog.hosting.supervisor import SUPERVISOR
from casuslog.relay import LogPublisher, Relay
from casuslog.settings import Settings, service_class, service_names

_log = structlog.get_logger("casuslog.host")

WORKERS = 50
"""Calls that one service handles side by side; a waiting one holds a place."""
HEARTBEAT = 10
"""Seconds between heartbeats to the broker."""


class Host:
    """Runs services and relays in this process.

    Args:
        settings: the environment.
        services: names of the services to run.
        relays: names of the services whose log is passed on from here.
        clock: another clock than the settings name.

    Raises:
        ValueError: development tokens would hold in production without anybody having said so.
    """

    def __init__(
        self,
        settings: Settings,
        services: Sequence[str],
        relays: Sequence[str] = (),
        *,
        clock: Clock | None = None,
    ) -> None:
        settings.refuse_silent_development()
        prepare(settings.amqp_url)
        comeback.install()
        classes = {name: service_class(name) for name in services}
        # The classes come first: the registry then knows the event types that they declare.
        self.platform = Platform(settings, clock=clock, hosted=tuple(classes))
        self.relays = {name: self._relay(name) for name in relays}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._edge = self._relay_edge()
        self._started: list[Any] = []
        self.containers = {name: self._container(name, cls) for name, cls in classes.items()}

    def start(self) -> None:
        """Start the services, then the relays. The inrichting service comes first: without policy nothing is judged."""
        for name, container in self.containers.items():
            try:
                container.start()
            except BaseException:
                # It cannot be stopped in order: not all of it began. What began before it is for whoever stops us.
                container.kill()
                raise
            self._started.append(container)
            _log.info("service gestart", service=name, http=self.platform.settings.http_url(name))
        for name, relay in self.relays.items():
            thread = threading.Thread(target=relay.run, args=(self._stopping,), name=f"relay-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        if self._edge is not None:
            self._edge.start()
        # Where the relays are: one process for all, which nobody calls and which therefore has the time.
        for store in servers_of(self.platform.store_for(name) for name in self.relays):
            alarm = HorizonAlarm(store)
            thread = threading.Thread(target=alarm.run, args=(self._stopping,), name="horizon", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is held, then let go. Relays last: what the services still appended is passed on or waits."""
        # All at once: each waits for what it holds, and for its connection.
        ending = [threading.Thread(target=container.stop) for container in self._started]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        self._stopping.set()
        if self._edge is not None:
            self._edge.stop()
        for relay in self.relays.values():
            relay.wake()
        for thread in self._threads:
            thread.join()
        self.platform.close()
        tracing.shut_down()

    def _relay(self, name: str) -> Relay:
        settings = self.platform.settings
        store = self.platform.store_for(name)
        required = inboxes_of(name, followed())
        relay = Relay(
            store,
            lambda: LogPublisher(settings.amqp_url, name, required),
            self.platform.clock,
            lease_seconds=settings.lease_seconds,
        )
        store.when_appended(relay.wake)
        return relay

    def _relay_edge(self) -> RelayEdge | None:
        settings = self.platform.settings
        if not self.relays:
            return None
        name = settings.relay_process_of(list(self.relays))
        return RelayEdge(name, settings.http_address(name), self.relays, looking(self.platform))

    def _container(self, name: str, cls: type) -> Any:
        settings = self.platform.settings
        host, port = settings.http_address(name)
        config = {
            AMQP_URI_CONFIG_KEY: settings.amqp_url,
            WEB_SERVER_CONFIG_KEY: f"{host}:{port}",
            MAX_WORKERS_CONFIG_KEY: WORKERS,
            HEARTBEAT_CONFIG_KEY: HEARTBEAT,
            PLATFORM_KEY: self.platform,
        }
        return ServiceContainer(cls, config)


def followed() -> dict[str, tuple[str, ...]]:
    """Of each service of this installation: the services whose events it follows."""
    return {name: sources_of(service_class(name)) for name in service_names()}


def sources_of(service: type) -> tuple[str, ...]:
    """The services whose events the methods of a class ask for (``@on_event``)."""
    methods = (method for _, method in inspect.getmembers(service, callable))
    points = (point for method in methods for point in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()))
    return tuple(sorted({point.source for point in points if isinstance(point, OnEvent)} - {EVERY_SOURCE}))


def run(settings: Settings, services: Sequence[str], relays: Sequence[str] = ()) -> None:
    """Run until SIGTERM or Ctrl-C, or until the supervisor is gone; then finish what is held."""
    tracing.start()
    host = Host(settings, services, relays)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    try:
        host.start()
        collecting.started()
        # A short wait each time: a signal is handled between two of them, also under eventlet.
        while not asked.wait(0.2) and not orphaned():
            pass
        _log.info("stoppen", proces=os.getpid())
    finally:
        host.stop()


def orphaned() -> bool:
    """Whether the supervisor that started this process is gone.

    Who stayed behind would answer on the port of the process that is started in its place.
    """
    supervisor = os.environ.get(SUPERVISOR)
    return supervisor is not None and supervisor != str(os.getppid())


def run_all(settings: Settings) -> None:
    """Everything in this process: the embedded form."""
    run(settings, service_names(), service_names())


def run_relays(settings: Settings) -> None:
    """The relays of all services, as one process."""
    run(settings, (), service_names())
