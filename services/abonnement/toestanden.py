"""The states of a subscription and of a shield, and an example of each command (docs/api/opdrachten.md)."""

from __future__ import annotations

from typing import Any

from casuslog.codes import oin_of
from casuslog.envelope import Actor
from casuslog.toestanden import EIGEN, Toestand, Toestanden
from services.abonnement.abonnement import ABONNEMENT
from services.abonnement.afscherming import CASUSAFSCHERMING
from services.abonnement.verbanden import Verbanden

AANBIEDER = "98765401"
_TOEGEKEND = ("ken-abonnement-toe",)
_DAG = "2017-03-01"


def _toekenning(_: Any, door: Actor) -> dict[str, Any]:
    """To an aanbieder; a toezichthouder grants only his own."""
    eigen = door.rol == "toezichthouder"
    houder = ("oin", oin_of(EIGEN), "toezichthouder") if eigen else ("agb", AANBIEDER, "aanbieder")
    soort, nummer, rol = houder
    return {
        "op": "2017-02-15",
        "houdersoort": soort,
        "houder": nummer,
        "rol": rol,
        "gemeenten": [EIGEN],
        "doelbinding": "toezicht" if eigen else "uitvoering_wmo",
    }


TOESTANDEN = (
    Toestanden(
        aggregate=ABONNEMENT,
        opgezocht={"ken-abonnement-toe": Verbanden()},
        organisaties={"aanbieder": AANBIEDER},
        toestanden=(
            Toestand(naam="niets"),
            Toestand(naam="toegekend", na=_TOEGEKEND),
            Toestand(naam="beeindigd", na=(*_TOEGEKEND, "beeindig-abonnement")),
        ),
        voorbeelden={
            "ken-abonnement-toe": _toekenning,
            "herhaal-levering": {"op": _DAG, "na": 0},
            "beeindig-abonnement": {"op": _DAG},
        },
    ),
    Toestanden(
        aggregate=CASUSAFSCHERMING,
        toestanden=(Toestand(naam="niet afgeschermd"), Toestand(naam="afgeschermd", na=("scherm-casus-af",))),
        voorbeelden={
            "scherm-casus-af": {"op": _DAG, "reden": "veiligheid"},
            "hef-afscherming-op": {"op": _DAG},
        },
    ),
)
