"""The listener: aiohttp's low-level server with our strict parser in its parser's place.

aiohttp keeps the life of a connection (keep-alive, pipelining, flow control, TLS, shutdown). The grammar is ours
(``http1/``), since a proxy must refuse what is ambiguous, pass on what is merely unusual, and keep trailers.
Three files know aiohttp's inside: this one, ``parser.py`` with what ``RequestHandler`` calls of its parser, and
``exchange.py`` with what it calls of its request (docs/decisions/0002-aiohttp-with-our-own-grammar.md).
"""

import asyncio
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from mailgate.gateway.exchange import Exchange, Handler
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.parser import MAX_PIPELINED, RequestParser, ServerLimits
from mailgate.gateway.upstream import Readable
from mailgate.model import Reason

log = structlog.get_logger()

FAREWELL = 5.0
"""Seconds for the last bytes of an idle connection when the gate stops."""


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_head_timer", "_limits", "_peer", "_requests")

    def __init__(self, manager: "Server", limits: ServerLimits, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=limits.keep_alive,
            lingering_time=limits.linger,
            access_log=cast(Any, None),
        )
        self._limits = limits
        self._requests = RequestParser(self, loop, limits)
        self._parser = cast(Any, self._requests)
        # where our parser stops: with aiohttp's own, higher bound reading would neither pause nor go on again
        self._max_msg_queue_size = MAX_PIPELINED
        self._msg_queue_resume_size = MAX_PIPELINED // 2
        self._head_timer: asyncio.TimerHandle | None = None
        self._peer: Readable | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._requests.inside_head:
            if self._head_timer is None:
                self._head_timer = self._loop.call_later(self._limits.head_time, self._head_too_slow)
        elif self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._requests.feed_eof()
        super().connection_lost(exc)

    def start_tunnel(self, reader: object, peer: Readable) -> None:
        """From now on every byte goes to ``reader.feed_data``; ``peer`` is read only as fast as the client reads."""
        self._peer = peer
        self.set_parser(cast(Any, reader))

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._peer is not None:
            self._peer.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._peer is not None:
            self._peer.resume_reading()

    async def drained(self) -> None:
        """Wait until the transport's buffer has room again."""
        await self._drain_helper()

    def _head_too_slow(self) -> None:
        error = RequestRefused(408, Reason.REQUEST_TIMEOUT, "The request head did not arrive in time.")
        self._head_timer = None
        self._messages.append(cast(Any, self._requests.refuse(error)))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def drain(self) -> None:
        """Close now if idle, else after the answer that is on its way."""
        exchange = cast(Exchange | None, self._current_request)
        if exchange is not None:
            exchange.head.keep_alive = False
        elif self._waiter is not None and not self._requests.inside_head:
            transport = self.transport
            self.force_close()
            if transport is not None:
                # TLS waits for the client's farewell, which a sleeping phone does not send
                self._loop.call_later(FAREWELL, transport.abort)

    def log_exception(self, *_: Any, **kw: Any) -> None:
        """What aiohttp catches behind our handler: never with its arguments, they hold the request."""
        log.error("connection-failed", error=type(kw.get("exc_info")).__name__)


class Server(web.Server):
    """Makes a Connection of each accepted socket and calls ``handler`` with each Exchange."""

    def __init__(self, handler: Handler, limits: ServerLimits) -> None:
        super().__init__(
            cast(Any, handler), request_factory=cast(Any, self._make_exchange), handler_cancellation=True
        )
        self._limits = limits
        self._draining = False

    def _make_exchange(
        self, head: RequestHead, body: StreamReader, connection: Connection, *_: object
    ) -> Exchange:
        if self._draining:
            head.keep_alive = False
        return Exchange(head, body, connection)

    def __call__(self) -> Connection:
        return Connection(self, self._limits, self._loop)

    async def finish(self, timeout: float) -> None:
        """Let running requests end, at most ``timeout`` seconds, then close what is left.

        aiohttp's own ``shutdown`` stops reading at once, which would cut an upload that is under way.
        """
        self._draining = True
        end = self._loop.time() + timeout
        while self.connections and self._loop.time() < end:
            for connection in self.connections:
                cast(Connection, connection).drain()
            await asyncio.sleep(0.05)
        await self.shutdown(0.1)
