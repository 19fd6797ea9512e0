"""Up to where the broker has confirmed what the relay sent; kept by who holds the newest token, and by no other."""

from __future__ import annotations

from sqlalchemy import insert, select, text, update

from casuslog.errors import Conflict
from casuslog.recorded import START, Cursor
from casuslog.store import EventStore, Transaction
from casuslog.store.tables import relay_position

_UNSYNCED = text("SET LOCAL synchronous_commit TO off")


class Fenced(Conflict):
    """Another relay has taken over: this one may not move the position any more."""

    code = "andere_relay"


class RelayPosition:
    """The position of one relay."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._name = name

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
        mine = update(relay_position).where(relay_position.c.name == self._name, relay_position.c.token == token)

        def save(tx: Transaction) -> int:
            if tx.conn.dialect.name == "postgresql":
                tx.conn.execute(_UNSYNCED)
            return tx.conn.execute(mine.values(cursor=str(cursor))).rowcount

        if not self._store.run_transaction(save):
            raise Fenced("Een andere relay heeft het overgenomen.")

    def read(self) -> Cursor:
        """The position as anybody may see it."""
        query = select(relay_position.c.cursor).where(relay_position.c.name == self._name)
        told = self._store.run_transaction(lambda tx: tx.conn.execute(query).scalar())
        return Cursor.parse(told) if told else START
