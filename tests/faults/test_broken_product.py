"""Each promise broken in the product itself, in one place on purpose: the audit of what then happens says so.

Every test does the same twice: with the real thing, of which the audit finds nothing, and with the broken one.
"""

# ruff: noqa: ARG002  # a stand-in keeps the signature of what it stands in for

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text

from casuslog.broker.publish import Outgoing
from casuslog.consume import wire
from casuslog.consume.consumer import Consumer
from casuslog.envelope import CONTENT_TYPE, Actor, Stream
from casuslog.events import Fact
from casuslog.identifiers import new_id
from casuslog.recorded import START, Context, StoredEvent
from casuslog.relay import Relay
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.store.tables import checkpoints, inbox
from services.abonnement import levering, nummering
from services.abonnement.tabellen import leveringen
from tests.casuslog.consume.conftest import world as world
from tests.casuslog.consume.world import DAY, GEMEENTE, Gedaan, World, log, open_store, whole_log, with_previous
from tests.faults.audit import Delivery, Event, Evidence, Findings, Subscriber, audit
from tests.faults.collect import from_json
from tests.faults.ledger import Accepted
from tests.services.abonnement import wereld as w


def kinds(findings: Findings) -> set[str]:
    """The kinds of which there is at least one."""
    return {kind for kind, count in findings.counts().items() if count}


def seen(events: Iterable[StoredEvent]) -> list[Event]:
    return [from_json(json.dumps(event.envelope.attributes())) for event in events]


def accepted(events: Iterable[StoredEvent]) -> list[Accepted]:
    """The ledger of commands that logged these events, one each."""
    return [
        Accepted(e.id, e.service, "iets", e.gemeente, e.subject, (e.id,), str(e.position), 0.0)
        for e in (event.envelope for event in events)
    ]


# -- a relay that takes what it sent for confirmed ---------------------------------------------------------------------


class Broker:
    """Keeps what it confirmed. When a connection dies, what was under way over it is gone."""

    def __init__(self, *, dies_at: int) -> None:
        self.kept: list[str] = []
        self.dies_at = dies_at
        self.received = 0


class Link:
    """A connection as the relay wants it."""

    blocked = False

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.under_way: list[str] = []
        self.sent = self.done = 0

    def send(self, message: Outgoing) -> None:
        self.broker.received += 1
        self.under_way.append(str(message.properties["message_id"]))
        self.sent += 1

    def beat(self, seconds: float = 0.0) -> None:
        if self.broker.received >= self.broker.dies_at:
            self.broker.dies_at = 10**9
            raise ConnectionResetError
        self.broker.kept += self.under_way
        self.done += len(self.under_way)
        self.under_way = []

    @property
    def confirmed(self) -> int:
        return self.done

    def missing_bindings(self) -> Sequence[str]:
        return ()

    def close(self) -> None:
        """Nothing to close."""


class Hasty(Link):
    """Counts as confirmed what was only sent: a position kept by that is ahead of the broker."""

    @property
    def confirmed(self) -> int:
        return self.sent


@pytest.mark.parametrize(("link", "found"), [(Link, set()), (Hasty, {"lost", "skipped"})])
def test_a_relay_ahead_of_the_confirms_loses(world: World, link: type[Link], found: set[str]) -> None:
    """The broker dies with a window under way: whose position waits for the confirms sends it again."""
    store, casus = world.stores["bron"], new_id()
    log(store, casus, 3)
    broker = Broker(dies_at=5)
    relay = Relay(store, lambda: link(broker), world.clock, keep_seconds=0.0)
    relay.step()
    log(store, casus, 2)
    with pytest.raises(Exception, match="broker"):
        relay.step()
    log(store, casus)
    while relay.step():
        pass
    relay.stop()
    stored = whole_log(store)
    by_id = {event.id: event for event in seen(stored)}
    stream = [by_id[event_id] for event_id in broker.kept]
    assert kinds(audit(Evidence(accepted(stored), seen(stored), stream))) == found


