"""A world to subscribe in: a casus of Opsterland that others log, and the service abonnement on a real store."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import MetaData
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog import verwerkingen
from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.commands import CommandCall, CommandPath, Readers
from casuslog.consume import timers
from casuslog.envelope import Actor, Stream
from casuslog.events import DomainEvent, Fact, Privacy
from casuslog.identifiers import new_id
from casuslog.readmodels import KnownEvents
from casuslog.readmodels import metadata as readmodels
from casuslog.recorded import Context, RecordedEvent
from casuslog.rights import BetrokkenheidVastgelegd
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.testing._proef import KeysInMemory
from casuslog.tokens import Gate, Tokens
from services.abonnement.inschrijving import Register
from services.abonnement.levering import Levering
from services.abonnement.service import AbonnementService
from services.abonnement.tabellen import leveringen, metadata
from services.abonnement.teruggestuurd import Teruggestuurd
from services.abonnement.weergave import NUMMER, Bericht
from services.beschikking.gebeurtenissen import BesluitBekendgemaakt, OpdrachtVerstrekt
from services.inrichting.inrichting import LidUitgetreden, SamenwerkingsverbandVastgesteld, verband_id
from services.melding.gebeurtenissen import MeldingBevestigd, MeldingGeregistreerd
from services.pgb.signaal import SignaalAanToezichtGegeven

DAG = date(2017, 4, 3)
OPSTERLAND, LEEUWARDEN, HEERENVEEN = "0086", "0080", "0074"
OIN_OPSTERLAND = oin_of(OPSTERLAND)
AANBIEDER, ANDERE_AANBIEDER = "98765401", "98765402"
NAAM = "Wiarda-Terpstra"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))
WIJKTEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,))
BEKEND = frozenset({"melding-geregistreerd", "melding-bevestigd", "besluit-bekendgemaakt", "opdracht-verstrekt"})


class Sleutels(KeysInMemory):
    """Keys that can be destroyed: of one phase, all of one privacy class."""

    def __init__(self) -> None:
        super().__init__()
        self.vernietigd: set[tuple[str, str]] = set()
        self._van: dict[str, tuple[str, str]] = {}

    def key_for(self, gemeente: str, fase: str, subject: str, betrokkene: str, klasse: Privacy) -> tuple[str, bytes]:
        key_id, key = super().key_for(gemeente, fase, subject, betrokkene, klasse)
        self._van[key_id] = (fase, klasse.value)
        return key_id, key

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None:
        return None if self._van[key_id] in self.vernietigd else super().get(key_id, gemeente, purpose)


class Monotonic:
    """Seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeQueues:
    """The queues of the holders, and what was confirmed in them; fails when told."""

    def __init__(self) -> None:
        self.queues: dict[str, list[Bericht]] = {}
        self.sent: list[tuple[str, Bericht]] = []
        self.away = False
        self.refuses: set[str] = set()
        self.connects = 0
        self.rejected: list[Teruggestuurd] = []

    def connect(self) -> FakeQueues:
        if self.away:
            raise ConnectionError("away")
        self.connects += 1
        self.sent = []
        return self

    def wachtend(self, abonnement: str) -> int:
        return len(self.queues.setdefault(abonnement, []))

    def stuur(self, abonnement: str, bericht: Bericht) -> None:
        self.sent.append((abonnement, bericht))

    def bevestigd(self) -> None:
        sent, self.sent = self.sent, []
        if any(abonnement in self.refuses for abonnement, _ in sent):
            raise ConnectionError("refused")
        for abonnement, bericht in sent:
            self.queues[abonnement].append(bericht)

    def neem_terug(self, abonnement: str) -> SimpleNamespace:
        lag = self.queues.setdefault(abonnement, [])
        return SimpleNamespace(nummers=[one.headers[NUMMER] for one in lag], weg=lag.clear)

    def afgewezen(self) -> SimpleNamespace:
        return SimpleNamespace(berichten=list(self.rejected), weg=self.rejected.clear)

    def leef(self) -> None:
        """Nothing to keep alive."""

    def sluit(self) -> None:
        """Nothing to close."""


