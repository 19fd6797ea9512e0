"""The service abonnement: who receives what. It keeps what the log carried, gives numbers, delivers, and is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from nameko.extensions import DependencyProvider
from werkzeug.wrappers import Request, Response

from casuslog.appending import append
from casuslog.clock import today
from casuslog.consume import timers
from casuslog.consume.timers import Timer
from casuslog.envelope import Stream
from casuslog.errors import InvalidInput
from casuslog.hosting.entrypoint import PLATFORM_KEY, on_event
from casuslog.hosting.platform import Platform
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.hosting.service import CasusService
from casuslog.hosting.timers import on_timer
from casuslog.http import http, json_response
from casuslog.metrics import DELIVERIES, Figure
from casuslog.readmodels import KnownEvents
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from services.abonnement import abonnement as a
from services.abonnement import deelnames, feed, nummering, tabellen
from services.abonnement.besluiten import COMMANDS, PERIODE
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.levering import Levering
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.webhookdienst import WebhookDienst


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
        url = platform.settings.amqp_url
        pomp = Levering(
            store,
            KnownEvents(platform.codec),
            Register(),
            platform.clock,
            lambda: BrokerUitgang(url),
            lease_seconds=platform.settings.lease_seconds,
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


class AbonnementService(WebhookDienst, CasusService):
    """Subscriptions, their numbers, their queues and their pull feed."""

    name = "abonnement"
    tables = tabellen.metadata
    # Every number of a subscription is given under the lock of its row: lanes side by side undid each other, and after
    # an outage they spent more on trying again than on the backlog.
    consumer_options: ClassVar[Any] = {"lanes": 1}
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

    @on_event("abonnement", projection=True)
    def schrijf_in(self, event: RecordedEvent, tx: Transaction) -> None:
        """Take up a grant or an end; what was kept since its first day gets its numbers."""
        log: ServiceLog = self.log
        stream = event.envelope.stream
        if stream.kind != a.ABONNEMENT.kind:
            return
        self.register.werk_bij(tx, stream)
        inschrijving = self.register.een(tx, stream.id)
        if inschrijving is not None:
            _bewaak(tx, inschrijving, stream)
            nummering.haal_in(tx, log.known, inschrijving, today(log.platform.clock))

    def figures(self) -> Iterator[Figure]:
        """Deliveries and new attempts per channel."""
        for channel, (delivered, retried) in DELIVERIES.counts().items():
            yield "deliveries_total", (self.name, channel), delivered
            yield "delivery_retries_total", (self.name, channel), retried

    @on_event("inrichting", "SamenwerkingsverbandVastgesteld", projection=True)
    @on_event("inrichting", "LidUitgetreden", projection=True)
    def houd_verband(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep who takes part in which samenwerkingsverband: it says what gemeenten receive of each other."""
        deelnames.bewaar(tx, event)

    @on_timer
    def termijn_verstreken(self, timer: Timer, tx: Transaction) -> None:
        """The last day of a subscription is over: it ends, and that is told."""
        log: ServiceLog = self.log
        if timer.name == PERIODE:
            staat, versie = tx.load(a.ABONNEMENT, timer.stream)
            append(tx, timer.stream, versie, a.loop_af(staat, today(log.platform.clock)), log.of_itself())

    @http("GET", "/abonnementen/<string:abonnement>")
    def http_abonnement(self, request: Request, abonnement: str) -> Response:
        """The terms of a subscription and how far it is, for its holder and for who grants."""
        log: ServiceLog = self.log
        lezer = reader_of(log, request)
        with log.store.transaction() as tx:
            inschrijving = feed.voor_houder_of_gever(self.register.een(tx, abonnement), lezer)
            shown = feed.toon(tx, inschrijving, today(log.platform.clock))
        return json_response(shown)

    @http("GET", "/abonnementen/<string:abonnement>/gebeurtenissen")
    def http_leveringen(self, request: Request, abonnement: str) -> Response:
        """The numbers after ``na``, at most ``limiet``, each as this holder may see it today."""
        na, limiet = _getal(request, "na", 0), max(1, min(_getal(request, "limiet", feed.LIMIET), feed.LIMIET))
        return json_response(self._lees(request, abonnement, na, limiet))

    @http("GET", "/abonnementen/<string:abonnement>/gebeurtenissen/<int:nummer>")
    def http_levering(self, request: Request, abonnement: str, nummer: int) -> Response:
        """One number, as far as the rights and the grondslag go: what an informatiearm message refers to."""
        return json_response(feed.enige(self._lees(request, abonnement, nummer - 1, 1, ophalen=True), nummer))

    def _lees(
        self, request: Request, abonnement: str, na: int, limiet: int, *, ophalen: bool = False
    ) -> dict[str, Any]:
        log: ServiceLog = self.log
        lezer, dag = reader_of(log, request), today(log.platform.clock)
        with log.store.transaction() as tx:
            inschrijving = feed.van_houder(self.register.een(tx, abonnement), lezer)
            read = (
                None
                if inschrijving is None
                else feed.lees(tx, log.known, log.platform.codec, inschrijving, na, limiet, dag, ophalen=ophalen)
            )
        note(log, lezer, "abonnement", abonnement, allowed=read is not None)
        if read is None:
            raise feed.GeenAbonnement()
        DELIVERIES.delivered("feed", len(read["gebeurtenissen"]))
        return read


def _bewaak(tx: Transaction, inschrijving: Inschrijving, stream: Stream) -> None:
    """Let the clock end a subscription whose last day is known, unless it has ended before."""
    einde = inschrijving.voorwaarden.tot_en_met
    if einde is not None and inschrijving.abonnement.beeindigd_per is None:
        timers.reschedule(tx.conn, PERIODE, stream, einde)
    elif inschrijving.abonnement.beeindigd_per is not None:
        timers.cancel(tx.conn, stream, PERIODE)


def _getal(request: Request, name: str, default: int) -> int:
    given = request.args.get(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise InvalidInput(f"{name} is een getal vanaf 0.", errors={name: ["een getal vanaf 0"]})
    return int(given)
