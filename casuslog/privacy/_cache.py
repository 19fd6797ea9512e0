"""What a process remembers of the key store: at most a minute, so that a destruction elsewhere is soon in force."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")
LIMIT = 20_000
"""Entries before the whole is dropped: a bound on memory, not a tuning knob."""


class ShortMemory(Generic[V]):
    """Values that expire ``ttl`` seconds after they were put in, by a monotonic clock."""

    def __init__(self, ttl: float, monotonic: Callable[[], float]) -> None:
        self.cleared = 0
        """How often it was cleared: what was read before a clearing is not remembered after it."""
        self._ttl = ttl
        self._monotonic = monotonic
        self._entries: dict[Hashable, tuple[float, V]] = {}

    def get(self, key: Hashable) -> V | None:
        """The value, unless it is unknown or expired."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= self._monotonic():
            return None
        return entry[1]

    def put(self, key: Hashable, value: V, cleared: int) -> None:
        """Remember a value, unless the memory was cleared since ``cleared`` was looked up (before reading it)."""
        if cleared != self.cleared:
            return
        if len(self._entries) >= LIMIT:
            self._entries.clear()
        self._entries[key] = (self._monotonic() + self._ttl, value)

    def clear(self) -> None:
        """Forget everything."""
        self.cleared += 1
        self._entries.clear()
