"""What a benchmark is here: two or more sides in one run, rounds in turn, and a ratio with its spread.

Machines are shared and drift; a ratio of two sides that took turns on the same machine says more than a figure.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from casuslog.testing.instances import PrivatePostgres, PrivateRabbit

Side = Callable[[], float]
"""Does the work of one round and gives its rate: units per second, or a figure in the unit of the row."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table: ours against one peer, or against a bound.

    ``must`` and ``aim`` bound :attr:`value`: from below, or from above where ``lower`` says so. ``None`` is printed
    beside only.
    """

    name: str
    peer: str
    rounds: Sequence[float]
    """The ratio (or figure) of each round."""
    must: float | None = None
    aim: float | None = None
    unit: str = "x"
    lower: bool = False
    rate: float | None = None
    """What ours did in absolute terms, in units per second, where the row is a ratio: the median over the rounds."""
    note: str = ""
    """What ours and the peer did in absolute terms, and what else a reader must know."""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest round."""
        return min(self.rounds), max(self.rounds)

    @property
    def reached(self) -> bool | None:
        """Whether the value is within its bound; ``None`` where there is none."""
        if self.must is None:
            return None
        return self.value <= self.must if self.lower else self.value >= self.must


@dataclass
class Bench:
    """The machine of one run: private servers, started when first asked for, and how much is to be done.

    Args:
        rounds: how often each side gets its turn.
        quick: a run that only shows that everything runs; its figures mean nothing.
        tell: where progress goes.
    """

    rounds: int = 5
    quick: bool = False
    tell: Callable[[str], None] = print
    _open: ExitStack = field(default_factory=ExitStack)
    _postgres: PrivatePostgres | None = None
    _rabbit: PrivateRabbit | None = None

    @property
    def postgres(self) -> PrivatePostgres:
        """A private PostgreSQL with fsync on, as in production."""
        if self._postgres is None:
            self._postgres = self._open.enter_context(PrivatePostgres(durable=True, settings=PRODUCTION))
        return self._postgres

    @property
    def rabbit(self) -> PrivateRabbit:
        """A private RabbitMQ."""
        if self._rabbit is None:
            self._rabbit = self._open.enter_context(PrivateRabbit())
        return self._rabbit

    def some(self, full: int, quick: int | None = None) -> int:
        """How many of something: ``full``, or a fraction of it in a quick run."""
        return (quick if quick is not None else max(1, full // 50)) if self.quick else full

    def alternate(self, sides: Mapping[str, Side], *, warm: bool = True) -> dict[str, list[float]]:
        """Let the sides take turns, the order turned round each time; their rates by round."""
        if warm and not self.quick:
            for side in sides.values():
                side()
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(1 if self.quick else self.rounds):
            for name in _in_turn(list(sides), number):
                rates[name].append(sides[name]())
                self.tell(f"    round {number + 1} {name}: {rates[name][-1]:,.1f}")
        return rates

    def close(self) -> None:
        """Stop the servers."""
        self._open.close()


PRODUCTION = {"shared_buffers": "256MB", "max_wal_size": "2GB", "synchronous_commit": "on"}
"""Settings of the measured PostgreSQL, the same for every side."""

Measure = Callable[[Bench], Sequence[Result]]


@dataclass(frozen=True)
class Row:
    """A benchmark by name. ``measure`` gives one result per peer."""

    name: str
    what: str
    measure: Measure


def ratios(rates: Mapping[str, Sequence[float]], ours: str, peer: str) -> list[float]:
    """Ours divided by the peer, round by round: what drifts between rounds then weighs on both."""
    return [mine / theirs for mine, theirs in zip(rates[ours], rates[peer], strict=True)]


def rate(rates: Sequence[float]) -> str:
    """A median rate as a reader sees it."""
    return f"{typical(rates):,.0f}/s"


def typical(rates: Sequence[float]) -> float:
    """The median rate over the rounds."""
    return statistics.median(rates)


def _in_turn(names: list[str], number: int) -> Iterator[str]:
    yield from names if number % 2 == 0 else reversed(names)
