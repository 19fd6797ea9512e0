"""What happens before and at the melding: the events of the service melding.

Contact that leads to no melding counts too: it is the group that no register knows (scp-de-kanteling.md section 11.1).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from casuslog.events import DomainEvent, Part, event_type, feit, part, persoonsgegeven


@part
class Gegeven(Part):
    """Een gegeven dat de inwoner bij de vraagverheldering gaf."""

    naam: Annotated[str, persoonsgegeven("welk gegeven")]
    waarde: Annotated[str, persoonsgegeven("wat de inwoner zei")]


@event_type("contact-geregistreerd", service="melding", rule="Wmo 2015 art. 2.2.4")
class ContactGeregistreerd(DomainEvent):
    """Een inwoner had contact; dat is nog geen melding."""

    kanaal: Annotated[str, feit("langs welke weg", codes="kanaal")]
    punt: Annotated[str, feit("bij welk punt, zoals kcc_zorg of het team")]
    vervolg_op: Annotated[
        str | None, feit("welk contact dit vervolgt: eerste_contact (van deze casus) of de id van een andere casus")
    ] = None


@event_type("vraag-verhelderd", service="melding", rule="Wmo 2015 art. 2.2.4")
class VraagVerhelderd(DomainEvent):
    """De vraag is kort verhelderd, met niet meer gegevens dan voor de triage nodig zijn."""

    domein: Annotated[str, feit("waarover de vraag gaat, zoals wmo, jeugd of participatie")]
    velden: Annotated[tuple[str, ...], feit("welke gegevens zijn vastgelegd; de inhoud staat apart")]
    vraag: Annotated[str, persoonsgegeven("de vraag in de woorden van de inwoner")]
    contactgegevens: Annotated[str | None, persoonsgegeven("hoe de inwoner te bereiken is")] = None
    overig: Annotated[tuple[Gegeven, ...], persoonsgegeven("wat de inrichting verder voor de triage toelaat")] = ()


@event_type("doorverwezen", service="melding", rule="Wmo 2015 art. 2.2.4")
class Doorverwezen(DomainEvent):
    """De inwoner is verwezen zonder melding; een melding blijft altijd mogelijk."""

    naar: Annotated[str, feit("de voorziening of organisatie")]
    soort: Annotated[str, feit("algemene_voorziening, andere_wet, eigen_netwerk of informatie")]
    reden: Annotated[str, feit("waarom: passend, wens_inwoner of andere_wet")]


@event_type("melding-geregistreerd", service="melding", rule="Wmo 2015 art. 2.3.2 lid 1")
class MeldingGeregistreerd(DomainEvent):
    """Een behoefte aan maatschappelijke ondersteuning is gemeld; de zes weken lopen vanaf deze dag."""

    vorm: Annotated[str, feit("vormvrij of formulier: hoe de gemeente meldingen hierover laat doen")]
    kanaal: Annotated[str, feit("langs welke weg", codes="kanaal")]
    velden: Annotated[tuple[str, ...], feit("welke persoonsgegevens zijn gegeven; wat ontbreekt blokkeert niet")]
    melder: Annotated[str, feit("wie meldde: inwoner, derde, mantelzorger, vertegenwoordiger of zorgprofessional")]
    betrokkene: Annotated[str, feit("over wie de melding gaat; wie meldt wordt geen betrokkene", codes="betrokkene")]
    ontvangen_door: Annotated[str, feit("team of punt dat de melding ontving en dus eigenaar is")]
    woongemeente: Annotated[str, feit("gemeente waar de inwoner woont", codes="gemeente")]
    thema: Annotated[str, feit("thema van de casus", codes="thema")]
    domein: Annotated[str, feit("waarover de melding gaat")] = "wmo"
    relatie: Annotated[str | None, feit("wat de melder van de inwoner is, zoals dochter")] = None
    namens: Annotated[str | None, feit("namens wie is gemeld", codes="betrokkene")] = None
    akkoord_inwoner: Annotated[bool | None, feit("of de inwoner ermee instemt dat een ander meldt")] = None
    melder_is_contactpersoon: Annotated[bool, feit("of de melder aanspreekpunt is voor afspraken")] = False
    voorziening: Annotated[str | None, feit("voorziening die de inwoner noemde; bindt het onderzoek niet")] = None
    naam: Annotated[str | None, persoonsgegeven("naam van de inwoner")] = None
    adres: Annotated[str | None, persoonsgegeven("straat en huisnummer")] = None
    woonplaats: Annotated[str | None, persoonsgegeven("woonplaats")] = None
    telefoon: Annotated[str | None, persoonsgegeven("telefoonnummer")] = None
    email: Annotated[str | None, persoonsgegeven("e-mailadres")] = None
    geboortedatum: Annotated[date | None, persoonsgegeven("geboortedatum")] = None
    bsn: Annotated[str | None, persoonsgegeven("burgerservicenummer; mag bij de melding ontbreken")] = None
    hulpvraag: Annotated[str | None, persoonsgegeven("de hulpvraag in de woorden van de melder")] = None


@event_type("melder-vastgelegd", service="melding", rule="Wmo 2015 art. 2.3.2 lid 1")
class MelderVastgelegd(DomainEvent):
    """Hoe een ander die meldde te bereiken is: gegevens van die ander, niet van de inwoner."""

    relatie: Annotated[str | None, feit("wat de melder van de inwoner is")] = None
    naam: Annotated[str | None, persoonsgegeven("naam van de melder")] = None
    telefoon: Annotated[str | None, persoonsgegeven("telefoonnummer van de melder")] = None


@event_type("melding-bevestigd", service="melding", rule="Wmo 2015 art. 2.3.2 lid 1")
class MeldingBevestigd(DomainEvent):
    """Het college heeft de ontvangst van de melding bevestigd. Een andere melder hoort alleen dat er ontvangen is."""

    aan: Annotated[tuple[str, ...], feit("wie de bevestiging kreeg", codes="partij")]


@event_type("persoonlijk-plan-mogelijkheid-meegedeeld", service="melding", rule="Wmo 2015 art. 2.3.2 lid 2")
class PersoonlijkPlanMogelijkheidMeegedeeld(DomainEvent):
    """De inwoner weet dat hij een persoonlijk plan kan inleveren, en tot wanneer."""

    rekendatum: Annotated[date, feit("zeven dagen na de melding, voor verschuiving")]
    inleveren_tot_en_met: Annotated[date, feit("laatste dag, verschoven volgens de Algemene termijnenwet")]


@event_type("clientondersteuning-aangeboden", service="melding", rule="Wmo 2015 art. 2.3.2 lid 3")
class ClientondersteuningAangeboden(DomainEvent):
    """De inwoner is gewezen op gratis onafhankelijke cliëntondersteuning. Aangeboden is niet gebruikt."""

    moment: Annotated[str, feit("bevestiging, telefonische_afspraak, afspraakbevestiging, gesprek of formulier")]
    belegd_bij: Annotated[tuple[str, ...], feit("welke organisaties de gemeente noemt")] = ()


@event_type("clientondersteuning-afgeslagen", service="melding", rule="Wmo 2015 art. 2.3.2 lid 3")
class ClientondersteuningAfgeslagen(DomainEvent):
    """De inwoner wil nu geen cliëntondersteuning. Dat is geen afwijzing en sluit later gebruik niet uit."""

    door: Annotated[str, feit("wie afsloeg", codes="partij")]


@event_type("melding-doorgegeven", service="melding")
class MeldingDoorgegeven(DomainEvent):
    """De melding is aan een ander team aangeboden; wie doorgeeft blijft eigenaar tot de ander accepteert."""

    van: Annotated[str, feit("eigenaar die doorgeeft")]
    naar: Annotated[str, feit("wie de melding moet aannemen")]


@event_type("overdracht-geaccepteerd", service="melding")
class OverdrachtGeaccepteerd(DomainEvent):
    """De ontvanger heeft de melding aangenomen en is nu eigenaar."""

    door: Annotated[str, feit("nieuwe eigenaar")]
    op: Annotated[date, feit("dag van acceptatie")]
    contactpersoon: Annotated[str, feit("pseudoniem van de medewerker die aanspreekpunt is")]


@event_type("melding-ingetrokken", service="melding")
class MeldingIngetrokken(DomainEvent):
    """De inwoner zet de melding niet door."""

    door: Annotated[str, feit("wie introk", codes="partij")]
    reden: Annotated[str, feit("opgelost, bijdrage, rompslomp, gezondheid, niet_zelf_gewild, anders of onbekend")]
    toelichting: Annotated[str | None, persoonsgegeven("de reden in eigen woorden")] = None


@event_type("melding-afgesloten", service="melding")
class MeldingAfgesloten(DomainEvent):
    """De gemeente sluit de melding om een reden die geen oordeel over de hulpvraag is."""

    reden: Annotated[str, feit("dubbele_melding, overleden, verhuisd of overgedragen")]


@event_type("persoonsverwisseling-vastgelegd", service="melding", rule="AVG art. 5 lid 1 onder d en art. 19")
class PersoonsverwisselingVastgelegd(DomainEvent):
    """De melding stond op de verkeerde persoon. Wat eronder werd vastgelegd, gaat niet over deze inwoner."""

    reden: Annotated[str, feit("verkeerd_bsn, naamgenoot, zelfde_adres of anders")]


@event_type("overlijden-vastgelegd", service="melding", rule="AVG art. 5 lid 1 onder d en art. 19")
class OverlijdenVastgelegd(DomainEvent):
    """De inwoner is overleden."""

    overleden_op: Annotated[date, feit("dag van overlijden")]
    bron: Annotated[str, feit("brp, naaste, aanbieder of anders")]


@event_type("verhuizing-vastgelegd", service="melding", rule="Wmo 2015 art. 1.2.1")
class VerhuizingVastgelegd(DomainEvent):
    """De inwoner verhuist of is verhuisd; naar een andere gemeente betekent dat een andere verantwoordelijke."""

    per: Annotated[date, feit("eerste dag op het nieuwe adres")]
    naar_gemeente: Annotated[str | None, feit("nieuwe woongemeente; leeg: dezelfde", codes="gemeente")] = None
    adres: Annotated[str | None, persoonsgegeven("nieuw adres")] = None
    woonplaats: Annotated[str | None, persoonsgegeven("nieuwe woonplaats")] = None


@event_type("bsn-vervangen", service="melding", rule="AVG art. 5 lid 1 onder d en art. 19")
class BsnVervangen(DomainEvent):
    """De inwoner heeft een ander burgerservicenummer dan was vastgelegd."""

    reden: Annotated[str, feit("vergissing, nieuw_toegekend of anders")]
    bsn: Annotated[str, persoonsgegeven("het juiste burgerservicenummer")]


@event_type("gebruik-algemene-voorziening-geteld", service="melding", rule="Wmo 2015 art. 2.2.3", stream="telling")
class GebruikAlgemeneVoorzieningGeteld(DomainEvent):
    """Een algemene voorziening is gebruikt. Geteld zonder persoon: vrij toegankelijk blijft vrij toegankelijk."""

    voorziening: Annotated[str, feit("welke algemene voorziening")]
    aantal: Annotated[int, feit("hoeveel keer")] = 1
