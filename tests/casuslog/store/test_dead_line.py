"""A line to PostgreSQL that goes dead without a word: whoever waits on it is told in bounded time, and goes on."""

import time
from collections.abc import Iterator

import eventlet
import psycopg2
import pytest
from sqlalchemy import make_url, text

from casuslog import _answering
from casuslog.clock import SystemClock
from casuslog.codes import oin_of
from casuslog.errors import Unavailable
from casuslog.privacy import KeyStore, RootKey
from casuslog.store import EVERY_GEMEENTE, EventStore
from tests.casuslog.consume.world import PlainCodec, log
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.postgres


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
    monkeypatch.setattr("casuslog._rested.ASK_SECONDS", 1.0)


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
    }
    assert psycopg2.extensions.get_wait_callback().__module__ == "casuslog._answering"
