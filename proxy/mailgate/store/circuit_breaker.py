"""A circuit breaker: if the store hangs, one question tries it, and all others fail at once."""

from collections.abc import Callable

REST = 3.0
"""The seconds between two tries of a silent store. This is longer than a short question waits for its answer."""


class CircuitBreaker:
    """Opens when a question got no answer in time, and closes with the next answer. ``clock`` returns seconds."""

    def __init__(self, clock: Callable[[], float], rest: float = REST) -> None:
        self._clock = clock
        self._rest = rest
        self._open = False
        self._again = 0.0
        self._answered_at = float("-inf")

    def enter(self) -> float | None:
        """The time of this question, or None if it must not be asked now. After a rest the first question tries for all."""
        now = self._clock()
        if self._open and now < self._again:
            return None
        self._again = now + self._rest
        return now

    def answered(self) -> None:
        self._open, self._answered_at = False, self._clock()

    def silent(self, since: float) -> None:
        """Take note that a question asked at ``since`` was given up. If others were answered meanwhile, the store is not at fault."""
        if self._answered_at < since:
            self._open, self._again = True, self._clock() + self._rest
