"""A dossier of the toezichthouder: signals, calamiteiten, onderzoeken. A stream with a subject of its own.

The casus id never stands in the envelope, so that nobody sees from a casus that there is a dossier. The toezichthouder
is independent of who decides and of who buys. Law: Wmo 2015 art. 3.4, 6.1; Awb 5:16 and 5:17 (from general knowledge).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from casuslog.envelope import Actor
from casuslog.errors import Forbidden, Refused
from casuslog.events import DomainEvent, Fact, event_type, feit, is_destroyed, persoonsgegeven
from casuslog.recorded import Aggregate
from services.toezicht.inrichting import ToezichtInrichting
from services.toezicht.opdrachten import (
    BeoordeelSignaal,
    InformeerCollege,
    MeldCalamiteit,
    OntvangSignaal,
    OntvangTermijnsignaal,
    RondOnderzoekAf,
    StartOnderzoek,
    VorderGegevens,
)

TOEZICHTHOUDER = "toezichthouder"
REACTIEF_ONDERZOEK = "reactief_onderzoek"
GEEN = "geen"


# -- events ------------------------------------------------------------------------------------------------------------


@event_type("toezichtsignaal-ontvangen", service="toezicht", rule="Wmo 2015 art. 6.1")
class ToezichtsignaalOntvangen(DomainEvent):
    """De toezichthouder heeft een signaal ontvangen, zonder persoonsgegevens van een client."""

    herkomst: Annotated[str, feit("waar het signaal vandaan komt", codes="toezicht_herkomst")]
    aard: Annotated[str, feit("wat er aan de hand lijkt")]
    over: Annotated[str | None, feit("over wie: aanbieder of hulpverlener, als code")] = None
    week: Annotated[str | None, feit("week waarover het gaat, ISO 8601 (2017-W13)")] = None
    persoonsgegevens: Annotated[str, feit("altijd 'geen': het signaal noemt de client niet")] = GEEN
    toelichting: Annotated[str | None, persoonsgegeven("toelichting van de gever, zonder clientnaam")] = None


@event_type("toezichtsignaal-beoordeeld", service="toezicht", rule="Wmo 2015 art. 6.1")
class ToezichtsignaalBeoordeeld(DomainEvent):
    """De toezichthouder heeft het signaal beoordeeld."""

    uitkomst: Annotated[str, feit("wat ermee gebeurt", codes="toezicht_beoordeling")]
    motivering: Annotated[str | None, persoonsgegeven("motivering van de beoordeling")] = None


@event_type("calamiteit-gemeld", service="toezicht", rule="Wmo 2015 art. 3.4 lid 1")
class CalamiteitGemeld(DomainEvent):
    """Een aanbieder heeft een calamiteit of geweld bij de toezichthouder gemeld. Geen Wmo-melding."""

    door: Annotated[str, feit("AGB-code of OIN van de aanbieder")]
    op: Annotated[date, feit("dag van de melding")]
    ontvanger: Annotated[str, feit("toezichthouder die haar ontving")]
    soort: Annotated[str, feit("calamiteit of geweld")] = "calamiteit"
    gebeurd_op: Annotated[date | None, feit("dag van de gebeurtenis")] = None
    dagen_erna: Annotated[int | None, feit("dagen tussen gebeurtenis en melding (onverwijld)", unit="dag")] = None
    casus: Annotated[str | None, feit("casus waarin het gebeurde; staat alleen hier, nooit in de envelop")] = None
    gebeurtenis: Annotated[str, persoonsgegeven("wat er gebeurde")]


@event_type("toezichtonderzoek-gestart", service="toezicht", rule="Wmo 2015 art. 6.1")
class ToezichtonderzoekGestart(DomainEvent):
    """De toezichthouder is een onderzoek begonnen."""

    soort: Annotated[str, feit("reactief of proactief", codes="toezichtonderzoek_soort")]
    op: Annotated[date, feit("eerste dag")]
    aanleiding: Annotated[str | None, feit("signaal, calamiteit of een eigen aanleiding")] = None


@event_type("gegevens-gevorderd", service="toezicht", rule="Wmo 2015 art. 3.4 lid 2; Awb 5:16 en 5:17")
class GegevensGevorderd(DomainEvent):
    """De toezichthouder heeft gegevens gevorderd."""

    bij: Annotated[str, feit("van wie: AGB-code, OIN of rol")]
    welke: Annotated[tuple[str, ...], feit("welke soorten gegevens")] = ()


@event_type("toezichtonderzoek-afgerond", service="toezicht", rule="Wmo 2015 art. 6.1")
class ToezichtonderzoekAfgerond(DomainEvent):
    """Het onderzoek van de toezichthouder is afgerond."""

    op: Annotated[date, feit("laatste dag")]
    bevindingen: Annotated[str | None, persoonsgegeven("bevindingen")] = None


@event_type("college-geinformeerd", service="toezicht", rule="Wmo 2015 art. 6.1")
class CollegeGeinformeerd(DomainEvent):
    """Het college kent de uitkomst in algemene zin."""

    strekking: Annotated[str, feit("uitkomst in algemene zin, als code")]
    persoonsgegevens: Annotated[str, feit("altijd 'geen'")] = GEEN


# -- state and fold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is in a dossier."""

    signaal: bool = False
    beoordeeld: bool = False
    gemeld_door: str | None = None
    """The aanbieder that reported a calamiteit."""
    onderzoek: str | None = None
    """``loopt`` or ``afgerond``."""
    vernietigd: bool = False

    @property
    def leeg(self) -> bool:
        """Whether nothing was recorded yet."""
        return self == Dossier()


