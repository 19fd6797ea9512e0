"""Plays a case: sets the clock, sends what each step asks, holds refusals against the file, waits for the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

from casuslog.caller import Caller
from casuslog.http.client import ApiClient, Problem
from casuslog.recorded import Cursor
from casuslog.settings import service_names
from deploy.demo.stand import Stand
from deploy.demo.vertaling import Oproep, Spel, oproepen
from deploy.demo.zaken import Partijen, Stap, Zaak

BEHEERDER = Caller("beheerder", None, "beheerder-demo", ("0086",))
"""Asks the services how far they are."""

SETTLE_SECONDS = 60.0
"""What the services together get to come to rest after a step."""

SetClock = Callable[[date], None]
Tell = Callable[[str], None]


class NietVolgensDeZaak(Exception):
    """Something went otherwise than the case says."""


class Speler:
    """Plays cases against a running platform.

    Args:
        api: the HTTP API, with enough patience for a service that restarts.
        set_clock: sets the clock of all services.
        tell: where progress goes, a line at a time.
        stand: how far an earlier run came; without it every case begins at its first step.
    """

    def __init__(
        self, api: ApiClient, partijen: Partijen, set_clock: SetClock, tell: Tell, stand: Stand | None = None
    ) -> None:
        self._api = api
        self._partijen = partijen
        self._set_clock = set_clock
        self._tell = tell
        self._stand = stand
        self.weigeringen: dict[int, Problem] = {}
        """What was refused, as the case says it must be, by number of the step."""

    def speel(self, zaak: Zaak) -> Spel:
        """Play the steps of a case that were not finished before; gives its ids.

        Raises:
            NietVolgensDeZaak: a step was refused that should pass, or passed that should be refused.
        """
        spel, klaar = Spel(zaak, self._partijen), 0
        if self._stand is not None:
            spel, klaar = self._stand.van(spel)
        self.kom_tot_rust()
        for stap in zaak.stappen[klaar:]:
            self._set_clock(stap.dag)
            spel = self._stap(spel, stap)
            self.kom_tot_rust()
            spel = self._met_dossier(spel)
            if self._stand is not None:
                self._stand.bewaar(spel, stap.nummer)
        return spel

    def kom_tot_rust(self) -> None:
        """Wait until every event was passed on and every service has handled what it follows."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while (busy := self._bezig()) is not None:
            if time.monotonic() > deadline:
                raise NietVolgensDeZaak(f"{busy} is na {SETTLE_SECONDS:.0f} s nog niet bij")
            time.sleep(0.02)

    def _stap(self, spel: Spel, stap: Stap) -> Spel:
        caller = spel.wie(stap)
        for nummer, oproep in enumerate(oproepen(spel, stap), 1):
            key = f"{spel.zaak.id}/stap-{stap.nummer}/{nummer}"
            try:
                answer = self._roep(oproep, caller, key)
            except Problem as problem:
                self._geweigerd(stap, problem)
            else:
                spel = self._gelukt(spel, stap, oproep, answer)
        return spel

    def _roep(self, oproep: Oproep, caller: Caller, key: str) -> dict[str, Any]:
        if oproep.soort == "lees":
            return self._api.get(oproep.service, oproep.naam, caller)
        if oproep.soort == "vraag":
            return self._api.ask(oproep.service, oproep.naam, oproep.body, caller)
        return self._api.command(oproep.service, oproep.naam, oproep.body, caller, key=key)

    def _gelukt(self, spel: Spel, stap: Stap, oproep: Oproep, answer: dict[str, Any]) -> Spel:
        if stap.geweigerd:
            raise NietVolgensDeZaak(f"stap {stap.nummer}: {stap.opdracht} had geweigerd moeten worden")
        aantal = len(answer.get("gebeurtenissen", ()))
        self._tell(f"  {stap.dag}  stap {stap.nummer:>2}  {stap.opdracht} ({stap.rol}): {aantal} gebeurtenissen")
        if oproep.naam == "geef-signaal-aan-toezicht":
            return replace(spel, signaal=answer["casus"])
        return spel if spel.casus else replace(spel, casus=answer["casus"])

    def _geweigerd(self, stap: Stap, problem: Problem) -> None:
        if not stap.geweigerd or problem.code != stap.geweigerd["reden"]:
            raise NietVolgensDeZaak(f"stap {stap.nummer}: {stap.opdracht} is geweigerd: {problem.body}") from problem
        self.weigeringen[stap.nummer] = problem
        self._tell(f"  {stap.dag}  stap {stap.nummer:>2}  {stap.opdracht} ({stap.rol}): geweigerd, {problem.code}")
        self._tell(f"              {problem.detail}")

    def _met_dossier(self, spel: Spel) -> Spel:
        """The toezichthouder finds the dossier that a signal opened; nobody else could tell its id."""
        if spel.signaal is None or spel.dossier is not None:
            return spel
        code = self._partijen.code(spel.zaak.woongemeente.replace("-", "_"))
        found = self._api.get("toezicht", "/dossiers", toezichthouder(code))["dossiers"]
        return replace(spel, dossier=found[-1]["dossier"]) if found else spel

    def _status(self, name: str) -> dict[str, Any]:
        return self._api.get(name, "/status", BEHEERDER)

    def _bezig(self) -> str | None:
        """The first service that is not level with what was logged; ``None`` when all are."""
        names = service_names()
        with ThreadPoolExecutor(len(names)) as together:
            statuses = dict(zip(names, together.map(self._status, names), strict=True))
        heads = {name: Cursor.parse(status["kop"]) for name, status in statuses.items()}
        for name, status in statuses.items():
            if Cursor.parse(status["doorgegeven"]) < heads[name]:
                return f"de relay van {name}"
            for source, cursor in status["verwerkt"].items():
                if Cursor.parse(cursor) < heads[source]:
                    return f"{name} met {source}"
        return None


def toezichthouder(gemeentecode: str) -> Caller:
    """The toezichthouder of a gemeente."""
    return Caller("toezichthouder", gemeentecode, f"toezichthouder-{gemeentecode}", (gemeentecode,), "toezicht_wmo")
