"""Which version of an event type each subscription was last sent: who still reads an old one can be asked to move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Date, String, Table, insert, select, update

from casuslog.events import TYPE_PREFIX
from casuslog.schema.corpus import Specimen
from casuslog.schema.uitfasering import Uitfasering
from casuslog.store import Transaction
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.tabellen import metadata

gelezen_versies = Table(
    "gelezen_versies",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("type", String(120), primary_key=True),
    Column("kanaal", String(16), primary_key=True),
    Column("dataschema", String(40), nullable=False),
    Column("laatst", Date, nullable=False),
)
"""Per subscription, full wire type and channel: the schema of the last delivery that had one, and its day."""

QUEUE, WEBHOOK = "queue", "webhook"
_Gestuurd = tuple[str, str]
"""Full wire type and dataschema."""


class Versies:
    """Notes what is sent. The same again on the same day costs nothing."""

    def __init__(self, kanaal: str) -> None:
        self._kanaal = kanaal
        self._genoteerd: dict[tuple[str, str], tuple[str, date]] = {}

    def noteer(self, tx: Transaction, abonnement: str, gestuurd: Iterable[_Gestuurd], dag: date) -> None:
        """Note what went out to a subscription, in the transaction that marks it as gone."""
        for wire_type, dataschema in dict(gestuurd).items():
            sleutel, nu = (abonnement, wire_type), (dataschema, dag)
            if self._genoteerd.get(sleutel) == nu:
                continue
            _schrijf(tx, {"abonnement": abonnement, "type": wire_type, "kanaal": self._kanaal}, dataschema, dag)
            self._genoteerd[sleutel] = nu


def _schrijf(tx: Transaction, sleutel: Mapping[str, str], dataschema: str, dag: date) -> None:
    waarden = {"dataschema": dataschema, "laatst": dag}
    die = [gelezen_versies.c[name] == value for name, value in sleutel.items()]
    if not tx.conn.execute(update(gelezen_versies).where(*die).values(**waarden)).rowcount:
        tx.conn.execute(insert(gelezen_versies).values(**sleutel, **waarden))


def overzicht(
    tx: Transaction,
    inschrijvingen: Sequence[Inschrijving],
    versies: Mapping[str, Sequence[Specimen]],
    eindes: Mapping[tuple[str, int], Uitfasering],
) -> list[dict[str, Any]]:
    """Per event type its versions, when each ends, and which of these subscriptions were last sent it.

    ``kiest``: the subscriptions that name the type, or name none and so take all: they may read it over the feed too.
    """
    per_id = {one.id: one for one in inschrijvingen}
    gelezen: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for rij in tx.conn.execute(select(gelezen_versies).order_by(gelezen_versies.c.abonnement)):
        if rij.abonnement in per_id:
            houder = per_id[rij.abonnement].voorwaarden.houder.nummer
            lezer = {"abonnement": rij.abonnement, "houder": houder, "kanaal": rij.kanaal, "laatst": str(rij.laatst)}
            gelezen.setdefault((rij.type, rij.dataschema), []).append(lezer)
    return [
        {
            "type": wire_type.removeprefix(TYPE_PREFIX),
            "kiest": [one.id for one in inschrijvingen if _kiest(one, wire_type.removeprefix(TYPE_PREFIX))],
            "versies": [_versie(wire_type, een, een is specimens[-1], eindes, gelezen) for een in specimens],
        }
        for wire_type, specimens in sorted(versies.items())
    ]


def _versie(
    wire_type: str,
    een: Specimen,
    actueel: bool,
    eindes: Mapping[tuple[str, int], Uitfasering],
    gelezen: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> dict[str, Any]:
    einde = eindes.get((wire_type.removeprefix(TYPE_PREFIX), een.number))
    return {
        "versie": een.number,
        "dataschema": een.version.dataschema,
        "actueel": actueel,
        "aangekondigd": None if einde is None else einde.aangekondigd.isoformat(),
        "tot": None if einde is None else einde.tot.isoformat(),
        "opvolger": None if einde is None else einde.opvolger,
        "lezers": gelezen.get((wire_type, een.version.dataschema), []),
    }


def _kiest(inschrijving: Inschrijving, naam: str) -> bool:
    gekozen = inschrijving.voorwaarden.gebeurtenistypen
    return not gekozen or naam in gekozen
