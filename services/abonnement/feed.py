"""The pull feed: the numbers of a subscription as its holder may see them at the moment of reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from casuslog.codec import Codec
from casuslog.errors import NotFound
from casuslog.readmodels import KnownEvents
from casuslog.rights import Reader
from casuslog.schema import JsonForm, SchemaVersion, record_view
from casuslog.store import Transaction
from services.abonnement.casus import Casus
from services.abonnement.gebeurtenissen import AbonnementToegekend
from services.abonnement.houders import GEVERS, TOEZICHTHOUDER
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.keuze import Keuze
from services.abonnement.tabellen import WACHT, leveringen
from services.abonnement.weergave import als_json, ophaalprofiel
from services.abonnement.zicht import zicht

DOEL = "inzage"


class GeenAbonnement(NotFound):
    """There is no such subscription for this caller; absent and another's look the same."""

    code = "abonnement_onbekend"
    about_rights = True

    def __init__(self) -> None:
        super().__init__(
            "Dit abonnement bestaat niet, of is niet van uw organisatie in deze rol.",
            wat_zou_mogen="Gebruik het token van de houder, met de rol waarin het abonnement is toegekend.",
        )


def van_houder(inschrijving: Inschrijving | None, lezer: Reader) -> Inschrijving | None:
    """The subscription, if the reader is its holder in its role.

    Another role of the same organisation is another: a KCC does not read what the wijkteam of its gemeente receives.
    """
    if inschrijving is None:
        return None
    eigen = inschrijving.lezer
    return inschrijving if (lezer.rol, lezer.organisatie) == (eigen.rol, eigen.organisatie) else None


def voor_houder_of_gever(inschrijving: Inschrijving | None, lezer: Reader) -> Inschrijving:
    """The subscription, if the reader is its holder or grants such ones for its gemeente.

    Raises:
        GeenAbonnement: neither.
    """
    if inschrijving is not None and is_van(inschrijving, lezer):
        return inschrijving
    raise GeenAbonnement()


def toon(tx: Transaction, inschrijving: Inschrijving, dag: date) -> dict[str, Any]:
    """The terms of a subscription, whether it holds today, its last number and how many wait for its queue."""
    wacht = select(func.count()).where(leveringen.c.abonnement == inschrijving.id, leveringen.c.staat == WACHT)
    einde = inschrijving.abonnement.beeindigd_per
    return {
        "abonnement": inschrijving.id,
        "gemeente": inschrijving.gemeente,
        **_vorm().dump(record_view(inschrijving.voorwaarden)),
        "beeindigd_per": None if einde is None else einde.isoformat(),
        "geldt": inschrijving.abonnement.geldt_op(dag),
        "laatste": inschrijving.laatste,
        "wacht_op_levering": tx.conn.execute(wacht).scalar_one(),
    }


def is_er(tx: Transaction, inschrijving: Inschrijving, keuze: Keuze) -> bool:
    """Whether there is a number of this choice."""
    return tx.conn.execute(keuze.van(inschrijving.id).limit(1)).first() is not None


def lees(
    tx: Transaction,
    known: KnownEvents,
    codec: Codec,
    inschrijving: Inschrijving,
    keuze: Keuze,
    dag: date,
    *,
    ophalen: bool = False,
) -> dict[str, Any]:
    """The numbers that are chosen, judged on ``dag``.

    ``ophalen``: as far as the rights and the grondslag go, instead of as far as the profile asks.
    """
    profiel = ophaalprofiel(inschrijving) if ophalen else inschrijving.voorwaarden.profiel
    rijen = tx.conn.execute(keuze.van(inschrijving.id).limit(keuze.limiet + 1)).all()
    casussen: dict[str, Casus] = {}
    shown = []
    for rij in rijen[: keuze.limiet]:
        if rij.subject not in casussen:
            casussen[rij.subject] = Casus.lees(tx, known, rij.subject, DOEL)
        casus = casussen[rij.subject]
        event = casus.event(rij.event_id)
        if event is None:
            shown.append({"nummer": rij.nummer, "ingehouden": True})
            continue
        gezien = zicht(inschrijving, event.envelope, casus.betrokken, dag)
        shown.append(als_json(codec, inschrijving, rij.nummer, event, gezien, profiel))
    meer = len(rijen) > keuze.limiet
    return {
        "abonnement": inschrijving.id,
        "gebeurtenissen": shown,
        "positie": shown[-1]["nummer"] if meer else max(inschrijving.laatste, keuze.na),
        "laatste": inschrijving.laatste,
        "meer": meer,
    }


def verstrekt(tx: Transaction, gemeente: str, subject: str) -> list[dict[str, Any]]:
    """Every number that was given of a casus in streams of a gemeente: references and times, no content."""
    t = leveringen.c
    query = select(leveringen).where(t.subject == subject, t.gemeente == gemeente).order_by(t.abonnement, t.nummer)
    return [
        {
            "abonnement": rij.abonnement,
            "nummer": rij.nummer,
            "gebeurtenis": rij.event_id,
            "positie": f"{rij.bron}/{rij.gemeente}/{rij.stroom}/{rij.subject}/{rij.sequence}",
            "staat": rij.staat,
            "tijd": rij.tijd,
        }
        for rij in tx.conn.execute(query).all()
    ]


def enige(gelezen: Mapping[str, Any], nummer: int) -> dict[str, Any]:
    """The event of one number.

    Raises:
        NotFound: the number was not given.
    """
    for one in gelezen["gebeurtenissen"]:
        if one["nummer"] == nummer:
            return dict(one)
    raise NotFound(f"Nummer {nummer} is in dit abonnement niet uitgegeven.")


def is_van(inschrijving: Inschrijving, lezer: Reader) -> bool:
    """Whether the reader holds this subscription, or grants such ones."""
    return van_houder(inschrijving, lezer) is not None or _geeft(inschrijving, lezer)


def _geeft(inschrijving: Inschrijving, lezer: Reader) -> bool:
    gevers = (TOEZICHTHOUDER,) if inschrijving.voorwaarden.rol == TOEZICHTHOUDER else GEVERS
    return inschrijving.gemeente in lezer.gemeenten and lezer.rol in gevers


def _vorm() -> JsonForm:
    return JsonForm(SchemaVersion.of(AbonnementToegekend).clear)
