"""The service abonnement: who receives what. It keeps what the log carried, gives numbers, delivers, and is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import structlog
from nameko.extensions import DependencyProvider
from sqlalchemy.exc import SQLAlchemyError

from casuslog import verwerkingen
from casuslog.appending import append
from casuslog.broker.holders import access_by
from casuslog.caller import Caller
from casuslog.clock import today
from casuslog.consume import timers
from casuslog.consume.timers import Timer
from casuslog.envelope import Stream
from casuslog.errors import CasuslogError
from casuslog.hosting.entrypoint import PLATFORM_KEY, on_event
from casuslog.hosting.platform import Platform
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.service import CasusService
from casuslog.hosting.timers import on_timer
from casuslog.metrics import DELIVERIES, Figure
from casuslog.readmodels import KnownEvents
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.abonnement import abonnement as a
from services.abonnement import afnemers, deelnames, feed, herhaling, intrekking, nummering, tabellen, verplicht
from services.abonnement.besluiten import COMMANDS, PERIODE
from services.abonnement.cloudeventdienst import CloudEventDienst
from services.abonnement.foutdienst import FoutDienst
from services.abonnement.gebeurtenissen import AFSCHERMING
from services.abonnement.herhaling import HERHAALD
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.intrekking import BETROKKENHEID, RAAKT_RECHTEN
from services.abonnement.levering import Levering
from services.abonnement.lezen import LeesHttp
from services.abonnement.toegang import ToegangHttp
from services.abonnement.toestanden import TOESTANDEN
from services.abonnement.typendienst import TypenDienst
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.webhookdienst import WebhookDienst

_log = structlog.get_logger("casuslog.abonnement")


class Leveren(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Runs the pump beside the service, and gives the service its register of subscriptions."""

    def setup(self) -> None:
        """Make the register."""
        self._register = Register()

    def start(self) -> None:
        """Begin to deliver."""
        platform: Platform = self.container.config[PLATFORM_KEY]
        store = platform.store_for(self.container.service_name)
        tabellen.metadata.create_all(store.engine)
        verwerkingen.metadata.create_all(store.engine)
        url = platform.settings.holders_url
        pomp = Levering(
            store,
            KnownEvents(platform.codec),
            Register(),
            platform.clock,
            lambda: BrokerUitgang(url),
            lease_seconds=platform.settings.lease_seconds,
            toegang=access_by(platform.settings.amqp_beheer, url),
            keys=platform.keys,
        )
        self._stopping = threading.Event()
        self._ended = self.container.spawn_managed_thread(lambda: pomp.run(self._stopping), identifier="levering")

    def stop(self) -> None:
        """Finish what is being sent, and stop."""
        self._stopping.set()
        self._ended.wait()

    def get_dependency(self, worker_ctx: Any) -> Register:  # noqa: ARG002  # nameko's signature
        """The register."""
        return self._register


