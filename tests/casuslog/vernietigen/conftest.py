"""Case 2 of the demo, played on the embedded default: what is to be destroyed."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from click.testing import CliRunner, Result

from casuslog.broker.twin._broker import broker
from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.hosting.logs import configure
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform
from deploy.demo.spel import Speler
from deploy.demo.vertaling import Spel
from deploy.demo.zaken import Zaak, lees

HARLINGEN = "0072"
LAATSTE_DAG = date(2032, 12, 31)
"""Case 2 is kept to this day: its provision ended on 31 December 2017, and the term is fifteen years."""
NA_DE_TERMIJN = date(2033, 1, 3)
ARCHIVARIS = Caller("archivaris", HARLINGEN, "archivaris-1", (HARLINGEN,), "archivering")
OPEN = frozenset({"Harlingen"})
"""Personal data that is also public in another sense: the place is a gemeente with policy of its own."""


@dataclass
class Zaak2:
    """The platform with case 2 in it, and its command line."""

    platform: Platform
    zaak: Zaak
    spel: Spel
    log: io.StringIO

    @property
    def casus(self) -> str:
        """Its id."""
        assert self.spel.casus is not None
        return self.spel.casus

    @property
    def data(self) -> Path:
        """The data folder of the installation."""
        return self.platform.settings.data

    def run(self, *words: str) -> Result:
        """Run a command line on this installation; the services answer meanwhile."""
        installation = Installation(self.platform.settings)
        installation.__dict__["clock"] = self.platform.clock
        return CliRunner().invoke(cli, list(words), obj=installation)

    def vernietig(self, *words: str) -> Result:
        """Destroy the casus."""
        return self.run("vernietig", self.casus, "--gemeente", HARLINGEN, "--kenmerk", "VL-2033-017", *words)

    def laat_het_zijn(self, dag: date) -> None:
        """Let it be a later day: terms that run out meanwhile do so."""
        self.platform.clock.set(dag)
        self.platform.settle()

    def persoonsgegevens(self) -> set[str]:
        """Every personal datum of the case as it was recorded, and the BSN of the file."""
        found = {str(self.zaak.gegeven["client"]["bsn_test"])}
        registry = self.platform.host.platform.registry
        for event in self.platform.events(casus=self.casus):
            privacy = registry.current(event.envelope.type).privacy
            for name, klasse in privacy.items():
                if klasse == "persoonsgegeven":
                    found |= set(_texts(event[name]))
        return {one for one in found if len(one) > 3} - OPEN

    def rondom(self) -> dict[str, bytes]:
        """All bytes that this installation holds: every file, every message of the broker, every line of the log."""
        found = {str(path): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}
        name = urlsplit(self.platform.settings.amqp_url).hostname or ""
        for vhost in broker(name)._vhosts.values():
            for queue in vhost.queues.values():
                entries = [*getattr(queue, "ready", ()), *getattr(queue, "_log", ())]
                messages = [getattr(entry, "message", entry) for entry in entries]
                found[f"queue {queue}"] = b"".join(m.body + m.properties for m in messages)
        return {**found, "log": self.log.getvalue().encode()}


def waar(rondom: Mapping[str, bytes], naalden: set[str]) -> set[tuple[str, str]]:
    """Where each of these texts stands, in UTF-8 or UTF-16: pairs of place and text."""
    codings = ("utf-8", "utf-16-le", "utf-16-be")
    return {
        (place, text)
        for place, held in rondom.items()
        for text in naalden
        for coding in codings
        if text.encode(coding) in held
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _texts(getattr(value, name))


@contextlib.contextmanager
def zaak_2_in(folder: Path) -> Iterator[Zaak2]:
    """Case 2, played in this folder; all that anybody logs is caught, down to debug."""
    partijen, zaken = lees()
    zaak = next(one for one in zaken if one.id == "demo_2")
    log, handlers = io.StringIO(), logging.getLogger().handlers
    configure(form="json", level="debug", stream=log)
    try:
        with Platform(date(2017, 1, 2), data=folder) as platform:
            speler = Speler(platform.api, partijen, platform.clock.set, lambda _: None)
            spel = speler.speel(zaak)
            platform.settle()
            yield Zaak2(platform, zaak, spel, log)
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers = handlers


@pytest.fixture(scope="module")
def zaak2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zaak2]:
    """Case 2, played once for the tests of a module."""
    with zaak_2_in(tmp_path_factory.mktemp("zaak2")) as zaak:
        yield zaak


def leesbaar(events: list[RecordedEvent]) -> str:
    """All that can be read in these events, as one text."""
    return "\n".join(str(event.data) for event in events)
