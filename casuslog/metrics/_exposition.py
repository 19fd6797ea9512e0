"""From figures to the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from casuslog.metrics._catalogue import Kind, metric

# A moment of creation beside each counter would double the series; the start of the process says as much.
disable_created_metrics()  # type: ignore[no-untyped-call]  # ships without types

Figure = tuple[str, tuple[str, ...], float]
"""Name of a metric (without prefix), the values of its labels, and the figure."""


class Figures(Collector):
    """Metrics that are read when they are asked for, instead of kept beside what they are read from.

    Args:
        read: gives the figures of this moment.
    """

    def __init__(self, read: Callable[[], Iterable[Figure]]) -> None:
        self._read = read

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: the registry need not read the figures to get to know their names."""
        return []

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The figures of this moment, by metric."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for name, labels, value in self._read():
            if name not in families:
                families[name] = _family(name)
            families[name].add_metric(labels, value)
        yield from families.values()


def _family(name: str) -> CounterMetricFamily | GaugeMetricFamily:
    one = metric(name)
    family = CounterMetricFamily if one.kind is Kind.COUNTER else GaugeMetricFamily
    return family(one.name, one.meaning, labels=one.labels)


def registry_of_process() -> CollectorRegistry:
    """A registry with what can be told of the process itself: processor time, memory, open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class _All(CollectorRegistry):
    """Several sources as one registry."""

    def __init__(self, sources: Iterable[Collector | CollectorRegistry]) -> None:
        super().__init__()
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from source.collect()


def exposition(*sources: Collector | CollectorRegistry) -> tuple[bytes, str]:
    """The text of ``GET /metrics`` and its content type."""
    return generate_latest(_All(sources)), CONTENT_TYPE_PLAIN_0_0_4