@dataclass
class Wereld:
    """Others log through :meth:`gebeurt`; what they log reaches the service at once, as the consumer would bring it."""

    url: str
    clock: SettableClock = field(default_factory=lambda: SettableClock(DAG))
    queues: FakeQueues = field(default_factory=FakeQueues)
    monotonic: Monotonic = field(default_factory=Monotonic)
    sleutels: Sleutels = field(default_factory=Sleutels)
    onderweg: bool = False
    """While true, what is logged does not reach the service."""

    def __post_init__(self) -> None:
        self.codec = Codec(SchemaRegistry.load(schemas_folder()), self.sleutels)
        self.stores: dict[str, EventStore] = {}
        tables = MetaData()
        kept = (readmodels, metadata, verwerkingen.metadata)
        for table in (table for one in kept for table in one.tables.values()):
            table.to_metadata(tables)
        self.store = self._open("abonnement", tables)
        timers.prepare(self.store)
        self.known = KnownEvents(self.codec)
        self.issuer = DevelopmentIssuer("x" * 40)
        self.service = AbonnementService()
        self.service.register = Register()
        self.service.log = SimpleNamespace(
            store=self.store,
            known=self.known,
            waiting=threading.BoundedSemaphore(2),
            service="abonnement",
            of_itself=lambda: Context(
                actor=Actor("systeem", None, "casuslog-abonnement"), correlationid=new_id(), causationid=new_id()
            ),
            platform=SimpleNamespace(
                clock=self.clock,
                issuer=self.issuer,
                gate=Gate(Tokens((), self.issuer)),
                codec=self.codec,
                keys=self.sleutels,
            ),
        )
        self.commands = CommandPath(self.store, AbonnementService.commands, (), self.clock, Readers(), self.known)
        self.pomp = self.nieuwe_pomp()

    def nieuwe_pomp(self, verbind: Any = None, **known: Any) -> Levering:
        options = {"monotonic": self.monotonic, "keys": self.sleutels, **known}
        return Levering(self.store, self.known, Register(), self.clock, verbind or self.queues.connect, **options)

    def _open(self, service: str, tables: MetaData | None = None) -> EventStore:
        return EventStore.open(self.url, service, codec=self.codec, clock=self.clock, oin_of=oin_of, tables=tables)

    # what others log

    def gebeurt(
        self,
        casus: str,
        *data: DomainEvent,
        service: str = "melding",
        gemeente: str = OPSTERLAND,
        kind: str | None = None,
        corrigeert: str | None = None,
        **known: Any,
    ) -> list[RecordedEvent]:
        """These facts are logged by a service in the stream of a casus, in one append, and handled in order."""
        store = self.stores.setdefault(service, self._open(service))
        stream = Stream(gemeente, kind or service, casus)
        command = new_id()
        actor = Actor("consulent", gemeente, "c-17")
        woont = {"woongemeente": OPSTERLAND, "thema": "beschermd_wonen", **known}
        context = Context(actor=actor, correlationid=command, causationid=command, **woont)
        facts = [Fact(one, self.clock.now().date(), corrects=corrigeert) for one in data]
        stored = store.run_transaction(lambda tx: tx.append(stream, store.version(stream), facts, context))
        events = [self.codec.decode(one, purpose="test", typed=False) for one in stored]
        for event in () if self.onderweg else events:
            self.verwerk(event)
        return events

    def verwerk(self, event: RecordedEvent) -> None:
        """The service handles an event of another."""
        self.store.run_transaction(lambda tx: self.service.nummer([event], tx))

    def melding(self, casus: str | None = None, **known: Any) -> list[RecordedEvent]:
        """A melding with a name in it."""
        data = MeldingGeregistreerd(
            vorm="vormvrij",
            velden=("naam", "geboortedatum"),
            kanaal="telefoon",
            melder="inwoner",
            betrokkene="client",
            ontvangen_door="gebiedsteam",
            woongemeente=OPSTERLAND,
            thema="beschermd_wonen",
            naam=NAAM,
            geboortedatum=date(1950, 5, 6),
        )
        return self.gebeurt(casus or new_id(), data, **known)

    def bevestiging(self, casus: str) -> list[RecordedEvent]:
        return self.gebeurt(casus, MeldingBevestigd(aan=("inwoner",)))

    def opdracht(self, casus: str, aanbieder: str = AANBIEDER) -> list[RecordedEvent]:
        """An opdracht; that its aanbieder is involved stands right after it, as in the service beschikking."""
        vandaag = self.clock.now().date()
        return self.gebeurt(
            casus,
            OpdrachtVerstrekt(aanbieder=aanbieder, ingang=vandaag, doelen=("zelf koken",)),
            BetrokkenheidVastgelegd(organisatie=aanbieder, als="aanbieder", vanaf=vandaag),
            service="beschikking",
        )

    def bekendmaking(self, casus: str, gemeente: str = LEEUWARDEN) -> list[RecordedEvent]:
        data = BesluitBekendgemaakt(wijze="post", beschikkingnummer="B-1", uitkomst="toegekend")
        return self.gebeurt(casus, data, service="beschikking", gemeente=gemeente)

    def verband(self, verband: str, leden: tuple[str, ...], themas: tuple[str, ...], **meer: Any) -> None:
        """A samenwerkingsverband is established, or anew; a period and roles may be given."""
        gegeven = {"geldig_vanaf": date(2015, 1, 1), **meer}
        data = SamenwerkingsverbandVastgesteld(verband=verband, naam=verband, leden=leden, themas=themas, **gegeven)
        self._verband(verband, data)

    def betrek(self, casus: str, wie: str, als: str, *, door: str = OPSTERLAND, **meer: Any) -> None:
        """A gemeente records that somebody is involved in the casus from today on."""
        betrokken = BetrokkenheidVastgelegd(organisatie=wie, als=als, vanaf=self.clock.now().date(), **meer)
        self.gebeurt(casus, betrokken, gemeente=door, service="melding" if door == OPSTERLAND else "beschikking")

    def uittreding(self, verband: str, lid: str, per: date) -> None:
        """A gemeente leaves a samenwerkingsverband."""
        self._verband(verband, LidUitgetreden(verband=verband, gemeente=lid, per=per))

    def _verband(self, verband: str, data: DomainEvent) -> None:
        self.onderweg, onderweg = True, self.onderweg
        [event] = self.gebeurt(verband_id(verband), data, service="inrichting", kind="samenwerkingsverband")
        self.onderweg = onderweg
        self.store.run_transaction(lambda tx: self.service.houd_verband(event, tx))

    def signaal(self) -> list[RecordedEvent]:
        data = SignaalAanToezichtGegeven(aard="niet_geleverd", over="hulpverlener_regel_3", week="2017-W13")
        return self.gebeurt(new_id(), data, service="pgb", kind="signaal")

    # what the service is asked

    def ken_toe(self, caller: Caller = BEHEERDER, gemeente: str = OPSTERLAND, **gegeven: Any) -> str:
        """A subscription is granted and taken up; gives its id."""
        body = {
            "gemeente": gemeente,
            "houdersoort": "oin",
            "houder": OIN_OPSTERLAND,
            "rol": "wijkteam",
            "gemeenten": [OPSTERLAND],
            "doelbinding": "uitvoering_wmo",
            **gegeven,
        }
        return self._neem_op(self.opdracht_aan_dienst("ken-abonnement-toe", body, caller), gemeente)

    def beeindig(self, abonnement: str, caller: Caller = BEHEERDER, **gegeven: Any) -> None:
        body = {"gemeente": OPSTERLAND, "abonnement": abonnement, **gegeven}
        self._neem_op(self.opdracht_aan_dienst("beeindig-abonnement", body, caller), OPSTERLAND)

    def herhaal(self, abonnement: str, caller: Caller = BEHEERDER, **gegeven: Any) -> None:
        body = {"gemeente": OPSTERLAND, "abonnement": abonnement, **gegeven}
        self._neem_op(self.opdracht_aan_dienst("herhaal-levering", body, caller), OPSTERLAND)

    def scherm_af(self, casus: str, opdracht: str = "scherm-casus-af", **gegeven: Any) -> None:
        body = {"gemeente": OPSTERLAND, "casus": casus, **gegeven}
        self.opdracht_aan_dienst(opdracht, body, WIJKTEAM)
        self.neem_over(OPSTERLAND, "afscherming", casus)

    def neem_alles_over(self, kind: str) -> None:
        """The service handles all its own events of a kind of stream once more: the same again changes nothing."""
        stored = [one for one in self.store.read_log(EVERY_GEMEENTE, limit=1000) if one.envelope.stroom == kind]
        for event in (self.codec.decode(one, purpose="test", typed=False) for one in stored):
            self.store.run_transaction(lambda tx, event=event: self.service.schrijf_in(event, tx))  # type: ignore[misc]

    def neem_over(self, gemeente: str, kind: str, subject: str) -> None:
        """The service handles the last event of a stream of its own."""
        stored = list(self.store.read_stream(Stream(gemeente, kind, subject)))[-1]
        event = self.codec.decode(stored, purpose="test", typed=False)
        self.store.run_transaction(lambda tx: self.service.schrijf_in(event, tx))

    def stand(self, abonnement: str, caller: Caller = WIJKTEAM, query: str = "") -> Any:
        return self.vraag("http_stand", caller, abonnement, query=query)

    def opdracht_aan_dienst(self, name: str, body: Mapping[str, Any], caller: Caller) -> Any:
        return self.commands.run(CommandCall(name=name, body=body, caller=caller))

    def verstrijkt(self) -> int:
        """Let what is due by the clock happen. Gives how many fired."""
        return timers.TimerLoop(self.store, self.clock, self.service.termijn_verstreken).step()

    def _neem_op(self, answer: Any, gemeente: str) -> str:
        self.neem_over(gemeente, "abonnement", answer.casus)
        return str(answer.casus)

    # what came of it

    def nummers(self, abonnement: str) -> list[tuple[int, str, str]]:
        """Number, event id and state of what was numbered, in order."""
        with self.store.engine.connect() as conn:
            query = leveringen.select().where(leveringen.c.abonnement == abonnement).order_by(leveringen.c.nummer)
            return [(row.nummer, row.event_id, row.staat) for row in conn.execute(query)]

    def ids(self, abonnement: str) -> list[str]:
        return [event_id for _, event_id, _ in self.nummers(abonnement)]

    def geleverd(self, abonnement: str) -> list[Bericht]:
        """Pump until nothing moves, and look in the queue."""
        while self.pomp.stap():
            pass
        return self.queues.queues.get(abonnement, [])

    def vraag(self, method: str, caller: Caller, *path: Any, query: str = "") -> Any:
        """Ask the service over its HTTP method."""
        headers = {"Authorization": f"Bearer {self.issuer.issue(caller)}"}
        request = Request(EnvironBuilder(query_string=query, headers=headers).get_environ())
        return json.loads(getattr(self.service, method)(request, *path).get_data())

    def lees(self, abonnement: str, caller: Caller = WIJKTEAM, query: str = "") -> Any:
        return self.vraag("http_leveringen", caller, abonnement, query=query)

    def log_of(self, service: str) -> list[Any]:
        """All that a service logged."""
        return self.stores[service].read_log(EVERY_GEMEENTE, limit=1000)

    def close(self) -> None:
        for store in (self.store, *self.stores.values()):
            store.close()


def sqlite(folder: Path) -> Wereld:
    """A world on files."""
    return Wereld(f"sqlite:///{folder}/")
