"""Vernietigen: retention and holds, destroying the keys of a casus, and telling of it. See docs/vernietigen.md."""

from __future__ import annotations

from sqlalchemy import Connection

from casuslog.envelope import Actor, Stream
from casuslog.events import Fact
from casuslog.recorded import Context, RecordedEvent
from casuslog.store import Transaction
from casuslog.vernietigen import wissen
from casuslog.vernietigen.gebeurtenissen import BEWARING, STROOM, VernietigingBevestigd


def wis_leesmodel(conn: Connection, event: RecordedEvent) -> int:
    """Wipe from the read models what a ``GegevensVernietigd`` says was destroyed; how many rows."""
    e = event.envelope
    return wissen.wis_leesmodel(
        conn, e.gemeente, e.subject, omvang=event["omvang"], dossier=e.service, betrokkene=event["betrokkene"]
    )


def wis_overig(conn: Connection, consumer: str, event: RecordedEvent) -> int:
    """Wipe what else ``consumer`` keeps of it; how many rows."""
    e = event.envelope
    return wissen.wis_overig(conn, consumer, e.gemeente, e.subject, omvang=event["omvang"], dossier=e.service)


def bevestig(tx: Transaction, door: Actor, event: RecordedEvent) -> None:
    """Record that this service wiped what a ``GegevensVernietigd`` says was destroyed."""
    e = event.envelope
    said = VernietigingBevestigd(vernietiging=event["vernietiging"], dossier=e.service)
    leg_vast(tx, e.gemeente, e.subject, [Fact(said, on=e.feitdatum, betrokkene=BEWARING)], Context.caused_by(e, door))


def leg_vast(tx: Transaction, gemeente: str, subject: str, facts: list[Fact], context: Context) -> None:
    """Append to the stream ``bewaring`` that this service has of a casus."""
    stream = Stream(gemeente, STROOM, subject)
    tx.append(stream, _versie(tx, stream), facts, context)


def _versie(tx: Transaction, stream: Stream) -> int:
    return max((one.envelope.sequence for one in tx.read_stream(stream)), default=0)


__all__ = ["bevestig", "leg_vast", "wis_leesmodel", "wis_overig"]
