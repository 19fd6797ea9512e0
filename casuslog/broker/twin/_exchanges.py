"""Exchanges: which queues a routing key leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

TYPES = ("direct", "topic", "fanout")
CACHE = 4096
"""Routing keys whose queues are remembered per exchange; nameko's reply keys are random, so it must not grow."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A named exchange with its bindings ``(queue name, binding key)``."""

    name: str
    type: str
    durable: bool = True
    auto_delete: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    bindings: set[tuple[str, str]] = field(default_factory=set)
    _routes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def bind(self, queue: str, key: str) -> None:
        self.bindings.add((queue, key))
        self._routes.clear()

    def unbind(self, queue: str, key: str | None = None) -> None:
        """Remove one binding, or all of a queue."""
        self.bindings = {b for b in self.bindings if b[0] != queue or (key is not None and b[1] != key)}
        self._routes.clear()

    def route(self, routing_key: str) -> tuple[str, ...]:
        """Names of the queues that get a message with this key, each once."""
        known = self._routes.get(routing_key)
        if known is None:
            found = {queue for queue, key in self.bindings if self._matches(key, routing_key)}
            if len(self._routes) >= CACHE:
                self._routes.clear()
            known = self._routes[routing_key] = tuple(sorted(found))
        return known

    def _matches(self, key: str, routing_key: str) -> bool:
        if self.type == "fanout":
            return True
        if self.type == "direct":
            return key == routing_key
        return topic_matches(key.split("."), routing_key.split("."))


def topic_matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a topic pattern covers these words: ``*`` is one word, ``#`` none or more."""
    if not pattern:
        return not words
    first, rest = pattern[0], pattern[1:]
    if first == "#":
        return any(topic_matches(rest, words[i:]) for i in range(len(words) + 1))
    return bool(words) and first in ("*", words[0]) and topic_matches(rest, words[1:])
