"""An exchange: one request and the way back to its client. Everything behind the listener works on exchanges."""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

from aiohttp.streams import StreamReader

from mailgate.http.client_certs import from_tls
from mailgate.http.parser import BODY_BUFFER
from mailgate.http.request import RequestHead, has_short_body
from mailgate.http.trusted_headers import Origin
from mailgate.model import Access, Decision, DecisionSummary

# the fields of version 00, which later versions must also begin with (section 3.2.2, versioning)
_FIELD = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LINES = re.compile(rb"\r\n(?:traceparent|tracestate)[ \t]*:[^\r\n]*", re.IGNORECASE)
_LINE = re.compile(rb"\r\ntraceparent[ \t]*:[^\r\n]*", re.IGNORECASE)
SAMPLED = 1


class Parent(NamedTuple):
    """A span of another system that the request is a part of."""

    trace: int
    span: int
    sampled: bool


class Trace(NamedTuple):
    """The trace of a request, with the ids of two spans: the gate's work, and in it the request to the webmail."""

    trace: int
    span: int
    asking: int
    sampled: bool
    parent: Parent | None


def parent_in(values: Sequence[bytes]) -> Parent | None:
    """The parent that a request's ``traceparent`` names; None if there is none or it is malformed."""
    found = _FIELD.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or (found[1] == b"00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return Parent(trace, span, bool(int(found[4], 16) & SAMPLED)) if trace and span else None


def with_trace(head: bytes, trace: Trace) -> bytes:
    """The head of a request to the webmail with this trace. A ``tracestate`` without a valid parent is dropped."""
    rest = (_LINE if trace.parent else _LINES).sub(b"", head).removesuffix(b"\r\n")
    field = b"traceparent: 00-%032x-%016x-%02x\r\n" % (trace.trace, trace.asking, trace.sampled)
    return rest + field + b"\r\n"


NO_LINGER = struct.pack("ii", 1, 0)


class Readable(Protocol):
    """The other side of a tunnel. It is read only as fast as this side writes."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Receiver(Protocol):
    """The far end of a tunnel."""

    def feed_data(self, data: bytes) -> None: ...

    def feed_eof(self) -> None: ...


class ClientConnection(Readable, Protocol):
    """The part of a client's connection that an exchange needs (``connection.py``)."""

    @property
    def peer(self) -> str:
        """The address of the other end of the connection; empty if it has none."""

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""

    @property
    def ssl_context(self) -> object: ...

    @property
    def transport(self) -> asyncio.Transport | None: ...

    @property
    def writing_paused(self) -> bool: ...

    async def drained(self) -> None:
        """Wait until the transport's buffer has room again."""

    def start_tunnel(self, reader: Receiver, peer: Readable) -> None:
        """Pass every further byte to ``reader.feed_data``; ``peer`` is read only as fast as the client reads."""

    def answered(self, outcome: "Outcome") -> None:
        """End the exchange."""

    def wait_for(self, rest: Coroutine[Any, Any, "Outcome"]) -> None:
        """Run ``rest`` in a task. When the task ends, the exchange is over."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a handler after it has written its response."""

    keep_alive: bool
    """Whether another request may follow on the connection."""


class Exchange:
    """One request and the way back to its client."""

    # what most requests leave as it is stands here, and costs none of them anything
    started = False
    """Whether the first byte of the final response was written."""
    answer_fields: Sequence[tuple[str, str]] = ()
    """Fields that the gate adds to the answer, whether its own or the webmail's."""
    reference = ""
    """The reference id, once it was shown (``gateway/answer.py``)."""
    give_up: Callable[[], None] | None = None
    """Called when the client leaves while no task serves it."""
    # for what lasts, and is judged again (``gateway/streams.py``)
    verdict: tuple[Access, Decision] | None = None
    """The latest verdict on it; None if it was let in by a cached one, or could not be judged again."""
    until: datetime | None = None
    """The first moment at which the time alone may change that verdict; None if it is not worked out yet."""
    limit: asyncio.Timeout | None = None
    """Ends the task that carries it; None while no task does."""
    # for reports on finished requests (``gateway/observe``); moments are of ``perf_counter``
    asked_at = answered_at = 0.0
    """When the webmail was asked, and when the head of its answer came; 0 if that did not happen."""
    status = 0
    """The status of the final response; 0 while there is none."""
    judged: DecisionSummary | None = None
    origin: Origin | None = None
    failed = ""
    """Why it could not be served; empty if it was."""
    hangs = False
    """Whether it waits on purpose, so that its time means nothing."""
    trace: Trace | None = None

    def __init__(self, head: RequestHead, body: StreamReader | bytes, connection: ClientConnection) -> None:
        self.head = head
        self._body = body  # the bytes of one that came with its head, until somebody reads them in pieces
        self.connection = connection
        self.content: bytes | None = body if isinstance(body, bytes) else b""
        """The whole body if it came with its head; None once it was forwarded. ``body`` has it too."""
        self.began_at = perf_counter()

    @property
    def body(self) -> StreamReader:
        """The body in pieces. The reader of one that came with its head is made only if somebody reads it."""
        if isinstance(self._body, bytes):
            reader = StreamReader(cast(Any, self.connection), BODY_BUFFER, loop=asyncio.get_running_loop())
            reader.feed_data(self._body)
            reader.feed_eof()
            self._body = reader
        return self._body

    @property
    def read(self) -> bool:
        """Whether the request was received to its end."""
        return isinstance(self._body, bytes) or self._body.is_eof()

    @property
    def peer(self) -> str:
        return self.connection.peer

    @property
    def reached_at(self) -> str:
        """The address of this machine that the client connected to; empty at a Unix socket."""
        transport = self.connection.transport
        name = transport.get_extra_info("sockname") if transport is not None else None
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def secure(self) -> bool:
        return self.connection.secure

    def certificates(self) -> tuple[bytes, ...]:
        """The certificates from the client's handshake in DER, the leaf first; empty if none were requested or sent."""
        context, transport = self.connection.ssl_context, self.connection.transport
        if (
            not isinstance(context, ssl.SSLContext)
            or context.verify_mode is ssl.CERT_NONE
            or transport is None
        ):
            return ()
        return from_tls(transport.get_extra_info("ssl_object"))

    def begin(self, status: int) -> None:
        """Note that the final response begins now, whose head the webmail has sent."""
        self.started, self.status, self.answered_at = True, status, perf_counter()

    def write(self, data: bytes) -> None:
        """Queue bytes for the client. Raises ConnectionError if the client is gone."""
        transport = self.connection.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        transport.write(data)

    @property
    def congested(self) -> bool:
        """Whether the client has to receive something before more is written."""
        return self.connection.writing_paused or self.connection.transport is None

    async def drain(self, timeout: float) -> None:
        """Wait until the client takes what was written, at most ``timeout`` seconds without progress."""
        if self.congested:
            async with asyncio.timeout(timeout):
                await self.connection.drained()

    @property
    def broken(self) -> bool:
        """Whether the request could not be read to its end. The bytes after it are then no request."""
        body = self._body
        return self.head.refused is not None or (
            isinstance(body, StreamReader) and body.exception() is not None
        )

    def half_close(self) -> None:
        """Tell the client that nothing more will come. For a moment, bytes that it still sends are read and dropped.

        Closing at once would reset the connection and could take the answer with it (RFC 9112, section 9.6).
        """
        transport = self.connection.transport
        if transport is not None and transport.can_write_eof():
            transport.write_eof()

    def abort(self) -> None:
        """Break the connection, so that a truncated response cannot look complete."""
        transport = self.connection.transport
        if transport is None:
            return
        connected = transport.get_extra_info("socket")
        if connected is not None:
            # this must be a reset: a normal end of the connection would complete a body without a length
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        transport.abort()


KEEP_OPEN, CLOSE = Outcome(keep_alive=True), Outcome(keep_alive=False)

PendingOutcome: TypeAlias = Coroutine[Any, Any, Outcome] | None
"""A coroutine that answers the request; None if ``ClientConnection.answered`` is or will be called instead."""
Handler = Callable[[Exchange], PendingOutcome]
"""Serves a request, at once if it can."""


def ends_soon(exchange: Exchange) -> bool:
    """Whether the rest of the body is here or short."""
    return not exchange.head.has_body or exchange.read or has_short_body(exchange.head)
