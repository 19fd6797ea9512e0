"""What a consumer does with events: its handlers, and which of them an event concerns."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX

EVERY_EVENT = "*"
EVERY_SOURCE = "*"
"""Of a handler for an event that every service logs: it concerns each source that the consumer follows anyway."""

Worker = Callable[[Callable[[], None]], None]
"""Runs a unit of work in a worker of the host and returns when it is done, or raises what it raised."""


@dataclass(frozen=True, slots=True, eq=False)
class Handler:
    """One handler. ``call`` gets ``(event, tx)``, or ``(events, tx)`` for a batch, and writes through ``tx`` only."""

    source: str
    """The service whose events it is about."""
    event: str
    """Class name (``MeldingGeregistreerd``), wire name (``melding-geregistreerd``), or ``*`` for all of the source."""
    call: Callable[[Any, Any], None]
    projection: bool = False
    """It only writes a read model: imported history passes through it, while reactions do not see that."""
    batch: bool = False
    """It takes a list of events of many lanes in one transaction; the order within each lane is kept."""
    worker: Worker | None = None
    """Where its host wants the whole transaction to run."""

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is about this event, and may see it."""
        if envelope.geimporteerd and not self.projection:
            return False
        return self.source in (EVERY_SOURCE, envelope.service) and self.event in (EVERY_EVENT, envelope.name)


class Concerned(tuple[Handler, ...]):
    """The handlers that an event concerns, in the order in which they were added."""

    @functools.cached_property
    def listed(self) -> tuple[Handler, ...]:
        """Those that take events by the list."""
        return tuple(handler for handler in self if handler.batch)

    @functools.cached_property
    def single(self) -> tuple[Handler, ...]:
        """Those that take events one by one."""
        return tuple(handler for handler in self if not handler.batch)

    @functools.cached_property
    def projecting(self) -> bool:
        """Whether those that take lists write read models and no more."""
        return all(handler.projection for handler in self.listed)


class Handlers:
    """All handlers of one consumer."""

    def __init__(self, handlers: Iterable[Handler] = ()) -> None:
        self._handlers: list[Handler] = []
        self._found: dict[tuple[str, str, bool], Concerned] = {}
        for handler in handlers:
            self.add(handler)

    def add(self, handler: Handler) -> None:
        """Add one; its event name becomes the wire name."""
        self._handlers.append(replace(handler, event=wire_name(handler.event)))
        self._found.clear()

    @property
    def sources(self) -> tuple[str, ...]:
        """The services that the consumer follows: all their events move its inbox, also those without a handler."""
        return tuple(sorted({handler.source for handler in self._handlers} - {EVERY_SOURCE}))

    @property
    def batched(self) -> bool:
        """Whether any handler takes events by the list."""
        return any(handler.batch for handler in self._handlers)

    @property
    def all_batched(self) -> bool:
        """Whether every handler takes events by the list."""
        return all(handler.batch for handler in self._handlers)

    def of(self, envelope: Envelope) -> Concerned:
        """The handlers that an event concerns."""
        kind = (envelope.service, envelope.type, envelope.geimporteerd)
        found = self._found.get(kind)
        if found is None:
            found = self._found[kind] = Concerned(handler for handler in self._handlers if handler.concerns(envelope))
        return found


def wire_name(event: str) -> str:
    """``melding-geregistreerd`` of ``MeldingGeregistreerd``, of a full wire type, or of itself."""
    short = event.removeprefix(TYPE_PREFIX)
    if short == EVERY_EVENT or not short[:1].isupper():
        return short
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", short).lower()
