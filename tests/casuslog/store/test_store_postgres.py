"""What only PostgreSQL can do wrong: the horizon, silent rollbacks, races at the start, sessions left open."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from casuslog.errors import Conflict, StoreError, Unavailable
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction, _shared, _statements
from casuslog.store._reader import log_page
from casuslog.store._statements import Prepared
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_base import append, at_work, log_of, places
from casuslog.testing.instances import PrivatePostgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    """An empty store."""
    opened = EventStore.open(postgres_url, "proef", **opened_with())
    yield opened
    opened.close()


def test_a_committed_event_waits_for_an_earlier_transaction(store: EventStore, postgres_url: str) -> None:
    """B is committed and readable in its stream, yet the log holds it back until A, which wrote before, is over."""
    other = EventStore.open(postgres_url, "proef", **opened_with())
    late, early = stream(), stream()
    with store.transaction() as tx:
        tx.append(late, 0, counted(1), context())
        _in_a_thread(lambda: append(other, early, 0, 1))
        assert other.version(early) == 1
        assert other.read_log(EVERY_GEMEENTE) == []
    assert places(log_of(other)) == [(late, 1), (early, 1)]
    other.close()


def test_the_snapshot_decides_upon_an_early_transaction(store: EventStore) -> None:
    """A transaction that began before version 1 was committed does not see it and so cannot follow it."""
    where = stream()

    def follow(tx: Transaction) -> None:
        tx.remember_command("0080", "p-17", "k", b"hash", {})
        _in_a_thread(lambda: append(store, where, 0, 1))
        tx.append(where, 1, counted(2), context())

    with pytest.raises(Conflict) as refused:
        store.run_transaction(follow, attempts=1)
    assert (refused.value.expected, refused.value.actual) == (1, 0)


def test_the_key_refuses_what_the_snapshot_cannot_see(store: EventStore) -> None:
    """Two that both decided upon version 0: the second meets the key, and is told the version of now."""
    where = stream()

    def be_late(tx: Transaction) -> None:
        assert tx.load(COUNTED, where) == (0, 0)
        _in_a_thread(lambda: append(store, where, 0, 1, 2))
        tx.append(where, 0, counted(3), context())

    with pytest.raises(Conflict) as refused:
        store.run_transaction(be_late, attempts=1)
    assert (refused.value.expected, refused.value.actual) == (0, 2)


def test_the_horizon_names_who_holds_it(store: EventStore, postgres: PrivatePostgres) -> None:
    """An open transaction in another database hides all new events of this server; the horizon says which."""
    foreign = create_engine(postgres.url(), connect_args={"application_name": "vreemd"})
    assert store.horizon().holders == ()
    with foreign.begin() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid(), pg_current_xact_id()")).one()[0]
        append(store, stream(), 0, 1)
        assert log_of(store) == []
        held = store.horizon()
    [holder] = held.holders
    assert (holder.pid, holder.database, holder.application) == (pid, "postgres", "vreemd")
    assert holder.state == "idle in transaction"
    assert holder.since is not None
    assert abs(datetime.now(UTC) - holder.since) < timedelta(seconds=60)
    assert 0 < held.lag < 60
    assert not held.stalled
    assert store.horizon().lag == 0.0
    assert len(log_of(store)) == 1
    foreign.dispose()


def test_the_one_that_holds_the_horizon_comes_first(store: EventStore, postgres: PrivatePostgres) -> None:
    """Not who has been open for longest, but who wrote first: a transaction that only read holds nobody up."""
    foreign = create_engine(postgres.url(), connect_args={"application_name": "vreemd"})
    with foreign.connect() as early, foreign.connect() as writes_first, early.begin(), writes_first.begin():
        early.execute(text("SELECT 1"))
        pids = [
            conn.execute(text("SELECT pg_backend_pid(), pg_current_xact_id()")).one()[0]
            for conn in (writes_first, early)
        ]
        assert [holder.pid for holder in store.horizon().holders] == pids
    foreign.dispose()


def test_a_prepared_transaction_holds_the_horizon_by_name() -> None:
    """A prepared transaction belongs to no session: its name, database and moment tell whose it is."""
    with PrivatePostgres(settings={"max_prepared_transactions": "2"}) as server:
        url = server.create_database("proef")
        store = EventStore.open(url, "proef", **opened_with())
        with store.engine.connect() as conn:
            conn.exec_driver_sql("BEGIN")
            conn.exec_driver_sql("CREATE TABLE twee (n int)")
            conn.exec_driver_sql("PREPARE TRANSACTION 'twee-fasen'")
        append(store, stream(), 0, 1)
        assert log_of(store) == []
        [holder] = store.horizon().holders
        assert (holder.pid, holder.database, holder.application) == (None, "proef", "twee-fasen")
        assert holder.since is not None
        server.execute("ROLLBACK PREPARED 'twee-fasen'", "proef")
        assert len(log_of(store)) == 1
        store.close()


def test_the_horizon_lags_also_where_the_server_does_not_tell_since_when(
    store: EventStore, postgres: PrivatePostgres, postgres_url: str
) -> None:
    """A role without pg_monitor sees no start of others' transactions; the lag is then what the store saw itself."""
    database = postgres_url.rpartition("/")[2]
    postgres.execute("DROP ROLE IF EXISTS arm")
    postgres.execute("CREATE ROLE arm LOGIN PASSWORD 'arm'")
    postgres.execute("GRANT USAGE ON SCHEMA proef TO arm", database)
    poor = create_engine(store.engine.url.set(username="arm", password="arm"), isolation_level="AUTOCOMMIT")
    with store.transaction() as tx, poor.connect() as conn:
        tx.append(stream(), 0, counted(1), context())
        first, later = store._watch.look(conn), store._watch.look(conn)
    assert [h.seconds for h in later.holders] == [None]
    assert 0 <= first.lag < later.lag
    poor.dispose()
    postgres.execute("DROP OWNED BY arm", database)
    postgres.execute("DROP ROLE arm")


