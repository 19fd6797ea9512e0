"""S67: who reads what of a casus through the API, and what the processing records say of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from casuslog.caller import Caller
from tests.scenarios.bestand import Stap
from tests.scenarios.namen import AANBIEDERS
from tests.scenarios.spel import Antwoord, Spel

KCC_VELDEN: Mapping[str, str] = {
    "casus": "zaak_bestaat",
    "status": "status",
    "eigenaar": "eigenaar",
    "team": "contactpersoon",
}
"""What of the answer is which field of the set: a team is who one is put through to, never a person by name."""
VERSLAG, OPDRACHT = "verslag-opgesteld", "opdracht-verstrekt"


def kcc_zoekt(spel: Spel, stap: Stap) -> None:
    told = spel.platform.status(spel.casus("A"), spel.wie("kcc"))
    spel.kennis["kcc"] = [naam for sleutel, naam in KCC_VELDEN.items() if told[sleutel]]
    spel.kennis["kcc_eigenaar"] = told["eigenaar"]


def kcc_vraagt_verslag(spel: Spel, stap: Stap) -> None:
    _vraag(spel, "A", VERSLAG, spel.wie("kcc"))


def x_vraagt_opdracht(spel: Spel, stap: Stap) -> None:
    gelezen = spel.platform.timeline(spel.casus("A"), spel.aanbieder("X"))
    spel.kennis["van_x"] = [een["data"]["aanbieder"] for een in gelezen if een["gebeurtenis"] == "OpdrachtVerstrekt"]
    spel.kennis["alles_van_x"] = gelezen


def x_vraagt_andere(spel: Spel, stap: Stap) -> None:
    _vraag(spel, "A", OPDRACHT, spel.aanbieder("X"), van=AANBIEDERS["Y"])


def x_vraagt_client(spel: Spel, stap: Stap) -> None:
    _vraag(spel, "B", OPDRACHT, spel.aanbieder("X"))


def team_opent(spel: Spel, stap: Stap) -> None:
    gelezen = spel.platform.timeline(spel.casus("A"), spel.wie("wijkteam"))
    alles = {event.envelope.id for event in spel.gebeurtenissen(zaak="A")}
    spel.kennis["team"] = ["hele_zaak"] if {een["id"] for een in gelezen} == alles else ["een_deel"]
    _vertel(spel, stap)


def _vraag(spel: Spel, zaak: str, naam: str, wie: Caller, van: str | None = None) -> None:
    """One event with its content."""
    event = next(
        een
        for een in spel.gebeurtenissen(zaak=zaak)
        if een.envelope.name == naam and van in (None, getattr(een.data, "aanbieder", None))
    )
    spel.platform.api.get("historie", f"/casussen/{spel.casus(zaak)}/gebeurtenissen/{event.envelope.id}", wie)


def _vertel(spel: Spel, stap: Stap) -> None:
    """The processing records of both cases, told as the events of the set: granted first, as the set has them."""
    assert stap.dag is not None
    fg = Caller("functionaris_gegevensbescherming", spel.gemeente, "fg-1", (spel.gemeente,), "toezicht_avg")
    gevonden: list[dict[str, Any]] = []
    for zaak in ("A", "B"):
        pad = f"/verwerkingen/{spel.gemeente}/{spel.casus(zaak)}"
        rijen = spel.platform.api.get("historie", pad, fg)["verwerkingen"]
        gevonden += [{"zaak": zaak, **_rij(rij)} for rij in rijen if _rij(rij)["rol"] != fg.rol]
    spel.kennis["verwerkingen"] = gevonden
    for rij in sorted(gevonden, key=lambda een: een["status"] != "OK"):
        verleend = rij["status"] == "OK"
        data = {"velden": _velden(spel, rij["rol"])} if verleend else {"soort": _soort(rij)}
        aan = "X" if rij["organisatie"] == AANBIEDERS["X"] else rij["rol"]
        naam = "toegang-verleend" if verleend else "toegang-geweigerd"
        spel.getoond.append(Antwoord("historie", naam, {"aan": aan, **data}, stap.dag, 0))


def _rij(rij: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that are looked at, wherever they stand in a span."""
    plat = {**rij, **rij.get("attributes", {}), **rij.get("resource", {})}
    kort = {sleutel.rpartition(".")[2]: waarde for sleutel, waarde in plat.items()}
    return {naam: kort[naam] for naam in ("rol", "organisatie")} | {"status": _status(rij), "wat": rij["name"]}


def _status(rij: Mapping[str, Any]) -> str:
    given = rij.get("status", rij.get("status_code"))
    return str(given["code"] if isinstance(given, Mapping) else given).rpartition("_")[2]


def _velden(spel: Spel, rol: str) -> list[str]:
    if rol == "kcc":
        return list(spel.kennis["kcc"])
    return list(spel.kennis["team"]) if rol == "wijkteam" else _van_x(spel)


def _van_x(spel: Spel) -> list[str]:
    return ["eigen_opdrachten"] if set(spel.kennis["van_x"]) == {AANBIEDERS["X"]} else ["andere_opdrachten"]


def _soort(rij: Mapping[str, Any]) -> str:
    if rij["rol"] == "kcc":
        return "verslag"
    return "opdracht_andere_aanbieder" if rij["zaak"] == "A" else "andere_client"


# -- who is informed ---------------------------------------------------------------------------------------------------


def kcc_weet_wie(spel: Spel) -> Iterator[str]:
    """The kcc can say who has the casus."""
    if spel.kennis["kcc_eigenaar"] != spel.gemeente:
        yield f"the kcc was told {spel.kennis['kcc_eigenaar']}"


def geweigerd_is_terug_te_zien(spel: Spel) -> Iterator[str]:
    """Each refused step stands in the records."""
    geweigerd = sum(een["status"] != "OK" for een in spel.kennis["verwerkingen"])
    if geweigerd != len(spel.weigeringen):
        yield f"{geweigerd} refused readings recorded, {len(spel.weigeringen)} were refused"


def x_ziet_geen_ander(spel: Spel) -> Iterator[str]:
    """Nothing that X read names another aanbieder."""
    if AANBIEDERS["Y"] in str(spel.kennis["alles_van_x"]):
        yield "X read the name of Y"
