"""Catching up on a log, decrypted and decoded, as a service or subscriber does that was away.

Ours reads pages of the log up to what is final, asks the key store for the keys of each page (it knows none when a
round begins), and gives typed events with their envelopes. The peer SELECTs the same columns in pages from a table of
its own, in which the two blocks of an event are columns; its ciphers are made beforehand and its envelopes stay text.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg2
from sqlalchemy import make_url

from casuslog.clock import SystemClock
from casuslog.codec import Codec
from casuslog.codes import oin_of
from casuslog.hosting import collecting, logs
from casuslog.privacy import KeyStore, RootKey
from casuslog.recorded import START, StoredEvent
from casuslog.store import EVERY_GEMEENTE, EventStore
from tests.bench.casework import GEMEENTEN, INVOLVED, PER_CASUS, STORY, append_casework, not_waiting, registry
from tests.bench.frame import Bench, Result, Row, rate, ratios, typical
from tests.bench.peers_bare import BareBlock, BareCodec, BareEvent, bare_event
from tests.bench.rows.codec_rows import belongs

MUST, AIM = 0.7, 0.85
PAGE = 500
ENVELOPE_BYTES = 600
"""About what the envelope of such an event takes as JSON."""
PURPOSE = "bench"
OURS, BARE, EVENTSOURCING = "casuslog", "bare SELECT + fastavro + AES-GCM", "eventsourcing 9.5.6"

_TABLE = """
CREATE TABLE bare_events (
    era integer, xid bigint, position bigint, belongs text, type text, envelope text, hash bytea, prev_hash bytea,
    feit_key text, feit_nonce bytea, feit_text bytea, person_key text, person_nonce bytea, person_text bytea,
    PRIMARY KEY (era, xid, position)
)"""
_INSERT = f"INSERT INTO bare_events VALUES ({', '.join(['%s'] * 14)})"  # no value in it
_SELECT = """
SELECT * FROM bare_events WHERE (era, xid, position) > (%s, %s, %s) ORDER BY era, xid, position LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Logged:
    """The same events for each side."""

    store: EventStore
    keys_url: str
    root: RootKey
    bare: psycopg2.extensions.connection
    codec: BareCodec
    events: int


def reading(bench: Bench) -> Sequence[Result]:
    """The whole log once, page after page."""
    logs.configure(level="error")
    with ExitStack() as opened:
        made = logged(bench, bench.some(3_000, 200), opened)
        theirs = eventsourcing(bench, made, opened)
        collecting.started()  # as a service says when it has; it holds for all sides
        rates = bench.alternate(
            {
                OURS: lambda: ours(made),
                BARE: lambda: timed(made.events, lambda: bare(made)),
                EVENTSOURCING: lambda: timed(made.events, theirs),
            }
        )
    note = f"{rate(rates[OURS])} and {rate(rates[BARE])}; {PER_CASUS} events to a pair of keys, none known beforehand"
    beside = f"{rate(rates[EVENTSOURCING])} with neither decryption nor decoding"
    return [
        Result(
            name="read",
            peer=BARE,
            rounds=ratios(rates, OURS, BARE),
            must=MUST,
            aim=AIM,
            rate=typical(rates[OURS]),
            note=note,
        ),
        Result(name="read", peer=EVENTSOURCING, rounds=ratios(rates, OURS, EVENTSOURCING), note=beside),
    ]


def ours(made: Logged) -> float:
    """Pages of the log, decoded to typed events, by a service that has started but knows no key yet."""
    keys = KeyStore.open(made.keys_url, made.root)
    codec = Codec(made.store.codec.registry, keys)
    for data in (INVOLVED, *STORY):
        codec.dataschema_of(type(data))  # compares class and schema, once in a process
    rate_of_it = timed(made.events, lambda: _read(made, codec))
    keys.close()
    return rate_of_it


def _read(made: Logged, codec: Codec) -> None:
    after, count = START, 0
    while page := made.store.read_log(EVERY_GEMEENTE, after=after, limit=PAGE):
        deque(codec.decode_many(page, purpose=PURPOSE), maxlen=0)
        after, count = page[-1].cursor or after, count + len(page)
    _all(count, made)


