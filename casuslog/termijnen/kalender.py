"""Which days do not count as the last day of a term: Algemene termijnenwet art. 1 and 3.

The moving holidays come from the package ``holidays``. Two things no package knows, so they stand here: 5 May counts
every year (packages know it in lustrum years only, where it is a day off), and days are equated by royal decree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from types import MappingProxyType

import holidays

GELIJKGESTELD: Mapping[date, str] = MappingProxyType(
    {
        date(2017, 4, 28): "Stcrt. 2016, nr. 58653",
        date(2017, 5, 26): "Stcrt. 2016, nr. 58653",
        date(2018, 5, 11): "Stcrt. 2016, nr. 58653",
        date(2018, 12, 24): "Stcrt. 2016, nr. 58653",
        date(2018, 12, 31): "Stcrt. 2016, nr. 58653",
    }
)
"""Days equated by royal decree (art. 3 lid 3), with the decree. Only what a source names (scenarios.yaml:15-21): the
decree was not consulted itself, and for other years nothing is known, so that a new decree is a new line here."""

KALENDER = f"Algemene termijnenwet; feestdagen: holidays {version('holidays')}; gelijkgestelde dagen: 2017 en 2018"
"""What was counted with. Recorded with each term, so that a later reader knows which days were known."""

_WEEKEND = {5: "zaterdag", 6: "zondag"}


def vrije_dag(dag: date) -> str | None:
    """Why a term cannot end on this day, with the article; None when it can."""
    if dag.weekday() in _WEEKEND:
        return f"{_WEEKEND[dag.weekday()]} (Atw art. 1 lid 1)"
    if dag in GELIJKGESTELD:
        return f"gelijkgestelde dag (Atw art. 3 lid 3; {GELIJKGESTELD[dag]})"
    return _feestdagen(dag.year).get(dag)


def eerste_werkdag(dag: date) -> date:
    """This day, or the first one after it on which a term can end."""
    while vrije_dag(dag) is not None:
        dag += timedelta(days=1)
    return dag


@lru_cache(maxsize=256)
def _feestdagen(jaar: int) -> Mapping[date, str]:
    known = holidays.country_holidays("NL", years=jaar, categories=("public", "optional"), language="nl")
    found = {dag: f"{naam} (Atw art. 3 lid 1)" for dag, naam in known.items()}
    found.setdefault(date(jaar, 5, 5), "Bevrijdingsdag (Atw art. 3 lid 1)")
    found[_goede_vrijdag(known)] = "Goede Vrijdag (Atw art. 3 lid 2)"
    return MappingProxyType(found)


def _goede_vrijdag(known: Mapping[date, str]) -> date:
    """Three days before Easter Monday: not every release of the package counts Good Friday itself."""
    paasmaandag = next(dag for dag, naam in known.items() if "Tweede paasdag" in naam)
    return paasmaandag - timedelta(days=3)
