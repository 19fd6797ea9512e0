"""A scenario that is being played: its cases, who acts, what was refused, what was answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from casuslog.caller import Caller
from casuslog.commands import Answer
from casuslog.errors import CasuslogError, Refused
from casuslog.identifiers import new_id
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform
from tests.scenarios.bestand import Scenario, Stap, code_van, is_gemeente
from tests.scenarios.namen import AANBIEDERS

PERSONEN = ("inwoner", "derde", "mantelzorger", "budgethouder")


@dataclass(frozen=True)
class Antwoord:
    """What a question answered, told as the event of that content: a calculation needs no casus."""

    service: str
    naam: str
    data: Mapping[str, Any]
    op: date
    na: int
    """How many events of the service stood in the log of this run when it was answered."""


@dataclass
class Spel:
    """A run of one scenario on a platform that others may share: it has casus ids of its own."""

    scenario: Scenario
    platform: Platform
    stap: Stap | None = None
    casussen: dict[str, str] = field(default_factory=dict)
    eigen_onderwerpen: dict[str, str] = field(default_factory=dict)
    gezaaid: set[str] = field(default_factory=set)
    weigeringen: dict[int, CasuslogError] = field(default_factory=dict)
    antwoorden: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    getoond: list[Antwoord] = field(default_factory=list)
    eigenaren: dict[int, str] = field(default_factory=dict)
    kennis: dict[str, Any] = field(default_factory=dict)
    """What a seeded fact says and a later step needs: a period, an amount of hours."""
    gelezen: dict[str, list[RecordedEvent]] | None = None
    """The log of each service, read once when the last step is done."""

    # -- who and where -------------------------------------------------------------------------------------------------

    @property
    def gemeente(self) -> str:
        """Code of the gemeente where the inwoner lives: the first that the scenario names."""
        return self.scenario.codes[0]

    @property
    def besluitende(self) -> str:
        """Code of the gemeente that decides."""
        elders = [regel["waarde"]["besluit_door"] for regel in self.beleid("beschermd_wonen")]
        return code_van(elders[0]) if elders else self.gemeente

    @property
    def thema(self) -> str:
        """Thema of the casus."""
        return "beschermd_wonen" if self.beleid("beschermd_wonen") else "maatwerk_zelfredzaamheid"

    def beleid(self, sleutel: str) -> list[Mapping[str, Any]]:
        """The lines of the given beleid under a key."""
        return [regel for regel in self.scenario.beleid if regel["sleutel"] == sleutel]

    def wie(self, rol: str, zaak: str = "A") -> Caller:
        """Who acts in this role."""
        if rol in PERSONEN:
            return Caller(rol, None, f"{rol}-{zaak}", self.scenario.codes, "eigen_zaak")
        code = self.besluitende if rol == "centrumgemeente" else self.gemeente
        doel = "toezicht_wmo" if rol == "toezichthouder" else "uitvoering_wmo"
        return Caller(rol, code, f"{rol}-{code}", (code,), doel)

    def aanbieder(self, naam: str = "X") -> Caller:
        """An aanbieder by its name in the scenario; it works for the gemeente and belongs to none."""
        agb = AANBIEDERS[naam]
        return Caller("aanbieder", agb, f"medewerker-{agb}", self.scenario.codes, "uitvoering_wmo")

    def aanbieder_van(self, stap: Stap) -> Caller:
        """The aanbieder with which the text of a step begins, else X."""
        genoemd = re.match(r"([XYZ])\b", stap.doet)
        return self.aanbieder(genoemd.group(1) if genoemd else "X")

    def handelt(self, stap: Stap) -> Caller:
        """Who acts in a step."""
        if stap.rol == "aanbieder":
            return self.aanbieder_van(stap)
        if stap.rol == "partnergemeente":
            naam = next(woord for woord in re.findall(r"[A-Z][\w-]+", stap.doet) if is_gemeente(woord))
            return Caller("partnergemeente", code_van(naam), f"partner-{code_van(naam)}", (code_van(naam),))
        return self.wie(stap.rol, stap.zaak)

    def casus(self, zaak: str = "A") -> str:
        """Id of a case."""
        return self.casussen.setdefault(zaak, new_id())

    # -- acting --------------------------------------------------------------------------------------------------------

    def doe(
        self,
        service: str,
        opdracht: str,
        wie: Caller | None = None,
        /,
        *,
        gemeente: str | None = None,
        eigen: str | None = None,
        **body: Any,
    ) -> Answer:
        """Carry out a command in this step. ``eigen``: name of a subject of its own, such as a dossier."""
        assert self.stap is not None
        self.platform.settle()
        if eigen is None:
            body["casus"] = self.casus(self.stap.zaak)
        elif eigen in self.eigen_onderwerpen:
            body["dossier"] = self.eigen_onderwerpen[eigen]
        door = wie or self.handelt(self.stap)
        answer = self.platform.command(service, opdracht, door, gemeente=gemeente or self.gemeente, **body)
        if eigen is not None:
            self.eigen_onderwerpen[eigen] = answer.casus
        return answer

    def vraag(self, naam: str, vraag: str, **body: Any) -> Mapping[str, Any]:
        """Ask the service pgb; the answer is kept under ``naam``."""
        assert self.stap is not None
        self.platform.settle()
        antwoord = self.platform.ask("pgb", vraag, self.handelt(self.stap), gemeente=self.gemeente, **body)
        self.antwoorden[naam] = antwoord
        return antwoord

    def toon(self, naam: str, data: Mapping[str, Any]) -> None:
        """Tell an answer as the event of that content."""
        assert self.stap is not None
        assert self.stap.dag is not None
        self.getoond.append(Antwoord("pgb", naam, data, self.stap.dag, len(self.gebeurtenissen("pgb"))))

    def zaai(
        self, service: str, feiten: Any, op: date, zaak: str = "A", gemeente: str | None = None, **meer: Any
    ) -> None:
        """Let facts have happened, and let the other services react."""
        stored = self.platform.seed(
            service,
            gemeente or self.gemeente,
            self.casus(zaak),
            feiten,
            on=op,
            woongemeente=self.gemeente,
            thema=self.thema,
            **meer,
        )
        self.gezaaid |= {een.envelope.id for een in stored}
        self.platform.settle()

    # -- seeing --------------------------------------------------------------------------------------------------------

    def gebeurtenissen(self, service: str | None = None, *, zaak: str | None = None) -> list[RecordedEvent]:
        """What was logged in this run, of one service or all, seeded facts included."""
        eigen = {*self.casussen.values(), *self.eigen_onderwerpen.values()}
        wanted = {self.casus(zaak)} if zaak else eigen
        return [event for event in self.log(service) if event.envelope.subject in wanted]

    def log(self, service: str | None = None) -> list[RecordedEvent]:
        """The whole log of a service, or of all."""
        if self.gelezen is None:
            return self.platform.events(service)
        return [event for naam in ([service] if service else self.gelezen) for event in self.gelezen[naam]]

    def lees_alles(self) -> None:
        """The last step is done: read the logs, so that they are judged without being read for every judgement."""
        self.platform.settle()
        self.gelezen = {service: self.platform.events(service) for service in self.platform.services}

    def eerste(self, naam: str, soort: str | None = None, *, zaak: str | None = None) -> RecordedEvent | None:
        """The first event of this name."""
        for event in self.gebeurtenissen(zaak=zaak):
            if event.envelope.name == naam and soort in (None, getattr(event.data, "soort", None)):
                return event
        return None

    def beleid_op(self, gemeente: str, op: date) -> Mapping[str, Any]:
        """The compiled inrichting of a gemeente on a day, as the log tells it."""
        geldig = [
            event
            for event in self.log("inrichting")
            if event.envelope.name == "inrichting-vastgesteld"
            and event.envelope.gemeente == gemeente
            and event["geldig_vanaf"] <= op
        ]
        gevonden = max(geldig, key=lambda event: event["geldig_vanaf"])["beleid"]
        return json.loads(gevonden) if isinstance(gevonden, str) else gevonden


def reden_van(fout: CasuslogError) -> str:
    """The reason of a refusal, also of one that came over HTTP."""
    return fout.reason if isinstance(fout, Refused) else fout.code
