"""The aanvraag and its two weeks: receive, complete, withdraw, and what the passing of time makes of it.

Law: Wmo 2015 art. 2.3.2 lid 9 and 2.3.5 lid 2; Awb 4:5 and 4:15 lid 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from casuslog import termijnen
from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.termijnen.events import (
    TermijnHervat,
    TermijnOpgeschort,
    TermijnVervallen,
    gehaald_of_overschreden,
    gestart,
)
from services.beschikking.gebeurtenissen import (
    AanvraagIngetrokken,
    AanvraagOntvangen,
    Aanvraagregel,
    AanvullingGevraagd,
    AanvullingOntvangen,
)
from services.beschikking.inrichting import BeschikkingInrichting
from services.beschikking.opdrachten import (
    MeldTermijnVerstreken,
    OntvangAanvraag,
    OntvangAanvulling,
    TrekAanvraagIn,
    VraagAanvulling,
)
from services.beschikking.staat import DAG, Beschikking, aangevuld, eis_lopende_aanvraag, evolve, weigering
from services.beschikking.voorkennis import Voorkennis

BESLUIT = "besluit"
ONDERTEKEND_VERSLAG = "ondertekend_verslag"
AANVRAAGFORMULIER = "aanvraagformulier"
WONEN_EN_OPVANG = ("beschermd_wonen", "maatschappelijke_opvang")
"""Themas of Wmo 2015 art. 2.3.5 lid 1 onder b and lid 4; all others are of lid 1 onder a and lid 3."""


def ontvang_aanvraag(
    staat: Beschikking, opdracht: OntvangAanvraag, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> list[Fact]:
    """Receive the aanvraag; the two weeks begin, and who works on it for another becomes involved.

    Raises:
        Refused: ``verslag_geldt_als_aanvraag``, ``aanvraag_al_ontvangen``, ``onderzoek_niet_afgerond`` or
            ``ondertekening_na_ontvangst``.
    """
    _eis_nog_geen_aanvraag(staat, inrichting)
    _eis_onderzoek_klaar(opdracht.op, inrichting, voorkennis)
    if opdracht.ondertekend_op is not None and opdracht.ondertekend_op > opdracht.op:
        raise Refused(
            "ondertekening_na_ontvangst",
            f"De aanvraag is ontvangen op {opdracht.op} en kan niet op {opdracht.ondertekend_op} zijn ondertekend.",
            rule="Awb 4:2 lid 1",
            remedy="Verbeter een van de twee dagen.",
            field="ondertekend_op",
        )
    verstreken = voorkennis.termijn_verstreken(opdracht.op)
    ontvangen = AanvraagOntvangen(
        ontvangen_door=opdracht.ontvangen_door or inrichting.gemeente,
        herkomst="termijn_verstreken" if verstreken else opdracht.herkomst or inrichting.aanvraag_vorm,
        ondertekend_op=opdracht.ondertekend_op,
        leveringsvorm_gewenst=opdracht.leveringsvorm,
        gemotiveerd=opdracht.gemotiveerd or bool(opdracht.motivering),
        thema=opdracht.thema or voorkennis.thema or thema_van_regels(opdracht.regels, inrichting),
        regels=opdracht.regels,
        hulpverleners=opdracht.hulpverleners,
        motivering=opdracht.motivering,
    )
    termijn = termijnen.besluit(opdracht.op, weken=inrichting.termijn_weken)
    # Who pays belongs to the casus from here on: each later event carries it.
    betaler = {"betalendegemeente": inrichting.betalende_gemeente(ontvangen.thema)}
    feiten = [
        Fact(ontvangen, on=opdracht.op, rule=f"Wmo 2015 art. 2.3.2 lid 9 en {_lid_1(ontvangen.thema)}"),
        Fact(gestart(termijn), on=opdracht.op, rule=termijn.artikel),
        *_betrokkenen(opdracht.op, ontvangen.thema, inrichting, voorkennis),
    ]
    return [replace(feit, attributes=betaler) for feit in feiten]


def volg_verslag(
    staat: Beschikking, op: date, door: Actor, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> list[Fact]:
    """Reaction to a signed verslag and to the end of the onderzoek: where both are there, the verslag is the aanvraag.

    A reaction never refuses: whoever signs first and is investigated to the end later applies on that later day, and
    an aanvraag that is there already (after six weeks, on a form) stays the one.
    """
    if voorkennis.verslag_ondertekend_op is None or staat.aanvraag_op is not None or staat.vernietigd:
        return []
    if not _onderzoek_klaar(op, inrichting, voorkennis):
        return []
    opdracht = OntvangAanvraag(
        op=op, door=door, herkomst=ONDERTEKEND_VERSLAG, ondertekend_op=voorkennis.verslag_ondertekend_op
    )
    return ontvang_aanvraag(staat, opdracht, inrichting, voorkennis)


def _lid_1(thema: str | None) -> str:
    """Art. 2.3.5 lid 1: a: zelfredzaamheid en participatie, b: beschermd wonen en opvang (from general knowledge)."""
    return f"2.3.5 lid 1 onder {'b' if thema in WONEN_EN_OPVANG else 'a'}"


def _betrokkenen(
    op: date, thema: str | None, inrichting: BeschikkingInrichting, voorkennis: Voorkennis
) -> Iterator[Fact]:
    """The gemeente that handed in the indicatie hears the besluit; a shared backoffice works on the aanvraag."""
    if voorkennis.indicatie_van and voorkennis.indicatie_van != inrichting.gemeente:
        woongemeente = BetrokkenheidVastgelegd(
            organisatie=voorkennis.indicatie_van, als="woongemeente", vanaf=op, thema=thema
        )
        yield Fact(woongemeente, on=op, rule="verplichte levering aan de gemeente die onderzocht (004:2290-2298)")
    if inrichting.backoffice:
        backoffice = BetrokkenheidVastgelegd(organisatie=inrichting.backoffice, als="backoffice", vanaf=op, thema=thema)
        yield Fact(backoffice, on=op, rule=f"{inrichting.versie_in_woorden}: backoffice")


def thema_van_regels(regels: tuple[Aanvraagregel, ...], inrichting: BeschikkingInrichting) -> str | None:
    """The thema of what is asked, by its first line."""
    return inrichting.thema_van(regels[0].voorziening if regels else None)


def _eis_nog_geen_aanvraag(staat: Beschikking, inrichting: BeschikkingInrichting) -> None:
    if staat.aanvraag_op is None and not staat.vernietigd:
        return
    if staat.herkomst == ONDERTEKEND_VERSLAG:
        raise _verslag_geldt(staat, inrichting)
    raise weigering(
        "aanvraag_al_ontvangen", "Op deze casus is al een aanvraag ontvangen.", "Behandel de aanvraag die er is."
    )


def _verslag_geldt(staat: Beschikking, inrichting: BeschikkingInrichting) -> Refused:
    return Refused(
        "verslag_geldt_als_aanvraag",
        f"Geweigerd: het ondertekende verslag van {staat.aanvraag_op} geldt in {inrichting.naam} als aanvraag "
        f"({inrichting.versie_in_woorden}); een tweede formulier is niet nodig.",
        rule=f"{inrichting.versie_in_woorden}: het ondertekende verslag is de aanvraag",
        remedy="Behandel de aanvraag die er is.",
    )


def _onderzoek_klaar(op: date, inrichting: BeschikkingInrichting, voorkennis: Voorkennis) -> bool:
    return voorkennis.mag_aanvragen(op) or inrichting.aanvraag_vorm == "bij_melding"


def _eis_onderzoek_klaar(op: date, inrichting: BeschikkingInrichting, voorkennis: Voorkennis) -> None:
    if _onderzoek_klaar(op, inrichting, voorkennis):
        return
    wanneer = f" of na {voorkennis.onderzoek_uiterlijk}" if voorkennis.onderzoek_uiterlijk else ""
    raise Refused(
        "onderzoek_niet_afgerond",
        "De aanvraag kan nog niet worden ontvangen: het onderzoek is niet afgerond en de zes weken zijn niet voorbij.",
        rule="Wmo 2015 art. 2.3.2 lid 9",
        remedy=f"Dien de aanvraag in na het onderzoek{wanneer}.",
    )


def vraag_aanvulling(staat: Beschikking, opdracht: VraagAanvulling, inrichting: BeschikkingInrichting) -> list[Fact]:
    """Invite to complete the aanvraag. Only an invitation that names a term suspends the two weeks.

    Raises:
        Refused: ``geen_aanvraag``, ``aanvraag_ingetrokken``, ``besluit_al_genomen``, ``aanvulling_loopt_al``,
            ``verslag_geldt_als_aanvraag`` or ``termijn_ligt_achter_ons``.
    """
    eis_lopende_aanvraag(staat)
    if AANVRAAGFORMULIER in opdracht.gegevens and staat.herkomst == ONDERTEKEND_VERSLAG:
        raise _verslag_geldt(staat, inrichting)
    if staat.hersteltermijn is not None:
        raise weigering(
            "aanvulling_loopt_al",
            f"De aanvrager kan nog aanvullen tot en met {staat.hersteltermijn}.",
            "Wacht de aanvulling of het einde van die termijn af.",
        )
    gevraagd = Fact(AanvullingGevraagd(gegevens=opdracht.gegevens, uiterlijk=opdracht.uiterlijk), on=opdracht.op)
    if opdracht.uiterlijk is None:
        return [gevraagd]
    if opdracht.uiterlijk <= opdracht.op:
        raise weigering(
            "termijn_ligt_achter_ons",
            f"De hersteltermijn {opdracht.uiterlijk} ligt niet na {opdracht.op}.",
            "Geef een termijn om aan te vullen.",
        )
    opgeschort = TermijnOpgeschort(soort=BESLUIT, vanaf=opdracht.op + DAG, hersteltermijn_tot_en_met=opdracht.uiterlijk)
    return [gevraagd, Fact(opgeschort, on=opdracht.op)]


def ontvang_aanvulling(
    staat: Beschikking, opdracht: OntvangAanvulling, inrichting: BeschikkingInrichting
) -> list[Fact]:
    """Receive what was asked; the two weeks run on, longer by the days that they stood still.

    Raises:
        Refused: ``geen_aanvraag``, ``aanvraag_ingetrokken``, ``besluit_al_genomen`` or ``geen_aanvulling_gevraagd``.
    """
    eis_lopende_aanvraag(staat)
    if not staat.opschortingen or staat.opschortingen[-1].aangevuld_op is not None:
        raise weigering(
            "geen_aanvulling_gevraagd", "Er is geen aanvulling gevraagd.", "Voeg het stuk toe aan de aanvraag."
        )
    ontvangen = Fact(AanvullingOntvangen(gegevens=opdracht.gegevens), on=opdracht.op)
    return [ontvangen, *([_hervat(staat, opdracht.op, inrichting)] if staat.hersteltermijn else [])]


def _hervat(staat: Beschikking, op: date, inrichting: BeschikkingInrichting) -> Fact:
    assert staat.aanvraag_op is not None  # a suspension belongs to an aanvraag
    opschortingen = aangevuld(staat.opschortingen, op)
    termijn = termijnen.besluit(staat.aanvraag_op, weken=inrichting.termijn_weken, opschortingen=opschortingen)
    hervat = TermijnHervat(
        soort=BESLUIT,
        opgeschorte_dagen=termijn.opgeschort,
        rekendatum=termijn.rekendatum,
        uiterlijk=termijn.uiterlijk,
    )
    return Fact(hervat, on=op)


def trek_aanvraag_in(staat: Beschikking, opdracht: TrekAanvraagIn) -> list[Fact]:
    """Withdraw the aanvraag before it was decided upon; its term lapses.

    Raises:
        Refused: ``geen_aanvraag``, ``aanvraag_ingetrokken`` or ``besluit_al_genomen``.
    """
    eis_lopende_aanvraag(staat)
    ingetrokken = Fact(AanvraagIngetrokken(toelichting=opdracht.toelichting), on=opdracht.op)
    if not staat.termijn_loopt or staat.besluit_uiterlijk is None:
        return [ingetrokken]
    vervallen = TermijnVervallen(soort=BESLUIT, uiterlijk=staat.besluit_uiterlijk, reden="aanvraag_ingetrokken")
    return [ingetrokken, Fact(vervallen, on=opdracht.op)]


def termijn_verstreken(
    staat: Beschikking, opdracht: MeldTermijnVerstreken, inrichting: BeschikkingInrichting
) -> list[Fact]:
    """What the passing of time makes of the term on that day; each fact once, on the day that it became true.

    An unused term for completion ends: the two weeks run on. The last day has passed: the term is exceeded.
    """
    feiten: list[Fact] = []
    if staat.termijn_loopt and staat.hersteltermijn is not None and opdracht.op > staat.hersteltermijn:
        hervat = _hervat(staat, staat.hersteltermijn + DAG, inrichting)
        feiten, staat = [hervat], evolve(staat, hervat)
    if not staat.termijn_loopt or staat.hersteltermijn is not None or staat.besluit_uiterlijk is None:
        return feiten
    if opdracht.op > staat.besluit_uiterlijk:
        feiten.append(_overschreden(staat.besluit_uiterlijk))
    return feiten


def _overschreden(uiterlijk: date) -> Fact:
    overschreden = gehaald_of_overschreden(BESLUIT, uiterlijk, uiterlijk + DAG)
    return Fact(overschreden, on=uiterlijk + DAG, rule="Wmo 2015 art. 2.3.5 lid 2")
