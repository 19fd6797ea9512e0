"""A consumer of the run's own, in the real host: it does as a file says, and notes each of its effects."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import eventlet
from eventlet.patcher import original
from sqlalchemy import Column, Float, Integer, MetaData, Table, Text, insert

from casuslog.hosting import host
from casuslog.hosting.service import CasusService, on_event
from casuslog.recorded import RecordedEvent
from casuslog.settings import Settings
from casuslog.settings import _settings as names
from casuslog.store import Transaction

NAME = "proef"
BEHAVIOUR = "proef.json"
"""In the data folder of the installation: what the consumer is to do, :class:`Behaviour` as JSON."""

metadata = MetaData()
effects = Table(
    "effecten",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("at", Float, nullable=False),
)
"""One row per effect, in the order in which they came about; nothing keeps one from standing there twice.

``at``: seconds of the monotonic clock, which all processes of a machine share.
"""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the consumer does with an event before it notes the effect.

    ``sleeps``: seconds that each takes. ``fails``: of which share of the casussen (one in so many) it raises on every
    event; 0: none. ``blocks``: seconds that the first event takes which comes by under ``ticket``, once. ``hard``:
    nothing else in the process gets a turn meanwhile.
    """

    sleeps: float = 0.0
    fails: int = 0
    blocks: float = 0.0
    ticket: str = ""
    hard: bool = False

    def failing(self, casus: str) -> bool:
        """Whether it raises on the events of this casus."""
        return bool(self.fails) and zlib.crc32(casus.encode()) % self.fails == 0

    def write(self, data: Path) -> None:
        """Let the consumer do so from now on."""
        beside = data / f"{BEHAVIOUR}.new"
        beside.write_text(json.dumps(asdict(self)))
        beside.replace(data / BEHAVIOUR)

    @classmethod
    def read(cls, data: Path) -> Behaviour:
        """What it is to do now."""
        try:
            return cls(**json.loads((data / BEHAVIOUR).read_text()))
        except FileNotFoundError:
            return cls()


class Broken(Exception):
    """What the handler raises when it is told to."""


class ProefService(CasusService):
    """Follows melding and onderzoek."""

    name = NAME
    tables = metadata
    tickets: set[str] = set()  # noqa: RUF012  # of this process: a worker is a new instance each time

    @on_event("melding", projection=True)
    @on_event("onderzoek", projection=True)
    def do(self, event: RecordedEvent, tx: Transaction) -> None:
        """Behave, then note the effect: nothing is written yet while it sleeps."""
        data: Path = self.log.platform.settings.data
        behaviour = Behaviour.read(data)
        if behaviour.failing(event.envelope.subject):
            raise Broken
        self._linger(behaviour, data)
        attributes = json.dumps(event.envelope.attributes())
        tx.conn.execute(insert(effects).values(event_id=event.envelope.id, envelope=attributes, at=time.monotonic()))

    def _linger(self, behaviour: Behaviour, data: Path) -> None:
        if behaviour.blocks and behaviour.ticket not in self.tickets:
            self.tickets.add(behaviour.ticket)
            (data / behaviour.ticket).touch()
            sleep: Any = original("time").sleep if behaviour.hard else eventlet.sleep
            sleep(behaviour.blocks)
        elif behaviour.sleeps:
            eventlet.sleep(behaviour.sleeps)


def run() -> None:
    """Run the consumer until it is asked to stop."""
    settings = Settings.from_env()
    # No entry point of the installation: only this process knows of it, so that no relay waits for its inbox.
    names._points()[NAME] = EntryPoint(NAME, f"{__name__}:ProefService", names.ENTRY_POINTS)
    host.run(settings, (NAME,))