def evolve(staat: Dossier, feit_: Fact) -> Dossier:
    """The state after this fact. A destroyed dossier folds to *vernietigd*."""
    if is_destroyed(feit_.data) or staat.vernietigd:
        return replace(staat, vernietigd=True)
    match feit_.data:
        case ToezichtsignaalOntvangen():
            return replace(staat, signaal=True)
        case ToezichtsignaalBeoordeeld():
            return replace(staat, beoordeeld=True)
        case CalamiteitGemeld(door=aanbieder):
            return replace(staat, gemeld_door=aanbieder)
        case ToezichtonderzoekGestart():
            return replace(staat, onderzoek="loopt")
        case ToezichtonderzoekAfgerond():
            return replace(staat, onderzoek="afgerond")
        case _:
            return staat


TOEZICHT = Aggregate("toezicht", Dossier(), evolve)


# -- what comes in -----------------------------------------------------------------------------------------------------


def ontvang_signaal(staat: Dossier, opdracht: OntvangSignaal) -> list[Fact]:
    """Receive a signal into a dossier of its own.

    Raises:
        Refused: ``dossier_bestaat_al``.
    """
    _eis_leeg(staat)
    ontvangen = ToezichtsignaalOntvangen(
        herkomst=opdracht.herkomst,
        aard=opdracht.aard,
        over=opdracht.over,
        week=opdracht.week,
        toelichting=opdracht.toelichting,
    )
    return [Fact(ontvangen, on=opdracht.op)]


def ontvang_termijnsignaal(
    staat: Dossier, opdracht: OntvangTermijnsignaal, inrichting: ToezichtInrichting
) -> list[Fact]:
    """A term that ran out is a signal where the inrichting says so, and nothing where it does not.

    Raises:
        Refused: ``dossier_bestaat_al``.
    """
    if opdracht.soort not in inrichting.signaal_bij_termijn:
        return []
    _eis_leeg(staat)
    ontvangen = ToezichtsignaalOntvangen(
        herkomst="termijn", aard=f"termijn_overschreden_{opdracht.soort}", over=opdracht.service
    )
    rule = f"inrichting {inrichting.versie}: signaal bij een overschreden termijn"
    return [Fact(ontvangen, on=opdracht.op, rule=rule)]


