"""What the service melding can be asked. ``op`` is the day of the fact, ``door`` who acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from casuslog.envelope import Actor

INWONER = "inwoner"
MELDERS = ("inwoner", "derde", "mantelzorger", "vertegenwoordiger", "zorgprofessional", "clientondersteuner")
MOMENTEN = ("bevestiging", "telefonische_afspraak", "afspraakbevestiging", "gesprek", "formulier")
SOORTEN_VERWIJZING = ("algemene_voorziening", "andere_wet", "eigen_netwerk", "informatie")
REDENEN_VERWIJZING = ("passend", "wens_inwoner", "andere_wet")
REDENEN_INTREKKING = ("opgelost", "bijdrage", "rompslomp", "gezondheid", "niet_zelf_gewild", "anders", "onbekend")
REDENEN_VERWISSELING = ("verkeerd_bsn", "naamgenoot", "zelfde_adres", "anders")
BRONNEN_OVERLIJDEN = ("brp", "naaste", "aanbieder", "anders")
REDENEN_BSN = ("vergissing", "nieuw_toegekend", "anders")
REDENEN_SLUITING = ("dubbele_melding", "overleden", "verhuisd", "overgedragen")
"""Why a gemeente may close a melding without an onderzoek: none of them judges the need."""


@dataclass(frozen=True, kw_only=True)
class Opdracht:
    """A command: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, kw_only=True)
class RegistreerContact(Opdracht):
    """A contact that is no melding (yet)."""

    kanaal: str | None = None
    punt: str | None = None
    vervolg_op: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerhelderVraag(Opdracht):
    """The short clarification of a question by the first contact point."""

    vraag: str
    domein: str = "wmo"
    contactgegevens: str | None = None
    overig: Mapping[str, str] = field(default_factory=dict)
    """Other named data; only what the inrichting lets the triage keep."""


@dataclass(frozen=True, kw_only=True)
class VerwijsDoor(Opdracht):
    """A referral without a melding; ``soort`` is one of :data:`SOORTEN_VERWIJZING`."""

    naar: str
    soort: str = "algemene_voorziening"
    reden: str = "passend"


@dataclass(frozen=True, kw_only=True)
class RegistreerMelding(Opdracht):
    """A need for support is reported, by the inwoner or by another on his behalf."""

    kanaal: str | None = None
    melder: str | None = None
    relatie: str | None = None
    namens: str | None = None
    akkoord_inwoner: bool | None = None
    contactpersoon: bool = False
    ontvangen_door: str | None = None
    voorziening: str | None = None
    thema: str = "maatwerk_zelfredzaamheid"
    domein: str = "wmo"
    woongemeente: str | None = None
    """Gemeentecode; the gemeente that receives the melding when absent."""
    client: str | None = None
    """Pseudonym under which the inwoner himself reads the casus, where another reports and it is known."""
    naam: str | None = None
    adres: str | None = None
    woonplaats: str | None = None
    telefoon: str | None = None
    email: str | None = None
    geboortedatum: date | None = None
    bsn: str | None = None
    hulpvraag: str | None = None
    melder_naam: str | None = None
    melder_telefoon: str | None = None


@dataclass(frozen=True, kw_only=True)
class BevestigMelding(Opdracht):
    """The receipt is confirmed."""

    aan: tuple[str, ...] = (INWONER,)
    ontvangstbericht_aan_melder: bool | None = None
    """Whether another melder hears of the receipt; by default yes: it tells no more than he knows."""
    clientondersteuning: bool | None = None
    """Whether it is offered in the confirmation; by default what the inrichting says."""


@dataclass(frozen=True, kw_only=True)
class BiedClientondersteuningAan(Opdracht):
    """Cliëntondersteuning is offered; ``moment`` is one of :data:`MOMENTEN`."""

    moment: str


@dataclass(frozen=True, kw_only=True)
class SlaClientondersteuningAf(Opdracht):
    """The inwoner does not want cliëntondersteuning now."""

    namens: str = INWONER


@dataclass(frozen=True, kw_only=True)
class GeefMeldingDoor(Opdracht):
    """The owner hands the melding on; by default to whom the inrichting names."""

    naar: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccepteerOverdracht(Opdracht):
    """The team takes over; ``contactpersoon`` is a pseudonym, by default that of who accepts."""

    contactpersoon: str | None = None


@dataclass(frozen=True, kw_only=True)
class GeefToestemming(Opdracht):
    """The inwoner lets another have something of the casus; an empty ``omvang`` takes it back."""

    aan: str
    omvang: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrekMeldingIn(Opdracht):
    """The inwoner does not go on; ``reden`` is one of :data:`REDENEN_INTREKKING`."""

    reden: str = "onbekend"
    toelichting: str | None = None
    namens: str = INWONER


@dataclass(frozen=True, kw_only=True)
class SluitMelding(Opdracht):
    """The gemeente closes the melding; ``reden`` is one of :data:`REDENEN_SLUITING`."""

    reden: str


@dataclass(frozen=True, kw_only=True)
class LegPersoonsverwisselingVast(Opdracht):
    """The melding stood on the wrong person; ``reden`` is one of :data:`REDENEN_VERWISSELING`."""

    reden: str = "anders"


@dataclass(frozen=True, kw_only=True)
class LegOverlijdenVast(Opdracht):
    """The inwoner died, on the day of the fact unless another is named; ``bron``: :data:`BRONNEN_OVERLIJDEN`."""

    overleden_op: date | None = None
    bron: str = "brp"


@dataclass(frozen=True, kw_only=True)
class LegVerhuizingVast(Opdracht):
    """The inwoner moves, on the day of the fact unless another is named; ``naar_gemeente`` where it becomes another."""

    per: date | None = None
    naar_gemeente: str | None = None
    adres: str | None = None
    woonplaats: str | None = None


@dataclass(frozen=True, kw_only=True)
class VervangBsn(Opdracht):
    """The inwoner has another BSN; ``reden`` is one of :data:`REDENEN_BSN`."""

    bsn: str
    reden: str = "vergissing"


@dataclass(frozen=True, kw_only=True)
class TelGebruikAlgemeneVoorziening(Opdracht):
    """An algemene voorziening was used; nobody is named."""

    voorziening: str
    aantal: int = 1