def test_emptying_the_table_is_refused(store: EventStore) -> None:
    """TRUNCATE fires no row trigger; it is refused all the same."""
    append(store, stream(), 0, 1)
    with pytest.raises(DBAPIError, match="events are only added"), store.engine.begin() as conn:
        conn.execute(text("TRUNCATE events"))


def test_a_swallowed_failure_is_no_success(store: EventStore) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction with a silent rollback; the store says that it failed."""
    where = stream()

    def swallow() -> None:
        with store.transaction() as tx:
            tx.append(where, 0, counted(1), context())
            with pytest.raises(DBAPIError):
                tx.conn.execute(text("SELECT 1 / 0"))

    with pytest.raises(StoreError, match="niets is bewaard"):
        swallow()
    assert store.version(where) == 0


def test_a_savepoint_saves_the_transaction_around_it(store: EventStore) -> None:
    """What failed within a savepoint is undone alone: how a handler parks an event in its own transaction."""
    where = stream()
    with store.transaction() as tx:
        tx.append(where, 0, counted(1), context())
        with pytest.raises(DBAPIError), tx.conn.begin_nested():
            tx.conn.execute(text("SELECT 1 / 0"))
    assert store.version(where) == 1


def test_a_serialization_failure_is_done_anew(store: EventStore) -> None:
    """Two that change the same row: the one that waited begins again in a new transaction."""
    with store.engine.begin() as conn:
        conn.execute(text("CREATE TABLE teller (n int)"))
        conn.execute(text("INSERT INTO teller VALUES (0)"))
    both_read = threading.Barrier(2)

    def count(tx: Transaction) -> None:
        n = tx.conn.execute(text("SELECT n FROM teller")).scalar_one()
        if n == 0:
            both_read.wait(5)
        tx.conn.execute(text("UPDATE teller SET n = :n"), {"n": n + 1})

    with at_work(*[lambda: store.run_transaction(count)] * 2):
        pass
    with store.engine.connect() as conn:
        assert conn.execute(text("SELECT n FROM teller")).scalar_one() == 2


def test_many_may_open_a_new_store_at_once(postgres_url: str) -> None:
    """Processes that start together on an empty database make its tables once, and one first era."""
    opened = []

    def start() -> None:
        opened.append(EventStore.open(postgres_url, "proef", **opened_with()))

    with at_work(*[start] * 4):
        pass
    append(opened[0], stream(), 0, 1)
    assert len(log_of(opened[3])) == 1
    for store in opened:
        store.close()


def test_each_service_has_a_schema_of_its_own(postgres_url: str) -> None:
    """Services share a database without seeing each other's events, their own tables included."""
    own = MetaData()
    stores = [EventStore.open(postgres_url, name, **opened_with(), tables=own) for name in ("melding", "pgb")]
    append(stores[0], stream(), 0, 1)
    assert (len(log_of(stores[0])), len(log_of(stores[1]))) == (1, 0)
    assert {"melding", "pgb"} <= set(inspect(stores[0].engine).get_schema_names())
    for store in stores:
        store.close()


