"""The states of a pgb, and an example of each command: what may be done in which (docs/api/opdrachten.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

from casuslog.envelope import Actor
from casuslog.events import Fact
from casuslog.toestanden import NAAM, VERSIE, Stappen, Toestand, Toestanden
from services.pgb.gebeurtenissen import (
    Budgetregel,
    PgbToegekend,
    PgbWensVastgelegd,
    Wensregel,
)
from services.pgb.inrichting import PgbInrichting
from services.pgb.pgb import PGB
from services.pgb.signaal import SIGNAAL

INRICHTING = PgbInrichting(
    naam=NAAM,
    versie=VERSIE,
    voorzieningen={},
    tarieven=(),
    natura={},
    goedkeuring_door=("college", "svb"),
    declaraties_beslist_door="svb",
    namen={},
    uitvoerder="svb",
)
SVB_OIN = "00000099000000000010"

_HULP = "begeleiding_individueel"
# What follows from an aanvraag and from a bekendmaking: no command of this service brings it about.
_WENS = Wensregel(regel=1, voorziening=_HULP, minuten_per_week=60, hulpverlener="sociaal_netwerk")
_BUDGET = Budgetregel(
    regel=1,
    voorziening=_HULP,
    minuten_per_week=60,
    hulpverlener="sociaal_netwerk",
    tarief_cent=3503,
    bedrag_cent=150_629,
)
_GEWENST: Stappen = (Fact(PgbWensVastgelegd(regels=(_WENS,), gemotiveerd=True), on=date(2017, 2, 13)),)
_TOEGEKEND: Stappen = (
    *_GEWENST,
    "toets-pgb-voorwaarden",
    Fact(
        PgbToegekend(
            beschikkingnummer="000000000001-1",
            totaal_cent=150_629,
            van=date(2017, 3, 6),
            tot_en_met=date(2017, 12, 31),
            regels=(_BUDGET,),
        ),
        on=date(2017, 2, 23),
    ),
)
_GEMELD: Stappen = (*_TOEGEKEND, "meld-toekenning-aan-svb")
_VAN_COLLEGE: Stappen = (*_GEMELD, "keur-zorgovereenkomst-goed")
# Twice: once by who speaks for the college, once by the SVB.
_GOEDGEKEURD: Stappen = (*_VAN_COLLEGE, "keur-zorgovereenkomst-goed")
_GEDECLAREERD: Stappen = (*_GOEDGEKEURD, "dien-declaratie-in")


def _goedkeuring(_: Any, door: Actor) -> dict[str, Any]:
    """Each for its own: the college and the SVB."""
    return {"op": "2017-03-02", "regels": [1], "namens": "svb" if door.rol == "svb" else "college"}


TOESTANDEN = (
    Toestanden(
        aggregate=PGB,
        inrichting=INRICHTING,
        organisaties={"svb": SVB_OIN},
        toestanden=(
            Toestand(naam="geen wens"),
            Toestand(naam="gewenst", na=_GEWENST),
            Toestand(naam="getoetst", na=(*_GEWENST, "toets-pgb-voorwaarden")),
            Toestand(naam="toegekend", na=_TOEGEKEND),
            Toestand(naam="gemeld aan svb", na=_GEMELD),
            Toestand(naam="goedgekeurd door college", na=_VAN_COLLEGE),
            Toestand(naam="goedgekeurd door beide", na=_GOEDGEKEURD),
            Toestand(naam="gedeclareerd", na=_GEDECLAREERD),
            Toestand(naam="declaratie beslist", na=(*_GEDECLAREERD, "beslis-declaratie")),
        ),
        voorbeelden={
            "toets-pgb-voorwaarden": {
                "op": "2017-02-16",
                "bekwaam": "ja",
                "gemotiveerd": "ja",
                "kwaliteit_gewaarborgd": "ja",
            },
            "meld-toekenning-aan-svb": {"op": "2017-02-24"},
            "keur-zorgovereenkomst-goed": _goedkeuring,
            "dien-declaratie-in": {
                "op": "2017-04-03",
                "declaratie": "2017-03-1",
                "regel": 1,
                "maand": "2017-03",
                "uren": "4",
                "tarief": "35.03",
                "bedrag": "140.12",
            },
            "beslis-declaratie": {"op": "2017-04-05", "declaratie": "2017-03-1", "uitkomst": "goedgekeurd"},
        },
    ),
    Toestanden(
        aggregate=SIGNAAL,
        inrichting=INRICHTING,
        organisaties={"svb": SVB_OIN},
        toestanden=(Toestand(naam="niets"), Toestand(naam="gegeven", na=("geef-signaal-aan-toezicht",))),
        voorbeelden={
            "geef-signaal-aan-toezicht": {"op": "2017-04-05", "aard": "declaraties_boven_tarief", "over": "98765403"},
        },
    ),
)
