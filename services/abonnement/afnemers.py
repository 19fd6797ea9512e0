"""How each subscriber stands, for whoever runs the service: last delivery, what waits, failures, and the next try."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from casuslog.clock import Clock
from casuslog.errors import CasuslogError
from casuslog.store import EventStore, Transaction
from services.abonnement.inschrijving import Register
from services.abonnement.tabellen import GELEVERD, WACHT, abonnementen, haperingen, leveringen
from services.abonnement.webhook import ACTIEF, OPGESCHORT, TE_BEVESTIGEN
from services.abonnement.webhooktabellen import webhooks

MOST = 500
"""Subscriptions that are told of at most: those that fail first, then those for which most waits."""
QUEUE, WEBHOOK = "amqp", "webhook"

_log = structlog.get_logger("casuslog.abonnement")


def hapert(
    store: EventStore, clock: Clock, abonnement: str, *, pogingen: int, seconden: float, error: Exception
) -> None:
    """Note that a queue could not be served: how often in a row, why (the kind of error), and when it is tried next."""
    volgende = (clock.now() + timedelta(seconds=seconden)).isoformat(timespec="seconds")
    row = {"abonnement": abonnement, "pogingen": pogingen, "volgende": volgende, "reden": type(error).__name__[:64]}

    def write(tx: Transaction) -> None:
        tx.conn.execute(delete(haperingen).where(haperingen.c.abonnement == abonnement))
        tx.conn.execute(insert(haperingen).values(**row))

    _kept(store, write, abonnement)


def gaat_weer(store: EventStore, abonnement: str) -> None:
    """Note that it could be served."""
    _kept(
        store,
        lambda tx: tx.conn.execute(delete(haperingen).where(haperingen.c.abonnement == abonnement)),
        abonnement,
    )


def _kept(store: EventStore, write: Any, abonnement: str) -> None:
    try:
        store.run_transaction(write)
    except (CasuslogError, SQLAlchemyError) as error:
        # A note for an operator: the delivery itself neither waits for it nor fails with it.
        _log.info("stand niet genoteerd", abonnement=abonnement, soort=type(error).__name__)


def stand(conn: Connection, gemeenten: Collection[str]) -> list[dict[str, Any]]:
    """Each queue and webhook of the subscriptions that these gemeenten granted; no content, and nobody's name."""
    rows = [*_queues(conn, gemeenten), *_webhooks(conn, gemeenten)]
    return sorted(rows, key=lambda row: (-row["pogingen"], -row["wacht"], row["abonnement"]))[:MOST]


def opgeschorte_webhooks(tx: Transaction, register: Register, dag: date) -> int:
    """How many webhooks stand still after their final failure; of a subscription that ended nobody has to be called."""
    stil = tx.conn.execute(select(webhooks.c.abonnement).where(webhooks.c.toestand == OPGESCHORT)).scalars().all()
    van = [register.een(tx, abonnement) for abonnement in stil]
    return sum(een is not None and een.abonnement.geldt_op(dag) for een in van)


def _queues(conn: Connection, gemeenten: Collection[str]) -> list[dict[str, Any]]:
    own = leveringen.c.abonnement == abonnementen.c.id
    last = select(leveringen.c.tijd).where(own, leveringen.c.staat == GELEVERD)
    waiting = select(func.count()).select_from(leveringen).where(own, leveringen.c.staat == WACHT)
    query = (
        select(
            abonnementen.c.id,
            last.order_by(leveringen.c.nummer.desc()).limit(1).scalar_subquery().label("laatste"),
            waiting.scalar_subquery().label("wacht"),
            haperingen.c.pogingen,
            haperingen.c.volgende,
            haperingen.c.reden,
        )
        .select_from(abonnementen.outerjoin(haperingen, haperingen.c.abonnement == abonnementen.c.id))
        .where(abonnementen.c.gemeente.in_(list(gemeenten)))
    )
    return [
        _told(row.id, QUEUE, row.laatste, row.wacht, row.pogingen, row.volgende, row.reden)
        for row in conn.execute(query)
    ]


def _webhooks(conn: Connection, gemeenten: Collection[str]) -> list[dict[str, Any]]:
    query = (
        select(webhooks, abonnementen.c.laatste.label("laatste"))
        .join(abonnementen, abonnementen.c.id == webhooks.c.abonnement)
        .where(abonnementen.c.gemeente.in_(list(gemeenten)))
    )
    return [
        _told(
            row.abonnement, WEBHOOK, row.laatst_bezorgd, max(0, row.laatste - row.positie), row.pogingen,
            # One that stands still is not tried again: the moment in its row is over.
            row.volgende_poging if row.toestand in (TE_BEVESTIGEN, ACTIEF) else None, row.laatste_fout,
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def _told(
    abonnement: str,
    kanaal: str,
    last: str | None,
    waiting: int,
    tries: int | None,
    following: str | None,
    why: str | None,
) -> dict[str, Any]:
    return {
        "abonnement": abonnement,
        "kanaal": kanaal,
        "laatste_levering": last,
        "wacht": waiting,
        "pogingen": tries or 0,
        "volgende_poging": following,
        "reden": why,
    }


__all__ = ["gaat_weer", "hapert", "opgeschorte_webhooks", "stand"]
