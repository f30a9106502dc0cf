"""Parses the bytes of a client's connection into requests, by the strict grammar and within the limits."""

import asyncio
from dataclasses import dataclass

from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from mailgate.http.body import Body
from mailgate.http.grammar import CRLF, Malformed, refuse_hopeless_head
from mailgate.http.request import (
    RequestHead,
    RequestRefused,
    ambiguous,
    has_short_body,
    malformed,
    parse_request_head,
    parse_request_line,
    refused_head,
)
from mailgate.http.skim import skim_request
from mailgate.model import Reason

MAX_PIPELINED = 16
BODY_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The limits of a server. Sizes are in bytes and times in seconds. ``body`` 0 means no limit."""

    head: int
    fields: int
    body: int
    head_time: float
    keep_alive: float
    linger: float = 1.0


class RequestParser:
    """Parses the bytes of a connection into requests with their bodies."""

    def __init__(
        self,
        connection: BaseProtocol,
        loop: asyncio.AbstractEventLoop,
        limits: ServerLimits,
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._limits = limits
        self._buffer = b""
        self._looked_at = 0
        self._has_line = False
        self._queued = 0
        self._upgraded = False
        self._dead = False
        self._head: RequestHead | None = None
        self._body: Body | None = None
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._received = 0
        self.lacks_short_rest = False
        """Whether ``whole`` has just found the beginning of a request with a short body."""

    @property
    def inside_head(self) -> bool:
        return (
            bool(self._buffer) and self._body is None and not self._upgraded and self._queued < MAX_PIPELINED
        )

    def feed_data(self, data: bytes) -> tuple[list[tuple[RequestHead, StreamReader]], bool, bytes]:
        """Return the requests with a complete head, whether the last one asks to upgrade, and the bytes after it."""
        messages: list[tuple[RequestHead, StreamReader]] = []
        if self._dead:
            return messages, False, b""
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and not self._upgraded and self._queued < MAX_PIPELINED:
            if not (self._feed_body() if self._body else self._feed_head(messages)):
                break
        if not self._upgraded:
            return messages, False, b""
        tail, self._buffer = self._buffer, b""
        return messages, True, tail

    def whole(self, data: bytes) -> tuple[RequestHead, bytes] | None:
        """Parse a request with its body if these bytes are exactly one request and nothing waits before them. Most requests
        come in one piece.

        Returns None in every other case, and for a request that is to be refused. ``feed_data`` handles these.
        """
        self.lacks_short_rest = False
        if self._buffer or self._queued or self._body or self._upgraded or self._dead:
            return None
        longest, most = self._limits.head, self._limits.fields
        # a second empty line before the last is found by whoever reads the lines
        end = len(data) if data.endswith(b"\r\n\r\n") else data.find(b"\r\n\r\n", 0, longest) + 4
        if not 4 <= end <= longest:
            return None
        content = data[end:]
        whole = data[:end] if content else data
        try:
            head = skim_request(whole, most) or parse_request_head(whole, max_fields=most)
        except RequestRefused:
            return None
        length = head.length or 0
        too_large = self._limits.body and length > self._limits.body
        if head.chunked or head.upgrade or too_large:
            return None
        if length != len(content):
            self.lacks_short_rest = length > len(content) and has_short_body(head)
            return None
        return head, content

    def _feed_head(self, messages: list[tuple[RequestHead, StreamReader]]) -> bool:
        begun = self._buffer
        try:
            head = self._take_head()
        except RequestRefused as refused:
            head = refused_head(refused, begun)
            self._dead, self._buffer = True, b""
        if head is None:
            return False
        self._queued += 1
        self._payload = EMPTY_PAYLOAD
        has_body = head.has_body
        if has_body or head.refused:
            self._payload = StreamReader(self._connection, BODY_BUFFER, loop=self._loop)
        if has_body:
            self._head, self._body, self._received = head, head.body(), 0
        self._upgraded = bool(head.upgrade)
        messages.append((head, self._payload))
        return not self._dead

    def _take_head(self) -> RequestHead | None:
        if self._buffer[0] in b"\r\n":
            self._skip_empty_lines()
        end = self._buffer.find(b"\r\n\r\n", max(0, self._looked_at - 3), self._limits.head)
        if end < 0:
            self._check_line()
            if len(self._buffer) >= self._limits.head:
                raise RequestRefused(
                    431, Reason.REQUEST_HEAD_TOO_LARGE, f"The request head is over {self._limits.head} bytes."
                )
            self._check_new_bytes()
            return None
        head, self._buffer = self._buffer[: end + 4], self._buffer[end + 4 :]
        self._looked_at, self._has_line = 0, False
        most = self._limits.fields
        parsed = skim_request(head, most) or parse_request_head(head, max_fields=most)
        if self._limits.body and (parsed.length or 0) > self._limits.body:
            raise self._body_too_large()
        return parsed

    def _check_line(self) -> None:
        """Check the request line once it has come to its end. A client with a wrong one is answered before it sends more, as nginx does."""
        begin = max(0, self._looked_at - 1)
        if not self._has_line and (end := self._buffer.find(CRLF, begin, self._limits.head)) >= 0:
            self._has_line = True
            parse_request_line(self._buffer[:end])

    def _check_new_bytes(self) -> None:
        """Check the new bytes of an incomplete head, each byte once. A CR at the end waits for its LF."""
        try:
            refuse_hopeless_head(self._buffer[self._looked_at :])
        except Malformed as error:
            raise malformed(f"The request is malformed: {error}.") from None
        self._looked_at = len(self._buffer) - self._buffer.endswith(b"\r")

    def _skip_empty_lines(self) -> None:
        """Skip empty lines before a request (RFC 9112, section 2.2)."""
        lines = (len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))) // 2  # a last CR may wait for its LF
        if self._buffer.startswith(CRLF * lines):
            self._buffer, self._looked_at = self._buffer[2 * lines :], 0

    def _feed_body(self) -> bool:
        assert self._body is not None
        assert self._head is not None
        try:
            content, self._buffer = self._body.feed(self._buffer)
            for piece in content:
                self._received += len(piece)
                self._payload.feed_data(piece)
            if self._limits.body and self._received > self._limits.body:
                raise self._body_too_large()
        except (Malformed, RequestRefused) as error:
            self._fail(
                error if isinstance(error, RequestRefused) else ambiguous(f"The body is malformed: {error}.")
            )
            return False
        if not self._body.done:
            return False
        self._head.trailers = self._body.trailers
        self._payload.feed_eof()
        self._body = self._head = None
        return True

    def _fail(self, error: Exception) -> None:
        self._dead, self._buffer, self._body = True, b"", None
        self._payload.set_exception(error)
        self._payload.feed_eof()

    def _body_too_large(self) -> RequestRefused:
        return RequestRefused(
            413, Reason.REQUEST_BODY_TOO_LARGE, f"The request body is over {self._limits.body} bytes."
        )

    def refuse(self, error: RequestRefused) -> tuple[RequestHead, StreamReader]:
        """Refuse the head that has begun. Nothing more is read from this connection."""
        head = refused_head(error, self._buffer)
        self._dead, self._buffer = True, b""
        return head, StreamReader(self._connection, BODY_BUFFER, loop=self._loop)

    def feed_eof(self) -> None:
        """The client is gone."""
        if self._body is not None:
            self._fail(ConnectionResetError("the client closed the connection inside a body"))

    def message_consumed(self) -> None:
        self._queued -= 1

    def set_upgraded(self, upgraded: bool) -> None:
        self._upgraded = upgraded

    def pause_reading(self) -> None:
        """Do nothing: ``BaseProtocol`` pauses the transport, and the bytes already received are few enough to parse."""
