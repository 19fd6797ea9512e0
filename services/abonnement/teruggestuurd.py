"""What a holder rejected in its queue (``basic.reject`` without requeue): a dead letter, as if it had said so itself.

The broker lays it in a queue of ours, with the name of the queue that it came from. That name is the broker's own word:
no holder can write anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from casuslog.store import Transaction
from services.abonnement import brieven
from services.abonnement.afzender import van_dienst
from services.abonnement.brieven import Afwijzing
from services.abonnement.dodebrief import VIA_HOUDER
from services.abonnement.tabellen import abonnementen

REDENEN = {"rejected": "afgewezen", "delivery_limit": "te_vaak_teruggegeven"}
"""Why the broker took a message out of a queue, in its words and in those of the list *webhookreden*."""

_log = structlog.get_logger("casuslog.abonnement")


@dataclass(frozen=True, slots=True)
class Teruggestuurd:
    """A message that came back: of which subscription, its number, and why in the words of the broker."""

    abonnement: str
    nummer: int
    reden: str


def boek(tx: Transaction, terug: Iterable[Teruggestuurd], nu: datetime) -> int:
    """Book them as dead letters; gives how many were new. The same again changes nothing."""
    nieuw = 0
    for one in terug:
        gemeente = tx.conn.execute(
            select(abonnementen.c.gemeente).where(abonnementen.c.id == one.abonnement)
        ).scalar_one_or_none()
        if gemeente is None or brieven.rij_van(tx, one.abonnement, one.nummer) is None:
            # Nothing that we sent: somebody who may write to all queues of holders put it there.
            _log.warning("teruggestuurd bericht is niet van ons", abonnement=one.abonnement, nummer=one.nummer)
            continue
        reden = REDENEN.get(one.reden, "afgewezen")
        afwijzing = Afwijzing(nummer=one.nummer, kanaal=VIA_HOUDER, reden=reden)
        nieuw += brieven.boek(tx, gemeente, one.abonnement, afwijzing, nu, van_dienst())
    return nieuw


__all__ = ["REDENEN", "Teruggestuurd", "boek"]
