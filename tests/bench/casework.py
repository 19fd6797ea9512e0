"""Casework to encode and read: casussen of ten events with facts and personal data, over several gemeenten."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice

from casuslog.codec import Codec
from casuslog.codes import codes, oin_of, schemas_folder
from casuslog.envelope import Actor, Envelope, Stream
from casuslog.events import CLIENT, DomainEvent, Fact, Privacy
from casuslog.hosting import logs
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.recorded import Context
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.schema import SchemaRegistry
from casuslog.store import EventStore, Transaction
from services.melding.gebeurtenissen import Gegeven, MelderVastgelegd, MeldingGeregistreerd, VraagVerhelderd

PER_CASUS = 10
"""Events under one pair of keys."""

GEMEENTEN = tuple(list(codes("gemeente").codes)[:8])

_VRAAG = VraagVerhelderd(
    domein="wmo",
    velden=("naam", "telefoon", "vraag"),
    vraag="Het lukt niet meer om zelf de ramen te lappen en de bedden te verschonen.",
    contactgegevens="telefoon 0123456789, liefst in de ochtend",
    overig=(Gegeven(naam="woonsituatie", waarde="zelfstandig, derde verdieping, lift"),),
)
_MELDING = MeldingGeregistreerd(
    vorm="vormvrij",
    kanaal="telefoon",
    velden=("naam", "adres", "telefoon", "geboortedatum"),
    melder="inwoner",
    betrokkene="client",
    ontvangen_door="wijkteam_noord",
    woongemeente="0086",
    thema="wmo",
    voorziening="huishoudelijke hulp",
    naam="A. de Vries-Jansen",
    adres="Dorpsstraat 12",
    woonplaats="Opmeer",
    telefoon="0123456789",
    geboortedatum=date(1941, 5, 3),
    hulpvraag="Sinds de val in maart gaat het huishouden niet meer en komt de boodschappen doen er niet van.",
)
_MELDER = MelderVastgelegd(relatie="dochter", naam="B. Jansen", telefoon="0987654321")
STORY: Sequence[DomainEvent] = (_VRAAG, _MELDING, _MELDER)
"""What is told over and over: events of 5, 22 and 3 fields, each with both privacy classes."""

_DAY = date(2017, 3, 1)
INVOLVED = BetrokkenheidVastgelegd(organisatie="41414141", als="aanbieder", vanaf=_DAY)
_MOMENT = datetime(2017, 3, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Casework:
    """Facts with their envelopes, and the keys that they are sealed under."""

    registry: SchemaRegistry
    keys: KeyStore
    codec: Codec
    facts: Sequence[tuple[Fact, Envelope]]


def registry() -> SchemaRegistry:
    """The published schemas."""
    return SchemaRegistry.load(schemas_folder())


def casework(events: int) -> Casework:
    """So many events, casus after casus, under a key store in memory."""
    logs.configure(level="warning")
    schemas = registry()
    keys = KeyStore.open("sqlite://", RootKey.generate())
    codec = Codec(schemas, keys)
    casussen = -(-events // PER_CASUS)
    told = [event for casus in range(casussen) for event in told_of(GEMEENTEN[casus % len(GEMEENTEN)], codec)]
    return Casework(schemas, keys, codec, told[:events])


def told_of(gemeente: str, codec: Codec) -> list[tuple[Fact, Envelope]]:
    """The ten events of one casus of a gemeente."""
    subject, command = str(uuid.uuid4()), new_id()
    story = enumerate(islice(cycle(STORY), PER_CASUS), 1)
    return [(Fact(data, _DAY), _envelope(gemeente, codec, data, subject, n, command)) for n, data in story]


def _envelope(gemeente: str, codec: Codec, data: DomainEvent, subject: str, n: int, command: str) -> Envelope:
    return Envelope(
        id=new_id(),
        source=f"urn:nld:oin:{oin_of(gemeente)}:systeem:melding",
        type=data.__event__.wire_type,
        time=_MOMENT + timedelta(seconds=n),
        subject=subject,
        dataschema=codec.dataschema_of(type(data)),
        sequence=n,
        gemeente=gemeente,
        stroom="melding",
        feitdatum=_DAY,
        correlationid=command,
        causationid=command,
        woongemeente=gemeente,
        thema="wmo",
        actorrol="consulent",
        actororganisatie=gemeente,
        actorid="m-1042",
        inrichtingversie="opmeer@1",
        grondslag=data.__event__.rule,
    )


def append_casework(store: EventStore, keys: KeyStore, gemeenten: Sequence[str], casussen: int) -> None:
    """Append casussen of ten events, of which the first says who is involved; several to a transaction.

    The keys come first: making one is a transaction of its own, which may not stand inside another.
    """
    streams = [Stream(gemeenten[n % len(gemeenten)], "melding", str(uuid.uuid4())) for n in range(casussen)]
    for stream in streams:
        for klasse in Privacy:
            keys.key_for(stream.gemeente, "melding", stream.id, CLIENT, klasse)
    for start in range(0, casussen, 20):
        with store.transaction() as tx:
            for stream in streams[start : start + 20]:
                _append(tx, stream)


def _append(tx: Transaction, stream: Stream) -> None:
    command = new_id()
    context = Context(actor=Actor("inwoner", None, "i-1"), correlationid=command, causationid=command)
    facts = [Fact(INVOLVED, _DAY), *(Fact(data, _DAY) for data in islice(cycle(STORY), PER_CASUS - 1))]
    tx.append(stream, 0, facts, context)


def not_waiting(url: str) -> str:
    """A PostgreSQL that does not wait for the disk: for keys, which here are no more than what is found later."""
    return f"{url}?options=-csynchronous_commit%3Doff"
