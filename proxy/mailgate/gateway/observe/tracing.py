"""The interface of traces for the rest of the gate. ``traces.py`` implements it if the settings ask for traces."""

from typing import Protocol

from mailgate.http.exchange import Exchange


class Tracing(Protocol):
    """Traces of requests."""

    def mark(self, exchange: Exchange, head: bytes) -> bytes:
        """The head of a request to the webmail, with the trace that it belongs to."""

    def request_finished(self, exchange: Exchange) -> None:
        """Report a finished request."""

    def stop(self) -> None:
        """Send the waiting spans. It blocks, so call it in a thread."""
