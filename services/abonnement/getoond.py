"""How much of each event went to the queue of a holder, of its last numbers: by it is seen that a right shrank.

Written before the message goes, in the transaction in which it was judged: whatever may lie in a queue stands here.
Only levels and names of fields, no content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from casuslog.rights import Level
from casuslog.store import Transaction
from services.abonnement.tabellen import getoond as t
from services.abonnement.weergave import Beeld

_TRAP = {Level.FEITEN: 2, Level.VOLLEDIG: 3}


@dataclass(frozen=True, slots=True)
class Getoond:
    """What a message shows: 0 status, 1 the whole envelope, 2 facts, 3 all; ``velden`` where that is not all of it."""

    trap: int
    velden: frozenset[str] | None = None

    def minder_dan(self, toen: Getoond) -> bool:
        """Whether something that was shown then is not shown now."""
        if self.trap < toen.trap:
            return True
        return self.velden is not None and (toen.velden is None or not toen.velden <= self.velden)

    def met(self, ander: Getoond) -> Getoond:
        """All that either shows."""
        velden = None if self.velden is None or ander.velden is None else self.velden | ander.velden
        return Getoond(max(self.trap, ander.trap), velden)


def van_beeld(uit: Beeld) -> Getoond:
    """What is shown of an event that goes out so."""
    return Getoond(_TRAP.get(uit.niveau, int(uit.op_te_halen)), None if uit.geheel else uit.velden)


def bewaar(tx: Transaction, abonnement: str, nieuw: Mapping[int, Getoond], *, behoud: int) -> None:
    """Keep what these numbers show; of the numbers that lie ``behoud`` or more behind them nothing is kept.

    What went before and was not taken back may lie in the queue beside it: both count.
    """
    if not nieuw:
        return
    al = per_nummer(tx, abonnement, nieuw)
    oud = max(nieuw) - behoud
    mijn = t.c.abonnement == abonnement
    tx.conn.execute(delete(t).where(mijn, t.c.nummer.in_(list(nieuw)) | (t.c.nummer <= oud)))
    rijen = {nummer: one.met(al[nummer]) if nummer in al else one for nummer, one in nieuw.items()}
    tx.conn.execute(insert(t), [_rij(abonnement, nummer, one) for nummer, one in rijen.items()])


def per_nummer(tx: Transaction, abonnement: str, nummers: Iterable[int] | None = None) -> dict[int, Getoond]:
    """What was shown under the last numbers of a subscription, or under these of them."""
    van = select(t).where(t.c.abonnement == abonnement)
    if nummers is not None:
        van = van.where(t.c.nummer.in_(list(nummers)))
    rijen = tx.conn.execute(van).all()
    return {rij.nummer: Getoond(rij.trap, None if rij.velden is None else frozenset(rij.velden)) for rij in rijen}


def vergeet(tx: Transaction, abonnement: str, nummers: Iterable[int]) -> None:
    """These were taken out of the queue."""
    tx.conn.execute(delete(t).where(t.c.abonnement == abonnement, t.c.nummer.in_(list(nummers))))


def _rij(abonnement: str, nummer: int, one: Getoond) -> dict[str, object]:
    velden = None if one.velden is None else sorted(one.velden)
    return {"abonnement": abonnement, "nummer": nummer, "trap": one.trap, "velden": velden}


__all__ = ["Getoond", "bewaar", "per_nummer", "van_beeld", "vergeet"]
