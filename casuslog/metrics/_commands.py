"""Counting commands as they are carried out: by name, by outcome, and how long they took."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy.exc import OperationalError

from casuslog.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, Unavailable
from casuslog.metrics._catalogue import metric

UNKNOWN = "onbekend"
"""The label of a command that does not exist: what somebody typed is no label."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (Conflict, "conflict"),
    (Forbidden, "forbidden"),
    (Refused, "refused"),
    (InvalidInput, "invalid"),
    (NotFound, "not_found"),
    (Unavailable, "unavailable"),
    (OperationalError, "unavailable"),
)


class Answered(Protocol):
    """What a command answers."""

    @property
    def herhaald(self) -> bool:
        """Whether its key was carried out before."""


A = TypeVar("A", bound=Answered)


def outcome_of(error: BaseException) -> str:
    """The outcome of a command that failed, from a fixed list; ``error`` is what should not happen."""
    if getattr(error, "status", None) == 401:
        return "unauthenticated"
    return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), "error")


class CommandMeter:
    """Counts the commands of one service.

    Args:
        service: name of the service.
        names: the commands that it takes; any other name counts as one that does not exist.
        registry: where the metrics are kept.
    """

    def __init__(self, service: str, names: Collection[str], registry: CollectorRegistry) -> None:
        total, seconds = metric("commands_total"), metric("command_seconds")
        self._names = frozenset(names)
        self._service = service
        self._total = Counter(total.name, total.meaning, total.labels, registry=registry)
        made = Histogram(seconds.name, seconds.meaning, seconds.labels, buckets=BUCKETS, registry=registry)
        self._seconds = made.labels(service)
        self._counted: dict[tuple[str, str], Counter] = {}

    def measured(self, name: str, carry_out: Callable[[], A]) -> A:
        """Carry out a command, and count how it ended. Raises what it raises."""
        began = time.perf_counter()
        outcome = "error"
        try:
            answer = carry_out()
            outcome = "repeated" if answer.herhaald else "ok"
        except Exception as error:
            outcome = outcome_of(error)
            raise
        finally:
            self._seconds.observe(time.perf_counter() - began)
            self._count(name if name in self._names else UNKNOWN, outcome)
        return answer

    def _count(self, name: str, outcome: str) -> None:
        # Looking up a child by its labels costs more than counting it.
        counter = self._counted.get((name, outcome))
        if counter is None:
            counter = self._counted[name, outcome] = self._total.labels(self._service, name, outcome)
        counter.inc()
