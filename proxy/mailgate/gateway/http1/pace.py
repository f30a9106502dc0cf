"""Ends bodies that come too slowly. A client that sends a byte at a time would hold a connection and everything behind
it."""

import asyncio

from aiohttp.streams import StreamReader

from mailgate.gateway.http1.request import RequestRefused
from mailgate.model import Reason

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
