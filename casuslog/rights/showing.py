"""An event as a reader may see it: the row that every reading edge shows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from casuslog.events import DomainEvent
from casuslog.recorded import RecordedEvent
from casuslog.rights.involvement import Involvements
from casuslog.rights.matrix import Level
from casuslog.rights.sight import Reader, Sight, sight

PrivacyOf = Callable[[str], Mapping[str, str]]
"""Of a wire type: the privacy class of each field."""


def shown(
    events: Iterable[RecordedEvent], reader: Reader, involvements: Involvements, privacy_of: PrivacyOf, *, on: date
) -> Iterator[dict[str, Any]]:
    """Each event that the reader may know of, as a row with what may be shown of it, in order."""
    for event in events:
        seen = sight(reader, event.envelope, involvements, on=on)
        if seen.level >= Level.STATUS:
            yield row(event, seen, privacy_of(event.envelope.type))


def row(event: RecordedEvent, seen: Sight, privacy: Mapping[str, str]) -> dict[str, Any]:
    """One event at this level: day, service, event and owner at *status*; who, rule and allowed fields above it."""
    e = event.envelope
    told: dict[str, Any] = {
        "datum": e.feitdatum.isoformat(),
        "service": e.service,
        "gebeurtenis": class_name(e.name),
        "gemeente": e.gemeente,
    }
    if seen.level < Level.FEITEN:
        return told
    return told | {
        "id": e.id,
        "sequence": e.sequence,
        "rol": e.actorrol,
        "organisatie": e.actororganisatie,
        "grondslag": e.grondslag,
        "inrichting": e.inrichtingversie,
        "externereferentie": e.externereferentie,
        "data": {name: value for name, value in values(event).items() if seen.shows(name, privacy[name])},
        "zicht": {"niveau": seen.level.name.lower(), "regel": seen.rule},
    }


def values(event: RecordedEvent) -> Mapping[str, Any]:
    """The fields of an event that was read as a mapping.

    Raises:
        TypeError: it was read typed.
    """
    if isinstance(event.data, DomainEvent):
        raise TypeError("read the event as a mapping: what is shown goes by field name")
    return event.data


def class_name(name: str) -> str:
    """``MeldingGeregistreerd`` of the wire name ``melding-geregistreerd``."""
    return "".join(part.capitalize() for part in name.replace(".", "-").split("-"))
