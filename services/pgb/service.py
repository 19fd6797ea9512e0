"""The service pgb: from the wish to the declaraties, and the signal to toezicht, over HTTP and rpc."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from casuslog.commands import CommandType, Decide, QuestionType, Readers, Situation, by_itself, by_policy
from casuslog.envelope import Stream
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.service import CasusService
from casuslog.readmodels import Policy
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.pgb import pgb, signaal
from services.pgb.commands import OPDRACHTEN, VRAGEN
from services.pgb.gebeurtenissen import Budgetregel, Wensregel
from services.pgb.inrichting import PgbInrichting
from services.pgb.opdrachten import KenPgbToe, LegWensVast
from services.pgb.tarief import bereken_budget, bereken_tarief
from services.pgb.toestanden import TOESTANDEN

PGB = "pgb"
TOEGEKEND = ("toegekend", "deels_toegekend")

_DECIDE: dict[str, Decide] = {
    "toets-pgb-voorwaarden": by_itself(pgb.toets_voorwaarden),
    "meld-toekenning-aan-svb": by_itself(pgb.meld_toekenning_aan_svb),
    "keur-zorgovereenkomst-goed": by_itself(pgb.keur_zorgovereenkomst_goed),
    "dien-declaratie-in": by_itself(pgb.dien_declaratie_in),
    "beslis-declaratie": by_policy(pgb.beslis_declaratie),
}


def _inrichting(policy: Policy) -> PgbInrichting:
    return PgbInrichting.van_beleid(policy.beleid)


def _tarief(s: Situation) -> Mapping[str, Any]:
    return dataclasses.asdict(bereken_tarief(s.command.vraag, s.inrichting))


def _budget(s: Situation) -> Mapping[str, Any]:
    return dataclasses.asdict(bereken_budget(s.command.regels, s.command.van, s.command.tot_en_met, s.inrichting))


class PgbService(Foutmeldingen, CasusService):
    """A pgb and its declaraties. A signal to toezicht has a stream of its own, outside the casus."""

    name = "pgb"
    readers = Readers(inrichting=_inrichting)
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = (
        *(
            CommandType(name=name, schema=OPDRACHTEN[name], aggregate=pgb.PGB, decide=decide)
            for name, decide in _DECIDE.items()
        ),
        CommandType(
            name="geef-signaal-aan-toezicht",
            schema=OPDRACHTEN["geef-signaal-aan-toezicht"],
            aggregate=signaal.SIGNAAL,
            decide=by_itself(signaal.geef_signaal),
            begins=True,
            subject_field="dossier",
        ),
    )
    questions: ClassVar[Any] = (
        QuestionType(name="bereken-pgb-tarief", schema=VRAGEN["bereken-pgb-tarief"], answer=_tarief),
        QuestionType(name="bereken-pgb-budget", schema=VRAGEN["bereken-pgb-budget"], answer=_budget),
    )

    @on_event("beschikking", projection=True)
    def bewaar(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep who is involved, and what was asked and decided."""
        self.keep(event, tx)

    @on_event("melding", "MeldingGeregistreerd", projection=True)
    @on_event("melding", "BetrokkenheidVastgelegd", projection=True)
    @on_event("onderzoek", "BetrokkenheidVastgelegd", projection=True)
    def onthoud(self, event: RecordedEvent, tx: Transaction) -> None:
        """Note since when the casus runs and who is involved in it."""
        self.note(event, tx)

    @on_event("beschikking", "AanvraagOntvangen")
    def leg_wens_vast(self, event: RecordedEvent, tx: Transaction) -> None:
        """An aanvraag for a pgb begins a pgb: the wish, and the tariff of each line."""
        if event["leveringsvorm_gewenst"] != PGB:
            return
        log: ServiceLog = self.log
        opdracht = LegWensVast(
            op=event.envelope.feitdatum,
            door=log.system,
            regels=tuple(_wens(regel) for regel in event["regels"] if regel["hulpverlener"]),
            gemotiveerd=event["gemotiveerd"],
        )
        self._react(event, tx, lambda staat, policy: pgb.leg_wens_vast(staat, opdracht, _inrichting(policy)))

    @on_event("beschikking", "BesluitBekendgemaakt")
    def ken_toe(self, event: RecordedEvent, tx: Transaction) -> None:
        """A pgb that was granted and announced becomes a budget; there is no second besluit."""
        if event["leveringsvorm"] != PGB or event["uitkomst"] not in TOEGEKEND:
            return
        log: ServiceLog = self.log
        opdracht = KenPgbToe(
            op=event.envelope.feitdatum,
            door=log.system,
            beschikkingnummer=event["beschikkingnummer"],
            van=event["van"],
            tot_en_met=event["tot_en_met"],
            regels=tuple(_budgetregel(regel) for regel in event["regels"]),
        )
        self._react(event, tx, lambda staat, policy: pgb.ken_toe(staat, opdracht, _inrichting(policy)))

    def _react(self, event: RecordedEvent, tx: Transaction, decide: Any) -> None:
        log: ServiceLog = self.log
        log.react(tx, event, pgb.PGB, Stream(event.envelope.gemeente, pgb.PGB.kind, event.envelope.subject), decide)


def _wens(regel: Mapping[str, Any]) -> Wensregel:
    return Wensregel(
        regel=regel["regel"],
        voorziening=regel["voorziening"],
        # An aanvraag need not say how much; that is no reason to hold up the casus.
        minuten_per_week=regel["minuten_per_week"] or 0,
        hulpverlener=regel["hulpverlener"],
        kenmerken=tuple(regel["kenmerken"]),
    )


def _budgetregel(regel: Mapping[str, Any]) -> Budgetregel:
    return Budgetregel(
        regel=regel["regel"],
        voorziening=regel["voorziening"],
        minuten_per_week=regel["minuten_per_week"],
        hulpverlener=regel["hulpverlener"],
        tarief_cent=regel["tarief_cent"],
        bedrag_cent=regel["bedrag_cent"],
        eenheid=regel["tariefeenheid"] or "uur",
    )
