"""Sends decisions to a SIEM: either those that refused, warned or challenged somebody, or all."""

import json
from collections.abc import Callable, Collection
from datetime import datetime

from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.observe.ocsf import decision_event


class SecurityEvents:
    """Writes the events. ``over`` is called with each finished request. ``put`` takes a line, and ``host`` is the webmail's."""

    def __init__(
        self,
        put: Callable[[bytes], None],
        include: Collection[str],
        clock: Callable[[], datetime],
        host: str,
        *,
        all_of_them: bool,
    ) -> None:
        self._put, self._include, self._clock, self._host, self._all = put, include, clock, host, all_of_them

    def over(self, exchange: Exchange) -> None:
        judged = exchange.judged
        if judged is None or (judged.effect == "allow" and not self._all):
            return
        event = decision_event(exchange, judged, self._clock(), self._host, self._include)
        self._put(json.dumps(event, separators=(",", ":")).encode() + b"\n")
