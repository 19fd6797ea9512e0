"""What only SQLite can do wrong: one writer, a file, and a driver with ideas of its own about transactions."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from casuslog.errors import StoreError, Unavailable
from casuslog.events import Fact
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.store import tables as store_tables
from casuslog.testing._proef import COUNTED, DAY, ProefGeteld, context, counted, opened_with, stream
from casuslog.testing._store_base import append, at_work, log_of


@pytest.fixture
def store(tmp_path: Path):
    """An empty store."""
    opened = EventStore.open(f"sqlite:///{tmp_path}/", "proef", **opened_with())
    yield opened
    opened.close()


FACTS = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.text(max_size=40)), max_size=4)
APPENDS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["0080", "0074"]), FACTS), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(appends=APPENDS)
def test_whatever_is_appended_is_read(store: EventStore, appends: list) -> None:
    """For any appends to any streams: each stream reads back as its own facts, the log as all of them in order."""
    start = store.head(EVERY_GEMEENTE)
    subjects = [stream().id for _ in range(3)]
    expected: dict = {}
    for index, gemeente, numbers in appends:
        where = stream(gemeente, subjects[index])
        facts = [Fact(ProefGeteld(aantal=n, opmerking=_text(said)), DAY) for n, said in numbers]
        with store.transaction() as tx:
            tx.append(where, len(expected.get(where, [])), facts, context())
        expected.setdefault(where, []).extend(facts)
    for where, facts in expected.items():
        events = list(store.codec.decode_many(store.read_stream(where), purpose="proef"))
        assert [event.data for event in events] == [fact.data for fact in facts]
        with store.transaction() as tx:
            assert tx.load(COUNTED, where) == (sum(fact.data.aantal for fact in facts), len(facts))
    assert len(log_of(store, start)) == sum(map(len, expected.values()))
    assert list(store.verify(EVERY_GEMEENTE)) == []


def _text(said: str) -> str:
    return said.encode("utf-8", "ignore").decode()


def test_a_commit_survives_a_power_cut(store: EventStore) -> None:
    """Write-ahead log and full synchronisation, on every connection."""
    with store.engine.connect() as one, store.engine.connect() as two:
        for conn in (one, two):
            assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
            assert conn.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_two_stores_on_one_file_take_turns(store: EventStore, tmp_path: Path) -> None:
    """Writers of one process wait for each other before the file, not inside SQLite, which would stop everything."""
    other = EventStore.open(f"sqlite:///{tmp_path}/proef.db", "proef", **opened_with())
    with at_work(*[lambda s=s: append(s, stream(), 0, 1) for s in (store, other) * 4]):
        pass
    assert len(log_of(store)) == 8
    assert other._gate is store._gate
    other.close()


def test_reading_goes_on_while_another_writes(store: EventStore) -> None:
    """A reader sees what is committed, and waits for nobody."""
    where = stream()
    made = append(store, where, 0, 1)
    with store.transaction() as tx:
        tx.append(where, 1, counted(2), context())
        assert list(store.read_stream(where)) == made == log_of(store)
    assert store.version(where) == 2


def test_replacing_an_event_is_refused(store: EventStore) -> None:
    """INSERT OR REPLACE deletes before it inserts; that is refused as any removal."""
    append(store, stream(), 0, 1)
    with store.engine.connect() as conn:
        row = conn.execute(select(store_tables.events)).mappings().one()
        with pytest.raises(IntegrityError, match="events are only added"):
            conn.execute(insert(store_tables.events).prefix_with("OR REPLACE").values({**row, "type": "x"}))


def test_a_store_in_memory_is_refused() -> None:
    """It would lose everything; the message says what to do instead."""
    with pytest.raises(StoreError, match="noem een bestand"):
        EventStore.open("sqlite://", "proef", **opened_with())


@pytest.mark.parametrize(("url", "service"), [("mysql://x/y", "proef"), ("sqlite:///x.db", "Pröf; DROP")])
def test_other_databases_and_odd_names_are_refused(url: str, service: str) -> None:
    """A kind of database that was never tested, or a name that cannot be a schema, does not start."""
    with pytest.raises(StoreError):
        EventStore.open(url, service, **opened_with())


def test_the_service_gets_its_own_tables(tmp_path: Path) -> None:
    """Read models live beside the events and change in the same transaction."""
    own = MetaData()
    totals = Table("totalen", own, Column("n", Integer))
    store = EventStore.open(f"sqlite:///{tmp_path}/", "proef", **opened_with(), tables=own)
    with pytest.raises(ZeroDivisionError):
        store.run_transaction(lambda tx: (tx.conn.execute(insert(totals).values(n=1)), 1 / 0))
    store.run_transaction(lambda tx: tx.conn.execute(insert(totals).values(n=2)))
    with store.engine.connect() as conn:
        assert conn.execute(select(totals.c.n)).scalars().all() == [2]
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_the_migrations_make_the_tables_that_the_code_names(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Tables, columns, nullability and indexes of the migrations are those of ``casuslog.store.tables``."""
    url = f"sqlite:///{tmp_path}/" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    store = EventStore.open(url, "proef", **opened_with())
    found = inspect(store.engine)
    assert set(found.get_table_names()) == {*store_tables.metadata.tables, "store_version"}
    for table in store_tables.metadata.sorted_tables:
        made = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert made == {column.name: bool(column.nullable) for column in table.columns}
        named = {index.name for index in table.indexes}
        assert named <= {index["name"] for index in found.get_indexes(table.name)}
    store.close()


def test_moments_are_aware_and_compare(tmp_path: Path) -> None:
    """A moment is kept in UTC at a fixed width, so that earlier is less; a naive one is refused."""
    store = EventStore.open(f"sqlite:///{tmp_path}/", "proef", **opened_with())
    [made] = append(store, stream(), 0, 1)
    with store.engine.connect() as conn:
        assert conn.execute(select(store_tables.events.c.logged_at)).scalar_one() == made.envelope.time
    with pytest.raises(ValueError, match="time zone"):
        store_tables.Moment().process_bind_param(
            made.envelope.time.replace(tzinfo=None), create_engine("sqlite://").dialect
        )
    store.close()


def test_a_transaction_has_the_file_to_itself_from_its_beginning(store: EventStore, tmp_path: Path) -> None:
    """Another process cannot write between what a transaction reads and what it decides upon it."""
    other = sqlite3.connect(tmp_path / "proef.db", timeout=0, isolation_level=None)
    with store.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_file_that_another_process_keeps_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for another process ends, with an error that says to try again; afterwards all goes on."""
    monkeypatch.setattr("casuslog.store._engine.BUSY_SECONDS", 0)
    store = EventStore.open(f"sqlite:///{tmp_path}/", "proef", **opened_with())
    other = sqlite3.connect(tmp_path / "proef.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        append(store, stream(), 0, 1)
    other.execute("ROLLBACK")
    other.close()
    append(store, stream(), 0, 1)
    store.close()


def test_a_mistake_is_not_called_an_outage(store: EventStore) -> None:
    """A statement that can never succeed must not be tried again for ever: it passes as it is."""
    with pytest.raises(OperationalError, match="no such table"), store.transaction() as tx:
        tx.conn.execute(text("SELECT * FROM nergens"))
