"""The register of subscriptions, as delivering needs it: kept from the service's own log, folded from its streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from casuslog.envelope import Stream
from casuslog.rights import Reader
from casuslog.store import Transaction
from services.abonnement.abonnement import (
    ABONNEMENT,
    EIGEN_TAAK,
    Abonnement,
    AbonnementToegekend,
    organisatie_van,
)
from services.abonnement.tabellen import abonnementen as t


@dataclass(frozen=True, slots=True)
class Inschrijving:
    """A subscription that was granted: its id, who granted it, its terms, and the last number given."""

    id: str
    gemeente: str
    abonnement: Abonnement
    laatste: int

    @property
    def voorwaarden(self) -> AbonnementToegekend:
        """What was granted."""
        if self.abonnement.toegekend is None:
            raise ValueError(f"abonnement {self.id} was never granted")
        return self.abonnement.toegekend

    @property
    def leesbaar(self) -> bool:
        """Whether its terms can still be read."""
        return self.abonnement.toegekend is not None and not self.abonnement.vernietigd

    @property
    def lezer(self) -> Reader:
        """The holder as the rights know a reader. Its pseudonym is the subscription: it did nothing itself."""
        rol = self.voorwaarden.rol
        werkt_voor = () if rol in EIGEN_TAAK else (self.gemeente,)
        return Reader(rol, organisatie_van(self.voorwaarden.houder), self.id, werkt_voor, self.voorwaarden.doelbinding)


class Register:
    """The subscriptions of one installation. What was folded is remembered as long as its stream stays as it is."""

    def __init__(self) -> None:
        self._gevouwen: dict[str, tuple[int, Abonnement]] = {}

    def werk_bij(self, tx: Transaction, stream: Stream) -> None:
        """Take up what happened to a subscription. The same again changes nothing."""
        _, versie = tx.load(ABONNEMENT, stream)
        gewijzigd = tx.conn.execute(update(t).where(t.c.id == stream.id).values(versie=versie))
        if not gewijzigd.rowcount:
            tx.conn.execute(insert(t).values(id=stream.id, gemeente=stream.gemeente, versie=versie, laatste=0))

    def alle(self, tx: Transaction) -> list[Inschrijving]:
        """All that can be read, in the order of their ids: who locks several, locks them in this order."""
        rijen = tx.conn.execute(select(t).order_by(t.c.id)).all()
        return [found for found in (self._inschrijving(tx, rij) for rij in rijen) if found.leesbaar]

    def een(self, tx: Transaction, id: str) -> Inschrijving | None:
        """The subscription with this id, if its terms can be read."""
        rij = tx.conn.execute(select(t).where(t.c.id == id)).one_or_none()
        found = None if rij is None else self._inschrijving(tx, rij)
        return found if found is not None and found.leesbaar else None

    def _inschrijving(self, tx: Transaction, rij: Any) -> Inschrijving:
        versie, staat = self._gevouwen.get(rij.id, (0, Abonnement()))
        if versie != rij.versie:
            staat, versie = tx.load(ABONNEMENT, Stream(rij.gemeente, ABONNEMENT.kind, rij.id))
            self._gevouwen[rij.id] = (versie, staat)
        return Inschrijving(rij.id, rij.gemeente, staat, rij.laatste)
