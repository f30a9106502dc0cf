"""One client's connection, which serves requests one after the other, and the server that makes one for each client.

Callbacks alone serve most requests; a request that has to wait for something gets a task. ``parser.py`` reads requests and
``gateway/handler.py`` serves them; see docs/decisions/0016-the-gate-keeps-its-own-connections.md."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.tcp_helpers import tcp_keepalive

from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.deadline import Deadline
from mailgate.http.exchange import CLOSE, Exchange, Handler, Outcome, Readable, Receiver
from mailgate.http.parser import MAX_PIPELINED, RequestParser, ServerLimits
from mailgate.http.request import RequestHead, RequestRefused
from mailgate.http.trusted_headers import LOCAL
from mailgate.model import Reason

log = structlog.get_logger()

LAST_BYTES_SECONDS = 5.0
"""How many seconds an idle connection has for its last bytes when the gate stops."""
MAX_TAIL = 64 * 1024
"""How many bytes after a handshake are kept until the webmail has answered it."""


class Connection(BaseProtocol):
    """One client's connection."""

    __slots__ = (
        "_begun",
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
        "peer",
        "secure",
        "ssl_context",
    )

    def __init__(self, listener: "Server", limits: ServerLimits, loop: asyncio.AbstractEventLoop) -> None:
        self._requests = RequestParser(self, loop, limits)
        super().__init__(loop, cast(Any, self._requests))
        self._listener = listener
        self._limits = limits
        self._queue: deque[tuple[RequestHead, StreamReader]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._current: Exchange | None = None
        self._closing = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_time = Deadline(loop, self._close_if_idle)
        self._tail = self._begun = b""
        self._receiver: Receiver | None = None
        self._peer: Readable | None = None
        self.peer = ""
        self.secure = False
        self.ssl_context: object = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._listener.room.take(self):
            self.give_up()
            return
        tcp_keepalive(cast(asyncio.Transport, transport))
        name = transport.get_extra_info("peername")
        self.peer = LOCAL if self._listener.local else str(name[0]) if isinstance(name, tuple) else ""
        self.ssl_context = transport.get_extra_info("sslcontext")
        self.secure = self.ssl_context is not None
        self._listener.connections.add(self)
        self._idle_time.set(self._limits.keep_alive)

    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            if data:
                self._receiver.feed_data(data)
        elif self._upgraded:
            self._keep_tail(data)
        elif not self._closing:
            begun = self._begun
            if begun:
                data, self._begun = begun + data, b""
            if self._current is None and (whole := self._requests.whole(data)) is not None:
                head, content = whole
                self._current = Exchange(head, content, self)
                self._serve(self._current)
            elif self._current is None and not begun and self._requests.lacks_short_rest:
                self._begun = data
                # the loop looks at the sockets once before it calls what a callback of this turn asks for
                self._loop.call_soon(self._loop.call_soon, self._parse_begun)
            else:
                self._parse(data)

    def eof_received(self) -> None:
        self._parse_begun()  # while it can be answered

    def connection_lost(self, exc: BaseException | None) -> None:
        self._parse_begun()
        self._idle_time.end()
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._closing = True
        self._listener.connections.discard(self)
        self._listener.room.leave(self)
        self._requests.feed_eof()
        super().connection_lost(exc)
        if self._current is not None:
            self._current.body.set_exception(exc or ConnectionResetError("the client is gone"))
            if self._current.give_up is not None:
                self._current.give_up()
                self._go_on(CLOSE)
        self._cancel()
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

    # for the exchange

    async def drained(self) -> None:
        """Wait until the transport's buffer has room again."""
        await self._drain_helper()

    def start_tunnel(self, reader: Receiver, peer: Readable) -> None:
        """Pass every further byte to ``reader.feed_data``; ``peer`` is read only as fast as the client reads."""
        self._peer, self._receiver = peer, reader
        tail, self._tail = self._tail, b""
        if tail:
            reader.feed_data(tail)
        if self._buffer_paused:
            self._resume_reading_for_buffer()

    # from bytes to requests

    def _parse(self, data: bytes) -> None:
        messages, self._upgraded, tail = self._requests.feed_data(data)
        if messages:
            self._queue.extend(messages)
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
        if messages:
            self._serve_next()

    def _parse_begun(self) -> None:
        """Parse a request whose body has not come to its end at the next look at the sockets."""
        begun, self._begun = self._begun, b""
        if begun and not self._closing:
            self._parse(begun)

    def _keep_tail(self, data: bytes) -> None:
        """Keep bytes after a handshake. They belong to the tunnel, or to the next request if the webmail declines."""
        self._tail += data
        if len(self._tail) >= MAX_TAIL and not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _head_too_slow(self) -> None:
        error = RequestRefused(408, Reason.REQUEST_TIMEOUT, "The request head did not arrive in time.")
        self._head_timer = None
        self._queue.append(self._requests.refuse(error))
        self._serve_next()

    # from requests to the handler

    def _serve_next(self) -> None:
        """Hand the next request to the handler, unless one is being served."""
        if self._current is not None or self._closing or not self._queue:
            return
        head, body = self._queue.popleft()
        exchange = self._current = Exchange(head, body, self)
        self._requests.message_consumed()
        if self._buffer_paused and len(self._queue) <= MAX_PIPELINED // 2:
            self._read_on()
        self._serve(exchange)

    def _serve(self, exchange: Exchange) -> None:
        if self._listener.draining:
            exchange.head.keep_alive = False
        rest = self._listener.handler(exchange)
        if rest is not None:
            self.wait_for(rest)

    def wait_for(self, rest: Coroutine[Any, Any, Outcome]) -> None:
        """Run ``rest`` in a task. When the task ends, the exchange is over."""
        self._task = self._loop.create_task(self._wait(rest))

    async def _wait(self, rest: Coroutine[Any, Any, Outcome]) -> None:
        outcome = CLOSE
        try:
            outcome = await rest
            await self._linger(outcome)
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001 - any error of the handler ends only this connection
            # only the error's class is logged, since its text may quote the request
            log.error("connection-failed", error=type(error).__name__)
        finally:
            self._task = None
            self._go_on(outcome if self._current is None or self._current.read else CLOSE)

    def answered(self, outcome: Outcome) -> None:
        """End the exchange."""
        if self._current is None or self._current.read:
            self._go_on(outcome)
        else:
            self.wait_for(_already(outcome))

    def _go_on(self, outcome: Outcome) -> None:
        """Serve the next request, unless either side ends the connection. This one was read to its end if it may stay open."""
        exchange, self._current = self._current, None
        if exchange is not None and self._listener.request_finished is not None:
            self._listener.request_finished(exchange)
        if self._closing or self._receiver is not None or not outcome.keep_alive:
            self.close()
            return
        if self._upgraded and not self._queue:
            self._read_requests_again()
        self._idle_time.set(self._limits.keep_alive)
        if self._queue:
            # a client that sends many requests at once does not keep the others waiting
            self._loop.call_soon(self._serve_next)

    def _read_on(self) -> None:
        """Parse the bytes already received, and read more if there is room."""
        if not self._upgraded:
            self._parse(b"")
        if len(self._queue) < MAX_PIPELINED and len(self._tail) < MAX_TAIL:
            self._resume_reading_for_buffer()

    def _read_requests_again(self) -> None:
        """Parse the bytes after a handshake as requests, since the webmail has declined the handshake."""
        self._requests.set_upgraded(False)
        tail, self._tail = self._tail, b""
        self._parse(tail)
        if self._buffer_paused and len(self._queue) < MAX_PIPELINED and len(self._tail) < MAX_TAIL:
            self._resume_reading_for_buffer()

    async def _linger(self, outcome: Outcome) -> None:
        """Read and drop the rest of a body.

        The rest is read for a moment, so that the client reads its answer before the connection ends. If the connection
        stays open, the rest may take as long as a head."""
        if self._current is None or self._current.read:
            return
        body = self._current.body
        try:
            async with asyncio.timeout(self._limits.head_time if outcome.keep_alive else self._limits.linger):
                while not body.is_eof():
                    await body.readany()
        except (TimeoutError, OSError, RequestRefused):
            return

    # the end

    @property
    def serving(self) -> Exchange | None:
        """The request that is being served; None if none is."""
        return self._current

    def _close_if_idle(self) -> None:
        if self._quiet:
            self.close()
        else:
            self._idle_time.set(self._limits.keep_alive)

    @property
    def _quiet(self) -> bool:
        """Whether the connection waits for a request and no byte of it has come."""
        return self.idle and not self._requests.inside_head

    @property
    def idle(self) -> bool:
        """Whether no request with a complete head waits for its answer."""
        return self._current is None and not self._queue and not self._begun

    @property
    def waits(self) -> bool:
        """Whether a request waits for its client, either for the rest of its body or because the client reads its answer slowly."""
        current = self._current
        return current is not None and self._receiver is None and (not current.read or self.writing_paused)

    def close(self) -> None:
        """Close after the queued bytes, or once the client has not taken them for as long as an idle connection stays
        open."""
        self._closing = True
        transport, self.transport = self.transport, None
        if transport is None:
            return
        transport.close()
        if transport.get_write_buffer_size():
            self._loop.call_later(self._limits.keep_alive, transport.abort)

    def give_up(self) -> None:
        """Close at once, because another client gets the place."""
        self._closing = True
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.abort()

    def drain(self, *, close_idle: bool = True) -> None:
        """Close after the current answer, or now if the connection is idle."""
        transport = self.transport
        if self._current is not None:
            self._current.head.keep_alive = False
        elif close_idle and self._quiet and transport is not None:
            self.close()
            # TLS waits for the client's closing message, which a sleeping phone does not send
            self._loop.call_later(LAST_BYTES_SECONDS, transport.abort)

    def cut(self) -> asyncio.Task[None] | None:
        """Close the connection with everything that runs on it. Returns the task that is ending; None if there is
        none."""
        if self._task is None:
            self.close()
        self._cancel()
        return self._task

    def _cancel(self) -> None:
        """Cancel the task after it has begun. A task that is cancelled before it begins never ends its exchange."""
        if self._task is not None:
            self._loop.call_soon(self._task.cancel)


async def _already(outcome: Outcome) -> Outcome:
    return outcome


CHECK_SECONDS = 0.05
"""The seconds between two looks at the running requests while the gate stops."""


class Server:
    """Makes a Connection of each accepted socket and calls ``handler`` with each Exchange."""

    def __init__(
        self,
        handler: Handler,
        limits: ServerLimits,
        room: ConnectionLimit | None = None,
        *,
        local: bool = False,
        request_finished: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.handler = handler
        self.request_finished = request_finished
        """Called after each request; never raises."""
        self.room = ConnectionLimit(sys.maxsize) if room is None else room
        """Limits the connections. Several listeners may share it. If none is given, there is no limit."""
        self.local = local
        """Whether it listens at a Unix socket, where peers have no address (``trusted_headers.LOCAL``)."""
        self.connections: set[Connection] = set()
        self.draining = False
        self._limits = limits
        self._loop = asyncio.get_running_loop()

    @property
    def running(self) -> int:
        return len(self.exchanges())

    def exchanges(self) -> list[Exchange]:
        return [each for connection in self.connections if (each := connection.serving) is not None]

    def __call__(self) -> Connection:
        return Connection(self, self._limits, self._loop)

    async def finish(self, timeout: float, keep_alive_seconds: float = 0.0) -> None:
        """Let running requests end within ``timeout`` seconds, then close the remaining connections.

        Idle connections stay open for ``keep_alive_seconds`` seconds. A client that sends a request on one just then is answered and
        told that it was the last. Closing a connection under a request would lose the request.
        """
        self.draining = True
        now = self._loop.time()
        idle, end = now + keep_alive_seconds, now + timeout
        while self.connections and self._loop.time() < end:
            for connection in list(self.connections):
                connection.drain(close_idle=self._loop.time() >= idle)
            await asyncio.sleep(CHECK_SECONDS)
        ending = [task for connection in self.connections if (task := connection.cut())]
        if ending:
            await asyncio.wait(ending, timeout=2 * CHECK_SECONDS)
