"""A TCP connection on the level of bytes: the sent and received bytes, and its end."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from tests.integration.gateway.messages import Body, Field, Status, read_status, response_body, take_head
from tests.servers import PATIENCE


class NoAnswerError(Exception):
    """The connection ended before a complete response head."""


@dataclass
class Response:
    """One response as received."""

    head: Status
    body: Body
    complete: bool

    @property
    def status(self) -> int:
        return self.head.status

    @property
    def reason(self) -> bytes:
        return self.head.reason

    @property
    def content(self) -> bytes:
        return bytes(self.body.data)

    @property
    def fields(self) -> list[Field]:
        return self.head.fields

    def values(self, name: str) -> list[bytes]:
        return self.head.values(name)


class Wire(asyncio.Protocol):
    """One end of a connection. ``ended`` is None, ``closed`` (FIN) or ``reset``."""

    def __init__(self, accepted: Callable[["Wire"], None] | None = None, *, tls: bool = False) -> None:
        self.buffer = bytearray()
        self.seen = 0
        self.ended: str | None = None
        self._accepted = accepted
        self._tls = tls
        self._said_all = False
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._accepted is not None:
            self._accepted(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.seen += len(data)
        self._changed.set()

    def eof_received(self) -> bool:
        self.ended = self.ended or "closed"
        self._changed.set()
        return not self._tls  # TLS knows no half-closed connection

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.ended or ("reset" if exc else "closed")
        self._changed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def until(self, met: Callable[[], object], timeout: float = PATIENCE) -> None:
        """Wait until the condition is met. It is checked whenever bytes or the end arrive."""
        async with asyncio.timeout(timeout):
            while not met():
                self._changed.clear()
                await self._changed.wait()

    async def send(self, data: bytes) -> None:
        """Send; returns once the bytes are accepted. Bytes for a dead connection are dropped, as in a network."""
        if not self.transport.is_closing() and not self._said_all:
            self.transport.write(data)
        await self._writable.wait()

    async def head(self) -> bytes | None:
        """One message head with its empty line, or None if the connection ended first."""
        raw: bytes | None = None

        def arrived() -> bool:
            nonlocal raw
            raw = take_head(self.buffer)
            return raw is not None or self.ended is not None

        await self.until(arrived, timeout=600)
        return raw

    async def fill(self, body: Body) -> bool:
        """Read a body to its end. Returns False if the connection ended before."""

        def finished() -> bool:
            if not body.done:
                body.feed(self.buffer)
            return body.done or self.ended is not None

        await self.until(finished)
        return body.done or (body.framing == "close" and self.ended == "closed")

    async def response(self, method: bytes = b"GET") -> Response:
        """The next response, read strictly. Raises NoAnswerError, MalformedError, TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            raw = await self.head()
            if raw is None:
                raise NoAnswerError(f"connection {self.ended} after {bytes(self.buffer[:200])!r}")
            status = read_status(raw)
            body = response_body(status, method)
            return Response(status, body, await self.fill(body))

    async def final(self, method: bytes = b"GET") -> Response:
        """The next response that is not an interim one."""
        while (response := await self.response(method)).status < 200:
            pass
        return response

    async def end(self, timeout: float = PATIENCE) -> str:
        """How the connection ended. Raises TimeoutError if it stays open."""
        await self.until(lambda: self.ended, timeout)
        return cast("str", self.ended)

    def half_close(self) -> None:
        self._said_all = True
        with suppress(OSError):
            self.transport.write_eof()

    async def close(self) -> None:
        self.transport.close()
        await asyncio.sleep(0)

    async def abort(self) -> None:
        """End the connection with RST."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        await asyncio.sleep(0)
