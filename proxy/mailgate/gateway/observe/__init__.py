"""What is told of each request once it is over: to Prometheus, and where it is asked for to a log and to traces."""

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.observe.request_numbers import RequestNumbers


@dataclass(slots=True)
class Observers:
    """All who are told. A reload replaces ``others``, none of whom may ever raise or wait."""

    numbers: RequestNumbers
    others: tuple[Callable[[Exchange], None], ...] = ()

    def over(self, exchange: Exchange) -> None:
        """A request is over."""
        self.numbers.over(exchange)
        for tell in self.others:
            tell(exchange)
