"""The service beschikking: aanvraag, besluit, bekendmaking and opdracht, over HTTP and rpc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any, ClassVar

from casuslog.commands import CommandType, Decide, Expiry, Readers, Situation, by_itself, by_knowledge, by_policy
from casuslog.envelope import Actor, Stream
from casuslog.events import Fact
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.service import CasusService
from casuslog.readmodels import Policy
from casuslog.recorded import RecordedEvent
from casuslog.rights.showing import values
from casuslog.store import Transaction
from services.beschikking import aanvraag, besluit, levering
from services.beschikking.commands import OPDRACHTEN
from services.beschikking.inrichting import BeschikkingInrichting
from services.beschikking.opdrachten import MeldTermijnVerstreken
from services.beschikking.staat import BESCHIKKING
from services.beschikking.toestanden import TOESTANDEN
from services.beschikking.voorkennis import NIETS_BEKEND, Voorkennis, bekend


def _inrichting(policy: Policy) -> BeschikkingInrichting:
    return BeschikkingInrichting.van_beleid(policy.beleid)


def _voorkennis(events: Sequence[RecordedEvent]) -> Voorkennis:
    return reduce(lambda weet, e: bekend(weet, e.envelope.name, values(e), e.envelope.feitdatum), events, NIETS_BEKEND)


def _neem_besluit(s: Situation) -> Sequence[Fact]:
    genummerd = replace(s.command, beschikkingnummer=besluit.beschikkingnummer(s.subject))
    return besluit.neem_besluit(s.state, genummerd, s.inrichting, s.voorkennis)


def _termijn_verstreken(staat: Any, dag: date, policy: Policy) -> Sequence[Fact]:
    opdracht = MeldTermijnVerstreken(op=dag, door=SYSTEEM)
    return aanvraag.termijn_verstreken(staat, opdracht, _inrichting(policy))


SYSTEEM = Actor("systeem", None, "casuslog-beschikking")

_DECIDE: dict[str, Decide] = {
    "dien-aanvraag-in": by_knowledge(aanvraag.ontvang_aanvraag),
    "vraag-aanvulling": by_policy(aanvraag.vraag_aanvulling),
    "ontvang-aanvulling": by_policy(aanvraag.ontvang_aanvulling),
    "trek-aanvraag-in": by_itself(aanvraag.trek_aanvraag_in),
    "neem-besluit": _neem_besluit,
    "maak-besluit-bekend": by_policy(besluit.maak_besluit_bekend),
    "verstrek-opdracht": by_itself(levering.verstrek_opdracht),
    "meld-start-levering": by_itself(levering.meld_start_levering),
    "leg-uitwerking-vast": by_itself(levering.leg_uitwerking_vast),
}


class BeschikkingService(Foutmeldingen, CasusService):
    """What a gemeente decides on an aanvraag, and who delivers it."""

    name = "beschikking"
    readers = Readers(inrichting=_inrichting, voorkennis=_voorkennis)
    expiries: ClassVar[Any] = {"besluit": Expiry(aggregate=BESCHIKKING, decide=_termijn_verstreken)}
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = tuple(
        CommandType(name=name, schema=schema, aggregate=BESCHIKKING, decide=_DECIDE[name])
        for name, schema in OPDRACHTEN.items()
    )

    @on_event("melding", projection=True)
    @on_event("onderzoek", projection=True)
    @on_event("pgb", projection=True)
    def bewaar(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep what a besluit looks at."""
        self.keep(event, tx)

    @on_event("onderzoek", "VerslagOndertekend")
    @on_event("onderzoek", "OnderzoekAfgerond")
    def volg_verslag(self, event: RecordedEvent, tx: Transaction) -> None:
        """A signed verslag is the aanvraag, where the inrichting says so: no second form."""
        # Which method gets an event first is not laid down: what is decided upon is kept before.
        self.keep(event, tx)
        log: ServiceLog = self.log
        owner, casus, op = event.envelope.gemeente, event.envelope.subject, event.envelope.feitdatum
        weet = log.commands.voorkennis(tx, owner, casus)
        log.react(
            tx,
            event,
            BESCHIKKING,
            Stream(owner, BESCHIKKING.kind, casus),
            lambda staat, policy: aanvraag.volg_verslag(staat, op, log.system, _inrichting(policy), weet),
        )
