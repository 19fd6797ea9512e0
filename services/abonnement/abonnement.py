"""A subscription: who receives which events, in which role, for which purpose, and until when.

It opens a door and gives no right: at each delivery the rights (:mod:`casuslog.rights`) decide what passes. Its stream
is of the gemeente that grants it; its id names the queue of the holder. A change is an end and a new grant, so that a
number, once given, always belongs to one set of terms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from casuslog import codes
from casuslog.envelope import Actor, Envelope
from casuslog.errors import Forbidden, InvalidInput, Refused
from casuslog.events import DomainEvent, Fact, Part, event_type, feit, is_destroyed, part
from casuslog.identifiers import agb_ok, kvk_ok, oin_ok
from casuslog.recorded import Aggregate
from services.abonnement.opdrachten import BeeindigAbonnement, KenAbonnementToe

OIN, KVK, AGB = "oin", "kvk", "agb"
AVRO, JSON = "avro", "json"
INFORMATIEARM, FEITEN, VOLLEDIG = "informatiearm", "feiten", "volledig"
TOEZICHTHOUDER = "toezichthouder"
GEVERS = ("beheerder", "college")
"""Who grants on behalf of the gemeente. A toezichthouder grants its own: it is independent of both (Wmo art. 6.1)."""
ZONDER_ABONNEMENT = frozenset(
    {"inwoner", "budgethouder", "derde", "mantelzorger", "pgb_hulpverlener", "systeem", "beheerder"}
)
"""Roles of persons and of the machine itself: a subscription is for an organisation that does a task."""
EIGEN_TAAK = frozenset({"aanbieder", "cak", "ciz", "clientondersteuner", "svb", "zorgprofessional"})
"""Roles that work for themselves; whoever holds another one works for the gemeente that grants."""

_AVG = "AVG art. 5 lid 1 onder b en c, art. 6; tot 25 mei 2018 Wbp art. 8 en 9"
_GELDIG: Mapping[str, tuple[Callable[[str], bool], str]] = {
    OIN: (oin_ok, "een OIN telt 20 cijfers en begint met een registernummer"),
    KVK: (kvk_ok, "een KvK-nummer telt 8 cijfers"),
    AGB: (agb_ok, "een AGB-code telt 8 cijfers"),
}


# -- events ------------------------------------------------------------------------------------------------------------


@part
class Houder(Part):
    """De organisatie die ontvangt."""

    soort: Annotated[str, feit("soort identificatie", codes="houdersoort")]
    nummer: Annotated[str, feit("OIN, KvK-nummer of AGB-code")]


@event_type("abonnement-toegekend", service="abonnement", rule=_AVG)
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


@event_type("abonnement-beeindigd", service="abonnement", rule=_AVG)
class AbonnementBeeindigd(DomainEvent):
    """Het abonnement houdt op. Wat al genummerd was en nog niet geleverd, wordt ingehouden."""

    per: Annotated[date, feit("eerste dag waarop het niet meer geldt")]
    reden: Annotated[str | None, feit("waarom, als code")] = None


# -- state and fold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Abonnement:
    """The terms of a subscription as they stand."""

    toegekend: AbonnementToegekend | None = None
    beeindigd_per: date | None = None
    vernietigd: bool = False

    def geldt_op(self, dag: date) -> bool:
        """Whether it holds on this day."""
        t = self.toegekend
        if t is None or self.vernietigd or dag < t.van or (t.tot_en_met is not None and dag > t.tot_en_met):
            return False
        return self.beeindigd_per is None or dag < self.beeindigd_per

    def gaat_over(self, envelope: Envelope) -> bool:
        """Whether an event is among those subscribed to. Where a thema is asked, an event without one is not."""
        t = self.toegekend
        return (
            t is not None
            and envelope.gemeente in t.gemeenten
            and (not t.themas or envelope.thema in t.themas)
            and (not t.gebeurtenistypen or envelope.name in t.gebeurtenistypen)
        )


def evolve(staat: Abonnement, feit_: Fact) -> Abonnement:
    """The state after this fact. Destroyed terms fold to *vernietigd*: nothing is delivered under them."""
    if is_destroyed(feit_.data):
        return replace(staat, vernietigd=True)
    match feit_.data:
        case AbonnementToegekend() as toegekend:
            return replace(staat, toegekend=toegekend)
        case AbonnementBeeindigd(per=per):
            return replace(staat, beeindigd_per=per)
        case _:
            return staat


ABONNEMENT = Aggregate("abonnement", Abonnement(), evolve)


# -- granting ----------------------------------------------------------------------------------------------------------


def ken_toe(
    staat: Abonnement, opdracht: KenAbonnementToe, *, id: str, gemeente: str, bekend: Collection[str]
) -> list[Fact]:
    """Grant a subscription.

    Args:
        staat: of its stream, which must be new.
        opdracht: the terms.
        id: of the subscription; it names the queue.
        gemeente: that grants, as gemeentecode.
        bekend: the wire names of all event types that have a schema.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``abonnement_bestaat_al``, ``houder_ongeldig``, ``houder_is_andere_gemeente``,
            ``rol_zonder_abonnement``, ``gemeenten_ontbreken``, ``gemeente_onbekend``, ``gebeurtenistype_onbekend``,
            ``doelbinding_ontbreekt``, ``grondslag_ontbreekt`` or ``periode_ongeldig``.
    """
    _eis_bevoegd(opdracht.door, opdracht.rol)
    if staat != Abonnement():
        raise Refused(
            "abonnement_bestaat_al",
            "Niet toegekend: dit abonnement is al toegekend.",
            rule="voorwaarden veranderen niet onder een lopende nummering",
            remedy="Beëindig het abonnement en ken een nieuw toe.",
        )
    _eis_houder(opdracht, gemeente)
    _eis_rol(opdracht.rol)
    _eis_selectie(opdracht, bekend)
    _eis_doel(opdracht)
    van = opdracht.van or opdracht.op
    _eis_periode(van, opdracht.tot_en_met)
    toegekend = AbonnementToegekend(
        houder=Houder(soort=opdracht.houdersoort, nummer=opdracht.houder),
        queue=f"casuslog.houder.{id}",
        rol=opdracht.rol,
        gemeenten=opdracht.gemeenten,
        themas=opdracht.themas,
        gebeurtenistypen=opdracht.gebeurtenistypen,
        van=van,
        tot_en_met=opdracht.tot_en_met,
        doelbinding=opdracht.doelbinding,
        grondslag=opdracht.grondslag,
        vorm=opdracht.vorm,
        profiel=opdracht.profiel,
    )
    return [Fact(toegekend, on=opdracht.op)]


def beeindig(staat: Abonnement, opdracht: BeeindigAbonnement) -> list[Fact]:
    """End a subscription.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``abonnement_onbekend``, ``abonnement_al_beeindigd`` or ``periode_ongeldig``.
    """
    if staat.toegekend is None:
        raise Refused(
            "abonnement_onbekend",
            "Niet beëindigd: dit abonnement bestaat niet bij deze gemeente.",
            rule=_AVG,
            remedy="Noem het id dat bij de toekenning werd geantwoord.",
        )
    _eis_bevoegd(opdracht.door, staat.toegekend.rol)
    if staat.beeindigd_per is not None:
        raise Refused(
            "abonnement_al_beeindigd",
            f"Niet beëindigd: het abonnement eindigde al per {staat.beeindigd_per}.",
            rule=_AVG,
            remedy="Er hoeft niets te gebeuren.",
        )
    per = opdracht.per or opdracht.op
    if per < opdracht.op:
        raise Refused(
            "periode_ongeldig",
            f"Niet beëindigd: {per} ligt voor {opdracht.op}; wat geleverd is, is geleverd.",
            rule=_AVG,
            remedy="Beëindig per vandaag of een latere dag.",
            field="per",
        )
    return [Fact(AbonnementBeeindigd(per=per, reden=opdracht.reden), on=opdracht.op)]


def _eis_bevoegd(door: Actor, rol: str) -> None:
    mogen = (TOEZICHTHOUDER,) if rol == TOEZICHTHOUDER else GEVERS
    if door.rol in mogen:
        return
    raise Forbidden(
        "niet_bevoegd",
        f"De rol {door.rol} gaat niet over een abonnement in de rol {rol}.",
        rule="Wmo 2015 art. 6.1" if rol == TOEZICHTHOUDER else "het college is verwerkingsverantwoordelijk",
        remedy=f"Laat dit doen door: {', '.join(mogen)}.",
        field="rol",
    )


def _eis_houder(opdracht: KenAbonnementToe, gemeente: str) -> None:
    geldig, eis = _GELDIG.get(opdracht.houdersoort, (lambda _: False, "de soort is oin, kvk of agb"))
    if not geldig(opdracht.houder):
        raise Refused(
            "houder_ongeldig",
            f"Niet toegekend: het nummer van de houder klopt niet; {eis}.",
            rule="standaarden-en-wet.md sectie 1.1",
            remedy="Noem de houder bij OIN, KvK-nummer of AGB-code.",
            field="houder",
        )
    zelf = gemeente_van(opdracht.houdersoort, opdracht.houder)
    if zelf is not None and zelf != gemeente:
        raise Refused(
            "houder_is_andere_gemeente",
            f"Niet toegekend: gemeente {zelf} is houder en kent haar abonnement zelf toe.",
            rule="wat een gemeente van een andere ziet, volgt uit vastgelegde betrokkenheid (Wmo 2015 art. 5.1.1)",
            remedy=f"Laat gemeente {zelf} het abonnement toekennen, met {gemeente} onder gemeenten.",
            field="houder",
        )


def _eis_rol(rol: str) -> None:
    if rol in ZONDER_ABONNEMENT:
        raise Refused(
            "rol_zonder_abonnement",
            f"Niet toegekend: de rol {rol} ontvangt geen abonnement.",
            rule="een abonnement is voor een organisatie met een taak (Wmo 2015 art. 5.1.1)",
            remedy="Laat de persoon zijn zaak lezen in de historie.",
            field="rol",
        )


def _eis_selectie(opdracht: KenAbonnementToe, bekend: Collection[str]) -> None:
    if not opdracht.gemeenten:
        raise Refused(
            "gemeenten_ontbreken",
            "Niet toegekend: er is geen gemeente genoemd.",
            rule=_AVG,
            remedy="Noem de gemeenten waarvan gebeurtenissen worden ontvangen.",
            field="gemeenten",
        )
    for code in opdracht.gemeenten:
        _eis_gemeente(code)
    onbekend = sorted(set(opdracht.gebeurtenistypen) - set(bekend))
    if onbekend:
        raise Refused(
            "gebeurtenistype_onbekend",
            f"Niet toegekend: {len(onbekend)} van de genoemde gebeurtenistypen bestaan niet.",
            rule="elk gebeurtenistype heeft een schema in schemas/",
            remedy=f"Kies uit: {', '.join(sorted(bekend))}.",
            field="gebeurtenistypen",
        )


def _eis_gemeente(code: str) -> None:
    try:
        codes.gemeente(code)
    except InvalidInput:
        raise Refused(
            "gemeente_onbekend",
            "Niet toegekend: een van de genoemde gemeenten bestaat niet.",
            rule="codelijst gemeente",
            remedy="Gebruik CBS-codes, zoals 0086.",
            field="gemeenten",
        ) from None


def _eis_doel(opdracht: KenAbonnementToe) -> None:
    if not opdracht.doelbinding.strip():
        raise Refused(
            "doelbinding_ontbreekt",
            "Niet toegekend: er is geen doel genoemd.",
            rule="AVG art. 5 lid 1 onder b",
            remedy="Noem het doel, bijvoorbeeld uitvoering_wmo.",
            field="doelbinding",
        )
    if opdracht.profiel == VOLLEDIG and not (opdracht.grondslag or "").strip():
        raise Refused(
            "grondslag_ontbreekt",
            "Niet toegekend: het profiel volledig bevat persoonsgegevens en noemt geen grondslag.",
            rule="AVG art. 6 lid 1; Wmo 2015 art. 5.1.1 en 5.2.1",
            remedy="Noem de grondslag, of kies het profiel feiten.",
            field="grondslag",
        )


def _eis_periode(van: date, tot_en_met: date | None) -> None:
    if tot_en_met is not None and tot_en_met < van:
        raise Refused(
            "periode_ongeldig",
            f"Niet toegekend: de laatste dag ({tot_en_met}) ligt voor de eerste ({van}).",
            rule=_AVG,
            remedy="Laat tot_en_met weg of kies een latere dag.",
            field="tot_en_met",
        )


# -- who the holder is -------------------------------------------------------------------------------------------------


def gemeente_van(soort: str, nummer: str) -> str | None:
    """The gemeentecode whose OIN this is; ``None`` when the holder is no gemeente."""
    if soort != OIN:
        return None
    return next((c.code for c in codes.codes("gemeente").codes.values() if c.extra["oin"] == nummer), None)


def organisatie_van(houder: Houder) -> str:
    """The holder as callers and recorded involvements name it: a gemeente by its code, others by their number."""
    return gemeente_van(houder.soort, houder.nummer) or houder.nummer
