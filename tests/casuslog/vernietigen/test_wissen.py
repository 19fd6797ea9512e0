"""What a service wipes of a destroyed casus, on both databases; and that a parked lane does not hold that up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from casuslog.consume import timers
from casuslog.consume.books import PARKED
from casuslog.consume.failures import Policy
from casuslog.consume.handlers import EVERY_SOURCE, Handler, Handlers
from casuslog.envelope import Actor, Stream
from casuslog.events import Fact, Privacy
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.readmodels.tables import bsn_pointers, involvements, known_events, melding_days, metadata
from casuslog.recorded import Context
from casuslog.store.tables import commands, inbox, parked
from casuslog.vernietigen import wissen
from casuslog.vernietigen.gebeurtenissen import BETROKKENE, CASUS, FASE, STROOM
from tests.casuslog.consume.world import DAY, GEMEENTE, Gedaan, World, log, whole_log

ANDER = "0080"
NU = datetime(2026, 3, 10, tzinfo=UTC)
TABLES: tuple[Any, ...] = (known_events, involvements, melding_days, parked, timers.timers, commands)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The world on each kind of database, with the read models and timers of a service."""
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    made = World(tmp_path, url)
    metadata.create_all(made.volger.engine)
    timers.prepare(made.volger)
    yield made
    for store in made.stores.values():
        store.close()


def _kept(world: World, gemeente: str, casus: str) -> None:
    """A row in every table that a service keeps of a casus."""
    stream = {"gemeente": gemeente, "subject": casus}
    event = {"bron": "bron", "stroom": "bron", "sequence": 1, "type": "x", "tijd": "t", "envelope": "{}", "body": b"x"}
    row = {"organisatie": "burger-1", "als": "client", "thema": "", "vanaf": DAY, "tot": None}
    lane = {"consumer": "volger", "lane": casus, "gemeente": gemeente, "source": "bron", "stroom": "bron"}
    stopped = {"event_id": new_id(), "envelope": "{}", "body": b"x", "reason": "mevrouw Wiarda", "state": PARKED}
    answered = {"service": "volger", "caller": "c", "key": new_id(), "body_hash": b"x", "created_at": NU}
    with world.volger.engine.begin() as conn:
        conn.execute(insert(known_events).values(**stream, **event))
        conn.execute(insert(involvements).values(**stream, **row))
        conn.execute(insert(melding_days).values(**stream, gemeld_op=DAY))
        n = conn.execute(select(func.count()).select_from(parked)).scalar_one() + 1
        conn.execute(insert(parked).values(**lane, **stopped, n=n, sequence=7, attempts=1, parked_at=NU))
        timers.schedule(conn, "onderzoekstermijn", Stream(gemeente, "onderzoek", casus), date(2026, 4, 1))
        conn.execute(insert(commands).values(gemeente=gemeente, answer={"casus": casus}, **answered))


def _rows(world: World) -> list[int]:
    with world.volger.engine.connect() as conn:
        return [conn.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES]


def test_a_destroyed_casus_leaves_no_row_and_no_other_casus_is_touched(world: World) -> None:
    """Of that casus of that gemeente everything; of the same casus of another gemeente, and another casus, nothing."""
    casus = new_id()
    for gemeente, subject in ((GEMEENTE, casus), (ANDER, casus), (GEMEENTE, new_id())):
        _kept(world, gemeente, subject)
    with world.volger.engine.begin() as conn:
        gone = wissen.wis_leesmodel(conn, GEMEENTE, casus, omvang=CASUS, dossier="bron")
        gone += wissen.wis_overig(conn, "volger", GEMEENTE, casus, omvang=CASUS, dossier="bron")
    assert gone == len(TABLES)
    assert _rows(world) == [2] * len(TABLES)


