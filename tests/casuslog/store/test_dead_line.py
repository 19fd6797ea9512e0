"""A line to PostgreSQL that goes dead without a word: whoever waits on it is told in bounded time, and goes on."""

import contextlib
import time
from collections.abc import Iterator

import eventlet
import psycopg2
import pytest
from sqlalchemy import Connection, make_url, text

from casuslog import _answering
from casuslog.clock import SystemClock
from casuslog.codes import oin_of
from casuslog.envelope import Actor, Stream
from casuslog.errors import Unavailable
from casuslog.events import Fact
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.recorded import START, Context
from casuslog.store import EVERY_GEMEENTE, EventStore, Tail
from casuslog.store._engine import FRESH_SECONDS
from casuslog.testing.instances import PrivatePostgres
from tests.casuslog.consume.world import DAY, GEMEENTE, Gedaan, PlainCodec, log
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.postgres
FACT = Fact(Gedaan(1), DAY)
CONTEXT = Context(actor=Actor("consulent", None, "c-1"), correlationid=new_id(), causationid=new_id())


@pytest.fixture
def line(postgres_url: str) -> Iterator[Proxy]:
    """The way to the server, which can go dead."""
    with Proxy(int(make_url(postgres_url).port or 0)) as proxy:
        yield proxy


@pytest.fixture
def through(postgres_url: str, line: Proxy) -> str:
    """The database at the other end of it."""
    return make_url(postgres_url).set(port=line.port).render_as_string(hide_password=False)


@pytest.fixture
def store(through: str) -> Iterator[EventStore]:
    """A store that is reached over that line."""
    opened = EventStore.open(through, "bron", codec=PlainCodec(), clock=SystemClock(), oin_of=oin_of)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds are the same, only smaller."""
    for name in ("ANSWER_SECONDS", "CONNECT_SECONDS", "ASK_SECONDS"):
        monkeypatch.setattr(_answering, name, 1.0)
    for module in ("_rested", "_sessions", "store._tail"):
        monkeypatch.setattr(f"casuslog.{module}.ASK_SECONDS", 1.0)
    monkeypatch.setattr("casuslog._rested.AT_ONCE_SECONDS", 0.5)


def test_a_statement_on_a_dead_line_ends_and_the_next_one_works(store: EventStore, line: Proxy) -> None:
    """Whoever waits hears that the database is away; when the network is back, a new connection is made by itself."""
    log(store, "0197b1f0-0000-7000-8000-000000000001")
    line.swallow()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        store.head(EVERY_GEMEENTE)
    with pytest.raises(Unavailable):
        log(store, "0197b1f0-0000-7000-8000-000000000002")
    assert time.monotonic() - began < 10
    assert line.struck
    line.restore()
    deadline = time.monotonic() + 10
    while True:
        try:
            log(store, "0197b1f0-0000-7000-8000-000000000003")
            break
        except Unavailable:
            assert time.monotonic() < deadline
    assert len(store.read_log(EVERY_GEMEENTE)) == 2


def test_a_line_that_dies_in_a_transaction_leaves_nothing_of_it(store: EventStore, line: Proxy) -> None:
    """What was not answered is told as such, and nothing of an unfinished transaction is kept."""

    def interrupted() -> None:
        with store.transaction() as tx:
            tx.conn.execute(text("CREATE TABLE half (n int)"))
            line.swallow()
            tx.conn.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        interrupted()
    line.restore()
    line.cut()
    with store.transaction() as tx:
        assert tx.conn.execute(text("SELECT to_regclass('half')")).scalar() is None


def test_who_gives_up_a_transaction_does_not_wait_for_it(
    store: EventStore, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong elsewhere, as with the keys, has taken its time: undoing waits for a sign of life only."""
    monkeypatch.setattr(_answering, "ANSWER_SECONDS", 30.0)

    def given_up() -> None:
        with store.transaction() as tx:
            tx.conn.execute(text("SELECT 1"))
            line.swallow()
            raise Unavailable("the keys are away")

    began = time.monotonic()
    with pytest.raises(Unavailable):
        given_up()
    assert time.monotonic() - began < 5


