"""A circuit breaker: if the store hangs, one query tries it, and all others fail at once."""

from collections.abc import Callable

RETRY_AFTER_SECONDS = 3.0
"""The seconds between two tries of a hanging store, longer than the limit of a short query."""


class CircuitBreaker:
    """Opens when a query got no answer in time, and closes with the next answer. ``clock`` returns seconds."""

    def __init__(self, clock: Callable[[], float], rest: float = RETRY_AFTER_SECONDS) -> None:
        self._clock = clock
        self._rest = rest
        self._open = False
        self._again = 0.0
        self._answered_at = float("-inf")

    def enter(self) -> float | None:
        """The time of this query; None if it must not be sent now. The first query after ``RETRY_AFTER_SECONDS`` is
        sent, to try the store."""
        now = self._clock()
        if self._open and now < self._again:
            return None
        self._again = now + self._rest
        return now

    def answered(self) -> None:
        self._open, self._answered_at = False, self._clock()

    def timed_out(self, since: float) -> None:
        """Note that a query sent at ``since`` was given up. The breaker stays closed if other queries were answered
        since."""
        if self._answered_at < since:
            self._open, self._again = True, self._clock() + self._rest
