"""Events that are gathered: written in one statement, and to whoever looks no different from those written at once."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from casuslog.envelope import Stream
from casuslog.errors import Conflict, StoreError
from casuslog.store import EVERY_GEMEENTE, EventStore, Transaction
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_base import append, at_work, log_of, places

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    """An empty store."""
    opened = EventStore.open(postgres_url, "proef", **opened_with())
    yield opened
    opened.close()


def _written(tx: Transaction) -> int:
    """How many events stand in the table, past what is gathered."""
    return int(tx.aside.execute(text("SELECT count(*) FROM events")).scalar_one())


def test_they_are_kept_in_the_order_of_appending(store: EventStore) -> None:
    """Streams by turns: the log has the order in which they were appended, and each chain holds."""
    one, other = stream(), stream()
    with store.transaction() as tx:
        tx.gather()
        tx.append(one, 0, counted(1), context())
        tx.append(other, 0, counted(1, 2), context())
        tx.append(one, 1, counted(2), context())
        assert _written(tx) == 0
    assert places(log_of(store)) == [(one, 1), (other, 1), (other, 2), (one, 2)]
    assert not list(store.verify(EVERY_GEMEENTE))
    assert store.appended == 4


def test_who_loads_a_stream_finds_what_was_gathered_of_it(store: EventStore) -> None:
    """A stream is read with its gathered events; those of others need not be written for it."""
    one, other = stream(), stream()
    with store.transaction() as tx:
        tx.gather()
        tx.append(one, 0, counted(3, 4), context())
        assert tx.load(COUNTED, other)[1] == 0
        assert _written(tx) == 0
        assert tx.load(COUNTED, one)[1] == 2
        assert _written(tx) == 2


def test_who_asks_for_the_connection_finds_them_all(store: EventStore) -> None:
    """Whatever is done through the connection of the transaction comes after what was appended."""
    with store.transaction() as tx:
        tx.gather()
        tx.append(stream(), 0, counted(1), context())
        assert tx.conn.execute(text("SELECT count(*) FROM events")).scalar_one() == 1


def test_an_event_may_follow_one_that_is_gathered(store: EventStore) -> None:
    """The next event of a stream carries the hash of the gathered one, and another version is a conflict."""
    where = stream()
    with store.transaction() as tx:
        tx.gather()
        [first] = tx.append(where, 0, counted(1), context())
        [second] = tx.append(where, 1, counted(2), context())
        assert second.prev_hash == first.hash
        with pytest.raises(Conflict):
            tx.append(where, 1, counted(3), context())


def test_a_savepoint_undoes_what_came_within_it_only(store: EventStore) -> None:
    """What was gathered before a savepoint stays when that is undone; what was appended within it goes."""
    before, within = stream(), stream()
    with store.transaction() as tx:
        tx.gather()
        tx.append(before, 0, counted(1), context())
        savepoint = tx.conn.begin_nested()
        tx.append(within, 0, counted(1), context())
        savepoint.rollback()
        tx.append(within, 0, counted(2), context())
    assert places(log_of(store)) == [(before, 1), (within, 1)]


def test_a_savepoint_past_the_connection_is_refused(store: EventStore) -> None:
    """A savepoint that would take gathered events along is an error, and nothing is kept."""

    def past(tx: Transaction) -> None:
        tx.gather()
        tx.append(stream(), 0, counted(1), context())
        with tx.aside.begin_nested():
            tx.flush()

    with pytest.raises(StoreError):
        store.run_transaction(past)
    assert not log_of(store)


def test_who_was_first_shows_when_they_are_written(store: EventStore) -> None:
    """Another transaction that took a version meanwhile is a conflict at the end; done anew, both are kept."""
    where, tried = stream(), []

    def act() -> None:
        store.run_transaction(lambda tx: _from_outside(store, where, tx, tried))

    with at_work(act):
        pass
    assert tried == [0, 1]
    assert places(log_of(store)) == [(where, 1), (where, 2)]
    assert not list(store.verify(EVERY_GEMEENTE))


def _from_outside(store: EventStore, where: Stream, tx: Transaction, tried: list[int]) -> None:
    tx.gather()
    _, version = tx.load(COUNTED, where)
    tx.append(where, version, counted(2), context())
    if not tried:
        first = threading.Thread(target=append, args=(store, where, 0, 1))
        first.start()
        first.join()
    tried.append(version)
