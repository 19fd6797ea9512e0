"""What a process remembers of the key store: at most a minute, so that a destruction elsewhere is soon in force."""

from __future__ import annotations

import contextlib
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from casuslog.privacy._blocks import Cipher

V = TypeVar("V")
LIMIT = 20_000
"""Entries before the whole is dropped: a bound on memory, not a tuning knob."""
CIPHERS = 1_000
"""Ciphers that are kept beside their keys, at 2.5 kB each."""


class DataKey:
    """A key in memory, with its cipher where one was asked for."""

    __slots__ = ("__weakref__", "cipher", "key")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.cipher: Cipher | None = None


class Ciphers:
    """The ciphers of keys that are read one by one. A cipher lives in its key: who forgets the key has forgotten it.

    Only how many there are is watched here, from outside: the oldest goes when there are too many.
    """

    def __init__(self, limit: int = CIPHERS) -> None:
        self._made: deque[weakref.ref[DataKey]] = deque()
        self._limit = limit

    def of(self, known: DataKey) -> Cipher:
        """The cipher of a key, made once."""
        cipher = known.cipher
        if cipher is None:
            cipher = known.cipher = Cipher(known.key)
            self._made.append(weakref.ref(known))
            if len(self._made) > self._limit:
                _without(self._made.popleft()())
        return cipher

    def clear(self) -> None:
        """Forget all of them."""
        while self._made:
            _without(self._made.pop()())


def _without(known: DataKey | None) -> None:
    if known is not None:
        known.cipher = None


class ShortMemory(Generic[V]):
    """Values that expire ``ttl`` seconds after they were put in, by a monotonic clock.

    What expired is let go of when something is put in: it stands in front, for all are kept equally long.
    """

    def __init__(self, ttl: float, monotonic: Callable[[], float]) -> None:
        self.cleared = 0
        """How often it was cleared: what was read before a clearing is not remembered after it."""
        self._ttl = ttl
        self.monotonic = monotonic
        self._entries: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self.entry: Callable[[Hashable], tuple[float, V] | None] = self._entries.get
        """Until when a value is remembered, by ``monotonic``, and the value: for who asks for more at one moment."""

    def get(self, key: Hashable) -> V | None:
        """The value, unless it is unknown or expired."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= self.monotonic():
            return None
        return entry[1]

    def put(self, key: Hashable, value: V, cleared: int) -> None:
        """Remember a value, unless the memory was cleared since ``cleared`` was looked up (before reading it)."""
        if cleared != self.cleared:
            return
        now = self.monotonic()
        self._let_go(now)
        if len(self._entries) >= LIMIT:
            self._entries.clear()
        self._entries.pop(key, None)  # to the end: in the order in which they expire
        self._entries[key] = (now + self._ttl, value)

    def _let_go(self, now: float) -> None:
        # Another thread may put something in meanwhile: then the next one lets go of the rest.
        with contextlib.suppress(RuntimeError, StopIteration):
            while True:
                key, (until, _) = next(iter(self._entries.items()))
                if until > now:
                    return
                self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self.cleared += 1
        self._entries.clear()
