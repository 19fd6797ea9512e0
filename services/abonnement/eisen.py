"""What a grant must meet: a holder that is one, a role with a task, a selection that exists, a purpose, a period.

Each is a function that returns when it is met and raises Refused when not, with the field, the rule and what would be
right. No value of the asker is repeated: somebody may have put a BSN there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from casuslog import codes
from casuslog.errors import InvalidInput, Refused
from services.abonnement.gebeurtenissen import VOLLEDIG
from services.abonnement.houders import EIGEN_TAAK, GELDIG, ZONDER_ABONNEMENT, gemeente_van
from services.abonnement.opdrachten import KenAbonnementToe
from services.abonnement.verbanden import Verbanden

TERUGBLIK = timedelta(days=366)
"""How far back a subscription may begin, and a repetition may reach: more is read casus by casus, with its own reason.
"""
_AVG = "AVG art. 5 lid 1 onder b en c"


def eis_houder(opdracht: KenAbonnementToe, gemeente: str) -> None:
    """The holder is an organisation with a number that is right; a gemeente grants its own.

    Raises:
        Refused: ``houder_ongeldig`` or ``houder_is_andere_gemeente``.
    """
    geldig, eis = GELDIG.get(opdracht.houdersoort, (lambda _: False, "de soort is oin, kvk of agb"))
    if not geldig(opdracht.houder):
        raise Refused(
            "houder_ongeldig",
            f"Niet toegekend: het nummer van de houder klopt niet; {eis}.",
            rule="standaarden-en-wet.md sectie 1.1",
            remedy="Noem de houder bij OIN, KvK-nummer of AGB-code.",
            field="houder",
        )
    zelf = gemeente_van(opdracht.houdersoort, opdracht.houder)
    if zelf is not None and zelf != gemeente:
        raise Refused(
            "houder_is_andere_gemeente",
            f"Niet toegekend: gemeente {zelf} is houder en kent haar abonnement zelf toe.",
            rule="wat een gemeente van een andere ziet, volgt uit vastgelegde betrokkenheid (Wmo 2015 art. 5.1.1)",
            remedy=f"Laat gemeente {zelf} het abonnement toekennen, met {gemeente} onder gemeenten.",
            field="houder",
        )


def eis_rol(rol: str) -> None:
    """The role is that of an organisation with a task.

    Raises:
        Refused: ``rol_zonder_abonnement``.
    """
    if rol in ZONDER_ABONNEMENT:
        raise Refused(
            "rol_zonder_abonnement",
            f"Niet toegekend: de rol {rol} ontvangt geen abonnement.",
            rule="een abonnement is voor een organisatie met een taak (Wmo 2015 art. 5.1.1)",
            remedy="Laat de persoon zijn zaak lezen in de historie.",
            field="rol",
        )


def eis_selectie(opdracht: KenAbonnementToe, bekend: Collection[str]) -> None:
    """What is asked for exists.

    Raises:
        Refused: ``gemeenten_ontbreken``, ``gemeente_onbekend`` or ``gebeurtenistype_onbekend``.
    """
    if not opdracht.gemeenten:
        raise Refused(
            "gemeenten_ontbreken",
            "Niet toegekend: er is geen gemeente genoemd.",
            rule=_AVG,
            remedy="Noem de gemeenten waarvan gebeurtenissen worden ontvangen.",
            field="gemeenten",
        )
    for code in opdracht.gemeenten:
        _eis_gemeente(code)
    onbekend = sorted(set(opdracht.gebeurtenistypen) - set(bekend))
    if onbekend:
        raise Refused(
            "gebeurtenistype_onbekend",
            f"Niet toegekend: {len(onbekend)} van de genoemde gebeurtenistypen bestaan niet.",
            rule="elk gebeurtenistype heeft een schema in schemas/",
            remedy=f"Kies uit: {', '.join(sorted(bekend))}.",
            field="gebeurtenistypen",
        )


def _eis_gemeente(code: str) -> None:
    try:
        codes.gemeente(code)
    except InvalidInput:
        raise Refused(
            "gemeente_onbekend",
            "Niet toegekend: een van de genoemde gemeenten bestaat niet.",
            rule="codelijst gemeente",
            remedy="Gebruik CBS-codes, zoals 0086.",
            field="gemeenten",
        ) from None


def eis_doel(opdracht: KenAbonnementToe) -> None:
    """There is a purpose, and for personal data a ground.

    Raises:
        Refused: ``doelbinding_ontbreekt`` or ``grondslag_ontbreekt``.
    """
    if not opdracht.doelbinding.strip():
        raise Refused(
            "doelbinding_ontbreekt",
            "Niet toegekend: er is geen doel genoemd.",
            rule="AVG art. 5 lid 1 onder b",
            remedy="Noem het doel, bijvoorbeeld uitvoering_wmo.",
            field="doelbinding",
        )
    if opdracht.profiel == VOLLEDIG and not (opdracht.grondslag or "").strip():
        raise Refused(
            "grondslag_ontbreekt",
            "Niet toegekend: het profiel volledig bevat persoonsgegevens en noemt geen grondslag.",
            rule="AVG art. 6 lid 1; Wmo 2015 art. 5.1.1 en 5.2.1",
            remedy="Noem de grondslag, of kies het profiel feiten.",
            field="grondslag",
        )


def eis_periode(van: date, tot_en_met: date | None, op: date) -> None:
    """The period has a last day after its first, and does not reach back for years.

    Raises:
        Refused: ``periode_ongeldig`` or ``terugblik_te_lang``.
    """
    if tot_en_met is not None and tot_en_met < van:
        raise Refused(
            "periode_ongeldig",
            f"Niet toegekend: de laatste dag ({tot_en_met}) ligt voor de eerste ({van}).",
            rule=_AVG,
            remedy="Laat tot_en_met weg of kies een latere dag.",
            field="tot_en_met",
        )
    if op - van > TERUGBLIK:
        raise te_lang("van", op)


def te_lang(veld: str, op: date) -> Refused:
    """The refusal of what reaches back further than :data:`TERUGBLIK`."""
    return Refused(
        "terugblik_te_lang",
        f"Geweigerd: er wordt verder terug gevraagd dan {TERUGBLIK.days} dagen voor {op}.",
        rule="AVG art. 5 lid 1 onder c: niet meer dan nodig is; een terugblik stoort ook anderen",
        remedy=f"Vraag vanaf {op - TERUGBLIK} of later; oudere zaken haalt u per casus op met hun reden.",
        field=veld,
    )


def eis_bereik(opdracht: KenAbonnementToe, gemeente: str, verbanden: Verbanden, van: date) -> date | None:
    """Of another gemeente one receives what a shared verband is about, and no longer than it is shared.

    Gives the last day as far as the verbanden tell it; ``None``: they set no end.

    Raises:
        Refused: ``gemeente_buiten_bereik``, ``thema_ontbreekt``, ``geen_lid``, ``geen_gezamenlijk_verband`` or
            ``thema_niet_in_verband``.
    """
    anderen = [code for code in opdracht.gemeenten if code != gemeente]
    if not anderen:
        return None
    if opdracht.rol in EIGEN_TAAK:
        raise _buiten(
            "gemeente_buiten_bereik",
            f"de rol {opdracht.rol} ontvangt van een andere gemeente wat die gemeente zelf toekent",
            "Vraag het abonnement ook bij die andere gemeente aan.",
            "gemeenten",
        )
    if not opdracht.themas:
        raise _buiten(
            "thema_ontbreekt",
            "van een andere gemeente is alleen te ontvangen wat een thema van een gezamenlijk verband is",
            "Noem de thema's.",
            "themas",
        )
    dagen = []
    for code in anderen:
        for thema in opdracht.themas:
            if not verbanden.delen(gemeente, code, thema, van):
                raise _geen_verband(verbanden, gemeente, code, thema, van)
            dagen.append(verbanden.laatste_dag(gemeente, code, thema, van))
    return min((dag for dag in dagen if dag is not None), default=None)


def _geen_verband(verbanden: Verbanden, gemeente: str, ander: str, thema: str, dag: date) -> Refused:
    """Why a thema is not shared: no verband at all, none with this gemeente, or none about this.

    A verband in which one gemeente acts for all (beschermd wonen) is about that task: who is in no other, does not work
    together.
    """
    remedie = "Kies een thema dat het verband deelt, of leg de samenwerking eerst vast (samenwerkingsverbanden.yaml)."
    if not any(not deelname.centrum for deelname in verbanden.van(gemeente, dag)):
        waarom = f"gemeente {gemeente} is op {dag} lid van geen verband dat over {thema} gaat"
        return _buiten("geen_lid", waarom, remedie, "gemeenten")
    samen = [deelname for deelname in verbanden.gezamenlijk(gemeente, ander, dag) if not deelname.centrum]
    if not samen:
        waarom = f"{gemeente} en {ander} delen op {dag} geen verband waarin gemeenten dit samen doen"
        return _buiten("geen_gezamenlijk_verband", waarom, remedie, "gemeenten")
    gedeeld = ", ".join(sorted({een for deelname in samen for een in deelname.themas}))
    waarom = f"{gemeente} en {ander} delen {gedeeld}, en niet {thema}"
    return _buiten("thema_niet_in_verband", waarom, remedie, "themas")


def _buiten(reden: str, waarom: str, remedie: str, veld: str) -> Refused:
    return Refused(
        reden,
        f"Niet toegekend: {waarom}.",
        rule="Wmo 2015 art. 2.6.1 en 5.1.1: delen gaat per verband, thema en periode",
        remedy=remedie,
        field=veld,
    )
