"""What happens in the onderzoek: the events of the service onderzoek.

Offered is not used, not discussed is no finding, and what one person said is not what another said: each is a fact of
its own (scp-wmo2015-in-praktijk.md section 12).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Part, event_type, feit, part, persoonsgegeven

LID = "Wmo 2015 art. 2.3.2 lid"


@part
class Uitkomst(Part):
    """Waar het onderzoek op uitkomt: een van de oplossingen, ook als zij buiten de Wmo ligt."""

    soort: Annotated[
        str, feit("maatwerkvoorziening, algemene_voorziening, andere_wet, eigen_kracht, sociaal_netwerk of geen")
    ] = "maatwerkvoorziening"
    voorziening: Annotated[str | None, feit("welke voorziening")] = None
    minuten_per_week: Annotated[int | None, feit("omvang", unit="minuut_per_week")] = None
    pakket: Annotated[int | None, feit("pakket naar zorgzwaarte")] = None
    resultaatgebied: Annotated[int | None, feit("nummer van het resultaatgebied")] = None
    intensiteit: Annotated[str | None, feit("intensiteit in dat gebied, zoals de gemeente haar noemt")] = None


@part
class IndicatieVeld(Part):
    """Inhoud van een veld van de indicatie."""

    naam: Annotated[str, persoonsgegeven("welk veld")]
    inhoud: Annotated[str, persoonsgegeven("wat erin staat")]


# --- het gesprek -------------------------------------------------------------------------------------------------


@event_type("gesprek-gepland", service="onderzoek", rule=f"{LID} 1")
class GesprekGepland(DomainEvent):
    """Er is een gesprek afgesproken."""

    op: Annotated[date, feit("dag van het gesprek")]
    deelnemers: Annotated[tuple[str, ...], feit("wie erbij zijn", codes="partij")] = ()
    telefonisch_afgesproken: Annotated[bool, feit("of de afspraak telefonisch is gemaakt")] = False


@event_type("afspraak-bevestigd", service="onderzoek", rule=f"{LID} 1")
class AfspraakBevestigd(DomainEvent):
    """De afspraak voor het gesprek is schriftelijk bevestigd."""

    gesprek_op: Annotated[date, feit("dag van het gesprek")]
    bijstand_genoemd: Annotated[bool, feit("of erin staat dat de inwoner zich kan laten bijstaan")] = False
    clientondersteuning_genoemd: Annotated[bool, feit("of cliëntondersteuning erin is aangeboden")] = False


@event_type("gesprek-gevoerd", service="onderzoek", rule=f"{LID} 1 en 4")
class GesprekGevoerd(DomainEvent):
    """Het gesprek is gevoerd. Het kunnen er nul zijn, of tien."""

    vorm: Annotated[str, feit("hoe en waar", codes="gespreksvorm")]
    deelnemers: Annotated[tuple[str, ...], feit("wie erbij waren", codes="partij")]
    gevoerd_door: Annotated[str, feit("gemeente, aanbieder of extern_bureau")] = "gemeente"
    organisatie: Annotated[str | None, feit("welke organisatie, als het de gemeente niet is")] = None


@event_type("gesprek-achterwege-gelaten", service="onderzoek", rule=f"{LID} 1")
class GesprekAchterwegeGelaten(DomainEvent):
    """Er is geen gesprek gevoerd, om een reden. Het onderzoek zelf is daarmee niet overgeslagen."""

    reden: Annotated[
        str,
        feit("volledig_formulier, herindicatie, inwoner_ziet_af, bekend_bij_gemeente, kortdurend of externe_opgave"),
    ]
    naar_inrichting: Annotated[bool, feit("of de inrichting een gesprek om deze reden laat vervallen")] = True
    toelichting: Annotated[str | None, persoonsgegeven("waarom het hier kon")] = None


@event_type("identiteit-vastgesteld", service="onderzoek", rule="Wmo 2015 art. 2.3.4")
class IdentiteitVastgesteld(DomainEvent):
    """De identiteit van de inwoner is aan de hand van een document vastgesteld; het nummer wordt niet bewaard."""

    soort_document: Annotated[str, feit("paspoort, identiteitskaart, rijbewijs, vreemdelingendocument of gezien")]
    bsn_nu_bekend: Annotated[bool, feit("of het BSN hierbij is vastgelegd")] = False
    bsn: Annotated[str | None, persoonsgegeven("burgerservicenummer, als het nog niet bekend was")] = None


@event_type("pgb-informatie-gegeven", service="onderzoek", rule=f"{LID} 6")
class PgbInformatieGegeven(DomainEvent):
    """De inwoner is geïnformeerd over de mogelijkheid van een pgb en de gevolgen van die keuze."""

    bij: Annotated[str, feit("bij welke gelegenheid")] = "gesprek"


@event_type("bijdrage-uitgelegd", service="onderzoek", rule=f"{LID} 4 onder g")
class BijdrageUitgelegd(DomainEvent):
    """Uitgelegd is welke bijdrage in de kosten de inwoner verschuldigd zou zijn."""

    bij: Annotated[str, feit("bij welke gelegenheid")] = "gesprek"


@event_type("leefgebied-besproken", service="onderzoek", rule=f"{LID} 4")
class LeefgebiedBesproken(DomainEvent):
    """Een leefgebied kwam aan de orde."""

    leefgebied: Annotated[str, feit("welk leefgebied", codes="leefgebied")]
    herkomst: Annotated[str | None, feit("gevraagd, verteld, waargenomen of afgeleid: hoe men het weet")] = None
    bevinding: Annotated[str | None, persoonsgegeven("wat eruit kwam")] = None
    wens: Annotated[str | None, persoonsgegeven("wat de inwoner zelf wil")] = None


@event_type("leefgebied-niet-besproken", service="onderzoek", rule=f"{LID} 4")
class LeefgebiedNietBesproken(DomainEvent):
    """Een leefgebied kwam niet aan de orde; dat zegt niet dat er geen probleem is."""

    leefgebied: Annotated[str, feit("welk leefgebied", codes="leefgebied")]
    reden: Annotated[str, persoonsgegeven("waarom niet, in woorden van het gesprek")]


@event_type("mantelzorg-situatie-vastgelegd", service="onderzoek", rule=f"{LID} 4 onder e")
class MantelzorgSituatieVastgelegd(DomainEvent):
    """Wat de mantelzorger zelf zei: gegevens van de mantelzorger, niet van de cliënt."""

    alleen_gesproken: Annotated[bool, feit("of de mantelzorger zonder de cliënt is gesproken")] = False
    eigen_woorden: Annotated[str | None, persoonsgegeven("wat de mantelzorger zei")] = None
    behoefte: Annotated[str | None, persoonsgegeven("welke ondersteuning de mantelzorger wil")] = None


@event_type("clientondersteuner-ingeschakeld", service="onderzoek", rule=f"{LID} 3")
class ClientondersteunerIngeschakeld(DomainEvent):
    """De inwoner gebruikt cliëntondersteuning; aangeboden en gebruikt zijn twee feiten."""

    organisatie: Annotated[str | None, feit("van welke organisatie")] = None


# --- plan en verslag ---------------------------------------------------------------------------------------------


@event_type("persoonlijk-plan-ontvangen", service="onderzoek", rule=f"{LID} 2")
class PersoonlijkPlanOntvangen(DomainEvent):
    """De inwoner leverde een persoonlijk plan in."""

    op: Annotated[date, feit("dag van ontvangst")]
    op_tijd: Annotated[bool, feit("of dat binnen de zeven dagen was")]
    hulp_van: Annotated[str | None, feit("wie bij het plan hielp", codes="partij")] = None
    inhoud: Annotated[str | None, persoonsgegeven("het plan")] = None


@event_type("persoonlijk-plan-betrokken", service="onderzoek", rule=f"{LID} 5")
class PersoonlijkPlanBetrokken(DomainEvent):
    """Vastgelegd is hoe het plan in het onderzoek is gebruikt."""

    afwijking_gemotiveerd: Annotated[bool, feit("of van het plan is afgeweken, met motivering")]
    toelichting: Annotated[str, persoonsgegeven("per onderdeel wat ermee is gedaan, en waarom zo nodig anders")]


@event_type("verslag-opgesteld", service="onderzoek", rule=f"{LID} 8")
class VerslagOpgesteld(DomainEvent):
    """De schriftelijke weergave van het onderzoek is opgesteld; een versie verandert daarna niet meer."""

    versie: Annotated[int, feit("versie, vanaf 1")]
    inhoud: Annotated[str | None, persoonsgegeven("het verslag")] = None


@event_type("verslag-verstrekt", service="onderzoek", rule=f"{LID} 8")
class VerslagVerstrekt(DomainEvent):
    """De inwoner heeft het verslag."""

    versie: Annotated[int, feit("welke versie")]


@event_type("verslag-voorgelegd", service="onderzoek", rule=f"{LID} 8")
class VerslagVoorgelegd(DomainEvent):
    """Het verslag is de inwoner voorgelegd om aan te vullen en te ondertekenen."""

    versie: Annotated[int, feit("welke versie")]
    op: Annotated[date, feit("dag waarop het is voorgelegd")]


@event_type("bijlage-toegevoegd", service="onderzoek", rule=f"{LID} 8")
class BijlageToegevoegd(DomainEvent):
    """Een correctie of aanvulling is bij het verslag gevoegd; het verslag zelf blijft zoals het was."""

    nummer: Annotated[int, feit("volgnummer van de bijlage")]
    door: Annotated[str, feit("van wie de bijlage komt", codes="partij")]
    soort: Annotated[str, feit("correctie, aanvulling of zienswijze")]
    verslagversie: Annotated[int, feit("bij welke versie van het verslag")]
    tekst: Annotated[str | None, persoonsgegeven("de tekst van de bijlage")] = None


@event_type("verslag-ondertekend", service="onderzoek", rule=f"{LID} 8")
class VerslagOndertekend(DomainEvent):
    """De inwoner ondertekende het verslag. Onder protest is geen instemming."""

    versie: Annotated[int, feit("welke versie")]
    op: Annotated[date, feit("dag van de ondertekening")]
    akkoord: Annotated[bool, feit("of de inwoner instemt met de uitkomst")]
    onder_protest: Annotated[bool, feit("of onder protest is getekend")]
    bij: Annotated[str, feit("bij wie is getekend: gemeente, aanbieder of extern_bureau")] = "gemeente"
    geldt_als_aanvraag: Annotated[bool, feit("of het verslag daarmee naar de inrichting een aanvraag is")] = False


# --- einde, vertraging -------------------------------------------------------------------------------------------


@event_type("onderzoek-afgerond", service="onderzoek", rule="Wmo 2015 art. 2.3.2")
class OnderzoekAfgerond(DomainEvent):
    """Het onderzoek is klaar; de inwoner kan een aanvraag doen."""

    uitkomst: Annotated[tuple[Uitkomst, ...], feit("waar het onderzoek op uitkomt")]
    basis: Annotated[str, feit("gesprek, of de reden waarom er geen was")]
    akkoord_inwoner: Annotated[bool | None, feit("of de inwoner met de uitkomst instemt; leeg: niet gevraagd")] = None
    akkoord_op: Annotated[date | None, feit("dag van het akkoord")] = None


@event_type("onderzoek-afgebroken", service="onderzoek")
class OnderzoekAfgebroken(DomainEvent):
    """Het onderzoek is gestopt zonder uitkomst."""

    reden: Annotated[str, feit("melding_ingetrokken, melding_afgesloten, overleden, verhuisd of geen_medewerking")]
    toelichting: Annotated[str | None, persoonsgegeven("toelichting")] = None


@event_type("vertraging-toegerekend", service="onderzoek", rule=f"{LID} 1")
class VertragingToegerekend(DomainEvent):
    """Voor wiens rekening vertraging komt. Het verklaart een overschrijding; de zes weken verschuiven er niet door."""

    aan: Annotated[str, feit("voor wiens rekening", codes="toerekening")]
    van: Annotated[date, feit("eerste dag")]
    tot_en_met: Annotated[date, feit("laatste dag")]
    reden: Annotated[str, feit("vakantie, ziekte, capaciteit, wacht_op_derde of anders")]


# --- de indicatie voor een andere gemeente -----------------------------------------------------------------------


@event_type("indicatie-ingediend", service="onderzoek", rule="de gemeente die besluit moet de indicatie hebben")
class IndicatieIngediend(DomainEvent):
    """De indicatie van het team is geleverd aan de gemeente die over dit thema besluit."""

    van: Annotated[str, feit("gemeente van het onderzoek", codes="gemeente")]
    aan: Annotated[str, feit("gemeente die besluit", codes="gemeente")]
    thema: Annotated[str, feit("thema", codes="thema")]
    velden: Annotated[tuple[str, ...], feit("welke velden zijn ingevuld")]
    ontbreekt: Annotated[tuple[str, ...], feit("welke verplichte velden nog leeg zijn")] = ()
    pakket: Annotated[int | None, feit("pakket naar zorgzwaarte")] = None
    inhoud: Annotated[tuple[IndicatieVeld, ...], persoonsgegeven("de velden")] = ()


@event_type("indicatie-teruggestuurd", service="onderzoek", rule="tussen organisaties; geen Awb 4:5, geen opschorting")
class IndicatieTeruggestuurd(DomainEvent):
    """De gemeente die besluit vraagt velden aan te vullen. Geen termijn staat stil; het onderzoek blijft afgerond."""

    door: Annotated[str, feit("gemeente die besluit", codes="gemeente")]
    velden: Annotated[tuple[str, ...], feit("welke velden aangevuld moeten worden")]
    toelichting: Annotated[str | None, persoonsgegeven("wat eraan schort")] = None


@event_type("indicatie-aangevuld", service="onderzoek", rule="tussen organisaties; geen Awb 4:5, geen opschorting")
class IndicatieAangevuld(DomainEvent):
    """Het team heeft de gevraagde velden aangevuld."""

    velden: Annotated[tuple[str, ...], feit("welke velden zijn aangevuld")]
    ontbreekt: Annotated[tuple[str, ...], feit("welke gevraagde velden nog leeg zijn")] = ()
    herkomst: Annotated[str | None, persoonsgegeven("waar de aanvulling vandaan komt")] = None
    inhoud: Annotated[tuple[IndicatieVeld, ...], persoonsgegeven("de velden")] = ()


@event_type("besluit-teruggekoppeld", service="onderzoek", rule="het team dat onderzocht hoort wat er is besloten")
class BesluitTeruggekoppeld(DomainEvent):
    """Het team ontving de uitkomst van het besluit dat een andere gemeente nam."""

    aan: Annotated[str, feit("team dat het hoort")]
    uitkomst: Annotated[str, feit("uitkomst van het besluit", codes="besluit_uitkomst")]
    pakket: Annotated[int | None, feit("pakket dat is toegekend")] = None
