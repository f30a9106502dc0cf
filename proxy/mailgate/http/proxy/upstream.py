"""One HTTP/1.1 connection to the webmail. A broken answer is never taken for a whole one."""

import asyncio
import select
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from mailgate.http.body import Body, is_plainly_chunked
from mailgate.http.deadline import Deadline
from mailgate.http.exchange import Readable
from mailgate.http.fields import Field
from mailgate.http.grammar import Malformed
from mailgate.http.request import ResponseHead, parse_response_head, refuse_hopeless_response_head
from mailgate.http.skim import skim_answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the webmail, and the limits of the connection to it. Times are in seconds."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    connect_time: float
    response_time: float
    idle_time: float
    keep_alive: float = 15.0
    max_idle: int = 64
    max_head: int = 256 * 1024
    max_fields: int = 256


class UpstreamError(Exception):
    """The webmail did not give a usable answer."""


class UpstreamUnreachable(UpstreamError):
    """No connection could be made."""


class UpstreamClosed(UpstreamError):
    """The connection ended before the first byte of an answer."""


class UpstreamMalformed(UpstreamError):
    """The answer is not a valid HTTP/1.1 response, or it was cut short."""


class UpstreamTimeout(UpstreamError):
    """Nothing came in time."""


READ_AHEAD = 512 * 1024
SHORT = 64 * 1024
"""Webmails send the head and the body of a short answer one after the other, so the rest of so few bytes is mostly there at the next look."""

Watcher: TypeAlias = Callable[[ResponseHead | None, bytes], None]
"""Gets an answer that is here as a whole, without trailers: its head, and all of it as it came; None if it is not."""


