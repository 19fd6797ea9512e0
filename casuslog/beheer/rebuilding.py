"""Rebuilding the read models of one gemeente from the logs of their owners, beside the live ones, while these go on."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from sqlalchemy import Connection

from casuslog.codec import Codec
from casuslog.consume.handlers import Concerned, Handler, Handlers
from casuslog.consume.together import Together
from casuslog.errors import InvalidInput, StoreError
from casuslog.hosting.collecting import seldom
from casuslog.hosting.entrypoint import OnEvent
from casuslog.hosting.platform import Platform
from casuslog.hosting.provider import ServiceLog
from casuslog.readmodels.beside import Beside, Comparison
from casuslog.recorded import START, Cursor, RecordedEvent, StoredEvent, as_read
from casuslog.settings import service_class

PURPOSE = "herbouw"
EVERY_SERVICE = frozenset({"bevestig_vernietiging"})
"""Reactions that every service has. What they write besides the log is no read model."""
BATCH = 2000
"""Events in one transaction, and in one page: some 5 MB."""
ROUNDS = 10
PAUSE_SECONDS = 0.5
"""Between two comparisons: what the live tables were just busy with is then done."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild went: events projected, in how many seconds, and how the result compares with the live tables."""

    events: int
    seconds: float
    comparison: Comparison

    @property
    def sound(self) -> bool:
        """Whether everything was compared and nothing differs."""
        c = self.comparison
        return not c.differences and not c.moving and not c.unlike


_Sourced = tuple[str, RecordedEvent]
"""An event, and the service in whose log it stands."""


@dataclass(frozen=True, slots=True)
class _Writing:
    """What a projection gets for its transaction: it writes through the connection and does nothing else."""

    conn: Connection

    @property
    def aside(self) -> Connection:
        """The same: here nothing is appended that could wait."""
        return self.conn


class Rebuild:
    """The rebuild of the read models that one service keeps of one gemeente.

    The projections are the service's own ``@on_event`` methods. Nothing live is written, locked or waited for; it reads
    the databases of the owners, up to what is final there.
    """

    def __init__(self, platform: Platform, service: str, gemeente: str) -> None:
        """Prepare it.

        Raises:
            InvalidInput: the tables of this service do not follow from the log alone, so that they cannot be rebuilt.
        """
        self.handlers = projections(platform, service)
        self._gemeente = gemeente
        self._codec = platform.codec
        self._asked: dict[str, frozenset[str]] = {}
        self._logs = {source: platform.store_for(source) for source in self.handlers.sources}
        self._after: dict[str, Cursor] = dict.fromkeys(self._logs, START)
        self._concerned: dict[tuple[str, str], Concerned] = {}
        """By source and type: a projection sees imported history too, so nothing else decides."""
        self._beside = Beside(platform.store_for(service).engine, service, gemeente)

    def run(self, *, rounds: int = ROUNDS, pause: Callable[[float], None] = time.sleep) -> Rebuilt:
        """Rebuild, compare, and follow what goes on meanwhile until every casus was compared, for so many rounds."""
        began = time.monotonic()
        with seldom(), self._beside as beside:
            events = self._advance()
            seconds = time.monotonic() - began
            comparison = beside.compare(self.handlers.sources)
            for _ in range(rounds - 1):
                if not comparison.moving and not comparison.unlike:
                    break
                pause(PAUSE_SECONDS)
                events += self._advance()
                comparison = beside.compare(self.handlers.sources)
        return Rebuilt(events, seconds, comparison)

    def _advance(self) -> int:
        """Project what the logs hold beyond where we are, oldest first over all of them; how many events."""
        count = 0
        with ThreadPoolExecutor(max_workers=1) as ahead:
            pages = [self._beyond(source, ahead) for source in self._logs]
            # A page comes with its source: asked of each envelope, that took longer than putting them in order.
            merged = heapq.merge(*pages, key=lambda one: one[1].envelope.time)
            while batch := list(itertools.islice(merged, BATCH)):
                with self._beside.conn.begin():
                    self._project(batch)
                self._beside.follow((source, event.envelope) for source, event in batch)
                count += len(batch)
        return count

    def _beyond(self, source: str, ahead: ThreadPoolExecutor) -> Iterator[_Sourced]:
        """The log of a source up to its head of now; while a page is projected the next one is read and decrypted."""
        store, gemeenten = self._logs[source], (self._gemeente,)
        head = store.head(gemeenten)

        def page_after(after: Cursor) -> _Page:
            return _Page(self._codec, store.read_log(gemeenten, after=after, limit=BATCH, chained=False), self._asked)

        def read(after: Cursor) -> Future[_Page] | None:
            return ahead.submit(page_after, after) if after < head else None

        reading = read(self._after[source])
        while reading is not None:
            page = reading.result()
            if not page.stored:
                raise StoreError(f"the log of {source} ends before its head")
            reading = read(page.stored[-1].cursor or head)
            for stored, event in zip(page.stored, page.events, strict=True):
                # As far as it was taken is as far as it is projected: the loop above ends only when all is.
                self._after[source] = stored.cursor or head
                yield source, event

    def _project(self, batch: Sequence[_Sourced]) -> None:
        together = Together(_Writing(self._beside.conn))
        for source, event in batch:
            kind = source, event.envelope.type
            concerned = self._concerned.get(kind)
            if concerned is None:
                concerned = self._concerned[kind] = self.handlers.of(event.envelope)
            together.give(event, concerned)
        together.flush()


