"""A pgb, from the wish in the aanvraag to the declaraties: state, fold and one decide per command.

Law: Wmo 2015 art. 2.3.6 (conditions and tariff), 2.6.2 (the SVB pays); Uitvoeringsregeling Wmo 2015 art. 2a and 2b
(text of 2025, not checked for 2017). The besluit is taken in the service beschikking; there is no second one here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from casuslog import rekenen
from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact, is_destroyed
from casuslog.recorded import Aggregate
from casuslog.rights.events import BetrokkenheidVastgelegd
from services.pgb.gebeurtenissen import (
    Budgetregel,
    DeclaratieAfgekeurd,
    DeclaratieGoedgekeurd,
    DeclaratieOntvangen,
    PgbTariefBerekend,
    PgbTariefNietGevonden,
    PgbToegekend,
    PgbVoorwaardenGetoetst,
    PgbWensVastgelegd,
    ToekenningAanSvbGemeld,
    Wensregel,
    ZorgovereenkomstGoedgekeurd,
)
from services.pgb.inrichting import PgbInrichting
from services.pgb.opdrachten import (
    BeslisDeclaratie,
    DienDeclaratieIn,
    KenPgbToe,
    KeurZorgovereenkomstGoed,
    LegWensVast,
    MeldToekenningAanSvb,
    ToetsPgbVoorwaarden,
)
from services.pgb.tarief import Tarief, Tariefvraag, bereken_tarief

SVB = "svb"
ROLLEN_VAN_HET_COLLEGE = ("college", "consulent", "senior_consulent", "wijkteam", "backoffice")
REDENEN_VAN_AFKEUREN = ("tarief_boven_zorgovereenkomst", "bedrag_klopt_niet", "budget_ontoereikend", "niet_geleverd")


# -- state and fold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declaratie:
    """A claim: what was asked, and whether it was decided upon."""

    regel: int
    minuten: int
    tarief_cent: int
    bedrag_cent: int
    beslist: bool = False


@dataclass(frozen=True, slots=True)
class Regel:
    """A line of the budget, who approved its zorgovereenkomst, and what is left of it."""

    budget: Budgetregel
    goedgekeurd_door: frozenset[str]
    resteert_cent: int


@dataclass(frozen=True, slots=True)
class Pgb:
    """One pgb in one casus."""

    wens: tuple[Wensregel, ...] | None = None
    tarieven: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    getoetst: bool = False
    toegekend: bool = False
    van: date | None = None
    totaal_cent: int = 0
    gemeld_aan_svb: bool = False
    regels: Mapping[int, Regel] = field(default_factory=lambda: MappingProxyType({}))
    declaraties: Mapping[str, Declaratie] = field(default_factory=lambda: MappingProxyType({}))
    vernietigd: bool = False


def evolve(staat: Pgb, feit: Fact) -> Pgb:
    """The state after this fact. Pure; never asks the inrichting. A destroyed dossier folds to *vernietigd*."""
    if is_destroyed(feit.data) or staat.vernietigd:
        return replace(staat, vernietigd=True)
    match feit.data:
        case PgbWensVastgelegd(regels=regels):
            return replace(staat, wens=regels)
        case PgbTariefBerekend(regel=nummer, tarief_cent=tarief):
            return replace(staat, tarieven={**staat.tarieven, nummer: tarief})
        case PgbVoorwaardenGetoetst():
            return replace(staat, getoetst=True)
        case PgbToegekend() as e:
            regels_ = {r.regel: Regel(r, frozenset(), r.bedrag_cent) for r in e.regels}
            return replace(staat, toegekend=True, van=e.van, totaal_cent=e.totaal_cent, regels=regels_)
        case ToekenningAanSvbGemeld():
            return replace(staat, gemeld_aan_svb=True)
        case ZorgovereenkomstGoedgekeurd(regel=nummer, door=door):
            oud = staat.regels[nummer]
            return _met_regel(staat, nummer, replace(oud, goedgekeurd_door=oud.goedgekeurd_door | {door}))
        case DeclaratieOntvangen() as e:
            ontvangen = Declaratie(e.regel, e.minuten, e.tarief_cent, e.bedrag_cent)
            return replace(staat, declaraties={**staat.declaraties, e.declaratie: ontvangen})
        case DeclaratieGoedgekeurd() as e:
            over = replace(staat.regels[e.regel], resteert_cent=e.resteert_cent)
            return _beslist(_met_regel(staat, e.regel, over), e.declaratie)
        case DeclaratieAfgekeurd() as e:
            return _beslist(staat, e.declaratie)
        case _:
            return staat


def _met_regel(staat: Pgb, nummer: int, regel: Regel) -> Pgb:
    return replace(staat, regels={**staat.regels, nummer: regel})


def _beslist(staat: Pgb, kenmerk: str) -> Pgb:
    return replace(staat, declaraties={**staat.declaraties, kenmerk: replace(staat.declaraties[kenmerk], beslist=True)})


PGB = Aggregate("pgb", Pgb(), evolve)


# -- from the wish to the budget ---------------------------------------------------------------------------------------


def leg_wens_vast(staat: Pgb, opdracht: LegWensVast, inrichting: PgbInrichting) -> list[Fact]:
    """Reaction to an aanvraag: record the wish, and compute the tariff of each line.

    It never refuses what the inwoner asked: a line without a tariff waits for a person, and a wish that names no help
    yet is a wish. What stands already, or was destroyed, stays as it is.
    """
    if staat.wens is not None or staat.vernietigd:
        return []
    wens = PgbWensVastgelegd(regels=opdracht.regels, gemotiveerd=opdracht.gemotiveerd)
    return [Fact(wens, on=opdracht.op), *(_tarief_van(regel, opdracht.op, inrichting) for regel in opdracht.regels)]


def _tarief_van(regel: Wensregel, op: date, inrichting: PgbInrichting) -> Fact:
    vraag = Tariefvraag(voorziening=regel.voorziening, hulpverlener=regel.hulpverlener, kenmerken=regel.kenmerken)
    try:
        tarief = bereken_tarief(vraag, inrichting)
    except Refused as geweigerd:
        ontbreekt = PgbTariefNietGevonden(
            regel=regel.regel,
            voorziening=regel.voorziening,
            hulpverlener=regel.hulpverlener,
            reden=geweigerd.reason,
        )
        return Fact(ontbreekt, on=op, rule=geweigerd.rule)
    return Fact(_berekend(regel.regel, tarief), on=op, rule=f"{inrichting.versie_in_woorden}: {tarief.bron}")


def _berekend(regel: int, tarief: Tarief) -> PgbTariefBerekend:
    return PgbTariefBerekend(
        regel=regel,
        voorziening=tarief.voorziening,
        hulpverlener=tarief.hulpverlener,
        soort=tarief.soort,
        procent=tarief.procent,
        grondslag_cent=tarief.grondslag_cent,
        tarief_cent=tarief.tarief_cent,
        eenheid=tarief.eenheid,
        begrensd=tarief.begrensd,
        bron=tarief.bron,
    )


def toets_voorwaarden(staat: Pgb, opdracht: ToetsPgbVoorwaarden) -> list[Fact]:
    """Record the outcome of the three conditions, each apart. A *nee* needs its own motivation.

    Raises:
        Refused: ``geen_pgb_wens``, ``niet_bevoegd_te_toetsen`` or ``motivering_ontbreekt``.
    """
    if staat.wens is None:
        raise _weigering(
            "geen_pgb_wens",
            "Er is geen wens voor een pgb om te toetsen.",
            "Leg eerst een aanvraag met leveringsvorm pgb vast.",
        )
    if opdracht.door.rol not in ROLLEN_VAN_HET_COLLEGE:
        raise _weigering(
            "niet_bevoegd_te_toetsen",
            f"De rol {opdracht.door.rol} toetst de voorwaarden voor een pgb niet.",
            "Laat een consulent namens het college toetsen.",
        )
    _eis_motivering_bij_nee(opdracht)
    getoetst = PgbVoorwaardenGetoetst(
        bekwaam=opdracht.bekwaam,
        gemotiveerd=opdracht.gemotiveerd,
        kwaliteit_gewaarborgd=opdracht.kwaliteit_gewaarborgd,
        motivering_bekwaam=opdracht.motivering_bekwaam,
        motivering_gemotiveerd=opdracht.motivering_gemotiveerd,
        motivering_kwaliteit=opdracht.motivering_kwaliteit,
    )
    return [Fact(getoetst, on=opdracht.op)]


def _eis_motivering_bij_nee(opdracht: ToetsPgbVoorwaarden) -> None:
    for naam, uitkomst, motivering, onderdeel in (
        ("motivering_bekwaam", opdracht.bekwaam, opdracht.motivering_bekwaam, "a"),
        ("motivering_gemotiveerd", opdracht.gemotiveerd, opdracht.motivering_gemotiveerd, "b"),
        ("motivering_kwaliteit", opdracht.kwaliteit_gewaarborgd, opdracht.motivering_kwaliteit, "c"),
    ):
        if uitkomst == "nee" and not motivering:
            raise Refused(
                "motivering_ontbreekt",
                f"De voorwaarde onder {onderdeel} is op nee gezet zonder motivering.",
                rule=f"Wmo 2015 art. 2.3.6 lid 2 onder {onderdeel}; Awb 3:46",
                remedy="Motiveer voor deze inwoner waarom niet aan de voorwaarde is voldaan.",
                field=naam,
            )


def ken_toe(staat: Pgb, opdracht: KenPgbToe, inrichting: PgbInrichting) -> list[Fact]:
    """Make the budget available, as the besluit says; the SVB becomes involved in the casus.

    Raises:
        Refused: ``pgb_al_toegekend``.
    """
    if staat.toegekend:
        raise _weigering("pgb_al_toegekend", "Het pgb is al toegekend.", "Herzie het besluit als het anders moet.")
    toegekend = PgbToegekend(
        beschikkingnummer=opdracht.beschikkingnummer,
        totaal_cent=sum(r.bedrag_cent for r in opdracht.regels),
        van=opdracht.van,
        tot_en_met=opdracht.tot_en_met,
        regels=opdracht.regels,
    )
    betrokken = BetrokkenheidVastgelegd(organisatie=inrichting.uitvoerder, als=SVB, vanaf=opdracht.op)
    return [Fact(toegekend, on=opdracht.op), Fact(betrokken, on=opdracht.op, rule="Wmo 2015 art. 2.6.2")]


def meld_toekenning_aan_svb(staat: Pgb, opdracht: MeldToekenningAanSvb) -> list[Fact]:
    """Report the budget to the SVB, once.

    Raises:
        Refused: ``pgb_niet_toegekend`` or ``al_gemeld_aan_svb``.
    """
    _eis_toegekend(staat)
    if staat.gemeld_aan_svb:
        raise _weigering(
            "al_gemeld_aan_svb", "De toekenning is al aan de SVB gemeld.", "Meld een wijziging als nieuwe toekenning."
        )
    assert staat.van is not None  # set with toegekend
    return [Fact(ToekenningAanSvbGemeld(totaal_cent=staat.totaal_cent, budgetjaar=staat.van.year), on=opdracht.op)]


# -- zorgovereenkomsten and declaraties --------------------------------------------------------------------------------


def keur_zorgovereenkomst_goed(staat: Pgb, opdracht: KeurZorgovereenkomstGoed) -> list[Fact]:
    """Approve the agreement of each line; college and SVB do so independently of each other.

    Raises:
        Refused: ``pgb_niet_toegekend``, ``goedkeuring_namens_een_ander``, ``onbekende_budgetregel`` or
            ``zorgovereenkomst_al_goedgekeurd``.
    """
    _eis_toegekend(staat)
    if not _spreekt_namens(opdracht.door, opdracht.namens):
        raise Refused(
            "goedkeuring_namens_een_ander",
            f"De rol {opdracht.door.rol} keurt geen zorgovereenkomst goed namens {opdracht.namens}.",
            rule="Uitvoeringsregeling Wmo 2015 art. 2a: goedkeuring door het college en door de SVB",
            remedy="Laat college en SVB elk voor zich goedkeuren.",
            field="namens",
        )
    for nummer in opdracht.regels:
        if opdracht.namens in _regel(staat, nummer).goedgekeurd_door:
            raise _weigering(
                "zorgovereenkomst_al_goedgekeurd",
                f"De zorgovereenkomst van regel {nummer} is al goedgekeurd door {opdracht.namens}.",
                "Laat deze regel weg.",
            )
    return [Fact(ZorgovereenkomstGoedgekeurd(regel=n, door=opdracht.namens), on=opdracht.op) for n in opdracht.regels]


def _spreekt_namens(door: Actor, namens: str) -> bool:
    return door.rol == SVB if namens == SVB else door.rol in ROLLEN_VAN_HET_COLLEGE


def dien_declaratie_in(staat: Pgb, opdracht: DienDeclaratieIn) -> list[Fact]:
    """Receive a claim. Receiving judges nothing: the SVB decides.

    Raises:
        Refused: ``pgb_niet_toegekend``, ``onbekende_budgetregel`` or ``declaratie_bestaat_al``.
    """
    _eis_toegekend(staat)
    _regel(staat, opdracht.regel)
    if opdracht.declaratie in staat.declaraties:
        raise _weigering(
            "declaratie_bestaat_al",
            f"Declaratie {opdracht.declaratie} is al ontvangen.",
            "Gebruik een nieuw kenmerk voor een andere declaratie.",
        )
    ontvangen = DeclaratieOntvangen(
        declaratie=opdracht.declaratie,
        regel=opdracht.regel,
        maand=opdracht.maand,
        minuten=opdracht.minuten,
        tarief_cent=opdracht.tarief_cent,
        bedrag_cent=opdracht.bedrag_cent,
    )
    return [Fact(ontvangen, on=opdracht.op)]


def beslis_declaratie(staat: Pgb, opdracht: BeslisDeclaratie, inrichting: PgbInrichting) -> list[Fact]:
    """The SVB pays only within the besluit and an agreement that both approved; else it refuses the whole claim.

    Raises:
        Refused: ``alleen_svb_beslist``, ``onbekende_declaratie``, ``declaratie_al_beslist``,
            ``zorgovereenkomst_niet_goedgekeurd``, ``reden_ontbreekt``, or the ground on which it cannot be approved.
    """
    if opdracht.door.rol != inrichting.declaraties_beslist_door:
        raise _weigering(
            "alleen_svb_beslist",
            f"De rol {opdracht.door.rol} beslist niet over declaraties.",
            f"Laat de {inrichting.declaraties_beslist_door.upper()} beslissen.",
        )
    declaratie = _open_declaratie(staat, opdracht.declaratie)
    regel = _regel(staat, declaratie.regel)
    bezwaar = _wat_niet_klopt(declaratie, regel)
    if not opdracht.goedgekeurd:
        return [Fact(_afgekeurd(opdracht, declaratie, regel, bezwaar), on=opdracht.op)]
    _eis_beide_goedkeuringen(regel, inrichting)
    if bezwaar is not None:
        raise _niet_goed_te_keuren(opdracht.declaratie, bezwaar, declaratie, regel)
    goedgekeurd = DeclaratieGoedgekeurd(
        declaratie=opdracht.declaratie,
        regel=declaratie.regel,
        door=opdracht.door.rol,
        bedrag_cent=declaratie.bedrag_cent,
        resteert_cent=regel.resteert_cent - declaratie.bedrag_cent,
    )
    return [Fact(goedgekeurd, on=opdracht.op)]


def _wat_niet_klopt(declaratie: Declaratie, regel: Regel) -> str | None:
    """The first thing that is wrong with the figures, as a reason code."""
    if declaratie.tarief_cent > regel.budget.tarief_cent:
        return "tarief_boven_zorgovereenkomst"
    if declaratie.bedrag_cent > _bedrag(declaratie.tarief_cent, declaratie, regel):
        return "bedrag_klopt_niet"
    if declaratie.bedrag_cent > regel.resteert_cent:
        return "budget_ontoereikend"
    return None


def _bedrag(tarief_cent: int, declaratie: Declaratie, regel: Regel) -> int:
    return rekenen.budget(tarief_cent, declaratie.minuten, 1, eenheid=regel.budget.eenheid)


def _afgekeurd(
    opdracht: BeslisDeclaratie, declaratie: Declaratie, regel: Regel, bezwaar: str | None
) -> DeclaratieAfgekeurd:
    reden = opdracht.reden or bezwaar
    if reden is None:
        raise Refused(
            "reden_ontbreekt",
            f"Declaratie {opdracht.declaratie} klopt met besluit en zorgovereenkomst; afkeuren vraagt een reden.",
            rule="Awb 3:46",
            remedy=f"Noem een reden: {', '.join(REDENEN_VAN_AFKEUREN)}.",
            field="reden",
        )
    return DeclaratieAfgekeurd(
        declaratie=opdracht.declaratie,
        regel=declaratie.regel,
        door=opdracht.door.rol,
        bedrag_cent=declaratie.bedrag_cent,
        reden=reden,
        overeengekomen_tarief_cent=regel.budget.tarief_cent,
        juist_bedrag_cent=_bedrag(min(declaratie.tarief_cent, regel.budget.tarief_cent), declaratie, regel),
    )


# -- what several decisions require ------------------------------------------------------------------------------------


def _eis_toegekend(staat: Pgb) -> None:
    if not staat.toegekend:
        raise _weigering(
            "pgb_niet_toegekend",
            "Er is geen pgb toegekend: dat volgt uit de bekendmaking van het besluit.",
            "Maak eerst het besluit bekend.",
        )


def _regel(staat: Pgb, nummer: int) -> Regel:
    if nummer not in staat.regels:
        raise Refused(
            "onbekende_budgetregel",
            f"Het budget kent geen regel {nummer}.",
            rule="het toegekende budget",
            remedy=f"Kies uit de regels {', '.join(str(n) for n in sorted(staat.regels))}.",
            field="regel",
        )
    return staat.regels[nummer]


def _open_declaratie(staat: Pgb, kenmerk: str) -> Declaratie:
    declaratie = staat.declaraties.get(kenmerk)
    if declaratie is None:
        raise _weigering(
            "onbekende_declaratie", f"Declaratie {kenmerk} is niet ontvangen.", "Noem een ontvangen declaratie."
        )
    if declaratie.beslist:
        raise _weigering(
            "declaratie_al_beslist", f"Over declaratie {kenmerk} is al beslist.", "Dien een nieuwe declaratie in."
        )
    return declaratie


def _eis_beide_goedkeuringen(regel: Regel, inrichting: PgbInrichting) -> None:
    ontbreekt = [wie for wie in inrichting.goedkeuring_door if wie not in regel.goedgekeurd_door]
    if ontbreekt:
        raise Refused(
            "zorgovereenkomst_niet_goedgekeurd",
            f"Niet uitbetaald: de zorgovereenkomst van regel {regel.budget.regel} mist de goedkeuring van "
            f"{' en '.join(ontbreekt)}.",
            rule="Uitvoeringsregeling Wmo 2015 art. 2a en 2b",
            remedy="Laat de zorgovereenkomst goedkeuren.",
        )


def _niet_goed_te_keuren(kenmerk: str, bezwaar: str, declaratie: Declaratie, regel: Regel) -> Refused:
    return Refused(
        bezwaar,
        f"Declaratie {kenmerk} is niet goed te keuren: gevraagd {rekenen.in_euro(declaratie.bedrag_cent)} bij een "
        f"tarief van {rekenen.in_euro(declaratie.tarief_cent)}; overeengekomen is "
        f"{rekenen.in_euro(regel.budget.tarief_cent)}, en er resteert {rekenen.in_euro(regel.resteert_cent)}.",
        rule="Uitvoeringsregeling Wmo 2015 art. 2b: betalen binnen beschikking en zorgovereenkomst",
        remedy="Keur de declaratie af, of laat een juiste declaratie indienen.",
        field="goedgekeurd",
    )


def _weigering(reden: str, detail: str, remedie: str) -> Refused:
    return Refused(reden, detail, rule="Wmo 2015 art. 2.3.6 en 2.6.2", remedy=remedie)
