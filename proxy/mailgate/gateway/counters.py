"""Prometheus metrics that cost a request one addition each. They are assembled when they are scraped.

The library's own metrics lock, check and make a timestamp every time, which takes a tenth of the gate's time for a
page. These are for one thread only.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class LabelledCounter(Collector):
    """The number of events, by the values of labels, which come from closed sets."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self.name, self.labels, self._meaning = name, labels, meaning
        self._counts: dict[tuple[str, ...], int] = {}
        registry.register(self)

    def add(self, values: tuple[str, ...]) -> None:
        self._counts[values] = self._counts.get(values, 0) + 1

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self._meaning, labels=self.labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


class DurationHistogram(Collector):
    """The durations of events. ``bounds`` are the upper ends of the buckets in seconds, ascending."""

    def __init__(self, name: str, meaning: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name, self._meaning, self._bounds = name, meaning, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[Metric]:
        buckets, total = list[tuple[str, float]](), 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        yield HistogramMetricFamily(self._name, self._meaning, buckets=buckets, sum_value=self._sum)


class ExternalCounter(Collector):
    """A number that only grows and is counted elsewhere."""

    def __init__(
        self, name: str, meaning: str, read: Callable[[], float], registry: CollectorRegistry
    ) -> None:
        self._name, self._meaning, self._read = name, meaning, read
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._meaning, value=self._read())
