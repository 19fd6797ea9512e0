"""The indicatie that goes to the gemeente which decides on a thema, and the besluit that comes back.

It is traffic between organisations: sending it back suspends no term (no Awb 4:5) and leaves the onderzoek finished.
The stream stays with the gemeente that investigated; the deciding gemeente acts in it as a recorded party.
"""

from __future__ import annotations

from collections.abc import Mapping

from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from services.onderzoek import gebeurtenissen as g
from services.onderzoek import opdrachten as o
from services.onderzoek.inrichting import IndicatieRegel, OnderzoekInrichting
from services.onderzoek.staat import Indicatie, Onderzoek
from services.onderzoek.voorwaarden import lopend

PAKKET = "pakket"


def dien_indicatie_in(staat: Onderzoek, opdracht: o.DienIndicatieIn, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Hand in the indicatie. What is missing is recorded, not refused: the deciding gemeente judges that."""
    lopend(staat, opdracht, inrichting)
    regel = _regel(opdracht, inrichting)
    _mag_indienen(staat, opdracht, inrichting, regel)
    velden = _ingevuld(opdracht)
    ingediend = g.IndicatieIngediend(
        van=inrichting.gemeente,
        aan=regel.indienen_bij,
        thema=opdracht.thema,
        velden=velden,
        ontbreekt=tuple(naam for naam in regel.verplichte_velden if naam not in velden),
        pakket=opdracht.pakket,
        inhoud=_inhoud(opdracht.velden),
    )
    betrokken = BetrokkenheidVastgelegd(
        organisatie=regel.indienen_bij, als="besluitende_gemeente", vanaf=opdracht.op, thema=opdracht.thema
    )
    grond = f"inrichting {inrichting.versie}: {regel.indienen_bij} besluit over {opdracht.thema}"
    return [Fact(ingediend, on=opdracht.op, rule=grond), Fact(betrokken, on=opdracht.op, rule=grond)]


def stuur_indicatie_terug(
    staat: Onderzoek, opdracht: o.StuurIndicatieTerug, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """The deciding gemeente asks for fields; nobody else can."""
    lopend(staat, opdracht, inrichting)
    indicatie = _ingediend(staat)
    if opdracht.door.organisatie != indicatie.aan:
        raise Refused(
            "niet_de_besluitende_gemeente",
            "Alleen de gemeente die over deze indicatie besluit kan haar terugsturen.",
            rule=f"de indicatie is ingediend bij {indicatie.aan}",
            remedy=f"Laat {indicatie.aan} de indicatie terugsturen.",
        )
    if indicatie.teruggestuurd:
        raise Refused(
            "indicatie_al_teruggestuurd",
            f"De indicatie ligt al bij het team, voor {', '.join(indicatie.open)}.",
            rule="een indicatie ligt bij een van beide",
            remedy="Wacht op de aanvulling.",
        )
    teruggestuurd = g.IndicatieTeruggestuurd(
        door=indicatie.aan, velden=opdracht.velden, toelichting=opdracht.toelichting
    )
    return [Fact(teruggestuurd, on=opdracht.op)]


def vul_indicatie_aan(staat: Onderzoek, opdracht: o.VulIndicatieAan, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Complete what was asked, and no more than that; what stays open keeps the indicatie with the team."""
    lopend(staat, opdracht, inrichting)
    indicatie = _ingediend(staat)
    if not indicatie.teruggestuurd:
        raise Refused(
            "indicatie_niet_teruggestuurd",
            "Er is niet om aanvulling van de indicatie gevraagd.",
            rule="wie besluit vraagt wat ontbreekt",
            remedy=f"Wacht tot {indicatie.aan} om aanvulling vraagt.",
        )
    te_veel = [naam for naam in opdracht.velden if naam not in indicatie.open]
    if te_veel:
        raise Refused(
            "veld_niet_gevraagd",
            f"Om {', '.join(sorted(te_veel))} is niet gevraagd.",
            rule="niet meer gegevens dan de ontvanger nodig heeft",
            remedy=f"Vul alleen aan: {', '.join(indicatie.open)}.",
            field="velden",
        )
    aangevuld = g.IndicatieAangevuld(
        velden=tuple(opdracht.velden),
        ontbreekt=tuple(naam for naam in indicatie.open if naam not in opdracht.velden),
        herkomst=opdracht.herkomst,
        inhoud=_inhoud(opdracht.velden),
    )
    return [Fact(aangevuld, on=opdracht.op)]


def koppel_besluit_terug(
    staat: Onderzoek, opdracht: o.KoppelBesluitTerug, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Reaction to the bekendmaking by another gemeente: the team hears the outcome. It never refuses."""
    if staat.vernietigd or staat.indicatie is None:
        return []
    regel = inrichting.indicatie_voor(staat.indicatie.thema)
    if regel is not None and not regel.terugkoppeling_aan_team:
        return []
    teruggekoppeld = g.BesluitTeruggekoppeld(aan=inrichting.team, uitkomst=opdracht.uitkomst, pakket=opdracht.pakket)
    return [Fact(teruggekoppeld, on=opdracht.op)]


def _regel(opdracht: o.DienIndicatieIn, inrichting: OnderzoekInrichting) -> IndicatieRegel:
    regel = inrichting.indicatie_voor(opdracht.thema)
    if regel is None or regel.indienen_bij == inrichting.gemeente:
        raise Refused(
            "geen_indicatie_nodig",
            f"Over {opdracht.thema} besluit {inrichting.naam} zelf; er is geen gemeente om bij in te dienen.",
            rule=f"inrichting {inrichting.versie}: indicatie",
            remedy="Laat de inwoner een aanvraag doen; het onderzoek gaat mee.",
            field="thema",
        )
    if opdracht.aan not in (None, regel.indienen_bij):
        raise Refused(
            "verkeerde_gemeente",
            f"Over {opdracht.thema} besluit {regel.indienen_bij}, niet {opdracht.aan}.",
            rule=f"inrichting {inrichting.versie}: indicatie",
            remedy=f"Dien de indicatie in bij {regel.indienen_bij}.",
            field="aan",
        )
    return regel


def _mag_indienen(
    staat: Onderzoek, opdracht: o.DienIndicatieIn, inrichting: OnderzoekInrichting, regel: IndicatieRegel
) -> None:
    grond = f"inrichting {inrichting.versie}: indicatie {regel.thema}"
    if not regel.mag_indiceren(opdracht.door.rol):
        detail = f"{opdracht.door.rol} indiceert in {inrichting.naam} niet voor {regel.thema}."
        remedy = f"Laat indiceren door: {', '.join(regel.wie_indiceert)}."
        raise Refused("niet_bevoegd_te_indiceren", detail, rule=grond, remedy=remedy)
    if not staat.afgerond:
        detail = "Het onderzoek is nog niet afgerond; er is nog niets te indiceren."
        raise Refused("onderzoek_niet_afgerond", detail, rule=grond, remedy="Rond eerst het onderzoek af.")
    if inrichting.akkoord_inwoner_nodig and not staat.akkoord:
        detail = f"In {inrichting.naam} gaat een indicatie pas uit met akkoord van de inwoner; dat is niet vastgelegd."
        remedy = "Vraag de inwoner om akkoord; zonder akkoord kan hij zelf een aanvraag doen."
        raise Refused("akkoord_inwoner_ontbreekt", detail, rule=grond, remedy=remedy)
    if staat.indicatie is not None:
        detail = f"De indicatie is al ingediend bij {staat.indicatie.aan}."
        raise Refused("indicatie_al_ingediend", detail, rule=grond, remedy="Vul haar aan als daarom wordt gevraagd.")
    if opdracht.pakket is not None and opdracht.pakket not in regel.pakketten:
        bekend = ", ".join(str(pakket) for pakket in regel.pakketten) or "geen"
        detail = f"Pakket {opdracht.pakket} bestaat niet voor {regel.thema}."
        raise Refused("onbekend_pakket", detail, rule=grond, remedy=f"Kies uit: {bekend}.", field=PAKKET)


def _ingediend(staat: Onderzoek) -> Indicatie:
    if staat.indicatie is None:
        raise Refused(
            "geen_indicatie",
            "In deze casus is geen indicatie ingediend.",
            rule="een indicatie is ingediend voordat zij terugkomt",
            remedy="Dien de indicatie in bij de gemeente die besluit.",
        )
    return staat.indicatie


def _ingevuld(opdracht: o.DienIndicatieIn) -> tuple[str, ...]:
    pakket = (PAKKET,) if opdracht.pakket is not None else ()
    return (*pakket, *(naam for naam in opdracht.velden if naam != PAKKET))


def _inhoud(velden: Mapping[str, str]) -> tuple[g.IndicatieVeld, ...]:
    return tuple(g.IndicatieVeld(naam=naam, inhoud=inhoud) for naam, inhoud in velden.items())
