"""Who may decide: mandate, four eyes. It names the power that was used, or says who has it."""

from __future__ import annotations

from collections.abc import Mapping

from casuslog.envelope import Actor
from casuslog.errors import Forbidden, Refused
from services.beschikking.inrichting import ALLE, BeschikkingInrichting, Bevoegdheid, Rol
from services.beschikking.opdrachten import NeemBesluit
from services.beschikking.voorkennis import Voorkennis

COLLEGE = Rol("college", "eigen", "volledig")
"""The college always has its own power (Wmo 2015 art. 1.2.1 and 2.3.5)."""


def gebruikte_bevoegdheid(
    opdracht: NeemBesluit,
    thema: str | None,
    voorzieningen: frozenset[str],
    inrichting: BeschikkingInrichting,
    voorkennis: Voorkennis,
) -> Mapping[str, str]:
    """The envelope attributes ``titel`` and ``orgaan`` of the power under which is decided.

    Raises:
        Forbidden: ``niet_bevoegd_te_besluiten`` or ``vier_ogen_vereist``.
    """
    bevoegdheid = inrichting.bevoegdheid(thema) if thema else None
    if bevoegdheid is None or bevoegdheid.gemeente != inrichting.gemeente:
        raise _elders(opdracht.door, thema, bevoegdheid, inrichting, voorkennis)
    rol = _rol(opdracht.door, bevoegdheid)
    if rol is None or not _reikt_tot(rol, voorzieningen):
        raise _geen_mandaat(opdracht.door, thema, bevoegdheid, inrichting)
    if rol.omvang == "voorlopig":
        raise _slechts_voorlopig(opdracht.door, rol, inrichting)
    _eis_vier_ogen(opdracht, inrichting)
    return {"titel": rol.titel, "orgaan": bevoegdheid.orgaan}


def _rol(door: Actor, bevoegdheid: Bevoegdheid) -> Rol | None:
    if _van_andere_gemeente(door, bevoegdheid.gemeente):
        return None
    return next((r for r in (*bevoegdheid.rollen, COLLEGE) if r.rol == door.rol), None)


def _van_andere_gemeente(door: Actor, gemeente: str) -> bool:
    organisatie = door.organisatie or ""
    return len(organisatie) == 4 and organisatie.isdigit() and organisatie != gemeente


def _reikt_tot(rol: Rol, voorzieningen: frozenset[str]) -> bool:
    return (
        ALLE in rol.voorzieningen or rol.omvang != "specifieke_voorzieningen" or voorzieningen <= {*rol.voorzieningen}
    )


def _eis_vier_ogen(opdracht: NeemBesluit, inrichting: BeschikkingInrichting) -> None:
    if not inrichting.vierogen or (opdracht.schrijver and opdracht.schrijver != opdracht.door.id):
        return
    raise Refused(
        "vier_ogen_vereist",
        f"Besluit geweigerd: in {inrichting.naam} is wie de beschikking schrijft een ander dan wie besluit "
        f"({inrichting.versie_in_woorden}).",
        rule=f"{inrichting.versie_in_woorden}: vierogen",
        remedy="Noem de schrijver en laat een ander dan deze besluiten.",
        field="schrijver",
    )


# -- refusals ----------------------------------------------------------------------------------------------------------


def _wie(door: Actor, inrichting: BeschikkingInrichting) -> str:
    naam = inrichting.team if door.rol == "wijkteam" else door.rol.replace("_", " ")
    return f"{naam} {inrichting.naam}"


def _waarover(thema: str | None) -> str:
    return (thema or "dit thema").replace("_", " ")


def _elders(
    door: Actor,
    thema: str | None,
    bevoegdheid: Bevoegdheid | None,
    inrichting: BeschikkingInrichting,
    voorkennis: Voorkennis,
) -> Refused:
    besluit_in = bevoegdheid.gemeentenaam if bevoegdheid else None
    ontbreekt = ", ".join(v.replace("_", " ") for v in voorkennis.indicatie_ontbreekt)
    if besluit_in is None:
        remedie = "Vul in de inrichting aan wie op dit thema besluit."
    else:
        remedie = f"Dien de indicatie in bij {besluit_in}." + (f" Er ontbreekt nog: {ontbreekt}." if ontbreekt else "")
    besluiter = f"beschikkingen {_waarover(thema)} geeft {besluit_in} af" if besluit_in else "geen besluiter bekend"
    return Forbidden(
        "niet_bevoegd_te_besluiten",
        f"Besluit geweigerd: {_wie(door, inrichting)} heeft geen mandaat voor {_waarover(thema)} "
        f"({inrichting.versie_in_woorden}).",
        rule=f"{besluiter} ({inrichting.versie_in_woorden})",
        remedy=remedie,
    )


def _geen_mandaat(
    door: Actor, thema: str | None, bevoegdheid: Bevoegdheid, inrichting: BeschikkingInrichting
) -> Refused:
    rollen = ", ".join(dict.fromkeys(r.rol.replace("_", " ") for r in (*bevoegdheid.rollen, COLLEGE)))
    return Forbidden(
        "niet_bevoegd_te_besluiten",
        f"Besluit geweigerd: {_wie(door, inrichting)} heeft geen mandaat voor {_waarover(thema)} "
        f"({inrichting.versie_in_woorden}).",
        rule=f"{inrichting.versie_in_woorden}: bevoegdheid; Wmo 2015 art. 2.3.5",
        remedy=f"Laat besluiten door: {rollen} van {bevoegdheid.gemeentenaam}.",
    )


def _slechts_voorlopig(door: Actor, rol: Rol, inrichting: BeschikkingInrichting) -> Refused:
    definitief = (rol.definitief_door or "college").replace("_", " ")
    return Forbidden(
        "niet_bevoegd_te_besluiten",
        f"Besluit geweigerd: {_wie(door, inrichting)} besluit alleen voorlopig ({inrichting.versie_in_woorden}).",
        rule=f"{inrichting.versie_in_woorden}: bevoegdheid",
        remedy=f"Laat het besluit nemen door: {definitief}.",
    )