def test_who_follows_the_log_asks_after_a_rest(store: EventStore, line: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that waited long for its lease on a dead line does not wait as long again for the log on another."""
    monkeypatch.setattr(_answering, "ANSWER_SECONDS", 30.0)
    log(store, "0197b1f0-0000-7000-8000-000000000001")
    tail = Tail(store.engine)
    assert len(tail.page(START, 10)) == 1
    time.sleep(FRESH_SECONDS + 0.1)
    line.swallow()
    line.restore()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        tail.page(START, 10)
    assert len(tail.page(START, 10)) == 1
    assert time.monotonic() - began < 5
    tail.close()


def test_others_go_on_while_one_waits(store: EventStore, line: Proxy, postgres_url: str) -> None:
    """A dead line stops whoever is on it, not the process: another database is asked in the meantime."""
    other = EventStore.open(postgres_url, "meer", codec=PlainCodec(), clock=SystemClock(), oin_of=oin_of)
    store.head(EVERY_GEMEENTE)
    line.swallow()
    waiting = eventlet.spawn(lambda: _told(store))
    answered = 0
    began = time.monotonic()
    while not waiting.dead and time.monotonic() < began + 10:
        other.head(EVERY_GEMEENTE)
        answered += 1
        eventlet.sleep(0.02)
    assert waiting.wait() is Unavailable
    assert answered > 10
    other.close()


def _told(store: EventStore) -> type[Exception] | None:
    try:
        store.head(EVERY_GEMEENTE)
    except Unavailable as error:
        return type(error)
    return None


def test_a_connection_that_is_never_answered_is_given_up(through: str, line: Proxy) -> None:
    """It opens, and nothing comes back: libpq's own bound does not hold under eventlet, so ours must."""
    line.swallow()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        EventStore.open(through, "bron", codec=PlainCodec(), clock=SystemClock(), oin_of=oin_of)
    with pytest.raises(Exception, match="key store is away"):
        KeyStore.open(through, RootKey.generate())
    assert time.monotonic() - began < 8


def test_a_server_keeps_no_place_for_who_is_gone(
    postgres_url: str, through: str, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something on a dead line may acknowledge for ever what the server sends: it ends what nobody uses, so that after
    an outage there is room for the new connections, of events and keys alike."""
    monkeypatch.setitem(_answering.SERVER_END, "idle_session_timeout", 1500)
    store = EventStore.open(through, "bron", codec=PlainCodec(), clock=SystemClock(), oin_of=oin_of)
    keys = KeyStore.open(through, RootKey.generate())
    log(store, "0197b1f0-0000-7000-8000-000000000001")
    line.swallow()
    assert _sessions_on(postgres_url) >= 2, "a session for the events and one for the keys"
    deadline = time.monotonic() + 15
    while _sessions_on(postgres_url):
        assert time.monotonic() < deadline, "the server still holds sessions that nobody can reach"
        time.sleep(0.1)
    line.restore()
    log(store, "0197b1f0-0000-7000-8000-000000000002")
    assert keys.keys_of("0086", "0197b1f0-0000-7000-8000-000000000001") == []
    store.close()
    keys.close()


def _sessions_on(url: str) -> int:
    with contextlib.closing(psycopg2.connect(url.replace("+psycopg2", ""))) as asking:
        cursor = asking.cursor()
        cursor.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_a_session_that_the_server_ended_is_replaced_alone(
    store: EventStore, postgres: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rested too long for the server says so at once; that is no reason to let go of those that live."""
    monkeypatch.setattr("casuslog.store._engine.FRESH_SECONDS", 0.0)
    with store.engine.connect() as first, store.engine.connect() as second:
        ended, alive = _pid(first), _pid(second)
    postgres.execute(f"SELECT pg_terminate_backend({ended})")
    for _ in range(2):
        with store.engine.connect() as one, store.engine.connect() as other:
            pids = {_pid(one), _pid(other)}
        assert alive in pids
        assert ended not in pids


def _pid(conn: Connection) -> int:
    return int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_many_sessions_on_a_dead_line_cost_one_wait(store: EventStore, line: Proxy) -> None:
    """The first that is mute tells of all that rested longer: an append does not wait for each of them in turn."""
    sessions = store._sessions[-1]
    for made in [sessions._taken() for _ in range(5)]:
        sessions._give_back(made)
    time.sleep(FRESH_SECONDS + 0.1)
    line.swallow()
    line.restore()
    began = time.monotonic()
    store.append(Stream(GEMEENTE, "bron", "0197b1f0-0000-7000-8000-000000000001"), 0, [FACT], CONTEXT)
    assert time.monotonic() - began < 3.5, "a wait for a session and one for the pool, and no more"
    assert sessions._open == 1


def test_who_fails_for_a_dead_line_keeps_nobody_else_waiting(store: EventStore, line: Proxy) -> None:
    """Every waiting one is told, also when the one before ends by an error of its own that nobody takes in."""
    connections = [store.engine.connect() for _ in range(3)]
    line.swallow()
    waiting = [eventlet.spawn(conn.execute, text("SELECT 1")) for conn in connections]
    deadline = time.monotonic() + 5
    while not all(one.dead for one in waiting):
        assert time.monotonic() < deadline, f"{sum(not one.dead for one in waiting)} of 3 were never told"
        eventlet.sleep(0.05)
    for conn in connections:
        conn.invalidate()
        conn.close()


def test_a_slow_answer_is_waited_for(store: EventStore) -> None:
    """The bound is on the wait for one answer; what is answered in time is not touched, however many wait."""
    began = time.monotonic()
    with _answering.within(10), store.engine.connect() as conn:
        conn.execute(text("SELECT pg_sleep(2)"))
    assert time.monotonic() - began >= 2


def test_both_ends_watch_the_line(store: EventStore, through: str) -> None:
    """TCP is told on both sides when a peer counts as gone: no transaction of a dead client holds up the log."""
    with store.engine.connect() as conn:
        parameters = conn.connection.dbapi_connection.get_dsn_parameters()  # type: ignore[union-attr]
        settings = {name: conn.execute(text(f"SHOW {name}")).scalar() for name in _answering.SERVER_END}
    assert parameters["tcp_user_timeout"] == "20000"
    assert parameters["keepalives_idle"] == "10"
    assert settings == {
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "20000",
        "idle_session_timeout": "1min",
    }
    assert psycopg2.extensions.get_wait_callback().__module__ == "casuslog._answering"
