"""A service that consumes the log, in a process of its own: our side of the benchmarks of consuming.

It is hosted by nameko with ``@on_event``, on PostgreSQL, with real events under real keys. What it does is what
services do: a projection by sets, or an answer to each event; inbox and checkpoint go with it in the transaction.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import structlog
from sqlalchemy import Column, Integer, MetaData, String, Table, text

from casuslog.appending import append
from casuslog.clock import SystemClock
from casuslog.envelope import Actor, Stream
from casuslog.events import Fact
from casuslog.privacy import RootKey
from casuslog.recorded import START, Context, Cursor, RecordedEvent, StoredEvent
from casuslog.store import EventStore, Transaction
from services.onderzoek.gebeurtenissen import GesprekGepland
from tests.bench.child import Child, arguments, serve
from tests.bench.material import DAY, SERVICE, Material, context, facts, oin_of, streams

CONSUMER = "onderzoek"
PROJECTION, REACTION = "projection", "reaction"
PER_CASUS = 4
"""Events of one casus."""

tables = MetaData()
Table(
    "stand",
    tables,
    Column("gemeente", String(4), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("aantal", Integer, nullable=False),
    Column("thema", String(60), nullable=False),
    Column("laatste", String(120), nullable=False),
)
_PROJECT = text(
    "INSERT INTO stand AS s (gemeente, subject, aantal, thema, laatste) "
    "SELECT * FROM unnest(:gemeenten, :subjects, :aantallen, :themas, :laatste) "
    "ON CONFLICT (gemeente, subject) DO UPDATE "
    "SET aantal = s.aantal + excluded.aantal, thema = excluded.thema, laatste = excluded.laatste"
)


def consumer(amqp_uri: str, url: str, keys_url: str, root: RootKey, effect: str, **options: Any) -> Child:
    """A consumer over a database of its own.

    Orders: ``handle(last)`` starts it, waits until all up to the cursor ``last`` took effect and is checkpointed, stops
    it, and gives the ``seconds`` from the first effect on, how many ``effects`` there are, and the ``cpu`` it took.
    """
    secret = base64.b64encode(root.secret).decode()
    return Child(__name__, amqp_uri=amqp_uri, url=url, keys_url=keys_url, root=secret, effect=effect, options=options)


@dataclass(frozen=True)
class Backlog:
    """Events as their owner logged them."""

    events: Sequence[StoredEvent]

    @classmethod
    def logged(cls, url: str, material: Material, casussen: int, per_casus: int) -> Backlog:
        """Log the events of so many casussen, for a consumer that answers in dossiers of its own."""
        store = material.store(url)
        where = streams(casussen)
        try:
            for stream in where:
                store.run_transaction(lambda tx, s=stream: tx.append(s, 0, facts(per_casus), context()))
            return cls(list(_log(store)))
        finally:
            store.close()

    @property
    def last(self) -> Cursor:
        """The cursor of the last one."""
        return self.events[-1].cursor or START

    def preload(self, amqp_uri: str) -> None:
        """Put them in the inbox of a consumer that does not run yet, as the relay sends them."""
        from casuslog.broker.connection import connect_to
        from casuslog.broker.publish import ConfirmingPublisher, Outgoing
        from casuslog.consume import wire
        from casuslog.consume.inbox import declare, inbox_of
        from casuslog.routing import routing_key

        with connect_to(amqp_uri, name="bench") as connection:
            declare(connection, inbox_of(CONSUMER, [SERVICE]))
            publisher = ConfirmingPublisher(connection)
            previous = START
            for stored in self.events:
                headers = wire.headers(stored, previous)
                publisher.publish(Outgoing(routing_key(stored.envelope), stored.body, headers))
                previous = stored.cursor or previous
            publisher.flush()


def _log(store: EventStore) -> Iterator[StoredEvent]:
    from casuslog.store import EVERY_GEMEENTE

    after = START
    while page := store.read_log(EVERY_GEMEENTE, after=after, limit=1000):
        yield from page
        after = page[-1].cursor or after


class _Nothing:
    """The feed of an owner that has logged nothing: whatever comes, comes through the inbox."""

    def stream(self, stream: Stream, *, after: int, limit: int = 0) -> list[StoredEvent]:  # noqa: ARG002  # as Feed
        return []

    def log(self, *, after: Cursor, limit: int = 0) -> list[StoredEvent]:  # noqa: ARG002  # as Feed
        return []

    def head(self) -> Cursor:
        return START


class _Platform:
    """What a consumer needs of its platform."""

    def __init__(self, url: str, material: Material) -> None:
        self.clock = material.clock
        self._store = EventStore.open(
            url, CONSUMER, codec=material.codec, clock=material.clock, oin_of=oin_of, tables=tables
        )

    def store_for(self, service: str) -> EventStore:  # noqa: ARG002  # there is one
        return self._store

    def feed_for(self, source: str) -> _Nothing:  # noqa: ARG002  # there is one
        return _Nothing()


def project(events: list[RecordedEvent], tx: Transaction) -> None:
    """How many events each casus has, its thema, and what came last: one statement for all of them."""
    found: dict[tuple[str, str], list[Any]] = {}
    for event in events:
        e = event.envelope
        row = found.setdefault((e.gemeente, e.subject), [0, "", ""])
        row[0] += 1
        row[1], row[2] = event["thema"], e.type
    tx.conn.execute(
        _PROJECT,
        {
            "gemeenten": [gemeente for gemeente, _ in found],
            "subjects": [subject for _, subject in found],
            "aantallen": [row[0] for row in found.values()],
            "themas": [row[1] for row in found.values()],
            "laatste": [row[2] for row in found.values()],
        },
    )


def react(event: RecordedEvent, tx: Transaction) -> None:
    """Answer with an event in a dossier of one's own, caused by what came in."""
    e = event.envelope
    plan = GesprekGepland(op=date(2017, 1, 16), deelnemers=(event["betrokkene"],))
    actor = Actor("systeem", None, f"casuslog-{CONSUMER}")
    stream = Stream(e.gemeente, CONSUMER, e.subject)
    append(tx, stream, e.sequence - 1, [Fact(plan, DAY)], Context.caused_by(e, actor))


