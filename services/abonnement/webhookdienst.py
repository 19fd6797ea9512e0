"""What a holder asks of its webhook and its dead letters over HTTP, and what a beheerder sees of all of them."""

from __future__ import annotations

import hmac
import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from marshmallow import ValidationError, fields, validate
from nameko.extensions import DependencyProvider
from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from casuslog import verwerkingen
from casuslog.clock import today
from casuslog.edge import MOST, CodeOf, Strict
from casuslog.errors import Forbidden, InvalidInput, NotFound, Refused
from casuslog.events import Fact
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.platform import Platform
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of, note, reader_of
from casuslog.http import http, json_body, json_response
from casuslog.http.outward import AddressRefused, Outward
from casuslog.identifiers import is_uuid, new_id
from casuslog.readmodels import KnownEvents
from casuslog.recorded import Context
from casuslog.rights import Reader
from casuslog.store import Transaction
from services.abonnement import brieven, feed, tabellen, webhookstand
from services.abonnement import oordeel as o
from services.abonnement import webhook as w
from services.abonnement.afzender import Afzender, bewijs, sleutel
from services.abonnement.bezorging import TEMPO, Bezorging
from services.abonnement.dodebrief import VIA_HOUDER
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.webhookstand import Stand
from services.abonnement.webhooktabellen import webhooks

BEHEERDER = "beheerder"

_log = structlog.get_logger("casuslog.abonnement")


def afzender(platform: Platform) -> Afzender:
    """This installation, as receivers know it; plain http and this machine itself are for an embedded one only."""
    settings = platform.settings
    oorsprong = urlsplit(settings.public_url).hostname or settings.http_host
    return Afzender(oorsprong=oorsprong, adres=settings.public_url, uit=Outward(development=settings.embedded))


