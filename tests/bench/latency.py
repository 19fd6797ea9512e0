"""From commit to handler: a writer at a steady pace and a service that follows, each in a process of its own."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import structlog
from sqlalchemy import Column, Float, MetaData, String, Table, insert

from casuslog.clock import SystemClock
from casuslog.consume.feeds import LocalFeed
from casuslog.envelope import Stream
from casuslog.privacy import RootKey
from casuslog.recorded import RecordedEvent
from casuslog.store import EventStore, Transaction
from tests.bench.child import Child, arguments, serve
from tests.bench.material import SERVICE, Material, context, facts, oin_of, streams

CONSUMER = "onderzoek"
THREADS = 4
"""Clerks who write at the same time."""
PER_THREAD = 50
"""Casussen of each."""

tables = MetaData()
seen_table = Table(
    "gezien", tables, Column("event_id", String(36), primary_key=True), Column("moment", Float, nullable=False)
)


def writer(url: str, keys_url: str, root: RootKey) -> Child:
    """Order: ``write(per_second, seconds)`` appends at that pace, whatever the answers take. It gives per event its id,
    the moment before it was made and the moment at which its commit was known, and how late the latest was.
    """
    return Child(__name__, role="writer", url=url, keys_url=keys_url, root=root_text(root))


def follower(amqp_uri: str, url: str, keys_url: str, root: RootKey) -> Child:
    """A nameko service with one ``@on_event`` method, which writes one row in its transaction. It starts at once.

    Order: ``heard(count)`` waits for so many events and gives the moment at which the method was called by event id.
    """
    return Child(__name__, role="follower", amqp_uri=amqp_uri, url=url, keys_url=keys_url, root=root_text(root))


def root_text(root: RootKey) -> str:
    """The root key as text, to hand to another process of the benchmark."""
    return base64.b64encode(root.secret).decode()


class _Writing:
    def __init__(self, url: str, keys_url: str, root: str) -> None:
        material = Material.make(keys_url, SystemClock(), RootKey.from_text(root))
        self._store = material.store(url)
        self._desks = [[(stream, 0) for stream in streams(PER_THREAD)] for _ in range(THREADS)]
        for desk in self._desks:
            material.with_keys([stream for stream, _ in desk])

    def write(self, per_second: float, seconds: float) -> dict[str, Any]:
        each = per_second / THREADS
        started = time.monotonic() + 0.05
        told: list[list[tuple[str, float, float]]] = [[] for _ in range(THREADS)]
        late = [0.0] * THREADS

        def work(place: int) -> None:
            # Spread over the interval, so that the pace is one of single events.
            began = started + place / per_second
            desk = self._desks[place]
            for number in range(int(each * seconds)):
                ahead = began + number / each - time.monotonic()
                late[place] = max(late[place], -ahead)
                time.sleep(max(0.0, ahead))
                told[place].append(self._append(desk, number % PER_THREAD, number))

        threads = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"events": [one for part in told for one in part], "late": max(late)}

    def _append(self, desk: list[tuple[Stream, int]], place: int, number: int) -> tuple[str, float, float]:
        stream, version = desk[place]
        began = time.time()
        [event] = self._store.append(stream, version, facts(1, number), context()).events
        desk[place] = (stream, version + 1)
        return event.envelope.id, began, time.time()


class _Platform:
    """What a consumer needs of its platform."""

    def __init__(self, url: str, material: Material) -> None:
        self.clock = material.clock
        self._source = material.store(url)
        self._store = EventStore.open(
            url, CONSUMER, codec=material.codec, clock=material.clock, oin_of=oin_of, tables=tables
        )

    def store_for(self, service: str) -> EventStore:  # noqa: ARG002  # there is one
        return self._store

    def feed_for(self, source: str) -> LocalFeed:  # noqa: ARG002  # there is one
        return LocalFeed(self._source)


def _follow(amqp_uri: str, url: str, keys_url: str, root: str) -> None:
    import sys

    from eventlet import sleep, tpool
    from nameko.containers import ServiceContainer

    from casuslog.hosting import collecting
    from casuslog.hosting.entrypoint import PLATFORM_KEY, LogConsumer, on_event

    seen: list[tuple[str, float]] = []

    class Following:
        name = CONSUMER

        @on_event(SERVICE, "MeldingGeregistreerd")
        def volg(self, event: RecordedEvent, tx: Transaction) -> None:
            now = time.time()
            tx.conn.execute(insert(seen_table), {"event_id": event.envelope.id, "moment": now})
            seen.append((event.envelope.id, now))

    material = Material.make(keys_url, SystemClock(), RootKey.from_text(root))
    config = {"AMQP_URI": amqp_uri, "max_workers": 50, PLATFORM_KEY: _Platform(url, material)}
    container = ServiceContainer(Following, config)
    container.start()
    running = next(e.running for e in container.extensions if isinstance(e, LogConsumer))
    running.caught_up.wait()
    while not running.connected:
        sleep(0.01)
    collecting.started()  # as the host of a service says when it has

    def heard(count: int, patience: float = 30.0) -> list[tuple[str, float]]:
        deadline = time.monotonic() + patience
        while len(seen) < count and time.monotonic() < deadline:
            sleep(0.02)
        told = list(_first(seen))
        seen.clear()
        return told

    serve({"heard": heard}, read=lambda: str(tpool.execute(sys.stdin.readline)))
    container.stop()


def _first(seen: list[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """The first call per event: a second one is a retry."""
    known: set[str] = set()
    for event_id, moment in seen:
        if event_id not in known:
            known.add(event_id)
            yield event_id, moment


def main() -> None:
    """One side, as its arguments say."""
    given = arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if given.pop("role") == "writer":
        serve({"write": _Writing(**given).write})
        return
    _follow(**given)


if __name__ == "__main__":
    if arguments()["role"] == "follower":
        from casuslog.hosting.patch import patch

        patch()
    main()
