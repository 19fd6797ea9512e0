"""What travels along with the next statement on PostgreSQL: that nothing of a transaction changes by it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from casuslog.store import send_along
from casuslog.store._engine import for_reading, for_writing, make_engine, may_retry

SERVICE = "proef"


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    made = make_engine(postgres_url, SERVICE)
    with made.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {SERVICE}"))
        conn.execute(text("CREATE TABLE rijen (n int PRIMARY KEY, inhoud text)"))
    yield made
    made.dispose()


def rows(engine: Engine) -> list[int]:
    """What another connection sees."""
    with for_reading(engine).connect() as conn:
        return [*conn.execute(text("SELECT n FROM rijen ORDER BY n")).scalars()]


def raw(conn: Connection) -> Any:
    return conn.connection.dbapi_connection


def test_a_transaction_begins_with_its_first_statement(engine: Engine) -> None:
    """It sees one moment from its first statement on, as where the driver says BEGIN by itself."""
    with for_writing(engine).begin() as conn:
        assert conn.execute(text("SHOW transaction_isolation")).scalar() == "repeatable read"
        assert conn.execute(text("SELECT count(*) FROM rijen")).scalar() == 0
        with engine.begin() as other:
            other.execute(text("INSERT INTO rijen VALUES (1, 'later')"))
        assert conn.execute(text("SELECT count(*) FROM rijen")).scalar() == 0
    with engine.begin() as conn:
        assert conn.execute(text("SHOW transaction_isolation")).scalar() == "read committed"


@pytest.mark.parametrize("first", ["execute", "executemany", "copy", "bytes"])
def test_whatever_comes_first_is_part_of_the_transaction(engine: Engine, first: str) -> None:
    """Each way in which a driver sends something begins the transaction, so that a rollback takes it along."""
    waiting = extensions.get_wait_callback()
    extensions.set_wait_callback(None)  # COPY does not go where eventlet does the waiting
    try:
        _sends_first(engine, first)
    finally:
        extensions.set_wait_callback(waiting)


def _sends_first(engine: Engine, first: str) -> None:
    with for_writing(engine).connect() as conn, raw(conn).cursor() as cursor:
        match first:
            case "execute":
                cursor.execute("INSERT INTO rijen VALUES (%s, '100%% zeker')", (1,))
            case "executemany":
                cursor.executemany("INSERT INTO rijen VALUES (%s, %s)", [(1, "een"), (2, "twee")])
            case "bytes":
                cursor.execute(b"INSERT INTO rijen VALUES (1, 'een')")
            case _:
                cursor.copy_expert("COPY rijen FROM STDIN", StringIO("1\teen\n"))
        assert rows(engine) == []
        raw(conn).rollback()
    assert rows(engine) == []


def test_what_goes_along_commits_with_the_rest_and_is_seen_by_what_follows(engine: Engine) -> None:
    """It is a statement of the transaction like any other, whatever its values hold."""
    with for_writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO rijen VALUES (1, 'een')"))
        send_along(conn, "INSERT INTO rijen VALUES (%s, %s)", (2, "50 % van %s; DROP TABLE rijen; --'"))
        found = conn.exec_driver_sql("SELECT inhoud FROM rijen WHERE n = %s", (2,)).scalar()
        assert found == "50 % van %s; DROP TABLE rijen; --'"
        send_along(conn, "INSERT INTO rijen VALUES (%s, NULL)", (3,))
        send_along(conn, "INSERT INTO rijen VALUES (%s, NULL)", (4,))
        assert rows(engine) == []
    assert rows(engine) == [1, 2, 3, 4]


def test_what_goes_along_with_nothing_else_is_kept(engine: Engine) -> None:
    """A transaction of which it is all begins and ends with it."""
    with for_writing(engine).begin() as conn:
        send_along(conn, "INSERT INTO rijen VALUES (%s, NULL)", (1,))
    assert rows(engine) == [1]


def test_what_fails_along_with_the_commit_undoes_the_transaction(engine: Engine) -> None:
    """The commit says so, nothing is kept, and the connection serves whoever comes next."""
    with for_writing(engine).connect() as conn:
        conn.execute(text("INSERT INTO rijen VALUES (1, 'een')"))
        send_along(conn, "INSERT INTO rijen VALUES (%s, 'nog een')", (1,))
        with pytest.raises(IntegrityError):
            conn.commit()
    assert rows(engine) == []
    with for_writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO rijen VALUES (5, NULL)"))
    assert rows(engine) == [5]


def test_a_rollback_takes_along_what_was_not_sent_yet(engine: Engine) -> None:
    """What was to go along with a transaction that is undone goes with no other."""
    with for_writing(engine).connect() as conn:
        conn.execute(text("SELECT 1"))
        send_along(conn, "INSERT INTO rijen VALUES (%s, NULL)", (1,))
        conn.rollback()
        conn.execute(text("INSERT INTO rijen VALUES (2, NULL)"))
        conn.commit()
    assert rows(engine) == [2]


def test_only_what_went_along_with_a_commit_may_say_that_it_can_be_done_anew(engine: Engine) -> None:
    """A handler that divides by zero has failed; a count that does not come out at the commit has lost a race."""
    with for_writing(engine).connect() as conn:
        conn.execute(text("SELECT 1"))
        send_along(conn, "SELECT 1 / (0 = %s)::int", (1,))
        with pytest.raises(DBAPIError) as lost:
            conn.commit()
        assert may_retry(lost.value)
        conn.rollback()
        with pytest.raises(DBAPIError) as wrong:
            conn.execute(text("SELECT 1 / 0"))
    assert not may_retry(wrong.value)


def test_savepoints_hold_what_was_done_within_them(engine: Engine) -> None:
    """One that begins the transaction too, and one that is undone."""
    with for_writing(engine).begin() as conn:
        with conn.begin_nested():
            conn.execute(text("INSERT INTO rijen VALUES (1, NULL)"))
        undone = conn.begin_nested()
        conn.execute(text("INSERT INTO rijen VALUES (2, NULL)"))
        undone.rollback()
    assert rows(engine) == [1]


def test_in_autocommit_every_statement_is_a_transaction_of_its_own(engine: Engine) -> None:
    """No BEGIN goes along there, also on a connection that was in transactions before."""
    with for_writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO rijen VALUES (1, NULL)"))
    with for_reading(engine).connect() as conn:
        assert raw(conn).autocommit
        conn.execute(text("INSERT INTO rijen VALUES (2, NULL)"))
        assert rows(engine) == [1, 2]


def test_who_comes_back_from_autocommit_is_at_the_level_of_before(engine: Engine) -> None:
    """A connection that is asked in between whether it still answers sees one moment afterwards, as it was told to."""
    with for_writing(engine).connect() as conn, raw(conn).cursor() as cursor:
        raw(conn).autocommit = True
        cursor.execute("SELECT 1")
        raw(conn).autocommit = False
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)


def test_the_first_statement_and_its_begin_are_one_message(engine: Engine) -> None:
    """What the driver was given to send: a round trip less per transaction is what it is for."""
    with for_writing(engine).begin() as conn, raw(conn).cursor() as cursor:
        cursor.execute("SELECT %s", (1,))
        assert cursor.query == b"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1"
        cursor.execute("SELECT 2")
        assert cursor.query == b"SELECT 2"