def meld_calamiteit(staat: Dossier, opdracht: MeldCalamiteit, inrichting: ToezichtInrichting) -> list[Fact]:
    """An aanbieder reports to the toezichthouder, and to nobody else.

    Raises:
        Forbidden: ``geen_aanbieder``.
        Refused: ``verkeerde_ontvanger``, ``geen_toezichthouder_aangewezen`` or ``dossier_bestaat_al``.
    """
    aanbieder = _aanbieder(opdracht.door)
    if opdracht.ontvanger != TOEZICHTHOUDER and opdracht.ontvanger != inrichting.organisatie:
        raise Refused(
            "verkeerde_ontvanger",
            f"Niet aangenomen: een calamiteit wordt gemeld bij de toezichthouder, niet bij {opdracht.ontvanger}. "
            "De inhoud is niet bewaard.",
            rule="Wmo 2015 art. 3.4 lid 1",
            remedy="Meld de calamiteit bij de toezichthouder.",
            field="ontvanger",
        )
    if inrichting.aangewezen is False:
        raise _geen_toezichthouder(inrichting)
    _eis_leeg(staat)
    gebeurd = opdracht.gebeurd_op
    gemeld = CalamiteitGemeld(
        door=aanbieder,
        op=opdracht.op,
        ontvanger=inrichting.organisatie or TOEZICHTHOUDER,
        soort=opdracht.soort,
        gebeurd_op=gebeurd,
        dagen_erna=(opdracht.op - gebeurd).days if gebeurd else None,
        casus=opdracht.casus,
        gebeurtenis=opdracht.gebeurtenis,
    )
    return [Fact(gemeld, on=opdracht.op)]


def _aanbieder(door: Actor) -> str:
    if door.rol != "aanbieder" or door.organisatie is None:
        raise Forbidden(
            "geen_aanbieder",
            f"Niet aangenomen: de plicht om een calamiteit te melden rust op de aanbieder, niet op de rol {door.rol}.",
            rule="Wmo 2015 art. 3.4 lid 1",
            remedy="Geef een signaal aan het toezicht.",
        )
    return door.organisatie


def _geen_toezichthouder(inrichting: ToezichtInrichting) -> Refused:
    return Refused(
        "geen_toezichthouder_aangewezen",
        f"In {inrichting.naam} is geen toezichthouder aangewezen (inrichting {inrichting.versie}).",
        rule="Wmo 2015 art. 6.1: het college wijst een toezichthouder aan",
        remedy="Meld de calamiteit onverwijld bij het college, dat een toezichthouder aanwijst.",
    )


# -- what the toezichthouder does --------------------------------------------------------------------------------------


def beoordeel_signaal(staat: Dossier, opdracht: BeoordeelSignaal) -> list[Fact]:
    """Judge the signal, once; a reactief onderzoek begins with the judgement.

    Raises:
        Forbidden: ``scheiding_toezicht_en_inkoop``.
        Refused: ``geen_signaal`` or ``signaal_al_beoordeeld``.
    """
    _eis_toezichthouder(opdracht.door)
    if not staat.signaal:
        raise _weigering("geen_signaal", "In dit dossier is geen signaal.", "Kies een dossier met een signaal.")
    if staat.beoordeeld:
        raise _weigering("signaal_al_beoordeeld", "Dit signaal is al beoordeeld.", "Start zo nodig een onderzoek.")
    beoordeeld = ToezichtsignaalBeoordeeld(uitkomst=opdracht.uitkomst, motivering=opdracht.motivering)
    feiten = [Fact(beoordeeld, on=opdracht.op)]
    if opdracht.uitkomst == REACTIEF_ONDERZOEK and staat.onderzoek is None:
        gestart = ToezichtonderzoekGestart(soort="reactief", op=opdracht.op, aanleiding="signaal")
        feiten.append(Fact(gestart, on=opdracht.op))
    return feiten


def start_onderzoek(staat: Dossier, opdracht: StartOnderzoek) -> list[Fact]:
    """Begin an onderzoek: reactief upon a signal or calamiteit, or proactief.

    Raises:
        Forbidden: ``scheiding_toezicht_en_inkoop``.
        Refused: ``onderzoek_al_gestart`` or ``geen_aanleiding``.
    """
    _eis_toezichthouder(opdracht.door)
    if staat.onderzoek is not None:
        raise _weigering("onderzoek_al_gestart", "In dit dossier is al een onderzoek.", "Open een nieuw dossier.")
    aanleiding = "calamiteit" if staat.gemeld_door else "signaal" if staat.signaal else None
    if opdracht.soort == "reactief" and aanleiding is None:
        raise _weigering(
            "geen_aanleiding",
            "Een reactief onderzoek heeft een aanleiding: een signaal of een calamiteit.",
            "Start een proactief onderzoek, of leg eerst het signaal vast.",
        )
    gestart = ToezichtonderzoekGestart(
        soort=opdracht.soort, op=opdracht.op, aanleiding=opdracht.aanleiding or aanleiding
    )
    return [Fact(gestart, on=opdracht.op)]