# -- a reader that follows the numbers of the rows ---------------------------------------------------------------------


def by_cursor(store: EventStore) -> Callable[[], list[Event]]:
    """The reader of the store."""
    at = [START]

    def more() -> list[Event]:
        page = store.read_log(EVERY_GEMEENTE, after=at[0])
        at[0] = page[-1].cursor or START if page else at[0]
        return seen(page)

    return more


def by_position(store: EventStore) -> Callable[[], list[Event]]:
    """A reader that remembers the highest number it saw."""
    at = [0]

    def more() -> list[Event]:
        with store.engine.connect() as conn:
            query = text("SELECT position, envelope FROM events WHERE position > :after ORDER BY position")
            rows = conn.execute(query, {"after": at[0]}).all()
        at[0] = rows[-1].position if rows else at[0]
        return [from_json(row.envelope) for row in rows]

    return more


@pytest.mark.postgres
@pytest.mark.parametrize(("reader", "found"), [(by_cursor, set()), (by_position, {"lost", "skipped"})])
def test_a_reader_by_position_alone_skips(
    world: World, postgres_url: str, reader: Callable[[EventStore], Callable[[], list[Event]]], found: set[str]
) -> None:
    """Of two writers the one with the lower number commits last; after that its stream goes on."""
    late, early = (open_store(postgres_url, "bron", world.codec, world.clock) for _ in range(2))
    casus, more = new_id(), reader(early)
    with late.transaction() as tx:
        cause = new_id()
        context = Context(actor=Actor("consulent", None, "c-1"), correlationid=cause, causationid=cause)
        tx.append(Stream(GEMEENTE, "bron", casus), 0, [Fact(Gedaan(1), DAY)], context)
        log(early, new_id())
        read = more()
    read += more()
    log(late, casus)
    read += more()
    stored = whole_log(early)
    assert kinds(audit(Evidence(accepted(stored), seen(stored), read))) == found
    for store in (late, early):
        store.close()


# -- consumers ---------------------------------------------------------------------------------------------------------


class Inbox:
    """A queue that gives again, to whoever comes next, what was not acknowledged."""

    def __init__(self, events: list[StoredEvent]) -> None:
        self._waiting = dict(enumerate(with_previous(events)))

    def deliver(self, consumer: Any, *, dead: bool = False, order: Sequence[int] | None = None) -> None:
        """Hand over all that waits. ``dead``: no acknowledgement comes back."""
        for n in order or list(self._waiting):
            event, previous = self._waiting[n]

            def ack(n: int = n) -> None:
                if not dead:
                    self._waiting.pop(n, None)

            consumer.deliver(wire.headers(event, previous), event.body, CONTENT_TYPE, ack)


def evidence_of(world: World, effects: Sequence[str]) -> Evidence:
    """What the audit gets to see of a world: its log, and these effects by position."""
    stored = whole_log(world.stores["bron"])
    by_position = {str(event.envelope.position): event for event in stored}
    handled = seen(by_position[position] for position in effects)
    return Evidence(accepted(stored), seen(stored), seen(stored), {"volger": handled})


