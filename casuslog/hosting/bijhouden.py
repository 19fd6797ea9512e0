"""What a service does beside its work: write down who was refused, and wipe from its logs what is past its term.

In a thread of its own, so that nobody who is answered waits for it. What was counted goes to the database every few
seconds and when the service stops; a crash loses at most those seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from nameko.extensions import DependencyProvider
from sqlalchemy.exc import SQLAlchemyError

from casuslog import toegangsweigeringen, verwerkingen
from casuslog.clock import today
from casuslog.errors import CasuslogError
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.platform import Platform
from casuslog.store import EventStore

WRITE_SECONDS = 3.0
"""Between two times that what was counted is written down: the most that a crash loses."""
WIPE_SECONDS = 3600.0
"""Between two looks at what is past its term."""

PIECE = 1000
"""Processing records that are wiped in one transaction: the writers of a file wait for it."""
MOST_PIECES = 100
"""Pieces in one look: who asks the service to stop does not wait for years of records."""

_log = structlog.get_logger("casuslog.bijhouden")


class Bijhouder:
    """Keeps the logs of one service.

    Args:
        platform: what was refused in this process, and the clock.
        store: of the service.
    """

    def __init__(
        self, platform: Platform, store: EventStore, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._platform = platform
        self._store = store
        self._monotonic = monotonic
        self._wiped_at: float | None = None

    def run(self, stopping: threading.Event) -> None:
        """Keep them until asked to stop; what is counted then is still written down."""
        while not stopping.wait(WRITE_SECONDS):
            self.schrijf()
            if self._wiped_at is None or self._monotonic() - self._wiped_at >= WIPE_SECONDS:
                self._wiped_at = self._monotonic()
                self._tried("logboeken niet opgeschoond", self.wis_verlopen)
        self.schrijf()

    def schrijf(self) -> bool:
        """Write down what was counted; whether that went. What could not be written waits for a next time."""
        tally = self._platform.gate.refused.tally
        waiting = tally.take(self._store.service)
        if not waiting:
            return True
        written = self._tried(
            "weigeringen nog niet opgeschreven",
            lambda: self._store.run_transaction(lambda tx: toegangsweigeringen.schrijf(tx.conn, waiting)),
        )
        if not written:
            tally.give_back(self._store.service, waiting)
        return written

    def wis_verlopen(self) -> int:
        """Wipe what is past its term, or so many pieces of it; how many rows.

        Raises as :meth:`EventStore.run_transaction`.
        """
        day = today(self._platform.clock)
        gone = self._store.run_transaction(lambda tx: toegangsweigeringen.wis_verlopen(tx.conn, day))
        for _ in range(MOST_PIECES):
            piece = self._store.run_transaction(lambda tx: verwerkingen.wis_verlopen(tx.conn, day, most=PIECE))
            gone += piece
            if piece < PIECE:
                break
        if gone:
            _log.info("logboeken opgeschoond", service=self._store.service, regels=gone)
        return gone

    def _tried(self, failure: str, work: Callable[[], object]) -> bool:
        try:
            work()
        except (CasuslogError, SQLAlchemyError) as error:
            # That the database is away is told by whoever needs it; this is done anew in a while.
            _log.warning(failure, service=self._store.service, soort=type(error).__name__)
            return False
        return True


class Bijhouden(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Runs a :class:`Bijhouder` beside a service, and gives it to the service."""

    def __init__(self) -> None:
        super().__init__()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        # A service that never came to its start can be stopped all the same.
        self._ended.set()

    def setup(self) -> None:
        """Take the store; its tables are made by the :class:`ServiceLog`, beside which this is set up."""
        platform: Platform = self.container.config[PLATFORM_KEY]
        self._bijhouder = Bijhouder(platform, platform.store_for(self.container.service_name))

    def start(self) -> None:
        """Begin."""
        self._ended.clear()
        self.container.spawn_managed_thread(self._run, identifier="bijhouden")

    def stop(self) -> None:
        """Write down what was counted, and stop: after the entrypoints, so that nothing is counted after it."""
        self._stopping.set()
        self._ended.wait()

    def get_dependency(self, worker_ctx: object) -> Bijhouder:  # noqa: ARG002  # nameko's signature
        """The one of this service."""
        return self._bijhouder

    def _run(self) -> None:
        try:
            self._bijhouder.run(self._stopping)
        finally:
            self._ended.set()


__all__ = ["Bijhouden", "Bijhouder"]
