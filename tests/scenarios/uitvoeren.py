"""Play scenarios and tell each difference with the set. Scenarios whose beleid agrees share a platform."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from casuslog.errors import CasuslogError
from casuslog.testing.platform import Platform
from tests.scenarios import beleid, feiten, toets
from tests.scenarios.berekening import berekeningen
from tests.scenarios.bestand import Scenario, Stap, scenarios, sleutel_van
from tests.scenarios.informeren import informeren
from tests.scenarios.spel import Spel
from tests.scenarios.stappen import STAPPEN
from tests.scenarios.uitkomsten import uitkomsten

GESPEELD = tuple(een for een in scenarios() if een.id in STAPPEN)
"""The scenarios that have a translation."""


class Uitvoering:
    """Platforms, made when a scenario needs one: with the beleid of all scenarios that it does not contradict."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._groepen = _groepen()
        self._platforms: dict[int, Platform] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def speel(self, scenario: Scenario) -> list[str]:
        """Play a scenario; every difference, as one line each. None: it passed."""
        return list(verschillen(self.gespeeld(scenario)))

    def gespeeld(self, scenario: Scenario) -> Spel:
        """A scenario of which every step was done, as it stands then."""
        spel = Spel(scenario, self._platform(scenario))
        dagen = [stap.dag for stap in scenario.stappen if stap.dag]
        spel.platform.clock.set(min(dagen))
        feiten.zaai(spel)
        spel.platform.clock.set(min(dagen))
        for stap, doe in zip(scenario.stappen, STAPPEN[scenario.id], strict=True):
            _stap(spel, stap, doe)
        spel.lees_alles()
        return spel

    def _platform(self, scenario: Scenario) -> Platform:
        nummer = next((n for n, groep in enumerate(self._groepen) if scenario in groep), len(self._groepen))
        if nummer == len(self._groepen):
            self._groepen.append([scenario])
        if nummer not in self._platforms:
            folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="casuslog-scenarios-")))
            groep = self._groepen[nummer]
            gezet = {plek: w for een in groep for plek, w in beleid.plekken(een).items()}
            beleid.schrijf(gezet, folder, {sleutel_van(naam) for een in groep for naam in een.gemeenten})
            eerste = min(stap.dag for een in groep for stap in een.stappen if stap.dag)
            self._platforms[nummer] = self._open.enter_context(
                Platform(eerste - timedelta(days=1), inrichtingen=folder)
            )
        return self._platforms[nummer]


def _groepen() -> list[list[Scenario]]:
    groepen: list[tuple[list[Scenario], dict[Any, Any]]] = []
    for een in GESPEELD:
        eigen = beleid.plekken(een)
        past = next((groep for groep in groepen if not beleid.botst(groep[1], eigen)), None)
        if past is None:
            groepen.append(([een], eigen))
        else:
            past[0].append(een)
            past[1].update(eigen)
    return [groep for groep, _ in groepen]


def _stap(spel: Spel, stap: Stap, doe: Any) -> None:
    if stap.dag is not None:
        spel.platform.clock.set(stap.dag)
    spel.stap = stap
    try:
        doe(spel, stap)
    except CasuslogError as fout:
        spel.weigeringen[stap.nummer] = fout
    spel.platform.settle()
    spel.eigenaren[stap.nummer] = _eigenaar(spel, stap)


def _eigenaar(spel: Spel, stap: Stap) -> str:
    """Who has the melding, as the kcc is told when somebody calls."""
    if spel.eerste("melding-geregistreerd", zaak=stap.zaak) is None:
        return ""
    return str(spel.platform.status(spel.casus(stap.zaak), spel.wie("kcc"))["team"])


def verschillen(spel: Spel) -> Iterator[str]:
    """All that is otherwise than the scenario expects."""
    yield from toets.weigeringen(spel)
    yield from toets.gebeurtenissen(spel)
    yield from uitkomsten(spel)
    yield from informeren(spel)
    yield from berekeningen(spel)
