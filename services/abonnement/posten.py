"""One numbered event as a message for a webhook: the bytes and the envelope of the queue, as CloudEvent."""

from __future__ import annotations

from datetime import date
from typing import Any

from casuslog.cloudevents import AVRO_DATA, BINARY, NO_DATA, CloudEvent
from casuslog.codec import Codec
from casuslog.codes import oin_of
from casuslog.consume.wire import PREFIX
from casuslog.events import TYPE_PREFIX
from casuslog.readmodels import KnownEvents
from casuslog.schema import CLOUDEVENTS_JSON
from casuslog.store import Transaction
from services.abonnement.casus import Casus
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.nummering import DOEL
from services.abonnement.weergave import NIVEAU, NUMMER, VERWIJZING, Bericht, bericht, ingehouden
from services.abonnement.zicht import zicht

TYPE_INGEHOUDEN = f"{TYPE_PREFIX}nummer-ingehouden"
"""CloudEvents type of an empty number: a webhook receives nothing that is no CloudEvent."""


def van_nummer(
    tx: Transaction, known: KnownEvents, codec: Codec, inschrijving: Inschrijving, rij: Any, dag: date
) -> CloudEvent:
    """The event of a row of ``leveringen``, judged on this day."""
    casus = Casus.lees(tx, known, rij.subject, DOEL)
    event = casus.event(rij.event_id)
    if event is None:
        made = ingehouden(inschrijving.id, rij.nummer)
    else:
        gezien = zicht(inschrijving, event.envelope, casus.betrokken, dag)
        made = bericht(codec, inschrijving, rij.nummer, event, gezien)
    return van_bericht(inschrijving, rij.nummer, made)


def van_bericht(inschrijving: Inschrijving, nummer: int, made: Bericht) -> CloudEvent:
    """What goes into the queue, as a CloudEvent of its own."""
    if made.ingehouden:
        return CloudEvent(
            {
                "specversion": "1.0",
                "id": made.message_id,
                "source": f"urn:nld:oin:{oin_of(inschrijving.gemeente)}:systeem:abonnement",
                "type": TYPE_INGEHOUDEN,
                "nummer": nummer,
                "ingehouden": True,
            }
        )
    if made.content_type == CLOUDEVENTS_JSON:
        return CloudEvent.read_json(made.body)
    attributes: dict[str, Any] = {k.removeprefix(PREFIX): v for k, v in made.headers.items() if k.startswith(PREFIX)}
    attributes |= {"nummer": made.headers[NUMMER], "niveau": made.headers[NIVEAU]}
    if VERWIJZING in made.headers:
        attributes["verwijzing"] = made.headers[VERWIJZING]
    return CloudEvent(attributes, made.body, AVRO_DATA if made.body else NO_DATA)


def http_bericht(event: CloudEvent, wijze: str) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and body of the POST, in binary or structured mode."""
    if wijze == BINARY:
        return event.http_headers(), event.data
    content_type, body = event.structured()
    return {"content-type": content_type}, body
