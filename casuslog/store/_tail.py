"""The log as a relay follows it: page after page, over one connection, each event as it is kept.

The same events in the same order as :meth:`casuslog.store.EventStore.read_log` gives, at a fraction of the cost: a
relay looks some hundreds of times a second, and passes on what it reads without opening it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Engine, Integer, bindparam, select, text, tuple_

from casuslog._answering import ASK_SECONDS, within
from casuslog.recorded import Cursor
from casuslog.store._engine import FRESH_SECONDS, for_reading, translated
from casuslog.store._statements import PREPARED
from casuslog.store.tables import events


class KeptEvent(NamedTuple):
    """An event as it is kept: the attributes of its envelope as texts, its body, and its link in the chain."""

    attributes: dict[str, str]
    body: bytes
    hash: bytes
    prev_hash: bytes
    cursor: Cursor


_PLACE = (events.c.era, events.c.xid, events.c.position)
_AFTER = tuple_(bindparam("era", type_=Integer), bindparam("xid", type_=BigInteger), bindparam("at", type_=BigInteger))
_KEPT = (events.c.envelope, events.c.body, events.c.hash, events.c.prev_hash, *_PLACE)
# Made once: a statement costs more to build than to ask.
_ALL = select(*_KEPT).where(tuple_(*_PLACE) > _AFTER).order_by(*_PLACE).limit(bindparam("most", type_=Integer))
_ANY = select(text("1")).select_from(events).where(tuple_(*_PLACE) > _AFTER).limit(1)


# On PostgreSQL it is planned once per connection too, with its limit in it: for a limit that it does not know it might
# read the whole table. A plan that was made on an empty table would also gather and sort all that is behind the cursor,
# for each page of a backlog: by the index in its order only. What is below the horizon of this very statement is final;
# see _reader.
_BY_INDEX = "SET enable_seqscan = off; SET enable_bitmapscan = off"
_FINAL = """
PREPARE {name} (int, bigint, bigint) AS
SELECT envelope, body, hash, prev_hash, era, xid, position FROM events
 WHERE (era, xid, position) > ($1, $2, $3)
   AND (era, xid) < ((SELECT era FROM eras ORDER BY era DESC LIMIT 1),
                     pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
 ORDER BY era, xid, position LIMIT {limit:d}
"""


class Tail:
    """Reads the log of a store, of every gemeente. Not to be shared between threads.

    Args:
        engine: of the store. A connection of it is held until :meth:`close`, or until the database is away.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = for_reading(engine)
        self._prepares = engine.dialect.name == "postgresql"
        self._connection: Connection | None = None
        self._used = 0.0

    def page(self, after: Cursor, limit: int) -> list[KeptEvent]:
        """At most ``limit`` events after a cursor, only what is final, skipping nothing.

        Raises:
            Unavailable: the database is away; the next call connects anew.
        """
        return [
            KeptEvent(json.loads(envelope), bytes(body), bytes(link), bytes(before), Cursor(era, xid, position))
            for envelope, body, link, before, era, xid, position in self._page(after, limit)
        ]

    def hides(self, after: Cursor) -> bool:
        """Whether anything was committed after a cursor, final or not.

        Raises:
            Unavailable: the database is away.
        """
        with self._connected() as conn:
            return conn.execute(_ANY, _asked(after)).first() is not None

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _page(self, after: Cursor, limit: int) -> Sequence[Any]:
        with self._connected() as conn:
            if not self._prepares:
                return conn.execute(_ALL, {**_asked(after), "most": limit}).all()
            name = f"casuslog_tail_{limit:d}"
            known = conn.info.setdefault(PREPARED, set())
            if name not in known:
                conn.exec_driver_sql(_FINAL.format(name=name, limit=limit))
                known.add(name)
            place = (after.era, after.xid, after.position)
            return conn.exec_driver_sql(f"EXECUTE {name} (%s, %s, %s)", place).all()

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        if self._prepares:
            try:
                connection.detach()  # as it is set, it is of no use to others
                connection.exec_driver_sql(_BY_INDEX)
            except BaseException:
                connection.close()
                raise
        return connection

    def _ask_after_rest(self, connection: Connection) -> None:
        """Who follows the log may just have waited long for an answer elsewhere: not as long again for this line."""
        if self._prepares and time.monotonic() - self._used >= FRESH_SECONDS:
            with within(ASK_SECONDS):
                connection.exec_driver_sql("SELECT 1")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        with translated():
            if self._connection is None:
                self._connection = self._connect()
                self._used = time.monotonic()
            try:
                self._ask_after_rest(self._connection)
                yield self._connection
                self._used = time.monotonic()
            except BaseException:
                self.close()
                raise


def _asked(after: Cursor) -> dict[str, int]:
    return {"era": after.era, "xid": after.xid, "at": after.position}
