"""May this be destroyed? What was recorded of keeping a casus, and the decisions on it. Pure.

One stream ``bewaring`` per casus, in the service that keeps the case history, holds what stands in the way
(:class:`VernietigingOpgeschort`) and what was decided. The term itself is computed: :mod:`.bewaartermijn`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from casuslog.envelope import Actor
from casuslog.errors import Forbidden, InvalidInput, Refused
from casuslog.events import Fact
from casuslog.identifiers import bsn_ok
from casuslog.recorded import Aggregate
from casuslog.vernietigen.bewaartermijn import Bewaartermijnen, Bewaring, Gebeurd
from casuslog.vernietigen.gebeurtenissen import (
    BETROKKENE,
    BEWARING,
    CASUS,
    FASE,
    STROOM,
    OpschortingVernietigingOpgeheven,
    VerklaringVanVernietigingOpgemaakt,
    VernietigingBesloten,
    VernietigingOpgeschort,
)

ARCHIVARIS = "archivaris"
OPSCHORTERS = (
    ARCHIVARIS,
    "bezwaarbehandelaar",
    "toezichthouder",
    "functionaris_gegevensbescherming",
    "college",
)
"""Roles that may hold up a destruction, and end their hold."""
VERSTREKEN, VERZOEK = "bewaartermijn_verstreken", "verzoek_betrokkene"
REGEL = "Archiefwet 1995 art. 3; Wmo 2015 art. 5.3.4 en 5.3.5"
_KENMERK = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{1,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchortVernietigingOp:
    """Something stands in the way of destroying: ``soort`` of the code list, ``kenmerk`` of the procedure."""

    op: date
    door: Actor
    soort: str
    kenmerk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HefOpschortingOp:
    """It stands in the way no longer."""

    op: date
    door: Actor
    soort: str
    kenmerk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vernietig:
    """Destroy a casus, one phase of it (``fase``: a service), or the data of one person in it (``betrokkene``).

    ``id`` is that of the destruction, when it is a new one.
    """

    op: date
    door: Actor
    id: str
    grond: str
    kenmerk: str
    omvang: str = CASUS
    fase: str | None = None
    betrokkene: str | None = None


@dataclass(frozen=True, slots=True)
class Bewaarstaat:
    """What stands in the way, what is being destroyed, and what was."""

    opschortingen: frozenset[tuple[str, str]] = frozenset()
    """Per hold its kind and reference."""
    lopend: VernietigingBesloten | None = None
    gedaan: tuple[VernietigingBesloten, ...] = ()


def evolve(staat: Bewaarstaat, feit: Fact) -> Bewaarstaat:
    """The state after this fact."""
    match feit.data:
        case VernietigingOpgeschort(soort=soort, kenmerk=kenmerk):
            return replace(staat, opschortingen=staat.opschortingen | {(soort, kenmerk)})
        case OpschortingVernietigingOpgeheven(soort=soort, kenmerk=kenmerk):
            return replace(staat, opschortingen=staat.opschortingen - {(soort, kenmerk)})
        case VernietigingBesloten() as besloten:
            return replace(staat, lopend=besloten)
        case VerklaringVanVernietigingOpgemaakt() if staat.lopend is not None:
            return replace(staat, lopend=None, gedaan=(*staat.gedaan, staat.lopend))
        case _:
            return staat


BEWAARSTAAT = Aggregate(STROOM, Bewaarstaat(), evolve)


def schort_op(staat: Bewaarstaat, opdracht: SchortVernietigingOp) -> list[Fact]:
    """Hold up every destruction of the casus.

    Raises:
        Forbidden: ``rol_mag_niet_opschorten``.
        Refused: ``opschorting_staat_al``.
        InvalidInput: the reference may hold personal data.
    """
    _eis_opschorter(opdracht.door)
    eis_kenmerk(opdracht.kenmerk)
    if (opdracht.soort, opdracht.kenmerk) in staat.opschortingen:
        raise _weigering("opschorting_staat_al", "Deze opschorting staat al.", "Er is niets te doen.")
    gebeurd = VernietigingOpgeschort(soort=opdracht.soort, kenmerk=opdracht.kenmerk)
    return [Fact(gebeurd, on=opdracht.op, betrokkene=BEWARING)]


def hef_op(staat: Bewaarstaat, opdracht: HefOpschortingOp) -> list[Fact]:
    """End a hold.

    Raises:
        Forbidden: ``rol_mag_niet_opschorten``.
        Refused: ``opschorting_onbekend``.
    """
    _eis_opschorter(opdracht.door)
    if (opdracht.soort, opdracht.kenmerk) not in staat.opschortingen:
        raise _weigering(
            "opschorting_onbekend",
            "Er staat geen opschorting van deze soort met dit kenmerk.",
            "Noem soort en kenmerk zoals zij zijn vastgelegd.",
        )
    gebeurd = OpschortingVernietigingOpgeheven(soort=opdracht.soort, kenmerk=opdracht.kenmerk)
    return [Fact(gebeurd, on=opdracht.op, betrokkene=BEWARING)]


def besluit(
    staat: Bewaarstaat,
    opdracht: Vernietig,
    feiten: Sequence[Gebeurd],
    termijnen: Bewaartermijnen,
    andere: Sequence[Sequence[Gebeurd]] = (),
) -> list[Fact]:
    """Decide to destroy; nothing to decide when the same was decided and is not finished yet.

    Args:
        staat: of the casus.
        opdracht: what to destroy and why.
        feiten: all events of the casus in the streams of the gemeente.
        termijnen: the retention terms.
        andere: the same of each other casus that the gemeente has of this person.

    Raises:
        Forbidden: ``rol_mag_niet_vernietigen``.
        Refused: ``andere_vernietiging_loopt``, ``vernietiging_opgeschort``, ``zaak_loopt_nog``,
            ``bewaartermijn_loopt`` or ``nieuwe_zaak_loopt``.
        InvalidInput: the reference may hold personal data.
    """
    eis_archivaris(opdracht.door)
    eis_kenmerk(opdracht.kenmerk)
    if staat.lopend is not None:
        _eis_dezelfde(staat.lopend, opdracht)
        return []
    _eis_niet_opgeschort(staat)
    bewaring = _eis_verstreken(opdracht, feiten, termijnen)
    _eis_geen_andere(opdracht, andere, termijnen)
    besloten = VernietigingBesloten(
        vernietiging=opdracht.id,
        omvang=opdracht.omvang,
        grond=opdracht.grond,
        kenmerk=opdracht.kenmerk,
        fase=opdracht.fase,
        betrokkene=opdracht.betrokkene,
        resultaat=None if bewaring is None else bewaring.resultaat,
        bewaard_tot_en_met=None if bewaring is None else bewaring.tot_en_met,
        bron=None if bewaring is None else bewaring.bron,
    )
    return [Fact(besloten, on=opdracht.op, betrokkene=BEWARING)]


def zelfde(besloten: VernietigingBesloten, opdracht: Vernietig) -> bool:
    """Whether a decision was about the same."""
    gevraagd = (opdracht.omvang, opdracht.fase, opdracht.betrokkene)
    return (besloten.omvang, besloten.fase, besloten.betrokkene) == gevraagd


def eis_archivaris(door: Actor) -> None:
    """Refuse who does not destroy.

    Raises:
        Forbidden: ``rol_mag_niet_vernietigen``.
    """
    if door.rol != ARCHIVARIS:
        raise Forbidden(
            "rol_mag_niet_vernietigen",
            f"De rol {door.rol} vernietigt niet.",
            rule=REGEL,
            remedy="Laat de archivaris dit doen, namens de zorgdrager.",
        )


def eis_kenmerk(kenmerk: str) -> None:
    """Refuse a reference that may hold something of somebody.

    Raises:
        InvalidInput: it is no short reference, or holds what can be read as a BSN.
    """
    cijfers = re.findall(r"(?<!\d)\d{9}(?!\d)", kenmerk)
    if not _KENMERK.fullmatch(kenmerk) or any(bsn_ok(one) for one in cijfers):
        raise InvalidInput(
            "Een kenmerk is kort en zegt niets over iemand: letters, cijfers, spatie, punt, streep; geen BSN.",
            errors={"kenmerk": ["2 tot 60 tekens, bijvoorbeeld VL-2033-017"]},
        )


def _eis_dezelfde(lopend: VernietigingBesloten, opdracht: Vernietig) -> None:
    if not zelfde(lopend, opdracht):
        raise _weigering(
            "andere_vernietiging_loopt",
            f"Van deze casus is een vernietiging (omvang {lopend.omvang}) begonnen en nog niet afgerond.",
            "Rond haar eerst af: geef dezelfde opdracht opnieuw.",
        )


def _eis_niet_opgeschort(staat: Bewaarstaat) -> None:
    if staat.opschortingen:
        soorten = ", ".join(f"{soort} ({kenmerk})" for soort, kenmerk in sorted(staat.opschortingen))
        raise _weigering(
            "vernietiging_opgeschort",
            f"De vernietiging is opgeschort: {soorten}.",
            "Wacht tot de opschorting is opgeheven (opdracht hef-opschorting-op).",
        )


def _eis_verstreken(opdracht: Vernietig, feiten: Sequence[Gebeurd], termijnen: Bewaartermijnen) -> Bewaring | None:
    """The term, where it was looked at. Who asks it for his own data need not wait for it; the casus itself must."""
    bewaring = termijnen.van(feiten)
    op_verzoek = opdracht.grond == VERZOEK
    if bewaring is None:
        if op_verzoek and opdracht.omvang == BETROKKENE:
            return None
        raise _weigering(
            "zaak_loopt_nog",
            "De casus is niet afgehandeld: er is geen uitkomst, of een voorziening zonder einde.",
            "Sluit de casus eerst af.",
        )
    if not op_verzoek and bewaring.staat_op(opdracht.op):
        raise _weigering(
            "bewaartermijn_loopt",
            f"De casus ({bewaring.resultaat}) wordt bewaard tot en met {bewaring.tot_en_met}; {bewaring.bron}.",
            f"Vernietig vanaf de dag na {bewaring.tot_en_met}, of op verzoek van de betrokkene (Wmo 2015 art. 5.3.5).",
        )
    return bewaring


def _eis_geen_andere(opdracht: Vernietig, andere: Sequence[Sequence[Gebeurd]], termijnen: Bewaartermijnen) -> None:
    """No other casus of this person runs that needs what is kept of this one. Who asks it for himself may want it."""
    if opdracht.grond == VERZOEK or not termijnen.lopende_zaak_blokkeert:
        return
    lopend = [min(feit.op for feit in feiten) for feiten in andere if feiten and termijnen.van(feiten) is None]
    if lopend:
        raise _weigering(
            "nieuwe_zaak_loopt",
            f"Van dezelfde inwoner loopt een andere casus, sinds {min(lopend)}: daarvoor zijn deze gegevens nodig.",
            "Vernietig nadat die casus is afgehandeld, of op verzoek van de betrokkene (Wmo 2015 art. 5.3.5).",
        )


def _eis_opschorter(door: Actor) -> None:
    if door.rol not in OPSCHORTERS:
        raise Forbidden(
            "rol_mag_niet_opschorten",
            f"De rol {door.rol} schort geen vernietiging op.",
            rule=REGEL,
            remedy=f"Laat een van deze rollen het doen: {', '.join(OPSCHORTERS)}.",
        )


def _weigering(reden: str, detail: str, remedie: str) -> Refused:
    return Refused(reden, detail, rule=REGEL, remedy=remedie)


__all__ = [
    "ARCHIVARIS",
    "BEWAARSTAAT",
    "CASUS",
    "FASE",
    "VERSTREKEN",
    "VERZOEK",
    "Bewaarstaat",
    "HefOpschortingOp",
    "SchortVernietigingOp",
    "Vernietig",
    "besluit",
    "eis_archivaris",
    "hef_op",
    "schort_op",
    "zelfde",
]
