"""The inrichting of a gemeente and the samenwerkingsverbanden it takes part in: facts, state and what may change them.

An inrichting is established version by version. What was established stays: acts were done under it. A change is a new
version from a later day, and that version itself says what it means for a casus that runs.

Streams: ``inrichting`` (owner: the gemeente, id :func:`inrichting_id`) and ``samenwerkingsverband`` (owner: the
gemeente that keeps it, id :func:`verband_id`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

from casuslog.errors import Refused
from casuslog.events import DomainEvent, Fact, Part, event_type, feit, part

INRICHTING = "inrichting"
SAMENWERKINGSVERBAND = "samenwerkingsverband"

_GROND = "Wmo 2015 art. 2.1.3 (verordening)"


def inrichting_id(sleutel: str) -> str:
    """Subject of the stream of an inrichting: always the same for the same sleutel."""
    return str(uuid5(NAMESPACE_URL, f"urn:casuslog:inrichting:{sleutel}"))


def verband_id(verband: str) -> str:
    """Subject of the stream of a samenwerkingsverband."""
    return str(uuid5(NAMESPACE_URL, f"urn:casuslog:samenwerkingsverband:{verband}"))


# --- events ---


@event_type("inrichting-vastgesteld", service="inrichting", rule=_GROND)
class InrichtingVastgesteld(DomainEvent):
    """Een versie van de inrichting van een gemeente is vastgesteld."""

    gemeente: Annotated[str, feit("de gemeente die zo werkt", codes="gemeente")]
    sleutel: Annotated[str, feit("sleutel van de inrichting; met de versie het kenmerk in een envelop")]
    versie: Annotated[int, feit("nummer van de versie, vanaf 1")]
    geldig_vanaf: Annotated[date, feit("dag waarop de versie ingaat")]
    lopende_casussen: Annotated[str, feit("wat de versie betekent voor casussen die al lopen", codes="overgang")]
    beleid: Annotated[str, feit("het genormaliseerde beleid als JSON (docs/inrichting.md)")]
    digest: Annotated[str, feit("SHA-256 van het beleid zonder de verbanden, hexadecimaal")]


@part
class Verbandrol(Part):
    """Wie in een verband een taak heeft."""

    rol: Annotated[str, feit("de taak: besluit, backoffice, indicatie, betaling_uitvoeringskosten, ...")]
    wie: Annotated[str, feit("gemeentecode, sleutel of groep die de taak heeft")]


@event_type(
    "samenwerkingsverband-vastgesteld",
    service="inrichting",
    rule="Wmo 2015 art. 2.6.1",
    stream=SAMENWERKINGSVERBAND,
)
class SamenwerkingsverbandVastgesteld(DomainEvent):
    """Leden, thema's en rollen van een samenwerkingsverband zijn vastgesteld; het geeft geen recht op een casus."""

    verband: Annotated[str, feit("sleutel van het verband")]
    naam: Annotated[str, feit("naam van het verband")]
    leden: Annotated[tuple[str, ...], feit("gemeenten die lid zijn", codes="gemeente")] = ()
    overige_leden: Annotated[
        tuple[str, ...], feit("leden die geen gemeente zijn, of waarvan de code niet vaststaat")
    ] = ()
    themas: Annotated[tuple[str, ...], feit("waarover het verband gaat")] = ()
    rollen: Annotated[tuple[Verbandrol, ...], feit("wie welke taak heeft")] = ()
    geldig_vanaf: Annotated[date, feit("dag waarop dit ingaat")]
    geldig_tot: Annotated[date | None, feit("laatste dag, als die bekend is")] = None


@event_type("lid-uitgetreden", service="inrichting", rule="Wmo 2015 art. 2.6.1", stream=SAMENWERKINGSVERBAND)
class LidUitgetreden(DomainEvent):
    """Een gemeente is uit een samenwerkingsverband getreden; vanaf die dag stopt wat zij als lid ontving."""

    verband: Annotated[str, feit("sleutel van het verband")]
    gemeente: Annotated[str, feit("de gemeente die uittrad", codes="gemeente")]
    per: Annotated[date, feit("eerste dag waarop zij geen lid meer is")]


# --- state ---


@dataclass(frozen=True, slots=True)
class Versie:
    """A version that was established."""

    nummer: int
    geldig_vanaf: date
    lopende_casussen: str
    beleid: str
    digest: str


@dataclass(frozen=True, slots=True)
class Inrichting:
    """The versions of one inrichting, in the order in which they take effect."""

    gemeente: str = ""
    sleutel: str = ""
    versies: tuple[Versie, ...] = ()


@dataclass(frozen=True, slots=True)
class Lidmaatschap:
    """A gemeente in a verband: from a day on, until (not including) another."""

    gemeente: str
    vanaf: date
    tot: date | None = None


