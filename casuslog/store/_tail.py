"""The log as a relay follows it: page after page, over one connection, each event as it is kept.

The same events in the same order as :meth:`casuslog.store.EventStore.read_log` gives, at a fraction of the cost: a
relay looks some hundreds of times a second, and passes on what it reads without opening it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Engine, Integer, bindparam, literal_column, select, text, tuple_

from casuslog.recorded import Cursor
from casuslog.store._engine import for_reading, translated
from casuslog.store.tables import current_era, events


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
# What is below the horizon of this very statement is final; see _reader. Made once: a statement costs more to build
# than to ask.
_HORIZON = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
_ALL = select(*_KEPT).where(tuple_(*_PLACE) > _AFTER).order_by(*_PLACE).limit(bindparam("most", type_=Integer))
_FINAL = _ALL.where(tuple_(events.c.era, events.c.xid) < tuple_(current_era, _HORIZON))
_ANY = select(text("1")).select_from(events).where(tuple_(*_PLACE) > _AFTER).limit(1)


class Tail:
    """Reads the log of a store, of every gemeente. Not to be shared between threads.

    Args:
        engine: of the store. A connection of it is held until :meth:`close`, or until the database is away.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = for_reading(engine)
        self._statement = _FINAL if engine.dialect.name == "postgresql" else _ALL
        self._connection: Connection | None = None

    def page(self, after: Cursor, limit: int) -> list[KeptEvent]:
        """At most ``limit`` events after a cursor, only what is final, skipping nothing.

        Raises:
            Unavailable: the database is away; the next call connects anew.
        """
        asked = {"era": after.era, "xid": after.xid, "at": after.position, "most": limit}
        return [
            KeptEvent(json.loads(envelope), bytes(body), bytes(link), bytes(before), Cursor(era, xid, position))
            for envelope, body, link, before, era, xid, position in self._rows(self._statement, asked)
        ]

    def hides(self, after: Cursor) -> bool:
        """Whether anything was committed after a cursor, final or not.

        Raises:
            Unavailable: the database is away.
        """
        return bool(self._rows(_ANY, {"era": after.era, "xid": after.xid, "at": after.position}))

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, statement: Any, asked: dict[str, int]) -> list[Any]:
        with translated():
            if self._connection is None:
                self._connection = self._engine.connect()
            try:
                return list(self._connection.execute(statement, asked))
            except BaseException:
                self.close()
                raise
