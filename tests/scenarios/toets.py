"""What is expected against what happened: each difference as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from casuslog import rekenen
from casuslog.codes import gemeente
from casuslog.recorded import RecordedEvent
from tests.scenarios import verbanden, vernietiging
from tests.scenarios.bestand import code_van, is_gemeente
from tests.scenarios.namen import (
    AANBIEDERS,
    ANDERE_SERVICE,
    BEWARING,
    GEBEURTENISSEN,
    REDENEN,
    SOORT_HULPVERLENER,
    VAN_SERVICE,
    VELDEN,
    VELDNAMEN,
    VOORZIENINGEN,
)
from tests.scenarios.spel import Spel, reden_van


@dataclass(frozen=True)
class Gebeurd:
    """An event of the run, or an answer told as one."""

    naam: str
    data: Any
    op: date
    subject: str | None
    service: str = ""
    """Which logged it."""

    def veld(self, naam: str) -> Any:
        """The value of a field; ``None`` where there is no such field."""
        return self.data.get(naam) if isinstance(self.data, Mapping) else getattr(self.data, naam, None)


def gebeurd_bij(spel: Spel, service: str) -> list[Gebeurd]:
    """What a service published in the run, in the order of its log, with answers where they were given."""
    if service == BEWARING:
        return [_gebeurd(event) for event in _bewaring(spel)]
    alle = [event for event in spel.gebeurtenissen(service) if event.envelope.stroom != BEWARING]
    verloop: list[Gebeurd] = []
    for plaats in range(len(alle) + 1):
        verloop += [
            Gebeurd(a.naam, a.data, a.op, None) for a in spel.getoond if a.service == service and a.na == plaats
        ]
        if plaats < len(alle) and alle[plaats].envelope.id not in spel.gezaaid:
            verloop.append(_gebeurd(alle[plaats]))
    return verloop


def _gebeurd(event: RecordedEvent) -> Gebeurd:
    e = event.envelope
    return Gebeurd(e.name, event.data, e.feitdatum, e.subject, e.service)


def _bewaring(spel: Spel) -> list[RecordedEvent]:
    """What was told of keeping and destroying, over all services, in the order in which one followed from another."""
    alle = [event for event in spel.gebeurtenissen() if event.envelope.stroom == BEWARING]
    # A decision is the cause under its own number, an event under its id.
    bij = {event.envelope.id: event for event in alle}
    bij |= {event["vernietiging"]: event for event in alle if event.envelope.name == "vernietiging-besloten"}

    def na(event: RecordedEvent) -> int:
        oorzaak = bij.get(event.envelope.causationid)
        return 0 if oorzaak is None or oorzaak is event else 1 + na(oorzaak)

    return sorted(alle, key=lambda event: (event.envelope.feitdatum, na(event)))


# -- events ------------------------------------------------------------------------------------------------------------


def gebeurtenissen(spel: Spel) -> Iterator[str]:
    """Per service, in order; named data must be right; an empty list means: nothing at all."""
    per_service: dict[str, list[Mapping[str, Any]]] = {}
    for service, verwacht in spel.scenario.dan["gebeurtenissen"].items():
        per_service.setdefault(service, [])
        if not verwacht and (gevonden := gebeurd_bij(spel, service)):
            yield f"{service} published {gevonden[0].naam}, expected nothing"
        for rij in verwacht:
            per_service.setdefault(ANDERE_SERVICE.get(rij["type"], service), []).append(rij)
    for service, rijen in per_service.items():
        # "stelsel" in the set is no service here: what it publishes, others own.
        if rijen:
            yield from _in_volgorde(spel, service, rijen)


def _in_volgorde(spel: Spel, service: str, rijen: list[Mapping[str, Any]]) -> Iterator[str]:
    verloop, vanaf = gebeurd_bij(spel, service), 0
    for rij in rijen:
        gevonden = _zoek(spel, verloop, vanaf, rij)
        if isinstance(gevonden, str):
            yield f"{service}: {gevonden}"
        else:
            vanaf = gevonden + 1
        if "aantal" in rij:
            aantal = sum(_is(rij["type"], een) for een in verloop)
            if aantal != rij["aantal"]:
                yield f"{service}: {aantal} x {rij['type']}, expected {rij['aantal']}"


def _zoek(spel: Spel, verloop: list[Gebeurd], vanaf: int, rij: Mapping[str, Any]) -> int | str:
    """The place of the first event that fits, or what is nearest to it."""
    naast = f"{rij['type']} is missing after {verloop[vanaf - 1].naam if vanaf else 'the start'}"
    for plaats in range(vanaf, len(verloop)):
        if not _is(rij["type"], verloop[plaats]):
            continue
        anders = list(_anders(spel, rij, verloop[plaats]))
        if not anders:
            return plaats
        naast = f"{rij['type']}: {anders[0]}"
    return naast


def _is(soort: str, gebeurd: Gebeurd) -> bool:
    naam, termijn = GEBEURTENISSEN[soort]
    if VAN_SERVICE.get(soort, gebeurd.service) != gebeurd.service:
        return False
    return gebeurd.naam == naam and termijn in (None, gebeurd.veld("soort"))


def _anders(spel: Spel, rij: Mapping[str, Any], gebeurd: Gebeurd) -> Iterator[str]:
    for sleutel, wil in rij.get("gegevens", {}).items():
        klopt, is_nu = _veld(spel, rij["type"], sleutel, wil, gebeurd)
        if not klopt:
            yield f"{sleutel} is {is_nu}, expected {wil}"


def _veld(spel: Spel, soort: str, sleutel: str, wil: Any, gebeurd: Gebeurd) -> tuple[bool, Any]:
    """Whether a key of the set holds for our event, and what stands there."""
    match sleutel:
        case "zaak":
            return _zaak(spel, wil, gebeurd)
        case "op" if gebeurd.veld("op") is None and (soort, sleutel) not in VELDEN:
            return gebeurd.op.isoformat() == wil, gebeurd.op
        case "persoonsgegevens":
            return _zonder_persoonsgegevens(spel, gebeurd) == (wil == "geen"), gebeurd.naam
        case "op_tijd":
            return _op_tijd(spel, gebeurd) == wil, not wil
        case "aan" | "thema" if soort.startswith("Abonnement"):
            nu = verbanden.veld(spel, sleutel, gebeurd.subject)
            return nu == wil, nu
        case "per" if soort == "AbonnementBeeindigd":
            # The set names the last day, the event the first day without.
            laatste = gebeurd.veld("per") - timedelta(days=1)
            return laatste.isoformat() == wil, laatste
        case "blijft_over":
            nu = vernietiging.blijft_over(spel, gebeurd.subject)
            return nu == wil, nu
        case "variant":
            budget = spel.antwoorden[f"variant_{wil}"]["totaal_cent"]
            return gebeurd.veld("totaal_cent") == budget, gebeurd.veld("totaal_cent")
        case "omvang" if soort == "BesluitGenomen":
            minuten = [regel.minuten_per_week for regel in gebeurd.veld("regels")]
            return minuten == [rekenen.minuten(wil)], minuten
        case "eenheid":
            # Ours is recorded in minutes per week; iWmo's code for a frequency per week is 2.
            frequenties = {regel.frequentie for regel in gebeurd.veld("regels")}
            return (wil, frequenties) == ("uur_per_week", {"2"}), frequenties
        case "arrangement":
            delen = [{"gebied": d.gebied, "intensiteit": d.intensiteit} for d in gebeurd.veld("arrangement")]
            return delen == wil, delen
    nu = gebeurd.veld(VELDEN.get((soort, sleutel), sleutel))
    return _gelijk(spel, nu, wil), nu


def _zaak(spel: Spel, letter: str, gebeurd: Gebeurd) -> tuple[bool, Any]:
    """The casus of an event; of a calamiteit it stands inside, never in the envelope."""
    subject = gebeurd.veld("casus") if gebeurd.naam == "calamiteit-gemeld" else gebeurd.subject
    letters = [naam for naam, casus in spel.casussen.items() if casus == subject]
    return letters == [letter], letters


def _zonder_persoonsgegevens(spel: Spel, gebeurd: Gebeurd) -> bool:
    wire = next(e.envelope for e in spel.gebeurtenissen() if e.envelope.name == gebeurd.naam).type
    privacy = spel.platform.host.platform.registry.current(wire).privacy
    return "persoonsgegeven" not in privacy.values()


def _op_tijd(spel: Spel, gebeurd: Gebeurd) -> bool:
    namen = {
        e.naam: e.veld("soort")
        for e in gebeurd_bij(spel, "beschikking")
        if e.subject == gebeurd.subject and e.veld("soort") == "besluit"
    }
    return "termijn-gehaald" in namen and "termijn-overschreden" not in namen


def _gelijk(spel: Spel, nu: Any, wil: Any) -> bool:
    if isinstance(nu, date):
        return nu.isoformat() == wil
    if isinstance(nu, tuple | list):
        gewild = [wil] if isinstance(wil, str) else list(wil)
        return sorted(nu) == sorted(VELDNAMEN.get(een, een) for een in gewild)
    if isinstance(nu, int) and isinstance(wil, str):
        return nu == rekenen.cent(wil)
    return nu == wil or (isinstance(nu, str) and isinstance(wil, str) and nu in ook_bekend_als(spel, wil))


def ook_bekend_als(spel: Spel, naam: str) -> set[str]:
    """What a name of the set is in ours: a gemeente, a team, an aanbieder, a voorziening, a kring."""
    namen = {SOORT_HULPVERLENER.get(naam, naam), VOORZIENINGEN.get(naam, naam), AANBIEDERS.get(naam, naam)}
    if is_gemeente(naam):
        namen.add(code_van(naam))
    if naam in {regel["waarde"].get("persoon") for regel in spel.beleid("toezichthouder")}:
        namen.add(naam.lower())
    genoemd = naam.removeprefix("team_")
    eigen = naam == "wijkteam" or (naam.startswith("team_") and is_gemeente(genoemd))
    if eigen:
        namen |= teams(code_van(genoemd) if is_gemeente(genoemd) else spel.gemeente, spel)
    return namen


def teams(code: str, spel: Spel) -> set[str]:
    """The names under which the team of a gemeente stands in its inrichting."""
    dag = max(stap.dag for stap in spel.scenario.stappen if stap.dag)
    beleid = spel.beleid_op(code, dag)
    triage = beleid["melding"]["triage"] or {}
    return {beleid["kop"]["team"]["id"], beleid["kop"]["team"]["naam"], triage.get("doorgeven_aan") or ""} - {""}


# -- refusals ----------------------------------------------------------------------------------------------------------


def weigeringen(spel: Spel) -> Iterator[str]:
    """Each refusal in its step with its reason, a rule and a remedy; nothing else was refused."""
    verwacht = {rij["stap"]: rij["reden"] for rij in spel.scenario.dan["weigeringen"]}
    for stap, reden in verwacht.items():
        fout = spel.weigeringen.get(stap)
        if fout is None:
            yield f"step {stap} was not refused, expected {reden}"
        elif reden_van(fout) != REDENEN.get(reden, reden):
            yield f"step {stap} was refused for {reden_van(fout)}, expected {reden}: {fout.detail}"
        elif not _uitgelegd(fout.problem() if not hasattr(fout, "body") else fout.body):
            yield f"step {stap}: the refusal names no rule or no remedy"
    for stap, fout in spel.weigeringen.items():
        if stap not in verwacht:
            velden = fout.members.get("velden") or ""
            yield f"step {stap} was refused: {reden_van(fout)}: {fout.detail} {velden}".strip()


def _uitgelegd(probleem: Mapping[str, Any]) -> bool:
    return bool(probleem.get("grondslag") and probleem.get("wat_zou_mogen"))


def naam_van(code: str) -> str:
    """The name of a gemeente by its code."""
    return gemeente(code).naam
