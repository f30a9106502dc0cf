"""The id of a request that a person can tell the help desk: the same in its answer, its page, its record and its log line."""

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.gateway.http1.exchange import Exchange


@dataclass(frozen=True, slots=True)
class References:
    """Drawn when it is first shown: a request that is allowed shows none."""

    draw: Callable[[], str]

    def of(self, exchange: Exchange) -> str:
        """The one of this request."""
        if not exchange.reference:
            exchange.reference = self.draw()
        return exchange.reference
