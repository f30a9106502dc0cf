"""What a gate wants of traces, whatever makes them: ``traces.py`` does where they are asked for."""

from collections.abc import Callable
from typing import Protocol

from mailgate.gateway.http1.exchange import Exchange


class Tracing(Protocol):
    """Traces of requests."""

    remember: Callable[[str, float, str, float], None]
    """Takes an example of a duration: the effect, the seconds, the trace, the moment in seconds since 1970."""

    def mark(self, exchange: Exchange, head: bytes) -> bytes:
        """The head of a request to the webmail, with the trace that it belongs to."""

    def over(self, exchange: Exchange) -> None:
        """Tell of a request that is over."""

    def stop(self) -> None:
        """Send what waits. For a thread."""
