"""How each webhook stands: its stream folded, and the row that says how far it is. Written together, always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, insert, or_, select, update

from casuslog.appending import append
from casuslog.envelope import Stream
from casuslog.events import Fact
from casuslog.recorded import Context
from casuslog.store import Transaction
from services.abonnement.tabellen import abonnementen
from services.abonnement.webhook import ACTIEF, SOORT, TE_BEVESTIGEN, WEBHOOK, Webhook, WebhookHervat, WebhookIngesteld
from services.abonnement.webhooktabellen import HERHALEN, dode_brieven, webhooks

_OPNIEUW = {"pogingen": 0, "eerste_mislukking": None, "volgende_poging": None, "laatste_fout": None}


@dataclass(frozen=True, slots=True)
class Stand:
    """A webhook with its figures; ``rij`` is its row, ``None`` before there is one."""

    stream: Stream
    webhook: Webhook
    versie: int
    rij: Any

    @property
    def positie(self) -> int:
        """The last number that was done."""
        return 0 if self.rij is None else int(self.rij.positie)


def stand(tx: Transaction, gemeente: str, abonnement: str) -> Stand:
    """Of a subscription that this gemeente granted."""
    stream = Stream(gemeente, SOORT, abonnement)
    webhook, versie = tx.load(WEBHOOK, stream)
    rij = tx.conn.execute(select(webhooks).where(webhooks.c.abonnement == abonnement)).one_or_none()
    return Stand(stream, webhook, versie, rij)


def schrijf(tx: Transaction, nu: Stand, facts: Sequence[Fact], context: Context, **figuren: Any) -> Stand:
    """Append what follows, and bring the row up to date."""
    append(tx, nu.stream, nu.versie, facts, context)
    webhook = nu.webhook
    waarden: dict[str, Any] = dict(figuren)
    for fact in facts:
        webhook = WEBHOOK.evolve(webhook, fact)
        if isinstance(fact.data, WebhookIngesteld | WebhookHervat):
            waarden |= _OPNIEUW
        if isinstance(fact.data, WebhookIngesteld) and fact.data.na is not None:
            waarden["positie"] = fact.data.na
    waarden |= {"versie": nu.versie + len(facts), "toestand": webhook.toestand}
    if nu.rij is None:
        begin = {"abonnement": nu.stream.id, "gemeente": nu.stream.gemeente, "positie": 0, "pogingen": 0}
        tx.conn.execute(insert(webhooks).values(**{**begin, **waarden}))
    else:
        tx.conn.execute(update(webhooks).where(webhooks.c.abonnement == nu.stream.id).values(**waarden))
    return stand(tx, nu.stream.gemeente, nu.stream.id)


def merk(tx: Transaction, abonnement: str, **figuren: Any) -> None:
    """Note how a try went, where nothing happened that is a fact."""
    tx.conn.execute(update(webhooks).where(webhooks.c.abonnement == abonnement).values(**figuren))


def aan_de_beurt(tx: Transaction, nu: datetime) -> list[tuple[str, str]]:
    """Subscription and gemeente of each webhook that has something to do at this moment, longest waiting first."""
    te_herhalen = exists().where(dode_brieven.c.abonnement == webhooks.c.abonnement, dode_brieven.c.staat == HERHALEN)
    query = (
        select(webhooks.c.abonnement, webhooks.c.gemeente)
        .join(abonnementen, abonnementen.c.id == webhooks.c.abonnement)
        .where(or_(webhooks.c.volgende_poging.is_(None), webhooks.c.volgende_poging <= moment(nu)))
        .where(
            or_(
                webhooks.c.toestand == TE_BEVESTIGEN,
                and_(webhooks.c.toestand == ACTIEF, or_(webhooks.c.positie < abonnementen.c.laatste, te_herhalen)),
            )
        )
        .order_by(webhooks.c.laatst_bezorgd, webhooks.c.abonnement)
    )
    return [(rij.abonnement, rij.gemeente) for rij in tx.conn.execute(query)]


def moment(when: datetime) -> str:
    """As it stands in the tables: texts that sort as the moments do."""
    return when.isoformat(timespec="microseconds")
