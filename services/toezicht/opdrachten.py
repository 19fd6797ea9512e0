"""The commands of the service toezicht, as a decision sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """What every command says: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OntvangSignaal(Opdracht):
    """Reaction to SignaalAanToezichtGegeven; ``herkomst`` is the service that it came through."""

    herkomst: str
    aard: str
    over: str | None = None
    week: str | None = None
    toelichting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OntvangTermijnsignaal(Opdracht):
    """Reaction to TermijnOverschreden: a sort of term ran out in a service."""

    soort: str
    uiterlijk: date
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeoordeelSignaal(Opdracht):
    """The toezichthouder judges a signal."""

    uitkomst: str
    motivering: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldCalamiteit(Opdracht):
    """An aanbieder reports a calamiteit or violence. ``casus`` stays inside the dossier."""

    ontvanger: str
    gebeurtenis: str
    gebeurd_op: date | None = None
    soort: str = "calamiteit"
    casus: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOnderzoek(Opdracht):
    """Begin an onderzoek: ``reactief`` upon what is in the dossier, or ``proactief`` on the own initiative."""

    soort: str
    aanleiding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VorderGegevens(Opdracht):
    """Demand data from an aanbieder or another party."""

    bij: str
    welke: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RondOnderzoekAf(Opdracht):
    """Conclude the onderzoek."""

    bevindingen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InformeerCollege(Opdracht):
    """Tell the college the outcome in general terms."""

    strekking: str
    persoonsgegevens_meegegeven: bool = False
