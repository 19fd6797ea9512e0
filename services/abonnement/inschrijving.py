"""The register of subscriptions, as delivering needs it: kept from the service's own log, folded from its streams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from casuslog.envelope import Envelope, Stream
from casuslog.rights import Reader
from casuslog.store import Transaction
from services.abonnement import deelnames
from services.abonnement.abonnement import ABONNEMENT, WIJZIGINGEN, Abonnement
from services.abonnement.gebeurtenissen import AbonnementToegekend
from services.abonnement.houders import EIGEN_TAAK, organisatie_van
from services.abonnement.tabellen import abonnementen as t
from services.abonnement.verbanden import Verbanden

_GEEN = Verbanden()


@dataclass(frozen=True, slots=True)
class Inschrijving:
    """A subscription that was granted: its id, who granted it, its terms, and the last number given."""

    id: str
    gemeente: str
    abonnement: Abonnement
    laatste: int
    verbanden: Verbanden = _GEEN
    """Who shares what with whom, where that plays a part."""

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
    def reikt_buiten(self) -> bool:
        """Whether it also receives of other gemeenten than the one that granted it."""
        toegekend = self.abonnement.toegekend
        return toegekend is not None and any(code != self.gemeente for code in toegekend.gemeenten)

    def deelt(self, envelope: Envelope, dag: date) -> bool:
        """Whether the owner of an event shares it, as an event of this thema, with the gemeente that granted."""
        if envelope.gemeente == self.gemeente or self.voorwaarden.verplicht or envelope.name in WIJZIGINGEN:
            return True
        return self.verbanden.delen(self.gemeente, envelope.gemeente, envelope.thema, dag)

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
        """Take up what happened to a subscription. The same again changes nothing; an id has one gemeente."""
        _, versie = tx.load(ABONNEMENT, stream)
        van = tx.conn.execute(select(t.c.gemeente).where(t.c.id == stream.id)).scalar_one_or_none()
        if van is None:
            tx.conn.execute(insert(t).values(id=stream.id, gemeente=stream.gemeente, versie=versie, laatste=0))
        elif van == stream.gemeente:
            tx.conn.execute(update(t).where(t.c.id == stream.id).values(versie=versie))

    def alle(self, tx: Transaction) -> list[Inschrijving]:
        """All that can be read, in the order of their ids: who locks several, locks them in this order."""
        rijen = tx.conn.execute(select(t).order_by(t.c.id)).all()
        found = [one for one in (self._inschrijving(tx, rij) for rij in rijen) if one.leesbaar]
        return _met_verbanden(tx, found)

    def een(self, tx: Transaction, id: str) -> Inschrijving | None:
        """The subscription with this id, if its terms can be read."""
        rij = tx.conn.execute(select(t).where(t.c.id == id)).one_or_none()
        found = [] if rij is None else [self._inschrijving(tx, rij)]
        return next(iter(_met_verbanden(tx, [one for one in found if one.leesbaar])), None)

    def _inschrijving(self, tx: Transaction, rij: Any) -> Inschrijving:
        versie, staat = self._gevouwen.get(rij.id, (0, Abonnement()))
        if versie != rij.versie:
            staat, versie = tx.load(ABONNEMENT, Stream(rij.gemeente, ABONNEMENT.kind, rij.id))
            self._gevouwen[rij.id] = (versie, staat)
        return Inschrijving(rij.id, rij.gemeente, staat, rij.laatste)


def _met_verbanden(tx: Transaction, found: list[Inschrijving]) -> list[Inschrijving]:
    if not any(one.reikt_buiten for one in found):
        return found
    gedeeld = deelnames.verbanden(tx)
    return [replace(one, verbanden=gedeeld) if one.reikt_buiten else one for one in found]
