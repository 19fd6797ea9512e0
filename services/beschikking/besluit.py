"""The besluit and its bekendmaking: two facts, under a power that is named.

Law: Wmo 2015 art. 2.3.4 (from general knowledge), 2.3.5 and 2.3.6; Awb 3:41, 3:46, 6:7. Rules inform; people decide. No
refusal rests on a category: an afwijzing needs an onderzoek and a motivation of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from casuslog import termijnen
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.termijnen.events import gehaald_of_overschreden, gestart
from services.beschikking.aanvraag import BESLUIT, WONEN_EN_OPVANG, termijn_verstreken, thema_van_regels
from services.beschikking.bevoegdheid import gebruikte_bevoegdheid
from services.beschikking.gebeurtenissen import Aanvraagregel, BesluitBekendgemaakt, BesluitGenomen
from services.beschikking.inhoud import Inhoud, eis_maatwerk, gevraagde_regels, inhoud_van
from services.beschikking.inrichting import BeschikkingInrichting
from services.beschikking.opdrachten import MaakBesluitBekend, MeldTermijnVerstreken, NeemBesluit
from services.beschikking.staat import BESCHIKKING, TOEGEKEND, Beschikking, eis_lopende_aanvraag, weigering
from services.beschikking.voorkennis import Voorkennis

CAK = "cak"


def neem_besluit(
    staat: Beschikking, opdracht: NeemBesluit, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> list[Fact]:
    """Decide on the aanvraag, under a power that is named.

    Raises:
        Forbidden: ``niet_bevoegd_te_besluiten``.
        Refused: ``vier_ogen_vereist``, ``geen_aanvraag``, ``aanvraag_ingetrokken``, ``besluit_al_genomen``,
            ``identiteit_niet_vastgesteld``, ``afwijzing_zonder_onderzoek``, ``motivering_ontbreekt``,
            ``hersteltermijn_loopt``, ``pgb_voorwaarden_niet_getoetst``, ``pgb_voorwaarde_niet_vervuld``,
            ``beschikkingnummer_ontbreekt``, or what :func:`services.beschikking.inhoud.inhoud_van` refuses.
    """
    regels = gevraagde_regels(opdracht, staat.regels, voorkennis)
    voorzieningen = frozenset(r.voorziening for r in regels)
    thema = opdracht.thema or staat.thema or voorkennis.thema or thema_van_regels(regels, inrichting)
    if opdracht.uitkomst in TOEGEKEND and not opdracht.als_maatwerk:
        eis_maatwerk(regels, inrichting)
    attributen = gebruikte_bevoegdheid(opdracht, thema, voorzieningen, inrichting, voorkennis)
    inhoud = (
        _toekenning(staat, opdracht, regels, inrichting, voorkennis) if opdracht.uitkomst in TOEGEKEND else Inhoud()
    )
    eis_lopende_aanvraag(staat)
    _eis_zorgvuldig(staat, opdracht, voorkennis)
    genomen = _besluit(staat, opdracht, thema, inhoud, inrichting, voorkennis)
    return [Fact(genomen, on=opdracht.op, rule=_grondslag(genomen), attributes=attributen)]


def _toekenning(
    staat: Beschikking,
    opdracht: NeemBesluit,
    regels: tuple[Aanvraagregel, ...],
    inrichting: BeschikkingInrichting,
    voorkennis: Voorkennis,
) -> Inhoud:
    leveringsvorm = _leveringsvorm(staat, opdracht)
    if leveringsvorm == "pgb":
        _eis_pgb_voorwaarden(voorkennis)
    return inhoud_van(opdracht, regels, leveringsvorm, inrichting, voorkennis)


def _leveringsvorm(staat: Beschikking, opdracht: NeemBesluit) -> str:
    return opdracht.leveringsvorm or staat.leveringsvorm_gewenst or "natura"


def _grondslag(genomen: BesluitGenomen) -> str:
    if genomen.uitkomst == "niet_behandeld":
        return "Awb 4:5 lid 1"
    pgb = ", 2.3.6 lid 1 en 2" if genomen.leveringsvorm == "pgb" else ""
    return f"Wmo 2015 art. 2.3.5 lid {4 if genomen.thema in WONEN_EN_OPVANG else 3}{pgb}"


def _besluit(
    staat: Beschikking,
    opdracht: NeemBesluit,
    thema: str | None,
    inhoud: Inhoud,
    inrichting: BeschikkingInrichting,
    voorkennis: Voorkennis,
) -> BesluitGenomen:
    toegekend = opdracht.uitkomst in TOEGEKEND
    return BesluitGenomen(
        beschikkingnummer=opdracht.beschikkingnummer,
        uitkomst=opdracht.uitkomst,
        thema=thema,
        voorziening=inhoud.voorziening,
        wmo020=inhoud.wmo020,
        pakket=opdracht.pakket if toegekend else None,
        leveringsvorm=_leveringsvorm(staat, opdracht) if toegekend else None,
        van=opdracht.van if toegekend else None,
        tot_en_met=opdracht.tot_en_met if toegekend else None,
        weken=inhoud.weken,
        arrangement=inhoud.arrangement,
        motivering_arrangement=inhoud.motivering_arrangement,
        regels=inhoud.regels,
        totaal_cent=inhoud.totaal_cent,
        waarschuwing=inhoud.waarschuwing,
        niet_uitgelegd=_niet_uitgelegd(voorkennis) if toegekend else (),
        besloten_door=inrichting.gemeente,
        geschreven_door=opdracht.geschreven_door or inrichting.schrijver,
        motivering=opdracht.motivering,
    )


def _niet_uitgelegd(voorkennis: Voorkennis) -> tuple[str, ...]:
    uitleg = (("pgb", voorkennis.pgb_uitgelegd), ("bijdrage", voorkennis.bijdrage_uitgelegd))
    return tuple(wat for wat, uitgelegd in uitleg if not uitgelegd)


def _eis_zorgvuldig(staat: Beschikking, opdracht: NeemBesluit, voorkennis: Voorkennis) -> None:
    """What a besluit of any outcome needs, and what an afwijzing needs besides."""
    if not opdracht.beschikkingnummer:
        raise weigering(
            "beschikkingnummer_ontbreekt", "Het besluit heeft geen beschikkingnummer.", "Geef een uniek nummer."
        )
    if opdracht.uitkomst == "niet_behandeld":
        _eis_hersteltermijn_voorbij(staat, opdracht.op)
        return
    if opdracht.uitkomst == "afgewezen":
        _eis_afwijzing_onderbouwd(opdracht, voorkennis)
    if voorkennis.identiteit_op is None:
        raise Refused(
            "identiteit_niet_vastgesteld",
            "Besluit geweigerd: de identiteit van de inwoner is niet vastgesteld aan de hand van een document.",
            rule="Wmo 2015 art. 2.3.4",
            remedy="Stel de identiteit vast en leg vast met welk soort document.",
        )


def _eis_afwijzing_onderbouwd(opdracht: NeemBesluit, voorkennis: Voorkennis) -> None:
    if voorkennis.onderzoek_afgerond_op is None:
        raise Refused(
            "afwijzing_zonder_onderzoek",
            "Afwijzing geweigerd: er is geen afgerond onderzoek naar de situatie van deze inwoner.",
            rule="Wmo 2015 art. 2.3.2 en 2.3.5 lid 3; CRvB: geen uitsluiting vooraf (001:782-795)",
            remedy="Rond eerst het onderzoek af. Een voorziening is nooit als soort uitgesloten.",
        )
    if not opdracht.motivering:
        raise Refused(
            "motivering_ontbreekt",
            "Afwijzing geweigerd: er staat niet bij waarom deze inwoner de voorziening niet nodig heeft.",
            rule="Awb 3:46; Wmo 2015 art. 2.3.5 lid 3",
            remedy="Motiveer de afwijzing voor deze inwoner, uit het onderzoek.",
            field="motivering",
        )


def _eis_hersteltermijn_voorbij(staat: Beschikking, op: date) -> None:
    gevraagd = staat.opschortingen[-1] if staat.opschortingen else None
    uiterlijk = gevraagd.hersteltermijn_tot_en_met if gevraagd else None
    if uiterlijk is None or op <= uiterlijk:
        raise Refused(
            "hersteltermijn_loopt",
            "De aanvraag kan niet buiten behandeling blijven: de aanvrager kreeg geen termijn, of kan nog aanvullen.",
            rule="Awb 4:5 lid 1",
            remedy="Vraag eerst om aanvulling binnen een termijn, en wacht die af.",
        )


def _eis_pgb_voorwaarden(voorkennis: Voorkennis) -> None:
    if not voorkennis.pgb_getoetst:
        raise Refused(
            "pgb_voorwaarden_niet_getoetst",
            "Besluit geweigerd: de drie voorwaarden voor een pgb zijn niet getoetst.",
            rule="Wmo 2015 art. 2.3.6 lid 2 onder a, b en c",
            remedy="Toets bekwaamheid, motivering en kwaliteit, elk met een oordeel.",
        )
    if voorkennis.pgb_niet_vervuld:
        welke = ", ".join(v.replace("_", " ") for v in voorkennis.pgb_niet_vervuld)
        raise Refused(
            "pgb_voorwaarde_niet_vervuld",
            f"Besluit geweigerd: aan een voorwaarde voor een pgb is niet voldaan ({welke}).",
            rule="Wmo 2015 art. 2.3.6 lid 2",
            remedy="Ken de voorziening in natura toe, of toets opnieuw als de situatie anders is.",
            field="leveringsvorm",
        )


def maak_besluit_bekend(
    staat: Beschikking, opdracht: MaakBesluitBekend, inrichting: BeschikkingInrichting
) -> list[Fact]:
    """Announce the besluit: the two weeks end here, met or not, and the six weeks for bezwaar begin.

    Raises:
        Refused: ``geen_besluit``, ``al_bekendgemaakt`` or ``bekendmaking_voor_besluit``.
    """
    besluit = _te_bekend_te_maken(staat, opdracht)
    bekend = BesluitBekendgemaakt(
        wijze=opdracht.wijze,
        beschikkingnummer=besluit.beschikkingnummer,
        uitkomst=besluit.uitkomst,
        thema=besluit.thema,
        voorziening=besluit.voorziening,
        pakket=besluit.pakket,
        leveringsvorm=besluit.leveringsvorm,
        van=besluit.van,
        tot_en_met=besluit.tot_en_met,
        regels=besluit.regels,
        totaal_cent=besluit.totaal_cent,
    )
    bezwaar = termijnen.bezwaar(opdracht.op)
    return [
        Fact(bekend, on=opdracht.op),
        *_einde_besluittermijn(staat, opdracht, inrichting),
        Fact(gestart(bezwaar), on=opdracht.op, rule=bezwaar.artikel),
        *_cak_betrokken(besluit, opdracht.op, inrichting),
    ]


def _cak_betrokken(besluit: BesluitGenomen, op: date, inrichting: BeschikkingInrichting) -> Iterator[Fact]:
    """The CAK sets and collects the bijdrage of what was granted, and hears of nothing else."""
    toegekend = {besluit.voorziening, *(regel.voorziening for regel in besluit.regels)} - {None}
    bekend = (inrichting.voorziening(naam) for naam in toegekend if naam is not None)
    if besluit.uitkomst in TOEGEKEND and any(voorziening and voorziening.bijdrage == CAK for voorziening in bekend):
        betrokken = BetrokkenheidVastgelegd(organisatie=CAK, als=CAK, vanaf=op, thema=besluit.thema)
        yield Fact(betrokken, on=op, rule="Wmo 2015 art. 2.1.4")


def _te_bekend_te_maken(staat: Beschikking, opdracht: MaakBesluitBekend) -> BesluitGenomen:
    if staat.besluit is None or staat.besloten_op is None:
        raise weigering("geen_besluit", "Er is geen besluit om bekend te maken.", "Neem eerst een besluit.")
    if staat.bekend_op is not None:
        raise weigering(
            "al_bekendgemaakt",
            f"Het besluit is op {staat.bekend_op} bekendgemaakt.",
            "Een tweede toezending verandert de bezwaartermijn niet.",
        )
    if opdracht.op < staat.besloten_op:
        raise weigering(
            "bekendmaking_voor_besluit",
            f"Het besluit is van {staat.besloten_op} en kan niet op {opdracht.op} bekend zijn gemaakt.",
            "Verbeter de dag.",
        )
    return staat.besluit


def _einde_besluittermijn(
    staat: Beschikking, opdracht: MaakBesluitBekend, inrichting: BeschikkingInrichting
) -> list[Fact]:
    """What the term became, as far as the timer has not said so already."""
    verstreken = termijn_verstreken(staat, MeldTermijnVerstreken(op=opdracht.op, door=opdracht.door), inrichting)
    na = BESCHIKKING.fold(verstreken, staat)
    if not na.termijn_loopt or na.besluit_uiterlijk is None:
        return verstreken
    gehaald = gehaald_of_overschreden(BESLUIT, na.besluit_uiterlijk, opdracht.op)
    return [*verstreken, Fact(gehaald, on=opdracht.op, rule="Wmo 2015 art. 2.3.5 lid 2")]


def beschikkingnummer(casus: str, volgnummer: int = 1) -> str:
    """A number that is unique per gemeente, without anything of the person in it (iWmo UP037)."""
    return f"{casus.replace('-', '')[-12:].upper()}-{volgnummer}"
