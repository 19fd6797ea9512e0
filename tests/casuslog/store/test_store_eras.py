"""Eras: a database that was put back, or whose server was replaced, starts only after someone said so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text, update

from casuslog.errors import StoreError
from casuslog.store import EVERY_GEMEENTE, EventStore, _era
from casuslog.store.tables import eras
from casuslog.testing._proef import context, counted, opened_with, stream
from casuslog.testing._store_base import append, log_of
from casuslog.testing.instances import PrivatePostgres

GIVEN = opened_with()


@pytest.fixture
def fresh_cluster() -> Iterator[PrivatePostgres]:
    """Another PostgreSQL, whose transaction ids begin low."""
    with PrivatePostgres() as server:
        yield server


def _burn_transaction_ids(store: EventStore, count: int) -> None:
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for _ in range(count):
            conn.execute(text("SELECT pg_current_xact_id()"))


def _copy(source: PrivatePostgres, url: str, target: PrivatePostgres, folder: Path) -> str:
    copied = target.create_database()
    dump = str(folder / "dump")
    source.tool("pg_dump", "-Fc", "-f", dump, url.rpartition("/")[2])
    target.tool("pg_restore", "--exit-on-error", "-d", copied.rpartition("/")[2], dump)
    return copied


@pytest.mark.postgres
@pytest.mark.slow
def test_a_dump_in_a_fresh_cluster_goes_on_in_a_new_era(
    postgres: PrivatePostgres, postgres_url: str, fresh_cluster: PrivatePostgres, tmp_path: Path
) -> None:
    """Start is refused after a restore; in a new era all is seen, old cursors hold, and new events come last."""
    where = stream()
    with_source = EventStore.open(postgres_url, "proef", **GIVEN)
    _burn_transaction_ids(with_source, 3000)
    before = append(with_source, where, 0, 1, 2) + append(with_source, stream("0074"), 0, 3)
    with_source.close()
    url = _copy(postgres, postgres_url, fresh_cluster, tmp_path)

    with pytest.raises(StoreError, match="andere server"):
        EventStore.open(url, "proef", **GIVEN)
    assert EventStore.open_era(url, "proef", reason="teruggezet uit de dump", clock=GIVEN["clock"]) == 2

    restored = EventStore.open(url, "proef", **GIVEN)
    after = append(restored, where, 2, 4)
    assert after[0].cursor is not None
    assert before[0].cursor is not None
    assert after[0].cursor.xid < before[0].cursor.xid, "the fresh cluster must count from lower for this to prove much"
    assert log_of(restored, limit=2) == before + after
    assert restored.read_log(EVERY_GEMEENTE, after=before[1].cursor) == before[2:] + after
    assert restored.head(EVERY_GEMEENTE) == after[-1].cursor
    assert list(restored.verify(EVERY_GEMEENTE)) == []
    restored.close()


@pytest.mark.postgres
@pytest.mark.parametrize("column", ["system_identifier", "timeline"])
def test_another_server_or_timeline_is_refused(postgres_url: str, column: str) -> None:
    """A copy on another server, or a promoted replica, does not start; the message names the remedy."""
    EventStore.open(postgres_url, "proef", **GIVEN).close()
    _rewrite_era(postgres_url, **{column: "0"})
    with pytest.raises(StoreError, match="casuslog era open proef"):
        EventStore.open(postgres_url, "proef", **GIVEN)


@pytest.mark.postgres
def test_events_ahead_of_the_server_are_refused(postgres_url: str) -> None:
    """Events with a transaction id that this server has yet to hand out would stay hidden: start is refused."""
    store = EventStore.open(postgres_url, "proef", **GIVEN)
    append(store, stream(), 0, 1)
    with store.engine.begin() as conn:
        conn.exec_driver_sql("DROP TRIGGER events_refuse_change ON events")
        conn.execute(text("UPDATE events SET xid = xid + 1000000"))
    assert log_of(store) == []
    store.close()
    with pytest.raises(StoreError, match="nieuwer dan deze server"):
        EventStore.open(postgres_url, "proef", **GIVEN)


@pytest.mark.postgres
def test_an_append_during_the_start_of_another_process_is_not_taken_for_a_restore(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay starts while its service appends: what was committed since it asked the server is no newer server."""
    store, where = EventStore.open(postgres_url, "proef", **GIVEN), stream()
    append(store, where, 0, 1)
    server_of = _era.Server.of

    def appended_right_after(conn: Connection) -> _era.Server:
        told = server_of(conn)
        append(store, where, 1, 2)
        return told

    monkeypatch.setattr(_era.Server, "of", appended_right_after)
    EventStore.open(postgres_url, "proef", **GIVEN).close()
    assert len(log_of(store)) == 2
    store.close()


@pytest.mark.postgres
def test_no_era_is_opened_under_a_running_service(postgres_url: str) -> None:
    """A writer of the old era could commit behind the readers, so the service must be stopped first."""
    store = EventStore.open(postgres_url, "proef", **GIVEN)
    with store.transaction() as tx:
        tx.append(stream(), 0, counted(1), context())
        with pytest.raises(StoreError, match="Stop haar eerst"):
            EventStore.open_era(postgres_url, "proef", reason="zomaar", clock=GIVEN["clock"])
    store.close()


def test_the_database_of_another_service_is_refused(tmp_path: Path) -> None:
    """Two services never share a file."""
    url = f"sqlite:///{tmp_path}/een.db"
    EventStore.open(url, "proef", **GIVEN).close()
    with pytest.raises(StoreError, match="van de dienst proef"):
        EventStore.open(url, "melding", **GIVEN)
    with pytest.raises(StoreError, match="van de dienst proef"):
        EventStore.open_era(url, "melding", reason="vergissing", clock=GIVEN["clock"])


def _rewrite_era(url: str, **values: str) -> None:
    engine = create_engine(url, connect_args={"options": "-c search_path=proef"})
    with engine.begin() as conn:
        conn.execute(update(eras).values(**values))
    engine.dispose()
