"""A platform on which other services' facts are laid down, to see what each service makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from casuslog.caller import Caller
from casuslog.events import DomainEvent, Fact
from casuslog.identifiers import new_id
from casuslog.readmodels import Policies
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform
from services.inrichting.inrichting import INRICHTING, InrichtingVastgesteld, digest_van, inrichting_id
from services.melding.gebeurtenissen import MeldingGeregistreerd

DAG = date(2017, 2, 15)
OPSTERLAND, LEEUWARDEN, HARLINGEN = "0086", "0080", "0072"


def melding(gemeente: str = OPSTERLAND, **changes: Any) -> MeldingGeregistreerd:
    """A melding by the inwoner."""
    right: dict[str, Any] = {
        "vorm": "vormvrij",
        "kanaal": "telefoon",
        "velden": (),
        "melder": "inwoner",
        "betrokkene": "inwoner",
        "ontvangen_door": "wijkteam",
        "thema": "maatwerk_zelfredzaamheid",
        "woongemeente": gemeente,
    }
    return MeldingGeregistreerd(**{**right, **changes})


@dataclass
class Wereld:
    """A platform, and facts of services laid down in it."""

    platform: Platform
    casus: str = field(default_factory=new_id)

    def gebeurde(
        self,
        service: str,
        *facts: Fact | DomainEvent,
        gemeente: str = OPSTERLAND,
        on: date = DAG,
        **concerns: Any,
    ) -> None:
        """Let facts have happened in the casus, and let everybody handle them."""
        self.platform.seed(service, gemeente, self.casus, facts, on=on, **concerns)
        self.platform.settle()

    def events(self, service: str) -> list[RecordedEvent]:
        """What a service logged of the casus."""
        return self.platform.events(service, self.casus)

    def names(self, service: str) -> list[str]:
        """The names of what a service logged of the casus."""
        return [event.envelope.name for event in self.events(service)]

    def one(self, service: str, name: str) -> RecordedEvent:
        """The only event of this name that a service logged of the casus."""
        (found,) = (event for event in self.events(service) if event.envelope.name == name)
        return found

    def geparkeerd(self, service: str, gemeente: str = OPSTERLAND) -> list[dict[str, Any]]:
        """The parked lanes of a service, as a beheerder reads them."""
        beheerder = Caller("beheerder", gemeente, "b-1", (gemeente,))
        banen: list[dict[str, Any]] = self.platform.api.get(service, "/geparkeerd", beheerder)["banen"]
        return [baan for baan in banen if baan["baan"] == self.casus]

    def inrichting(self, gemeente: str, like: str, vanaf: date, versie: int, **sections: Any) -> None:
        """Establish a version that is like the present one of another gemeente, but for these sections."""
        with self.platform.store("onderzoek").transaction() as tx:
            beleid = json.loads(json.dumps(Policies().on(tx.conn, like, DAG).beleid))
        beleid |= sections
        sleutel = beleid["kop"]["sleutel"] if like == gemeente else "testgemeente"
        beleid["kop"] |= {"gemeente": gemeente, "sleutel": sleutel, "inrichtingversie": f"{sleutel}@{versie}"}
        vastgesteld = InrichtingVastgesteld(
            gemeente=gemeente,
            sleutel=sleutel,
            versie=versie,
            geldig_vanaf=vanaf,
            lopende_casussen=beleid["overgang"]["lopende_casussen"],
            beleid=json.dumps(beleid),
            digest=digest_van(beleid),
        )
        subject = inrichting_id(sleutel)
        self.platform.seed("inrichting", gemeente, subject, [vastgesteld], on=vanaf, kind=INRICHTING)
        self.platform.settle()


@pytest.fixture(scope="package")
def _platform() -> Iterator[Platform]:
    with Platform(DAG) as running:
        yield running


@pytest.fixture
def wereld(_platform: Platform) -> Wereld:
    """A casus of its own on the shared platform, with the clock back on the day of the melding."""
    _platform.clock.set(DAG)
    return Wereld(_platform)


def dagen(aantal: int) -> timedelta:
    """So many days."""
    return timedelta(days=aantal)
