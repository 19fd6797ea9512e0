"""Deliveries that nobody asks for: what follows from who decides and where somebody lives. Pure.

A gemeente that receives an indicatie must be able to decide on it, and the team that did the onderzoek must hear what
became of it (004:2284-2298). Who that is stands in the recorded involvement, which follows from the inrichtingen. The
first such record opens the delivery, once for each pair of gemeenten, role and thema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from casuslog.codes import gemeente as gemeente_of
from casuslog.codes import oin_of
from casuslog.errors import InvalidInput
from casuslog.events import VERNIETIGD, Fact
from casuslog.recorded import RecordedEvent
from services.abonnement.gebeurtenissen import AVRO, FEITEN, VOLLEDIG, AbonnementToegekend, Houder
from services.abonnement.houders import OIN


@dataclass(frozen=True, slots=True)
class Levering:
    """To whom of the other gemeente, what, how much, and why."""

    rol: str
    gebeurtenistypen: tuple[str, ...]
    profiel: str
    doelbinding: str
    grondslag: str


LEVERINGEN: Mapping[str, Levering] = {
    "besluitende_gemeente": Levering(
        "centrumgemeente",
        ("indicatie-ingediend", "indicatie-teruggestuurd", "indicatie-aangevuld"),
        VOLLEDIG,
        "besluit_op_aanvraag",
        "Wmo 2015 art. 2.3.5 en 5.1.1: wie besluit, heeft de indicatie nodig",
    ),
    "woongemeente": Levering(
        "wijkteam",
        (
            "besluit-genomen",
            "besluit-bekendgemaakt",
            "opdracht-verstrekt",
            "opdracht-beeindigd",
            "levering-gestart",
            "levering-beeindigd",
        ),
        FEITEN,
        "terugkoppeling_besluit",
        "Wmo 2015 art. 5.1.1: terugkoppeling aan het team dat uitvoert (004:2290-2298)",
    ),
}
"""Per capacity in which another gemeente is recorded."""


def volgt_uit(event: RecordedEvent, vandaag: date) -> tuple[str, str, Fact] | None:
    """The delivery that follows from a ``BetrokkenheidVastgelegd``: its id, the gemeente that receives, and the grant.

    ``None`` where none follows: another capacity, one's own gemeente, or an organisation that is no gemeente.
    """
    if event["als"] is VERNIETIGD or event["als"] not in LEVERINGEN:
        return None
    gever, ontvanger, thema = event.envelope.gemeente, str(event["organisatie"]), event["thema"]
    if ontvanger == gever or not _is_gemeente(ontvanger):
        return None
    levering = LEVERINGEN[event["als"]]
    id = str(uuid5(NAMESPACE_URL, f"urn:casuslog:verplicht:{ontvanger}:{levering.rol}:{gever}:{thema or ''}"))
    toegekend = AbonnementToegekend(
        houder=Houder(soort=OIN, nummer=oin_of(ontvanger)),
        queue=f"casuslog.houder.{id}",
        rol=levering.rol,
        gemeenten=(gever,),
        themas=(thema,) if thema else (),
        gebeurtenistypen=levering.gebeurtenistypen,
        van=vandaag,
        doelbinding=levering.doelbinding,
        grondslag=levering.grondslag,
        vorm=AVRO,
        profiel=levering.profiel,
        verplicht=True,
    )
    return id, ontvanger, Fact(toegekend, on=vandaag, rule=levering.grondslag)


def _is_gemeente(organisatie: str) -> bool:
    try:
        return gemeente_of(organisatie).code == organisatie
    except InvalidInput:
        return False
