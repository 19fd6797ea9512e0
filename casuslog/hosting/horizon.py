"""The alarm of the horizon: a transaction that hangs open somewhere on the server holds up every reader of the log.

Nothing is lost or skipped by it, but nothing arrives either, and no service looks ill. So who holds it is looked for
all the time, and told while it lasts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import structlog

from casuslog.errors import CasuslogError
from casuslog.store import EventStore, Holder, Horizon

_log = structlog.get_logger("casuslog.horizon")

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 60.0
"""While it lasts the alarm is told anew this often."""


class HorizonAlarm:
    """Logs that the horizon of a server stands still, whose transaction holds it, and when it goes on.

    It takes two looks in a row: a long transaction that writes only at its end holds the horizon for a moment.

    Args:
        store: any store on the server.
    """

    def __init__(self, store: EventStore, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._seen: tuple[int | None, str, str] | None = None
        self._told_at: float | None = None

    def look(self) -> Horizon:
        """Look once, and tell what is new.

        Raises:
            Unavailable: the database is away.
        """
        horizon = self._store.horizon()
        if horizon.stalled:
            self._stands_still(horizon)
        else:
            self._goes_on()
        return horizon

    def run(self, stopping: threading.Event) -> None:
        """Look until asked to stop."""
        while not stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except CasuslogError as error:
                # That the database is away is told by whoever needs it; here there is just nothing to see.
                _log.debug("horizon niet te zien", fout=error)

    def _stands_still(self, horizon: Horizon) -> None:
        holder = horizon.holders[0]
        who = (holder.pid, holder.database, holder.application)
        now = self._monotonic()
        if who == self._seen and (self._told_at is None or now - self._told_at >= AGAIN_SECONDS):
            self._told_at = now
            _log.error("de horizon staat stil: geen dienst leest verder", **_told(holder, horizon))
        elif who != self._seen:
            self._seen, self._told_at = who, None

    def _goes_on(self) -> None:
        if self._told_at is not None:
            _log.info("de horizon loopt weer")
        self._seen = self._told_at = None


def servers_of(stores: Iterable[EventStore]) -> list[EventStore]:
    """One store of each PostgreSQL server: its databases share a horizon. A file has none that could stand still."""
    by_server = {
        (store.engine.url.host, store.engine.url.port): store
        for store in stores
        if store.engine.dialect.name == "postgresql"
    }
    return list(by_server.values())


def _told(holder: Holder, horizon: Horizon) -> dict[str, object]:
    return {
        "sessie": holder.pid,
        "database": holder.database,
        "toepassing": holder.application,
        "toestand": holder.state,
        "sinds": None if holder.since is None else holder.since.isoformat(),
        "seconden": round(horizon.lag, 1),
        "open": len(horizon.holders),
    }
