"""The three cases, played once for all tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from casuslog.caller import Caller
from casuslog.http.client import Problem
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform
from deploy.demo.spel import Speler
from deploy.demo.vertaling import Spel
from deploy.demo.zaken import Partijen, lees


@dataclass(frozen=True)
class Gespeeld:
    """The platform after the three cases."""

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

    def lees(self, service: str, pad: str, wie: Caller) -> dict[str, Any] | None:
        """What somebody reads over HTTP; ``None`` when the answer is that there is nothing for this reader."""
        try:
            return self.platform.api.get(service, pad, wie)
        except Problem as problem:
            assert problem.status in (403, 404), problem.body
            return None


@pytest.fixture(scope="package")
def gespeeld() -> Iterator[Gespeeld]:
    """The three cases of the file, played through the HTTP API of an embedded platform."""
    partijen, zaken = lees()
    with Platform(date(2017, 1, 2)) as platform:
        spelen, weigeringen = {}, {}
        for zaak in zaken:
            speler = Speler(platform.api, partijen, platform.clock.set, lambda _: None)
            spelen[zaak.id] = speler.speel(zaak)
            weigeringen[zaak.id] = speler.weigeringen
        yield Gespeeld(platform, partijen, spelen, weigeringen, platform.events())
