"""The service onderzoek: from the melding to an outcome, and to the gemeente that decides, over HTTP and rpc."""

from __future__ import annotations

from typing import Any, ClassVar

from casuslog.commands import CommandType, Expiry, Readers, by_policy
from casuslog.envelope import Stream
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.service import CasusService
from casuslog.readmodels import Policy
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.onderzoek import commands as c
from services.onderzoek import indicatie as i
from services.onderzoek import onderzoek as z
from services.onderzoek import opdrachten as o
from services.onderzoek.inrichting import OnderzoekInrichting
from services.onderzoek.staat import ONDERZOEK
from services.onderzoek.toestanden import TOESTANDEN


def _opdracht(name: str, schema: Any, decide: Any) -> CommandType:
    return CommandType(name=name, schema=schema, aggregate=ONDERZOEK, decide=by_policy(decide))


def _inrichting(policy: Policy) -> OnderzoekInrichting:
    return OnderzoekInrichting.van_beleid(policy.beleid)


class OnderzoekService(Foutmeldingen, CasusService):
    """What a gemeente finds out after a melding."""

    name = "onderzoek"
    readers = Readers(inrichting=_inrichting)
    expiries: ClassVar[Any] = {
        z.SOORT: Expiry(aggregate=ONDERZOEK, decide=lambda staat, dag, _: z.termijn_verstreken(staat, dag))
    }
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = (
        _opdracht("plan-gesprek", c.PLAN_GESPREK, z.plan_gesprek),
        _opdracht("verstuur-afspraakbevestiging", c.VERSTUUR_AFSPRAAKBEVESTIGING, z.verstuur_afspraakbevestiging),
        _opdracht("leg-gesprek-vast", c.LEG_GESPREK_VAST, z.leg_gesprek_vast),
        _opdracht("leg-vast-geen-gesprek", c.LEG_VAST_GEEN_GESPREK, z.leg_vast_geen_gesprek),
        _opdracht("schakel-clientondersteuner-in", c.SCHAKEL_CLIENTONDERSTEUNER_IN, z.schakel_clientondersteuner_in),
        _opdracht("ontvang-persoonlijk-plan", c.ONTVANG_PERSOONLIJK_PLAN, z.ontvang_persoonlijk_plan),
        _opdracht("betrek-persoonlijk-plan", c.BETREK_PERSOONLIJK_PLAN, z.betrek_persoonlijk_plan),
        _opdracht("verstrek-verslag", c.VERSTREK_VERSLAG, z.verstrek_verslag),
        _opdracht("corrigeer-verslag", c.CORRIGEER_VERSLAG, z.corrigeer_verslag),
        _opdracht("onderteken-verslag", c.ONDERTEKEN_VERSLAG, z.onderteken_verslag),
        _opdracht("rond-onderzoek-af", c.ROND_ONDERZOEK_AF, z.rond_onderzoek_af),
        _opdracht("breek-onderzoek-af", c.BREEK_ONDERZOEK_AF, z.breek_onderzoek_af),
        _opdracht("reken-vertraging-toe", c.REKEN_VERTRAGING_TOE, z.reken_vertraging_toe),
        _opdracht("dien-indicatie-in", c.DIEN_INDICATIE_IN, i.dien_indicatie_in),
        _opdracht("stuur-indicatie-terug", c.STUUR_INDICATIE_TERUG, i.stuur_indicatie_terug),
        _opdracht("vul-indicatie-aan", c.VUL_INDICATIE_AAN, i.vul_indicatie_aan),
    )

    @on_event("melding", "MeldingGeregistreerd")
    def begin_termijn(self, event: RecordedEvent, tx: Transaction) -> None:
        """The term runs from the melding, at the gemeente where it was made."""
        gemeld_op = event.envelope.feitdatum
        self._react(event, tx, event.envelope.gemeente, lambda s, p: z.start_termijn(s, gemeld_op, _inrichting(p)))

    @on_event("melding", "MeldingGeregistreerd", projection=True)
    @on_event("melding", "BetrokkenheidVastgelegd", projection=True)
    @on_event("beschikking", "BetrokkenheidVastgelegd", projection=True)
    def onthoud(self, event: RecordedEvent, tx: Transaction) -> None:
        """Note since when the casus runs and who is involved in it."""
        self.note(event, tx)

    @on_event("melding", "MeldingIngetrokken")
    def volg_intrekking(self, event: RecordedEvent, tx: Transaction) -> None:
        """A melding that was withdrawn needs no further onderzoek."""
        self._volg_einde(event, tx, "melding_ingetrokken")

    @on_event("melding", "MeldingAfgesloten")
    def volg_sluiting(self, event: RecordedEvent, tx: Transaction) -> None:
        """A melding that was closed needs no further onderzoek."""
        self._volg_einde(event, tx, "melding_afgesloten")

    @on_event("beschikking", "BesluitBekendgemaakt")
    def koppel_terug(self, event: RecordedEvent, tx: Transaction) -> None:
        """The team that indicated hears what another gemeente decided."""
        woont_in = event.envelope.woongemeente
        if woont_in is None or woont_in == event.envelope.gemeente:
            return
        opdracht = o.KoppelBesluitTerug(
            op=event.envelope.feitdatum, door=self.log.system, uitkomst=event["uitkomst"], pakket=event["pakket"]
        )
        self._react(event, tx, woont_in, lambda s, p: i.koppel_besluit_terug(s, opdracht, _inrichting(p)))

    def _volg_einde(self, event: RecordedEvent, tx: Transaction, reden: str) -> None:
        op = event.envelope.feitdatum
        self._react(event, tx, event.envelope.gemeente, lambda s, _: z.volg_einde_melding(s, op, reden))

    def _react(self, event: RecordedEvent, tx: Transaction, owner: str, decide: Any) -> None:
        log: ServiceLog = self.log
        log.react(tx, event, ONDERZOEK, Stream(owner, ONDERZOEK.kind, event.envelope.subject), decide)
