"""Processing records of what goes out to holders in the clear: over the feed, in a queue or to a webhook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from casuslog import verwerkingen
from casuslog.privacy import KeyStore
from casuslog.store import Transaction
from services.abonnement.gebeurtenissen import FEITEN, VOLLEDIG
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.tabellen import leveringen

LEESBAAR = (FEITEN, VOLLEDIG)
"""Levels at which data goes along; an informatiearm message says no more than its envelope."""


def over(shown: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Of whom data is shown in rows of the feed: pairs of gemeente and casus."""
    return {(row["gemeente"], row["subject"]) for row in shown if row.get("niveau") in LEESBAAR}


def verstrekt(
    tx: Transaction, keys: KeyStore, inschrijving: Inschrijving, nummers: Collection[int], nu: datetime
) -> None:
    """Record that these numbers go out in the clear, in a transaction that is over before they do."""
    if not nummers:
        return
    t = leveringen.c
    welke = select(t.gemeente, t.subject).where(t.abonnement == inschrijving.id, t.nummer.in_(list(nummers)))
    gelezen = verwerkingen.Verwerking(
        lezer=inschrijving.lezer, onderdeel="levering", begin=nu, toegestaan=True, aantal=len(nummers)
    )
    rijen = tx.conn.execute(welke.distinct()).all()
    verwerkingen.leg_vast(tx.conn, keys, gelezen, [(rij.gemeente, rij.subject) for rij in rijen], nu)


__all__ = ["LEESBAAR", "over", "verstrekt"]
