"""A deadline that every request moves and that hardly ever passes. It needs no timer for each move. Bodies that come too slowly
are ended too."""

import asyncio
from collections.abc import Callable

from aiohttp.streams import StreamReader

from mailgate.http.request import RequestRefused
from mailgate.model import Reason


class Deadline:
    """Calls ``passed`` when the deadline passes. If its one timer fires and the deadline was moved, it waits again."""

    __slots__ = ("_at", "_loop", "_passed", "_rings", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop, self._passed = loop, passed
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings = 0.0

    def set(self, seconds: float) -> float:
        """Set the deadline to this many seconds from now. This replaces an earlier one. Returns the moment."""
        self._at = at = self._loop.time() + seconds
        if self._timer is not None:
            if self._rings <= at:
                return at
            self._timer.cancel()
        self._ring(at)
        return at

    def clear(self) -> None:
        """Remove the deadline until the next ``set``."""
        self._at = None

    def end(self) -> None:
        """Remove the deadline for good, and drop every reference to it."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._ring(self._at)
        else:
            self._at = None
            self._passed()

    def _ring(self, at: float) -> None:
        self._rings, self._timer = at, self._loop.call_at(at, self._look)


SPAN_SECONDS = 10.0
"""The seconds between two looks."""
MIN_BYTES_PER_SPAN = 4 * 1024
"""The fewest bytes that have to come from one look to the next, unless the body has ended."""


class Pace:
    """Ends a body with RequestRefused if it comes too slowly. Call ``end`` when nobody reads the body any more."""

    def __init__(self, body: StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        self._body, self._loop = body, loop
        self._seen = body.total_bytes
        self._timer = loop.call_later(SPAN_SECONDS, self._check)

    def end(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        if self._body.is_eof() or self._body.exception() is not None:
            return
        if self._body.total_bytes - self._seen < MIN_BYTES_PER_SPAN:
            words = "The request body did not arrive in time."
            self._body.set_exception(RequestRefused(408, Reason.REQUEST_TIMEOUT, words))
            return
        self._seen = self._body.total_bytes
        self._timer = self._loop.call_later(SPAN_SECONDS, self._check)
