"""How long processing records are kept: the term of the gemeente that answers for them, to the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from casuslog import logboektermijnen
from casuslog import verwerkingen as logboek
from casuslog.caller import Caller
from casuslog.clock import AMSTERDAM, SettableClock
from casuslog.codes import oin_of
from casuslog.hosting import bijhouden
from casuslog.hosting.bijhouden import Bijhouder
from casuslog.store import EventStore
from casuslog.testing.platform import Platform
from casuslog.verwerkingen.tabel import verwerkingen

VANDAAG = date(2026, 11, 22)
OPSTERLAND, LEEUWARDEN = "0086", "0080"
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,), "uitvoering_wmo")
FG = Caller("functionaris_gegevensbescherming", OPSTERLAND, "fg-1", (OPSTERLAND,), "toezicht_avg")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    """The store of a service with the table, on either database."""
    url = f"sqlite:///{tmp_path}/" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = EventStore.open(url, "historie", codec=None, clock=SettableClock(VANDAAG), oin_of=oin_of)  # type: ignore[arg-type]
    logboek.metadata.create_all(made.engine)
    yield made
    made.close()


def read_at(store: EventStore, *moments: datetime, gemeente: str = OPSTERLAND) -> None:
    """Records of reads that began at these moments."""
    plain = {c.name: "x" for c in verwerkingen.columns if c.name != "nr"}
    rows = [{**plain, "gemeente": gemeente, "begin": one, "einde": one, "aantal": 1} for one in moments]
    store.run_transaction(lambda tx: tx.conn.execute(insert(verwerkingen), rows))


def left(store: EventStore) -> list[tuple[str, datetime]]:
    query = select(verwerkingen.c.gemeente, verwerkingen.c.begin).order_by(verwerkingen.c.nr)
    with store.reading() as conn:
        return [(row.gemeente, row.begin.astimezone(AMSTERDAM)) for row in conn.execute(query)]


def wipe(store: EventStore, **how: Any) -> int:
    return store.run_transaction(lambda tx: logboek.wis_verlopen(tx.conn, VANDAAG, **how))


def test_what_is_past_its_term_goes_to_the_day(store: EventStore) -> None:
    """The last moment before the first day that is kept goes, the first moment of that day stays."""
    vanaf = logboektermijnen.termijn("verwerkingen", OPSTERLAND).bewaard_vanaf(VANDAAG)
    first = datetime.combine(vanaf, datetime.min.time(), AMSTERDAM)
    now = datetime(2026, 11, 22, 9, tzinfo=AMSTERDAM)
    read_at(store, first - timedelta(seconds=1), first, now)
    assert wipe(store) == 1
    assert left(store) == [(OPSTERLAND, first), (OPSTERLAND, now)]
    assert wipe(store) == 0


def test_each_gemeente_by_the_term_that_it_chose(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a term of its own goes by that one, longer or shorter; others by that of all."""
    terms = [
        {"logboek": "verwerkingen", "jaren": 5, "bron": "b"},
        {"logboek": "verwerkingen", "dagen": 30, "gemeente": OPSTERLAND, "bron": "b"},
        {"logboek": "verwerkingen", "jaren": 20, "gemeente": "0072", "bron": "b"},
    ]
    known = logboektermijnen.ontleed({"termijnen": terms})
    monkeypatch.setattr(logboektermijnen, "logboektermijnen", lambda: known)
    begin = datetime(2020, 1, 1, 12, tzinfo=AMSTERDAM)
    later = datetime(2026, 10, 1, 12, tzinfo=AMSTERDAM)
    for gemeente in (OPSTERLAND, LEEUWARDEN, "0072"):
        read_at(store, begin, later, gemeente=gemeente)
    assert wipe(store) == 3
    assert left(store) == [(LEEUWARDEN, later), ("0072", begin), ("0072", later)]


def test_a_piece_at_a_time_the_oldest_first(store: EventStore) -> None:
    """No more than asked for in one transaction, over all gemeenten together; in the end all."""
    old = datetime(2001, 1, 1, tzinfo=AMSTERDAM)
    read_at(store, *(old + timedelta(days=day) for day in (2, 0, 1)))
    read_at(store, old, old, gemeente="1900")
    assert wipe(store, most=2) == 2
    assert (OPSTERLAND, old + timedelta(days=2)) in left(store)
    assert [wipe(store, most=2), wipe(store, most=2), left(store)] == [2, 1, []]


def test_a_service_wipes_by_the_clock_of_the_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read of long ago is told until its term is over; then nobody finds it, also in more pieces than one."""
    monkeypatch.setattr(bijhouden, "PIECE", 1)
    with Platform(date(2017, 2, 13), data=tmp_path) as platform:
        casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon").casus
        platform.settle()
        for _ in range(3):
            platform.timeline(casus, TEAM)
        store = platform.store("historie")
        bijhouder = Bijhouder(platform.host.platform, store)
        term = logboektermijnen.termijn("verwerkingen", OPSTERLAND)
        last = next(
            day
            for day in (date(2017 + term.jaren, 2, 13) + timedelta(days=term.dagen + n) for n in range(-1, 3))
            if term.bewaard_vanaf(day) > date(2017, 2, 13)
        )
        platform.clock.set(last - timedelta(days=1))
        assert (bijhouder.wis_verlopen(), len(left(store))) == (0, 3)
        path = f"/verwerkingen/{OPSTERLAND}/{casus}"
        assert len(platform.api.get("historie", path, FG)["verwerkingen"]) == 3
        platform.clock.set(last)
        assert bijhouder.wis_verlopen() == 3
        names = [one["name"] for one in platform.api.get("historie", path, FG)["verwerkingen"]]
        assert names == ["verwerkingen"]
