"""A history that comes in and a service that follows it, each in a process of its own: what do they hold later on?"""

from __future__ import annotations

import logging
import resource
from pathlib import Path

import structlog
from sqlalchemy import create_engine, text

from casuslog.clock import SystemClock
from casuslog.consume.feeds import LocalFeed
from casuslog.privacy import RootKey
from casuslog.recorded import RecordedEvent
from casuslog.store import EventStore, History, Transaction
from tests.bench import consuming
from tests.bench.child import Child, arguments, serve
from tests.bench.latency import root_text
from tests.bench.material import SERVICE, Material, context, facts, oin_of, streams

PER_CASUS = 100


def importer(url: str, keys_url: str, root: RootKey) -> Child:
    """Order: ``bring(count)`` imports so many events: encoded, encrypted and chained, each casus its own keys."""
    return Child(__name__, role="importer", url=url, keys_url=keys_url, root=root_text(root))


def follower(amqp_uri: str, url: str, keys_url: str, root: RootKey) -> Child:
    """A nameko service that projects every event; it follows from its start on."""
    return Child(__name__, role="follower", amqp_uri=amqp_uri, url=url, keys_url=keys_url, root=root_text(root))


def megabytes(child: Child) -> float:
    """What a process holds in memory now (its resident set)."""
    pages = Path(f"/proc/{child.pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() / 1e6


class Progress:
    """How many events have taken effect, by what the follower committed."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def effects(self) -> int:
        with self._engine.connect() as conn:
            query = text(f"SELECT coalesce(sum(aantal), 0) FROM {consuming.CONSUMER}.stand")
            return int(conn.execute(query).scalar_one())

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.dispose()


def _import(url: str, keys_url: str, root: str) -> None:
    store = Material.make(keys_url, SystemClock(), RootKey.from_text(root)).store(url)

    def bring(count: int) -> int:
        told = (History(stream, facts(PER_CASUS), context()) for stream in streams(count // PER_CASUS))
        return store.import_history(told, part=1000).added

    serve({"bring": bring})
    store.close()


class _Platform:
    """What a consumer needs of its platform."""

    def __init__(self, url: str, material: Material) -> None:
        self.clock = material.clock
        self._source = material.store(url)
        self._store = EventStore.open(
            url,
            consuming.CONSUMER,
            codec=material.codec,
            clock=material.clock,
            oin_of=oin_of,
            tables=consuming.tables,
        )

    def store_for(self, service: str) -> EventStore:  # noqa: ARG002  # there is one
        return self._store

    def feed_for(self, source: str) -> LocalFeed:  # noqa: ARG002  # there is one
        return LocalFeed(self._source)


def _follow(amqp_uri: str, url: str, keys_url: str, root: str) -> None:
    import sys

    from eventlet import tpool
    from nameko.containers import ServiceContainer

    from casuslog.hosting.entrypoint import PLATFORM_KEY, on_event

    class Following:
        name = consuming.CONSUMER

        @on_event(SERVICE, "*", projection=True, batch=True)
        def volg(self, events: list[RecordedEvent], tx: Transaction) -> None:
            consuming.project(events, tx)

    material = Material.make(keys_url, SystemClock(), RootKey.from_text(root))
    config = {"AMQP_URI": amqp_uri, "max_workers": 50, PLATFORM_KEY: _Platform(url, material)}
    container = ServiceContainer(Following, config)
    container.start()
    serve({}, read=lambda: str(tpool.execute(sys.stdin.readline)))
    container.stop()


def main() -> None:
    """One side, as its arguments say."""
    given = arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    {"importer": _import, "follower": _follow}[given.pop("role")](**given)


if __name__ == "__main__":
    if arguments()["role"] == "follower":
        from casuslog.hosting.patch import patch

        patch()
    main()
