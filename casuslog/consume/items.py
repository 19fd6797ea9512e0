"""What waits in a lane: an event with whoever must hear that it is safe, or a delivery that is no event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from casuslog.consume.books import UNREADABLE
from casuslog.envelope import Stream
from casuslog.recorded import StoredEvent

Ack = Callable[[], None]
"""Tells the broker that a delivery is safe. It may be called from any thread, and after the connection is gone."""


@dataclass(slots=True, eq=False)
class Item:
    """An event that waits. One event may have been delivered more than once: each delivery has its ack."""

    stored: StoredEvent
    acks: list[Ack] = field(default_factory=list)

    @property
    def lane(self) -> str:
        """The casus, or the dossier."""
        return self.stored.envelope.subject


@dataclass(slots=True, eq=False)
class Unreadable:
    """A delivery that is no event: it parks by itself."""

    told: Mapping[str, Any]
    body: bytes
    reason: str
    acks: list[Ack] = field(default_factory=list)

    @property
    def lane(self) -> str:
        """One lane for all of them."""
        return UNREADABLE

    @property
    def digest(self) -> str:
        """The same for each delivery of the same bytes and headers."""
        text = json.dumps(dict(self.told), sort_keys=True, default=str).encode()
        return hashlib.sha256(text + b"\0" + self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Missing:
    """Events that must be handled first: those of one stream beyond ``after``, up to and including ``upto``."""

    service: str
    stream: Stream
    after: int
    upto: int
    cause: bool
    """They are the cause of the event; else its predecessors in its own stream."""
