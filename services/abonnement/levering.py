"""The pump: what has a number goes to the queue of its holder, in order, judged again, until the broker confirmed it.

At least once: after a failure the same numbers go again, with the same ids. One pump works at a time (a lease); a
holder whose queue fails, is full or cannot be served holds up nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import select, update

from casuslog.backoff import Backoff
from casuslog.clock import Clock, today
from casuslog.errors import Unavailable
from casuslog.metrics import DELIVERIES
from casuslog.readmodels import KnownEvents
from casuslog.relay import Lease
from casuslog.store import EventStore, Transaction
from services.abonnement.casus import Casus
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.nummering import DOEL
from services.abonnement.tabellen import GELEVERD, INGEHOUDEN, WACHT, leveringen
from services.abonnement.uitgang import Uitgang
from services.abonnement.weergave import Bericht, bericht, ingehouden
from services.abonnement.zicht import zicht

IN_QUEUE = 100
"""Messages that may lie in the queue of a holder; the rest waits with us, where a right that ends can still hold it."""
IDLE = Backoff(first=0.02, bound=0.2, jitter=0.0)
RETRY = Backoff(first=0.1, bound=10.0)

_log = structlog.get_logger("casuslog.abonnement")


class Levering:
    """Delivers to the queues of all holders.

    Args:
        store: of the service abonnement.
        known: its shelf of kept events.
        register: its subscriptions.
        clock: tells on which day the rights are judged.
        verbind: connects to the broker.
        in_queue: messages that may lie in the queue of a holder.
    """

    def __init__(
        self,
        store: EventStore,
        known: KnownEvents,
        register: Register,
        clock: Clock,
        verbind: Callable[[], Uitgang],
        *,
        in_queue: int = IN_QUEUE,
        lease_seconds: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures = 0
        """Steps in a row that failed as a whole: broker or database away."""
        self._store = store
        self._known = known
        self._register = register
        self._clock = clock
        self._verbind = verbind
        self._in_queue = in_queue
        self._lease = Lease(store, "levering", seconds=lease_seconds)
        self._monotonic = monotonic
        self._mislukt: dict[str, tuple[int, float]] = {}
        """Per holder that could not be served: how often in a row, and from when it is tried again."""
        self._renew_at = 0.0
        self._uitgang: Uitgang | None = None

    def run(self, stopping: threading.Event) -> None:
        """Deliver until asked to stop; whatever goes wrong is tried again."""
        idle = 0
        while not stopping.is_set():
            try:
                sent = self.stap()
            except Exception as error:
                # Nothing was marked, so nothing is lost. The text of a foreign error may hold values of an event.
                self._verbreek()
                self.failures, sent = self.failures + 1, 0
                _log.warning("levering wacht", soort=type(error).__name__)
            else:
                self.failures = 0
            idle = 0 if sent else idle + 1
            if not sent:
                stopping.wait(RETRY.delay(self.failures) if self.failures else IDLE.delay(idle))
        self.stop()

    def stop(self) -> None:
        """Let go of broker and lease."""
        self._verbreek()
        if self._lease.token is not None:
            self._lease.release()

    def stap(self) -> int:
        """Deliver what waits, for each holder as much as its queue takes. Gives how many were confirmed.

        Raises:
            Unavailable: broker or database is away; the same numbers go again.
        """
        if not self._aan_de_beurt():
            self._verbreek()
            return 0
        wachtenden = self._wachtenden()
        if not wachtenden and self._uitgang is not None:
            self._uitgang.leef()
        return sum(self._bedien(abonnement) for abonnement in wachtenden)

    def _aan_de_beurt(self) -> bool:
        if self._lease.token is None or self._monotonic() >= self._renew_at:
            self._renew_at = self._monotonic() + self._lease.seconds / 3
            return self._lease.hold()
        return True

    def _wachtenden(self) -> Sequence[str]:
        query = select(leveringen.c.abonnement).where(leveringen.c.staat == WACHT).distinct()
        with self._store.engine.connect() as conn:
            return conn.execute(query).scalars().all()

    def _bedien(self, abonnement: str) -> int:
        mislukt, opnieuw_vanaf = self._mislukt.get(abonnement, (0, 0.0))
        if self._monotonic() < opnieuw_vanaf:
            return 0
        uitgang = self._verbonden()
        try:
            geleverd = self._lever(uitgang, abonnement)
        except Exception as error:
            # Of this holder alone. What was sent and not confirmed is unknown: the next one gets a new connection.
            _log.warning("levering aan houder wacht", abonnement=abonnement, soort=type(error).__name__)
            DELIVERIES.retried("amqp")
            self._mislukt[abonnement] = (mislukt + 1, self._monotonic() + RETRY.delay(mislukt + 1))
            self._verbreek()
            return 0
        self._mislukt.pop(abonnement, None)
        DELIVERIES.delivered("amqp", geleverd)
        return geleverd

    def _lever(self, uitgang: Uitgang, abonnement: str) -> int:
        ruimte = self._in_queue - uitgang.wachtend(abonnement)
        if ruimte <= 0:
            return 0
        berichten = self._store.run_transaction(lambda tx: self._berichten(tx, abonnement, ruimte))
        for _, gemaakt in berichten:
            uitgang.stuur(abonnement, gemaakt)
        uitgang.bevestigd()
        self._store.run_transaction(lambda tx: self._merk(tx, abonnement, berichten))
        return len(berichten)

    def _berichten(self, tx: Transaction, abonnement: str, ruimte: int) -> list[tuple[int, Bericht]]:
        inschrijving = self._register.een(tx, abonnement)
        wachtend = (
            select(leveringen)
            .where(leveringen.c.abonnement == abonnement, leveringen.c.staat == WACHT)
            .order_by(leveringen.c.nummer)
            .limit(ruimte)
        )
        casussen: dict[str, Casus] = {}
        gemaakt = []
        for rij in tx.conn.execute(wachtend).all():
            if inschrijving is not None and rij.subject not in casussen:
                casussen[rij.subject] = Casus.lees(tx, self._known, rij.subject, DOEL)
            gemaakt.append((rij.nummer, self._bericht(abonnement, inschrijving, rij, casussen)))
        return gemaakt

    def _bericht(
        self, abonnement: str, inschrijving: Inschrijving | None, rij: Any, casussen: dict[str, Casus]
    ) -> Bericht:
        if inschrijving is None:
            return ingehouden(abonnement, rij.nummer)
        casus = casussen[rij.subject]
        event = casus.event(rij.event_id)
        if event is None:
            return ingehouden(abonnement, rij.nummer)
        gezien = zicht(inschrijving, event.envelope, casus.betrokken, today(self._clock))
        return bericht(self._store.codec, inschrijving, rij.nummer, event, gezien)

    def _merk(self, tx: Transaction, abonnement: str, berichten: Sequence[tuple[int, Bericht]]) -> None:
        nu = self._clock.now().isoformat()
        for staat in (GELEVERD, INGEHOUDEN):
            nummers = [nummer for nummer, one in berichten if one.ingehouden is (staat == INGEHOUDEN)]
            if nummers:
                tx.conn.execute(
                    update(leveringen)
                    .where(leveringen.c.abonnement == abonnement, leveringen.c.nummer.in_(nummers))
                    .values(staat=staat, tijd=nu)
                )

    def _verbonden(self) -> Uitgang:
        if self._uitgang is None:
            self._uitgang = self._verbind()
        return self._uitgang

    def _verbreek(self) -> None:
        uitgang, self._uitgang = self._uitgang, None
        if uitgang is None:
            return
        try:
            uitgang.sluit()
        except Unavailable as error:
            _log.info("verbinding al weg", soort=type(error).__name__)
