"""What is recorded of keeping and destroying a casus: in a stream ``bewaring`` of its own, in every service concerned.

Their content stands under keys of its own (betrokkene :data:`BEWARING`), which no destruction takes along: that, why
and by whom something was destroyed is proven for ever (Archiefwet 1995 art. 3; Archiefbesluit 1995 art. 8).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, event_type, feit

STROOM = "bewaring"
"""Kind of the streams in which these events stand."""
BEWARING = "bewaring"
"""The betrokkene under whose keys their content stands: nobody; it says what happened to a dossier."""
GEGEVENS_VERNIETIGD = "gegevens-vernietigd"
"""Wire name of the tombstone."""

CASUS, FASE, BETROKKENE = "casus", "fase", "betrokkene"

Vernietiging = Annotated[str, feit("id van deze vernietiging: dezelfde in alles wat erover is vastgelegd")]
Omvang = Annotated[str, feit("hoeveel er vernietigd is", codes="vernietigingsomvang")]
Fase = Annotated[str | None, feit("bij omvang fase: de dienst wier dossier het is")]
Betrokkene = Annotated[str | None, feit("bij omvang betrokkene: wiens gegevens, zoals client of melder")]
Grond = Annotated[str, feit("waarom", codes="vernietigingsgrond")]


@event_type(
    "vernietiging-opgeschort", service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3; AVG art. 17 lid 3"
)
class VernietigingOpgeschort(DomainEvent):
    """De casus mag niet vernietigd worden, ook niet als de bewaartermijn verstrijkt, tot dit is opgeheven."""

    soort: Annotated[str, feit("waarom", codes="opschorting_vernietiging")]
    kenmerk: Annotated[str, feit("kenmerk van de procedure bij wie haar behandelt; zonder persoonsgegevens")]


@event_type("opschorting-vernietiging-opgeheven", service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3")
class OpschortingVernietigingOpgeheven(DomainEvent):
    """Een opschorting van de vernietiging is voorbij; andere kunnen nog staan."""

    soort: Annotated[str, feit("welke", codes="opschorting_vernietiging")]
    kenmerk: Annotated[str, feit("haar kenmerk")]


@event_type("vernietiging-besloten", service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3")
class VernietigingBesloten(DomainEvent):
    """De zorgdrager heeft tot de vernietiging besloten. Vanaf hier wordt zij afgemaakt, hoe vaak zij ook stokt."""

    vernietiging: Vernietiging
    omvang: Omvang
    grond: Grond
    kenmerk: Annotated[str, feit("kenmerk van de machtiging of de vernietigingslijst; zonder persoonsgegevens")]
    fase: Fase = None
    betrokkene: Betrokkene = None
    resultaat: Annotated[str | None, feit("waarvan de bewaartermijn afhing: verstrekt, geweigerd of afgebroken")] = None
    bewaard_tot_en_met: Annotated[date | None, feit("laatste dag van de bewaartermijn")] = None
    bron: Annotated[str | None, feit("bron van de bewaartermijn")] = None


@event_type("vernietiging-geweigerd", service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3")
class VernietigingGeweigerd(DomainEvent):
    """Er is een vernietiging gevraagd die niet mag. Er is niets veranderd; dat het gevraagd is blijft bekend."""

    reden: Annotated[str, feit("waarom niet: bewaartermijn_loopt, vernietiging_opgeschort, zaak_loopt_nog, ...")]
    omvang: Omvang
    grond: Grond
    fase: Fase = None
    betrokkene: Betrokkene = None


@event_type(GEGEVENS_VERNIETIGD, service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3")
class GegevensVernietigd(DomainEvent):
    """De gegevens van een dossier zijn vernietigd. Wie er een gebeurtenis uit ontving, vernietigt wat hij bewaarde."""

    vernietiging: Vernietiging
    omvang: Omvang
    grond: Grond
    fase: Fase = None
    betrokkene: Betrokkene = None


@event_type("vernietiging-bevestigd", service="vernietiging", stream=STROOM, rule="Archiefwet 1995 art. 3")
class VernietigingBevestigd(DomainEvent):
    """Een dienst heeft gewist wat zij van een dossier bewaarde, en de sleutels die zij onthield vergeten."""

    vernietiging: Vernietiging
    dossier: Annotated[str, feit("de dienst wier dossier vernietigd is")]


@event_type(
    "verklaring-van-vernietiging-opgemaakt",
    service="vernietiging",
    stream=STROOM,
    rule="Archiefbesluit 1995 art. 8",
)
class VerklaringVanVernietigingOpgemaakt(DomainEvent):
    """De verklaring van vernietiging is opgemaakt en verzegeld: iedereen die moest bevestigen heeft dat gedaan."""

    vernietiging: Vernietiging
    vingerafdruk: Annotated[str, feit("SHA-256 van de verklaring, hexadecimaal")]
    zegel: Annotated[str, feit("id van de sleutel waarmee zij is verzegeld")]
