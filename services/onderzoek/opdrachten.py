"""What the service onderzoek can be asked. ``op`` is the day of the fact, ``door`` who acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from casuslog.envelope import Actor
from services.onderzoek.gebeurtenissen import Uitkomst

DOCUMENTEN = ("paspoort", "identiteitskaart", "rijbewijs", "vreemdelingendocument", "gezien")
"""``gezien``: a document was seen and its kind not written down."""
UITVOERDERS = ("gemeente", "aanbieder", "extern_bureau")
HERKOMSTEN = ("gevraagd", "verteld", "waargenomen", "afgeleid")
INWONER_ZIET_AF = "inwoner_ziet_af"
REDENEN_GEEN_GESPREK = (
    "volledig_formulier",
    "herindicatie",
    INWONER_ZIET_AF,
    "bekend_bij_gemeente",
    "kortdurend",
    "externe_opgave",
)
SOORTEN_BIJLAGE = ("correctie", "aanvulling", "zienswijze")
SOORTEN_UITKOMST = (
    "maatwerkvoorziening",
    "algemene_voorziening",
    "andere_wet",
    "eigen_kracht",
    "sociaal_netwerk",
    "geen",
)
REDENEN_AFBREKEN = ("melding_ingetrokken", "melding_afgesloten", "overleden", "verhuisd", "geen_medewerking")
REDENEN_VERTRAGING = ("vakantie", "ziekte", "capaciteit", "wacht_op_derde", "anders")


@dataclass(frozen=True, kw_only=True)
class Opdracht:
    """A command: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, kw_only=True)
class PlanGesprek(Opdracht):
    """A gesprek is agreed for ``gesprek_op``."""

    gesprek_op: date
    deelnemers: tuple[str, ...] = ()
    telefonisch: bool = False


@dataclass(frozen=True, kw_only=True)
class VerstuurAfspraakbevestiging(Opdracht):
    """The appointment is confirmed in writing; ``gesprek_op`` is the planned day when absent."""

    gesprek_op: date | None = None
    bijstand_genoemd: bool | None = None
    """By default what the inrichting says its confirmations mention."""
    clientondersteuning: bool = False


@dataclass(frozen=True, kw_only=True)
class Toestemming:
    """What the inwoner lets another have; ``omvang`` are codes of the list *toestemming_omvang*."""

    aan: str
    omvang: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Besproken:
    """A leefgebied that came up, and what came out of it."""

    leefgebied: str
    herkomst: str | None = None
    bevinding: str | None = None
    wens: str | None = None


@dataclass(frozen=True, kw_only=True)
class NietBesproken:
    """A leefgebied that did not come up, and why."""

    leefgebied: str
    reden: str


@dataclass(frozen=True, kw_only=True)
class Mantelzorg:
    """What the mantelzorger said for himself."""

    alleen_gesproken: bool = False
    eigen_woorden: str | None = None
    behoefte: str | None = None


@dataclass(frozen=True, kw_only=True)
class LegGesprekVast(Opdracht):
    """A gesprek took place; all that was established in it."""

    vorm: str
    deelnemers: tuple[str, ...]
    gevoerd_door: str | None = None
    """``gemeente``, ``aanbieder`` or ``extern_bureau``; by default who records it."""
    identiteitsdocument: str | None = None
    bsn: str | None = None
    """When it becomes known only now."""
    client: str | None = None
    """Pseudonym under which the inwoner himself reads his casus, now that his identity is established."""
    pgb_uitgelegd: bool = False
    bijdrage_uitgelegd: bool = False
    toestemmingen: tuple[Toestemming, ...] = ()
    besproken: tuple[Besproken, ...] = ()
    niet_besproken: tuple[NietBesproken, ...] = ()
    mantelzorg: Mantelzorg | None = None


@dataclass(frozen=True, kw_only=True)
class LegVastGeenGesprek(Opdracht):
    """There is no gesprek; ``reden`` is one of :data:`REDENEN_GEEN_GESPREK`."""

    reden: str
    toelichting: str | None = None


@dataclass(frozen=True, kw_only=True)
class SchakelClientondersteunerIn(Opdracht):
    """The inwoner uses cliëntondersteuning; ``organisatie`` by default the only one that the inrichting names."""

    organisatie: str | None = None


@dataclass(frozen=True, kw_only=True)
class OntvangPersoonlijkPlan(Opdracht):
    """The inwoner hands in a persoonlijk plan."""

    hulp_van: str | None = None
    inhoud: str | None = None


@dataclass(frozen=True, kw_only=True)
class BetrekPersoonlijkPlan(Opdracht):
    """How the plan was used; ``afgeweken``: in some part it was not followed, and ``toelichting`` says why."""

    toelichting: str
    afgeweken: bool = False


@dataclass(frozen=True, kw_only=True)
class VerstrekVerslag(Opdracht):
    """The inwoner gets the verslag; ``ter_ondertekening`` by default as the inrichting says."""

    inhoud: str | None = None
    ter_ondertekening: bool | None = None


@dataclass(frozen=True, kw_only=True)
class CorrigeerVerslag(Opdracht):
    """A correction or addition to the verslag, as an annex; ``namens`` is whose it is."""

    soort: str = "correctie"
    tekst: str | None = None
    namens: str = "inwoner"


@dataclass(frozen=True, kw_only=True)
class OndertekenVerslag(Opdracht):
    """The inwoner signs the verslag; under protest is not in agreement."""

    akkoord: bool = True
    onder_protest: bool = False
    bij: str = "gemeente"


@dataclass(frozen=True, kw_only=True)
class RondOnderzoekAf(Opdracht):
    """The onderzoek is done."""

    uitkomst: tuple[Uitkomst, ...]
    akkoord_inwoner: bool | None = None
    akkoord_op: date | None = None


@dataclass(frozen=True, kw_only=True)
class BreekOnderzoekAf(Opdracht):
    """The onderzoek stops without an outcome; ``reden`` is one of :data:`REDENEN_AFBREKEN`."""

    reden: str
    toelichting: str | None = None


@dataclass(frozen=True, kw_only=True)
class RekenVertragingToe(Opdracht):
    """To whom days of delay are due: ``gemeente``, ``client`` or ``derde``."""

    aan: str
    van: date
    tot_en_met: date
    reden: str = "anders"


@dataclass(frozen=True, kw_only=True)
class DienIndicatieIn(Opdracht):
    """The indicatie goes to the gemeente that decides on this thema; ``velden`` maps field to content."""

    thema: str
    pakket: int | None = None
    velden: Mapping[str, str] = field(default_factory=dict)
    aan: str | None = None


@dataclass(frozen=True, kw_only=True)
class StuurIndicatieTerug(Opdracht):
    """The deciding gemeente asks to complete fields."""

    velden: tuple[str, ...]
    toelichting: str | None = None


@dataclass(frozen=True, kw_only=True)
class VulIndicatieAan(Opdracht):
    """The team completes fields; ``herkomst`` says where it comes from."""

    velden: Mapping[str, str]
    herkomst: str | None = None


@dataclass(frozen=True, kw_only=True)
class KoppelBesluitTerug(Opdracht):
    """Reaction: the besluit of another gemeente reached the team."""

    uitkomst: str
    pakket: int | None = None
