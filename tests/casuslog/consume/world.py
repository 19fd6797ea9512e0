"""A small world for tests of relay and consumers: owners that log, a consumer that keeps a ledger of its effects."""

# ruff: noqa: ARG002  # a stand-in keeps the signature of what it stands in for

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from casuslog.backoff import Backoff
from casuslog.clock import SettableClock
from casuslog.codes import oin_of
from casuslog.consume.consumer import Consumer
from casuslog.consume.failures import Policy
from casuslog.consume.feeds import LocalFeed
from casuslog.consume.handlers import Handler, Handlers
from casuslog.envelope import Actor, Stream
from casuslog.errors import SchemaError
from casuslog.events import DomainEvent, EventMeta, Fact
from casuslog.identifiers import new_id
from casuslog.recorded import START, Context, RecordedEvent, StoredEvent
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction

GEMEENTE = "0086"
DAY = date(2026, 3, 2)
ledger_tables = MetaData()
ledger = Table(
    "ledger",
    ledger_tables,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("consumer", String, nullable=False),
    Column("position", String, nullable=False),
)
"""One row per effect, in the order in which they happened."""


@dataclass(frozen=True)
class Gedaan(DomainEvent):
    """Something was done. Not declared with ``@event_type``: the schema gate need not know of it."""

    nr: int


Gedaan.__event__ = EventMeta("Gedaan", "nl.overheid.wmo.iets-gedaan", "bron", "Wmo 2015 art. 2.3.2", 1)


class PlainCodec:
    """Bodies as JSON; ``broken`` holds the ids of events whose bytes do not decode."""

    def __init__(self) -> None:
        self.broken: set[str] = set()

    def dataschema_of(self, event_class: type[DomainEvent]) -> str:
        return "/schemas/0123456789abcdef"

    def encoder(self, stream: Stream, service: str, events: int = 1) -> PlainCodec:
        return self

    def encode(self, fact: Fact, event_id: str) -> bytes:
        return json.dumps({"nr": getattr(fact.data, "nr")}).encode()  # noqa: B009

    def find_keys(self, service: str, subjects: Iterable[tuple[str, str]]) -> None:
        """There are none."""

    def decode(self, stored: StoredEvent, *, purpose: str, typed: bool = True) -> RecordedEvent:
        if stored.envelope.id in self.broken:
            raise SchemaError("de vingerafdruk van het schema is onbekend")
        return RecordedEvent(stored.envelope, json.loads(stored.body), stored.cursor)

    def decode_many(
        self, events: Iterable[StoredEvent], *, purpose: str, typed: bool = True
    ) -> Iterator[RecordedEvent]:
        return (self.decode(event, purpose=purpose, typed=typed) for event in events)


def open_store(url: str, service: str, codec: PlainCodec, clock: SettableClock) -> EventStore:
    """A store of ``service`` with the ledger in it."""
    return EventStore.open(url, service, codec=codec, clock=clock, oin_of=oin_of, tables=ledger_tables)


def log(
    store: EventStore, casus: str, count: int = 1, *, oorzaak: str | None = None, **known: Any
) -> list[StoredEvent]:
    """Append ``count`` events to the stream of a casus; gives them with their cursors."""
    stream = Stream(GEMEENTE, store.service, casus)
    command = new_id()
    context = Context(
        actor=Actor("consulent", None, "c-1"), correlationid=command, causationid=command, oorzaak=oorzaak, **known
    )

    def append(tx: Transaction) -> list[StoredEvent]:
        version = sum(1 for _ in tx.read_stream(stream))
        return tx.append(stream, version, [Fact(Gedaan(version + i + 1), DAY) for i in range(count)], context)

    return store.run_transaction(append)


def whole_log(store: EventStore) -> list[StoredEvent]:
    """All that a store has logged, in order."""
    return store.read_log(EVERY_GEMEENTE, limit=10_000)


class World:
    """Owners ``bron`` and ``meer``, and a consumer ``volger`` of both, each with a store of its own."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.clock = SettableClock(date(2026, 3, 10))
        self.codec = PlainCodec()
        self.now = 0.0
        self.errors: dict[str, Exception] = {}
        self.url = url or f"sqlite:///{folder}/"
        self.stores = {name: open_store(self.url, name, self.codec, self.clock) for name in ("bron", "meer", "volger")}

    @property
    def volger(self) -> EventStore:
        return self.stores["volger"]

    def handle(self, event: RecordedEvent, tx: Transaction) -> None:
        """Write a row in the ledger; fail afterwards where the test wants that."""
        position = str(event.envelope.position)
        tx.conn.execute(insert(ledger).values(consumer="volger", position=position))
        if position in self.errors:
            raise self.errors[position]

    def handle_batch(self, events: list[RecordedEvent], tx: Transaction) -> None:
        for event in events:
            self.handle(event, tx)

    def handlers(self, **marks: Any) -> Handlers:
        call = self.handle_batch if marks.get("batch") else self.handle
        return Handlers(Handler(source, "*", call, **marks) for source in ("bron", "meer"))

    def consumer(
        self, feeds: Mapping[str, Any] | None = None, handlers: Handlers | None = None, **known: Any
    ) -> Consumer:
        """A consumer that begins where the last one was; delays are by ``self.now``."""
        made = Consumer(
            "volger",
            self.volger,
            handlers or self.handlers(),
            feeds or {name: LocalFeed(self.stores[name]) for name in ("bron", "meer")},
            self.clock,
            policy=known.pop("policy", Policy(backoff=Backoff(first=1.0, jitter=0.0))),
            monotonic=known.pop("monotonic", lambda: self.now),
            **known,
        )
        made.open()
        return made

    def effects(self) -> list[str]:
        """The positions whose effects happened, in order."""
        with self.volger.engine.connect() as conn:
            return list(conn.execute(select(ledger.c.position).order_by(ledger.c.n)).scalars())

    def close(self) -> None:
        for store in self.stores.values():
            store.close()


def with_previous(stored: list[StoredEvent]) -> list[tuple[StoredEvent, Any]]:
    """Each event with the cursor of the one before it, as a relay sends them."""
    cursors = [START, *(event.cursor for event in stored)]
    return list(zip(stored, cursors, strict=False))
