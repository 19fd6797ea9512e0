"""The commands of the service beschikking, as a decision sees them: hours in minutes, euro's in cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Actor
from services.beschikking.gebeurtenissen import Aanvraagregel, GewensteHulpverlener


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """What every command says: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OntvangAanvraag(Opdracht):
    """An aanvraag came in. ``herkomst`` left out: the way that the inrichting knows, or the six weeks that passed."""

    herkomst: str | None = None
    ontvangen_door: str | None = None
    ondertekend_op: date | None = None
    leveringsvorm: str | None = None
    gemotiveerd: bool = False
    motivering: str | None = None
    thema: str | None = None
    regels: tuple[Aanvraagregel, ...] = ()
    hulpverleners: tuple[GewensteHulpverlener, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VraagAanvulling(Opdracht):
    """Invite the aanvrager to complete the aanvraag; without ``uiterlijk`` nothing is suspended (RVS:2016:2527)."""

    gegevens: tuple[str, ...]
    uiterlijk: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OntvangAanvulling(Opdracht):
    """What was asked for came in."""

    gegevens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrekAanvraagIn(Opdracht):
    """The aanvrager withdraws the aanvraag."""

    toelichting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deel:
    """A wished part of an arrangement, with why this person is placed there."""

    gebied: int
    intensiteit: str
    motivering: str | None = None
    minuten_per_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeemBesluit(Opdracht):
    """Decide on the aanvraag.

    ``voorziening`` with ``minuten_per_week`` is the short form of a single line; what is left out comes from the
    aanvraag, else from the outcome of the onderzoek. ``geschreven_door`` is the organisation that wrote the text,
    ``schrijver`` the pseudonym of the writer (four eyes). ``als_maatwerk``: after onderzoek an algemene voorziening is
    granted as maatwerk. ``beschikkingnummer`` is issued by the service. ``weken``, when named, is checked.
    """

    uitkomst: str
    beschikkingnummer: str = ""
    thema: str | None = None
    voorziening: str | None = None
    minuten_per_week: int | None = None
    pakket: int | None = None
    leveringsvorm: str | None = None
    van: date | None = None
    tot_en_met: date | None = None
    weken: int | None = None
    arrangement: tuple[Deel, ...] = ()
    regels: tuple[Aanvraagregel, ...] = ()
    motivering: str | None = None
    geschreven_door: str | None = None
    schrijver: str | None = None
    als_maatwerk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MaakBesluitBekend(Opdracht):
    """Announce the besluit: ``toezending``, ``uitreiking``, ``elektronisch`` or ``anders``."""

    wijze: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldTermijnVerstreken(Opdracht):
    """The timer looks at the besluit term on day ``op``; it may come late and more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerstrekOpdracht(Opdracht):
    """Give an aanbieder the opdracht to deliver from ``ingang``."""

    aanbieder: str
    ingang: date
    doelen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeldStartLevering(Opdracht):
    """The aanbieder began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUitwerkingVast(Opdracht):
    """The aanbieder records how it carries out the besluit."""

    gebied: int | None = None
    minuten_per_week: int | None = None
    uitwerking: str | None = None