@dataclass(frozen=True, slots=True)
class Samenwerkingsverband:
    """A verband as it was last established, with everybody who is or was a member."""

    verband: str = ""
    vastgesteld: SamenwerkingsverbandVastgesteld | None = None
    leden: tuple[Lidmaatschap, ...] = ()


def evolve(state: Inrichting, fact: Fact) -> Inrichting:
    """The inrichting after one more fact."""
    match fact.data:
        case InrichtingVastgesteld() as e:
            versie = Versie(e.versie, e.geldig_vanaf, e.lopende_casussen, e.beleid, e.digest)
            return Inrichting(e.gemeente, e.sleutel, (*state.versies, versie))
    return state


def evolve_verband(state: Samenwerkingsverband, fact: Fact) -> Samenwerkingsverband:
    """The verband after one more fact."""
    match fact.data:
        case SamenwerkingsverbandVastgesteld() as e:
            return Samenwerkingsverband(e.verband, e, _leden_na(state.leden, e))
        case LidUitgetreden() as e:
            return replace(
                state, leden=tuple(_tot(lid, e.per) if lid.gemeente == e.gemeente else lid for lid in state.leden)
            )
    return state


def _leden_na(leden: tuple[Lidmaatschap, ...], e: SamenwerkingsverbandVastgesteld) -> tuple[Lidmaatschap, ...]:
    """Who stays keeps the day of joining; who is no longer named leaves and who is new joins, on the day it starts."""
    einde = e.geldig_tot + timedelta(days=1) if e.geldig_tot else None
    gebleven = {lid.gemeente for lid in leden if _blijft(lid, e)}
    oud = tuple(replace(lid, tot=einde) if _blijft(lid, e) else _tot(lid, e.geldig_vanaf) for lid in leden)
    nieuw = (Lidmaatschap(gemeente, e.geldig_vanaf, einde) for gemeente in e.leden if gemeente not in gebleven)
    return (*oud, *nieuw)


def _blijft(lid: Lidmaatschap, e: SamenwerkingsverbandVastgesteld) -> bool:
    return _loopt(lid, e.geldig_vanaf) and lid.gemeente in e.leden


def _loopt(lid: Lidmaatschap, dag: date) -> bool:
    return lid.vanaf <= dag and (lid.tot is None or dag < lid.tot)


def _tot(lid: Lidmaatschap, dag: date) -> Lidmaatschap:
    """The membership ended on a day, or earlier where it had already ended."""
    return lid if lid.tot is not None and lid.tot <= dag else replace(lid, tot=dag)


# --- decide ---


def stel_inrichting_vast(state: Inrichting, beleid: Mapping[str, Any], op: date) -> list[Fact]:
    """Establish a compiled version; establishing the same again yields nothing.

    Args:
        beleid: what ``compile_beleid`` made of a file (docs/inrichting.md).
        op: the day of establishing.

    Raises:
        Refused: ``andere_inrichting``, ``inrichting_al_vastgesteld`` or ``inrichtingversie_sluit_niet_aan``.
    """
    kop = beleid["kop"]
    if state.sleutel and (state.gemeente, state.sleutel) != (kop["gemeente"], kop["sleutel"]):
        raise _geweigerd(
            "andere_inrichting",
            f"Dit is de inrichting {state.sleutel} van {state.gemeente}, niet {kop['sleutel']} van {kop['gemeente']}.",
            "stel de inrichting vast onder haar eigen sleutel en gemeentecode",
        )
    geldig_vanaf, digest = date.fromisoformat(kop["geldig_vanaf"]), digest_van(beleid)
    if any((v.geldig_vanaf, v.digest) == (geldig_vanaf, digest) for v in state.versies):
        return []
    _check_volgorde(state, kop, geldig_vanaf)
    vastgesteld = InrichtingVastgesteld(
        gemeente=kop["gemeente"],
        sleutel=kop["sleutel"],
        versie=kop["versie"],
        geldig_vanaf=geldig_vanaf,
        lopende_casussen=beleid["overgang"]["lopende_casussen"],
        beleid=als_json(beleid),
        digest=digest,
    )
    return [Fact(vastgesteld, op, attributes={"inrichtingversie": kop["inrichtingversie"]})]


