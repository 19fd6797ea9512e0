"""The platform after the three cases, to be looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from casuslog.caller import Caller
from casuslog.http.client import Problem
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform
from deploy.demo.vertaling import Spel
from deploy.demo.zaken import Partijen

HIDDEN = (403, 404)


@dataclass(frozen=True)
class Gespeeld:
    """What was played, and what was logged by it."""

    platform: Platform
    partijen: Partijen
    spelen: dict[str, Spel]
    weigeringen: dict[str, dict[int, Problem]]
    events: list[RecordedEvent]

    def van(self, zaak: str, service: str) -> list[RecordedEvent]:
        """What a service logged for a case: under its casus, or under the signal and the dossier beside it."""
        spel = self.spelen[zaak]
        ids = {spel.casus, spel.signaal, spel.dossier} - {None}
        return [e for e in self.events if e.envelope.service == service and e.envelope.subject in ids]

    def onder_de_casus(self, zaak: str) -> list[RecordedEvent]:
        """All that stands under the casus itself."""
        return [e for e in self.events if e.envelope.subject == self.spelen[zaak].casus]

    @contextlib.contextmanager
    def op(self, dag: str | None) -> Iterator[None]:
        """Let it be this day: rights are those of the day of reading. Without a day it stays the last one."""
        nu = self.platform.clock.now()
        if dag is not None:
            self.platform.clock.set(date.fromisoformat(dag))
        try:
            yield
        finally:
            self.platform.clock.set(nu)

    def lees(self, service: str, pad: str, wie: Caller) -> dict[str, Any] | None:
        """What somebody reads over HTTP; ``None`` when the answer is that there is nothing for this reader."""
        try:
            return self.platform.api.get(service, pad, wie)
        except Problem as problem:
            if problem.status not in HIDDEN:
                raise
            return None
