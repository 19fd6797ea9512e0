"""Posts the numbers of each webhook, one after the other, until each is accepted or becomes a dead letter.

At least once and in order: the next number goes when the one before was done; after a failure the same one goes again,
with the same id. When it goes again stands in the table, so that a restart forgets nothing. Rights are judged right
before each message. A webhook that never answers holds up itself: calls are bounded in time, and in number per holder.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import eventlet
import structlog
from sqlalchemy import select

from casuslog.backoff import Backoff
from casuslog.clock import AMSTERDAM, Clock, today
from casuslog.cloudevents import CloudEvent
from casuslog.errors import CasuslogError, Unavailable
from casuslog.events import Fact
from casuslog.http.outward import AddressRefused, Answered, Line, TooSlow
from casuslog.http.signing import signed
from casuslog.metrics import DELIVERIES
from casuslog.privacy import KeyStore
from casuslog.readmodels import KnownEvents
from casuslog.relay import Lease
from casuslog.store import EventStore, Transaction
from services.abonnement import brieven, logboek, webhookstand
from services.abonnement import oordeel as o
from services.abonnement import webhook as w
from services.abonnement.afzender import Afzender, bewijs, sleutel, van_dienst
from services.abonnement.dodebrief import VIA_WEBHOOK
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.posten import http_bericht, van_nummer
from services.abonnement.tabellen import leveringen
from services.abonnement.versies import WEBHOOK, Versies
from services.abonnement.webhookstand import Stand, moment

TEGELIJK = 32
"""Webhooks that are called side by side; each has one message under way at most."""
PER_HOUDER = 2
"""Of these, for one holder: whoever never answers cannot take the places of others."""
PER_BEURT = 50
"""Messages after which another webhook gets its turn."""
TEMPO = 600
"""Messages per minute that we ask to be allowed."""
KIJK_SECONDEN = 0.25
WACHT_OP_EINDE = 2.0
RETRY = Backoff(first=0.5, bound=10.0)

_log = structlog.get_logger("casuslog.abonnement")


@dataclass(frozen=True, slots=True)
class Brief:
    """A number that is to be posted."""

    nummer: int
    event: CloudEvent
    herhaling: bool


class Bezorging:
    """Delivers to all webhooks.

    Args:
        store: of the service abonnement.
        known: its shelf of kept events.
        register: its subscriptions.
        clock: tells on which day rights are judged, and when a next try is due.
        keys: where the keys for signing are.
        afzender: who posts.
    """

    def __init__(
        self,
        store: EventStore,
        known: KnownEvents,
        register: Register,
        clock: Clock,
        keys: KeyStore,
        afzender: Afzender,
        *,
        lease_seconds: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._known = known
        self._register = register
        self._clock = clock
        self._keys = keys
        self._afzender = afzender
        self._lease = Lease(store, "bezorging", seconds=lease_seconds)
        self._versies = Versies(WEBHOOK)
        self._monotonic = monotonic
        self._renew_at = 0.0
        self._bezig: dict[str, Any] = {}
        """Per webhook that is being served: its green thread."""
        self._houder: Counter[str] = Counter()
        self._niet_voor: dict[str, float] = {}
        """Per webhook with a rate: from when the next message may go."""

    # -- the loop ------------------------------------------------------------------------------------------------------

    def run(self, stopping: threading.Event) -> None:
        """Deliver until asked to stop; whatever goes wrong is tried again."""
        failures = 0
        while not stopping.is_set():
            try:
                self.ronde()
                failures = 0
            except Exception as error:
                # The text of a foreign error may hold values of an event.
                failures += 1
                _log.warning("bezorging wacht", soort=type(error).__name__)
            stopping.wait(RETRY.delay(failures) if failures else KIJK_SECONDEN)
        self.stop()

    def stop(self) -> None:
        """Let calls that are under way end, for a moment; what was cut off goes again."""
        until = self._monotonic() + WACHT_OP_EINDE
        while self._bezig and self._monotonic() < until:
            eventlet.sleep(0.01)
        for thread in list(self._bezig.values()):
            thread.kill()
        if self._lease.token is not None:
            self._lease.release()

    def ronde(self) -> int:
        """Give each webhook that has something to do its turn, as far as there is place. Gives how many began."""
        if not self._aan_de_beurt():
            return 0
        begonnen = 0
        with self._store.transaction() as tx:
            wachtenden = webhookstand.aan_de_beurt(tx, self._clock.now())
            houders = {abonnement: self._houder_van(tx, abonnement) for abonnement, _ in wachtenden}
        for abonnement, gemeente in wachtenden:
            houder = houders[abonnement]
            vol = len(self._bezig) >= TEGELIJK or self._houder[houder] >= PER_HOUDER
            if abonnement in self._bezig or vol or self._monotonic() < self._niet_voor.get(abonnement, 0.0):
                continue
            self._houder[houder] += 1
            self._bezig[abonnement] = eventlet.spawn(self._beurt, abonnement, gemeente, houder)
            begonnen += 1
        return begonnen

    def uitgewerkt(self) -> None:
        """Wait until every turn that began has ended. For tests."""
        while self._bezig:
            eventlet.sleep(0.005)

    def _aan_de_beurt(self) -> bool:
        if self._lease.token is None or self._monotonic() >= self._renew_at:
            self._renew_at = self._monotonic() + self._lease.seconds / 3
            return self._lease.hold()
        return True

    def _houder_van(self, tx: Transaction, abonnement: str) -> str:
        inschrijving = self._register.een(tx, abonnement)
        return abonnement if inschrijving is None else str(inschrijving.lezer.organisatie)

    def _beurt(self, abonnement: str, gemeente: str, houder: str) -> None:
        try:
            self._bedien(abonnement, gemeente)
        except Exception as error:
            # Of this webhook alone, and of our own making: the database, or a mistake. It gets its turn again.
            _log.warning("bezorging aan houder wacht", abonnement=abonnement, soort=type(error).__name__)
            self._niet_voor[abonnement] = self._monotonic() + RETRY.bound
        finally:
            self._houder[houder] -= 1
            self._bezig.pop(abonnement, None)

    # -- one webhook ---------------------------------------------------------------------------------------------------

    def _bedien(self, abonnement: str, gemeente: str) -> None:
        stand = self._stand(gemeente, abonnement)
        ingesteld = stand.webhook.ingesteld
        if ingesteld is None:
            return
        try:
            with Line(self._afzender.uit, self._afzender.uit.check(ingesteld.url)) as lijn:
                if stand.webhook.toestand == w.TE_BEVESTIGEN:
                    self._vraag_toestemming(lijn, stand)
                elif stand.webhook.toestand == w.ACTIEF:
                    self._bezorg(lijn, stand)
        except AddressRefused as refused:
            reden = refused.reason
            _log.warning("webhook geweigerd", abonnement=abonnement, reden=reden)
            self._leg_vast(stand, lambda nu: w.weiger(nu.webhook, reden, self._vandaag()))

    def _vraag_toestemming(self, lijn: Line, stand: Stand) -> None:
        headers = {"webhook-request-origin": self._afzender.oorsprong, "webhook-request-rate": str(TEMPO)}
        if self._afzender.adres:
            pad = f"/webhooks/{stand.stream.id}/toestemming/{bewijs(self._keys, stand)}"
            headers["webhook-request-callback"] = self._afzender.adres.rstrip("/") + pad
        antwoord = self._roep(lijn, stand, "OPTIONS", headers, b"")
        if antwoord is None:
            return
        gaf = o.toestemming(antwoord.status, antwoord.headers, self._afzender.oorsprong, TEMPO)
        if gaf is not None:
            oorsprong, per_minuut = self._afzender.oorsprong, gaf.per_minuut
            self._leg_vast(stand, lambda nu: w.bevestig(nu.webhook, oorsprong, per_minuut, self._vandaag()), **_GOED)
            return
        uitkomst = o.oordeel(antwoord.status, antwoord.headers, self._clock.now())
        if isinstance(uitkomst, o.Later) and antwoord.status >= 408:
            self._mislukt(stand, uitkomst)
        elif isinstance(uitkomst, o.Aangenomen) and self._afzender.adres:
            # It may still say so at the address that we gave.
            self._mislukt(stand, o.Later(w.GEEN_TOESTEMMING))
        else:
            self._leg_vast(stand, lambda nu: w.weiger(nu.webhook, w.GEEN_TOESTEMMING, self._vandaag()))

    def _bezorg(self, lijn: Line, stand: Stand) -> None:
        pauze = 60.0 / stand.webhook.per_minuut if stand.webhook.per_minuut else 0.0
        for _ in range(1 if pauze else PER_BEURT):
            brief = self._store.run_transaction(lambda tx: self._volgende(tx, stand))
            if brief is None or not self._bezorg_een(lijn, stand, brief):
                return
            self._niet_voor[stand.stream.id] = self._monotonic() + pauze

    def _volgende(self, tx: Transaction, stand: Stand) -> Brief | None:
        abonnement = stand.stream.id
        inschrijving: Inschrijving | None = self._register.een(tx, abonnement)
        nu = webhookstand.stand(tx, stand.stream.gemeente, abonnement)
        if inschrijving is None or nu.webhook.toestand != w.ACTIEF or nu.webhook.ingesteld != stand.webhook.ingesteld:
            return None
        query = select(leveringen).where(leveringen.c.abonnement == abonnement).order_by(leveringen.c.nummer).limit(1)
        herhaling = brieven.te_herhalen(tx, abonnement)
        welke = leveringen.c.nummer > nu.positie if herhaling is None else leveringen.c.nummer == herhaling
        rij = tx.conn.execute(query.where(welke)).one_or_none()
        if rij is None:
            return None
        event = van_nummer(tx, self._known, self._store.codec, inschrijving, rij, self._vandaag())
        # Before it goes: who answers with an error has it all the same. The same number again is the same disclosure.
        if event.attributes.get("niveau") in logboek.LEESBAAR and not nu.rij.pogingen:
            logboek.verstrekt(tx, self._keys, inschrijving, [rij.nummer], self._clock.now())
        return Brief(rij.nummer, event, herhaling is not None)

    def _bezorg_een(self, lijn: Line, stand: Stand, brief: Brief) -> bool:
        """Whether it was done with, so that the next one may go."""
        assert stand.webhook.ingesteld is not None
        headers, body = http_bericht(brief.event, stand.webhook.ingesteld.wijze)
        antwoord = self._roep(lijn, stand, "POST", headers, body, brief.nummer)
        if antwoord is None:
            return False
        uitkomst = o.oordeel(antwoord.status, antwoord.headers, self._clock.now())
        match uitkomst:
            case o.Aangenomen():
                self._store.run_transaction(lambda tx: self._klaar(tx, stand, brief))
                DELIVERIES.delivered("webhook", 1)
                return True
            case o.Afgewezen():
                self._store.run_transaction(lambda tx: self._wijs_af(tx, stand, brief, uitkomst))
                return True
            case o.Gestopt():
                self._leg_vast(stand, lambda nu: w.beeindig(nu.webhook, w.DOOR_ONTVANGER, self._vandaag()))
            case o.Later():
                self._mislukt(stand, uitkomst, brief.nummer)
        return False

    def _roep(
        self, lijn: Line, stand: Stand, method: str, headers: dict[str, str], body: bytes, nummer: int = 0
    ) -> Answered | None:
        """The answer; ``None`` when there was none, which is noted."""
        assert stand.webhook.ingesteld is not None
        ondertekend = signed(
            method,
            lijn.target,
            headers,
            body,
            key=sleutel(self._keys, stand),
            keyid=stand.webhook.ingesteld.sleutel,
            at=self._clock.now(),
        )
        try:
            return lijn.call(method, ondertekend, body)
        except TooSlow:
            self._mislukt(stand, o.Later(o.TE_TRAAG), nummer)
        except AddressRefused:
            raise
        except Unavailable:
            self._mislukt(stand, o.Later(o.ONBEREIKBAAR), nummer)
        except CasuslogError as error:
            _log.warning("bezorging mislukt", abonnement=stand.stream.id, soort=type(error).__name__)
            self._mislukt(stand, o.Later(o.ONBEREIKBAAR), nummer)
        return None

    # -- what is kept --------------------------------------------------------------------------------------------------

    def _klaar(self, tx: Transaction, stand: Stand, brief: Brief) -> None:
        figuren: dict[str, Any] = {**_GOED, "laatst_bezorgd": moment(self._clock.now())}
        if brief.herhaling:
            brieven.aangenomen(tx, stand.stream.id, brief.nummer)
        else:
            figuren["positie"] = brief.nummer
        webhookstand.merk(tx, stand.stream.id, **figuren)
        said = brief.event.attributes
        if "dataschema" in said:
            self._versies.noteer(tx, stand.stream.id, [(said["type"], said["dataschema"])], self._vandaag())

    def _wijs_af(self, tx: Transaction, stand: Stand, brief: Brief, uitkomst: o.Afgewezen) -> None:
        stream, nu = stand.stream, self._clock.now()
        afwijzing = brieven.Afwijzing(
            nummer=brief.nummer, kanaal=VIA_WEBHOOK, reden=uitkomst.reden, status=uitkomst.status
        )
        brieven.boek(tx, stream.gemeente, stream.id, afwijzing, nu, van_dienst())
        figuren = _GOED if brief.herhaling else {**_GOED, "positie": brief.nummer}
        webhookstand.merk(tx, stream.id, **figuren)
        _log.warning("bericht afgewezen", abonnement=stream.id, nummer=brief.nummer, status=uitkomst.status)

    def _mislukt(self, stand: Stand, uitkomst: o.Later, nummer: int = 0) -> None:
        """Note when it goes again, or, after days, that it does not."""
        DELIVERIES.retried("webhook")

        def noteer(tx: Transaction) -> None:
            nu, nu_stand = self._clock.now(), webhookstand.stand(tx, stand.stream.gemeente, stand.stream.id)
            if nu_stand.webhook.ingesteld != stand.webhook.ingesteld:
                return
            pogingen = nu_stand.rij.pogingen + 1
            sinds = nu_stand.rij.eerste_mislukking or moment(nu)
            figuren = {"pogingen": pogingen, "eerste_mislukking": sinds, "laatste_fout": uitkomst.reden}
            if nu - datetime.fromisoformat(sinds) < o.OPGEVEN_NA:
                figuren["volgende_poging"] = moment(nu + o.volgende(pogingen, uitkomst.na))
                webhookstand.merk(tx, stand.stream.id, **figuren)
                return
            facts = w.schort_op(
                nu_stand.webhook,
                nummer=nummer or nu_stand.positie + 1,
                reden=uitkomst.reden,
                pogingen=pogingen,
                sinds=datetime.fromisoformat(sinds).astimezone(AMSTERDAM).date(),
                op=self._vandaag(),
            )
            webhookstand.schrijf(tx, nu_stand, facts, van_dienst(), **figuren)
            _log.error("webhook opgeschort", abonnement=stand.stream.id, reden=uitkomst.reden, pogingen=pogingen)

        self._store.run_transaction(noteer)

    def _leg_vast(self, stand: Stand, decide: Callable[[Stand], list[Fact]], **figuren: Any) -> None:
        def leg_vast(tx: Transaction) -> None:
            nu = webhookstand.stand(tx, stand.stream.gemeente, stand.stream.id)
            if nu.webhook.ingesteld == stand.webhook.ingesteld:
                webhookstand.schrijf(tx, nu, decide(nu), van_dienst(), **figuren)

        self._store.run_transaction(leg_vast)

    def _stand(self, gemeente: str, abonnement: str) -> Stand:
        with self._store.transaction() as tx:
            return webhookstand.stand(tx, gemeente, abonnement)

    def _vandaag(self) -> Any:
        return today(self._clock)


_GOED: dict[str, Any] = {"pogingen": 0, "eerste_mislukking": None, "volgende_poging": None, "laatste_fout": None}
