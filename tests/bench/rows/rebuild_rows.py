"""Rebuilding the read model of one gemeente beside the live one, and holding the two against each other.

The log is appended, the live read model written by the projection, and then each round rebuilds everything: read up to
what is final, projected into tables beside the live ones, compared row by row at the end.
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

from casuslog.clock import SettableClock
from casuslog.hosting import logs
from casuslog.hosting.platform import Platform
from casuslog.hosting.rebuilding import Rebuild
from casuslog.hosting.settings import Settings
from casuslog.readmodels import keep
from casuslog.recorded import START, StoredEvent
from casuslog.store import EventStore
from casuslog.store.tables import inbox
from tests.bench.casework import PER_CASUS, append_casework, not_waiting
from tests.bench.frame import Bench, Result, Row, rate

MUST, AIM = 10_000, 25_000
GEMEENTE = "0086"


def rebuilding(bench: Bench) -> Sequence[Result]:
    """Events per second, from the first read to the end of the comparison."""
    logs.configure(level="error")
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(bench, Path(folder))
        with _opened(replace(settings, keys_url=not_waiting(settings.database_url))) as platform:
            _play(platform, bench.some(8_000, 200) // PER_CASUS)
        return _measured(bench, settings)


def _measured(bench: Bench, settings: Settings) -> Sequence[Result]:
    def side() -> float:
        # As the command does it: a process that knows no key and has no connection yet.
        with _opened(settings) as platform:
            began = time.perf_counter()
            rebuilt = Rebuild(platform, "historie", GEMEENTE).run(rounds=1)
            taken = time.perf_counter() - began
        if not rebuilt.sound:
            raise AssertionError(f"the rebuilt read model differs: {rebuilt.comparison.differences[:3]}")
        counts["events"], counts["rows"] = rebuilt.events, rebuilt.comparison.rows
        counts["projecting"] = round(rebuilt.events / rebuilt.seconds)
        return rebuilt.events / taken

    counts: dict[str, int] = {}
    rates = bench.alternate({"rebuild": side})["rebuild"]
    note = (
        f"{rate(rates)}; {counts['events']} events, {counts['rows']} rows compared, no difference; "
        f"without the comparison {counts['projecting']:,}/s"
    )
    return [Result(name="rebuild", peer="-", rounds=rates, must=MUST, aim=AIM, unit="events/s", note=note)]


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


def _play(platform: Platform, casussen: int) -> None:
    """Log the casussen, and let the live read model know them."""
    store = platform.store_for("melding")
    append_casework(store, platform.keys, (GEMEENTE,), casussen)
    _follow(platform, store)


def _follow(platform: Platform, store: EventStore) -> None:
    """The live read model and its inbox, as the consumer of historie leaves them."""
    after = START
    while page := store.read_log((GEMEENTE,), after=after, limit=1000):
        after = page[-1].cursor or after
        with platform.store_for("historie").transaction() as tx:
            keep(tx.conn, list(platform.codec.decode_many(page, purpose="bench", typed=False)))
            tx.conn.execute(insert(inbox), [_reached(one) for one in page if one.envelope.sequence == PER_CASUS])


def _reached(stored: StoredEvent) -> dict[str, object]:
    e = stored.envelope
    place = {"consumer": "historie", "gemeente": e.gemeente, "source": e.service, "stroom": e.stroom}
    return {**place, "subject": e.subject, "sequence": e.sequence, "event_id": e.id}


ROWS = [Row("rebuild", "one gemeente's read model beside the live one, with a diff at the end", rebuilding)]
