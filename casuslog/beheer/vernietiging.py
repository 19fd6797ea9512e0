"""A destruction from decision to certificate. Each step may be taken again: what broke off halfway goes on.

decided (``VernietigingBesloten``), keys destroyed, told in every dossier (``GegevensVernietigd``), acknowledged by each
service that follows it (``VernietigingBevestigd``), certificate sealed (``VerklaringVanVernietigingOpgemaakt``).
It works on the databases themselves; the services need not run, but only acknowledge when they do.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from casuslog.envelope import Envelope, Stream
from casuslog.errors import NotFound, Refused
from casuslog.events import Fact
from casuslog.hosting.host import followed
from casuslog.hosting.platform import Platform
from casuslog.identifiers import new_id
from casuslog.privacy import KeyInfo
from casuslog.readmodels import bsn
from casuslog.recorded import Context, RecordedEvent
from casuslog.settings import service_class
from casuslog.store import EventStore, Transaction
from casuslog.vernietigen import leg_vast, wissen
from casuslog.vernietigen.bewaartermijn import Bewaring, Gebeurd, bewaartermijnen
from casuslog.vernietigen.bewaring import BEWAARSTAAT, Bewaarstaat, Vernietig, besluit, zelfde
from casuslog.vernietigen.dossiers import DOEL, Kop, dossier, gebeurtenissen, koppen
from casuslog.vernietigen.gebeurtenissen import (
    BETROKKENE,
    BEWARING,
    CASUS,
    FASE,
    GEGEVENS_VERNIETIGD,
    STROOM,
    GegevensVernietigd,
    VerklaringVanVernietigingOpgemaakt,
    VernietigingBesloten,
    VernietigingBevestigd,
    VernietigingGeweigerd,
)

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What a destruction would do, or did."""

    koppen: tuple[Kop, ...]
    """The streams of the dossiers concerned."""
    sleutels: tuple[KeyInfo, ...]
    """The keys concerned, also those that were destroyed already."""
    volgers: Mapping[str, frozenset[str]]
    """Per dossier the services that must acknowledge, itself among them."""
    bewaring: Bewaring | None
    """Until when the casus is kept, where that can still be told."""

    @property
    def levend(self) -> list[str]:
        """Ids of the keys that are still to be destroyed."""
        return [key.id for key in self.sleutels if key.destroyed is None]


@dataclass(frozen=True, slots=True)
class Bevestiging:
    """A service said that it wiped what it kept of a dossier."""

    dienst: str
    dossier: str
    op: str
    positie: str


