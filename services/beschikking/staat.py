"""What is known of a beschikking: state and fold. Pure; evolve never asks the inrichting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from casuslog.errors import Refused
from casuslog.events import Fact, is_destroyed
from casuslog.recorded import Aggregate
from casuslog.termijnen import Opschorting
from casuslog.termijnen.events import (
    TermijnGehaald,
    TermijnGestart,
    TermijnHervat,
    TermijnOverschreden,
    TermijnVervallen,
)
from services.beschikking.gebeurtenissen import (
    AanvraagIngetrokken,
    AanvraagOntvangen,
    Aanvraagregel,
    AanvullingGevraagd,
    AanvullingOntvangen,
    BesluitBekendgemaakt,
    BesluitGenomen,
    LeveringGestart,
    OpdrachtVerstrekt,
)

TOEGEKEND = ("toegekend", "deels_toegekend")
DAG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Beschikking:
    """One aanvraag and what came of it."""

    aanvraag_op: date | None = None
    herkomst: str | None = None
    thema: str | None = None
    leveringsvorm_gewenst: str | None = None
    regels: tuple[Aanvraagregel, ...] = ()
    ingetrokken: bool = False
    opschortingen: tuple[Opschorting, ...] = ()
    besluit_uiterlijk: date | None = None
    termijn_loopt: bool = False
    besluit: BesluitGenomen | None = None
    besloten_op: date | None = None
    bekend_op: date | None = None
    aanbieders: tuple[str, ...] = ()
    gestart_door: frozenset[str] = frozenset()
    vernietigd: bool = False

    @property
    def hersteltermijn(self) -> date | None:
        """Last day of a term for completion that is still open."""
        laatste = self.opschortingen[-1] if self.opschortingen else None
        return laatste.hersteltermijn_tot_en_met if laatste and laatste.aangevuld_op is None else None

    @property
    def vervaldag(self) -> date | None:
        """The first day on which the timer has something to record; None when nothing waits."""
        laatste = self.hersteltermijn or self.besluit_uiterlijk
        return laatste + DAG if self.termijn_loopt and laatste else None

    @property
    def toegekend(self) -> bool:
        """Whether something was granted."""
        return self.besluit is not None and self.besluit.uitkomst in TOEGEKEND


def evolve(staat: Beschikking, feit: Fact) -> Beschikking:
    """The state after this fact. Pure; never asks the inrichting. A destroyed dossier folds to *vernietigd*."""
    if is_destroyed(feit.data) or staat.vernietigd:
        return replace(staat, vernietigd=True)
    match feit.data:
        case AanvraagOntvangen() as e:
            gewenst = e.leveringsvorm_gewenst
            return replace(
                staat,
                aanvraag_op=feit.on,
                herkomst=e.herkomst,
                thema=e.thema,
                leveringsvorm_gewenst=gewenst,
                regels=e.regels,
            )
        case AanvraagIngetrokken():
            return replace(staat, ingetrokken=True)
        case AanvullingGevraagd(uiterlijk=uiterlijk):
            return replace(staat, opschortingen=(*staat.opschortingen, Opschorting(feit.on, uiterlijk)))
        case AanvullingOntvangen():
            return replace(staat, opschortingen=aangevuld(staat.opschortingen, feit.on))
        case BesluitGenomen() as e:
            return replace(staat, besluit=e, besloten_op=feit.on)
        case BesluitBekendgemaakt():
            return replace(staat, bekend_op=feit.on)
        case OpdrachtVerstrekt(aanbieder=aanbieder):
            return replace(staat, aanbieders=(*staat.aanbieders, aanbieder))
        case LeveringGestart(aanbieder=aanbieder):
            return replace(staat, gestart_door=staat.gestart_door | {aanbieder})
        case _:
            return _evolve_termijn(staat, feit)


def _evolve_termijn(staat: Beschikking, feit: Fact) -> Beschikking:
    match feit.data:
        case TermijnGestart(soort="besluit", uiterlijk=uiterlijk):
            return replace(staat, besluit_uiterlijk=uiterlijk, termijn_loopt=True)
        case TermijnHervat(soort="besluit", uiterlijk=uiterlijk):
            gesloten = aangevuld(staat.opschortingen, feit.on)
            return replace(staat, besluit_uiterlijk=uiterlijk, opschortingen=gesloten)
        case TermijnGehaald(soort="besluit") | TermijnOverschreden(soort="besluit") | TermijnVervallen(soort="besluit"):
            return replace(staat, termijn_loopt=False)
        case _:
            return staat


def aangevuld(opschortingen: tuple[Opschorting, ...], op: date) -> tuple[Opschorting, ...]:
    """The last invitation is answered on that day, or its term ended the day before; what was closed stays so."""
    if not opschortingen or opschortingen[-1].aangevuld_op is not None:
        return opschortingen
    return (*opschortingen[:-1], replace(opschortingen[-1], aangevuld_op=op))


BESCHIKKING = Aggregate("beschikking", Beschikking(), evolve)


# -- what several decisions require -----------------------------------------------------------------------------------


def eis_lopende_aanvraag(staat: Beschikking) -> None:
    """An aanvraag that is neither withdrawn nor decided upon.

    Raises:
        Refused: ``geen_aanvraag``, ``aanvraag_ingetrokken`` or ``besluit_al_genomen``.
    """
    if staat.aanvraag_op is None or staat.vernietigd:
        raise weigering(
            "geen_aanvraag",
            "Er is geen aanvraag. Een melding is nog geen aanvraag.",
            "Laat de inwoner na het onderzoek een aanvraag indienen.",
        )
    if staat.ingetrokken:
        raise weigering("aanvraag_ingetrokken", "De aanvraag is ingetrokken.", "Laat een nieuwe aanvraag indienen.")
    if staat.besluit is not None:
        raise weigering(
            "besluit_al_genomen", "Op deze aanvraag is al besloten.", "Herzie het besluit, of behandel een bezwaar."
        )


def weigering(reden: str, detail: str, remedie: str) -> Refused:
    """A refusal on the general ground of this service."""
    return Refused(reden, detail, rule="Wmo 2015 art. 2.3.5; Awb 3:40 en 3:41", remedy=remedie)
