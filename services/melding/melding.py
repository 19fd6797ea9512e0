"""The melding: from first contact to a confirmed melding with an owner. Pure: state, command, inrichting -> facts.

Reads top to bottom: what is known (state and fold), and one decision per command. The events stand in
``gebeurtenissen.py``, the commands in ``opdrachten.py``.

A melding is never turned away for its form, its channel, a missing BSN or its subject: the six weeks run from the day
on which the need was reported (Wmo 2015 art. 2.3.2 lid 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from casuslog import termijnen
from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact, is_destroyed
from casuslog.recorded import Aggregate
from casuslog.rights.events import BetrokkenheidVastgelegd, toestemming_gegeven
from services.melding.gebeurtenissen import (
    ClientondersteuningAangeboden,
    ClientondersteuningAfgeslagen,
    ContactGeregistreerd,
    Doorverwezen,
    GebruikAlgemeneVoorzieningGeteld,
    Gegeven,
    MelderVastgelegd,
    MeldingAfgesloten,
    MeldingBevestigd,
    MeldingDoorgegeven,
    MeldingGeregistreerd,
    MeldingIngetrokken,
    OverdrachtGeaccepteerd,
    PersoonlijkPlanMogelijkheidMeegedeeld,
    VraagVerhelderd,
)
from services.melding.inrichting import TRIAGE_VELDEN, MeldingInrichting
from services.melding.opdrachten import (
    INWONER,
    MELDERS,
    AccepteerOverdracht,
    BevestigMelding,
    BiedClientondersteuningAan,
    GeefMeldingDoor,
    GeefToestemming,
    Opdracht,
    RegistreerContact,
    RegistreerMelding,
    SlaClientondersteuningAf,
    SluitMelding,
    TelGebruikAlgemeneVoorziening,
    TrekMeldingIn,
    VerhelderVraag,
    VerwijsDoor,
)

WMO = "Wmo 2015 art. 2.3.2"

# --- what is known -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Melding:
    """The state of a melding: only what a later decision looks at."""

    contact_op: date | None = None
    gemeld_op: date | None = None
    melder: str = INWONER
    eigenaar: str | None = None
    overdracht_naar: str | None = None
    bevestigd: bool = False
    ondersteuning_aangeboden: bool = False
    gesloten: str | None = None
    vernietigd: bool = False


def evolve(staat: Melding, fact: Fact) -> Melding:
    """The state after one more fact."""
    match fact.data:
        case MelderVastgelegd():  # about another person, whose data may be destroyed apart
            return staat
        case data if is_destroyed(data):
            return replace(staat, vernietigd=True)
        case ContactGeregistreerd():
            return replace(staat, contact_op=fact.on)
        case MeldingGeregistreerd() as data:
            return replace(staat, gemeld_op=fact.on, melder=data.melder, eigenaar=data.ontvangen_door)
        case MeldingBevestigd():
            return replace(staat, bevestigd=True)
        case ClientondersteuningAangeboden():
            return replace(staat, ondersteuning_aangeboden=True)
        case MeldingDoorgegeven() as data:
            return replace(staat, overdracht_naar=data.naar)
        case OverdrachtGeaccepteerd() as data:
            return replace(staat, eigenaar=data.door, overdracht_naar=None)
        case MeldingIngetrokken():
            return replace(staat, gesloten="ingetrokken")
        case MeldingAfgesloten():
            return replace(staat, gesloten="afgesloten")
    return staat


MELDING = Aggregate("melding", Melding(), evolve)
"""The stream of a melding; its subject is the casus."""

TELLING = Aggregate("telling", None, lambda staat, _: staat)
"""Counts of algemene voorzieningen: a subject of its own, never a casus; nothing that is decided looks back at it."""


# --- before there is a melding -----------------------------------------------------------------------------------


def registreer_contact(staat: Melding, opdracht: RegistreerContact, inrichting: MeldingInrichting) -> list[Fact]:
    """Record contact that is not (yet) a melding; a later one in the same casus follows on the first."""
    _voor_de_melding(staat, opdracht)
    punt = opdracht.punt or (inrichting.triage.punt if inrichting.triage else inrichting.team)
    vervolg_op = opdracht.vervolg_op or ("eerste_contact" if staat.contact_op else None)
    kanaal = opdracht.kanaal or inrichting.kanaal_standaard
    return [Fact(ContactGeregistreerd(kanaal=kanaal, punt=punt, vervolg_op=vervolg_op), on=opdracht.op)]


def verhelder_vraag(staat: Melding, opdracht: VerhelderVraag, inrichting: MeldingInrichting) -> list[Fact]:
    """Record the short clarification, and refuse data that a triage does not need."""
    _na_contact(staat, opdracht)
    velden = _triagevelden(opdracht)
    toegestaan = inrichting.triage.max_velden if inrichting.triage else TRIAGE_VELDEN
    te_veel = sorted(set(velden) - set(toegestaan))
    if te_veel:
        raise Refused(
            "meer_gegevens_dan_nodig_voor_triage",
            f"Voor de triage van {inrichting.naam} zijn {', '.join(te_veel)} niet nodig en niet vastgelegd.",
            rule=f"inrichting {inrichting.versie}: voor triage alleen {', '.join(toegestaan)}",
            remedy=f"Laat {', '.join(te_veel)} weg; bespreek ze zo nodig in het onderzoek.",
            field=te_veel[0],
        )
    verhelderd = VraagVerhelderd(
        domein=opdracht.domein,
        velden=velden,
        vraag=opdracht.vraag,
        contactgegevens=opdracht.contactgegevens,
        overig=tuple(Gegeven(naam=naam, waarde=waarde) for naam, waarde in sorted(opdracht.overig.items())),
    )
    return [Fact(verhelderd, on=opdracht.op)]


def verwijs_door(staat: Melding, opdracht: VerwijsDoor, inrichting: MeldingInrichting) -> list[Fact]:
    """Refer without a melding, where the inrichting lets the contact point do so."""
    if staat.gemeld_op is not None:
        raise Refused(
            "melding_vraagt_onderzoek",
            f"Op {_dag(staat.gemeld_op)} is een melding gedaan; een verwijzing kan het onderzoek niet vervangen.",
            rule=f"{WMO} lid 1",
            remedy="Betrek de voorziening waarnaar u wilt verwijzen in het onderzoek.",
        )
    _na_contact(staat, opdracht)
    if inrichting.triage and not inrichting.triage.mag_verwijzen:
        raise Refused(
            "mag_niet_verwijzen",
            f"{inrichting.triage.punt} van {inrichting.naam} verwijst niet zelf door.",
            rule=f"inrichting {inrichting.versie}: triage zonder verwijzen",
            remedy="Registreer de melding en geef haar door aan het team.",
        )
    verwezen = Doorverwezen(naar=opdracht.naar, soort=opdracht.soort, reden=opdracht.reden)
    return [Fact(verwezen, on=opdracht.op)]


# --- the melding -------------------------------------------------------------------------------------------------


def registreer_melding(staat: Melding, opdracht: RegistreerMelding, inrichting: MeldingInrichting) -> list[Fact]:
    """Record the melding as it came: in any form, by the inwoner or on his behalf, with or without BSN."""
    _voor_de_melding(staat, opdracht)
    melder = opdracht.melder or _melder_van(opdracht.door)
    if melder not in (INWONER, "vertegenwoordiger") and opdracht.akkoord_inwoner is False:
        raise Refused(
            "inwoner_niet_akkoord",
            "De inwoner stemt er niet mee in dat een ander voor hem meldt; dan is dit geen melding door of namens hem.",
            rule=f"{WMO} lid 1",
            remedy="Vraag de inwoner om akkoord, of registreer het als contact.",
            field="akkoord_inwoner",
        )
    woongemeente = opdracht.woongemeente or inrichting.gemeente
    facts = [Fact(_geregistreerd(staat, opdracht, inrichting, melder, woongemeente), on=opdracht.op)]
    facts += _melder_vastgelegd(opdracht, melder)
    if opdracht.client is not None:
        client = BetrokkenheidVastgelegd(organisatie=opdracht.client, als="client", vanaf=opdracht.op)
        facts.append(Fact(client, on=opdracht.op, rule=f"{WMO} lid 1"))
    facts.append(_betrokken(opdracht, woongemeente, "woongemeente"))
    if woongemeente != inrichting.gemeente:
        facts.append(_betrokken(opdracht, inrichting.gemeente, "uitvoerende_gemeente"))
    return facts


def bevestig_melding(staat: Melding, opdracht: BevestigMelding, inrichting: MeldingInrichting) -> list[Fact]:
    """Confirm the receipt, tell of the persoonlijk plan, and offer cliëntondersteuning where that is done now."""
    gemeld_op = _na_melding(staat, opdracht)
    if staat.bevestigd:
        raise Refused(
            "melding_al_bevestigd",
            "De ontvangst van deze melding is al bevestigd.",
            rule=f"{WMO} lid 1",
            remedy="Niets: de inwoner heeft de bevestiging. Leg een later aanbod van cliëntondersteuning apart vast.",
        )
    facts = [Fact(MeldingBevestigd(aan=_ontvangers(staat, opdracht)), on=opdracht.op)]
    plan = termijnen.persoonlijk_plan(gemeld_op)
    meegedeeld = PersoonlijkPlanMogelijkheidMeegedeeld(rekendatum=plan.rekendatum, inleveren_tot_en_met=plan.uiterlijk)
    facts.append(Fact(meegedeeld, on=opdracht.op))
    aanbieden = opdracht.clientondersteuning
    if aanbieden is None:
        aanbieden = "bevestiging" in inrichting.clientondersteuning_momenten
    return [*facts, _aanbod("bevestiging", opdracht, inrichting)] if aanbieden else facts


def bied_clientondersteuning_aan(
    staat: Melding, opdracht: BiedClientondersteuningAan, inrichting: MeldingInrichting
) -> list[Fact]:
    """Record that cliëntondersteuning was offered; more than once is right."""
    _na_melding(staat, opdracht)
    return [_aanbod(opdracht.moment, opdracht, inrichting)]


def sla_clientondersteuning_af(staat: Melding, opdracht: SlaClientondersteuningAf) -> list[Fact]:
    """Record that the inwoner does not want it now."""
    _na_melding(staat, opdracht)
    if not staat.ondersteuning_aangeboden:
        raise Refused(
            "clientondersteuning_niet_aangeboden",
            "Er is nog geen cliëntondersteuning aangeboden; wat niet is aangeboden kan niet worden afgeslagen.",
            rule=f"{WMO} lid 3",
            remedy="Wijs de inwoner op gratis onafhankelijke cliëntondersteuning en leg dat vast.",
        )
    return [Fact(ClientondersteuningAfgeslagen(door=opdracht.namens), on=opdracht.op)]


def geef_melding_door(staat: Melding, opdracht: GeefMeldingDoor, inrichting: MeldingInrichting) -> list[Fact]:
    """Offer the melding to a team. The term keeps running from the melding, and the owner stays until it accepts."""
    _na_melding(staat, opdracht)
    van = staat.eigenaar or inrichting.team
    naar = opdracht.naar or (inrichting.triage.doorgeven_aan if inrichting.triage else None) or inrichting.team
    if naar == van:
        raise Refused(
            "al_eigenaar",
            f"{naar} is al eigenaar van deze melding.",
            rule="een overdracht heeft twee partijen",
            remedy="Noem het team dat de melding moet aannemen.",
            field="naar",
        )
    return [Fact(MeldingDoorgegeven(van=van, naar=naar), on=opdracht.op, rule=f"inrichting {inrichting.versie}")]


def accepteer_overdracht(staat: Melding, opdracht: AccepteerOverdracht) -> list[Fact]:
    """Take over a melding that was handed on."""
    _na_melding(staat, opdracht)
    if staat.overdracht_naar is None:
        raise Refused(
            "geen_overdracht",
            "Deze melding is aan niemand doorgegeven; er is niets te accepteren.",
            rule="een overdracht is doorgegeven en geaccepteerd, beide",
            remedy="Laat de eigenaar de melding eerst doorgeven.",
        )
    if opdracht.door.rol == staat.eigenaar:
        raise Refused(
            "overdracht_niet_aan_u",
            f"{staat.eigenaar} gaf de melding door aan {staat.overdracht_naar} en kan haar niet zelf aannemen.",
            rule="wie doorgeeft blijft eigenaar tot de ander accepteert",
            remedy=f"Laat {staat.overdracht_naar} de melding accepteren.",
        )
    geaccepteerd = OverdrachtGeaccepteerd(
        door=staat.overdracht_naar, op=opdracht.op, contactpersoon=opdracht.contactpersoon or opdracht.door.id
    )
    return [Fact(geaccepteerd, on=opdracht.op, rule="zolang niemand accepteert blijft wie doorgaf eigenaar")]


def geef_toestemming(staat: Melding, opdracht: GeefToestemming) -> list[Fact]:
    """Record what the inwoner lets another have. Having reported gives no right to read."""
    _na_melding(staat, opdracht)
    if opdracht.door.rol == opdracht.aan:
        raise Refused(
            "toestemming_niet_van_betrokkene",
            f"Wie toestemming krijgt ({opdracht.aan}) kan haar niet zelf geven.",
            rule="toestemming komt van de betrokkene; melder zijn geeft geen inzagerecht",
            remedy="Laat de inwoner of zijn wettelijk vertegenwoordiger de toestemming geven.",
            field="aan",
        )
    return [toestemming_gegeven(opdracht.aan, opdracht.omvang, op=opdracht.op)]


def trek_melding_in(staat: Melding, opdracht: TrekMeldingIn) -> list[Fact]:
    """Record that the inwoner does not go on; that is his choice and no refusal."""
    _na_melding(staat, opdracht)
    ingetrokken = MeldingIngetrokken(door=opdracht.namens, reden=opdracht.reden, toelichting=opdracht.toelichting)
    return [Fact(ingetrokken, on=opdracht.op, rule="de inwoner beschikt over zijn melding")]


def sluit_melding(staat: Melding, opdracht: SluitMelding, inrichting: MeldingInrichting) -> list[Fact]:
    """Close a melding for a reason that is no judgement of the need: that takes an onderzoek."""
    _na_melding(staat, opdracht)
    return [Fact(MeldingAfgesloten(reden=opdracht.reden), on=opdracht.op, rule=f"inrichting {inrichting.versie}")]


def tel_gebruik_algemene_voorziening(
    _staat: None, opdracht: TelGebruikAlgemeneVoorziening, inrichting: MeldingInrichting
) -> list[Fact]:
    """Count the use of an algemene voorziening, without a person and outside every casus."""
    if not inrichting.is_algemeen(opdracht.voorziening):
        raise Refused(
            "geen_algemene_voorziening",
            f"{opdracht.voorziening} is in {inrichting.naam} geen algemene voorziening.",
            rule=f"inrichting {inrichting.versie}; Wmo 2015 art. 2.2.3",
            remedy="Registreer een melding; voor een maatwerkvoorziening is een onderzoek nodig.",
            field="voorziening",
        )
    geteld = GebruikAlgemeneVoorzieningGeteld(voorziening=opdracht.voorziening, aantal=opdracht.aantal)
    return [Fact(geteld, on=opdracht.op)]


# --- what the decisions share ------------------------------------------------------------------------------------

_GEGEVENS = ("naam", "adres", "woonplaats", "telefoon", "email", "geboortedatum", "bsn", "hulpvraag")


def _geregistreerd(
    staat: Melding, opdracht: RegistreerMelding, inrichting: MeldingInrichting, melder: str, woongemeente: str
) -> MeldingGeregistreerd:
    gegevens = {naam: getattr(opdracht, naam) for naam in _GEGEVENS}
    via_triage = inrichting.triage is not None and staat.contact_op is not None
    return MeldingGeregistreerd(
        vorm=inrichting.vorm_van(opdracht.voorziening),
        kanaal=opdracht.kanaal or inrichting.kanaal_standaard,
        velden=tuple(naam for naam, waarde in gegevens.items() if waarde is not None),
        melder=melder,
        relatie=opdracht.relatie,
        betrokkene=INWONER,
        namens=opdracht.namens or (None if melder == INWONER else INWONER),
        akkoord_inwoner=opdracht.akkoord_inwoner,
        melder_is_contactpersoon=opdracht.contactpersoon,
        ontvangen_door=opdracht.ontvangen_door or ("kcc" if via_triage else inrichting.team),
        voorziening=opdracht.voorziening,
        thema=opdracht.thema,
        domein=opdracht.domein,
        woongemeente=woongemeente,
        **gegevens,
    )


def _melder_vastgelegd(opdracht: RegistreerMelding, melder: str) -> Iterator[Fact]:
    if melder == INWONER or (opdracht.melder_naam is None and opdracht.melder_telefoon is None):
        return
    vastgelegd = MelderVastgelegd(
        relatie=opdracht.relatie, naam=opdracht.melder_naam, telefoon=opdracht.melder_telefoon
    )
    yield Fact(vastgelegd, on=opdracht.op, betrokkene="derde")


def _betrokken(opdracht: RegistreerMelding, gemeente: str, als: str) -> Fact:
    betrokken = BetrokkenheidVastgelegd(organisatie=gemeente, als=als, vanaf=opdracht.op, thema=opdracht.thema)
    return Fact(betrokken, on=opdracht.op, rule=f"{WMO} lid 1")


def _melder_van(actor: Actor) -> str:
    """Staff write down what an inwoner reports; others report themselves."""
    return actor.rol if actor.rol in MELDERS else INWONER


def _ontvangers(staat: Melding, opdracht: BevestigMelding) -> tuple[str, ...]:
    ook_de_melder = staat.melder != INWONER and opdracht.ontvangstbericht_aan_melder is not False
    aan = [INWONER, *opdracht.aan, *([staat.melder] if ook_de_melder else [])]
    return tuple(dict.fromkeys(aan))


def _triagevelden(opdracht: VerhelderVraag) -> tuple[str, ...]:
    contact = ["contactgegevens"] if opdracht.contactgegevens else []
    return ("hulpvraag_kort", "domein", *contact, *sorted(opdracht.overig))


def _aanbod(moment: str, opdracht: Opdracht, inrichting: MeldingInrichting) -> Fact:
    aangeboden = ClientondersteuningAangeboden(moment=moment, belegd_bij=inrichting.clientondersteuning_bij)
    return Fact(aangeboden, on=opdracht.op)


def _voor_de_melding(staat: Melding, opdracht: Opdracht) -> None:
    _leesbaar(staat)
    if staat.gemeld_op is not None:
        raise Refused(
            "melding_al_geregistreerd",
            f"Deze casus heeft al een melding, van {_dag(staat.gemeld_op)}; daarvandaan lopen de zes weken.",
            rule=f"{WMO} lid 1",
            remedy="Leg wat erbij komt vast in het onderzoek; een andere hulpvraag is een nieuwe casus.",
        )
    _niet_eerder(opdracht, staat.contact_op, "het eerste contact")


def _na_contact(staat: Melding, opdracht: Opdracht) -> None:
    if staat.gemeld_op is not None:
        _na_melding(staat, opdracht)
        return
    _leesbaar(staat)
    if staat.contact_op is None:
        raise _onbekend("Van deze casus is geen contact vastgelegd.", "Registreer eerst het contact.")
    _niet_eerder(opdracht, staat.contact_op, "het contact")


def _na_melding(staat: Melding, opdracht: Opdracht) -> date:
    """The day of the melding, for whoever may still act on it."""
    _leesbaar(staat)
    if staat.gemeld_op is None:
        raise _onbekend("Van deze casus is geen melding vastgelegd.", "Registreer eerst de melding.")
    if staat.gesloten is not None:
        raise Refused(
            "melding_gesloten",
            f"Deze melding is {staat.gesloten}; er is niets meer aan te doen.",
            rule=f"{WMO} lid 1",
            remedy="Registreer een nieuwe melding als de inwoner opnieuw ondersteuning vraagt.",
        )
    _niet_eerder(opdracht, staat.gemeld_op, "de melding")
    return staat.gemeld_op


def _onbekend(detail: str, remedy: str) -> Refused:
    return Refused("casus_onbekend", detail, rule=f"{WMO} lid 1", remedy=f"{remedy} Controleer ook de casus-id.")


def _leesbaar(staat: Melding) -> None:
    if staat.vernietigd:
        raise Refused(
            "dossier_vernietigd",
            "De gegevens van deze casus zijn vernietigd; er kan niets meer aan worden toegevoegd.",
            rule="Wmo 2015 art. 5.3.5",
            remedy="Registreer een nieuwe melding als de inwoner opnieuw ondersteuning vraagt.",
        )


def _niet_eerder(opdracht: Opdracht, grens: date | None, waarvan: str) -> None:
    if grens is not None and opdracht.op < grens:
        raise Refused(
            "feit_voor_melding",
            f"Dit feit ({_dag(opdracht.op)}) ligt voor {waarvan} ({_dag(grens)}).",
            rule="een feit volgt op het feit waarop het rust",
            remedy=f"Controleer de datum: {_dag(grens)} of later.",
            field="op",
        )


def _dag(dag: date) -> str:
    return f"{dag.day}-{dag.month}-{dag.year}"
