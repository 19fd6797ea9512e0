"""Rebuilding the read model of one gemeente beside the live one, and holding the two against each other.

The log is appended, the live read model written by the projection, and then each round rebuilds everything: read up to
what is final, projected into tables beside the live ones, compared row by row at the end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import date
from itertools import cycle, islice
from pathlib import Path

from sqlalchemy import insert

from casuslog.clock import SettableClock
from casuslog.envelope import Actor, Stream
from casuslog.events import Fact
from casuslog.hosting import logs
from casuslog.hosting.platform import Platform
from casuslog.hosting.rebuilding import Rebuild
from casuslog.hosting.settings import Settings
from casuslog.identifiers import new_id
from casuslog.readmodels import keep
from casuslog.recorded import START, Context, StoredEvent
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.store import EventStore
from casuslog.store.tables import inbox
from tests.bench.casework import PER_CASUS, STORY
from tests.bench.frame import Bench, Result, Row, rate

MUST, AIM = 10_000, 25_000
GEMEENTE = "0086"
DAY = date(2017, 3, 1)
INVOLVED = BetrokkenheidVastgelegd(organisatie="41414141", als="aanbieder", vanaf=DAY)


def rebuilding(bench: Bench) -> Sequence[Result]:
    """Events per second, from the first read to the end of the comparison."""
    events = bench.some(30_000)
    with tempfile.TemporaryDirectory() as folder:
        platform = _platform(bench, Path(folder))
        try:
            _play(platform, events // PER_CASUS)
            return _measured(bench, platform)
        finally:
            platform.close()


def _measured(bench: Bench, platform: Platform) -> Sequence[Result]:
    def side() -> float:
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


def _platform(bench: Bench, folder: Path) -> Platform:
    logs.configure(level="warning")
    settings = Settings.from_env(
        {
            "CASUSLOG_DATA": str(folder),
            "CASUSLOG_DATABASE_URL": bench.postgres.create_database(),
            "CASUSLOG_AMQP_URL": "amqp://unused",
        }
    )
    return Platform(settings, clock=SettableClock(date(2017, 3, 10)))


def _play(platform: Platform, casussen: int) -> None:
    """Log ten events of each casus, of which one says who is involved, and let the live read model know them."""
    store = platform.store_for("melding")
    for _ in range(casussen):
        facts = [Fact(INVOLVED, DAY), *(Fact(data, DAY) for data in islice(cycle(STORY), PER_CASUS - 1))]
        command = new_id()
        context = Context(actor=Actor("inwoner", None, "i-1"), correlationid=command, causationid=command)
        stream = Stream(GEMEENTE, "melding", new_id())
        with store.transaction() as tx:
            tx.append(stream, 0, facts, context)
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
