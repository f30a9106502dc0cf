"""A store that hangs is asked by one, not by all: whoever comes while it rests is told at once."""

from collections.abc import Callable

REST = 3.0
"""Seconds from one look at a silent store to the next: longer than a short question waits for its answer."""


class CircuitBreaker:
    """Opens when the store was silent for as long as somebody waited, closes with its next answer. ``clock`` tells seconds."""

    def __init__(self, clock: Callable[[], float], rest: float = REST) -> None:
        self._clock = clock
        self._rest = rest
        self._open = False
        self._again = 0.0
        self._answered_at = float("-inf")

    def enter(self) -> float | None:
        """When this question is asked; None: not now. Of those that come after a rest, the first one finds out for all."""
        now = self._clock()
        if self._open and now < self._again:
            return None
        self._again = now + self._rest
        return now

    def answered(self) -> None:
        self._open, self._answered_at = False, self._clock()

    def silent(self, since: float) -> None:
        """Somebody who asked at ``since`` has given up. Where others were answered meanwhile, it was their question."""
        if self._answered_at < since:
            self._open, self._again = True, self._clock() + self._rest
