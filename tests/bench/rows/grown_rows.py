"""Five million events against a hundred thousand: whether appends and the timeline of one casus stay as quick.

Two databases side by side. Both are filled from a few real, encoded and chained streams, copied inside the server under
new subjects and event ids, with all indexes in place, and analysed afterwards. A copy holds real bytes of a real size,
but they were sealed for another subject: for reading ciphertext that makes no difference, and nothing decodes it here.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from casuslog.envelope import Stream
from casuslog.store import EventStore
from tests.bench import material, peers_postgres
from tests.bench.appending import Ours, together
from tests.bench.frame import Bench, Result, Row, rate, ratios
from tests.bench.material import Material

MANY = 5_000_000
FEW = 100_000
PER_STREAM = 20
BASE_STREAMS = 50
SLICE = 250_000
"""Events that are filled in one statement."""
WRITERS = 8
EVENTS_PER_WRITER = 150
TIMELINES = 1_500

# md5 of the old key and a number is as scattered as an identifier is; the last dash-separated group stays a UUID.
_FILL = """
INSERT INTO events (gemeente, stroom, subject, version, era, xid, event_id, type, envelope, body, prev_hash, hash,
                    logged_at)
SELECT gemeente, stroom, md5(subject || n)::uuid::text, version, era, pg_current_xact_id()::text::bigint,
       md5(event_id || n)::uuid::text, type, envelope, body, prev_hash, hash, logged_at
  FROM base CROSS JOIN generate_series(%s, %s) AS n
"""


@dataclass
class Filled:
    """A store with many events in it, and some of its streams."""

    ours: Ours
    streams: Sequence[Stream]

    def appended(self, each: int) -> float:
        """A round of appends to new streams, one event and its command at a time."""
        jobs = []
        for _ in range(WRITERS):
            streams = material.streams(max(1, each // PER_STREAM))
            self.ours.material.with_keys(streams)
            jobs.append(self.ours.singles(streams, range(each)))
        return WRITERS * each / together(jobs)

    def timeline(self, count: int) -> float:
        """The 99th percentile of reading the stream of a casus, each time another, in milliseconds."""
        took = []
        for stream in random.sample(self.streams, min(count, len(self.streams))):
            began = time.perf_counter()
            found = list(self.ours.store.read_stream(stream))
            took.append(time.perf_counter() - began)
            assert len(found) == PER_STREAM
        return sorted(took)[math.ceil(0.99 * len(took)) - 1] * 1000


def grown(bench: Bench) -> list[Result]:
    """Appends, and the timeline of one casus."""
    few, many = bench.some(FEW, 2_000), bench.some(MANY, 20_000)
    made = Material.make()
    began = time.perf_counter()
    small, large = _filled(bench, made, few), _filled(bench, made, many)
    bench.tell(f"    filled with {few:,} and {many:,} events in {time.perf_counter() - began:.0f} s")
    each = bench.some(EVENTS_PER_WRITER, PER_STREAM)
    rates = bench.alternate({"many": lambda: large.appended(each), "few": lambda: small.appended(each)})
    reads = bench.some(TIMELINES, 50)
    times = bench.alternate({"many": lambda: large.timeline(reads), "few": lambda: small.timeline(reads)})
    for filled in (small, large):
        filled.ours.store.close()
    sizes = f"{many:,} events against {few:,}"
    return [
        Result(
            name="grown, append",
            peer=sizes,
            rounds=ratios(rates, "many", "few"),
            must=0.9,
            aim=1.0,
            note=f"{WRITERS} writers; {rate(rates['many'])} against {rate(rates['few'])}",
        ),
        Result(
            name="grown, timeline of one casus, p99",
            peer=sizes,
            rounds=ratios(times, "many", "few"),
            must=1.5,
            aim=1.0,
            lower=True,
            note=f"{PER_STREAM} events; {_ms(times['many'])} against {_ms(times['few'])}",
        ),
    ]


def _filled(bench: Bench, made: Material, count: int) -> Filled:
    url = bench.postgres.create_database()
    store: EventStore = made.store(url)
    base = material.streams(BASE_STREAMS)
    made.with_keys(base)
    for stream in base:
        store.append(stream, 0, material.facts(PER_STREAM), material.context())
    connection = peers_postgres.connect(url)
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE base AS SELECT * FROM events")
    per_copy = BASE_STREAMS * PER_STREAM
    copies, step = count // per_copy, max(1, SLICE // per_copy)
    for first in range(1, copies + 1, step):
        cursor.execute(_FILL, (first, min(copies, first + step - 1)))
    cursor.execute("VACUUM ANALYZE events")
    cursor.execute("CHECKPOINT")
    cursor.execute(
        "SELECT gemeente, stroom, subject FROM events TABLESAMPLE SYSTEM (%s) WHERE version = %s",
        (min(100.0, 100.0 * 40 * TIMELINES * 2 / count), PER_STREAM),
    )
    streams = [Stream(*row) for row in cursor.fetchall()]
    connection.close()
    return Filled(Ours(made, store), streams)


def _ms(times: Sequence[float]) -> str:
    return f"{sorted(times)[len(times) // 2]:.2f} ms"


ROWS = [Row("grown", "5 million events against 100 thousand: appends, and the timeline of one casus", grown)]
