"""The events of the service beschikking: from the aanvraag to the start of the levering."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Part, event_type, feit, part, persoonsgegeven


@part
class Aanvraagregel(Part):
    """Een regel van de aanvraag: welke hulp is gevraagd, en bij een pgb door welk soort hulpverlener."""

    regel: Annotated[int, feit("nummer van de regel")]
    voorziening: Annotated[str, feit("gevraagde voorziening")]
    minuten_per_week: Annotated[int | None, feit("gevraagde omvang", unit="minuut_per_week")] = None
    hulpverlener: Annotated[str | None, feit("soort hulpverlener, bij een pgb", codes="soort_hulpverlener")] = None
    kenmerken: Annotated[tuple[str, ...], feit("wat verder van de hulp gesteld is", codes="pgb_kenmerk")] = ()


@part
class GewensteHulpverlener(Part):
    """Wie de hulp van een regel zou geven, zoals de aanvrager het zegt."""

    regel: Annotated[int, persoonsgegeven("nummer van de regel")]
    wie: Annotated[str, persoonsgegeven("naam of relatie van de hulpverlener")]


@part
class Arrangementdeel(Part):
    """Een deel van een maatwerkarrangement: een intensiteit in een resultaatgebied."""

    gebied: Annotated[int, feit("nummer van het resultaatgebied")]
    naam: Annotated[str | None, feit("naam van het resultaatgebied; leeg waar geen bron haar noemt")] = None
    intensiteit: Annotated[str, feit("intensiteit, zoals de gemeente haar noemt")]
    minuten_per_week: Annotated[int | None, feit("omvang, waar het besluit die noemt", unit="minuut_per_week")] = None


@part
class Indelingsmotivering(Part):
    """Waarom deze client in deze intensiteit is ingedeeld."""

    gebied: Annotated[int, persoonsgegeven("nummer van het resultaatgebied")]
    motivering: Annotated[str, persoonsgegeven("motivering van de indeling")]


@part
class Besluitregel(Part):
    """Een regel van het besluit, met de omvang ook in de codes van iWmo."""

    regel: Annotated[int, feit("nummer van de regel")]
    voorziening: Annotated[str, feit("voorziening")]
    wmo020: Annotated[str | None, feit("productcategorie", codes="wmo020")] = None
    minuten_per_week: Annotated[int | None, feit("omvang", unit="minuut_per_week")] = None
    omvang: Annotated[int | None, feit("volume in de eenheid van iWmo")] = None
    eenheid: Annotated[str | None, feit("eenheid van het volume", codes="wj756")] = None
    frequentie: Annotated[str | None, feit("waarover het volume telt", codes="wmo757")] = None
    hulpverlener: Annotated[str | None, feit("soort hulpverlener, bij een pgb", codes="soort_hulpverlener")] = None
    tarief_cent: Annotated[int | None, feit("pgb-tarief per tariefeenheid", unit="eurocent")] = None
    tariefeenheid: Annotated[str | None, feit("uur of dagdeel, bij een pgb")] = None
    bedrag_cent: Annotated[int | None, feit("pgb over de hele periode", unit="eurocent")] = None


@event_type("aanvraag-ontvangen", service="beschikking", rule="Wmo 2015 art. 2.3.2 lid 9 en 2.3.5 lid 1")
class AanvraagOntvangen(DomainEvent):
    """De aanvraag om een maatwerkvoorziening is ontvangen; de beslistermijn loopt."""

    ontvangen_door: Annotated[str, feit("organisatie die haar ontving: gemeentecode of OIN")]
    herkomst: Annotated[str, feit("hoe de aanvraag ontstond", codes="aanvraag_herkomst")]
    ondertekend_op: Annotated[date | None, feit("dag van ondertekening; leeg als zij niet ondertekend is")] = None
    leveringsvorm_gewenst: Annotated[str | None, feit("natura of pgb", codes="leveringsvorm")] = None
    gemotiveerd: Annotated[bool, feit("of de wens voor een pgb gemotiveerd is")] = False
    thema: Annotated[str | None, feit("thema", codes="thema")] = None
    regels: Annotated[tuple[Aanvraagregel, ...], feit("wat gevraagd is, per regel")] = ()
    hulpverleners: Annotated[tuple[GewensteHulpverlener, ...], persoonsgegeven("wie de hulp zou geven")] = ()
    motivering: Annotated[str | None, persoonsgegeven("motivering van de aanvrager")] = None


@event_type("aanvulling-gevraagd", service="beschikking", rule="Awb 4:5 lid 1")
class AanvullingGevraagd(DomainEvent):
    """De aanvrager is uitgenodigd de aanvraag aan te vullen."""

    gegevens: Annotated[tuple[str, ...], feit("welke gegevens ontbreken")]
    uiterlijk: Annotated[
        date | None, feit("laatste dag om aan te vullen; leeg: geen termijn, dus geen opschorting")
    ] = None


@event_type("aanvulling-ontvangen", service="beschikking", rule="Awb 4:5 lid 1")
class AanvullingOntvangen(DomainEvent):
    """De gevraagde aanvulling is ontvangen."""

    gegevens: Annotated[tuple[str, ...], feit("welke gegevens zijn aangevuld")]


@event_type("aanvraag-ingetrokken", service="beschikking", rule="de aanvrager beschikt over zijn aanvraag")
class AanvraagIngetrokken(DomainEvent):
    """De aanvrager heeft de aanvraag ingetrokken voordat er besloten is."""

    toelichting: Annotated[str | None, persoonsgegeven("toelichting van de aanvrager")] = None


@event_type("besluit-genomen", service="beschikking", rule="Wmo 2015 art. 2.3.5")
class BesluitGenomen(DomainEvent):
    """Er is op de aanvraag besloten. Het werkt pas met de bekendmaking."""

    beschikkingnummer: Annotated[str, feit("uniek nummer van de beschikking (iWmo UP037)")]
    uitkomst: Annotated[str, feit("uitkomst", codes="besluit_uitkomst")]
    thema: Annotated[str | None, feit("thema", codes="thema")] = None
    voorziening: Annotated[str | None, feit("voorziening; leeg als het er meer zijn: zie regels")] = None
    wmo020: Annotated[str | None, feit("productcategorie", codes="wmo020")] = None
    pakket: Annotated[int | None, feit("pakket naar zorgzwaarte")] = None
    leveringsvorm: Annotated[str | None, feit("natura of pgb", codes="leveringsvorm")] = None
    van: Annotated[date | None, feit("eerste dag")] = None
    tot_en_met: Annotated[date | None, feit("laatste dag; leeg: geen einde")] = None
    weken: Annotated[int | None, feit("weken waarover een pgb is berekend", unit="week")] = None
    arrangement: Annotated[tuple[Arrangementdeel, ...], feit("resultaatgebied x intensiteit")] = ()
    regels: Annotated[tuple[Besluitregel, ...], feit("wat is toegekend, per regel")] = ()
    totaal_cent: Annotated[int | None, feit("pgb over alle regels", unit="eurocent")] = None
    waarschuwing: Annotated[str | None, feit("wat opviel bij het besluit", codes="besluit_waarschuwing")] = None
    niet_uitgelegd: Annotated[
        tuple[str, ...], feit("waarover de historie geen uitleg aan de inwoner laat zien: pgb, bijdrage")
    ] = ()
    besloten_door: Annotated[str, feit("gemeente wier college besloot", codes="gemeente")]
    geschreven_door: Annotated[
        str | None, feit("organisatie die de beschikking schreef; schrijven is niet besluiten")
    ] = None
    motivering: Annotated[str | None, persoonsgegeven("individuele motivering")] = None
    motivering_arrangement: Annotated[
        tuple[Indelingsmotivering, ...], persoonsgegeven("motivering van elke indeling")
    ] = ()


@event_type("besluit-bekendgemaakt", service="beschikking", rule="Awb 3:41")
class BesluitBekendgemaakt(DomainEvent):
    """Het besluit is bekendgemaakt, met wat het inhoudt; de bezwaartermijn loopt vanaf de dag erna."""

    wijze: Annotated[str, feit("hoe", codes="bekendmaking_wijze")]
    beschikkingnummer: Annotated[str, feit("nummer van de beschikking")]
    uitkomst: Annotated[str, feit("uitkomst", codes="besluit_uitkomst")]
    thema: Annotated[str | None, feit("thema", codes="thema")] = None
    voorziening: Annotated[str | None, feit("voorziening; leeg als het er meer zijn")] = None
    pakket: Annotated[int | None, feit("pakket naar zorgzwaarte")] = None
    leveringsvorm: Annotated[str | None, feit("natura of pgb", codes="leveringsvorm")] = None
    van: Annotated[date | None, feit("eerste dag")] = None
    tot_en_met: Annotated[date | None, feit("laatste dag")] = None
    regels: Annotated[tuple[Besluitregel, ...], feit("wat is toegekend, per regel")] = ()
    totaal_cent: Annotated[int | None, feit("pgb over alle regels", unit="eurocent")] = None


@event_type("opdracht-verstrekt", service="beschikking", rule="overdracht na de beschikking (004:2429-2431)")
class OpdrachtVerstrekt(DomainEvent):
    """Een aanbieder heeft de opdracht gekregen de voorziening te leveren."""

    aanbieder: Annotated[str, feit("AGB-code of OIN van de aanbieder")]
    ingang: Annotated[date, feit("eerste dag van de levering")]
    tot_en_met: Annotated[date | None, feit("laatste dag")] = None
    voorziening: Annotated[str | None, feit("voorziening; leeg als het er meer zijn")] = None
    pakket: Annotated[int | None, feit("pakket naar zorgzwaarte")] = None
    arrangement: Annotated[tuple[Arrangementdeel, ...], feit("resultaatgebied x intensiteit")] = ()
    regels: Annotated[tuple[Besluitregel, ...], feit("wat te leveren is, per regel")] = ()
    doelen: Annotated[tuple[str, ...], persoonsgegeven("doelen van de ondersteuning")] = ()


@event_type("levering-gestart", service="beschikking", rule="melding van de aanbieder (iWmo 305)")
class LeveringGestart(DomainEvent):
    """De aanbieder is met de ondersteuning begonnen."""

    aanbieder: Annotated[str, feit("AGB-code of OIN van de aanbieder")]
    op: Annotated[date, feit("eerste dag waarop geleverd is")]


@event_type(
    "uitwerking-door-aanbieder-vastgelegd",
    service="beschikking",
    rule="003:636-640: wat geleverd wordt is niet wat besloten is",
)
class UitwerkingDoorAanbiederVastgelegd(DomainEvent):
    """De aanbieder heeft vastgelegd hoe hij het besluit uitwerkt. Het besluit blijft zoals het is."""

    aanbieder: Annotated[str, feit("AGB-code of OIN van de aanbieder")]
    gebied: Annotated[int | None, feit("resultaatgebied waarover het gaat")] = None
    minuten_per_week: Annotated[int | None, feit("vaste omvang die de aanbieder aanhoudt", unit="minuut_per_week")] = (
        None
    )
    signaal: Annotated[str | None, feit("omgerekend_naar_uren: besloten in intensiteit, uitgewerkt in uren")] = None
    uitwerking: Annotated[str | None, persoonsgegeven("de uitwerking zelf")] = None
