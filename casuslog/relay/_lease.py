"""A lease: what only one may do at a time, and a token that fences off who did it before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from casuslog.errors import Conflict
from casuslog.identifiers import new_id
from casuslog.store import EventStore, Transaction
from casuslog.store.tables import leases

LONGEST_SECONDS = 300.0
"""No lease is longer: one that ends later was given before the clock of the database was set back."""


class Lease:
    """A row that says who, and until when by the clock of the database.

    Args:
        store: where the row is.
        name: what is leased.
        seconds: how long it holds without being renewed, at most :data:`LONGEST_SECONDS`.
        holder: who asks; by default somebody new.
    """

    def __init__(self, store: EventStore, name: str, *, seconds: float = 15.0, holder: str | None = None) -> None:
        self.seconds = seconds
        self.token: int | None = None
        """Grows with every new holder; ``None`` while another one holds it."""
        self._store = store
        self._name = name
        self._holder = holder or new_id()

    def hold(self) -> bool:
        """Take the lease, or renew it. False while another one holds it."""
        try:
            self.token = self._store.run_transaction(self._hold)
        except Conflict:
            # Another one took it at this very moment.
            self.token = None
        return self.token is not None

    def release(self) -> None:
        """Let it go at once, so that the next one need not wait until it runs out."""
        token, self.token = self.token, None
        if token is not None:
            self._store.run_transaction(
                lambda tx: tx.conn.execute(
                    update(leases).where(*self._mine(token)).values(expires_at=database_now(tx.conn))
                )
            )

    def _hold(self, tx: Transaction) -> int | None:
        now = database_now(tx.conn)
        values = {"holder": self._holder, "expires_at": now + timedelta(seconds=self.seconds)}
        row = tx.conn.execute(select(leases).where(leases.c.name == self._name).with_for_update()).one_or_none()
        if row is None:
            return self._begin(tx.conn, values)
        if row.holder == self._holder and row.token == self.token:
            tx.conn.execute(update(leases).where(*self._mine(row.token)).values(values))
            return int(row.token)
        if now < row.expires_at <= now + timedelta(seconds=LONGEST_SECONDS):
            return None
        # It ran out, or the clock was set back since: whoever waited would wait as long as that.
        tx.conn.execute(update(leases).where(leases.c.name == self._name).values(token=row.token + 1, **values))
        return int(row.token) + 1

    def _begin(self, conn: Connection, values: dict[str, Any]) -> int:
        try:
            conn.execute(insert(leases).values(name=self._name, token=1, **values))
        except IntegrityError:
            raise Conflict("Een ander was eerst met deze lease.") from None
        return 1

    def _mine(self, token: int) -> tuple[Any, ...]:
        return leases.c.name == self._name, leases.c.holder == self._holder, leases.c.token == token


def database_now(conn: Connection) -> datetime:
    """The moment by the clock of the database: the only one that all who compete for a lease share."""
    if conn.dialect.name == "postgresql":
        moment: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)
    told = conn.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
    return datetime.fromisoformat(told).replace(tzinfo=UTC)
