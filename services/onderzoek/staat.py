"""What is known of an onderzoek: its state and the fold of its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from casuslog import termijnen
from casuslog.events import Fact, is_destroyed
from casuslog.recorded import Aggregate
from casuslog.termijnen import events as t
from services.onderzoek import gebeurtenissen as g


@dataclass(frozen=True, slots=True)
class Indicatie:
    """The indicatie as it stands with the deciding gemeente ``aan``; ``open`` are the fields it asked for."""

    aan: str
    thema: str
    pakket: int | None = None
    teruggestuurd: bool = False
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Onderzoek:
    """The state of an onderzoek: only what a later decision looks at."""

    begonnen: bool = False
    gemeld_op: date | None = None
    uiterlijk: date | None = None
    termijn: str = ""
    """``lopend``, ``gehaald``, ``overschreden`` or ``vervallen``; empty: there is none."""
    vertragingen: tuple[termijnen.Vertraging, ...] = ()
    gesprek_op: date | None = None
    basis: str | None = None
    """What the onderzoek rests on: ``gesprek``, or the reason why there was none."""
    plan_op_tijd: bool = False
    plan_betrokken: bool = False
    verslagversie: int = 0
    bijlagen: int = 0
    afgerond: bool = False
    akkoord: bool = False
    afgebroken: bool = False
    indicatie: Indicatie | None = None
    vernietigd: bool = False


def evolve(staat: Onderzoek, fact: Fact) -> Onderzoek:
    """The state after one more fact."""
    staat = replace(staat, begonnen=True)
    match fact.data:
        case g.MantelzorgSituatieVastgelegd():  # about another person, whose data may be destroyed apart
            return staat
        case g.BijlageToegevoegd():
            return replace(staat, bijlagen=staat.bijlagen + 1)
        case data if is_destroyed(data):
            return replace(staat, vernietigd=True)
        case t.TermijnGestart() as data:
            return replace(staat, gemeld_op=data.van, uiterlijk=data.uiterlijk, termijn="lopend")
        case t.TermijnGehaald():
            return replace(staat, termijn="gehaald")
        case t.TermijnOverschreden():
            return replace(staat, termijn="overschreden")
        case t.TermijnVervallen():
            return replace(staat, termijn="vervallen")
        case g.VertragingToegerekend() as data:
            vertraging = termijnen.Vertraging(data.aan, data.van, data.tot_en_met, data.reden)
            return replace(staat, vertragingen=(*staat.vertragingen, vertraging))
    return _evolve_werk(staat, fact)


def _evolve_werk(staat: Onderzoek, fact: Fact) -> Onderzoek:
    match fact.data:
        case g.GesprekGepland() as data:
            return replace(staat, gesprek_op=data.op)
        case g.GesprekGevoerd():
            return replace(staat, basis="gesprek")
        case g.GesprekAchterwegeGelaten() as data:
            return replace(staat, basis=staat.basis or data.reden)
        case g.PersoonlijkPlanOntvangen() as data:
            return replace(staat, plan_op_tijd=staat.plan_op_tijd or data.op_tijd, plan_betrokken=False)
        case g.PersoonlijkPlanBetrokken():
            return replace(staat, plan_betrokken=True)
        case g.VerslagOpgesteld() | g.VerslagVerstrekt() as data:
            return replace(staat, verslagversie=data.versie)
        case g.OnderzoekAfgerond() as data:
            return replace(staat, afgerond=True, akkoord=data.akkoord_inwoner is True)
        case g.OnderzoekAfgebroken():
            return replace(staat, afgebroken=True)
        case g.IndicatieIngediend() as data:
            return replace(staat, indicatie=Indicatie(data.aan, data.thema, data.pakket))
    return _evolve_indicatie(staat, fact)


def _evolve_indicatie(staat: Onderzoek, fact: Fact) -> Onderzoek:
    if staat.indicatie is None:
        return staat
    match fact.data:
        case g.IndicatieTeruggestuurd() as data:
            return replace(staat, indicatie=replace(staat.indicatie, teruggestuurd=True, open=data.velden))
        case g.IndicatieAangevuld() as data:
            aangevuld = replace(staat.indicatie, teruggestuurd=bool(data.ontbreekt), open=data.ontbreekt)
            return replace(staat, indicatie=aangevuld)
    return staat


ONDERZOEK = Aggregate("onderzoek", Onderzoek(), evolve)
"""The stream of an onderzoek; its subject is the casus, its owner the gemeente that took the melding."""
