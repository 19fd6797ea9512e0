"""The way back: a subscriber says that an event breaks a rule. Pure.

As in the iWlz network model (RFC0018): a rule by its code, and which record it is about; no text, so nothing personal.
The service that logged the event receives it from the log. Its stream has the subscription as its subject: nothing in
the envelope leads to the casus, which may be closed to whoever sees that something was wrong.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from casuslog.errors import InvalidInput
from casuslog.events import DomainEvent, Fact, event_type, feit, is_destroyed
from casuslog.recorded import Aggregate

SOORT = "foutmelding"
"""Kind of the stream."""


@event_type("fout-gemeld", service="abonnement", rule="AVG art. 5 lid 1 onder d en art. 19: juistheid", stream=SOORT)
class FoutGemeld(DomainEvent):
    """Een ontvanger meldt dat een gebeurtenis een regel schendt; de dienst die haar vastlegde kijkt ernaar."""

    nummer: Annotated[int, feit("nummer in het abonnement van wie het meldt")]
    gebeurtenis: Annotated[str, feit("id van de gebeurtenis")]
    bron: Annotated[str, feit("dienst die haar vastlegde")]
    stroom: Annotated[str, feit("soort stroom waarin zij staat")]
    regel: Annotated[str, feit("welke regel geschonden is", codes="foutregel")]
    veld: Annotated[str | None, feit("naam van het veld waarover het gaat")] = None


Foutmeldingen = frozenset[tuple[int, str, str | None]]
"""What was said before: number, rule and field."""


def _evolve(staat: Foutmeldingen, feit_: Fact) -> Foutmeldingen:
    if is_destroyed(feit_.data) or not isinstance(feit_.data, FoutGemeld):
        return staat
    return staat | {(feit_.data.nummer, feit_.data.regel, feit_.data.veld)}


FOUTMELDING: Aggregate[Foutmeldingen] = Aggregate(SOORT, frozenset(), _evolve)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldFout:
    """What a subscriber says."""

    regel: str
    veld: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waarover:
    """The event that it is about, as the subscription delivers it."""

    nummer: int
    gebeurtenis: str
    bron: str
    stroom: str
    velden: Collection[str]


def meld(staat: Foutmeldingen, opdracht: MeldFout, over: Waarover, op: date) -> list[Fact]:
    """Report a fault; the same again changes nothing.

    Raises:
        InvalidInput: the event has no such field.
    """
    if opdracht.veld is not None and opdracht.veld not in over.velden:
        told = f"kies uit {', '.join(sorted(over.velden))}"
        raise InvalidInput("De gebeurtenis heeft dit veld niet.", errors={"veld": [told]})
    if (over.nummer, opdracht.regel, opdracht.veld) in staat:
        return []
    gemeld = FoutGemeld(
        nummer=over.nummer,
        gebeurtenis=over.gebeurtenis,
        bron=over.bron,
        stroom=over.stroom,
        regel=opdracht.regel,
        veld=opdracht.veld,
    )
    return [Fact(gemeld, on=op)]
