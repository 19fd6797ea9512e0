"""What a besluit says: its lines, its arrangement, its amounts. Computed once, recorded in the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from casuslog import rekenen
from casuslog.errors import Refused
from services.beschikking.gebeurtenissen import Aanvraagregel, Arrangementdeel, Besluitregel, Indelingsmotivering
from services.beschikking.inrichting import Arrangement, BeschikkingInrichting, Voorziening
from services.beschikking.opdrachten import Deel, NeemBesluit
from services.beschikking.voorkennis import Voorkennis

HUISHOUDEN = "01"
"""WMO020: hulp bij het huishouden, for which a besluit must say how much help it is (CRvB mei 2016)."""
ARRANGEMENT = "maatwerkarrangement"
GEEN_OMVANG = "geen_omvang_genoemd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhoud:
    """The content of a toekenning."""

    voorziening: str | None = None
    wmo020: str | None = None
    arrangement: tuple[Arrangementdeel, ...] = ()
    motivering_arrangement: tuple[Indelingsmotivering, ...] = ()
    regels: tuple[Besluitregel, ...] = ()
    weken: int | None = None
    totaal_cent: int | None = None
    waarschuwing: str | None = None


def gevraagde_regels(
    opdracht: NeemBesluit, aangevraagd: Sequence[Aanvraagregel], voorkennis: Voorkennis
) -> tuple[Aanvraagregel, ...]:
    """What is decided upon: as the command says, else as was asked, else as the onderzoek found."""
    if opdracht.regels:
        return opdracht.regels
    if opdracht.voorziening:
        enige = Aanvraagregel(regel=1, voorziening=opdracht.voorziening, minuten_per_week=opdracht.minuten_per_week)
        return (enige,)
    if opdracht.arrangement:
        return ()
    return tuple(aangevraagd) or _uit_onderzoek(voorkennis)


def _uit_onderzoek(voorkennis: Voorkennis) -> tuple[Aanvraagregel, ...]:
    gevonden = [u for u in voorkennis.uitkomst if u.get("voorziening")]
    return tuple(
        Aanvraagregel(regel=nummer, voorziening=u["voorziening"], minuten_per_week=u.get("minuten_per_week"))
        for nummer, u in enumerate(gevonden, start=1)
    )


def eis_maatwerk(regels: Sequence[Aanvraagregel], inrichting: BeschikkingInrichting) -> None:
    """An algemene voorziening has no beschikking, whoever would write it.

    Raises:
        Refused: ``geen_beschikking_voor_algemene_voorziening``.
    """
    for regel in regels:
        voorziening = inrichting.voorziening(regel.voorziening)
        if voorziening is not None and voorziening.soort == "algemeen":
            raise _algemeen(voorziening, inrichting)


def inhoud_van(
    opdracht: NeemBesluit,
    regels: Sequence[Aanvraagregel],
    leveringsvorm: str,
    inrichting: BeschikkingInrichting,
    voorkennis: Voorkennis,
) -> Inhoud:
    """The content of this toekenning.

    Raises:
        Refused: ``voorziening_ontbreekt``, ``onbekende_voorziening``, ``onbekend_resultaatgebied``,
            ``onbekende_intensiteit``, ``motivering_ontbreekt``, ``periode_ontbreekt``, ``weken_kloppen_niet``,
            ``onbekend_pgb_tarief`` or ``omvang_ontbreekt``.
    """
    if opdracht.arrangement:
        return _arrangement(opdracht, inrichting)
    if not regels:
        raise Refused(
            "voorziening_ontbreekt",
            "Besluit geweigerd: het besluit noemt geen voorziening.",
            rule="Wmo 2015 art. 2.3.5 lid 3",
            remedy="Noem de voorziening die wordt toegekend.",
            field="voorziening",
        )
    gemaakt = tuple(_besluitregel(r, inrichting) for r in regels)
    inhoud = _met_kop(Inhoud(regels=gemaakt))
    return _met_budget(inhoud, opdracht, inrichting, voorkennis) if leveringsvorm == "pgb" else inhoud


def _met_kop(inhoud: Inhoud) -> Inhoud:
    namen = {(r.voorziening, r.wmo020) for r in inhoud.regels}
    enige = next(iter(namen)) if len(namen) == 1 else (None, None)
    zonder = any(r.wmo020 == HUISHOUDEN and r.minuten_per_week is None for r in inhoud.regels)
    return replace(inhoud, voorziening=enige[0], wmo020=enige[1], waarschuwing=GEEN_OMVANG if zonder else None)


# -- a voorziening in hours --------------------------------------------------------------------------------------------


def _besluitregel(regel: Aanvraagregel, inrichting: BeschikkingInrichting) -> Besluitregel:
    voorziening = _bekende(regel.voorziening, inrichting)
    omvang, eenheid, frequentie = _in_iwmo(regel.minuten_per_week)
    return Besluitregel(
        regel=regel.regel,
        voorziening=voorziening.naam,
        wmo020=voorziening.wmo020,
        minuten_per_week=regel.minuten_per_week,
        omvang=omvang,
        eenheid=eenheid,
        frequentie=frequentie,
        hulpverlener=regel.hulpverlener,
    )


def _bekende(naam: str, inrichting: BeschikkingInrichting) -> Voorziening:
    voorziening = inrichting.voorziening(naam)
    if voorziening is None:
        raise Refused(
            "onbekende_voorziening",
            f"Besluit geweigerd: {inrichting.naam} kent geen voorziening {naam.replace('_', ' ')} "
            f"({inrichting.versie_in_woorden}).",
            rule=inrichting.versie_in_woorden,
            remedy=f"Kies uit: {', '.join(sorted({v.naam for v in inrichting.voorzieningen.values()}))}.",
            field="voorziening",
        )
    return voorziening


def _algemeen(voorziening: Voorziening, inrichting: BeschikkingInrichting) -> Refused:
    return Refused(
        "geen_beschikking_voor_algemene_voorziening",
        f"Besluit geweigerd: {voorziening.naam.replace('_', ' ')} is in {inrichting.naam} een algemene voorziening, "
        f"zonder beschikking ({inrichting.versie_in_woorden}).",
        rule=f"{inrichting.versie_in_woorden}; Wmo 2015 art. 1.1.1: algemene voorziening",
        remedy="De inwoner kan er zonder beschikking gebruik van maken. Is zij niet passend, ken dan na onderzoek een "
        "maatwerkvoorziening toe.",
        field="voorziening",
    )


def _in_iwmo(minuten_per_week: int | None) -> tuple[int | None, str | None, str | None]:
    """Volume, eenheid (WJ756) and frequentie (WMO757): whole hours per week where possible, else minutes."""
    if minuten_per_week is None:
        return None, None, None
    uren, rest = divmod(minuten_per_week, 60)
    return (minuten_per_week, "01", "2") if rest else (uren, "04", "2")


# -- an arrangement in resultaatgebied x intensiteit -------------------------------------------------------------------


def _arrangement(opdracht: NeemBesluit, inrichting: BeschikkingInrichting) -> Inhoud:
    bekend = inrichting.arrangement or Arrangement({}, (), motiveren=False)
    for deel in opdracht.arrangement:
        _eis_bekend_deel(deel, bekend, inrichting)
    voorziening = inrichting.voorziening(ARRANGEMENT)
    delen = tuple(
        Arrangementdeel(
            gebied=d.gebied,
            naam=bekend.gebieden[d.gebied],
            intensiteit=d.intensiteit,
            minuten_per_week=d.minuten_per_week,
        )
        for d in opdracht.arrangement
    )
    zonder = any(d.minuten_per_week is None and d.gebied in bekend.waarschuwing_bij for d in delen)
    return Inhoud(
        voorziening=ARRANGEMENT,
        wmo020=voorziening.wmo020 if voorziening else None,
        arrangement=delen,
        motivering_arrangement=tuple(
            Indelingsmotivering(gebied=d.gebied, motivering=d.motivering) for d in opdracht.arrangement if d.motivering
        ),
        waarschuwing=bekend.waarschuwing if zonder else None,
    )


def _eis_bekend_deel(deel: Deel, bekend: Arrangement, inrichting: BeschikkingInrichting) -> None:
    if deel.gebied not in bekend.gebieden:
        raise Refused(
            "onbekend_resultaatgebied",
            f"Besluit geweigerd: {inrichting.naam} kent geen resultaatgebied {deel.gebied} "
            f"({inrichting.versie_in_woorden}).",
            rule=f"{inrichting.versie_in_woorden}: {len(bekend.gebieden)} resultaatgebieden",
            remedy=f"Kies uit: {', '.join(str(g) for g in bekend.gebieden) or 'geen'}.",
            field="arrangement",
        )
    if deel.intensiteit not in bekend.intensiteiten:
        raise Refused(
            "onbekende_intensiteit",
            f"Besluit geweigerd: {inrichting.naam} kent geen intensiteit {deel.intensiteit} "
            f"({inrichting.versie_in_woorden}).",
            rule=f"{inrichting.versie_in_woorden}: intensiteiten",
            remedy=f"Kies uit: {', '.join(bekend.intensiteiten)}.",
            field="arrangement",
        )
    if bekend.motiveren and not deel.motivering:
        raise Refused(
            "motivering_ontbreekt",
            f"Besluit geweigerd: de indeling van gebied {deel.gebied} in {deel.intensiteit} is niet gemotiveerd.",
            rule=f"{inrichting.versie_in_woorden}: indeling motiveren (003:620-626); Awb 3:46",
            remedy="Motiveer voor deze inwoner waarom deze intensiteit past.",
            field="arrangement",
        )


# -- a pgb -------------------------------------------------------------------------------------------------------------


def _met_budget(
    inhoud: Inhoud, opdracht: NeemBesluit, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> Inhoud:
    if opdracht.van is None or opdracht.tot_en_met is None:
        raise Refused(
            "periode_ontbreekt",
            "Besluit geweigerd: een pgb heeft een eerste en een laatste dag.",
            rule="Wmo 2015 art. 2.3.6",
            remedy="Noem van en tot_en_met.",
            field="van",
        )
    weken = _weken(opdracht, opdracht.van, opdracht.tot_en_met)
    regels = tuple(_met_bedrag(r, weken, inrichting, voorkennis) for r in inhoud.regels)
    return replace(inhoud, regels=regels, weken=weken, totaal_cent=sum(r.bedrag_cent or 0 for r in regels))


def _weken(opdracht: NeemBesluit, van: date, tot_en_met: date) -> int:
    weken = rekenen.begonnen_weken(van, tot_en_met)
    if opdracht.weken is not None and opdracht.weken != weken:
        raise Refused(
            "weken_kloppen_niet",
            f"Besluit geweigerd: van {van} tot en met {tot_en_met} zijn {weken} weken, niet {opdracht.weken}.",
            rule="de periode van het besluit",
            remedy="Verbeter de periode of laat weken weg.",
            field="weken",
        )
    return weken


def _met_bedrag(
    regel: Besluitregel, weken: int, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> Besluitregel:
    tarief = voorkennis.pgb_tarieven.get(regel.regel)
    if tarief is None or regel.minuten_per_week is None:
        wat = "tarief" if tarief is None else "omvang"
        raise Refused(
            "onbekend_pgb_tarief" if tarief is None else "omvang_ontbreekt",
            f"Besluit geweigerd: van regel {regel.regel} ({regel.voorziening.replace('_', ' ')}) is geen {wat} bekend "
            f"({inrichting.versie_in_woorden}).",
            rule="Wmo 2015 art. 2.3.6 lid 4",
            remedy="Laat eerst tarief en omvang van deze regel vaststellen.",
            field="regels",
        )
    bedrag = rekenen.budget(tarief.tarief_cent, regel.minuten_per_week, weken, eenheid=tarief.eenheid)
    return replace(regel, tarief_cent=tarief.tarief_cent, tariefeenheid=tarief.eenheid, bedrag_cent=bedrag)