def _check_volgorde(state: Inrichting, kop: Mapping[str, Any], geldig_vanaf: date) -> None:
    laatste = state.versies[-1] if state.versies else None
    if laatste and geldig_vanaf <= laatste.geldig_vanaf:
        raise _geweigerd(
            "inrichting_al_vastgesteld",
            f"Inrichting {state.sleutel}: vanaf {laatste.geldig_vanaf} geldt al versie {laatste.nummer}; "
            f"die van {geldig_vanaf} heeft een andere inhoud.",
            f"laat eerdere versies zoals ze zijn en voeg een versie toe met geldig_vanaf na {laatste.geldig_vanaf}",
        )
    volgende = len(state.versies) + 1
    if kop["versie"] != volgende:
        raise _geweigerd(
            "inrichtingversie_sluit_niet_aan",
            f"Inrichting {kop['sleutel']}: dit is versie {kop['versie']}, maar versie {volgende} is aan de beurt.",
            "laat alle eerdere versies in het bestand staan en zet de nieuwe achteraan",
        )


def stel_verband_vast(
    state: Samenwerkingsverband, vastgesteld: SamenwerkingsverbandVastgesteld, op: date
) -> list[Fact]:
    """Establish members, themas and roles of a verband; the same again yields nothing.

    Raises:
        Refused: ``verband_al_vastgesteld``: something else was established from that day or a later one.
    """
    eerder = state.vastgesteld
    if eerder == vastgesteld:
        return []
    if eerder and vastgesteld.geldig_vanaf <= eerder.geldig_vanaf:
        raise _geweigerd(
            "verband_al_vastgesteld",
            f"Verband {eerder.verband} is al vastgesteld vanaf {eerder.geldig_vanaf}, met een andere inhoud.",
            f"geef de wijziging een geldig_vanaf na {eerder.geldig_vanaf}",
        )
    return [Fact(vastgesteld, op)]


def registreer_uittreding(state: Samenwerkingsverband, gemeente: str, per: date, op: date) -> list[Fact]:
    """A gemeente leaves the verband; leaving again yields nothing.

    Raises:
        Refused: ``geen_lid``: it was never a member.
    """
    lidmaatschappen = [lid for lid in state.leden if lid.gemeente == gemeente]
    if not lidmaatschappen:
        raise _geweigerd(
            "geen_lid",
            f"Gemeente {gemeente} is geen lid van verband {state.verband or 'dat nog niet is vastgesteld'}.",
            "kies een gemeente die lid is",
        )
    tot = lidmaatschappen[-1].tot
    if tot is not None and tot <= per:
        return []
    return [Fact(LidUitgetreden(verband=state.verband, gemeente=gemeente, per=per), op)]


def _geweigerd(reden: str, detail: str, remedie: str) -> Refused:
    return Refused(reden, detail, rule=_GROND, remedy=remedie)


# --- reading ---


def policy_on(state: Inrichting, dag: date, *, melding: date | None = None) -> Versie:
    """The version that holds for an act on a day.

    Args:
        dag: the day of the act.
        melding: the day of the melding of the casus; a version with ``dag_van_de_melding`` leaves older casussen to the
            version before it.

    Raises:
        Refused: ``inrichting_onbekend``: no version holds on that day.
    """
    geldig = [versie for versie in state.versies if versie.geldig_vanaf <= dag]
    while len(geldig) > 1 and _laat_met_rust(geldig[-1], melding):
        geldig.pop()
    if not geldig:
        wie = f"{state.sleutel} op {dag}" if state.sleutel else "deze gemeente"
        raise Refused(
            "inrichting_onbekend",
            f"Er is geen inrichting van {wie} vastgesteld.",
            rule="zonder vastgestelde inrichting staat niet vast wie wat mag",
            remedy="stel eerst een inrichting vast (deploy/inrichtingen/<sleutel>.yaml) die op die dag geldt",
        )
    return geldig[-1]


def _laat_met_rust(versie: Versie, melding: date | None) -> bool:
    return melding is not None and versie.lopende_casussen == "dag_van_de_melding" and melding < versie.geldig_vanaf


def leden_op(state: Samenwerkingsverband, dag: date) -> tuple[str, ...]:
    """The gemeenten that are members on a day."""
    return tuple(lid.gemeente for lid in state.leden if _loopt(lid, dag))


def als_json(beleid: Mapping[str, Any]) -> str:
    """A beleid as text: the same for the same content, whatever the order of its keys."""
    return json.dumps(beleid, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_van(beleid: Mapping[str, Any]) -> str:
    """What tells two beleiden apart. Leaves the verbanden out: who is a member stands in streams of their own."""
    eigen = {naam: deel for naam, deel in beleid.items() if naam != "verbanden"}
    return hashlib.sha256(als_json(eigen).encode()).hexdigest()


def rollen(verdeling: Mapping[str, str | None]) -> Sequence[Verbandrol]:
    """The roles of a verband, in order of name; those that a source leaves open are left out."""
    return [Verbandrol(rol=rol, wie=wie) for rol, wie in sorted(verdeling.items()) if wie is not None]
