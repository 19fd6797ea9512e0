"""How a service stands: what it logged, what was passed on, how far it is with others, what is parked.

Every figure is read when it is asked for; none is kept beside the tables that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, distinct, func, literal, select, tuple_

from casuslog.clock import Clock
from casuslog.consume.timers import PARKED as TIMER_PARKED
from casuslog.consume.timers import timers
from casuslog.recorded import START, Cursor
from casuslog.store import EVERY_GEMEENTE, EventStore, Holder, Horizon
from casuslog.store.tables import checkpoints, events, parked, relay_position

RELAY = "relay"
"""Name of the position of the relay, in the database of the service."""
COUNTED = 1000
"""Events behind a cursor are counted up to here: more is told as this many."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far something is behind: since when its oldest event waits, and for how many seconds; ``None`` and 0: level.

    Seconds are by the clock that dated the event, so that a set clock (demo, tests) gives no nonsense.
    """

    oldest: datetime | None = None
    seconds: float = 0.0


def lag(store: EventStore, after: Cursor, clock: Clock) -> Lag:
    """How far a reader at ``after`` is behind the log of this store, as far as that is final."""
    page = store.read_log(EVERY_GEMEENTE, after=after, limit=1)
    if not page:
        return Lag()
    oldest = page[0].envelope.time
    return Lag(oldest, max(0.0, (clock.now() - oldest).total_seconds()))


def behind(conn: Connection, after: Cursor) -> int:
    """How many events stand after a cursor, up to :data:`COUNTED`."""
    start = tuple_(literal(after.era), literal(after.xid), literal(after.position))
    later = select(literal(1)).select_from(events)
    later = later.where(start < tuple_(events.c.era, events.c.xid, events.c.position)).limit(COUNTED)
    return conn.execute(select(func.count()).select_from(later.subquery())).scalar_one()


def relayed(conn: Connection) -> Cursor:
    """Up to where the log has confirmed what the relay sent."""
    text = conn.execute(select(relay_position.c.cursor).where(relay_position.c.name == RELAY)).scalar()
    return Cursor.parse(text) if text else START


def handled(conn: Connection, consumer: str, sources: Iterable[str]) -> dict[str, str]:
    """Per source the cursor up to which this consumer handled or parked everything."""
    rows = conn.execute(select(checkpoints.c.source, checkpoints.c.cursor).where(checkpoints.c.consumer == consumer))
    known = {row.source: row.cursor for row in rows}
    return {source: known.get(source, str(START)) for source in sorted({*sources, *known})}


def parked_by_source(conn: Connection, consumer: str, clock: Clock) -> dict[str, dict[str, Any]]:
    """Per source with parked lanes how many, and for how many seconds the oldest stands still."""
    oldest = func.min(parked.c.parked_at).label("oldest")
    query = select(parked.c.source, func.count(distinct(parked.c.lane)).label("lanes"), oldest)
    rows = conn.execute(query.where(parked.c.consumer == consumer).group_by(parked.c.source))
    now = clock.now()
    return {
        row.source: {"banen": row.lanes, "seconden": max(0.0, (now - row.oldest).total_seconds())}
        for row in rows
        if row.source
    }


def parked_counts(conn: Connection, consumer: str) -> dict[str, int]:
    """How many lanes (``banen``) and timers (``termijnen``) stand still."""
    lanes = select(func.count(distinct(parked.c.lane))).where(parked.c.consumer == consumer)
    terms = select(func.count()).select_from(timers).where(timers.c.state == TIMER_PARKED)
    return {"banen": conn.execute(lanes).scalar_one(), "termijnen": conn.execute(terms).scalar_one()}


def standing(store: EventStore, clock: Clock, sources: Iterable[str], *, ready: bool) -> dict[str, Any]:
    """The answer of ``GET /status``. Holds cursors, counts and times; nothing of a casus."""
    with store.reading() as conn:
        passed_on = relayed(conn)
        figures = {
            "wachtend": behind(conn, passed_on),
            "verwerkt": handled(conn, store.service, sources),
            "geparkeerd": {
                **parked_counts(conn, store.service),
                "per_bron": parked_by_source(conn, store.service, clock),
            },
        }
    waits = lag(store, passed_on, clock)
    return {
        "service": store.service,
        "kop": str(store.head(EVERY_GEMEENTE)),
        "doorgegeven": str(passed_on),
        "achterstand_seconden": waits.seconds,
        "horizon": _horizon(store.horizon()),
        **figures,
        "klaar": ready,
    }


def _horizon(horizon: Horizon) -> dict[str, Any]:
    return {"seconden": horizon.lag, "alarm": horizon.stalled, "door": [_holder(one) for one in horizon.holders]}


def _holder(holder: Holder) -> dict[str, Any]:
    return {
        "sessie": holder.pid,
        "toepassing": holder.application,
        "database": holder.database,
        "toestand": holder.state,
        "sinds": None if holder.since is None else holder.since.isoformat(),
        "seconden": holder.seconds,
    }
