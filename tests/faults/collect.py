"""Collects the evidence while the run goes on: reads what is new in store, stream, effects and at the subscribers."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from casuslog.envelope import Envelope
from tests.faults.audit import BEGINS, REACTION, REACTOR, Delivery, Event, Evidence, Findings, Subscriber, audit
from tests.faults.ledger import Ledger
from tests.faults.streamed import StreamReader
from tests.faults.subscriber import received

LOGGED = ("melding", "onderzoek")
"""The services whose log is audited: the load speaks to both, and the second reacts to the first."""
HANDLED = ("historie", "abonnement")
"""The services whose effects are audited: each keeps every event of a casus."""
OVERLAP = 500
"""Rows read again each time: a row with a lower number may become visible after one with a higher."""

WATCH = """
CREATE SCHEMA IF NOT EXISTS faults;
CREATE TABLE IF NOT EXISTS faults.effects (n bigserial PRIMARY KEY, service text, gemeente text, bron text, stroom text,
    subject text, sequence integer, envelope text);
CREATE OR REPLACE FUNCTION faults.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO faults.effects (service, gemeente, bron, stroom, subject, sequence, envelope)
    VALUES (TG_TABLE_SCHEMA, NEW.gemeente, NEW.bron, NEW.stroom, NEW.subject, NEW.sequence, NEW.envelope);
    RETURN NEW;
