"""After the bekendmaking: the opdracht to an aanbieder, the start, and how the aanbieder carries it out."""

from __future__ import annotations

from casuslog.errors import Forbidden
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from services.beschikking.gebeurtenissen import (
    BesluitGenomen,
    LeveringGestart,
    OpdrachtVerstrekt,
    UitwerkingDoorAanbiederVastgelegd,
)
from services.beschikking.opdrachten import LegUitwerkingVast, MeldStartLevering, Opdracht, VerstrekOpdracht
from services.beschikking.staat import Beschikking, weigering


def verstrek_opdracht(staat: Beschikking, opdracht: VerstrekOpdracht) -> list[Fact]:
    """Give an aanbieder the opdracht; from that day it is involved in the casus.

    Raises:
        Refused: ``nog_niet_bekendgemaakt``, ``geen_toekenning``, ``geen_opdracht_bij_pgb``, ``opdracht_al_verstrekt``
            or ``ingang_buiten_periode``.
    """
    besluit = _uit_te_voeren(staat, opdracht)
    if (besluit.van and opdracht.ingang < besluit.van) or (besluit.tot_en_met and opdracht.ingang > besluit.tot_en_met):
        raise weigering(
            "ingang_buiten_periode",
            f"De opdracht gaat in op {opdracht.ingang}, buiten de periode van het besluit ({besluit.van} tot en met "
            f"{besluit.tot_en_met}).",
            "Kies een ingang binnen de periode van het besluit.",
        )
    verstrekt = OpdrachtVerstrekt(
        aanbieder=opdracht.aanbieder,
        ingang=opdracht.ingang,
        tot_en_met=besluit.tot_en_met,
        voorziening=besluit.voorziening,
        pakket=besluit.pakket,
        arrangement=besluit.arrangement,
        regels=besluit.regels,
        doelen=opdracht.doelen,
    )
    betrokken = BetrokkenheidVastgelegd(
        organisatie=opdracht.aanbieder, als="aanbieder", vanaf=opdracht.op, thema=besluit.thema
    )
    return [Fact(verstrekt, on=opdracht.op), Fact(betrokken, on=opdracht.op)]


def _uit_te_voeren(staat: Beschikking, opdracht: VerstrekOpdracht) -> BesluitGenomen:
    if staat.besluit is None or staat.bekend_op is None:
        raise weigering(
            "nog_niet_bekendgemaakt",
            "Opdracht geweigerd: het besluit is niet bekendgemaakt en werkt dus nog niet.",
            "Maak het besluit eerst bekend.",
        )
    if not staat.toegekend:
        raise weigering("geen_toekenning", "Opdracht geweigerd: er is niets toegekend.", "Er valt niets te leveren.")
    if staat.besluit.leveringsvorm == "pgb":
        raise weigering(
            "geen_opdracht_bij_pgb",
            "Opdracht geweigerd: bij een pgb sluit de budgethouder zelf de zorgovereenkomst.",
            "Laat de budgethouder een zorgovereenkomst sluiten.",
        )
    if opdracht.aanbieder in staat.aanbieders:
        raise weigering(
            "opdracht_al_verstrekt", "Deze aanbieder heeft de opdracht al.", "Wijzig de opdracht die er is."
        )
    return staat.besluit


def meld_start_levering(staat: Beschikking, opdracht: MeldStartLevering) -> list[Fact]:
    """The aanbieder with the opdracht says that it began, once.

    Raises:
        Forbidden: ``andere_aanbieder``.
        Refused: ``levering_al_gestart``.
    """
    aanbieder = _met_opdracht(staat, opdracht)
    if aanbieder in staat.gestart_door:
        raise weigering("levering_al_gestart", "De levering is al gestart.", "Meld een wijziging of het einde.")
    return [Fact(LeveringGestart(aanbieder=aanbieder, op=opdracht.op), on=opdracht.op)]


def leg_uitwerking_vast(staat: Beschikking, opdracht: LegUitwerkingVast) -> list[Fact]:
    """Record how the aanbieder carries the besluit out. Fixed hours where none were decided are a signal.

    Raises:
        Forbidden: ``andere_aanbieder``.
    """
    aanbieder = _met_opdracht(staat, opdracht)
    assert staat.besluit is not None  # an opdracht follows from a besluit
    zonder_uren = staat.besluit.arrangement and not any(d.minuten_per_week for d in staat.besluit.arrangement)
    uitwerking = UitwerkingDoorAanbiederVastgelegd(
        aanbieder=aanbieder,
        gebied=opdracht.gebied,
        minuten_per_week=opdracht.minuten_per_week,
        signaal="omgerekend_naar_uren" if zonder_uren and opdracht.minuten_per_week else None,
        uitwerking=opdracht.uitwerking,
    )
    return [Fact(uitwerking, on=opdracht.op)]


def _met_opdracht(staat: Beschikking, opdracht: Opdracht) -> str:
    aanbieder = opdracht.door.organisatie
    if opdracht.door.rol != "aanbieder" or aanbieder is None or aanbieder not in staat.aanbieders:
        raise Forbidden(
            "andere_aanbieder",
            "Geweigerd: alleen de aanbieder met de opdracht kan dit melden.",
            rule="de verstrekte opdracht",
            remedy="Laat de aanbieder met de opdracht dit melden.",
        )
    return aanbieder
