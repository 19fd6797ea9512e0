"""Rows into a PostgreSQL table by COPY, in its binary format: a quarter of what an INSERT of the same rows takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, repeat
from struct import Struct
from typing import Any

from sqlalchemy import Connection, Date, Integer, LargeBinary, String, Table, Text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.types import TypeEngine

from casuslog.errors import Unavailable

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_FIRST_DAY = date(2000, 1, 1).toordinal()
"""From which PostgreSQL counts days."""
_CHUNK = 1 << 16
_UNIQUE_VIOLATION = "23505"
_columns = Struct(">h").pack
_length = Struct(">i").pack
_four = Struct(">ii").pack


def can_copy(conn: Connection) -> bool:
    """Whether this connection takes rows by COPY: PostgreSQL, and not under eventlet, where its driver refuses."""
    driver: Any = conn.dialect.loaded_dbapi
    return conn.dialect.name == "postgresql" and driver.extensions.get_wait_callback() is None


def copy_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Add rows to a table, all of them or none.

    Returns:
        False, and nothing is added, when the table holds a row with the key of one of them.

    Raises:
        Unavailable: the database is away.
    """
    driver: Any = conn.dialect.loaded_dbapi
    raw: Any = conn.connection.dbapi_connection
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    try:
        with conn.begin_nested(), raw.cursor() as cursor:
            statement = f'COPY "{table.name}" ({names}) FROM STDIN WITH (FORMAT binary)'
            cursor.copy_expert(statement, _Read(_bytes(table, rows)), size=_CHUNK)
    except driver.IntegrityError as error:
        if error.pgcode != _UNIQUE_VIOLATION:
            raise
        return False
    except (driver.OperationalError, driver.InterfaceError, OperationalError, InterfaceError) as error:
        conn.invalidate(error)
        raise Unavailable("De database antwoordt niet. Er is niets veranderd; probeer het opnieuw.") from error
    return True


class _Read:
    """Bytes as the driver reads them, without a copy of them all."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        found, self._data = self._data[:size], self._data[size:]
        return bytes(found)


def _bytes(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    count = repeat(_columns(len(table.columns)), len(rows))
    fields = (_fields(column.type, [row[column.name] for row in rows]) for column in table.columns)
    return b"".join(chain((_HEADER,), chain.from_iterable(zip(count, *fields, strict=True)), (_END,)))


def _fields(column: TypeEngine[Any], values: list[Any]) -> Iterable[bytes]:
    known: Mapping[type, Callable[[Any], bytes]]
    known = {String: _text, Integer: _number, Date: _day, LargeBinary: _blob}
    made = next(made for kind, made in known.items() if isinstance(column, kind))
    if isinstance(column, (Text, LargeBinary)):
        return map(made, values)
    # Of a code, a day or a number there are few in many rows: each is written once.
    once = {value: made(value) for value in set(values)}
    return map(once.__getitem__, values)


def _blob(value: bytes | None) -> bytes:
    return _NULL if value is None else _length(len(value)) + value


def _text(value: str | None) -> bytes:
    if value is None:
        return _NULL
    data = value.encode()
    return _length(len(data)) + data


def _number(value: int | None) -> bytes:
    return _NULL if value is None else _four(4, value)


def _day(value: date | None) -> bytes:
    return _NULL if value is None else _four(4, value.toordinal() - _FIRST_DAY)