def vorder_gegevens(staat: Dossier, opdracht: VorderGegevens) -> list[Fact]:
    """Demand data within a running onderzoek.

    Raises:
        Forbidden: ``scheiding_toezicht_en_inkoop``.
        Refused: ``geen_lopend_onderzoek``.
    """
    _eis_toezichthouder(opdracht.door)
    _eis_lopend(staat)
    return [Fact(GegevensGevorderd(bij=opdracht.bij, welke=opdracht.welke), on=opdracht.op)]


def rond_af(staat: Dossier, opdracht: RondOnderzoekAf) -> list[Fact]:
    """Conclude the onderzoek.

    Raises:
        Forbidden: ``scheiding_toezicht_en_inkoop``.
        Refused: ``geen_lopend_onderzoek``.
    """
    _eis_toezichthouder(opdracht.door)
    _eis_lopend(staat)
    return [Fact(ToezichtonderzoekAfgerond(op=opdracht.op, bevindingen=opdracht.bevindingen), on=opdracht.op)]


def informeer_college(staat: Dossier, opdracht: InformeerCollege) -> list[Fact]:
    """Tell the college the outcome without personal data.

    Raises:
        Forbidden: ``scheiding_toezicht_en_inkoop``.
        Refused: ``onderzoek_niet_afgerond`` or ``geen_persoonsgegevens_aan_college``.
    """
    _eis_toezichthouder(opdracht.door)
    if staat.onderzoek != "afgerond":
        raise _weigering("onderzoek_niet_afgerond", "Het toezichtonderzoek is niet afgerond.", "Rond het eerst af.")
    if opdracht.persoonsgegevens_meegegeven:
        raise _weigering(
            "geen_persoonsgegevens_aan_college",
            "Het college hoort de uitkomst zonder persoonsgegevens.",
            "Laat namen en andere persoonsgegevens weg.",
        )
    return [Fact(CollegeGeinformeerd(strekking=opdracht.strekking), on=opdracht.op)]


# -- who may -----------------------------------------------------------------------------------------------------------


def toets_inzage(staat: Dossier, door: Actor) -> None:
    """Whether this actor may look into the dossier: the toezichthouder, and the aanbieder its own report.

    Raises:
        Forbidden: ``geen_betrokkenheid`` for another aanbieder, ``scheiding_toezicht_en_inkoop`` for everybody else.
    """
    if door.rol == "aanbieder":
        if staat.gemeld_door is None or door.organisatie != staat.gemeld_door:
            raise Forbidden(
                "geen_betrokkenheid",
                "Dit dossier bestaat niet, of uw organisatie is er niet bij betrokken.",
                rule="Wmo 2015 art. 3.4 en 6.1",
                remedy="Er is niets te doen.",
            )
        return
    _eis_toezichthouder(door)


def _eis_toezichthouder(door: Actor) -> None:
    if door.rol != TOEZICHTHOUDER:
        raise Forbidden(
            "scheiding_toezicht_en_inkoop",
            f"Geweigerd: het toezicht staat los van wie inkoopt en besluit; de rol {door.rol} heeft er geen toegang.",
            rule="Wmo 2015 art. 6.1; de toezichthouder staat los van inkoop en uitvoering",
            remedy="Vraag de toezichthouder om een bericht in algemene zin.",
        )


def _eis_leeg(staat: Dossier) -> None:
    if not staat.leeg:
        raise _weigering("dossier_bestaat_al", "Dit dossier bestaat al.", "Open een nieuw dossier.")


def _eis_lopend(staat: Dossier) -> None:
    if staat.onderzoek != "loopt":
        raise _weigering("geen_lopend_onderzoek", "Er loopt geen toezichtonderzoek.", "Start eerst een onderzoek.")


def _weigering(reden: str, detail: str, remedie: str) -> Refused:
    return Refused(reden, detail, rule="Wmo 2015 art. 6.1", remedy=remedie)
