"""The commands of the pgb service, as a decision sees them: hours in minutes, euro's in cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Actor
from services.pgb.gebeurtenissen import Budgetregel, Wensregel
from services.pgb.tarief import Tariefvraag


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """What every command says: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class LegWensVast(Opdracht):
    """Reaction to AanvraagOntvangen with leveringsvorm pgb."""

    regels: tuple[Wensregel, ...]
    gemotiveerd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BerekenPgbTarief(Opdracht):
    """A question, with or without a casus: what would a pgb pay for this? It records nothing."""

    vraag: Tariefvraag


@dataclass(frozen=True, slots=True, kw_only=True)
class BerekenPgbBudget(Opdracht):
    """A question: what would this wish cost over a period? It records nothing."""

    regels: tuple[Wensregel, ...]
    van: date
    tot_en_met: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ToetsPgbVoorwaarden(Opdracht):
    """The outcome of each of the three conditions: ``ja``, ``ja_met_hulp`` (only ``bekwaam``) or ``nee``."""

    bekwaam: str
    gemotiveerd: str
    kwaliteit_gewaarborgd: str
    motivering_bekwaam: str | None = None
    motivering_gemotiveerd: str | None = None
    motivering_kwaliteit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KenPgbToe(Opdracht):
    """Reaction to BesluitBekendgemaakt of a toekenning as pgb."""

    beschikkingnummer: str
    van: date
    tot_en_met: date
    regels: tuple[Budgetregel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldToekenningAanSvb(Opdracht):
    """Report the toekenning to the SVB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeurZorgovereenkomstGoed(Opdracht):
    """Approve the zorgovereenkomst of these lines, on behalf of ``college`` or ``svb``."""

    regels: tuple[int, ...]
    namens: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DienDeclaratieIn(Opdracht):
    """Claim help that was given in a month."""

    declaratie: str
    regel: int
    maand: str
    minuten: int
    tarief_cent: int
    bedrag_cent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeslisDeclaratie(Opdracht):
    """Approve or refuse a claim. ``reden`` may be left out where the figures give it."""

    declaratie: str
    goedgekeurd: bool
    reden: str | None = None
