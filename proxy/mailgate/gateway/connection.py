"""One client's connection, from its first byte to its last: its requests, one after the other.

One task serves a connection, and for most requests nothing else is started. What a request is says ``parser.py``, what
becomes of it ``handler.py``; see docs/decisions/0016-the-gate-keeps-its-own-connections.md.
"""

import asyncio
from collections import deque
from typing import Any, Protocol, cast

import structlog
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.tcp_helpers import tcp_keepalive

from mailgate.gateway.deadline import Deadline
from mailgate.gateway.exchange import Exchange, Handler, Receiver
from mailgate.gateway.http1.fields import FieldMemory
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.parser import MAX_PIPELINED, RequestParser, ServerLimits
from mailgate.gateway.upstream import Readable
from mailgate.model import Reason

log = structlog.get_logger()

FAREWELL = 5.0
"""Seconds for the last bytes of an idle connection when the gate stops."""
MAX_TAIL = 64 * 1024
"""Bytes behind a handshake that are kept until the webmail has answered it."""


class Listener(Protocol):
    """Whose connection it is (``server.py``)."""

    handler: Handler
    connections: "set[Connection]"
    draining: bool
    memory: FieldMemory


class Connection(BaseProtocol):
    """One client's connection."""

    __slots__ = (
        "_closing",
        "_current",
        "_head_timer",
        "_idle_time",
        "_limits",
        "_listener",
        "_peer",
        "_queue",
        "_receiver",
        "_requests",
        "_tail",
        "_task",
        "_waiter",
        "peername",
        "ssl_context",
    )

    def __init__(self, listener: Listener, limits: ServerLimits, loop: asyncio.AbstractEventLoop) -> None:
        self._requests = RequestParser(self, loop, limits, listener.memory)
        super().__init__(loop, cast(Any, self._requests))
        self._listener = listener
        self._limits = limits
        self._queue: deque[tuple[RequestHead, StreamReader]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._current: Exchange | None = None
        self._closing = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_time = Deadline(loop, self._close_if_idle)
        self._tail = b""
        self._receiver: Receiver | None = None
        self._peer: Readable | None = None
        self.peername: object = None
        self.ssl_context: object = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        tcp_keepalive(cast(asyncio.Transport, transport))
        self.peername = transport.get_extra_info("peername")
        self.ssl_context = transport.get_extra_info("sslcontext")
        self._listener.connections.add(self)
        self._idle_time.set(self._limits.keep_alive)
        self._task = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            if data:
                self._receiver.feed_data(data)
        elif self._upgraded:
            self._keep_tail(data)
        elif not self._closing:
            self._parse(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._idle_time.end()
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._closing = True
        self._listener.connections.discard(self)
        self._requests.feed_eof()
        super().connection_lost(exc)
        if self._current is not None:
            self._current.body.set_exception(exc or ConnectionResetError("the client is gone"))
        if self._task is not None:
            self._task.cancel()
        if self._receiver is not None:
            self._receiver.feed_eof()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._peer is not None:
            self._peer.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._peer is not None:
            self._peer.resume_reading()

    # what an exchange needs

    async def drained(self) -> None:
        """Wait until the transport's buffer has room again."""
        await self._drain_helper()

    def start_tunnel(self, reader: Receiver, peer: Readable) -> None:
        """From now on every byte goes to ``reader.feed_data``; ``peer`` is read only as fast as the client reads."""
        self._peer, self._receiver = peer, reader
        tail, self._tail = self._tail, b""
        if tail:
            reader.feed_data(tail)
        if self._buffer_paused:
            self._resume_reading_for_buffer()

    # bytes to requests

    def _parse(self, data: bytes) -> None:
        messages, self._upgraded, tail = self._requests.feed_data(data)
        if messages:
            self._queue.extend(messages)
            self._wake()
            if len(self._queue) >= MAX_PIPELINED and not self._buffer_paused:
                self._pause_reading_for_buffer()
        if self._upgraded:
            self._keep_tail(tail)
        if self._requests.inside_head:
            if self._head_timer is None:
                self._head_timer = self._loop.call_later(self._limits.head_time, self._head_too_slow)
        elif self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _keep_tail(self, data: bytes) -> None:
        """Bytes behind a handshake: the tunnel's, or the next request where the webmail declines."""
        self._tail += data
        if len(self._tail) >= MAX_TAIL and not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _head_too_slow(self) -> None:
        error = RequestRefused(408, Reason.REQUEST_TIMEOUT, "The request head did not arrive in time.")
        self._head_timer = None
        self._queue.append(self._requests.refuse(error))
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # requests to the handler

    async def _serve(self) -> None:
        """Hand one request after the other to the handler, until either side wants no more."""
        try:
            while not self._closing:
                if not self._queue:
                    await self._asked()
                elif not await self._serve_next():
                    break
                elif self._queue:
                    await asyncio.sleep(0)  # who sends many requests at once does not keep the others waiting
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever comes through the handler ends this connection alone
            # never with its arguments, they hold the request
            log.error("connection-failed", error=type(error).__name__)
        finally:
            self.close()

    async def _asked(self) -> None:
        """Wait for the next request."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _serve_next(self) -> bool:
        """Whether another request may follow."""
        head, body = self._queue.popleft()
        self._requests.message_consumed()
        if self._buffer_paused and len(self._queue) <= MAX_PIPELINED // 2:
            self._read_on()
        if self._listener.draining:
            head.keep_alive = False
        exchange = self._current = Exchange(head, body, self)
        try:
            outcome = await self._listener.handler(exchange)
            if not body.is_eof():
                await self._linger(body)
        finally:
            self._current = None
        if self._receiver is not None or not outcome.keep_alive or not body.is_eof():
            return False
        if self._upgraded and not self._queue:
            self._read_requests_again()
        self._idle_time.set(self._limits.keep_alive)
        return True

    def _read_on(self) -> None:
        """Parse what was already received; read more where that leaves room."""
        if not self._upgraded:
            self._parse(b"")
        if len(self._queue) < MAX_PIPELINED and len(self._tail) < MAX_TAIL:
            self._resume_reading_for_buffer()

    def _read_requests_again(self) -> None:
        """The webmail declined a handshake: what came behind it are requests."""
        self._requests.set_upgraded(False)
        tail, self._tail = self._tail, b""
        self._parse(tail)
        if self._buffer_paused and len(self._queue) < MAX_PIPELINED and len(self._tail) < MAX_TAIL:
            self._resume_reading_for_buffer()

    async def _linger(self, body: StreamReader) -> None:
        """Read and drop the rest of a body for a moment, so that the client reads its answer before the end."""
        try:
            async with asyncio.timeout(self._limits.linger):
                while not body.is_eof():
                    await body.readany()
        except (TimeoutError, OSError, RequestRefused):
            return

    # the end

    def _close_if_idle(self) -> None:
        if self._idle:
            self.close()
        else:
            self._idle_time.set(self._limits.keep_alive)

    @property
    def _idle(self) -> bool:
        """Whether it waits for a request of which nothing has come."""
        return self._current is None and not self._queue and not self._requests.inside_head

    def close(self) -> None:
        """Close after what is queued."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()
            self.transport = None
        if self._task is not None and self._waiter is not None:
            self._task.cancel()

    def drain(self) -> None:
        """Close now if idle, else after the answer that is on its way."""
        transport = self.transport
        if self._current is not None:
            self._current.head.keep_alive = False
        elif self._idle and transport is not None:
            self.close()
            # TLS waits for the client's farewell, which a sleeping phone does not send
            self._loop.call_later(FAREWELL, transport.abort)

    def cut(self) -> asyncio.Task[None] | None:
        """Close whatever runs; the task that is ending then."""
        if self._task is not None:
            self._task.cancel()
        return self._task