def bare(made: Logged) -> None:
    """Pages of rows, both blocks opened and read as mappings."""
    after, count = (0, 0, 0), 0
    while True:
        with made.bare.cursor() as cursor:
            cursor.execute(_SELECT, (*after, PAGE))
            rows = cursor.fetchall()
        if not rows:
            break
        for row in rows:
            person = BareBlock(*row[11:14]) if row[11] else None
            made.codec.decode(BareEvent(row[3], row[4], BareBlock(*row[8:11]), person))
        after, count = rows[-1][:3], count + len(rows)
    _all(count, made)


def eventsourcing(bench: Bench, made: Logged, opened: ExitStack) -> Callable[[], None]:
    """The notification log of the peer, with bodies as large as ours: raw, as its recorder gives them."""
    from tests.bench.peers_eventsourcing import events_of, recorder_at

    recorder = recorder_at(bench.postgres.create_database())
    opened.callback(recorder.datastore.close)
    some = made.store.read_log(EVERY_GEMEENTE, limit=PAGE)
    size = sum(len(one.body) + ENVELOPE_BYTES for one in some) // len(some)
    written = events_of(made.events, size, PER_CASUS)
    for start in range(0, len(written), PAGE):
        recorder.insert_events(written[start : start + PAGE])

    def side() -> None:
        start, count = 1, 0
        while page := recorder.select_notifications(start, PAGE):
            start, count = page[-1].id + 1, count + len(page)
        _all(count, made)

    return side


def logged(bench: Bench, events: int, opened: ExitStack) -> Logged:
    """Write the log of ours, and the table of the peer with what stands in it."""
    url, root, schemas = bench.postgres.create_database(), RootKey.generate(), registry()
    keys = KeyStore.open(not_waiting(url), root)
    opened.callback(keys.close)
    store = EventStore.open(url, "melding", codec=Codec(schemas, keys), clock=SystemClock(), oin_of=oin_of)
    opened.callback(store.close)
    append_casework(store, keys, GEMEENTEN, events // PER_CASUS)
    parsed = make_url(url)
    connection = psycopg2.connect(
        dbname=parsed.database, host=parsed.host, port=parsed.port, user=parsed.username, password=parsed.password
    )
    opened.callback(connection.close)
    connection.autocommit = True
    found = _copied(store, connection)
    at_hand = {
        block.key_id: keys.get(block.key_id, one.belongs[:4], PURPOSE) for one in found for block in one[2:] if block
    }
    codec = BareCodec(schemas, {key_id: key for key_id, key in at_hand.items() if key is not None})
    store.engine.dispose()
    return Logged(store, url, root, connection, codec, len(found))


def _copied(store: EventStore, connection: psycopg2.extensions.connection) -> list[BareEvent]:
    found, after = [], START
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        while page := store.read_log(EVERY_GEMEENTE, after=after, limit=PAGE):
            after = page[-1].cursor or after
            made = [bare_event(belongs(one), one.envelope.type, one.body) for one in page]
            cursor.executemany(_INSERT, [_row(*pair) for pair in zip(page, made, strict=True)])
            found += made
        cursor.execute("ANALYZE")
    return found


def _row(stored: StoredEvent, made: BareEvent) -> tuple[object, ...]:
    place = stored.cursor or START
    envelope = str(stored.envelope.attributes())
    blocks = (part for block in made[2:] for part in block or (None, None, None))
    return (
        *(place.era, place.xid, place.position),
        *(made.belongs, made.type, envelope, stored.hash, stored.prev_hash),
        *blocks,
    )


def timed(events: int, work: Callable[[], None]) -> float:
    """Events per second of a piece of work, waiting for the database included."""
    began = time.perf_counter()
    work()
    return events / (time.perf_counter() - began)


def _all(count: int, made: Logged) -> None:
    if count != made.events:
        raise AssertionError(f"{count} events read of {made.events}")


ROWS = [Row("read", "the log once, decrypted and decoded", reading)]
