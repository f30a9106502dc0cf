"""Counts requests by their outcome, and measures how long the gate and the webmail took."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from time import perf_counter
from types import MappingProxyType
from typing import Protocol, TypeAlias

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from mailgate.http.exchange import Exchange
from mailgate.model import Access

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_NAMED = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND PROPPATCH MKCOL MKCALENDAR COPY MOVE LOCK UNLOCK REPORT SEARCH ACL"
METHODS = {name.encode(): name for name in _NAMED.split()}
CODES = {0: "none"} | {status: str(status) for status in range(100, 600)}
OTHER, NONE = "other", "none"
_SWITCHED = 101

Timed: TypeAlias = list[float]
"""The count of each bucket, then the count of requests without a time, and then the sum of all times in seconds."""
_UNTIMED, _SUM = -2, -1


def _none_yet() -> Timed:
    return [0.0] * (len(BUCKETS) + 3)


class Tracing(Protocol):
    """Traces of requests (``traces.py``), if the settings ask for them."""

    def mark(self, exchange: Exchange, head: bytes) -> bytes:
        """The head of a request to the webmail, with the trace that it belongs to."""

    def request_finished(self, exchange: Exchange) -> None:
        """Report a finished request."""

    def stop(self) -> None:
        """Send the waiting spans. It blocks, so call it in a thread."""


class RequestMetrics(Collector):
    """Counts requests by method, status and effect, and requests to the webmail by the status of its answer; the metrics are summed up from
    these. ``request_finished`` is called with each finished request. It costs one lookup and a few additions."""

    def __init__(
        self,
        registry: CollectorRegistry,
        answered: Callable[[Access, int], None] = lambda _access, _status: None,
    ) -> None:
        """``answered`` is called with each request of its own verdict that the webmail answered, and with the status."""
        self._answered = answered
        self.others: tuple[Callable[[Exchange], None], ...] = ()
        """Further functions that are called with each request. They must neither raise nor wait. A reload replaces them."""
        self._served: dict[tuple[bytes, int, str], Timed] = {}
        self._asked: dict[int, Timed] = {}
        self._examples: dict[tuple[str, int], Exemplar] = {}
        """The examples of durations, by effect and bucket: the last request of each bucket that has a trace."""
        registry.register(self)

    def request_finished(self, exchange: Exchange) -> None:
        """Count a request. A request that hangs on purpose or became a tunnel is not timed."""
        now, status, judged = perf_counter(), exchange.status, exchange.judged
        key = exchange.head.method, status, NONE if judged is None else judged.effect
        served = self._served.get(key) or self._begin(key)
        asked_at = exchange.asked_at
        if exchange.hangs or status == _SWITCHED:
            served[_UNTIMED] += 1
            if asked_at:
                self._upstream(status if exchange.answered_at else 0)[_UNTIMED] += 1
        else:
            seconds = now - exchange.began_at
            served[bisect_left(BUCKETS, seconds)] += 1
            served[_SUM] += seconds
            if asked_at:
                answered_at = exchange.answered_at
                told = status if answered_at else 0
                asked = self._asked.get(told) or self._upstream(told)
                seconds = (answered_at or now) - asked_at
                asked[bisect_left(BUCKETS, seconds)] += 1
                asked[_SUM] += seconds
        if exchange.answered_at and exchange.verdict is not None:
            self._answered(exchange.verdict[0], status)
        for tell in self.others:
            tell(exchange)

    def _begin(self, key: tuple[bytes, int, str]) -> Timed:
        """Make the counts of a method, a status and an effect. Rare methods are counted together, and so are rare statuses."""
        method, status, effect = key
        known = method if method in METHODS else b"", status if status in CODES else -1, effect
        return self._served.setdefault(known, _none_yet())

    def _upstream(self, status: int) -> Timed:
        return self._asked.get(status) or self._asked.setdefault(
            status if status in CODES else -1, _none_yet()
        )

    def remember(self, effect: str, seconds: float, trace: str, at: float) -> None:
        self._examples[effect, bisect_left(BUCKETS, seconds)] = Exemplar({"trace_id": trace}, seconds, at)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "mailgate_requests",
            "Finished requests, by decision and answer",
            labels=("method", "code", "effect"),
        )
        by_effect: defaultdict[str, Timed] = defaultdict(_none_yet)
        for (method, status, effect), timed in self._served.items():
            labels = (METHODS.get(method, OTHER), CODES.get(status, OTHER), effect)
            requests.add_metric(labels, sum(timed[:_SUM]))
            by_effect[effect] = [a + b for a, b in zip(by_effect[effect], timed, strict=True)]
        upstream = CounterMetricFamily(
            "mailgate_upstream_requests", "Requests passed on to the webmail, by its answer", labels=("code",)
        )
        together = _none_yet()
        for status, timed in self._asked.items():
            upstream.add_metric((CODES.get(status, OTHER),), sum(timed[:_SUM]))
            together = [a + b for a, b in zip(together, timed, strict=True)]
        yield requests
        yield _durations(
            "mailgate_request_duration_seconds",
            "Time from the head of a request to the last byte of its answer",
            ("effect",),
            {(effect,): timed for effect, timed in by_effect.items()},
            self._examples,
        )
        yield upstream
        yield _durations(
            "mailgate_upstream_duration_seconds",
            "Time until the webmail had answered with a head",
            (),
            {(): together},
        )


def _durations(
    name: str,
    meaning: str,
    labels: tuple[str, ...],
    series: Mapping[tuple[str, ...], Timed],
    examples: Mapping[tuple[str, int], Exemplar] = MappingProxyType({}),
) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=labels)
    ends = (*map(str, BUCKETS), "+Inf")
    for values, timed in series.items():
        shown: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
        for at, (end, count) in enumerate(zip(ends, accumulate(timed[:_UNTIMED]), strict=True)):
            example = examples.get(("".join(values), at))
            shown.append((end, count, example) if example else (end, count))
        family.add_metric(values, shown, timed[_SUM])
    return family