class AcksFirst:
    """Acknowledges what comes in, and then begins with it: as nameko's own handler does with what fails."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def deliver(self, told: Any, body: bytes, content_type: str, ack: Callable[[], None]) -> None:
        ack()
        self._consumer.deliver(told, body, content_type, lambda: None)


@pytest.mark.parametrize(("wrap", "found"), [(lambda c: c, set()), (AcksFirst, {"lost"})], ids=["intact", "acks first"])
def test_a_consumer_that_acknowledges_before_the_effect_loses(
    world: World, wrap: Callable[[Consumer], Any], found: set[str]
) -> None:
    """It dies with deliveries in its hands: what was not acknowledged comes again, the rest never."""
    arriving = Inbox([event for _ in range(3) for event in log(world.stores["bron"], new_id(), 2)])
    arriving.deliver(wrap(world.consumer()))
    successor = world.consumer()
    arriving.deliver(wrap(successor))
    successor.settle()
    assert kinds(audit(evidence_of(world, world.effects()))) == found


@pytest.mark.parametrize(("forgets", "found"), [(False, set()), (True, {"double"})], ids=["intact", "no inbox"])
def test_a_consumer_without_inbox_rows_does_things_twice(world: World, forgets: bool, found: set[str]) -> None:
    """It dies between effect and acknowledgement; only the row that committed with the effect tells its successor."""
    arriving = Inbox(log(world.stores["bron"], new_id(), 3))
    first = world.consumer()
    arriving.deliver(first, dead=True)
    first.settle()
    if forgets:
        with world.volger.engine.begin() as conn:
            conn.execute(delete(inbox))
            conn.execute(delete(checkpoints))
    successor = world.consumer()
    arriving.deliver(successor)
    successor.settle()
    assert kinds(audit(evidence_of(world, world.effects()))) == found


class ByMessage:
    """Takes each message as it comes, once, by its id: no lanes, no sequence."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.effects: list[str] = []

    def deliver(self, told: Any, body: bytes, content_type: str, ack: Callable[[], None]) -> None:
        event = wire.read(told, body, content_type).stored.envelope
        if event.id not in self._seen:
            self._seen.add(event.id)
            self.effects.append(str(event.position))
        ack()


def test_a_consumer_without_lanes_takes_things_out_of_order(world: World) -> None:
    """The same shuffled deliveries: by casus and sequence they are in order, one by one they are not."""
    events = [event for _ in range(2) for event in log(world.stores["bron"], new_id(), 3)]
    order = [2, 0, 1, 5, 4, 3]
    consumer, naive = world.consumer(), ByMessage()
    Inbox(events).deliver(consumer, order=order)
    consumer.settle()
    Inbox(events).deliver(naive, order=order)
    assert kinds(audit(evidence_of(world, world.effects()))) == set()
    assert kinds(audit(evidence_of(world, naive.effects))) == {"out_of_order"}


# -- a subscription that sees every gemeente ---------------------------------------------------------------------------


@pytest.fixture
def wereld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[w.Wereld]:
    """The service abonnement on files."""
    monkeypatch.setattr("services.abonnement.besluiten.gebeurtenistypen", lambda: w.BEKEND)
    made = w.sqlite(tmp_path / "abonnement")
    yield made
    made.close()


@pytest.mark.parametrize(("walled", "found"), [(True, set()), (False, {"leaked"})], ids=["intact", "no wall"])
def test_a_subscription_without_the_gemeente_in_its_predicate_leaks(
    wereld: w.Wereld, monkeypatch: pytest.MonkeyPatch, walled: bool, found: set[str]
) -> None:
    """Two gemeenten log; a subscription of the one, judged as if every event were its own, gets those of the other."""
    if not walled:
        real = levering.zicht

        def own(inschrijving: Any, envelope: Any, betrokken: Any, dag: date) -> Any:
            return real(inschrijving, replace(envelope, gemeente=w.OPSTERLAND), betrokken, dag)

        for module in (levering, nummering):
            monkeypatch.setattr(module, "zicht", own)
    abonnement = wereld.ken_toe()
    for gemeente in (w.OPSTERLAND, w.HEERENVEEN, w.OPSTERLAND):
        wereld.melding(gemeente=gemeente)
    stored = wereld.log_of("melding")
    by_id = {event.id: event for event in seen(stored)}
    deliveries = [
        Delivery(int(one.headers["casuslog_nummer"]), by_id[one.message_id]) for one in wereld.geleverd(abonnement)
    ]
    with wereld.store.engine.connect() as conn:
        given = conn.execute(select(leveringen.c.nummer, leveringen.c.event_id)).all()
    subscriber = Subscriber(w.OPSTERLAND, {row.nummer: [row.event_id] for row in given}, deliveries)
    evidence = Evidence(accepted(stored), seen(stored), seen(stored), subscribers={abonnement: subscriber})
    assert len(deliveries) == (2 if walled else 3)
    assert kinds(audit(evidence)) == found
