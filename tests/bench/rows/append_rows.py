"""Appending beside ``eventsourcing`` and beside bare INSERT, while a reader follows each log.

Each side has its own database in the same server, and a reader in a process of its own. Ours writes as a service does:
in greenlets of a process of nameko's kind; the peers write as they do it best, in threads. Bare INSERT sends exactly
the rows that ours keeps (the event, and the answer under the key of its command), in one statement and one transaction
per event; the row of the event alone, without the key, is printed beside, and so are our writers as threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from casuslog.envelope import Stream
from casuslog.store import GENESIS
from casuslog.store._making import Made, Writer
from tests.bench import material, peers_postgres
from tests.bench.appending import PER_STREAM, TEN, answer_of, appender, command, together
from tests.bench.child import Child
from tests.bench.frame import Bench, Result, Row, rate, ratios, typical
from tests.bench.material import Material
from tests.bench.tailing import Reader, follow_bare, follow_casuslog, follow_eventsourcing

WRITERS = 16
EVENTS_PER_WRITER = 400
TEN_WRITERS = 8
BATCHES_PER_WRITER = 80
PEER_SHARE = 4
"""Eventsourcing does a fourth of the events in its turn: it takes as long."""


@dataclass
class Bare:
    """The same tables, filled by psycopg2; the rows are made before the clock starts."""

    url: str
    writer: Writer
    connections: list[Any] = field(default_factory=list)
    made: int = 0

    def connection(self, number: int) -> Any:
        """The connection of a writer, made once."""
        while len(self.connections) <= number:
            self.connections.append(peers_postgres.connect(self.url))
        return self.connections[number]

    def rows(self, streams: Sequence[Stream], each: int) -> list[Made]:
        """The rows of ``each`` events in each stream, as ours keeps them."""
        self.made += len(streams) * each
        return [
            one
            for stream in streams
            for one in self.writer.make(stream, 0, material.facts(each), material.context(), GENESIS)
        ]

    def singles(self, number: int, events: int, *, with_key: bool) -> Callable[[], None]:
        """A writer's work: a row at a time, with or without the row of its command."""
        cursor = self.connection(number).cursor()
        statement = peers_postgres.INSERT_WITH_KEY if with_key else peers_postgres.INSERT
        work = [
            (*self._key(one), *peers_postgres.row(one)) if with_key else peers_postgres.row(one)
            for one in self.rows(material.streams(events // PER_STREAM), PER_STREAM)
        ]

        def insert() -> None:
            for values in work:
                cursor.execute(statement, values)

        return insert

    def tens(self, number: int, streams: Sequence[Stream]) -> Callable[[], None]:
        """A writer's work: ten rows in one statement."""
        cursor = self.connection(number).cursor()
        rows = [peers_postgres.row(one) for one in self.rows(streams, TEN)]
        work = [rows[at : at + TEN] for at in range(0, len(rows), TEN)]

        def insert() -> None:
            for rows in work:
                peers_postgres.insert_many(cursor, rows)

        return insert

    def _key(self, one: Made) -> peers_postgres.KeyRow:
        given = command()
        answer = json.dumps(answer_of([one.kept_at(None)]))
        e = one.envelope
        return peers_postgres.KeyRow(
            e.gemeente, material.SERVICE, given.caller, given.key, given.body_hash, answer, e.time
        )


def one_at_a_time(bench: Bench) -> list[Result]:
    """1 event per transaction, with its command, 16 writers, a reader that tails."""
    with ExitStack() as stack:
        sides = _Sides(bench, stack)
        turns = {f"{one.name}": one.round for one in sides.ours}
        rates = bench.alternate(turns | {"rows": sides.bare, "event": sides.event, "peer": sides.peer})
        missed, appended = map(sum, zip(*(one.missed() for one in sides.ours), strict=True))
        missed_by_peer = sides.peer_reader.missed(sides.peer_appended)
    did = f"{WRITERS} writers; ours {rate(rates['ours'])}, "
    rows = "bare INSERT of the same rows (event and command)"
    return [
        Result(
            name="append, 1 event and its command",
            peer=f"{sides.peer_name}, default settings (no key, encryption or chain)",
            rounds=ratios(rates, "ours", "peer"),
            rate=typical(rates["ours"]),
            must=3.0,
            aim=3.5,
            note=f"{did}it {rate(rates['peer'])}; its reader missed {missed_by_peer}",
        ),
        Result(
            name="append, 1 event and its command",
            peer=rows,
            rounds=ratios(rates, "ours", "rows"),
            must=0.8,
            aim=0.9,
            note=f"group commit; {did}it {rate(rates['rows'])}",
        ),
        *(
            Result(
                name=f"append, 1 event and its command, {one}",
                peer=rows,
                rounds=ratios(rates, one, "rows"),
                rate=typical(rates[one]),
                note=f"{what}; ours {rate(rates[one])}, it {rate(rates['rows'])}",
            )
            for one, what in (("ungrouped", "a transaction for each"), ("in threads", "group commit"))
        ),
        Result(
            name="append, 1 event and its command",
            peer="bare INSERT of the event's row alone",
            rounds=ratios(rates, "ours", "event"),
            note=f"{did}it {rate(rates['event'])}",
        ),
        Result(
            name="append, a reader that tails",
            peer="what was appended",
            rounds=[missed],
            must=0,
            unit="missed",
            lower=True,
            note=f"{appended:,} events, also none twice and none out of order",
        ),
    ]


@dataclass(frozen=True)
class _Appender:
    """A way in which ours appends, with the reader of its log."""

    name: str
    child: Child
    reader: Reader
    each: int

    def round(self) -> float:
        """A round of it: events per second."""

        def work() -> float:
            return float(self.child.ask("singles", writers=WRITERS, each=self.each))

        return WRITERS * self.each / self.reader.awake(work, lambda: int(self.child.ask("count")))

    def missed(self) -> tuple[int, int]:
        """How many events its reader missed, and of how many."""
        appended = [(stream, version) for stream, version in self.child.ask("appended")]
        return self.reader.missed(appended), len(appended)


class _Sides:
    """The sides of a row with single appends, each with a database and a reader."""

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        from tests.bench import peers_eventsourcing

        self._each = bench.some(EVENTS_PER_WRITER, PER_STREAM)
        made = Material.make()
        bare, event, peer = (bench.postgres.create_database() for _ in range(3))
        self.ours = [
            self._appender(bench, stack, "ours", {}),
            self._appender(bench, stack, "ungrouped", {"grouped": False}),
            self._appender(bench, stack, "in threads", {"green": False}),
        ]
        self._rows, self._event = _bare(made, bare), _bare(made, event)
        self.peer_name = peers_eventsourcing.NAME
        self._recorder = peers_eventsourcing.recorder_at(peer)
        stack.callback(self._recorder.datastore.close)
        self._size = sum(map(len, _sample(made)))
        self.peer_appended: list[tuple[str, int]] = []
        self._rows_reader = stack.enter_context(Reader(follow_bare, bare))
        self._event_reader = stack.enter_context(Reader(follow_bare, event))
        self.peer_reader = stack.enter_context(Reader(follow_eventsourcing, peer))

    def _appender(self, bench: Bench, stack: ExitStack, name: str, how: dict[str, bool]) -> _Appender:
        url = bench.postgres.create_database()
        child = stack.enter_context(appender(url, **how))
        return _Appender(name, child, stack.enter_context(Reader(follow_casuslog, url)), self._each)

    def bare(self) -> float:
        """A round of bare INSERT of both rows."""
        return self._inserted(self._rows, self._rows_reader, with_key=True)

    def event(self) -> float:
        """A round of bare INSERT of the row of the event."""
        return self._inserted(self._event, self._event_reader, with_key=False)

    def _inserted(self, bare: Bare, reader: Reader, *, with_key: bool) -> float:
        jobs = [bare.singles(number, self._each, with_key=with_key) for number in range(WRITERS)]
        return WRITERS * self._each / reader.awake(lambda: together(jobs), lambda: bare.made)

    def peer(self) -> float:
        """A round of eventsourcing."""
        from tests.bench import peers_eventsourcing

        each = max(1, self._each // PEER_SHARE)
        work = [peers_eventsourcing.events_of(each, self._size, PER_STREAM) for _ in range(WRITERS)]

        def inserting(events: Sequence[Any]) -> Callable[[], None]:
            def insert() -> None:
                for event in events:
                    self._recorder.insert_events([event])

            return insert

        self.peer_appended += [(str(event.originator_id), event.originator_version) for one in work for event in one]
        jobs = [inserting(events) for events in work]
        return WRITERS * each / self.peer_reader.awake(lambda: together(jobs), lambda: len(self.peer_appended))


def ten_at_a_time(bench: Bench) -> list[Result]:
    """10 events per transaction, 8 writers."""
    each = bench.some(BATCHES_PER_WRITER, 2)
    bare = _bare(Material.make(), bench.postgres.create_database())

    def insert() -> float:
        jobs = [bare.tens(number, material.streams(each)) for number in range(TEN_WRITERS)]
        return TEN_WRITERS * each * TEN / together(jobs)

    with appender(bench.postgres.create_database()) as ours:

        def append() -> float:
            return TEN_WRITERS * each * TEN / float(ours.ask("tens", writers=TEN_WRITERS, each=each))

        rates = bench.alternate({"ours": append, "bare": insert})
    return [
        Result(
            name="append, 10 events per transaction",
            peer="bare multi-row INSERT (execute_values)",
            rounds=ratios(rates, "ours", "bare"),
            rate=typical(rates["ours"]),
            must=0.8,
            aim=0.9,
            note=f"{TEN_WRITERS} writers; ours {rate(rates['ours'])}, it {rate(rates['bare'])}",
        )
    ]


def _bare(made: Material, url: str) -> Bare:
    made.store(url).close()
    return Bare(url, Writer(material.SERVICE, made.codec, made.clock, material.oin_of))


def _sample(made: Material) -> tuple[str, bytes]:
    writer = Writer(material.SERVICE, made.codec, made.clock, material.oin_of)
    [one] = writer.make(material.streams(1)[0], 0, material.facts(1), material.context(), GENESIS)
    return one.text, one.body


ROWS = [
    Row("append, 1 event", "1 event per transaction with its command, 16 writers, a reader tails", one_at_a_time),
    Row("append, 10 events", "10 events per transaction, 8 writers", ten_at_a_time),
]
