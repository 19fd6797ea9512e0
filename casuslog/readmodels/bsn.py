"""Finding a casus by BSN without keeping a BSN: per event that names one a keyed hash, under a key of the gemeente.

Who has the database has no BSN: nine digits can be tried, but not without the key, and that is in the key store. The
hash is of no use beside that of another gemeente either: each has a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from casuslog.events import VERNIETIGD, Privacy
from casuslog.privacy import KeyStore
from casuslog.readmodels._upsert import upsert_many
from casuslog.readmodels.tables import bsn_pointers
from casuslog.recorded import RecordedEvent

_FASE, _SUBJECT, _BETROKKENE = "zoeken", "bsn", "zoekwijzer"
"""Whose key it is, in the key store: of no casus and no person, one per gemeente."""
NOEMT_BSN = frozenset({"melding-geregistreerd", "identiteit-vastgesteld", "bsn-vervangen"})
VERWISSELD = "persoonsverwisseling-vastgelegd"
MOST = 50
"""Casussen that one lookup gives at most."""


def keep(conn: Connection, keys: KeyStore, events: Iterable[RecordedEvent]) -> None:
    """Keep where a BSN leads, of those events that name one."""
    upsert_many(conn, bsn_pointers, [_row(keys, event) for event in events if _bsn(event) is not None])


def casussen_with(
    conn: Connection, keys: KeyStore, gemeenten: Collection[str], bsn: str, *, most: int | None = MOST
) -> list[str]:
    """The casussen in which one of these gemeenten recorded this BSN; at most so many."""
    t = bsn_pointers.c
    present = conn.execute(select(t.gemeente).where(t.gemeente.in_(gemeenten)).distinct()).scalars()
    # A gemeente without any has no key to ask for, and gets none for it.
    wanted = [and_(t.gemeente == gemeente, t.wijzer == _pointer(keys, gemeente, bsn)) for gemeente in sorted(present)]
    if not wanted:
        return []
    return list(
        conn.execute(select(t.subject).where(or_(*wanted)).distinct().order_by(t.subject).limit(most)).scalars()
    )


def bsn_of(events: Iterable[RecordedEvent]) -> str | None:
    """The BSN that a casus has now: the one that was recorded last, and none once it stood on the wrong person.

    Args:
        events: of the casus, in order.
    """
    found = None
    for event in events:
        if event.envelope.name == VERWISSELD:
            found = None
        elif event.envelope.name in NOEMT_BSN and isinstance(event["bsn"], str):
            found = event["bsn"]
    return found


def _bsn(event: RecordedEvent) -> str | None:
    found = event["bsn"]
    return None if found is None or found is VERNIETIGD else str(found)


def _row(keys: KeyStore, event: RecordedEvent) -> dict[str, Any]:
    e = event.envelope
    return {
        "gemeente": e.gemeente,
        "bron": e.service,
        "subject": e.subject,
        "sequence": e.sequence,
        "wijzer": _pointer(keys, e.gemeente, str(_bsn(event))),
    }


def _pointer(keys: KeyStore, gemeente: str, bsn: str) -> bytes:
    _, key = keys.key_for(gemeente, _FASE, _SUBJECT, _BETROKKENE, Privacy.PERSOONSGEGEVEN)
    return hmac.digest(key, bsn.encode(), hashlib.sha256)
