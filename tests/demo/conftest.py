"""The three cases, played once for all tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from casuslog.testing.platform import Platform
from deploy.demo.spel import Speler
from deploy.demo.zaken import lees
from tests.demo.draaien import Demo
from tests.demo.gespeeld import Gespeeld


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


@pytest.fixture(scope="package")
def ingebed() -> str:
    """What the main job prints in its embedded form."""
    demo = Demo()
    status, printed = demo.uitspelen()
    assert status == 0, printed
    return printed
