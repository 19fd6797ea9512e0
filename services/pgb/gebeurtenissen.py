"""The events of the pgb service: what happens between the wish for a pgb and the money that is paid from it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Part, event_type, feit, part, persoonsgegeven


@part
class Wensregel(Part):
    """Een regel van de wens: welke hulp, hoeveel, door welk soort hulpverlener."""

    regel: Annotated[int, feit("nummer van de regel in de aanvraag")]
    voorziening: Annotated[str, feit("voorziening, zoals de inrichting haar noemt")]
    minuten_per_week: Annotated[int, feit("omvang", unit="minuut_per_week")]
    hulpverlener: Annotated[str, feit("soort hulpverlener", codes="soort_hulpverlener")]
    kenmerken: Annotated[tuple[str, ...], feit("wat verder van de hulp gesteld is", codes="pgb_kenmerk")] = ()


@part
class Budgetregel(Part):
    """Een regel van het toegekende budget."""

    regel: Annotated[int, feit("nummer van de regel in het besluit")]
    voorziening: Annotated[str, feit("voorziening")]
    minuten_per_week: Annotated[int, feit("omvang", unit="minuut_per_week")]
    hulpverlener: Annotated[str, feit("soort hulpverlener", codes="soort_hulpverlener")]
    tarief_cent: Annotated[int, feit("tarief per eenheid", unit="eurocent")]
    bedrag_cent: Annotated[int, feit("budget van de regel over de hele periode", unit="eurocent")]
    eenheid: Annotated[str, feit("eenheid van het tarief: uur of dagdeel")] = "uur"


@event_type("pgb-wens-vastgelegd", service="pgb", rule="Wmo 2015 art. 2.3.6 lid 2 onder b")
class PgbWensVastgelegd(DomainEvent):
    """De inwoner wil de ondersteuning als pgb; vastgelegd uit de aanvraag."""

    regels: Annotated[tuple[Wensregel, ...], feit("de gewenste hulp, per regel")]
    gemotiveerd: Annotated[bool, feit("of de inwoner motiveerde waarom natura niet passend is")]


@event_type("pgb-tarief-berekend", service="pgb", rule="Wmo 2015 art. 2.3.6 lid 4")
class PgbTariefBerekend(DomainEvent):
    """Het tarief van een regel is uit de inrichting berekend. Een berekening is geen besluit."""

    regel: Annotated[int, feit("nummer van de regel in de aanvraag")]
    voorziening: Annotated[str, feit("voorziening")]
    hulpverlener: Annotated[str, feit("soort hulpverlener", codes="soort_hulpverlener")]
    soort: Annotated[str, feit("percentage, uurtarief of dagdeeltarief", codes="pgb_tariefsoort")]
    procent: Annotated[int | None, feit("percentage van het tarief zorg in natura", unit="procent")] = None
    grondslag_cent: Annotated[int | None, feit("tarief zorg in natura waarvan is gerekend", unit="eurocent")] = None
    tarief_cent: Annotated[int, feit("tarief per eenheid", unit="eurocent")]
    eenheid: Annotated[str, feit("eenheid van het tarief: uur of dagdeel")] = "uur"
    begrensd: Annotated[bool, feit("het afgesproken tarief lag boven het maximum; het maximum geldt")] = False
    bron: Annotated[str, feit("regel van de inrichting of bron waaruit het tarief komt")] = ""


@event_type("pgb-tarief-niet-gevonden", service="pgb", rule="Wmo 2015 art. 2.3.6 lid 4")
class PgbTariefNietGevonden(DomainEvent):
    """De inrichting geeft voor een regel geen tarief: iemand moet individueel beoordelen. Geen afwijzing."""

    regel: Annotated[int, feit("nummer van de regel in de aanvraag")]
    voorziening: Annotated[str, feit("voorziening")]
    hulpverlener: Annotated[str, feit("soort hulpverlener", codes="soort_hulpverlener")]
    reden: Annotated[str, feit("waarom er geen tarief is, als redencode")]


@event_type("pgb-voorwaarden-getoetst", service="pgb", rule="Wmo 2015 art. 2.3.6 lid 2 onder a, b en c")
class PgbVoorwaardenGetoetst(DomainEvent):
    """De drie voorwaarden voor een pgb zijn elk apart getoetst."""

    bekwaam: Annotated[str, feit("onder a: ja, ja_met_hulp of nee", codes="pgb_voorwaarde_uitkomst")]
    gemotiveerd: Annotated[str, feit("onder b: ja of nee", codes="pgb_voorwaarde_uitkomst")]
    kwaliteit_gewaarborgd: Annotated[str, feit("onder c: ja of nee", codes="pgb_voorwaarde_uitkomst")]
    motivering_bekwaam: Annotated[str | None, persoonsgegeven("motivering van het oordeel onder a")] = None
    motivering_gemotiveerd: Annotated[str | None, persoonsgegeven("motivering van het oordeel onder b")] = None
    motivering_kwaliteit: Annotated[str | None, persoonsgegeven("motivering van het oordeel onder c")] = None


@event_type("pgb-toegekend", service="pgb", rule="Wmo 2015 art. 2.3.6 lid 1")
class PgbToegekend(DomainEvent):
    """Het budget is beschikbaar: volgt uit de bekendmaking van het besluit en is geen tweede besluit."""

    beschikkingnummer: Annotated[str, feit("nummer van de beschikking waaruit het volgt")]
    totaal_cent: Annotated[int, feit("budget over de hele periode", unit="eurocent")]
    van: Annotated[date, feit("eerste dag van het budget")]
    tot_en_met: Annotated[date, feit("laatste dag van het budget")]
    regels: Annotated[tuple[Budgetregel, ...], feit("het budget per regel")]


@event_type("toekenning-aan-svb-gemeld", service="pgb", rule="Wmo 2015 art. 2.6.2")
class ToekenningAanSvbGemeld(DomainEvent):
    """De toekenning is aan de SVB gemeld, die het budget uitbetaalt (trekkingsrecht)."""

    totaal_cent: Annotated[int, feit("gemeld budget", unit="eurocent")]
    budgetjaar: Annotated[int, feit("kalenderjaar waarin het budget begint")]


@event_type("zorgovereenkomst-goedgekeurd", service="pgb", rule="Uitvoeringsregeling Wmo 2015 art. 2a")
class ZorgovereenkomstGoedgekeurd(DomainEvent):
    """Het college of de SVB heeft de zorgovereenkomst van een regel goedgekeurd; de twee staan los van elkaar."""

    regel: Annotated[int, feit("nummer van de budgetregel")]
    door: Annotated[str, feit("college of svb")]


@event_type("declaratie-ontvangen", service="pgb", rule="Uitvoeringsregeling Wmo 2015 art. 2b")
class DeclaratieOntvangen(DomainEvent):
    """De budgethouder heeft een declaratie ingediend."""

    declaratie: Annotated[str, feit("kenmerk van de declaratie")]
    regel: Annotated[int, feit("nummer van de budgetregel")]
    maand: Annotated[str, feit("maand waarin de hulp gegeven is (2017-03)")]
    minuten: Annotated[int, feit("gedeclareerde hulp in minuten")]
    tarief_cent: Annotated[int, feit("gedeclareerd tarief per eenheid", unit="eurocent")]
    bedrag_cent: Annotated[int, feit("gevraagd bedrag", unit="eurocent")]


@event_type("declaratie-goedgekeurd", service="pgb", rule="Wmo 2015 art. 2.6.2; Uitvoeringsregeling Wmo 2015 art. 2b")
class DeclaratieGoedgekeurd(DomainEvent):
    """De SVB heeft een declaratie goedgekeurd en betaalt haar."""

    declaratie: Annotated[str, feit("kenmerk van de declaratie")]
    regel: Annotated[int, feit("nummer van de budgetregel")]
    door: Annotated[str, feit("wie besliste")]
    bedrag_cent: Annotated[int, feit("goedgekeurd bedrag", unit="eurocent")]
    resteert_cent: Annotated[int, feit("wat er van de budgetregel overblijft", unit="eurocent")]


@event_type("declaratie-afgekeurd", service="pgb", rule="Wmo 2015 art. 2.6.2; Uitvoeringsregeling Wmo 2015 art. 2b")
class DeclaratieAfgekeurd(DomainEvent):
    """De SVB heeft een declaratie in haar geheel afgekeurd, met de reden en wat wel zou kloppen."""

    declaratie: Annotated[str, feit("kenmerk van de declaratie")]
    regel: Annotated[int, feit("nummer van de budgetregel")]
    door: Annotated[str, feit("wie besliste")]
    bedrag_cent: Annotated[int, feit("afgekeurd bedrag", unit="eurocent")]
    reden: Annotated[str, feit("waarom", codes="declaratie_afkeurreden")]
    overeengekomen_tarief_cent: Annotated[int | None, feit("tarief van de zorgovereenkomst", unit="eurocent")] = None
    juist_bedrag_cent: Annotated[int | None, feit("bedrag bij het overeengekomen tarief", unit="eurocent")] = None
