"""What only PostgreSQL can do wrong with an append of its own, and with an import: waiting, lost sessions, COPY."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from casuslog import _sessions
from casuslog.errors import Conflict, Unavailable
from casuslog.store import EVERY_GEMEENTE, EventStore, _engine
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_alone import command
from casuslog.testing._store_base import A_MOMENT, at_work, log_of

pytestmark = pytest.mark.postgres

HERE = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    """An empty store."""
    opened = EventStore.open(postgres_url, "proef", **opened_with())
    yield opened
    opened.close()


@pytest.mark.parametrize("commits", [True, False])
def test_an_append_of_its_own_waits_for_who_was_first(store: EventStore, commits: bool) -> None:
    """While another transaction holds the same version it waits; then it loses, or takes the place that came free."""
    where, written, release, outcome = stream(), threading.Event(), threading.Event(), []

    def hold() -> None:
        with store.transaction() as tx:
            tx.append(where, 0, counted(1), context())
            written.set()
            release.wait(A_MOMENT)
            if not commits:
                tx.conn.rollback()

    def follow() -> None:
        assert written.wait(5)
        try:
            store.append(where, 0, counted(2), context())
            outcome.append("kept")
        except Conflict as conflict:
            outcome.append((conflict.expected, conflict.actual))

    with at_work(hold, follow):
        pass
    assert outcome == ([(0, 1)] if commits else ["kept"])
    assert store.version(where) == 1


def test_what_is_not_committed_cannot_be_followed(store: EventStore) -> None:
    """Upon a version that another transaction has yet to commit there is nothing to build: a conflict at once."""
    where, refused = stream(), []

    def follow() -> None:
        with pytest.raises(Conflict) as conflict:
            store.append(where, 1, counted(2), context())
        refused.append(conflict.value.actual)

    with store.transaction() as tx:
        tx.append(where, 0, counted(1), context())
        with at_work(follow):
            pass
    assert refused == [0]


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3)])
@pytest.mark.parametrize("known", ["at hand", "another process was first"])
def test_one_event_and_several_are_kept_alike(store: EventStore, numbers: tuple[int, ...], known: str) -> None:
    """One event goes by a statement of its own; with its command it keeps, chains, repeats and loses as several do."""
    where, ours = stream(), command()
    begun = store.append(where, 0, counted(*numbers), context(), command=command("begin")).events
    end = len(numbers)
    if known != "at hand":
        with store.transaction() as tx:
            tx.append(where, end, counted(7), context())
        with pytest.raises(Conflict):
            store.append(where, end, counted(*numbers), context(), command=ours)
        end += 1
    made = store.append(where, end, counted(*numbers), context(), command=ours)
    assert made.answer == {"gebeurtenissen": [event.envelope.id for event in made.events]}
    assert store.append(where, 0, counted(*numbers), context(), command=ours).answer == made.answer
    kept = list(store.read_stream(where))
    assert [*kept[: len(numbers)], *kept[-len(numbers) :]] == [*begun, *made.events]
    assert store.version(where) == end + len(numbers)
    assert list(store.verify(EVERY_GEMEENTE)) == []


def test_a_lost_session_is_unavailable_once(store: EventStore) -> None:
    """A session that was cut while it was just in use shows at its next use; after that the store goes on by itself."""
    where = stream()
    store.append(where, 0, counted(1), context())
    _cut_all(store)
    with pytest.raises(Unavailable):
        store.append(where, 1, counted(2), context())
    store.append(where, 1, counted(2), context())
    assert store.version(where) == 2


def test_a_session_that_rested_is_tried_before_it_is_used(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of the server nobody notices: what has not been used for a while is asked first."""
    where = stream()
    store.append(where, 0, counted(1), context())
    assert store.version(where) == 1
    monkeypatch.setattr(_sessions, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(_engine, "FRESH_SECONDS", 0.0)
    _cut_all(store)
    store.append(where, 1, counted(2), context())
    with store.transaction() as tx:
        assert tx.load(COUNTED, where) == (3, 2)


def test_more_writers_than_sessions_take_turns(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes when all sessions are in use waits for one; no more are opened."""
    monkeypatch.setattr(_sessions, "MOST", 2)
    with at_work(*[lambda: store.append(stream(), 0, counted(1), context())] * 12):
        pass
    assert len(log_of(store)) == 12
    assert all(sessions._open <= 2 for sessions in store._sessions)


@pytest.mark.slow
def test_a_plain_process_imports_by_copy(postgres_url: str) -> None:
    """Without eventlet the driver can COPY: the same events as by INSERT, read back, chained and in order."""
    script = """
import sys
from casuslog.store import EVERY_GEMEENTE, EventStore, History, Imported, _import
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
copied = []
_import._line, line = lambda *given: copied.append(1) or line(*given), _import._line
store = EventStore.open(sys.argv[1], "proef", **opened_with())
known = context(externereferentie='een "tab\\\\t" en \\\\ erin')
told = [History(stream(), counted(*range(7)), known) for _ in range(30)]
assert store.import_history(told[:9], part=20) == Imported(added=63)
assert store.import_history(told, part=20) == Imported(added=147, present=63)
assert len(copied) == 210
log = store.read_log(EVERY_GEMEENTE)
assert [e.envelope.sequence for e in log] == [*range(1, 8)] * 30
assert {e.envelope.externereferentie for e in log} == {known.externereferentie}
assert list(store.verify(EVERY_GEMEENTE)) == []
with store.transaction() as tx:
    assert tx.load(COUNTED, told[3].stream) == (21, 7)
store.append(told[3].stream, 7, counted(1), context())
store.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, postgres_url], cwd=HERE, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr


def _cut_all(store: EventStore) -> None:
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'casuslog-proef'"
            )
        )
    assert list(store.verify(EVERY_GEMEENTE)) == []
