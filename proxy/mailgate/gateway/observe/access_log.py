"""The access log: one JSON object for each finished request, with only those facts about the client that the settings name."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from time import perf_counter

from mailgate.gateway.observe.request_metrics import METHODS, OTHER
from mailgate.http.exchange import Exchange

MAX_VALUE = 1024

CLIENT_FACTS: Mapping[str, Callable[[Exchange], str]] = {
    # without the query, which may hold tokens and ids
    "path": lambda exchange: exchange.head.target.partition(b"?")[0].decode("latin-1")[:MAX_VALUE],
    "name": lambda exchange: exchange.judged.person if exchange.judged else "",
    "address": lambda exchange: exchange.origin.remote if exchange.origin else exchange.peer,
    "user_agent": lambda exchange: exchange.head.fields.get(b"user-agent").decode("latin-1")[:MAX_VALUE],
}


class AccessLog:
    """Writes the log. ``request_finished`` is called with each finished request. ``put`` takes a line."""

    def __init__(
        self,
        put: Callable[[bytes], None],
        include: Collection[str],
        clock: Callable[[], datetime],
        worker: int,
    ) -> None:
        self._put, self._clock, self._worker = put, clock, worker
        self._asked = [(name, read) for name, read in CLIENT_FACTS.items() if name in include]

    def request_finished(self, exchange: Exchange) -> None:
        line = json.dumps(self.entry(exchange), separators=(",", ":"))
        self._put(line.encode() + b"\n")

    def entry(self, exchange: Exchange) -> dict[str, object]:
        """The entry of a request. Seconds are measured by the gate's own clock, and are null if nothing was measured."""
        judged, now = exchange.judged, perf_counter()
        waited = (exchange.answered_at or now) - exchange.asked_at if exchange.asked_at else None
        return {
            "event": "request",
            "timestamp": self._clock().isoformat(),
            "worker": self._worker,
            "method": METHODS.get(exchange.head.method, OTHER),
            "status": exchange.status or None,
            "effect": judged.effect if judged else None,
            "reason": judged.reason if judged else None,
            "rule": judged.rule if judged else None,
            "kind": judged.kind if judged else None,
            "protocol": judged.protocol if judged else None,
            "failed": exchange.failed or None,
            "reference": exchange.reference or None,
            "seconds": round(now - exchange.began_at, 6),
            "upstream_seconds": None if waited is None else round(waited, 6),
            **{name: read(exchange) for name, read in self._asked},
        }
