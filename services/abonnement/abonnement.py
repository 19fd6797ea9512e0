"""A subscription: who receives which events, in which role, for which purpose, and until when.

It opens a door and gives no right: at each delivery the rights (:mod:`casuslog.rights`) decide what passes. Its stream
is of the gemeente that grants it; its id names the queue of the holder. A change is an end and a new grant, so that a
number, once given, always belongs to one set of terms.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

from casuslog.envelope import Actor, Envelope
from casuslog.errors import Forbidden, Refused
from casuslog.events import Fact, is_destroyed
from casuslog.recorded import Aggregate
from services.abonnement import eisen
from services.abonnement import gebeurtenissen as g
from services.abonnement.gebeurtenissen import AbonnementBeeindigd, AbonnementToegekend, Houder, LeveringHerhaald
from services.abonnement.houders import GEVERS, TOEZICHTHOUDER, organisatie_van
from services.abonnement.opdrachten import BeeindigAbonnement, HerhaalLevering, KenAbonnementToe
from services.abonnement.verbanden import Verbanden

_AVG = "AVG art. 5 lid 1 onder b en c, art. 6; tot 25 mei 2018 Wbp art. 8 en 9"
AFGELOPEN = "periode_verstreken"
"""Reason of an end that came with the last day of the period."""
WIJZIGINGEN = frozenset(
    {"persoonsverwisseling-vastgelegd", "overlijden-vastgelegd", "verhuizing-vastgelegd", "bsn-vervangen"}
)
"""What turns out otherwise about the person: whoever had something of the casus hears it."""
_GEEN_VERBANDEN = Verbanden()


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
        """Whether an event is among those subscribed to. Where a thema is asked, an event without one is not.

        What turns out otherwise about the person, and what corrects an earlier event, nobody asks for and everybody
        gets who may see it (AVG art. 19): no selection keeps it out.
        """
        t = self.toegekend
        if t is None or envelope.name in WIJZIGINGEN:
            return t is not None
        return (
            envelope.gemeente in t.gemeenten
            and (not t.themas or envelope.thema in t.themas)
            and (not t.gebeurtenistypen or envelope.name in t.gebeurtenistypen or envelope.corrigeert is not None)
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


ABONNEMENT = Aggregate(g.ABONNEMENT, Abonnement(), evolve)


# -- granting ----------------------------------------------------------------------------------------------------------


def ken_toe(
    staat: Abonnement,
    opdracht: KenAbonnementToe,
    *,
    id: str,
    gemeente: str,
    bekend: Collection[str],
    verbanden: Verbanden = _GEEN_VERBANDEN,
) -> list[Fact]:
    """Grant a subscription.

    Args:
        staat: of its stream, which must be new.
        opdracht: the terms.
        id: of the subscription; it names the queue.
        gemeente: that grants, as gemeentecode.
        bekend: the wire names of all event types that have a schema.
        verbanden: who shares which thema's with whom.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``abonnement_bestaat_al``, ``houder_ongeldig``, ``houder_is_andere_gemeente``,
            ``rol_zonder_abonnement``, ``gemeenten_ontbreken``, ``gemeente_onbekend``, ``gebeurtenistype_onbekend``,
            ``doelbinding_ontbreekt``, ``grondslag_ontbreekt``, ``periode_ongeldig``, ``terugblik_te_lang``, or a reason
            of :func:`services.abonnement.eisen.eis_bereik`.
    """
    _eis_bevoegd(opdracht.door, opdracht.rol)
    if staat != Abonnement():
        raise Refused(
            "abonnement_bestaat_al",
            "Niet toegekend: dit abonnement is al toegekend.",
            rule="voorwaarden veranderen niet onder een lopende nummering",
            remedy="Beëindig het abonnement en ken een nieuw toe.",
        )
    eisen.eis_houder(opdracht, gemeente)
    eisen.eis_rol(opdracht.rol)
    eisen.eis_selectie(opdracht, bekend)
    eisen.eis_doel(opdracht)
    van = opdracht.van or opdracht.op
    eisen.eis_periode(van, opdracht.tot_en_met, opdracht.op)
    einde = eisen.eis_bereik(opdracht, gemeente, verbanden, van)
    tot_en_met = min(filter(None, (opdracht.tot_en_met, einde)), default=None)
    toegekend = AbonnementToegekend(
        houder=Houder(soort=opdracht.houdersoort, nummer=opdracht.houder),
        queue=f"casuslog.houder.{id}",
        rol=opdracht.rol,
        gemeenten=opdracht.gemeenten,
        themas=opdracht.themas,
        gebeurtenistypen=opdracht.gebeurtenistypen,
        van=van,
        tot_en_met=tot_en_met,
        doelbinding=opdracht.doelbinding,
        grondslag=opdracht.grondslag,
        vorm=opdracht.vorm,
        wijze=opdracht.wijze,
        profiel=opdracht.profiel,
    )
    return [Fact(toegekend, on=opdracht.op)]


def beeindig(staat: Abonnement, opdracht: BeeindigAbonnement) -> list[Fact]:
    """End a subscription.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``abonnement_onbekend``, ``verplichte_levering``, ``abonnement_al_beeindigd`` or ``periode_ongeldig``.
    """
    toegekend = _bekend(staat, "beëindigd")
    _eis_bevoegd(opdracht.door, toegekend.rol)
    if toegekend.verplicht:
        raise Refused(
            "verplichte_levering",
            "Niet beëindigd: deze levering volgt uit de wet of een afspraak, niet uit een verzoek.",
            rule=toegekend.grondslag or _AVG,
            remedy="Zij vervalt als de betrokkenheid in de casussen eindigt.",
        )
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


def herhaal(staat: Abonnement, opdracht: HerhaalLevering) -> list[Fact]:
    """Deliver again what was delivered after a number. One casus may be asked of any day; more only of the last year.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``abonnement_onbekend``, ``abonnement_verlopen`` or ``terugblik_te_lang``.
    """
    t = _bekend(staat, "herhaald")
    eigen = (opdracht.door.rol, opdracht.door.organisatie) == (t.rol, organisatie_van(t.houder))
    if not eigen:
        _eis_bevoegd(opdracht.door, t.rol)
    eis_geldt(staat, opdracht.op, "herhaald")
    vanaf = max(filter(None, (opdracht.sinds, t.van)))
    if opdracht.betreft_casus is None and opdracht.op - vanaf > eisen.TERUGBLIK:
        raise eisen.te_lang("sinds", opdracht.op)
    velden = {naam: getattr(opdracht, naam) for naam in ("na", "betreft_casus", "van_gemeente", "sinds")}
    return [Fact(LeveringHerhaald(**velden), on=opdracht.op)]


def eis_geldt(staat: Abonnement, dag: date, gedaan: str) -> None:
    """The subscription holds on this day.

    Raises:
        Refused: ``abonnement_verlopen``.
    """
    if not staat.geldt_op(dag):
        raise Refused(
            "abonnement_verlopen",
            f"Niet {gedaan}: het abonnement geldt niet op {dag}.",
            rule="de rechten gelden bij elke levering, niet alleen bij het toekennen (AVG art. 5 lid 1 onder b)",
            remedy="Ken een nieuw abonnement toe, als er nog een doel en een grondslag voor zijn.",
            field="op",
        )


def loop_af(staat: Abonnement, vandaag: date) -> list[Fact]:
    """What follows when the last day of a subscription is over: it ends, once, on the day after."""
    t = staat.toegekend
    if t is None or t.tot_en_met is None or staat.beeindigd_per is not None or vandaag <= t.tot_en_met:
        return []
    per = t.tot_en_met + timedelta(days=1)
    return [Fact(AbonnementBeeindigd(per=per, reden=AFGELOPEN), on=per)]


def _bekend(staat: Abonnement, gedaan: str) -> AbonnementToegekend:
    if staat.toegekend is None:
        raise Refused(
            "abonnement_onbekend",
            f"Niet {gedaan}: dit abonnement bestaat niet bij deze gemeente.",
            rule=_AVG,
            remedy="Noem het id dat bij de toekenning werd geantwoord.",
        )
    return staat.toegekend


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