class Bezorgen(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Runs the webhooks beside the service."""

    def start(self) -> None:
        """Begin to deliver."""
        platform: Platform = self.container.config[PLATFORM_KEY]
        store = platform.store_for(self.container.service_name)
        tabellen.metadata.create_all(store.engine)
        verwerkingen.metadata.create_all(store.engine)
        bezorging = Bezorging(
            store,
            KnownEvents(platform.codec),
            Register(),
            platform.clock,
            platform.keys,
            afzender(platform),
            lease_seconds=platform.settings.lease_seconds,
        )
        self._stopping = threading.Event()
        self._ended = self.container.spawn_managed_thread(lambda: bezorging.run(self._stopping), identifier="bezorging")

    def stop(self) -> None:
        """Finish what is being sent, and stop."""
        self._stopping.set()
        self._ended.wait()

    def get_dependency(self, worker_ctx: Any) -> None:
        """Nothing: it only runs."""


class StelIn(Strict):
    """The body of ``PUT /abonnementen/<id>/webhook``."""

    into = w.StelWebhookIn
    url = fields.String(required=True)
    wijze = CodeOf("berichtwijze")
    na = fields.Integer(strict=True, validate=validate.Range(0, MOST, error="een nummer vanaf 0"))
    nieuwe_sleutel = fields.Boolean()


class WijsAf(Strict):
    """The body of ``POST /abonnementen/<id>/dode-brieven``."""

    into = dict
    nummer = fields.Integer(strict=True, required=True, validate=validate.Range(1, MOST, error="een nummer vanaf 1"))
    reden = CodeOf("webhookreden", required=True)


STEL_IN, WIJS_AF = StelIn(), WijsAf()


class WebhookDienst:
    """Mixin of the service: webhooks and dead letters. Needs ``self.log`` and ``self.register``."""

    log: Any
    register: Any
    bezorgen: Any = Bezorgen()

    @http("PUT", "/abonnementen/<string:abonnement>/webhook", takes=STEL_IN)
    def http_stel_webhook_in(self, request: Request, abonnement: str) -> Response:
        """Have the numbers of a subscription posted; for its holder. The receiver is asked first whether it wants them.

        A bad address is refused, and the refusal is recorded.
        """
        opdracht = gelezen(STEL_IN, json_body(request))
        log: ServiceLog = self.log
        try:
            afzender(log.platform).uit.check(opdracht.url)
        except AddressRefused as refused:
            reden = refused.reason
            geweigerd = w.WebhookaanvraagGeweigerd(reden=reden)
            self._wijzig(request, abonnement, lambda _: [Fact(geweigerd, on=self._vandaag)])
            raise _geweigerd(refused) from None
        nieuw = new_id()
        stand = self._wijzig(
            request, abonnement, lambda nu: w.stel_in(nu.webhook, opdracht, sleutel=nieuw, op=self._vandaag)
        )
        return json_response(_toon(stand))

    @http("GET", "/abonnementen/<string:abonnement>/webhook")
    def http_webhook(self, request: Request, abonnement: str) -> Response:
        """How a webhook stands: its state, its last number, its failures and its next try; for holder and giver."""
        lezer = reader_of(self.log, request)
        with self.log.store.transaction() as tx:
            stand = self._stand(tx, feed.voor_houder_of_gever(self._een(tx, abonnement), lezer))
        return json_response(_toon(_bestaand(stand)))

    @http("GET", "/abonnementen/<string:abonnement>/webhook/sleutel")
    def http_webhooksleutel(self, request: Request, abonnement: str) -> Response:
        """The key with which messages are signed, in base64; for the holder only, and noted."""
        log: ServiceLog = self.log
        lezer = reader_of(log, request)
        with log.store.transaction() as tx:
            inschrijving = _eigen(self._een(tx, abonnement), lezer)
            stand = _bestaand(self._stand(tx, inschrijving))
        note(log, lezer, "webhooksleutel", abonnement, allowed=True)
        assert stand.webhook.ingesteld is not None
        tekst = b64encode(sleutel(log.platform.keys, stand)).decode()
        told = {"kenmerk": stand.webhook.ingesteld.sleutel, "sleutel": tekst, "algoritme": "hmac-sha256"}
        return json_response(told, headers={"Cache-Control": "no-store"})

    @http("DELETE", "/abonnementen/<string:abonnement>/webhook")
    def http_beeindig_webhook(self, request: Request, abonnement: str) -> Response:
        """Post no more; queue and feed go on."""
        stand = self._wijzig(request, abonnement, lambda nu: w.beeindig(nu.webhook, w.DOOR_HOUDER, self._vandaag))
        return json_response(_toon(stand))

    @http("POST", "/abonnementen/<string:abonnement>/webhook/hervat")
    def http_hervat_webhook(self, request: Request, abonnement: str) -> Response:
        """Go on with a webhook that was suspended or refused, from the number that waits; for holder and giver."""
        stand = self._wijzig(
            request, abonnement, lambda nu: w.hervat(nu.webhook, self._vandaag), toegang=feed.voor_houder_of_gever
        )
        return json_response(_toon(stand))

    @http("GET", "/webhooks/<string:abonnement>/toestemming/<string:woord>")
    def http_toestemming(self, request: Request, abonnement: str, woord: str) -> Response:
        """A receiver says afterwards that it wants messages (CloudEvents webhooks, section 4.1); needs no token."""
        return self._toestemming(request, abonnement, woord)

    @http("POST", "/webhooks/<string:abonnement>/toestemming/<string:woord>")
    def http_toestemming_post(self, request: Request, abonnement: str, woord: str) -> Response:
        """The same; ``WebHook-Allowed-Rate`` says how many messages per minute."""
        return self._toestemming(request, abonnement, woord)

    @http("GET", "/webhooks")
    def http_webhooks(self, request: Request) -> Response:
        """All webhooks of the subscriptions that the gemeenten of a beheerder granted, with state and next try."""
        gemeenten = self._beheerde(request)
        with self.log.store.transaction() as tx:
            rijen = tx.conn.execute(select(webhooks).where(webhooks.c.gemeente.in_(gemeenten))).all()
            shown = [_toon(webhookstand.stand(tx, rij.gemeente, rij.abonnement)) for rij in rijen]
        return json_response({"webhooks": shown})

    @http("GET", "/dode-brieven")
    def http_alle_dode_brieven(self, request: Request) -> Response:
        """All dead letters of the subscriptions that the gemeenten of a beheerder granted, oldest first."""
        gemeenten = self._beheerde(request)
        with self.log.store.transaction() as tx:
            return json_response({"dode_brieven": brieven.lijst(tx, gemeenten=gemeenten)})

    @http("GET", "/abonnementen/<string:abonnement>/dode-brieven")
    def http_dode_brieven(self, request: Request, abonnement: str) -> Response:
        """The dead letters of a subscription, each with its reason; for holder and giver."""
        lezer = reader_of(self.log, request)
        with self.log.store.transaction() as tx:
            inschrijving = feed.voor_houder_of_gever(self._een(tx, abonnement), lezer)
            return json_response({"dode_brieven": brieven.lijst(tx, abonnement=inschrijving.id)})

    @http("POST", "/abonnementen/<string:abonnement>/dode-brieven", takes=WIJS_AF)
    def http_wijs_af(self, request: Request, abonnement: str) -> Response:
        """The holder cannot handle a number, whichever way it came: it becomes a dead letter, with the reason given."""
        gegeven: Any = gelezen(WIJS_AF, json_body(request))
        log: ServiceLog = self.log
        lezer, context = reader_of(log, request), self._context(request)
        afwijzing = brieven.Afwijzing(kanaal=VIA_HOUDER, **gegeven)

        def boek(tx: Transaction) -> bool:
            van = _eigen(self._een(tx, abonnement), lezer)
            return brieven.boek(tx, van.gemeente, van.id, afwijzing, log.platform.clock.now(), context)

        nieuw = log.store.run_transaction(boek)
        return json_response({"nummer": afwijzing.nummer, "nieuw": nieuw})

    @http("POST", "/abonnementen/<string:abonnement>/dode-brieven/<int:nummer>/herhaal")
    def http_herhaal_brief(self, request: Request, abonnement: str, nummer: int) -> Response:
        """Send a dead letter again, under its own number and id; for holder and giver."""
        log: ServiceLog = self.log
        lezer, context = reader_of(log, request), self._context(request)

        def herhaal(tx: Transaction) -> str:
            inschrijving = feed.voor_houder_of_gever(self._een(tx, abonnement), lezer)
            nu = log.platform.clock.now()
            return brieven.herhaal(tx, inschrijving.gemeente, inschrijving.id, nummer, nu, context)

        return json_response({"nummer": nummer, "weg": log.store.run_transaction(herhaal)})

    # -- beneath -------------------------------------------------------------------------------------------------------

    @property
    def _vandaag(self) -> Any:
        return today(self.log.platform.clock)

    def _een(self, tx: Transaction, abonnement: str) -> Inschrijving | None:
        found: Inschrijving | None = self.register.een(tx, abonnement) if is_uuid(abonnement) else None
        return found

    @staticmethod
    def _stand(tx: Transaction, inschrijving: Inschrijving) -> Stand:
        return webhookstand.stand(tx, inschrijving.gemeente, inschrijving.id)

    def _context(self, request: Request) -> Context:
        cause = new_id()
        return Context(actor=caller_of(self.log, request).actor, correlationid=cause, causationid=cause)

    def _wijzig(
        self,
        request: Request,
        abonnement: str,
        decide: Callable[[Stand], Sequence[Fact]],
        *,
        toegang: Callable[[Inschrijving | None, Reader], Inschrijving] | None = None,
    ) -> Stand:
        log: ServiceLog = self.log
        lezer, context = reader_of(log, request), self._context(request)

        def wijzig(tx: Transaction) -> Stand:
            nu = self._stand(tx, (toegang or _eigen)(self._een(tx, abonnement), lezer))
            facts = decide(nu)
            return webhookstand.schrijf(tx, nu, facts, context) if facts else nu

        return log.store.run_transaction(wijzig)

    def _toestemming(self, request: Request, abonnement: str, woord: str) -> Response:
        log: ServiceLog = self.log
        per_minuut = o.tempo(request.headers.get("WebHook-Allowed-Rate"), TEMPO)

        def bevestig(tx: Transaction) -> None:
            inschrijving = self._een(tx, abonnement)
            stand = None if inschrijving is None else self._stand(tx, inschrijving)
            if stand is None or stand.webhook.ingesteld is None:
                raise _onbekend()
            if not hmac.compare_digest(woord.encode(), bewijs(log.platform.keys, stand).encode()):
                raise _onbekend()
            oorsprong = afzender(log.platform).oorsprong
            facts = w.bevestig(stand.webhook, oorsprong, per_minuut, self._vandaag)
            if facts:
                goed = {"pogingen": 0, "eerste_mislukking": None, "volgende_poging": None, "laatste_fout": None}
                webhookstand.schrijf(tx, stand, facts, log.of_itself(), **goed)

        log.store.run_transaction(bevestig)
        return json_response({"toestemming": True})

    def _beheerde(self, request: Request) -> tuple[str, ...]:
        caller = caller_of(self.log, request)
        if caller.rol != BEHEERDER or not caller.gemeenten:
            raise Forbidden(
                "rol_beheerder_vereist",
                f"De rol {caller.rol} ziet niet alle webhooks en dode brieven.",
                rule="AVG art. 32: alleen wie de dienst beheert",
                remedy="Gebruik een token met de rol beheerder, of vraag naar het eigen abonnement.",
            )
        return caller.gemeenten


def _toon(stand: Stand) -> dict[str, Any]:
    ingesteld, rij = stand.webhook.ingesteld, stand.rij
    return {
        "abonnement": stand.stream.id,
        "toestand": stand.webhook.toestand,
        "reden": stand.webhook.reden,
        # The path may hold a secret of the holder; who gives sees where, and no more.
        "gastheer": None if ingesteld is None else urlsplit(ingesteld.url).hostname,
        "wijze": None if ingesteld is None else ingesteld.wijze,
        "per_minuut": stand.webhook.per_minuut,
        "positie": stand.positie,
        "pogingen": 0 if rij is None else rij.pogingen,
        "laatste_fout": None if rij is None else rij.laatste_fout,
        "volgende_poging": None if rij is None else rij.volgende_poging,
        "laatst_bezorgd": None if rij is None else rij.laatst_bezorgd,
    }


def _bestaand(stand: Stand) -> Stand:
    if stand.webhook.ingesteld is None:
        raise NotFound("Dit abonnement heeft geen webhook.", wat_zou_mogen="Stel hem in met PUT op dit adres.")
    return stand


def _eigen(inschrijving: Inschrijving | None, lezer: Reader) -> Inschrijving:
    found = feed.van_houder(inschrijving, lezer)
    if found is None:
        raise feed.GeenAbonnement()
    return found


def _onbekend() -> NotFound:
    return NotFound("Dit adres bestaat niet (meer).")


def _geweigerd(refused: AddressRefused) -> Refused:
    return Refused(
        refused.reason,
        f"Webhook niet ingesteld. {refused.detail}",
        rule="AVG art. 32; wie een adres noemt, laat ons niet naar binnen bellen",
        remedy="Noem een adres dat met https:// begint en vanaf het internet te bereiken is.",
        field="url",
    )


def gelezen(schema: Strict, body: dict[str, Any]) -> Any:
    """A body, read by its schema.

    Raises:
        InvalidInput: a field breaks a rule.
    """
    try:
        return schema.load(body)
    except ValidationError as error:
        wrong: Any = error.messages
        raise InvalidInput("De vraag klopt niet; zie de velden.", errors=wrong) from None
