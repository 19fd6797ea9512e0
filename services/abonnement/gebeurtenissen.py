"""The facts of the service abonnement: who was granted or refused what, what is not shared."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Part, event_type, feit, part

ABONNEMENT = "abonnement"
WEIGERING = "abonnementweigering"
"""Kind of stream of refusals: one of its own for each, so that no subscription's numbering knows of them."""
AFSCHERMING = "afscherming"
"""Kind of stream that says whether a casus may be shared; its subject is the casus."""

AVRO, JSON = "avro", "json"
INFORMATIEARM, FEITEN, VOLLEDIG = "informatiearm", "feiten", "volledig"

_AVG = "AVG art. 5 lid 1 onder b en c, art. 6; tot 25 mei 2018 Wbp art. 8 en 9"


@part
class Houder(Part):
    """De organisatie die ontvangt."""

    soort: Annotated[str, feit("soort identificatie", codes="houdersoort")]
    nummer: Annotated[str, feit("OIN, KvK-nummer of AGB-code")]


@event_type("abonnement-toegekend", service=ABONNEMENT, rule=_AVG)
class AbonnementToegekend(DomainEvent):
    """Een organisatie mag gebeurtenissen ontvangen; wat zij ervan ziet bepalen de rechten bij elke levering."""

    houder: Annotated[Houder, feit("wie ontvangt")]
    queue: Annotated[str, feit("naam van de eigen wachtrij van de houder")]
    rol: Annotated[str, feit("in welke rol", codes="rol")]
    gemeenten: Annotated[tuple[str, ...], feit("van welke gemeenten de gebeurtenissen zijn", codes="gemeente")]
    themas: Annotated[tuple[str, ...], feit("over welke thema's; leeg: alle", codes="thema")] = ()
    gebeurtenistypen: Annotated[tuple[str, ...], feit("welke gebeurtenissen; leeg: alle die de rol mag zien")] = ()
    van: Annotated[date, feit("eerste dag")]
    tot_en_met: Annotated[date | None, feit("laatste dag; leeg: geen einde bekend")] = None
    doelbinding: Annotated[str, feit("het doel waarvoor wordt ontvangen")]
    grondslag: Annotated[str | None, feit("grondslag voor persoonsgegevens")] = None
    vorm: Annotated[str, feit("vorm van de berichten", codes="berichtvorm")]
    profiel: Annotated[str, feit("hoeveel van een gebeurtenis ten hoogste", codes="leverprofiel")]
    verplicht: Annotated[
        bool, feit("of de levering uit de wet of een afspraak volgt, zonder dat iemand haar vroeg")
    ] = False
    wijze: Annotated[
        str | None, feit("hoe het bericht is opgebouwd; leeg: avro binair, json gestructureerd", codes="berichtwijze")
    ] = None


@event_type("abonnement-beeindigd", service=ABONNEMENT, rule=_AVG)
class AbonnementBeeindigd(DomainEvent):
    """Het abonnement houdt op. Wat al genummerd was en nog niet geleverd, wordt ingehouden."""

    per: Annotated[date, feit("eerste dag waarop het niet meer geldt")]
    reden: Annotated[str | None, feit("waarom, als code")] = None


@event_type("levering-herhaald", service=ABONNEMENT, rule=_AVG)
class LeveringHerhaald(DomainEvent):
    """Wat een houder kreeg, gaat opnieuw naar zijn wachtrij, onder dezelfde nummers en naar de rechten van nu."""

    na: Annotated[int, feit("alleen nummers na dit nummer")] = 0
    betreft_casus: Annotated[str | None, feit("alleen van deze casus")] = None
    van_gemeente: Annotated[str | None, feit("alleen uit de stromen van deze gemeente", codes="gemeente")] = None
    sinds: Annotated[date | None, feit("alleen wat sinds deze dag is vastgelegd")] = None


@event_type("abonnementtoegang-verstrekt", service=ABONNEMENT, rule=_AVG)
class AbonnementtoegangVerstrekt(DomainEvent):
    """De houder kreeg een eigen gebruiker op de broker, of een nieuw wachtwoord. Dat wordt nergens bewaard."""

    gebruiker: Annotated[str, feit("naam van de gebruiker op de broker")]
    wachtrij: Annotated[str, feit("de enige wachtrij die deze mag lezen")]


@event_type("casus-afgeschermd", service=ABONNEMENT, rule="AVG art. 5 lid 1 onder f en art. 18", stream=AFSCHERMING)
class CasusAfgeschermd(DomainEvent):
    """De casus is niet veilig te delen: vanaf nu krijgt geen enkele abonnee er iets van."""

    reden: Annotated[str, feit("waarom niet", codes="afscherming_reden")]


@event_type("afscherming-opgeheven", service=ABONNEMENT, rule="AVG art. 5 lid 1 onder f en art. 18", stream=AFSCHERMING)
class AfschermingOpgeheven(DomainEvent):
    """De casus mag weer worden gedeeld, naar de rechten van nu."""


@event_type("abonnement-geweigerd", service=ABONNEMENT, rule=_AVG, stream=WEIGERING)
class AbonnementGeweigerd(DomainEvent):
    """Wat over een abonnement werd gevraagd, is geweigerd. Van wat de vrager schreef, staan er alleen codes in."""

    opdracht: Annotated[str, feit("wat werd gevraagd: naam van de opdracht")]
    reden: Annotated[str, feit("waarom niet, als code")]
    velden: Annotated[tuple[str, ...], feit("om welke velden het ging")] = ()
    abonnement: Annotated[str | None, feit("om welk abonnement het ging, als het er een was")] = None
    houder: Annotated[Houder | None, feit("wie zou ontvangen, als die met een geldig nummer was genoemd")] = None
    rol: Annotated[str | None, feit("in welke rol", codes="rol")] = None
    gemeenten: Annotated[tuple[str, ...], feit("van welke gemeenten", codes="gemeente")] = ()
    themas: Annotated[tuple[str, ...], feit("over welke thema's", codes="thema")] = ()
