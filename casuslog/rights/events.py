"""Who is involved in a casus, and what the person it is about consented to: recorded facts, in the stream of the
service that learns of them. Rights are folded from these facts; they are never a setting beside them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Fact, event_type, feit

AVG_SINDS = date(2018, 5, 25)


@event_type("betrokkenheid-vastgelegd", service="rechten", stream="", rule="Wmo 2015 art. 5.1.1 en 5.2.1")
class BetrokkenheidVastgelegd(DomainEvent):
    """Een organisatie of persoon is bij de casus betrokken, als wat en sinds wanneer.

    Een latere vastlegging van dezelfde partij in dezelfde hoedanigheid vervangt de eerdere; met ``tot`` eindigt zij.
    """

    organisatie: Annotated[str, feit("gemeentecode, OIN of AGB; van een persoon het pseudonieme id")]
    als: Annotated[str, feit("hoedanigheid: rol in deze casus", codes="betrokkenheid")]
    vanaf: Annotated[date, feit("eerste dag")]
    tot: Annotated[date | None, feit("laatste dag; leeg: geen einde bekend")] = None
    thema: Annotated[str | None, feit("voor welk thema; leeg: voor de hele casus", codes="thema")] = None


@event_type(
    "toestemming-gegeven",
    service="rechten",
    stream="",
    rule="AVG art. 6 lid 1 onder a; tot 25 mei 2018 Wbp art. 8 onder a",
)
class ToestemmingGegeven(DomainEvent):
    """De inwoner staat toe dat een ander een deel van de zaak ziet; een latere toestemming vervangt de eerdere."""

    aan: Annotated[str, feit("rolcode (derde, mantelzorger) of pseudoniem id van wie het mag zien")]
    omvang: Annotated[tuple[str, ...], feit("welke delen; leeg: ingetrokken", codes="toestemming_omvang")] = ()


def toestemming_gegeven(aan: str, omvang: tuple[str, ...], *, op: date) -> Fact:
    """The fact that consent was given, under the law of its day: until 25 May 2018 the Wbp, then the AVG."""
    rule = "AVG art. 6 lid 1 onder a" if op >= AVG_SINDS else "Wbp art. 8 onder a"
    return Fact(ToestemmingGegeven(aan=aan, omvang=omvang), on=op, rule=rule)
