"""The pump: what has a number goes to the queue of its holder, in order, judged again, until the broker confirmed it.

At least once: after a failure the same numbers go again, with the same ids. One pump works at a time (a lease); a
holder whose queue fails, is full or cannot be served holds up nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import structlog
from sqlalchemy import select, update

from casuslog.backoff import Backoff
from casuslog.broker.holders import HolderAccess
from casuslog.clock import Clock, today
from casuslog.consume.wire import PREFIX
from casuslog.errors import Unavailable
from casuslog.metrics import DELIVERIES
from casuslog.privacy import KeyStore
from casuslog.readmodels import KnownEvents
from casuslog.relay import Lease
from casuslog.store import EventStore, Transaction
from services.abonnement import afnemers, getoond, intrekking, logboek, teruggestuurd
from services.abonnement.casus import Casus
from services.abonnement.getoond import van_beeld
from services.abonnement.inschrijving import Inschrijving, Register
from services.abonnement.intrekking import IN_QUEUE
from services.abonnement.nummering import DOEL
from services.abonnement.tabellen import GELEVERD, INGEHOUDEN, WACHT, leveringen
from services.abonnement.uitgang import Uitgang
from services.abonnement.versies import QUEUE, Versies
from services.abonnement.weergave import NIVEAU, Bericht, bericht, ingehouden
from services.abonnement.zicht import zicht

IDLE = Backoff(first=0.02, bound=0.2, jitter=0.0)
RETRY = Backoff(first=0.1, bound=10.0)
REJECTED_SECONDS = 5.0
"""Between two looks at what holders rejected."""

_log = structlog.get_logger("casuslog.abonnement")


class Levering:
    """Delivers to the queues of all holders.

    Args:
        store: of the service abonnement.
        known: its shelf of kept events.
        register: its subscriptions.
        clock: tells on which day the rights are judged.
        verbind: connects to the broker.
        toegang: the users of the holders at the broker, where they have their own.
        in_queue: messages that may lie in the queue of a holder.
        keys: makes the pseudonyms of the processing records; without it none are made, for a test of something else.
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
        toegang: HolderAccess | None = None,
        keys: KeyStore | None = None,
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
        self._versies = Versies(QUEUE)
        self._monotonic = monotonic
        self._toegang = toegang
        self._keys = keys
        self._mislukt: dict[str, tuple[int, float]] = {}
        """Per holder that could not be served: how often in a row, and from when it is tried again."""
        self._gezond: set[str] = set()
        """Holders that were served since they last failed, by this process."""
        self._renew_at = 0.0
        self._lees_op = 0.0
        """When what holders rejected is read next."""
        self._gezien: date | None = None
        """The day on which the queues were looked at last."""
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
        self._zie_de_dag()
        self._lees_afgewezen()
        terug = {one for one in self._store.run_transaction(intrekking.openstaand) if not self._neem_terug(one)}
        wachtenden = self._wachtenden()
        if not wachtenden and self._uitgang is not None:
            self._uitgang.leef()
        # What must be taken back is not filled up meanwhile: a message that is added would stand before its repetition.
        return sum(self._bedien(abonnement) for abonnement in wachtenden if abonnement not in terug)

    def _zie_de_dag(self) -> None:
        """A right can end with a day: at the first step, and on each new day, look at what lies in the queues."""
        dag = today(self._clock)
        if dag == self._gezien:
            return
        self._store.run_transaction(
            lambda tx: intrekking.let_op(tx, self._known, self._register.alle(tx), dag),
        )
        self._gezien = dag

    def _lees_afgewezen(self) -> None:
        """Now and then: what holders rejected becomes a dead letter before the broker forgets it."""
        if self._monotonic() < self._lees_op:
            return
        self._lees_op = self._monotonic() + REJECTED_SECONDS
        try:
            gevonden = self._verbonden().afgewezen()
            if gevonden.berichten:
                nu = self._clock.now()
                self._store.run_transaction(lambda tx: teruggestuurd.boek(tx, gevonden.berichten, nu))
                self._lees_op = 0.0  # there may be more
            gevonden.weg()
        except Exception as error:
            # Nothing is lost: it lies there until it was booked. Deliveries do not wait for it.
            self._verbreek()
            _log.warning("afgewezen berichten wachten", soort=type(error).__name__)

    def _neem_terug(self, abonnement: str) -> bool:
        """Shut the holder out, take its queue back, and let it in again where its subscription holds. Whether it did.

        In this order: what was taken waits with us before the broker forgets it, and is crossed out when that was done.
        """
        if not self._mag_weer(abonnement):
            return False
        try:
            if self._toegang is not None:
                self._toegang.suspend(abonnement)
            terug = self._verbonden().neem_terug(abonnement)
            self._store.run_transaction(lambda tx: intrekking.zet_terug(tx, abonnement, terug.nummers))
            terug.weg()
            self._laat_toe(abonnement)
            self._store.run_transaction(lambda tx: intrekking.gedaan(tx, abonnement))
        except Exception as error:
            self._mislukte(abonnement, error)
            return False
        self._gelukt(abonnement)
        _log.info("wachtrij teruggenomen", abonnement=abonnement, berichten=len(terug.nummers))
        return True

    def _laat_toe(self, abonnement: str) -> None:
        if self._toegang is None:
            return
        with self._store.transaction() as tx:
            een = self._register.een(tx, abonnement)
        if een is not None and een.abonnement.geldt_op(today(self._clock)):
            self._toegang.resume(abonnement)
        else:
            self._toegang.remove(abonnement)

    def _mag_weer(self, abonnement: str) -> bool:
        return self._monotonic() >= self._mislukt.get(abonnement, (0, 0.0))[1]

    def _mislukte(self, abonnement: str, error: Exception) -> None:
        # Of this holder alone. What was sent and not confirmed is unknown: the next one gets a new connection.
        mislukt, _ = self._mislukt.get(abonnement, (0, 0.0))
        _log.warning("levering aan houder wacht", abonnement=abonnement, soort=type(error).__name__)
        pauze = RETRY.delay(mislukt + 1)
        self._mislukt[abonnement] = (mislukt + 1, self._monotonic() + pauze)
        self._gezond.discard(abonnement)
        self._verbreek()
        afnemers.hapert(self._store, self._clock, abonnement, pogingen=mislukt + 1, seconden=pauze, error=error)

    def _gelukt(self, abonnement: str) -> None:
        self._mislukt.pop(abonnement, None)
        if abonnement not in self._gezond:
            # Once per process: another one may have left a note.
            self._gezond.add(abonnement)
            afnemers.gaat_weer(self._store, abonnement)

    def _aan_de_beurt(self) -> bool:
        if self._lease.token is None or self._monotonic() >= self._renew_at:
            self._renew_at = self._monotonic() + self._lease.seconds / 3
            return self._lease.hold()
        return True

    def _wachtenden(self) -> Sequence[str]:
        query = select(leveringen.c.abonnement).where(leveringen.c.staat == WACHT).distinct()
        with self._store.reading() as conn:
            return conn.execute(query).scalars().all()

    def _bedien(self, abonnement: str) -> int:
        if not self._mag_weer(abonnement):
            return 0
        uitgang = self._verbonden()
        try:
            geleverd = self._lever(uitgang, abonnement)
        except Exception as error:
            DELIVERIES.retried("amqp")
            self._mislukte(abonnement, error)
            return 0
        self._gelukt(abonnement)
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
        toont = {nummer: van_beeld(one.beeld) for nummer, one in gemaakt if one.beeld is not None}
        getoond.bewaar(tx, abonnement, toont, behoud=intrekking.TERUG)
        if inschrijving is not None and self._keys is not None:
            # Before they go: whoever is killed between the confirm and the mark has disclosed them all the same.
            # What goes again after that is recorded again.
            leesbaar = [nummer for nummer, one in gemaakt if one.headers.get(NIVEAU) in logboek.LEESBAAR]
            logboek.verstrekt(tx, self._keys, inschrijving, leesbaar, self._clock.now())
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
        self._versies.noteer(tx, abonnement, gestuurd(berichten), today(self._clock))
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


def gestuurd(berichten: Sequence[tuple[int, Bericht]]) -> Iterator[tuple[str, str]]:
    """Full wire type and schema of the messages that have one."""
    for _, one in berichten:
        wire_type, dataschema = one.headers.get(f"{PREFIX}type"), one.headers.get(f"{PREFIX}dataschema")
        if wire_type and dataschema:
            yield str(wire_type), str(dataschema)
