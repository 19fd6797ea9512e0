"""The horizon: up to where the log can be read, how long it has stood still, and who holds it.

It is server-wide: an open writing transaction in another database of the same server hides all new events too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

ALARM_SECONDS = 5.0
"""A horizon that stands still for so long is an alarm: our own transactions take milliseconds."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A transaction that holds the horizon of the whole server.

    ``pid`` is that of its session (for ``pg_terminate_backend``), ``None`` for a prepared transaction, whose name then
    stands under ``application``. ``database`` may be another one. ``since``, ``seconds`` and ``state`` are ``None``
    where the role of the service may not see them (grant it ``pg_monitor``).
    """

    pid: int | None
    database: str
    application: str
    state: str | None
    seconds: float | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far behind the log is because of transactions that are still open, and whose they are.

    The first of ``holders`` is the one that holds the horizon: nothing gets further before it is over. ``lag`` is in
    seconds: how long that one has been going on; 0.0 when nothing is held up.
    """

    lag: float = 0.0
    holders: tuple[Holder, ...] = ()

    @property
    def stalled(self) -> bool:
        """Whether it has stood still for so long that somebody must look (:data:`ALARM_SECONDS`)."""
        return self.lag >= ALARM_SECONDS


_HOLDERS = text(
    "SELECT pid, datname AS database, application_name AS application, state, xact_start AS since, "
    "extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds, backend_xid::text::bigint AS xid "
    "FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() "
    "UNION ALL SELECT NULL, database, gid, 'prepared', prepared, "
    "extract(epoch FROM clock_timestamp() - prepared)::float8, transaction::text::bigint FROM pg_prepared_xacts "
    "ORDER BY xid"
)


class HorizonWatch:
    """Tells the horizon, and remembers since when it saw the same one for servers that do not tell how long."""

    def __init__(self) -> None:
        self._holder: int | None = None
        self._since = 0.0

    def look(self, conn: Connection) -> Horizon:
        """The horizon now. Nothing holds up SQLite, where one writes at a time."""
        if conn.dialect.name != "postgresql":
            return Horizon()
        rows = conn.execute(_HOLDERS).all()
        holders = tuple(Holder(r.pid, r.database, r.application, r.state, r.seconds, r.since) for r in rows)
        watched = self._watched(rows[0].xid if rows else None)
        return Horizon(max(watched, holders[0].seconds or 0.0) if holders else 0.0, holders)

    def _watched(self, oldest: int | None) -> float:
        now = time.monotonic()
        if oldest is None or oldest != self._holder:
            self._holder, self._since = oldest, now
        return now - self._since
