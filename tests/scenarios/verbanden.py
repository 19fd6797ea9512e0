"""The samenwerkingsverbanden of a scenario, in the place of those that are deployed; and who subscribes under them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.identifiers import new_id
from casuslog.recorded import RecordedEvent
from casuslog.rights import BetrokkenheidVastgelegd
from services.melding.gebeurtenissen import MeldingGeregistreerd
from tests.scenarios.bestand import Stap, code_van, is_gemeente
from tests.scenarios.spel import Spel, reden_van

DEPLOY = Path(__file__).parents[2] / "deploy" / "inrichtingen" / "samenwerkingsverbanden.yaml"
OVER = "2015-01-01"
"""Last day of the verbanden that are deployed: where a scenario brings its own, those are what there is."""


def leden(waarde: Mapping[str, Any]) -> dict[str, str]:
    """The members that a scenario names, by code; ``alle_zestien`` are those of the region of the source."""
    if waarde["leden"] == ["alle_zestien"]:
        regio = yaml.safe_load(DEPLOY.read_text(encoding="utf-8"))["verbanden"][0]
        return dict(regio["leden"])
    return {code_van(naam): naam for naam in waarde["leden"] if is_gemeente(naam)}


def bestand(regels: list[Mapping[str, Any]], bron: str) -> dict[str, Any]:
    """What the file with samenwerkingsverbanden holds under a scenario; without lines of its own what is deployed."""
    inhoud: dict[str, Any] = yaml.safe_load(DEPLOY.read_text(encoding="utf-8"))
    if not regels:
        return inhoud
    for verband in inhoud["verbanden"]:
        verband |= {"geldig_vanaf": OVER, "geldig_tot": OVER}
    inhoud["bronnen"]["scenario"] = "tests/data/scenarios.yaml"
    inhoud["verbanden"] += [_verband(regel, bron) for regel in regels]
    return inhoud


def _verband(regel: Mapping[str, Any], bron: str) -> dict[str, Any]:
    naam, waarde = regel["gemeente"].removeprefix("verband "), regel["waarde"]
    wie = waarde.get("centrumgemeente")
    return {
        "id": f"scenario_{naam.lower()}",
        "naam": naam,
        "eigenaar": next(iter(leden(waarde))),
        "geldig_vanaf": regel["geldig_vanaf"],
        "geldig_tot": regel.get("geldig_tot"),
        "leden": leden(waarde),
        "themas": waarde["themas"],
        "rollen": {"centrumgemeente": {"waarde": code_van(wie), "bron": bron}} if wie else {},
        "bron": [bron],
    }


# -- S62: who subscribes to what of whom -------------------------------------------------------------------------------


def abonneer(spel: Spel, stap: Stap) -> None:
    """``<gemeente> abonneert zich op <thema> van <gemeente>``: the gemeente grants itself a subscription."""
    gevonden = re.fullmatch(r"(.+) abonneert zich op (.+) van (.+)", stap.doet)
    assert gevonden, stap.doet
    wie, thema, van = gevonden.groups()
    code = code_van(wie)
    anderen = [code_van(van)] if is_gemeente(van) else _alle(spel)
    spel.doe(
        "abonnement",
        "ken-abonnement-toe",
        Caller("beheerder", code, f"beheerder-{code}", (code,)),
        gemeente=code,
        eigen=f"abonnement {wie} {thema}",
        houdersoort="oin",
        houder=oin_of(code),
        rol=stap.rol,
        gemeenten=anderen,
        themas=[thema.replace(" ", "_")],
        doelbinding="samenwerking",
    )
    if len(anderen) == 1:
        _gebeurtenis(spel, anderen[0], code, thema, stap.dag)


def lever_na_einde(spel: Spel, stap: Stap) -> None:
    """A new event on the day after the verband ended, and the attempt to deliver once more what there is."""
    wie, van, thema = "De Fryske Marren", "Littenseradiel", "inkoop"
    code = code_van(wie)
    spel.platform.settle()
    _gebeurtenis(spel, code_van(van), code, thema, stap.dag)
    abonnement = spel.eigen_onderwerpen[f"abonnement {wie} {thema}"]
    spel.platform.settle()
    houder = Caller(spel.scenario.stap(1).rol, code, f"partner-{code}", (code,))
    feed = spel.platform.api.get("abonnement", f"/abonnementen/{abonnement}/gebeurtenissen", houder)
    spel.kennis["voor_en_na"] = [
        sum(spel.kennis["gelogd"].get(een.get("id"), date.min) >= stap.dag for een in feed["gebeurtenissen"]),
        feed["laatste"],
    ]
    beheerder = Caller("beheerder", code, f"beheerder-{code}", (code,))
    spel.platform.command("abonnement", "herhaal-levering", beheerder, gemeente=code, abonnement=abonnement)


def _alle(spel: Spel) -> list[str]:
    regel = next(regel for regel in spel.beleid("leden") if regel["waarde"]["leden"] == ["alle_zestien"])
    return sorted(leden(regel["waarde"]))


def _gebeurtenis(spel: Spel, eigenaar: str, partner: str, thema: str, dag: date | None) -> None:
    """Something happens under this thema in a casus in which the partner is involved: only the sharing decides."""
    gemeld = MeldingGeregistreerd(
        vorm="vormvrij",
        kanaal="onbekend",
        velden=("naam",),
        melder="inwoner",
        betrokkene="inwoner",
        ontvangen_door="wijkteam",
        woongemeente=eigenaar,
        thema=thema,
        naam="Testpersoon",
    )
    betrokken = BetrokkenheidVastgelegd(organisatie=partner, als="uitvoerende_gemeente", vanaf=dag)
    stored = spel.platform.seed("melding", eigenaar, new_id(), [gemeld, betrokken], on=dag, thema=thema)
    spel.kennis.setdefault("gelogd", {}).update({one.envelope.id: dag for one in stored})


def toegekend_in(spel: Spel) -> Iterator[int]:
    """The steps in which a subscription was granted."""
    for stap in spel.scenario.stappen:
        gevonden = re.fullmatch(r"(.+) abonneert zich op (.+) van .+", stap.doet)
        if gevonden and f"abonnement {gevonden[1]} {gevonden[2]}" in spel.eigen_onderwerpen:
            yield stap.nummer


def veld(spel: Spel, sleutel: str, subject: str | None) -> Any:
    """What a key of the set says of a subscription: of its terms, also where the event is its end."""
    events = [event for event in spel.log("abonnement") if event.envelope.subject == subject]
    terms = next(event.data for event in events if event.envelope.name == "abonnement-toegekend")
    if sleutel == "aan":
        return next(een for een in spel.scenario.gemeenten if oin_of(code_van(een)) == terms.houder.nummer)
    return terms.themas[0]


# -- S62: who is informed ----------------------------------------------------------------------------------------------


def besluit_op_abonnement(spel: Spel) -> Iterator[str]:
    """Each partner hears the decision on its subscription, a refusal with its reason; and that is recorded."""
    gegeven, geweigerd = set(toegekend_in(spel)), set(spel.weigeringen)
    for stap in spel.scenario.stappen:
        if "abonneert zich" in stap.doet and (stap.nummer in gegeven) == (stap.nummer in geweigerd):
            yield f"step {stap.nummer} has no answer, or two"
    redenen = sorted(event["reden"] for event in _van_deze_run(spel, "abonnement-geweigerd"))
    verwacht = sorted(reden_van(fout) for fout in spel.weigeringen.values())
    if redenen != verwacht:
        yield f"recorded refusals {redenen}, answered {verwacht}"


def buiten_het_verband(spel: Spel) -> Iterator[str]:
    """No partner received an event of another thema than the one that it shares."""
    for event in _van_deze_run(spel, "abonnement-toegekend"):
        terms, code = event.data, event.envelope.gemeente
        houder = Caller(terms.rol, code, f"houder-{code}", (code,))
        pad = f"/abonnementen/{event.envelope.subject}/gebeurtenissen"
        for een in spel.platform.api.get("abonnement", pad, houder)["gebeurtenissen"]:
            if "id" in een and een["id"] not in spel.kennis["gelogd"]:
                yield f"{code} received {een['type']}"
            if een.get("thema", terms.themas[0]) not in terms.themas:
                yield f"{code} received something about {een['thema']}"


def _van_deze_run(spel: Spel, naam: str) -> list[RecordedEvent]:
    codes = {*spel.scenario.codes}
    dagen = [stap.dag for stap in spel.scenario.stappen if stap.dag]
    return [
        event
        for event in spel.log("abonnement")
        if event.envelope.name == naam
        and event.envelope.gemeente in codes
        and min(dagen) <= event.envelope.feitdatum <= max(dagen)
    ]