class AbonnementService(LeesHttp, ToegangHttp, WebhookDienst, CloudEventDienst, FoutDienst, TypenDienst, CasusService):
    """Subscriptions, their numbers, their queues and their pull feed."""

    name = "abonnement"
    tables = tabellen.metadata
    # Every number of a subscription is given under the lock of its row: lanes side by side undid each other, and after
    # an outage they spent more on trying again than on the backlog.
    consumer_options: ClassVar[Any] = {"lanes": 1}
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = COMMANDS
    register: Any = Leveren()

    @on_event("melding", projection=True, batch=True)
    @on_event("onderzoek", projection=True, batch=True)
    @on_event("beschikking", projection=True, batch=True)
    @on_event("pgb", projection=True, batch=True)
    @on_event("toezicht", projection=True, batch=True)
    def nummer(self, events: Sequence[RecordedEvent], tx: Transaction) -> None:
        """Keep what the log carried, and give numbers of each subscription that may see it, casus by casus."""
        log: ServiceLog = self.log
        for event in events:
            self.keep(event, tx)
        dag, inschrijvingen = today(log.platform.clock), self.register.alle(tx)
        for subject in dict.fromkeys(event.envelope.subject for event in events):
            nummering.nummer(tx, log.known, subject, inschrijvingen, dag)
        self._open_verplicht([event for event in events if event.envelope.name == BETROKKENHEID], tx)
        for subject in {event.envelope.subject for event in events if event.envelope.name in RAAKT_RECHTEN}:
            intrekking.let_op(tx, log.known, inschrijvingen, dag, subject)

    @on_event("abonnement", projection=True)
    def schrijf_in(self, event: RecordedEvent, tx: Transaction) -> None:
        """Take up a grant, an end or a repetition; what was kept since its first day gets its numbers."""
        log: ServiceLog = self.log
        stream = event.envelope.stream
        if stream.kind == AFSCHERMING:
            self._afscherming(event, tx)
        if stream.kind != a.ABONNEMENT.kind:
            return
        self.register.werk_bij(tx, stream)
        inschrijving = self.register.een(tx, stream.id)
        if inschrijving is None:
            return
        if event.envelope.name == HERHAALD:
            herhaling.zet_terug(tx, stream.id, event)
        else:
            _bewaak(tx, inschrijving, stream)
            intrekking.let_op(tx, log.known, [inschrijving], today(log.platform.clock))
            nummering.haal_in(tx, log.known, inschrijving, today(log.platform.clock))

    def _open_verplicht(self, events: Sequence[RecordedEvent], tx: Transaction) -> None:
        """Open the deliveries that follow from who is involved, each once."""
        log: ServiceLog = self.log
        for event in events:
            volgt = None if event.envelope.geimporteerd else verplicht.volgt_uit(event, today(log.platform.clock))
            if volgt is not None:
                id, gemeente, toegekend = volgt
                stream = Stream(gemeente, a.ABONNEMENT.kind, id)
                staat, versie = tx.load(a.ABONNEMENT, stream)
                if staat.toegekend is None and not staat.vernietigd:
                    append(tx, stream, versie, [toegekend], log.of_itself())

    def _afscherming(self, event: RecordedEvent, tx: Transaction) -> None:
        """A casus may be delivered to nobody, or again: what lies in queues is taken back, what waited gets numbers."""
        log: ServiceLog = self.log
        dag, casus, alle = today(log.platform.clock), event.envelope.subject, self.register.alle(tx)
        self.keep(event, tx)
        nummering.nummer(tx, log.known, casus, alle, dag)
        intrekking.let_op(tx, log.known, alle, dag, casus)

    def more_standing(self, caller: Caller) -> dict[str, Any]:
        """How each subscriber stands whose subscription a gemeente of the caller granted."""
        log: ServiceLog = self.log
        with log.store.reading() as conn:
            return {"afnemers": afnemers.stand(conn, caller.gemeenten)}

    def figures(self) -> Iterator[Figure]:
        """Deliveries and new attempts per channel, and the webhooks that stand still."""
        for channel, (delivered, retried) in DELIVERIES.counts().items():
            yield "deliveries_total", (self.name, channel), delivered
            yield "delivery_retries_total", (self.name, channel), retried
        log: ServiceLog = self.log
        try:
            with log.store.transaction() as tx:
                stil = afnemers.opgeschorte_webhooks(tx, self.register, today(log.platform.clock))
        except (SQLAlchemyError, CasuslogError) as error:
            # That the database is away is told by a figure of every service (database_up); a 0 would be a claim.
            _log.info("cijfers uit de database ontbreken", service=self.name, soort=type(error).__name__)
        else:
            yield "suspended_webhooks", (self.name,), stil

    @on_event("inrichting", "SamenwerkingsverbandVastgesteld", projection=True)
    @on_event("inrichting", "LidUitgetreden", projection=True)
    def houd_verband(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep who takes part in which samenwerkingsverband: it says what gemeenten receive of each other."""
        log: ServiceLog = self.log
        deelnames.bewaar(tx, event)
        buiten = [one for one in self.register.alle(tx) if one.reikt_buiten]
        intrekking.let_op(tx, log.known, buiten, today(log.platform.clock))

    @on_timer
    def termijn_verstreken(self, timer: Timer, tx: Transaction) -> None:
        """The last day of a subscription is over: it ends, and that is told."""
        log: ServiceLog = self.log
        if timer.name == PERIODE:
            staat, versie = tx.load(a.ABONNEMENT, timer.stream)
            append(tx, timer.stream, versie, a.loop_af(staat, today(log.platform.clock)), log.of_itself())

    @classmethod
    def wis_eigen(cls, tx: Transaction, gemeente: str, subject: str, omvang: str) -> None:  # noqa: ARG003
        """What still lies in queues of holders may hold data of the casus: they are taken back, and filled anew."""
        intrekking.noteer_van(tx, gemeente, subject)

    @classmethod
    def verstrekkingen(cls, tx: Transaction, gemeente: str, subject: str) -> list[dict[str, Any]]:
        """Every number that was given of a casus: to which subscription, of which event, and whether it went out."""
        return feed.verstrekt(tx, gemeente, subject)


def _bewaak(tx: Transaction, inschrijving: Inschrijving, stream: Stream) -> None:
    """Let the clock end a subscription whose last day is known, unless it has ended before."""
    einde = inschrijving.voorwaarden.tot_en_met
    if einde is not None and inschrijving.abonnement.beeindigd_per is None:
        timers.reschedule(tx.conn, PERIODE, stream, einde)
    elif inschrijving.abonnement.beeindigd_per is not None:
        timers.cancel(tx.conn, stream, PERIODE)
