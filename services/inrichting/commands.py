"""The command of the service inrichting: a gemeente leaves a samenwerkingsverband. What else changes, its files say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marshmallow import fields

from casuslog.commands import CommandType, Situation
from casuslog.edge import CommandSchema, Gemeente
from casuslog.envelope import Actor
from casuslog.errors import Forbidden
from casuslog.events import Fact
from casuslog.recorded import Aggregate
from services.inrichting.inrichting import (
    SAMENWERKINGSVERBAND,
    Samenwerkingsverband,
    evolve_verband,
    registreer_uittreding,
)

VERBAND = Aggregate(SAMENWERKINGSVERBAND, Samenwerkingsverband(), evolve_verband)
BEVOEGD = ("beheerder", "college")


@dataclass(frozen=True, kw_only=True)
class RegistreerUittreding:
    """A gemeente leaves, from ``per`` on (the day of the fact when absent); what it received as a member stops then."""

    op: date
    door: Actor
    lid: str
    per: date | None = None


class _RegistreerUittreding(CommandSchema):
    into = RegistreerUittreding
    lid = Gemeente(required=True)
    per = fields.Date()


def _uittreding(s: Situation) -> list[Fact]:
    """For the gemeente that keeps the verband.

    Raises:
        Forbidden: ``niet_bevoegd``.
        Refused: ``geen_lid``.
    """
    opdracht: RegistreerUittreding = s.command
    if opdracht.door.rol not in BEVOEGD:
        raise Forbidden(
            "niet_bevoegd",
            f"De rol {opdracht.door.rol} legt geen uittreding vast.",
            rule="Wmo 2015 art. 2.6.1",
            remedy=f"Laat dit doen door: {', '.join(BEVOEGD)}.",
        )
    return registreer_uittreding(s.state, opdracht.lid, opdracht.per or opdracht.op, opdracht.op)


COMMANDS = (
    CommandType(
        name="registreer-uittreding",
        schema=_RegistreerUittreding(),
        aggregate=VERBAND,
        decide=_uittreding,
        subject_field="samenwerkingsverband",
        by_policy=False,
    ),
)
