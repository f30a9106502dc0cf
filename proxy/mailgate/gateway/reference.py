"""The reference id of a request, which a person can give to the help desk. Answer, page, record and log line have the
same id."""

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.http.exchange import Exchange


@dataclass(frozen=True, slots=True)
class References:
    """Makes reference ids. An id is made when it is first shown, and an allowed request shows none."""

    draw: Callable[[], str]

    def of(self, exchange: Exchange) -> str:
        """The reference id of this request."""
        if not exchange.reference:
            exchange.reference = self.draw()
        return exchange.reference
