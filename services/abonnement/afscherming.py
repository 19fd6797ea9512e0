"""A casus that is not safe to share: marked by who answers for it, and from then on delivered to nobody. Pure.

It stands in a stream of its own beside the casus: nobody may find from a delivery, a number or a timeline that a casus
was shielded. What was delivered before stays where it is; what lies in a queue is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Actor
from casuslog.errors import Forbidden, Refused
from casuslog.events import Fact
from casuslog.recorded import Aggregate
from services.abonnement.gebeurtenissen import AFSCHERMING, AfschermingOpgeheven, CasusAfgeschermd
from services.abonnement.opdrachten import HefAfschermingOp, SchermCasusAf

BEVOEGD = ("beheerder", "college", "consulent", "senior_consulent", "wijkteam")
"""Who knows the casus, or answers for the gemeente: whoever sees the danger must be able to stop the sharing."""
_GROND = "AVG art. 5 lid 1 onder f en art. 18"


@dataclass(frozen=True, slots=True)
class Afscherming:
    """Whether the casus is shielded by this gemeente, since when and why."""

    sinds: date | None = None
    reden: str = ""


def evolve(staat: Afscherming, feit: Fact) -> Afscherming:
    """The state after this fact."""
    match feit.data:
        case CasusAfgeschermd(reden=reden):
            return Afscherming(feit.on, reden)
        case AfschermingOpgeheven():
            return Afscherming()
        case _:
            return staat


CASUSAFSCHERMING = Aggregate(AFSCHERMING, Afscherming(), evolve)


def scherm_af(staat: Afscherming, opdracht: SchermCasusAf) -> list[Fact]:
    """Stop all sharing of the casus; again for the same reason changes nothing.

    Raises:
        Forbidden: ``niet_bevoegd``.
    """
    _eis_bevoegd(opdracht.door)
    if staat.sinds is not None and staat.reden == opdracht.reden:
        return []
    return [Fact(CasusAfgeschermd(reden=opdracht.reden), on=opdracht.op)]


def hef_op(staat: Afscherming, opdracht: HefAfschermingOp) -> list[Fact]:
    """Let the casus be shared again.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``niet_afgeschermd``.
    """
    _eis_bevoegd(opdracht.door)
    if staat.sinds is None:
        raise Refused(
            "niet_afgeschermd",
            "Niet opgeheven: deze gemeente heeft de casus niet afgeschermd.",
            rule=_GROND,
            remedy="Laat de gemeente die de casus afschermde dit doen.",
        )
    return [Fact(AfschermingOpgeheven(), on=opdracht.op)]


def _eis_bevoegd(door: Actor) -> None:
    if door.rol not in BEVOEGD:
        raise Forbidden(
            "niet_bevoegd",
            f"De rol {door.rol} schermt geen casus af.",
            rule=_GROND,
            remedy=f"Laat dit doen door: {', '.join(BEVOEGD)}.",
            field="rol",
        )
