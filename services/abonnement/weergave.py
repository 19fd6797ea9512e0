"""One numbered event as a holder gets it: as a message, and as JSON. Pure: event, sight and terms in, bytes out.

How much is the least of three: what the rights show today, what the profile asks, and what can still be read.

====================  ==============================================================================================
sight, profile        what goes out
====================  ==============================================================================================
nothing (any more)    the number, ``ingehouden``, and nothing else
status                type, time, day of the fact, subject, gemeente, source and id
informatiearm         the whole envelope and a reference to fetch the rest by
feiten                the whole envelope, and the fields of class feit
volledig              the whole envelope, and all fields
====================  ==============================================================================================

An Avro record is whole or it is not sent: it has no place for a field that may not be shown or was destroyed. Where the
rights show only some fields of the class, a subscription in Avro gets the event informatiearm, and fetches as JSON what
it may see. Where personal data was destroyed, *volledig* goes out as *feiten*; where the facts were, as informatiearm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from casuslog.cloudevents import AVRO_DATA, CLOUDEVENTS_AVRO, STRUCTURED, CloudEvent
from casuslog.codec import Codec
from casuslog.consume.wire import PREFIX
from casuslog.events import VERNIETIGD, Privacy
from casuslog.recorded import RecordedEvent
from casuslog.rights import Level, Sight
from casuslog.schema import CLOUDEVENTS_JSON
from services.abonnement.gebeurtenissen import FEITEN, INFORMATIEARM, JSON, VOLLEDIG
from services.abonnement.inschrijving import Inschrijving

AVRO_HELDER = AVRO_DATA
ZONDER_INHOUD = ""
"""Content type of a message without a body."""

NUMMER = "casuslog_nummer"
NIVEAU = "casuslog_niveau"
VERWIJZING = "casuslog_verwijzing"
INGEHOUDEN = "casuslog_ingehouden"

_STATUS = ("specversion", "id", "source", "type", "time", "subject", "feitdatum", "gemeente")
_TEN_HOOGSTE = {INFORMATIEARM: Level.STATUS, FEITEN: Level.FEITEN, VOLLEDIG: Level.VOLLEDIG}
_NIVEAU = {Level.FEITEN: FEITEN, Level.VOLLEDIG: VOLLEDIG}


@dataclass(frozen=True, slots=True)
class Bericht:
    """A message for the queue of a holder."""

    message_id: str
    headers: Mapping[str, Any]
    body: bytes
    content_type: str
    beeld: Beeld | None = field(default=None, compare=False, repr=False)
    """What of the event it may show; none of an empty number."""

    @property
    def ingehouden(self) -> bool:
        """Whether it is an empty number."""
        return INGEHOUDEN in self.headers


@dataclass(frozen=True, slots=True)
class Beeld:
    """What of an event may go out."""

    attributen: Mapping[str, str]
    niveau: Level
    """Of the data: FEITEN or VOLLEDIG; STATUS when no data goes along."""
    velden: frozenset[str] = frozenset()
    """The fields to show."""
    geheel: bool = True
    """Whether these are all fields of the level."""
    op_te_halen: bool = False
    """Whether the rights show data of it."""


def beeld(codec: Codec, event: RecordedEvent, zicht: Sight, profiel: str) -> Beeld:
    """What of ``event`` may go out under this sight and profile."""
    attributen = event.envelope.attributes()
    if zicht.level < Level.FEITEN:
        return Beeld({name: attributen[name] for name in _STATUS}, Level.STATUS)
    version = codec.registry.current(event.envelope.type)
    niveau = min(zicht.level, _TEN_HOOGSTE[profiel])
    klasse = {name for name, privacy in version.privacy.items() if _hoort_bij(privacy, niveau)}
    velden = frozenset(name for name in klasse if zicht.shows(name, version.privacy[name]))
    return Beeld({**attributen, "dataschema": version.dataschema}, niveau, velden, velden == klasse, True)


def bericht(codec: Codec, inschrijving: Inschrijving, nummer: int, event: RecordedEvent, zicht: Sight) -> Bericht:
    """The message of a number."""
    if zicht.level < Level.STATUS:
        return ingehouden(inschrijving.id, nummer)
    uit = beeld(codec, event, zicht, inschrijving.voorwaarden.profiel)
    niveau, body, content_type = _niveau(uit), b"", ZONDER_INHOUD
    if inschrijving.voorwaarden.vorm == JSON:
        told = _json(codec, inschrijving, nummer, event, uit)
        body, content_type = json.dumps(told, ensure_ascii=False).encode(), CLOUDEVENTS_JSON
    elif (avro := _avro(codec, event, uit)) is not None:
        (niveau, body), content_type = avro, AVRO_HELDER
    elif uit.op_te_halen:
        niveau = INFORMATIEARM
    headers: dict[str, Any] = {f"{PREFIX}{name}": value for name, value in uit.attributen.items()}
    headers |= {NUMMER: nummer, NIVEAU: niveau}
    if niveau == INFORMATIEARM:
        headers[VERWIJZING] = verwijzing(inschrijving, nummer)
    gewoon = Bericht(event.envelope.id, headers, body, content_type, uit)
    return _in_wijze(gewoon, inschrijving.voorwaarden.wijze)


def cloudevent(bericht: Bericht) -> CloudEvent:
    """What a message says, as a CloudEvent, in whichever mode it is; not of an empty number."""
    if bericht.content_type == CLOUDEVENTS_JSON:
        return CloudEvent.read_json(bericht.body)
    if bericht.content_type == CLOUDEVENTS_AVRO:
        return CloudEvent.read_avro(bericht.body)
    said = bericht.headers
    attributes: dict[str, Any] = {k.removeprefix(PREFIX): v for k, v in said.items() if k.startswith(PREFIX)}
    attributes |= {"nummer": said[NUMMER], "niveau": said[NIVEAU]}
    if VERWIJZING in said:
        attributes["verwijzing"] = said[VERWIJZING]
    return CloudEvent(attributes, bericht.body, bericht.content_type)


def _in_wijze(bericht: Bericht, wijze: str | None) -> Bericht:
    """The message in the mode that was asked for. Its headers stay: a broker and a reader may look at them."""
    structured = bericht.content_type in (CLOUDEVENTS_JSON, CLOUDEVENTS_AVRO)
    if wijze is None or structured is (wijze == STRUCTURED):
        return bericht
    event = cloudevent(bericht)
    content_type, body = event.structured() if wijze == STRUCTURED else (event.content_type, event.data)
    return replace(bericht, body=body, content_type=content_type)


def als_json(
    codec: Codec, inschrijving: Inschrijving, nummer: int, event: RecordedEvent, zicht: Sight, profiel: str
) -> dict[str, Any]:
    """The same event under the same number as CloudEvents JSON, for the pull feed."""
    if zicht.level < Level.STATUS:
        return {"nummer": nummer, "ingehouden": True}
    return _json(codec, inschrijving, nummer, event, beeld(codec, event, zicht, profiel))


def ophaalprofiel(inschrijving: Inschrijving) -> str:
    """The profile under which one event may be fetched by its reference: personal data only with a grondslag."""
    return VOLLEDIG if inschrijving.voorwaarden.grondslag else FEITEN


def ingehouden(abonnement: str, nummer: int) -> Bericht:
    """The message of a number whose event may no longer be seen: it keeps the numbers gapless and says nothing."""
    return Bericht(f"{abonnement}/{nummer}", {NUMMER: nummer, INGEHOUDEN: True}, b"", ZONDER_INHOUD)


def verwijzing(inschrijving: Inschrijving, nummer: int) -> str:
    """Path in the HTTP API of this service at which one event can be fetched."""
    return f"/abonnementen/{inschrijving.id}/gebeurtenissen/{nummer}"


def _avro(codec: Codec, event: RecordedEvent, uit: Beeld) -> tuple[str, bytes] | None:
    """Level and bytes of the largest Avro record that may be shown and can be read; ``None`` when there is none."""
    if uit.niveau is Level.STATUS or not uit.geheel:
        return None
    vernietigd = _vernietigd(codec, event)
    if uit.niveau is Level.VOLLEDIG and not vernietigd:
        return VOLLEDIG, codec.clear_bytes(event)
    return None if Privacy.FEIT in vernietigd else (FEITEN, codec.facts_bytes(event))


def _vernietigd(codec: Codec, event: RecordedEvent) -> set[str]:
    privacy = codec.registry.current(event.envelope.type).privacy
    return {klasse for name, klasse in privacy.items() if event[name] is VERNIETIGD}


def _hoort_bij(klasse: str, niveau: Level) -> bool:
    return niveau is Level.VOLLEDIG or (niveau is Level.FEITEN and klasse == Privacy.FEIT)


def _niveau(uit: Beeld) -> str:
    return _NIVEAU.get(uit.niveau, INFORMATIEARM if uit.op_te_halen else "status")


def _json(codec: Codec, inschrijving: Inschrijving, nummer: int, event: RecordedEvent, uit: Beeld) -> dict[str, Any]:
    niveau = _niveau(uit)
    shown: dict[str, Any] = {**uit.attributen, "nummer": nummer, "niveau": niveau}
    if niveau == INFORMATIEARM:
        return {**shown, "verwijzing": verwijzing(inschrijving, nummer)}
    if uit.niveau is Level.STATUS:
        return shown
    data = codec.as_json(event)["data"]
    inhoud = {name: value for name, value in data.items() if name in uit.velden}
    return {**shown, "datacontenttype": "application/json", "data": inhoud}