class Vernietiging:
    """Destroys in the streams that one gemeente has of one casus (or of another subject).

    Args:
        platform: of the installation.
        services: its services.
        gemeente: code of the gemeente.
        subject: the casus.
    """

    def __init__(self, platform: Platform, services: Sequence[str], gemeente: str, subject: str) -> None:
        self.platform = platform
        self.gemeente = gemeente
        self.subject = subject
        self._stores: dict[str, EventStore] = {name: platform.store_for(name) for name in services}
        self._bewaarder = next(name for name in services if getattr(service_class(name), "bewaart", False))
        self._stream = Stream(gemeente, STROOM, subject)

    @property
    def staat(self) -> Bewaarstaat:
        """What was recorded of keeping the casus."""
        return self._stores[self._bewaarder].run_transaction(self._staat)

    @property
    def bewaring(self) -> Bewaring | None:
        """Until when the casus is kept, and why; ``None`` while it runs."""
        return bewaartermijnen().van(self._feiten())

    @property
    def vernietigd(self) -> bool:
        """Whether the whole casus was destroyed, and nothing was written of it since."""
        sleutels = self.platform.keys.keys_of(self.gemeente, self.subject)
        levend = any(
            key.destroyed is None and key.betrokkene != BEWARING and key.fase in self._stores for key in sleutels
        )
        return not levend and any(one.omvang == CASUS for one in self.staat.gedaan)

    def plan(self, opdracht: Vernietig) -> Plan:
        """What it would do.

        Raises:
            NotFound: the gemeente has no dossier of this casus.
        """
        alle = {name: dossier(koppen(store, self.subject, self.gemeente)) for name, store in self._stores.items()}
        sleutels = [key for key in self.platform.keys.keys_of(self.gemeente, self.subject) if _raakt(opdracht, key)]
        geraakt = [name for name, found in alle.items() if found and _in_omvang(opdracht, name, sleutels)]
        if not geraakt:
            raise NotFound(f"Gemeente {self.gemeente} heeft hiervan geen dossier.")
        volgers = followed()
        return Plan(
            tuple(kop for name in geraakt for kop in alle[name]),
            tuple(sleutels),
            {name: frozenset({name, *(v for v in self._stores if name in volgers[v])}) for name in geraakt},
            self.bewaring,
        )

    def toets(self, opdracht: Vernietig) -> None:
        """Whether it may be decided; raises as :func:`casuslog.vernietigen.bewaring.besluit`."""
        besluit(self.staat, opdracht, self._feiten(), bewaartermijnen(), self._andere())

    def gedaan(self, opdracht: Vernietig) -> VernietigingBesloten | None:
        """The same destruction, where it was finished before and no key of it lives."""
        if self.staat.lopend is not None or self.plan(opdracht).levend:
            return None
        return next((one for one in reversed(self.staat.gedaan) if zelfde(one, opdracht)), None)

    def besluit(self, opdracht: Vernietig) -> VernietigingBesloten:
        """Decide, or take up what was decided and not finished; a refusal is recorded. Raises as :meth:`toets`."""
        feiten, andere = self._feiten(), self._andere()

        def decide(tx: Transaction) -> VernietigingBesloten:
            staat = self._staat(tx)
            facts = besluit(staat, opdracht, feiten, bewaartermijnen(), andere)
            if facts:
                leg_vast(
                    tx,
                    self.gemeente,
                    self.subject,
                    facts,
                    _door(opdracht),
                )
            besloten = facts[0].data if facts else staat.lopend
            assert isinstance(besloten, VernietigingBesloten)  # besluit gives one, or there is one
            return besloten

        try:
            return self._stores[self._bewaarder].run_transaction(decide)
        except Refused as refused:
            self._leg_weigering_vast(opdracht, refused.reason)
            raise

    def voer_uit(self, opdracht: Vernietig, besloten: VernietigingBesloten) -> Plan:
        """Destroy the keys and tell it in every dossier. What was done before is not done again."""
        plan = self.plan(opdracht)
        self.platform.keys.destroy_keys(self.gemeente, plan.levend)
        for name in plan.volgers:
            last = next(kop for kop in plan.koppen if kop.dienst == name)
            self._stores[name].run_transaction(partial(self._vertel, last=last, besloten=besloten, opdracht=opdracht))
        # What was still being written while this went on has a key of its own.
        self.platform.keys.destroy_keys(self.gemeente, self.plan(opdracht).levend)
        self.platform.keys.compact()
        return self.plan(opdracht)

    def wacht(
        self,
        plan: Plan,
        besloten: VernietigingBesloten,
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> list[Bevestiging]:
        """The acknowledgements, all of them or those that came within so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            gekregen = self._bevestigingen(plan, besloten)
            if not ontbrekend(plan, gekregen) or time.monotonic() >= deadline:
                return gekregen
            sleep(LOOK_SECONDS)

    def verklaard(self, besloten: VernietigingBesloten, opdracht: Vernietig, vingerafdruk: str, zegel: str) -> None:
        """Record that the certificate was made: the destruction is finished."""
        said = VerklaringVanVernietigingOpgemaakt(
            vernietiging=besloten.vernietiging, vingerafdruk=vingerafdruk, zegel=zegel
        )

        def append(tx: Transaction) -> None:
            facts = [Fact(said, on=opdracht.op, betrokkene=BEWARING)]
            leg_vast(
                tx,
                self.gemeente,
                self.subject,
                facts,
                _door(opdracht),
            )

        self._stores[self._bewaarder].run_transaction(append)
        self._vouw_in()

    def koppen(self) -> list[Kop]:
        """The heads of all streams of the casus, also of those that tell of keeping it."""
        return [kop for store in self._stores.values() for kop in koppen(store, self.subject, self.gemeente)]

    def besluit_envelop(self, besloten: VernietigingBesloten) -> Envelope:
        """The envelope of the decision: when, by whom, and where it stands."""
        found = self._bewaring(self._bewaarder)
        return next(
            one.envelope
            for one in found
            if one.envelope.name == "vernietiging-besloten" and one["vernietiging"] == besloten.vernietiging
        )

    def graven(self, besloten: VernietigingBesloten) -> list[RecordedEvent]:
        """The events ``GegevensVernietigd`` of this destruction, of every dossier."""
        return [
            one
            for name in self._stores
            for one in self._bewaring(name)
            if one.envelope.name == GEGEVENS_VERNIETIGD and one["vernietiging"] == besloten.vernietiging
        ]

    def verstrekkingen(self) -> list[dict[str, Any]]:
        """What was delivered of this casus to holders of subscriptions, as the services that deliver tell it."""
        told = []
        for name, store in self._stores.items():
            cls: Any = service_class(name)
            told += store.run_transaction(partial(cls.verstrekkingen, gemeente=self.gemeente, subject=self.subject))
        return told

    def _leg_weigering_vast(self, opdracht: Vernietig, reden: str) -> None:
        """Who tried to destroy what may not be destroyed is known afterwards."""
        said = VernietigingGeweigerd(
            reden=reden,
            omvang=opdracht.omvang,
            grond=opdracht.grond,
            fase=opdracht.fase,
            betrokkene=opdracht.betrokkene,
        )
        facts = [Fact(said, on=opdracht.op, betrokkene=BEWARING)]
        self._stores[self._bewaarder].run_transaction(
            lambda tx: leg_vast(tx, self.gemeente, self.subject, facts, _door(opdracht))
        )

    def _staat(self, tx: Transaction) -> Bewaarstaat:
        staat, _ = tx.load(BEWAARSTAAT, self._stream, purpose=DOEL)
        return staat

    def _feiten(self) -> list[Gebeurd]:
        return [_gebeurd(event) for event in self._events(self.subject)]

    def _andere(self) -> list[list[Gebeurd]]:
        """What happened in each other casus that this gemeente has of the same person, as far as a BSN tells."""
        whose = bsn.bsn_of(self._events(self.subject))
        if whose is None:
            return []
        with self._stores[self._bewaarder].transaction() as tx:
            found = bsn.casussen_with(tx.conn, self.platform.keys, [self.gemeente], whose, most=None)
        casussen = [self._events(subject) for subject in found if subject != self.subject]
        return [[_gebeurd(event) for event in events] for events in casussen if bsn.bsn_of(events) == whose]

    def _events(self, subject: str) -> list[RecordedEvent]:
        """What this gemeente has of a casus, of all services, in the order in which it was logged."""
        found = [
            event
            for store in self._stores.values()
            for kop in dossier(koppen(store, subject, self.gemeente))
            for event in gebeurtenissen(store, kop)
        ]
        return sorted(found, key=lambda event: event.envelope.time)

    def _bewaring(self, name: str) -> Iterable[RecordedEvent]:
        store = self._stores[name]
        return store.codec.decode_many(store.read_stream(self._stream), purpose=DOEL, typed=False)

    def _vertel(self, tx: Transaction, last: Kop, besloten: VernietigingBesloten, opdracht: Vernietig) -> None:
        stored = list(tx.read_stream(self._stream))
        codec = self._stores[last.dienst].codec
        told = codec.decode_many(stored, purpose=DOEL, typed=False)
        if any(
            one.envelope.name == GEGEVENS_VERNIETIGD and one["vernietiging"] == besloten.vernietiging for one in told
        ):
            return
        gone = GegevensVernietigd(
            vernietiging=besloten.vernietiging,
            omvang=besloten.omvang,
            grond=besloten.grond,
            fase=besloten.fase,
            betrokkene=besloten.betrokkene,
        )
        done = VernietigingBevestigd(vernietiging=besloten.vernietiging, dossier=last.dienst)
        facts = [Fact(one, on=opdracht.op, betrokkene=BEWARING) for one in (gone, done)]
        envelope = tx.last_event(last.stroom, last.sequence)
        about = {} if envelope is None else _over(envelope.envelope)
        cause = new_id()
        leg_vast(
            tx,
            self.gemeente,
            self.subject,
            facts,
            Context(actor=opdracht.door, correlationid=cause, causationid=besloten.vernietiging, **about),
        )
        self._wis(tx, last.dienst, besloten)

    def _wis(self, tx: Transaction, name: str, besloten: VernietigingBesloten) -> None:
        where = {"omvang": besloten.omvang, "dossier": name}
        whose = besloten.betrokkene
        wissen.wis_leesmodel(tx.conn, self.gemeente, self.subject, betrokkene=whose, **where)
        wissen.wis_overig(tx.conn, name, self.gemeente, self.subject, **where)
        cls: Any = service_class(name)
        cls.wis_eigen(tx, self.gemeente, self.subject, besloten.omvang)

    def _bevestigingen(self, plan: Plan, besloten: VernietigingBesloten) -> list[Bevestiging]:
        return [
            Bevestiging(name, one["dossier"], one.envelope.time.isoformat(), str(one.envelope.position))
            for name in sorted({name for volgers in plan.volgers.values() for name in volgers})
            for one in self._bewaring(name)
            if one.envelope.name == "vernietiging-bevestigd" and one["vernietiging"] == besloten.vernietiging
        ]

    def _vouw_in(self) -> None:
        """On SQLite: what was deleted leaves the write-ahead log too, as soon as nobody reads there."""
        for store in self._stores.values():
            if store.engine.dialect.name == "sqlite":
                with contextlib.closing(store.engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def ontbrekend(plan: Plan, gekregen: Iterable[Bevestiging]) -> list[tuple[str, str]]:
    """Who has not acknowledged: pairs of service and dossier."""
    got = {(one.dienst, one.dossier) for one in gekregen}
    return sorted({(volger, name) for name, volgers in plan.volgers.items() for volger in volgers} - got)


def _gebeurd(event: RecordedEvent) -> Gebeurd:
    assert isinstance(event.data, Mapping)  # it was read as a mapping
    return Gebeurd(event.envelope.name, event.envelope.feitdatum, event.data)


def _raakt(opdracht: Vernietig, key: KeyInfo) -> bool:
    if key.betrokkene == BEWARING:
        return False
    if opdracht.omvang == FASE:
        return key.fase == opdracht.fase
    return opdracht.omvang != BETROKKENE or key.betrokkene == opdracht.betrokkene


def _in_omvang(opdracht: Vernietig, name: str, sleutels: Iterable[KeyInfo]) -> bool:
    if opdracht.omvang == FASE:
        return name == opdracht.fase
    return opdracht.omvang != BETROKKENE or any(key.fase == name for key in sleutels)


def _door(opdracht: Vernietig, **known: Any) -> Context:
    cause = new_id()
    return Context(**{"actor": opdracht.door, "correlationid": cause, "causationid": cause, **known})


def _over(envelope: Envelope) -> dict[str, Any]:
    names = ("woongemeente", "uitvoerendegemeente", "betalendegemeente", "thema")
    return {name: getattr(envelope, name) for name in names}


__all__ = ["Bevestiging", "Plan", "Vernietiging", "ontbrekend"]
