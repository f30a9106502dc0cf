"""A port at which Envoy asks by gRPC. The same handler serves each question as one by HTTP (docs/forward-auth.md).

It needs the extra ``grpc``.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from socket import socket
from typing import Any

from aiohttp.streams import EMPTY_PAYLOAD
from google.protobuf.message import DecodeError
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.proto import ProtoCodec
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

from mailgate.gateway.authz.ext_authz import (
    CheckRequest,
    CheckResponse,
    EnvoyQuestion,
    check_response,
    question,
)
from mailgate.http.exchange import Exchange, Outcome, PendingOutcome, Readable, Receiver
from mailgate.http.request import RequestRefused, parse_request_head, refused_head
from mailgate.http.trusted_headers import LOCAL

METHOD = "/envoy.service.auth.v3.Authorization/Check"


class QuestionTransport(asyncio.Transport):
    """The transport of one question, which collects everything that is written as its answer."""

    ssl_context: object = None
    secure = False
    writing_paused = False

    def __init__(self, peer: str) -> None:
        super().__init__()
        self.peer = peer
        self.written = bytearray()

    @property
    def transport(self) -> asyncio.Transport | None:
        return self

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return False

    def abort(self) -> None:
        """Drop the answer, since a truncated answer must not count."""
        self.written.clear()

    def answered(self, outcome: Outcome) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    async def drained(self) -> None:
        pass

    def start_tunnel(self, reader: Receiver, peer: Readable) -> None:
        raise NotImplementedError("a question cannot become a tunnel")

    def wait_for(self, rest: Coroutine[Any, Any, Outcome]) -> None:
        raise NotImplementedError("the caller that asked waits for the answer itself")


class GrpcPort:
    """Answers questions by gRPC of peers that are ``trusted``. A message from any other peer is not even read."""

    def __init__(
        self,
        handle: Callable[[Exchange], PendingOutcome],
        trusted: Callable[[str], bool],
        certificates: Callable[[], frozenset[bytes]],
        most_fields: int,
        *,
        local: bool,
        request_finished: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        """``certificates`` returns the fields in which Envoy forwards client certificates. ``local``: whether it
        listens at a Unix socket, whose file permissions decide who may ask. ``request_finished`` is called after each question."""
        self._handle, self._trusted, self._certificates = handle, trusted, certificates
        self._most, self._local, self._over = most_fields, local, request_finished
        self._servers: list[Server] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self.running = 0

    def __mapping__(self) -> dict[str, Handler]:
        return {METHOD: Handler(self._check, Cardinality.UNARY_UNARY, CheckRequest, CheckResponse)}

    async def open(self, sockets: Sequence[socket], tls: ssl.SSLContext | None) -> None:
        """Serve at sockets that listen already. Raises OSError."""
        for each in sockets:
            server = Server([self], codec=ProtoCodec())
            await server.start(sock=each, ssl=tls)
            self._servers.append(server)

    async def finish(self, timeout: float, keep_alive_seconds: float = 0.0) -> None:
        """Let running questions be answered, for at most ``timeout`` seconds, then close."""
        await asyncio.sleep(keep_alive_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _check(self, stream: Stream[Any, Any]) -> None:
        """Answer one question. An exception here becomes an error to Envoy, which then lets nobody in."""
        address = stream.peer.addr()
        peer = LOCAL if self._local else str(address[0]) if address else ""
        if not self._trusted(peer):
            raise GRPCError(Status.PERMISSION_DENIED)
        asked = None
        with suppress(DecodeError):
            asked = await stream.recv_message()
        if asked is None:
            raise GRPCError(Status.INVALID_ARGUMENT)
        self.running += 1
        self._idle.clear()
        try:
            await stream.send_message(await self._answer(asked, peer))
        finally:
            self.running -= 1
            if not self.running:
                self._idle.set()

    async def _answer(self, asked: Any, peer: str) -> Any:
        line, known = QuestionTransport(peer), EnvoyQuestion(b"")
        try:
            known = question(asked, self._certificates())
            head = parse_request_head(known.head, max_fields=self._most)
        except RequestRefused as why:
            head = refused_head(why)
        exchange = Exchange(head, EMPTY_PAYLOAD, line)
        try:
            rest = self._handle(exchange)
            if rest is not None:
                await rest
        finally:
            self._over(exchange)
        if not line.written:
            raise GRPCError(Status.INTERNAL)
        return check_response(bytes(line.written), known)
