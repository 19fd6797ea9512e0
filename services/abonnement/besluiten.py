"""The commands of the service abonnement: which decision each asks, and how a refusal is recorded."""

from __future__ import annotations

from typing import Any

from casuslog.commands import CommandType, Situation, by_itself
from casuslog.events import Fact
from services.abonnement import abonnement as a
from services.abonnement import afscherming, deelnames
from services.abonnement import commands as c
from services.abonnement.catalogus import gebeurtenistypen
from services.abonnement.weigering import WEIGERINGEN

PERIODE = "abonnementsperiode"
"""Timer of a subscription whose last day is known."""


def _ken_toe(s: Situation) -> list[Fact]:
    return a.ken_toe(
        s.state, s.command, id=s.subject, gemeente=s.gemeente, bekend=gebeurtenistypen(), verbanden=s.opgezocht
    )


def _opdracht(name: str, schema: Any, decide: Any, **more: Any) -> CommandType:
    return CommandType(
        name=name,
        schema=schema,
        aggregate=a.ABONNEMENT,
        decide=decide,
        subject_field="abonnement",
        by_policy=False,
        refusals=WEIGERINGEN,
        **more,
    )


def _afscherming(name: str, schema: Any, decide: Any) -> CommandType:
    return CommandType(
        name=name,
        schema=schema,
        aggregate=afscherming.CASUSAFSCHERMING,
        decide=by_itself(decide),
        by_policy=False,
        refusals=WEIGERINGEN,
    )


COMMANDS = (
    _afscherming("scherm-casus-af", c.SCHERM_CASUS_AF, afscherming.scherm_af),
    _afscherming("hef-afscherming-op", c.HEF_AFSCHERMING_OP, afscherming.hef_op),
    _opdracht(
        "ken-abonnement-toe", c.KEN_ABONNEMENT_TOE, _ken_toe, begins=True, lookup=lambda tx, _: deelnames.verbanden(tx)
    ),
    _opdracht("herhaal-levering", c.HERHAAL_LEVERING, lambda s: a.herhaal(s.state, s.command)),
    _opdracht("beeindig-abonnement", c.BEEINDIG_ABONNEMENT, lambda s: a.beeindig(s.state, s.command)),
)
