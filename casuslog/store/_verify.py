"""Checking the chain: whether every event is what was appended, and none between has gone.

What the chain alone cannot show is that the last events of a stream were removed; the consumers' inboxes and the log
can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, literal, select, tuple_

from casuslog.envelope import Envelope, Stream
from casuslog.store._append import of_stream
from casuslog.store._chain import GENESIS, link
from casuslog.store._reader import PAGE, Gemeenten, in_scope, scope
from casuslog.store.tables import events


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """An event that is not as it was appended: where it stands and what does not fit."""

    stream: Stream
    sequence: int
    what: str

    def __str__(self) -> str:
        return f"{self.stream}/{self.sequence}: {self.what}"


_KEY = (events.c.gemeente, events.c.stroom, events.c.subject, events.c.version)
_COLUMN_OF = {
    "gemeente": "gemeente",
    "stroom": "stroom",
    "subject": "subject",
    "version": "sequence",
    "event_id": "id",
    "type": "type",
    "logged_at": "time",
}
"""The columns that repeat the envelope, and the attribute they repeat."""


def breaks(connect: Callable[[], Any], gemeenten: Gemeenten, stream: Stream | None) -> Iterator[ChainBreak]:
    """Every break in these streams, stream by stream; reads a page at a time."""
    at = Stream("", "", "")
    version, prev_hash = 0, GENESIS
    for row in _rows(connect, gemeenten, stream):
        here = Stream(row.gemeente, row.stroom, row.subject)
        if here != at:
            at, version, prev_hash = here, 0, GENESIS
        for what in _faults(row, version, prev_hash):
            yield ChainBreak(here, row.version, what)
        version, prev_hash = row.version, bytes(row.hash)


def _faults(row: Row[Any], version: int, prev_hash: bytes) -> Iterator[str]:
    if row.version != version + 1:
        yield f"tussen versie {version} en {row.version} ontbreken gebeurtenissen"
    elif bytes(row.prev_hash) != prev_hash:
        yield "verwijst niet naar de gebeurtenis ervoor"
    if link(bytes(row.prev_hash), row.envelope, bytes(row.body)) != bytes(row.hash):
        yield "envelop of inhoud is niet wat is vastgelegd"
    differing = _differing(row)
    if differing:
        yield f"kolom anders dan de envelop: {', '.join(differing)}"


def _differing(row: Row[Any]) -> list[str]:
    try:
        envelope = Envelope.from_attributes(json.loads(row.envelope))
    except (ValueError, KeyError):
        return ["envelope (onleesbaar)"]
    return [column for column, name in _COLUMN_OF.items() if getattr(row, column) != getattr(envelope, name)]


def _rows(connect: Callable[[], Any], gemeenten: Gemeenten, stream: Stream | None) -> Iterator[Row[Any]]:
    wanted = select(events).where(*in_scope(scope(gemeenten)))
    if stream is not None:
        wanted = wanted.where(*of_stream(stream))
    after: tuple[Any, ...] = ("", "", "", 0)
    while True:
        start = tuple_(*(literal(value) for value in after))
        conn: Connection
        with connect() as conn:
            page = conn.execute(wanted.where(start < tuple_(*_KEY)).order_by(*_KEY).limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]
        after = (last.gemeente, last.stroom, last.subject, last.version)
