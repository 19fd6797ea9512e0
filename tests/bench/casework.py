"""Casework to encode and read: casussen of ten events with facts and personal data, over several gemeenten."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice

from casuslog.codec import Codec
from casuslog.codes import codes, oin_of, schemas_folder
from casuslog.envelope import Envelope
from casuslog.events import DomainEvent, Fact
from casuslog.hosting import logs
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.schema import SchemaRegistry
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
