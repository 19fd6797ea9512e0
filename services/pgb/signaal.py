"""A signal that a person gives to the toezichthouder: a small stream of its own, outside the casus.

It has its own subject, so that nobody sees from the timeline of a casus, or from a gap in its numbering, that there is
one. A person decides to give it; no refused declaratie gives one by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import DomainEvent, Fact, event_type, feit, persoonsgegeven
from casuslog.recorded import Aggregate

GEVERS = ("consulent", "senior_consulent", "wijkteam", "backoffice", "svb", "zorgprofessional")


@event_type("signaal-aan-toezicht-gegeven", service="pgb", rule="Wmo 2015 art. 6.1", stream="signaal")
class SignaalAanToezichtGegeven(DomainEvent):
    """Iemand heeft de toezichthouder een signaal over een hulpverlener of aanbieder gegeven, zonder clientnaam."""

    aard: Annotated[str, feit("wat er aan de hand lijkt, als code")]
    over: Annotated[str, feit("over wie: aanbieder of hulpverlener, als code; nooit de client")]
    week: Annotated[str | None, feit("week waarover het gaat, ISO 8601 (2017-W13)")] = None
    clientnaam: Annotated[str, feit("altijd 'geen': een signaal noemt de client niet")] = "geen"
    toelichting: Annotated[str | None, persoonsgegeven("toelichting van de gever, zonder clientnaam")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeefSignaalAanToezicht:
    """Give the toezichthouder a signal. ``clientnaam_meegegeven`` says whether the text names the client."""

    op: date
    door: Actor
    aard: str
    over: str
    week: str | None = None
    toelichting: str | None = None
    clientnaam_meegegeven: bool = False


@dataclass(frozen=True, slots=True)
class Signaal:
    """Whether it was given."""

    gegeven: bool = False


def evolve(staat: Signaal, feit_: Fact) -> Signaal:
    """The state after this fact."""
    return Signaal(gegeven=True) if isinstance(feit_.data, SignaalAanToezichtGegeven) else staat


SIGNAAL = Aggregate("signaal", Signaal(), evolve)


def geef_signaal(staat: Signaal, opdracht: GeefSignaalAanToezicht) -> list[Fact]:
    """Give the signal, once, without the client's name.

    Raises:
        Refused: ``geen_clientnaam_in_signaal``, ``signaal_al_gegeven`` or ``niet_bevoegd_signaal_te_geven``.
    """
    if staat.gegeven:
        raise Refused(
            "signaal_al_gegeven",
            "Dit signaal is al gegeven.",
            rule="een signaal is een eigen stroom met een nummer",
            remedy="Geef een nieuw signaal onder een eigen nummer.",
        )
    if opdracht.door.rol not in GEVERS:
        raise Refused(
            "niet_bevoegd_signaal_te_geven",
            f"Signaal geweigerd: de rol {opdracht.door.rol} geeft geen signalen aan het toezicht.",
            rule="Wmo 2015 art. 6.1",
            remedy="Laat een consulent of het team het signaal geven, of dien een klacht in.",
        )
    if opdracht.clientnaam_meegegeven:
        raise Refused(
            "geen_clientnaam_in_signaal",
            "Signaal geweigerd: een signaal aan het toezicht noemt de naam van de client niet.",
            rule="Wmo 2015 art. 6.1; niet meer gegevens dan voor het doel nodig",
            remedy="Laat de naam weg. De toezichthouder vordert zelf wat hij nodig heeft.",
            field="clientnaam_meegegeven",
        )
    gegeven = SignaalAanToezichtGegeven(
        aard=opdracht.aard, over=opdracht.over, week=opdracht.week, toelichting=opdracht.toelichting
    )
    return [Fact(gegeven, on=opdracht.op)]
