"""Rows by COPY: the same rows as by the statement that it stands in for, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg2.extensions
import pytest
from sqlalchemy import Connection, create_engine, delete, insert, select

from casuslog.errors import Unavailable
from casuslog.readmodels import metadata
from casuslog.readmodels._copy import can_copy, copy_rows
from casuslog.readmodels._upsert import COPIES, upsert_tables
from casuslog.readmodels.tables import involvements, known_events

pytestmark = pytest.mark.postgres


@pytest.fixture
def conn(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A transaction as a process has it that hosts nothing: its driver waits by itself."""
    green = psycopg2.extensions.get_wait_callback()
    psycopg2.extensions.set_wait_callback(None)
    engine = create_engine(postgres_url)
    try:
        metadata.create_all(engine)
        with engine.connect() as opened:
            transaction = opened.begin()
            yield opened
            transaction.rollback()
        engine.dispose()
    finally:
        psycopg2.extensions.set_wait_callback(green)


def known(sequence: int, **other: Any) -> dict[str, Any]:
    """A row of what is known of others."""
    row = {
        "gemeente": "0086",
        "bron": "melding",
        "stroom": "melding",
        "subject": "c-1",
        "sequence": sequence,
        "type": "t",
        "tijd": "2017-03-01T09:00:00.000000Z",
        "envelope": "{}",
        "body": b"x",
    }
    return {**row, **other}


def involved(als: str, vanaf: date, tot: date | None) -> dict[str, Any]:
    """A row of who is involved."""
    who = {"gemeente": "0086", "subject": "c-1", "organisatie": "41414141", "thema": ""}
    return {**who, "als": als, "vanaf": vanaf, "tot": tot}


ROWS = [
    known(1, envelope='{"a": "\\\\ \\" \\t"}\n\t\\N', body=bytes(range(256))),
    known(2, envelope="éß€\U0001f642", body=b""),
    known(2**31 - 1, envelope=""),
]
INVOLVED = [
    involved("aanbieder", date(2017, 3, 1), None),
    involved("client", date(1999, 12, 31), date(9999, 12, 31)),
    involved("mantelzorger", date(1, 1, 1), date(2000, 1, 1)),
]


def test_what_is_copied_is_what_a_statement_would_have_kept(conn: Connection) -> None:
    """Texts with every kind of sign, bytes, numbers, days before and after 2000, and what is not there."""
    tables = ((known_events, ROWS), (involvements, INVOLVED))
    upsert_tables(conn, *tables)
    by_statement = [sorted(map(tuple, conn.execute(select(table)))) for table, _ in tables]
    for table, rows in tables:
        conn.execute(delete(table))
        assert copy_rows(conn, table, rows)
    copied = [sorted(map(tuple, conn.execute(select(table)))) for table, _ in tables]
    assert [[[_plain(v) for v in row] for row in rows] for rows in copied] == [
        [[_plain(v) for v in row] for row in rows] for rows in by_statement
    ]
    assert copied[0][0][-1] == bytes(range(256))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_a_row_that_is_there_takes_its_new_values_all_the_same(conn: Connection) -> None:
    """Where COPY would break off, nothing of it stays, and the statement does it."""
    conn.execute(insert(known_events), [known(2, envelope="oud")])
    assert not copy_rows(conn, known_events, [known(1), known(2)])
    copying = conn.execution_options(**{COPIES: can_copy(conn)})
    upsert_tables(
        copying, (known_events, [known(1), known(2, envelope="nieuw"), known(3), known(3, envelope="laatst")])
    )
    rows = conn.execute(select(known_events.c.sequence, known_events.c.envelope).order_by(known_events.c.sequence))
    assert [tuple(row) for row in rows] == [(1, "{}"), (2, "nieuw"), (3, "laatst")]


def test_what_does_not_fit_is_refused_and_not_cut_off(conn: Connection) -> None:
    """A text longer than its column is an error, as it is in a statement."""
    with pytest.raises(psycopg2.DataError):
        copy_rows(conn, known_events, [known(1, gemeente="00861")])


def test_a_connection_that_was_cut_is_told(conn: Connection, postgres_url: str) -> None:
    """A database that goes away in the middle is `Unavailable`."""
    pid = conn.connection.dbapi_connection.info.backend_pid
    other = create_engine(postgres_url)
    with other.connect() as second:
        second.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    other.dispose()
    with pytest.raises(Unavailable):
        copy_rows(conn, known_events, [known(1)])


def test_under_eventlet_the_statement_does_it(conn: Connection) -> None:
    """Its driver refuses COPY there; elsewhere it is used."""
    assert can_copy(conn)
    psycopg2.extensions.set_wait_callback(lambda _: None)
    assert not can_copy(conn)
    psycopg2.extensions.set_wait_callback(None)
