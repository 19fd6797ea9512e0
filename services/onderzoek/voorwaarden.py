"""What must hold before anything is recorded in an onderzoek: a check passes, or refuses with what would be right."""

from __future__ import annotations

from datetime import date

from casuslog.errors import Refused
from services.onderzoek import opdrachten as o
from services.onderzoek.gebeurtenissen import LID
from services.onderzoek.inrichting import OnderzoekInrichting
from services.onderzoek.staat import Onderzoek


def nog_open(staat: Onderzoek, opdracht: o.Opdracht, inrichting: OnderzoekInrichting) -> None:
    """Refuse unless there is still something to investigate."""
    lopend(staat, opdracht, inrichting)
    if staat.afgerond:
        raise Refused(
            "onderzoek_al_afgerond",
            "Dit onderzoek is afgerond; wat erbij komt verandert het niet meer.",
            rule="Wmo 2015 art. 2.3.2",
            remedy="Voeg een bijlage bij het verslag, of leg het vast bij de aanvraag.",
        )


def lopend(staat: Onderzoek, opdracht: o.Opdracht, inrichting: OnderzoekInrichting) -> None:
    """Refuse unless an onderzoek began and was not broken off, and the fact does not precede the melding."""
    if staat.vernietigd:
        raise Refused(
            "dossier_vernietigd",
            "De gegevens van deze casus zijn vernietigd; er kan niets meer aan worden toegevoegd.",
            rule="Wmo 2015 art. 5.3.5",
            remedy="Registreer een nieuwe melding als de inwoner opnieuw ondersteuning vraagt.",
        )
    # Under the Wmo 2007 a melding started no term, so that nothing stands in the stream yet.
    if not staat.begonnen and inrichting.termijn_weken is not None:
        raise Refused(
            "onderzoek_niet_gestart",
            "Voor deze casus is bij het onderzoek geen melding bekend.",
            rule=f"{LID} 1",
            remedy="Registreer eerst de melding; controleer ook de casus-id.",
        )
    if staat.afgebroken:
        raise Refused(
            "onderzoek_afgebroken",
            "Dit onderzoek is afgebroken.",
            rule=f"{LID} 1",
            remedy="Registreer een nieuwe melding als de inwoner opnieuw ondersteuning vraagt.",
        )
    if staat.gemeld_op is not None and opdracht.op < staat.gemeld_op:
        raise Refused(
            "feit_voor_melding",
            f"Dit feit ({dag(opdracht.op)}) ligt voor de melding ({dag(staat.gemeld_op)}).",
            rule=f"{LID} 1",
            remedy=f"Controleer de datum: {dag(staat.gemeld_op)} of later.",
            field="op",
        )


def dag(op: date) -> str:
    """A day as people write it: ``23-3-2017``."""
    return f"{op.day}-{op.month}-{op.year}"


def heeft_verslag(staat: Onderzoek) -> None:
    """Refuse while there is no verslag to correct or sign."""
    if staat.verslagversie == 0:
        raise Refused(
            "geen_verslag",
            "Er is nog geen verslag verstrekt.",
            rule=f"{LID} 8",
            remedy="Verstrek de inwoner eerst het verslag.",
        )


def onderzocht(staat: Onderzoek) -> None:
    """Refuse to finish what was not investigated, or left a persoonlijk plan unused."""
    if staat.basis is None:
        raise Refused(
            "gesprek_of_reden_ontbreekt",
            "Er is geen gesprek vastgelegd, en ook niet waarom er geen was.",
            rule=f"{LID} 1 en 4",
            remedy="Leg het gesprek vast, of leg vast waarom het achterwege bleef.",
        )
    if staat.plan_op_tijd and not staat.plan_betrokken:
        raise Refused(
            "persoonlijk_plan_niet_betrokken",
            "De inwoner leverde op tijd een persoonlijk plan in; nog niet is vastgelegd wat daarmee is gedaan.",
            rule=f"{LID} 5",
            remedy="Leg vast hoe het plan is betrokken, en waarom er zo nodig van is afgeweken.",
        )


def bekende_uitkomst(opdracht: o.RondOnderzoekAf, inrichting: OnderzoekInrichting) -> None:
    """Refuse an outcome in words that this gemeente does not have."""
    for deel in opdracht.uitkomst:
        if deel.soort.endswith("voorziening") and deel.voorziening is None:
            raise _uitkomst_geweigerd("voorziening_ontbreekt", f"Bij een {deel.soort} hoort een voorziening.", "", "")
        if deel.resultaatgebied is not None and deel.resultaatgebied not in inrichting.resultaatgebieden:
            bekend = ", ".join(str(nummer) for nummer in sorted(inrichting.resultaatgebieden)) or "geen"
            detail = f"{inrichting.naam} kent resultaatgebied {deel.resultaatgebied} niet."
            raise _uitkomst_geweigerd("onbekend_resultaatgebied", detail, inrichting.versie, bekend)
        if deel.intensiteit is not None and deel.intensiteit not in inrichting.intensiteiten:
            bekend = ", ".join(inrichting.intensiteiten) or "geen"
            detail = f"{inrichting.naam} kent intensiteit {deel.intensiteit} niet."
            raise _uitkomst_geweigerd("onbekende_intensiteit", detail, inrichting.versie, bekend)


def _uitkomst_geweigerd(reden: str, detail: str, versie: str, bekend: str) -> Refused:
    return Refused(
        reden,
        detail,
        rule=f"inrichting {versie}: arrangement" if versie else f"{LID} 4",
        remedy=f"Kies uit: {bekend}." if bekend else "Noem de voorziening.",
        field="uitkomst",
    )
