"""A samenwerkingsverband with and without a member, and an example of the command on it (docs/api/opdrachten.md)."""

from __future__ import annotations

from datetime import date

from casuslog.events import Fact
from casuslog.toestanden import ANDERE, EIGEN, Toestand, Toestanden
from services.inrichting.commands import VERBAND
from services.inrichting.inrichting import SamenwerkingsverbandVastgesteld

_VASTGESTELD = Fact(
    SamenwerkingsverbandVastgesteld(
        verband="voorbeeld", naam="Voorbeeldverband", leden=(EIGEN, ANDERE), geldig_vanaf=date(2015, 1, 1)
    ),
    on=date(2015, 1, 1),
)

TOESTANDEN = (
    Toestanden(
        aggregate=VERBAND,
        toestanden=(
            Toestand(naam="niet vastgesteld"),
            Toestand(naam="lid", na=(_VASTGESTELD,)),
            Toestand(naam="uitgetreden", na=(_VASTGESTELD, "registreer-uittreding")),
        ),
        voorbeelden={"registreer-uittreding": {"op": "2018-01-02", "lid": ANDERE}},
    ),
)
