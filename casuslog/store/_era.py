"""Eras: the lives of a database. Transaction ids order the log only on the server that handed them out.

After a restore or a failover the ids start elsewhere: restored events would hide behind the horizon and new ones sort
before the cursors of readers. So the store refuses to start until someone opens a new era; then all older events are
final.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from casuslog.clock import Clock
from casuslog.errors import StoreError
from casuslog.store import tables
from casuslog.store._engine import application_name

_REMEDY = (
    "Open een nieuw tijdperk met `casuslog era open {service} --reden ...` nadat u weet dat dit de juiste database is."
)


@dataclass(frozen=True, slots=True)
class Server:
    """Which server this is, and where its transaction ids are. Both empty and 0 for a file."""

    system_identifier: str = ""
    timeline: str = ""
    next_xid: int = 0

    @classmethod
    def of(cls, conn: Connection) -> Server:
        """The server behind a connection.

        Raises:
            StoreError: it is a replica, whose order of commits differs from that of the primary.
        """
        if conn.dialect.name != "postgresql":
            return cls()
        if conn.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            raise StoreError(
                "Dit is een replica. Het logboek wordt alleen op de primaire server gelezen en geschreven."
            )
        row = conn.execute(_SERVER).one()
        return cls(str(row.system_identifier), row.timeline, row.next_xid)


# The timeline changes at a promotion and at a restore to a point in time, which keep the system identifier.
_SERVER = text(
    "SELECT (pg_control_system()).system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline, "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_xid"
)


def check_or_begin(conn: Connection, service: str, clock: Clock) -> int:
    """The current era; the first one of an empty store is opened here.

    Raises:
        StoreError: the era does not fit the server, or the database is of another service.
    """
    era = _latest(conn, service)
    if era is None:
        return _open(conn, service, Server.of(conn), clock, 1, "eerste ingebruikname")
    # Before the server is asked how far it is: another process of this service may append at this very moment, and what
    # it appended between the two questions would look newer than the server.
    newest = conn.execute(select(func.max(tables.events.c.xid)).where(tables.events.c.era == era.era)).scalar()
    server = Server.of(conn)
    if (era.system_identifier, era.timeline) != (server.system_identifier, server.timeline):
        raise StoreError(
            f"De gebeurtenissen van {service} komen van een andere server (of een eerder leven ervan). "
            + _REMEDY.format(service=service)
        )
    if server.next_xid and newest is not None and newest >= server.next_xid:
        raise StoreError(
            f"De gebeurtenissen van {service} zijn nieuwer dan deze server (transactie {newest}, de server is bij "
            f"{server.next_xid}). " + _REMEDY.format(service=service)
        )
    return int(era.era)


def open_next(conn: Connection, service: str, clock: Clock, reason: str) -> int:
    """Open the next era; everything in the earlier ones counts as final from now on.

    Raises:
        StoreError: the service still runs on this database, it is of another service, or there is no reason.
    """
    if not reason.strip():
        raise StoreError(
            "Noem de reden van het nieuwe tijdperk, bijvoorbeeld 'teruggezet uit de reservekopie van 3 mei'."
        )
    _ensure_alone(conn, service)
    latest = _latest(conn, service)
    return _open(conn, service, Server.of(conn), clock, latest.era + 1 if latest else 1, reason)


def _latest(conn: Connection, service: str) -> Row[Any] | None:
    era = conn.execute(select(tables.eras).order_by(tables.eras.c.era.desc()).limit(1)).first()
    if era is not None and era.service != service:
        raise StoreError(f"Deze database is van de dienst {era.service}, niet van {service}.")
    return era


def _ensure_alone(conn: Connection, service: str) -> None:
    # A writer that began in the old era and commits after this would appear behind the readers.
    if conn.dialect.name != "postgresql":
        return
    others = conn.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = :name AND pid <> pg_backend_pid()"
        ),
        {"name": application_name(service)},
    ).scalar_one()
    if others:
        raise StoreError(f"De dienst {service} heeft nog {others} verbindingen open. Stop haar eerst.")


def _open(conn: Connection, service: str, server: Server, clock: Clock, era: int, reason: str) -> int:
    conn.execute(
        insert(tables.eras).values(
            era=era,
            service=service,
            system_identifier=server.system_identifier,
            timeline=server.timeline,
            opened_at=clock.now(),
            reason=reason,
        )
    )
    return era