END $$;
"""
"""The database itself notes each effect, in the transaction of the effect: also one that an upsert would swallow."""


class Collector:
    """What was found so far.

    Args:
        ledger: what was accepted.
        databases: per service the URL of its database.
        amqp_url: the broker, for the stream.
        subscribers: per subscription id its gemeente and the file of its subscriber; may grow.
    """

    def __init__(
        self,
        ledger: Ledger,
        databases: Mapping[str, str],
        amqp_url: str,
        subscribers: Mapping[str, tuple[str, Path]],
    ) -> None:
        self._ledger = ledger
        self._databases = dict(databases)
        self._files = subscribers
        self._engines: dict[str, Engine] = {}
        self._reader = StreamReader(amqp_url, self._streamed)
        self._lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Read everything anew from now on, as for the last audit: what was there once may have gone."""
        with self._lock:
            self._store: dict[tuple[str, int], Event] = {}
            self._stream: dict[int, Event] = {}
            self._effects: dict[str, dict[int, Event]] = {service: {} for service in HANDLED}
            self._subscribers: dict[str, Subscriber] = {}
            self._last: dict[Any, int] = {}
            self._known: dict[tuple[str, str], set[int]] = {}
            self._reader.forget()
            self._at: dict[str, set[str]] = {place: set() for place in ("store", "stream", *HANDLED)}
            self._arrivals: dict[str, set[str]] = {}
            self._got: dict[str, list[set[str]]] = {}
            self._reactions: dict[str, str] = {}
            self._open: dict[str, str] = {}
            self._complete = 0

    def move(self, databases: Mapping[str, str]) -> None:
        """The databases are elsewhere from now on, as after a restore."""
        with self._lock:
            self._databases = dict(databases)
            self.close()
            self.forget()

    def watch(self) -> None:
        """Let the databases note the effects; once, after the services have made their tables."""
        for service in HANDLED:
            with self._engine(service).begin() as conn:
                conn.exec_driver_sql(WATCH)
                conn.exec_driver_sql(
                    f'CREATE OR REPLACE TRIGGER faults BEFORE INSERT ON "{service}".bekend '
                    "FOR EACH ROW EXECUTE FUNCTION faults.note()"
                )

    def follow_policy(self, gemeenten: Sequence[str]) -> bool:
        """Whether the services that take commands know how each of these gemeenten works."""
        asked = 'SELECT count(DISTINCT gemeente) FROM "{0}".inrichtingen WHERE gemeente = ANY(:gemeenten)'
        for service in LOGGED:
            with self._engine(service).connect() as conn:
                known = conn.execute(text(asked.format(service)), {"gemeenten": list(gemeenten)}).scalar_one()
            if known < len(gemeenten):
                return False
        return True

    def refresh(self, *, stream: bool = True) -> None:
        """Read what is new.

        Raises:
            Exception: database or broker is away.
        """
        with self._lock:
            for service in LOGGED:
                self._read_store(service)
            for service in HANDLED:
                self._read_effects(service)
            self._read_numbers()
            self._read_subscribers()
            if stream:
                self._reader.read()

    def complete(self) -> int:
        """How many of the accepted commands, from the first on without a gap, have arrived everywhere."""
        with self._lock:
            for one in self._ledger.accepted(self._complete):
                owed = list(one.events)
                if one.command == BEGINS:
                    owed.append(self._reactions.get(one.casus, ""))
                if not all(self._everywhere(event_id, one.gemeente) for event_id in owed):
                    break
                self._complete += 1
            return self._complete

    def under_way(self) -> int:
        """How many logged events have not arrived everywhere yet."""
        with self._lock:
            self._open = {id: owner for id, owner in self._open.items() if not self._everywhere(id, owner)}
            return len(self._open)

    def missing(self) -> str:
        """What the first command that has not arrived everywhere waits for; empty when there is none."""
        with self._lock:
            for one in self._ledger.accepted(self.complete())[:1]:
                places = {
                    **self._at,
                    **{f"subscriber {n}": ids for n, ids in enumerate(self._got.get(one.gemeente, ()))},
                }
                owed = {event_id: event_id for event_id in one.events}
                if one.command == BEGINS:
                    owed[REACTION] = self._reactions.get(one.casus, "")
                return f"{one.command} {one.position}: " + ", ".join(
                    f"{name} not in {place}"
                    for name, id in owed.items()
                    for place, ids in places.items()
                    if id not in ids
                )
            return ""

    def _everywhere(self, event_id: str, gemeente: str) -> bool:
        return all(event_id in ids for ids in (*self._at.values(), *self._got.get(gemeente, ())))

    def repeats(self) -> int:
        """How many messages stand in the stream, or came to a subscriber, that were there before."""
        with self._lock:
            streamed = len(self._stream) - len(self._at["stream"])
            numbers = [[one.number for one in found.deliveries] for found in self._subscribers.values()]
            return streamed + sum(len(given) - len(set(given)) for given in numbers)

    def evidence(self) -> Evidence:
        """All that was found, for the audit."""
        with self._lock:
            return Evidence(
                accepted=self._ledger.accepted(),
                store=list(self._store.values()),
                stream=[self._stream[n] for n in sorted(self._stream)],
                effects={name: [found[n] for n in sorted(found)] for name, found in self._effects.items()},
                subscribers=self._subscribers,
            )

    def audit(self) -> Findings:
        """Hold all that was found against the ledger."""
        with self._lock:
            return audit(self.evidence())

    def close(self) -> None:
        """Let go of databases and broker."""
        self._reader.close()
        for engine in self._engines.values():
            engine.dispose()
        self._engines = {}

    def _engine(self, service: str) -> Engine:
        url = self._databases[service]
        if url not in self._engines:
            self._engines[url] = create_engine(url, pool_size=1, pool_pre_ping=True)
        return self._engines[url]

    def _new_rows(self, service: str, table: str, number: str, *, having: str = "true") -> list[Any]:
        """What is new in a table: ``n`` and ``envelope``, in order. First only the numbers: nearly all are known."""
        key = (table, having)
        last, known = self._last.get(key, 0), self._known.setdefault(key, set())
        numbers = f"SELECT {number} FROM {table} WHERE {number} > :after AND {having}"
        rows = f"SELECT {number} AS n, envelope FROM {table} WHERE {number} = ANY(:new) ORDER BY {number}"
        with self._engine(service).connect() as conn:
            found = set(conn.execute(text(numbers), {"after": max(0, last - OVERLAP)}).scalars())
            new = sorted(found - known)
            fresh = list(conn.execute(text(rows), {"new": new})) if new else []
        known |= found
        self._last[key] = max([last, *new])
        return fresh

    def _read_store(self, service: str) -> None:
        for row in self._new_rows(service, f'"{service}".events', "position"):
            event = self._store[service, row.n] = from_json(row.envelope)
            self._at["store"].add(event.id)
            self._open[event.id] = event.gemeente
            if (event.service, event.name) == (REACTOR, REACTION):
                self._reactions[event.casus] = event.id

    def _read_effects(self, service: str) -> None:
        for row in self._new_rows(service, "faults.effects", "n", having=f"service = '{service}'"):
            event = from_json(row.envelope)
            if event.service in LOGGED:
                self._effects[service][row.n] = event
                self._at[service].add(event.id)

    def _read_numbers(self) -> None:
        query = text("SELECT nummer, event_id FROM abonnement.leveringen WHERE abonnement = :one AND nummer > :after")
        with self._engine("abonnement").connect() as conn:
            for abonnement, (gemeente, _) in dict(self._files).items():
                subscriber = self._subscribers.setdefault(abonnement, Subscriber(gemeente))
                # The row of a number is made in the order of the numbers: it is locked with the subscription.
                after = max(subscriber.numbers, default=0)
                for row in conn.execute(query, {"one": abonnement, "after": after}):
                    subscriber.numbers.setdefault(row.nummer, []).append(row.event_id)

    def _read_subscribers(self) -> None:
        for abonnement, (gemeente, path) in dict(self._files).items():
            subscriber = self._subscribers.setdefault(abonnement, Subscriber(gemeente))
            got = self._arrivals.setdefault(abonnement, set())
            for row in received(path, self._last.get(path, 0)):
                self._last[path] = row["n"]
                subscriber.deliveries.append(_delivery(row))
                if row["event_id"] is not None:
                    got.add(row["event_id"])
            if not any(got is one for one in self._got.setdefault(gemeente, [])):
                self._got[gemeente].append(got)

    def _streamed(self, offset: int, headers: Mapping[str, Any]) -> None:
        told = {k.removeprefix("cloudEvents_"): v for k, v in headers.items() if k.startswith("cloudEvents_")}
        event = _event(Envelope.from_attributes(told))
        if event.service in LOGGED:
            self._stream[offset] = event
            self._at["stream"].add(event.id)


def from_json(envelope: str) -> Event:
    """The event of an envelope as it stands in a table."""
    return _event(Envelope.from_attributes(json.loads(envelope)))


def _event(e: Envelope) -> Event:
    return Event(e.id, e.service, e.gemeente, e.stroom, e.subject, e.sequence, e.oorzaak, e.name)


def _delivery(row: Any) -> Delivery:
    if row["event_id"] is None:
        return Delivery(row["nummer"], None, bool(row["again"]))
    event = Event(
        row["event_id"], row["service"], row["gemeente"], row["stroom"], row["casus"], row["sequence"], row["oorzaak"]
    )
    return Delivery(row["nummer"], event, bool(row["again"]))
