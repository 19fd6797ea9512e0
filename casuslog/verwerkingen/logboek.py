"""Writing processing records, many in one INSERT, and finding those of a casus."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from casuslog.clock import AMSTERDAM
from casuslog.events import CLIENT, Privacy
from casuslog.logboektermijnen import termijn
from casuslog.privacy import KeyStore
from casuslog.rights import Reader
from casuslog.rights.involvement import PERSONEN
from casuslog.verwerkingen.activiteiten import activiteit_van
from casuslog.verwerkingen.tabel import verwerkingen as t

LOGBOEK = "verwerkingen"
"""Its name among the terms of logs."""
FASE = "verwerkingen"
"""The dossier under which the keys of the pseudonyms stand: destroyed with the casus."""
SOORT = "HMAC-SHA256"
ZELF = "betrokkene"
OK, ERROR = "OK", "ERROR"
DOEL = "verwerkingenlogboek"
_LANGSTE = 200
# Made once: building a statement costs more than sending it.
_VOEG_TOE = insert(t)


@dataclass(frozen=True, slots=True)
class Verwerking:
    """One read: by whom, of which part, from when, and how it ended."""

    lezer: Reader
    onderdeel: str
    begin: datetime
    toegestaan: bool
    reden: str | None = None
    traceparent: str | None = None
    aantal: int = 0
    """Events that were shown."""


def leg_vast(
    conn: Connection, keys: KeyStore, verwerking: Verwerking, betreft: Iterable[tuple[str, str]], einde: datetime
) -> int:
    """Record a read, in the transaction of ``conn``: before its answer goes out.

    Args:
        conn: of the service that is read.
        keys: makes the pseudonyms.
        verwerking: what was read.
        betreft: of whom: per gemeente that answers for it the casus (or other subject).
        einde: now.

    Returns:
        How many records: one for each of whom it is about.
    """
    rows = [_rij(keys, verwerking, gemeente, subject, einde) for gemeente, subject in sorted(set(betreft))]
    if rows:
        conn.execute(_VOEG_TOE, rows)
    return len(rows)


def van(conn: Connection, keys: KeyStore, dienst: str, gemeente: str, subject: str) -> list[dict[str, Any]]:
    """Who read what of a casus, in the words of the standard, oldest first.

    Empty when nothing was read, and when the casus was destroyed: then nobody can tell any more which records are its.
    """
    sleutels = [
        key.id
        for key in keys.keys_of(gemeente, subject)
        if (key.fase, key.betrokkene, key.klasse, key.destroyed) == (FASE, CLIENT, Privacy.FEIT.value, None)
    ]
    found = [keys.get(key_id, gemeente, DOEL) for key_id in sleutels]
    pseudoniemen = [_pseudoniem(key, subject) for key in found if key is not None]
    if not pseudoniemen:
        return []
    query = select(t).where(t.c.gemeente == gemeente, t.c.betrokkene.in_(pseudoniemen)).order_by(t.c.begin, t.c.nr)
    return [_verteld(dienst, row._mapping) for row in conn.execute(query)]


def wis_verlopen(conn: Connection, vandaag: date, *, most: int = 1000) -> int:
    """Wipe records past the term of the gemeente that answers for them (``schemas/logboektermijnen.yaml``).

    In the transaction of ``conn``, a piece at a time: the work of the service goes on between two of them.

    Returns:
        How many records, ``most`` at most: when it is as many there may be more.
    """
    gone = 0
    for gemeente in _gemeenten(conn):
        kept = datetime.combine(termijn(LOGBOEK, gemeente).bewaard_vanaf(vandaag), time(0), AMSTERDAM)
        piece = select(t.c.nr).where(t.c.gemeente == gemeente, t.c.begin < kept)
        piece = piece.order_by(t.c.begin).limit(most - gone)
        gone += conn.execute(delete(t).where(t.c.nr.in_(piece))).rowcount
        if gone >= most:
            break
    return gone


def _gemeenten(conn: Connection) -> Iterator[str]:
    """Those that have records, each by one look in the index: going through all records would take long."""
    last = ""
    while (found := conn.execute(select(func.min(t.c.gemeente)).where(t.c.gemeente > last)).scalar()) is not None:
        yield found
        last = found


def _rij(keys: KeyStore, v: Verwerking, gemeente: str, subject: str, einde: datetime) -> dict[str, Any]:
    trace, parent = _trace(v.traceparent)
    _, key = keys.key_for(gemeente, FASE, subject, CLIENT, Privacy.FEIT)
    return {
        "trace_id": trace,
        "span_id": secrets.token_hex(8),
        "parent_span_id": parent,
        "gemeente": gemeente,
        "activiteit": activiteit_van(v.onderdeel),
        "onderdeel": v.onderdeel,
        "begin": v.begin,
        "einde": einde,
        "status": OK if v.toegestaan else ERROR,
        "reden": v.reden,
        "betrokkene": _pseudoniem(key, subject),
        "rol": v.lezer.rol,
        "organisatie": v.lezer.organisatie,
        # Who reads of himself is the one whom it is about: under his own pseudonym he would be told after all.
        "lezer": ZELF if v.lezer.rol in PERSONEN else v.lezer.id[:_LANGSTE],
        "doelbinding": v.lezer.doelbinding[:_LANGSTE],
        "aantal": v.aantal,
    }


def _pseudoniem(key: bytes, subject: str) -> str:
    return hmac.new(key, f"{FASE}|{subject}".encode(), hashlib.sha256).hexdigest()


def _trace(traceparent: str | None) -> tuple[str, str | None]:
    """Trace and parent span of the caller (W3C Trace Context); a trace of our own where it gave none."""
    if traceparent is None:
        return secrets.token_hex(16), None
    _, trace, parent, _ = traceparent.split("-")
    return trace, parent


def _verteld(dienst: str, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as a span of the Logboek Dataverwerkingen; what is ours stands under ``casuslog.``."""
    return {
        "trace_id": row["trace_id"],
        "span_id": row["span_id"],
        "parent_span_id": row["parent_span_id"],
        "name": row["onderdeel"],
        "start_time": row["begin"].isoformat(),
        "end_time": row["einde"].isoformat(),
        "status": row["status"],
        "resource": {"service.name": dienst},
        "attributes": {
            "dpl.core.processing_activity_id": row["activiteit"],
            "dpl.core.data_subject_id": row["betrokkene"],
            "dpl.core.data_subject_id_type": SOORT,
            "casuslog.gemeente": row["gemeente"],
            "casuslog.rol": row["rol"],
            "casuslog.organisatie": row["organisatie"],
            "casuslog.lezer": row["lezer"],
            "casuslog.doelbinding": row["doelbinding"],
            "casuslog.reden": row["reden"],
            "casuslog.aantal": row["aantal"],
        },
    }


def samengevoegd(per_dienst: Iterable[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The records of several services in one list, oldest first."""
    return sorted((dict(one) for rows in per_dienst for one in rows), key=lambda one: str(one["start_time"]))


__all__ = ["FASE", "Verwerking", "leg_vast", "samengevoegd", "van", "wis_verlopen"]