def _service(effect: str, first: list[float]) -> type:
    from casuslog.hosting.entrypoint import on_event

    def begun() -> None:
        if not first:
            first.append(time.monotonic())

    class Projecting:
        name = CONSUMER

        @on_event(SERVICE, "*", projection=True, batch=True)
        def volg(self, events: list[RecordedEvent], tx: Transaction) -> None:
            begun()
            project(events, tx)

    class Reacting:
        name = CONSUMER

        @on_event(SERVICE, "MeldingGeregistreerd")
        def antwoord(self, event: RecordedEvent, tx: Transaction) -> None:
            begun()
            react(event, tx)

    return {PROJECTION: Projecting, REACTION: Reacting}[effect]


_COUNT = {PROJECTION: "SELECT coalesce(sum(aantal), 0) FROM stand", REACTION: "SELECT count(*) FROM events"}


def _run(amqp_uri: str, url: str, keys_url: str, root: str, effect: str, options: dict[str, Any]) -> None:
    import sys

    from eventlet import sleep, tpool
    from nameko.containers import ServiceContainer

    from casuslog.hosting.entrypoint import OPTIONS_KEY, PLATFORM_KEY, LogConsumer

    # Standard output is for answers.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    material = Material.make(keys_url, SystemClock(), RootKey.from_text(root))
    platform = _Platform(url, material)
    first: list[float] = []
    config = {"AMQP_URI": amqp_uri, "max_workers": 50, PLATFORM_KEY: platform, OPTIONS_KEY: options}
    container = ServiceContainer(_service(effect, first), config)

    def handle(last: str) -> dict[str, float]:
        used = time.process_time()
        container.start()
        running = next(e.running for e in container.extensions if isinstance(e, LogConsumer))
        cursor = Cursor.parse(last)
        running.caught_up.wait()
        while running.consumer.checkpoint(SERVICE) < cursor:
            sleep(0.005)
        seconds = time.monotonic() - first[0]
        container.stop()
        with platform.store_for(CONSUMER).engine.connect() as conn:
            effects = conn.execute(text(_COUNT[effect])).scalar_one()
        return {"seconds": seconds, "effects": int(effects), "cpu": time.process_time() - used}

    with contextlib.suppress(BrokenPipeError):
        serve({"handle": handle}, read=lambda: str(tpool.execute(sys.stdin.readline)))


if __name__ == "__main__":
    from casuslog.hosting.patch import patch

    patch()
    _run(**arguments())
