"""Up to where the broker has confirmed what the relay sent; kept by who holds the newest token, and by no other."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from casuslog._sessions import Prepared, Sessions
from casuslog.errors import Conflict
from casuslog.recorded import START, Cursor
from casuslog.store import EventStore, Transaction
from casuslog.store.tables import relay_position

_UNSYNCED = "SET synchronous_commit = off"
# A transaction of three round trips, ten times a second, was what a relay stood still for longest.
_SAVE = Prepared(
    "casuslog_relay_save",
    "PREPARE casuslog_relay_save (text, text, bigint) AS "
    "UPDATE relay_position SET cursor = $1 WHERE name = $2 AND token = $3 RETURNING token",
    "EXECUTE casuslog_relay_save (%s, %s, %s)",
)


class Fenced(Conflict):
    """Another relay has taken over: this one may not move the position any more."""

    code = "andere_relay"


class RelayPosition:
    """The position of one relay."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._name = name
        at_once = store.engine.dialect.name == "postgresql"
        self._sessions = Sessions(store.engine, _UNSYNCED) if at_once else None

    def claim(self, token: int) -> Cursor:
        """Read the position and fence off every holder of an older token.

        Raises:
            Fenced: a newer one was here already.
        """

        def claim(tx: Transaction) -> Cursor:
            found = select(relay_position).where(relay_position.c.name == self._name).with_for_update()
            row = tx.conn.execute(found).one_or_none()
            if row is None:
                tx.conn.execute(insert(relay_position).values(name=self._name, cursor=str(START), token=token))
                return START
            if row.token > token:
                raise Fenced("Een andere relay heeft het overgenomen.")
            tx.conn.execute(update(relay_position).where(relay_position.c.name == self._name).values(token=token))
            return Cursor.parse(row.cursor)

        return self._store.run_transaction(claim)

    def save(self, cursor: Cursor, token: int) -> None:
        """Keep a confirmed position.

        Not made safe against a crash of the database: a position that was lost with it repeats a little.

        Raises:
            Fenced: the token is not the newest any more; nothing was changed.
        """
        if self._sessions is not None:
            moved = len(self._sessions.run(_SAVE, (str(cursor), self._name, token)))
        else:
            mine = update(relay_position).where(relay_position.c.name == self._name, relay_position.c.token == token)
            values = {"cursor": str(cursor)}
            moved = self._store.run_transaction(lambda tx: tx.conn.execute(mine.values(values)).rowcount)
        if not moved:
            raise Fenced("Een andere relay heeft het overgenomen.")

    def close(self) -> None:
        """Let go of the connection that it keeps in order to save; one that saves again makes another."""
        if self._sessions is not None:
            self._sessions.close()

    def read(self) -> Cursor:
        """The position as anybody may see it."""
        query = select(relay_position.c.cursor).where(relay_position.c.name == self._name)
        told = self._store.run_transaction(lambda tx: tx.conn.execute(query).scalar())
        return Cursor.parse(told) if told else START