def test_of_a_phase_only_its_own_events_go(world: World) -> None:
    """What came from that service is wiped, parked too; who is involved, and the terms, are still needed."""
    casus = new_id()
    _kept(world, GEMEENTE, casus)
    with world.volger.engine.begin() as conn:
        assert wissen.wis_leesmodel(conn, GEMEENTE, casus, omvang=FASE, dossier="meer") == 0
        assert wissen.wis_leesmodel(conn, GEMEENTE, casus, omvang=FASE, dossier="bron") == 1
        assert wissen.wis_overig(conn, "volger", GEMEENTE, casus, omvang=FASE, dossier="bron") == 1
    assert _rows(world) == [0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(("betrokkene", "left"), [("client", 0), ("derde", 1)])
def test_who_is_found_by_bsn_is_the_client(world: World, betrokkene: str, left: int) -> None:
    """Forgetting the daughter leaves the lookup of her mother; forgetting the mother ends it, and nothing else."""
    casus = new_id()
    _kept(world, GEMEENTE, casus)
    pointer = {"gemeente": GEMEENTE, "bron": "bron", "subject": casus, "sequence": 1, "wijzer": b"w"}
    with world.volger.engine.begin() as conn:
        conn.execute(insert(bsn_pointers).values(**pointer))
        wissen.wis_leesmodel(conn, GEMEENTE, casus, omvang=BETROKKENE, dossier="bron", betrokkene=betrokkene)
        wissen.wis_overig(conn, "volger", GEMEENTE, casus, omvang=BETROKKENE, dossier="bron")
        assert conn.execute(select(func.count()).select_from(bsn_pointers)).scalar_one() == left
    assert _rows(world) == [1] * len(TABLES)


def test_what_was_parked_counts_as_handled(world: World) -> None:
    """Nobody fetches the events of a wiped lane again: their streams stand where the last of them stood."""
    casus = new_id()
    _kept(world, GEMEENTE, casus)
    with world.volger.engine.begin() as conn:
        wissen.wis_overig(conn, "volger", GEMEENTE, casus, omvang=CASUS, dossier="bron")
        reached = select(inbox.c.sequence).where(inbox.c.subject == casus, inbox.c.source == "bron")
        assert conn.execute(reached).scalar() == 7


def test_the_tombstone_passes_a_parked_lane(world: World) -> None:
    """A poison event holds its lane; that the casus was destroyed is heard all the same, and once."""
    casus, heard = new_id(), []
    gone = Handler(EVERY_SOURCE, "iets-gedaan", lambda event, _: heard.append(event), projection=True)
    poison = Handler("bron", "*", world.handle)
    log(world.stores["bron"], casus, 2)
    world.errors = {f"bron/{GEMEENTE}/bron/{casus}/1": ValueError("kapot")}
    consumer = world.consumer(handlers=Handlers([poison]), policy=Policy(faults=1))
    for stored in whole_log(world.stores["bron"]):
        consumer.take(stored)
    consumer.settle()
    assert consumer.parking.list()
    cause = new_id()
    context = Context(actor=Actor("archivaris", None, "a-1"), correlationid=cause, causationid=cause)
    stream = Stream(GEMEENTE, STROOM, casus)
    world.stores["bron"].run_transaction(lambda tx: tx.append(stream, 0, [Fact(Gedaan(nr=9), DAY)], context))
    world.errors = {}
    second = world.consumer(handlers=Handlers([poison, gone]), policy=Policy(faults=1))
    for stored in whole_log(world.stores["bron"]):
        second.take(stored)
    second.settle()
    assert [event.envelope.stroom for event in heard] == [STROOM]


@pytest.mark.postgres
def test_a_destroyed_key_leaves_no_copy_in_the_files_of_postgresql(postgres_url: str) -> None:
    """After destroying, the table is written anew: the old row is in no page of it any more."""
    keys = KeyStore.open(postgres_url, RootKey.generate())
    key_id, _ = keys.key_for("0086", "melding", "casus-1", "client", Privacy.FEIT)
    assert [one.id for one in keys.keys_of("0086", "casus-1")] == [key_id]
    with keys._engine.connect() as conn:
        before = conn.exec_driver_sql("SELECT pg_relation_filenode('sleutels')").scalar()
    assert keys.destroy_keys("0086", [key_id]) == 1
    keys.compact()
    (told,) = keys.keys_of("0086", "casus-1")
    with keys._engine.connect() as conn:
        after = conn.exec_driver_sql("SELECT pg_relation_filenode('sleutels')").scalar()
    assert told.destroyed is not None
    assert after != before
    assert keys.get(key_id, "0086", "test") is None
    keys.close()
