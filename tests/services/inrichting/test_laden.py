"""Establishing the folder through a real store: the events are kept, and a second start adds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.codes import oin_of
from casuslog.envelope import Actor, Stream
from casuslog.errors import InvalidInput
from casuslog.privacy import KeyStore, RootKey
from casuslog.readmodels.tables import metadata
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from services.inrichting.inrichting import (
    InrichtingVastgesteld,
    LidUitgetreden,
    SamenwerkingsverbandVastgesteld,
    inrichting_id,
)
from services.inrichting.laden import stel_alles_vast

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "inrichtingen"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Any]:
    """What the service gives: its store on SQLite, its clock, and itself as the actor."""
    clock = SettableClock(date(2017, 1, 2))
    keys = KeyStore.open(f"sqlite:///{tmp_path}/sleutels.db", RootKey.generate())
    registry = SchemaRegistry.of(InrichtingVastgesteld, SamenwerkingsverbandVastgesteld, LidUitgetreden)
    codec = Codec(registry, keys)
    store = EventStore.open(
        f"sqlite:///{tmp_path}/", "inrichting", codec=codec, clock=clock, oin_of=oin_of, tables=metadata
    )
    yield SimpleNamespace(
        store=store,
        codec=codec,
        system=Actor("systeem", None, "casuslog-inrichting"),
        platform=SimpleNamespace(clock=clock),
    )
    store.close()
    keys.close()


def test_every_file_becomes_events_once(log: Any) -> None:
    """Twenty versions and fifteen verbanden are told; the chain is whole and a restart tells nothing twice."""
    assert stel_alles_vast(log, FOLDER) == 35
    assert stel_alles_vast(log, FOLDER) == 0

    stroom = Stream("0518", "inrichting", inrichting_id("den-haag"))
    versies = [log.codec.decode(kept, purpose="inrichting")["versie"] for kept in log.store.read_stream(stroom)]
    assert versies == [1, 2]
    assert list(log.store.verify(EVERY_GEMEENTE)) == []


def test_a_broken_file_establishes_nothing_of_the_folder(log: Any, tmp_path: Path) -> None:
    """A wrong key in one file is found before the first event of the folder."""
    folder = tmp_path / "inrichtingen"
    folder.mkdir()
    (folder / "harlingen.yaml").write_text((FOLDER / "harlingen.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "voorbeeldstad.yaml").write_text("sleutel: voorbeeldstad\n", encoding="utf-8")

    with pytest.raises(InvalidInput):
        stel_alles_vast(log, folder)

    assert list(log.store.read_log(EVERY_GEMEENTE)) == []
