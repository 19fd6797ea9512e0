"""One numbered event as a message for a webhook: the bytes and the envelope of the queue, as CloudEvent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from casuslog.cloudevents import BINARY, CloudEvent
from casuslog.codec import Codec
from casuslog.codes import oin_of
from casuslog.events import TYPE_PREFIX
from casuslog.readmodels import KnownEvents
from casuslog.store import Transaction
from services.abonnement.casus import Casus
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.nummering import DOEL
from services.abonnement.weergave import Bericht, bericht, cloudevent, ingehouden
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
    return cloudevent(made)


def als(inschrijving: Inschrijving, **voorwaarden: Any) -> Inschrijving:
    """The subscription as if some of its terms (form, mode, profile) were others."""
    anders = replace(inschrijving.voorwaarden, **voorwaarden)
    return replace(inschrijving, abonnement=replace(inschrijving.abonnement, toegekend=anders))


def http_bericht(event: CloudEvent, wijze: str) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and body of the POST, in binary or structured mode."""
    if wijze == BINARY:
        return event.http_headers(), event.data
    content_type, body = event.structured()
    return {"content-type": content_type}, body
