"""What the service beschikking knows of a casus through the events of other services. Folded, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from casuslog.events import VERNIETIGD


@dataclass(frozen=True, slots=True)
class Tariefkennis:
    """A pgb tariff as the service pgb computed it."""

    tarief_cent: int
    eenheid: str


@dataclass(frozen=True, slots=True)
class Voorkennis:
    """What others said about this casus, as far as a besluit looks at it."""

    melding_op: date | None = None
    onderzoek_uiterlijk: date | None = None
    onderzoekstermijn_overschreden: bool = False
    onderzoek_afgerond_op: date | None = None
    uitkomst: tuple[Mapping[str, Any], ...] = ()
    """Outcomes of the onderzoek: mappings with ``soort``, ``voorziening``, ``pakket``, ... ."""
    identiteit_op: date | None = None
    pgb_uitgelegd: bool = False
    bijdrage_uitgelegd: bool = False
    verslag_ondertekend_op: date | None = None
    """Day on which a verslag was signed that counts as an aanvraag; ``None`` while none does."""
    indicatie_van: str | None = None
    indicatie_aan: str | None = None
    indicatie_ontbreekt: tuple[str, ...] = ()
    thema: str | None = None
    pgb_getoetst: bool = False
    pgb_niet_vervuld: tuple[str, ...] = ()
    pgb_tarieven: Mapping[int, Tariefkennis] = field(default_factory=lambda: MappingProxyType({}))

    def mag_aanvragen(self, op: date) -> bool:
        """Whether an aanvraag can come in on that day: after the onderzoek, or when its six weeks have passed."""
        return self.onderzoek_afgerond_op is not None or self.termijn_verstreken(op)

    def termijn_verstreken(self, op: date) -> bool:
        """Whether the six weeks have passed without a finished onderzoek."""
        if self.onderzoek_afgerond_op is not None:
            return False
        return self.onderzoekstermijn_overschreden or (
            self.onderzoek_uiterlijk is not None and op > self.onderzoek_uiterlijk
        )


NIETS_BEKEND = Voorkennis()


def bekend(voorkennis: Voorkennis, naam: str, data: Mapping[str, Any], op: date) -> Voorkennis:
    """What is known after this event of another service.

    Args:
        voorkennis: what was known.
        naam: name of the wire type without prefix, ``onderzoek-afgerond``.
        data: its fields; a destroyed one holds *vernietigd* and counts as absent.
        op: day of the fact.
    """
    lees = _Lezer(data)
    match naam:
        case "melding-geregistreerd":
            return replace(voorkennis, melding_op=op)
        case "termijn-gestart" if lees("soort") == "onderzoek":
            return replace(voorkennis, onderzoek_uiterlijk=lees("uiterlijk"))
        case "termijn-overschreden" if lees("soort") == "onderzoek":
            return replace(voorkennis, onderzoekstermijn_overschreden=True)
        case "identiteit-vastgesteld":
            return replace(voorkennis, identiteit_op=op)
        case "pgb-informatie-gegeven":
            return replace(voorkennis, pgb_uitgelegd=True)
        case "bijdrage-uitgelegd":
            return replace(voorkennis, bijdrage_uitgelegd=True)
        case "onderzoek-afgerond":
            return replace(voorkennis, onderzoek_afgerond_op=op, uitkomst=tuple(lees("uitkomst") or ()))
        case "verslag-ondertekend":
            return replace(voorkennis, verslag_ondertekend_op=op if lees("geldt_als_aanvraag") else None)
        case "indicatie-ingediend" | "indicatie-aangevuld" | "indicatie-teruggestuurd":
            return _indicatie(voorkennis, naam, lees)
        case "pgb-tarief-berekend" | "pgb-voorwaarden-getoetst":
            return _pgb(voorkennis, naam, lees)
        case _:
            return voorkennis


@dataclass(frozen=True, slots=True)
class _Lezer:
    data: Mapping[str, Any]

    def __call__(self, naam: str) -> Any:
        waarde = self.data.get(naam)
        return None if waarde is VERNIETIGD else waarde


def _indicatie(voorkennis: Voorkennis, naam: str, lees: _Lezer) -> Voorkennis:
    if naam == "indicatie-ingediend":
        return replace(
            voorkennis,
            indicatie_van=lees("van"),
            indicatie_aan=lees("aan"),
            indicatie_ontbreekt=tuple(lees("ontbreekt") or ()),
            thema=lees("thema") or voorkennis.thema,
        )
    velden = tuple(lees("velden") or ())
    if naam == "indicatie-teruggestuurd":
        return replace(voorkennis, indicatie_ontbreekt=velden)
    over = tuple(v for v in voorkennis.indicatie_ontbreekt if v not in velden)
    return replace(voorkennis, indicatie_ontbreekt=over)


def _pgb(voorkennis: Voorkennis, naam: str, lees: _Lezer) -> Voorkennis:
    if naam == "pgb-tarief-berekend":
        if lees("regel") is None:
            return voorkennis
        kennis = Tariefkennis(lees("tarief_cent"), lees("eenheid") or "uur")
        return replace(voorkennis, pgb_tarieven={**voorkennis.pgb_tarieven, lees("regel"): kennis})
    voorwaarden = ("bekwaam", "gemotiveerd", "kwaliteit_gewaarborgd")
    niet = tuple(v for v in voorwaarden if lees(v) == "nee")
    return replace(voorkennis, pgb_getoetst=True, pgb_niet_vervuld=niet)
