"""Requests in numbers: how many, with what came of them, and how long the gate and the webmail took."""

from time import perf_counter

from prometheus_client import CollectorRegistry

from mailgate.gateway.counters import Durations, Tallies
from mailgate.gateway.http1.exchange import Exchange

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_NAMED = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND PROPPATCH MKCOL MKCALENDAR COPY MOVE LOCK UNLOCK REPORT SEARCH ACL"
METHODS = {name.encode(): name for name in _NAMED.split()}
CODES = {status: str(status) for status in range(100, 600)}
OTHER, NONE = "other", "none"
_SWITCHED = 101


class RequestNumbers:
    """``over`` is called with each request that is over. Costs it a few additions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Tallies(
            "mailgate_requests",
            "Requests that are over, by what was decided and answered",
            ("method", "code", "effect"),
            registry,
        )
        self.durations = Durations(
            "mailgate_request_duration_seconds",
            "Time from the head of a request to the last byte of its answer",
            BUCKETS,
            registry,
            ("effect",),
        )
        self.upstream_requests = Tallies(
            "mailgate_upstream_requests",
            "Requests passed on to the webmail, by its answer",
            ("code",),
            registry,
        )
        self.upstream_durations = Durations(
            "mailgate_upstream_duration_seconds",
            "Time until the webmail had answered with a head",
            BUCKETS,
            registry,
        )

    def over(self, exchange: Exchange) -> None:
        """Count it. What hangs on purpose, or became a tunnel, has no duration that tells anything."""
        now, status, judged = perf_counter(), exchange.status, exchange.judged
        effect = NONE if judged is None else judged.effect
        code = CODES.get(status, OTHER) if status else NONE
        self.requests.add((METHODS.get(exchange.head.method, OTHER), code, effect))
        timed = not exchange.hangs and status != _SWITCHED
        if timed:
            self.durations.observe(now - exchange.began_at, (effect,))
        if exchange.asked_at:
            answered = exchange.answered_at
            self.upstream_requests.add((code if answered else NONE,))
            if timed:
                self.upstream_durations.observe((answered or now) - exchange.asked_at)