class UpstreamConnection(asyncio.Protocol):
    """One connection. Answers are read one after another: heads, then the body of the final one."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> None:
        self._endpoint = endpoint
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._method = b""
        self._buffer = b""
        self._heads: deque[ResponseHead] = deque()
        self._awaits_final = False
        self._body: Body | None = None
        self._content: deque[bytes] = deque()
        self._queued = 0
        self._reading = True
        self._writing = True
        self._error: UpstreamError | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._watcher: Watcher | None = None
        self._awaits_rest = False
        self._deadline = Deadline(loop, self._too_late)
        self._answer_by: float | None = None
        """The moment by which the final head has to come, once its time runs."""
        self._unread: Callable[[int], Sequence[object]] | None = None
        self._drain_waiter: asyncio.Future[None] | None = None
        self._switched = False
        self._tunnel: Callable[[bytes], None] | None = None
        self._peer: Readable | None = None
        self.on_end: Callable[[], None] | None = None
        self.served = 0
        """How many answers have come on this connection."""
        self.idle_since = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport has the methods but not the class
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel(data)
            return
        self._buffer = data = self._buffer + data if self._buffer else data
        watcher = self._watcher
        if watcher is not None and self._error is None:
            answer = self._whole(data)
            if answer is not None:
                self._watcher, self._method, self._buffer = None, b"", b""
                self.served += 1
                watcher(answer, data)
                return
            if len(data) <= SHORT and not self._awaits_rest:
                self._awaits_rest = True
                # the loop looks at the sockets once before it calls what a callback of this turn asks for
                self._loop.call_soon(self._loop.call_soon, self._read_part)
                return
        self._read()

    def _read_part(self) -> None:
        """Read what has come of an answer whose rest is not here yet."""
        if self._watcher is not None and self._awaits_rest:
            self._read()

    def _read(self) -> None:
        try:
            while (
                self._buffer
                and self._error is None
                and not self._switched
                and (self._feed_body() if self._body else self._feed_head())
            ):
                pass
        except Malformed as error:
            self._fail(UpstreamMalformed(str(error)))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._deadline.end()
        self._read_part()
        if self._body is not None and exc is None:
            try:
                self._body.feed_eof()
            except Malformed as error:
                self._fail(UpstreamMalformed(str(error)))
        elif self._body is not None:
            self._fail(UpstreamMalformed("the connection broke inside the body"))
        elif self._buffer:
            self._fail(UpstreamMalformed("the connection ended inside the head"))
        elif self._awaits_final:
            self._fail(UpstreamMalformed("the connection ended after an interim answer"))
        self._fail(UpstreamClosed("the connection ended before an answer"))
        self._wake()
        self.resume_writing()
        if self.on_end is not None:
            self.on_end()

    def pause_writing(self) -> None:
        self._writing = False
        if self._peer is not None:
            self._peer.pause_reading()

    def resume_writing(self) -> None:
        self._writing = True
        if self._peer is not None:
            self._peer.resume_reading()
        if self._drain_waiter is not None and not self._drain_waiter.done():
            self._drain_waiter.set_result(None)

    # writing

    def write(self, data: bytes) -> None:
        """Queue bytes. Raises UpstreamClosed once the connection is gone."""
        if self._closed or self._transport is None:
            raise UpstreamClosed("the connection is gone")
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the webmail takes what was written. Raises UpstreamTimeout."""
        if self._writing or self._closed:
            return
        self._drain_waiter = self._loop.create_future()
        try:
            async with asyncio.timeout(self._endpoint.idle_time):
                await self._drain_waiter
        except TimeoutError:
            raise UpstreamTimeout("the webmail does not accept the request body") from None

    def ask(self, method: bytes, head: bytes) -> None:
        """Send the head of a request. Raises UpstreamClosed once the connection is gone."""
        self._method, self._answer_by = method, None
        self.write(head)

    # reading

    async def read_head(self, sent: asyncio.Future[None] | None = None) -> ResponseHead:
        """Read the next head, informational or final. Raises UpstreamError.

        The webmail's time to answer begins when ``sent`` is done, since a long upload is not a slow answer. It is one for the whole
        answer: an interim one wins no time.
        """
        if sent is not None and not sent.done():
            sent.add_done_callback(lambda _: self._wake())
            self._deadline.clear()
            while not self._heads and not sent.done():
                await self._news()
        if not self._heads:
            by = self._answer_by
            left = self._endpoint.response_time if by is None else max(0.0, by - self._loop.time())
            self._answer_by = self._deadline.set(left)
            while not self._heads:
                await self._news()
        return self._heads.popleft()

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` with an answer that comes at once, as a whole; or with None when a head has come otherwise, or can no longer
        come. ``read_head`` says which."""
        self._watcher, self._awaits_rest = watcher, False
        self._answer_by = self._deadline.set(self._endpoint.response_time)

    def give_up(self) -> None:
        """End the connection: nobody waits for the answer any more."""
        self._watcher = None
        self.abort()

    @property
    def exhausted(self) -> bool:
        """Whether the whole body was read."""
        return not self._content and self._body is not None and self._body.done

    async def read(self) -> bytes:
        """The next piece of the body, or empty bytes at its end. Raises UpstreamError if the body was cut short."""
        await self.more()
        return self.take()

    async def more(self) -> None:
        """Wait for more of the body or for its end. Raises UpstreamError if the body was cut short."""
        body = self._body
        if self._content or body is None or body.done:
            return
        self._deadline.set(self._endpoint.idle_time)
        while not self._content and not body.done:
            await self._news()

    def take(self) -> bytes:
        """The bytes of the body that have come; empty if none have."""
        if not self._content:
            return b""
        piece = self._content.popleft()
        self._queued -= len(piece)
        if not self._reading and self._queued < READ_AHEAD // 2:
            self._reading = True
            if self._transport is not None and not self._closed:
                self._transport.resume_reading()
        return piece

    @property
    def trailers(self) -> Sequence[Field]:
        """The trailers of the body that was read last."""
        return self._body.trailers if self._body else ()

    def finish(self, head: ResponseHead) -> bool:
        """End this answer. Returns whether the connection can carry another request."""
        self.served += 1
        whole = self.exhausted
        clean = not self._buffer and not self._heads and self._error is None and not self._closed
        self._body = None
        return whole and clean and head.keep_alive

    def abort(self) -> None:
        """Drop the connection at once, unless it is already closing."""
        if not self._closed and self._transport is not None:
            self._transport.abort()
        self._closed = True

    def close(self) -> None:
        """Close after the queued bytes."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()

    @property
    def usable(self) -> bool:
        """Whether an idle connection may carry a request: it is open, and nothing came on it unrequested. What came is read as soon as the
        loop looks; what the loop has not seen yet, the operating system knows. Neither is the answer to a request that is still to be
        written (RFC 9112, section 9.2)."""
        transport = self._transport
        if self._closed or transport is None or transport.is_closing():
            return False
        return not (self._unread or self._watched(transport))(0)

    def _watched(self, transport: asyncio.Transport) -> Callable[[int], Sequence[object]]:
        """Says whether there is something to read, be it the end."""
        connected, unread = transport.get_extra_info("socket"), select.poll()
        if connected is not None:
            unread.register(connected.fileno(), select.POLLIN)
        self._unread = unread.poll
        return unread.poll

    # tunnel (after 101)

    def start_tunnel(self, receive: Callable[[bytes], None], peer: Readable) -> None:
        """From now on pass every byte to ``receive``, the bytes after the head first."""
        self._tunnel, self._peer = receive, peer
        if self._buffer:
            tail, self._buffer = self._buffer, b""
            receive(tail)

    def pause_reading(self) -> None:
        if self._transport is not None and not self._closed:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._closed:
            self._transport.resume_reading()

    @property
    def closed(self) -> bool:
        return self._closed

    # inside

    def _whole(self, data: bytes) -> ResponseHead | None:
        """The head of the answer that this is, if it is skimmed and nothing of it is missing."""
        end = data.find(b"\r\n\r\n", 0, self._endpoint.max_head) + 4
        if end < 4:
            return None
        head = skim_answer(data[:end], method=self._method, max_fields=self._endpoint.max_fields)
        if head is None:
            return None
        whole = is_plainly_chunked(data, end) if head.chunked else len(data) - end == head.length
        return head if whole else None

    def _feed_head(self) -> bool:
        if not self._method:
            self._fail(UpstreamMalformed("bytes outside an answer"))
            self.abort()
            return False
        end = self._buffer.find(b"\r\n\r\n", 0, self._endpoint.max_head)
        if end < 0:
            if len(self._buffer) >= self._endpoint.max_head:
                raise Malformed(f"a head over {self._endpoint.max_head} bytes")
            refuse_hopeless_response_head(self._buffer)
            return False
        data, self._buffer = self._buffer[: end + 4], self._buffer[end + 4 :]
        method, most = self._method, self._endpoint.max_fields
        head = skim_answer(data, method=method, max_fields=most) or parse_response_head(
            data, method=method, max_fields=most
        )
        self._heads.append(head)
        self._awaits_final = head.informational
        if head.status == 101:
            self._switched = True  # the bytes that follow are no HTTP and wait for the tunnel
        elif not head.informational:
            self._body, self._method = head.body(), b""
        return True

    def _feed_body(self) -> bool:
        assert self._body is not None
        if self._body.done:
            return False  # there are bytes after the answer, which `finish` finds
        content, self._buffer = self._body.feed(self._buffer)
        self._content.extend(content)
        self._queued += sum(map(len, content))
        if self._queued > READ_AHEAD and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        return self._body.done

    def _fail(self, error: UpstreamError) -> None:
        if self._error is None:
            self._error = error

    def _wake(self) -> None:
        if self._watcher is not None:
            if self._heads or self._error is not None:
                watcher, self._watcher = self._watcher, None
                watcher(None, b"")
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _news(self) -> None:
        """Wait until something has come. Raises UpstreamError, also when the deadline passes. Single bytes do not extend the
        deadline."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _too_late(self) -> None:
        if self._watcher is not None:
            self._fail(UpstreamTimeout("the webmail said nothing in time"))
            self._wake()
        elif self._waiter is None:
            return  # an answer came in time
        elif self._waiter.done():
            # something came just now, and waiting for more will find the deadline passed
            self._deadline.set(0)
        else:
            self._waiter.set_exception(UpstreamTimeout("the webmail said nothing in time"))
