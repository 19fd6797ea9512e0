"""The life of a term as events. They are recorded in the stream of the service where the term runs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, event_type, feit
from casuslog.termijnen.termijn import Termijn

Soort = Annotated[str, feit("welke termijn", codes="termijnsoort")]
Uiterlijk = Annotated[date, feit("laatste dag, na verschuiving (Atw art. 1 en 3)")]


@event_type("termijn-gestart", service="termijn", stream="", rule="Algemene termijnenwet art. 1 en 3")
class TermijnGestart(DomainEvent):
    """Een wettelijke termijn is gaan lopen."""

    soort: Soort
    van: Annotated[date, feit("dag van het feit waarna de termijn loopt; telt zelf niet mee")]
    rekendatum: Annotated[date, feit("laatste dag voor verschuiving")]
    uiterlijk: Uiterlijk
    artikel: Annotated[str, feit("artikel waarop de termijn rust")]
    kalender: Annotated[str, feit("feestdagen en gelijkgestelde dagen waarmee is geteld")]


@event_type("termijn-gehaald", service="termijn", stream="", rule="Algemene termijnenwet art. 1")
class TermijnGehaald(DomainEvent):
    """Wat binnen de termijn moest gebeuren, is op tijd gebeurd."""

    soort: Soort
    uiterlijk: Uiterlijk
    dagen_over: Annotated[int, feit("dagen tussen de handeling en de laatste dag; 0 op de laatste dag", unit="dag")]


@event_type("termijn-overschreden", service="termijn", stream="", rule="Algemene termijnenwet art. 1")
class TermijnOverschreden(DomainEvent):
    """De laatste dag is voorbij; het feit dateert van de eerste dag erna."""

    soort: Soort
    uiterlijk: Uiterlijk
    toerekening: Annotated[str, feit("voor wiens rekening de vertraging komt", codes="toerekening")]


@event_type("termijn-opgeschort", service="termijn", stream="", rule="Awb 4:15 lid 1")
class TermijnOpgeschort(DomainEvent):
    """De beslistermijn staat stil, omdat de aanvrager mag aanvullen."""

    soort: Soort
    vanaf: Annotated[date, feit("eerste dag die niet meetelt")]
    hersteltermijn_tot_en_met: Annotated[date, feit("laatste dag om aan te vullen; daarna loopt de termijn door")]


@event_type("termijn-hervat", service="termijn", stream="", rule="Awb 4:15 lid 1")
class TermijnHervat(DomainEvent):
    """De beslistermijn loopt weer, met een nieuwe laatste dag."""

    soort: Soort
    opgeschorte_dagen: Annotated[int, feit("dagen die in het geheel niet meetelden", unit="dag")]
    rekendatum: Annotated[date, feit("nieuwe laatste dag voor verschuiving")]
    uiterlijk: Uiterlijk


@event_type("termijn-vervallen", service="termijn", stream="", rule="")
class TermijnVervallen(DomainEvent):
    """De termijn eindigt zonder gehaald of overschreden te zijn, omdat de zaak eindigt."""

    soort: Soort
    uiterlijk: Uiterlijk
    reden: Annotated[str, feit("waarom de zaak eindigt: een code van de gebeurtenis die haar beeindigt")]


def gestart(termijn: Termijn) -> TermijnGestart:
    """The event for a term that begins."""
    return TermijnGestart(
        soort=termijn.soort,
        van=termijn.van,
        rekendatum=termijn.rekendatum,
        uiterlijk=termijn.uiterlijk,
        artikel=termijn.artikel,
        kalender=termijn.kalender,
    )


def gehaald_of_overschreden(
    soort: str, uiterlijk: date, op: date, *, toerekening: str = "gemeente"
) -> TermijnGehaald | TermijnOverschreden:
    """The event for what was done on a day: in time with the days left, or too late and due to whom."""
    if op <= uiterlijk:
        return TermijnGehaald(soort=soort, uiterlijk=uiterlijk, dagen_over=(uiterlijk - op).days)
    return TermijnOverschreden(soort=soort, uiterlijk=uiterlijk, toerekening=toerekening)