def test_no_session_holds_the_server_for_ever(store: EventStore) -> None:
    """Every session has limits: an idle transaction, a statement and a wait for a lock all end."""
    with store.engine.connect() as conn:
        for limit in ("idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout"):
            assert conn.execute(text(f"SHOW {limit}")).scalar_one() not in {"0", ""}
        assert conn.execute(text("SHOW search_path")).scalar_one() == '"proef"'
    with store.transaction() as tx:
        assert tx.conn.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"


@pytest.mark.parametrize(
    ("gemeenten", "index"),
    [(EVERY_GEMEENTE, "events_log"), (["0080"], "events_log_gemeente"), (["0080", "0059"], "events_log_gemeente")],
)
def test_the_log_is_read_by_its_index(store: EventStore, gemeenten, index: str) -> None:
    """A page costs what it holds, wherever in the log it lies."""
    for n in range(60):
        append(store, stream("0080" if n % 20 == 0 else "0074"), 0, *range(50))
    middle = log_of(store)[1000].cursor
    with store.engine.connect() as conn:
        conn.execute(text("ANALYZE events"))
        asked = _asked(conn, lambda: log_page(conn, gemeenten, middle, 10))
        plan = "\n".join(row[0] for row in conn.exec_driver_sql(f"EXPLAIN {asked[0]}", asked[1]))
    assert f"Index Scan using {index} on events" in plan
    assert "Seq Scan" not in plan
    assert plan.count("Sort Key") <= (index == "events_log_gemeente" and len(gemeenten) > 1), (
        "only short parts are sorted"
    )


@pytest.mark.parametrize(
    ("statement", "places"),
    [
        (_statements.APPEND_ONE_ALONE, 11),
        (_statements.APPEND_ALONE, 11),
        (_statements.APPEND_ONE_COMMAND, 16),
        (_statements.APPEND_COMMAND, 16),
        (_shared.SHARED, 20),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_what_an_append_follows_is_found_by_its_key(store: EventStore, statement: Prepared, places: int) -> None:
    """The plan of an append, made once on an empty table, reads one row of a large one: the last of its stream."""
    with store.engine.connect() as conn:
        conn.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        conn.exec_driver_sql("SET enable_seqscan = off")
        conn.exec_driver_sql(statement.prepare.replace("%", "%%"))
        nothing = ", ".join(["NULL"] * places)
        plan = "\n".join(row[0] for row in conn.exec_driver_sql(f"EXPLAIN EXECUTE {statement.name} ({nothing})"))
    assert "Index Scan Backward using events_pkey on events" in plan
    assert "events_log" not in plan


def _asked(conn: Connection, act: Callable[[], object]) -> tuple[str, Any]:
    """The statement that ``act`` sends, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_conn, _cursor, statement: str, parameters: Any, _context, _many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    act()
    event.remove(conn, "before_cursor_execute", note)
    return sent[-1]


def _in_a_thread(act: Callable[[], object]) -> None:
    with at_work(act):
        pass


@pytest.mark.slow
def test_a_database_that_is_away_is_unavailable_until_it_is_back(store: EventStore, postgres: PrivatePostgres) -> None:
    """While the server is gone every call says so; when it is back the store goes on by itself."""
    where = stream()
    made = append(store, where, 0, 1)

    def lose(tx: Transaction) -> None:
        tx.append(where, 1, counted(2), context())
        postgres.kill()

    with pytest.raises(Unavailable):
        store.run_transaction(lose)
    with pytest.raises(Unavailable):
        log_of(store)
    with pytest.raises(Unavailable):
        list(store.read_stream(where))
    postgres.start()
    made += append(store, where, 1, 2)
    assert log_of(store) == made


def test_an_idle_transaction_is_ended_by_the_server(store: EventStore) -> None:
    """A transaction that does nothing for too long is cut, and nothing of it is kept."""
    where = stream()

    def linger(tx: Transaction) -> None:
        tx.append(where, 0, counted(1), context())
        tx.conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        time.sleep(0.5)
        tx.append(where, 1, counted(2), context())

    with pytest.raises(Unavailable):
        store.run_transaction(linger)
    assert store.version(where) == 0


def test_reading_calls_a_database_that_is_away_by_its_name(store: EventStore, postgres_url: str) -> None:
    """A connection that was cut is no error of the program: who asked is told to try again, and the next read works."""

    def read_when_cut() -> None:
        with store.reading() as conn:
            _cut(postgres_url)
            conn.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="probeer het opnieuw"):
        read_when_cut()
    with store.reading() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1


def _cut(url: str) -> None:
    """End every other session of a database."""
    engine = create_engine(url)
    with engine.connect() as conn:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        conn.exec_driver_sql(others + "pg_backend_pid()")
    engine.dispose()