class _Page:
    """A page of a log, whose events are decrypted when a projection looks inside: most of them never are.

    Of a type that is looked into, all events of the page are decrypted together, and of those the blocks that hold what
    was asked for.

    Args:
        asked: fields by type that projections looked into so far, in whichever page. Those are made ready at once.
    """

    def __init__(self, codec: Codec, stored: Sequence[StoredEvent], asked: dict[str, frozenset[str]]) -> None:
        self.stored = stored
        self.events = [as_read(one.envelope, _Later(self, one), one) for one in stored]
        self._codec = codec
        self._asked = asked
        self._known: dict[str, frozenset[str]] = {}
        self._ready: dict[str, Any] = {}
        # Another thread adds to it: what it adds now, this page will be asked for.
        for wire_type, fields in tuple(asked.items()):
            self._read(wire_type, fields)

    def of(self, stored: StoredEvent, field: str) -> Any:
        """A field of one of its events.

        Raises:
            KeyError: it has none of that name.
        """
        envelope = stored.envelope
        found = self._ready.get(envelope.id)
        if found is None or field not in found:
            wire_type = envelope.type
            known = self._known.get(wire_type, frozenset())
            if field not in known:
                self._asked[wire_type] = self._asked.get(wire_type, known) | {field}
                self._read(wire_type, self._asked[wire_type])
            found = self._ready[envelope.id]
        return found[field]

    def all_of(self, stored: StoredEvent) -> Mapping[str, Any]:
        """All fields of one of its events."""
        (read,) = self._codec.decode_many([stored], purpose=PURPOSE, typed=False)
        return read.data  # type: ignore[return-value]  # as mappings

    def _read(self, wire_type: str, fields: frozenset[str]) -> None:
        self._known[wire_type] = fields
        wanted = [stored for stored in self.stored if stored.envelope.type == wire_type]
        read = self._codec.decode_fields(wanted, fields, purpose=PURPOSE)
        self._ready.update((event.envelope.id, event.data) for event in read)


class _Later(Mapping[str, Any]):
    """The content of one event, asked for when somebody looks inside."""

    __slots__ = ("_page", "_stored")

    def __init__(self, page: _Page, stored: StoredEvent) -> None:
        self._page = page
        self._stored = stored

    def __getitem__(self, name: str) -> Any:
        return self._page.of(self._stored, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._page.all_of(self._stored))

    def __len__(self) -> int:
        return len(self._page.all_of(self._stored))


def projections(platform: Platform, service: str) -> Handlers:
    """The projections of a service, as methods of an instance that no host runs.

    Raises:
        InvalidInput: it also reacts to events, or keeps tables of its own.
    """
    service_cls: Any = service_class(service)
    entries = [
        (name, entry)
        for name in dir(service_cls)
        for entry in getattr(getattr(service_cls, name), ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(entry, OnEvent) and name not in EVERY_SERVICE
    ]
    if service_cls.tables is not None or not all(entry.projection for _, entry in entries):
        raise InvalidInput(
            f"Wat {service} bijhoudt volgt niet alleen uit het logboek van anderen, en is dus niet los te herbouwen.",
            errors={"service": ["een dienst die alleen leest, zoals historie"]},
        )
    instance = service_cls()
    instance.log = ServiceLog(platform, service_cls)
    return Handlers(
        Handler(entry.source, entry.event, getattr(instance, name), projection=True, batch=entry.batch)
        for name, entry in sorted(entries, key=lambda pair: pair[0])
    )
