"""Whether a casus may be destroyed, and an example of each command on that (docs/api/opdrachten.md)."""

from __future__ import annotations

from casuslog.toestanden import Toestand, Toestanden
from casuslog.vernietigen.bewaring import BEWAARSTAAT

_BEZWAAR = {"op": "2018-04-12", "soort": "lopend_bezwaar", "kenmerk": "BZ-2018-017"}

TOESTANDEN = (
    Toestanden(
        aggregate=BEWAARSTAAT,
        toestanden=(
            Toestand(naam="niet opgeschort"),
            Toestand(naam="opgeschort", na=("schort-vernietiging-op",)),
            Toestand(naam="weer opgeheven", na=("schort-vernietiging-op", "hef-opschorting-op")),
        ),
        voorbeelden={"schort-vernietiging-op": _BEZWAAR, "hef-opschorting-op": _BEZWAAR},
    ),
)
