"""A webmail that accepts every switch of protocols, like one that speaks h2c, and keeps the received bytes."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from tests.servers import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What HTTP/2 begins with (RFC 9113, section 3.4)."""
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nMAIL"
)
"""To a WebSocket with ``KEY`` (RFC 6455, section 1.3), and to whatever else was asked for."""
FORGED_ANSWER = b"X-Device-Decision: forged\r\nX-Mailgate-User: forged\r\nMailgate-Probe: forged\r\n"


@dataclass
class RawServer:
    """A server that answers every connection until it ends. ``listening`` gives it a port."""

    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


Mail = TypeVar("Mail", bound=RawServer)


@asynccontextmanager
async def listening(mail: Mail, at: socket.socket | None = None) -> AsyncIterator[Mail]:
    """Serve at this socket, or on a free port of the loopback interface."""
    at = at or socket.create_server(("127.0.0.1", 0))
    async with await asyncio.start_server(lambda r, w: mail.serve(r, w), sock=at) as server:
        mail.port = server.sockets[0].getsockname()[1]
        yield mail


@dataclass
class Webmail(RawServer):
    """``heads``: those of the received requests, with their trailers. ``beyond``: the bytes after a switch."""

    heads: list[bytes] = field(default_factory=list)
    beyond: bytes = b""

    def lines(self, name: bytes) -> list[bytes]:
        """The values of all lines with this name, in all requests."""
        found = re.compile(rb"^" + name + rb":[ \t]*(.*?)[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
        return [value for head in self.heads for value in found.findall(head)]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        asked = re.search(rb"^upgrade:[ \t]*([^\r]*)", head, re.IGNORECASE | re.MULTILINE)
        if asked:
            writer.write(SWITCHING % asked[1])
            self.beyond += await reader.read(len(PREFACE))
            return
        if re.search(rb"^transfer-encoding:", head, re.IGNORECASE | re.MULTILINE):
            self.heads[-1] += await _trailers(reader)
        length = re.search(rb"^content-length:[ \t]*(\d+)", head, re.IGNORECASE | re.MULTILINE)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n" + FORGED_ANSWER + b"\r\nmail"
        )
        await writer.drain()


async def _trailers(reader: asyncio.StreamReader) -> bytes:
    """Read a chunked body. Returns the lines after its last chunk."""
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    lines = b""
    while (line := await reader.readline()) != b"\r\n":
        lines += line
    return lines


async def answer_to(url: str, sent: bytes) -> bytes:
    """Everything that is answered to these bytes, and to an HTTP/2 preface if the connection is switched."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 101"):
                writer.write(PREFACE)
                return head + await reader.read(4)
            return head
    finally:
        writer.close()


def request(line: bytes, *fields: bytes) -> bytes:
    """The bytes of a request without a body."""
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: mail.example.com", *fields, b"", b""])
