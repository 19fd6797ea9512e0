"""Rebuilding the read model of one gemeente beside the live one, and holding the two against each other.

The log is appended, the live read model written by the projection, and then each round rebuilds everything: read up to
what is final, projected into tables beside the live ones, compared row by row at the end. Of a gemeente with a long
history, and of one with a short one, where opening the databases of all services weighs as much as the events.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import insert

from casuslog.beheer.rebuilding import Rebuild
from casuslog.clock import SettableClock
from casuslog.hosting import logs
from casuslog.hosting.platform import Platform
from casuslog.readmodels import keep
from casuslog.recorded import START, StoredEvent
from casuslog.settings import Settings
from casuslog.store import EventStore
from casuslog.store.tables import inbox
from tests.bench.casework import PER_CASUS, append_casework, not_waiting
from tests.bench.frame import Bench, Result, Row, rate

MUST, AIM = 10_000, 25_000
GEMEENTE, SMALL = "0086", "0080"


def rebuilding(bench: Bench) -> Sequence[Result]:
    """Events per second, from the first connection to the end of the comparison."""
    logs.configure(level="error")
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(bench, Path(folder))
        with _opened(replace(settings, keys_url=not_waiting(settings.database_url))) as platform:
            _play(platform, GEMEENTE, bench.some(32_000, 200) // PER_CASUS)
            _play(platform, SMALL, bench.some(8_000, 100) // PER_CASUS)
        return [
            _measured(bench, settings, GEMEENTE, "rebuild", must=MUST, aim=AIM),
            _measured(bench, settings, SMALL, "rebuild, a short history"),
        ]


def _measured(bench: Bench, settings: Settings, gemeente: str, name: str, **bounds: float) -> Result:
    def side() -> float:
        # As the command does it: a process that knows no key and has no connection yet.
        with _opened(settings) as platform:
            began = time.perf_counter()
            rebuild = Rebuild(platform, "historie", gemeente)
            opened = time.perf_counter() - began
            rebuilt = rebuild.run(rounds=1)
            taken = time.perf_counter() - began
        if not rebuilt.sound:
            raise AssertionError(f"the rebuilt read model differs: {rebuilt.comparison.differences[:3]}")
        last["rows"], last["opening"] = rebuilt.comparison.rows, opened
        last["events"], last["projecting"] = rebuilt.events, rebuilt.seconds
        return rebuilt.events / taken

    last: dict[str, float] = {}
    rates = bench.alternate({name: side})[name]
    note = (
        f"{rate(rates)}; {last['events']:,} events, {last['rows']:,} rows compared, no difference; of the last round "
        f"{last['opening']:.2f} s was opening the databases, {last['projecting']:.2f} s projecting"
    )
    return Result(name=name, peer="-", rounds=rates, unit="events/s", note=note, **bounds)


def _settings(bench: Bench, folder: Path) -> Settings:
    return Settings.from_env(
        {
            "CASUSLOG_DATA": str(folder),
            "CASUSLOG_DATABASE_URL": bench.postgres.create_database(),
            "CASUSLOG_AMQP_URL": "amqp://unused",
        }
    )


@contextmanager
def _opened(settings: Settings) -> Iterator[Platform]:
    platform = Platform(settings, clock=SettableClock(date(2017, 3, 10)))
    try:
        yield platform
    finally:
        platform.close()


def _play(platform: Platform, gemeente: str, casussen: int) -> None:
    """Log the casussen, and let the live read model know them."""
    store = platform.store_for("melding")
    append_casework(store, platform.keys, (gemeente,), casussen)
    _follow(platform, store, gemeente)


def _follow(platform: Platform, store: EventStore, gemeente: str) -> None:
    """The live read model and its inbox, as the consumer of historie leaves them."""
    after = START
    while page := store.read_log((gemeente,), after=after, limit=1000):
        after = page[-1].cursor or after
        with platform.store_for("historie").transaction() as tx:
            keep(tx.conn, list(platform.codec.decode_many(page, purpose="bench", typed=False)))
            tx.conn.execute(insert(inbox), [_reached(one) for one in page if one.envelope.sequence == PER_CASUS])


def _reached(stored: StoredEvent) -> dict[str, object]:
    e = stored.envelope
    place = {"consumer": "historie", "gemeente": e.gemeente, "source": e.service, "stroom": e.stroom}
    return {**place, "subject": e.subject, "sequence": e.sequence, "event_id": e.id}


ROWS = [Row("rebuild", "one gemeente's read model beside the live one, with a diff at the end", rebuilding)]
