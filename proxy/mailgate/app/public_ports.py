"""The ports of one gate: how they are opened, or served on sockets that a supervisor holds open; their certificates and limits, and the
end of running requests."""

import asyncio
import resource
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from mailgate.app.workers.listeners import BACKLOG, WorkerPlace, open_file, open_listeners, remove_files
from mailgate.config import Address, Settings, SocketFile
from mailgate.config.serving import GRPC, AuthzListener
from mailgate.gateway.handler import Gate
from mailgate.http.connection import Server
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.exchange import Exchange
from mailgate.http.parser import ServerLimits
from mailgate.http.tls import device_context, renew, served_certificate, server_context
from mailgate.http.trusted_headers import is_proxy

if TYPE_CHECKING:
    from mailgate.gateway.authz.grpc_port import GrpcPort

log = structlog.get_logger()

ACCEPT_PAUSE_SECONDS = 1.0
"""The seconds for which no connection is accepted if no descriptors are left."""


async def open_public(
    server: Server,
    address: Address,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Serve employees at an address, or at sockets that already listen there. Returns the origin; raises OSError."""
    loop = asyncio.get_running_loop()
    ways: list[dict[str, Any]] = [{"sock": each} for each in given]
    ways = ways or [{"host": address.host, "port": address.port, "backlog": BACKLOG}]
    listeners = [await loop.create_server(server, ssl=tls, **way) for way in ways]
    for each in listeners:
        closing.callback(each.close)
    host, port = listeners[0].sockets[0].getsockname()[:2]
    return f"{'https' if tls else 'http'}://{Address(host, port)}"


async def open_for_proxy(
    server: Server,
    where: Address | SocketFile,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Like ``open_public``, or at a Unix socket. Returns its address for the proxy; raises OSError."""
    if isinstance(where, Address):
        return await open_public(server, where, tls, given, closing)
    loop = asyncio.get_running_loop()
    own = () if given else (open_file(where),)
    for each in given or own:
        # `create_unix_server` would remove the file when one of several workers ends
        listener = await loop.create_server(server, sock=each)
        closing.callback(listener.close)
    closing.callback(remove_files, own)  # this runs before the listeners are closed
    return str(where)


async def open_admin(
    server: Server, address: Address, given: Sequence[socket.socket], closing: AsyncExitStack
) -> str:
    """Serve operators at an address, or at sockets that already listen there. Returns the origin; raises OSError.

    Connections are accepted one by one, and each has its place before the next is accepted. Otherwise many connections
    at this port could use up the descriptors within one turn of the loop, and requests for mail would fail.
    """
    own = () if given else open_listeners(address, 1)[0]
    for each in given or own:
        door = Acceptor(each, server)
        door.open()
        closing.callback(each.close)
        closing.callback(door.close)
    return f"http://{Address(*(given or own)[0].getsockname()[:2])}"


async def open_at_path(server: Server, path: Path, closing: AsyncExitStack) -> None:
    """Serve the other workers at a Unix socket. Raises OSError."""
    listener = await asyncio.get_running_loop().create_unix_server(server, path)
    closing.callback(listener.close)


class Acceptor:
    """Accepts the connections of a socket, one at a time."""

    def __init__(self, listening: socket.socket, server: Server) -> None:
        self._listening, self._server = listening, server
        self._loop = asyncio.get_running_loop()
        self._taking: asyncio.Task[Any] | None = None
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._take)

    def close(self) -> None:
        self._loop.remove_reader(self._listening)
        if self._pause is not None:
            self._pause.cancel()

    def _take(self) -> None:
        if self._taking is not None:
            return
        try:
            taken, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptors are left, and mail needs the next free ones
            log.warning("connection-not-taken", port="admin", error=error.errno)
            self._loop.remove_reader(self._listening)
            self._pause = self._loop.call_later(ACCEPT_PAUSE_SECONDS, self.open)
            return
        taken.setblocking(False)
        self._taking = self._loop.create_task(self._connect(taken))

    async def _connect(self, taken: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._server, taken)
        except OSError:  # the client left at once
            taken.close()
        finally:
            self._taking = None


UNLIMITED = 2**20
KEEP_ALIVE_SECONDS = 2.0
"""The seconds for which a worker that was replaced waits for the next request of an idle connection, which is then its last."""


def server_limits(settings: Settings) -> ServerLimits:
    """The limits of a connection by these settings."""
    return ServerLimits(
        head=settings.limits.head_bytes,
        fields=settings.limits.header_count,
        body=settings.limits.body_bytes,
        head_time=settings.timeouts.head.total_seconds(),
        keep_alive=settings.timeouts.keep_alive.total_seconds(),
    )


def raise_descriptor_limit() -> int:
    """The limit, after raising it as far as this process may; ``UNLIMITED`` if there is none."""
    soft, hard = _limits()
    if soft < hard:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return _limits()[0]


def _limits() -> tuple[int, int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _bounded(soft), _bounded(hard)


def _bounded(limit: int) -> int:
    return UNLIMITED if limit == resource.RLIM_INFINITY else min(limit, UNLIMITED)


@dataclass
class PublicPorts:
    """Every port except the admin port."""

    gate: Gate
    place: WorkerPlace
    room: ConnectionLimit
    """The connections of all of them together."""
    tls: ssl.SSLContext | None = None
    device_tls: ssl.SSLContext | None = None
    grpc_tls: ssl.SSLContext | None = None
    """The context with the certificate of ``tls``, for HTTP/2."""
    public: str = ""
    devices: str = ""
    """The origin at which client certificates are requested; empty if there is none."""
    questions: list[str] = field(default_factory=list)
    """The addresses of ports for questions of other proxies."""
    keep_alive_seconds: float = 0.0
    """The seconds for which idle connections stay open at the end, while other workers accept new ones."""
    _servers: "list[Server | GrpcPort]" = field(default_factory=list)
    """The listener for mail, and one for each port for questions."""
    _mail: Server | None = None

    @property
    def running(self) -> int:
        """The number of running requests."""
        return sum(each.running for each in self._servers)

    def carried(self) -> list[Exchange]:
        """The running requests at the port for mail."""
        return self._mail.exchanges() if self._mail else []

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[None]:
        """Serve at all ports until the body ends; then accept nothing, and let running requests end by themselves for the time of
        the settings. Raises OSError."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._finish, settings.timeouts.shutdown.total_seconds())
            await self._open(settings, closing)
            yield

    async def _open(self, settings: Settings, closing: AsyncExitStack) -> None:
        self._mail = server = Server(
            self.gate.handle,
            server_limits(settings),
            self.room,
            request_finished=self.gate.requests.request_finished,
        )
        self._servers.append(server)
        self.public = await open_public(server, settings.listen, self.tls, self.place.public, closing)
        own = settings.client_certificates.listen if settings.client_certificates else None
        if own and self.device_tls:
            self.devices = await open_public(server, own, self.device_tls, self.place.devices, closing)
        for each in settings.authz_listeners:
            await self._open_for_questions(each, settings, closing)
        self.show_expiry(settings)

    async def _open_for_questions(
        self, asked: AuthzListener, settings: Settings, closing: AsyncExitStack
    ) -> None:
        """Open a port or a Unix socket for questions alone. With several workers the supervisor has opened it."""
        at, where = asked.listen, str(asked.listen)
        if self.place.count > 1 and where not in self.place.questions:
            return
        if asked.dialect == GRPC:
            await self._open_grpc(at, settings, closing)
            return
        handler, limits = partial(self.gate.handle, asked_at=where), server_limits(settings)
        local, over = isinstance(at, SocketFile), self.gate.requests.request_finished
        server = Server(handler, limits, self.room, local=local, request_finished=over)
        self._servers.append(server)
        sockets = self.place.questions.get(where, ())
        self.questions.append(await open_for_proxy(server, at, self.tls, sockets, closing))

    async def _open_grpc(self, at: Address | SocketFile, settings: Settings, closing: AsyncExitStack) -> None:
        """Open a port for Envoy's questions by gRPC."""
        from mailgate.gateway.authz.grpc_port import GrpcPort  # needs the extra `grpc`

        where, own = str(at), list[socket.socket]()
        given = self.place.questions.get(where, ())
        if not given:
            own = [open_file(at)] if isinstance(at, SocketFile) else open_listeners(at, 1)[0]
        port = GrpcPort(
            partial(self.gate.handle, asked_at=where),
            lambda peer: is_proxy(peer, self.gate.in_force.live.trusted),
            lambda: self.gate.in_force.live.proxy_form.fields,
            server_limits(settings).fields,
            local=isinstance(at, SocketFile),
            request_finished=self.gate.requests.request_finished,
        )
        closing.push_async_callback(port.finish, 0.0)
        closing.callback(remove_files, own)  # this runs before the port is closed
        await port.open(given or own, self.grpc_tls)
        self._servers.append(port)
        host, number = (given or own)[0].getsockname()[:2] if isinstance(at, Address) else ("", 0)
        self.questions.append(f"grpc://{Address(host, number)}" if isinstance(at, Address) else where)

    def renew_tls(self, settings: Settings) -> None:
        """Use new certificate files for new connections. Raises CertificateError before anything has changed."""
        tls, devices = settings.tls, settings.client_certificates
        if tls and self.tls:
            renew(self.tls, tls.certificate, tls.key)
        if tls and self.grpc_tls:
            renew(self.grpc_tls, tls.certificate, tls.key)
        if tls and devices and self.device_tls:
            renew(self.device_tls, tls.certificate, tls.key)
            self.device_tls.load_verify_locations(devices.authorities)
        self.show_expiry(settings)

    def show_expiry(self, settings: Settings) -> None:
        """The expiry of each certificate that is served, for the metrics."""
        gauge, tls = self.gate.metrics.certificate_expiry, settings.tls
        if tls is None or self.tls is None:
            return
        end = served_certificate(tls.certificate).not_valid_after_utc.timestamp()
        gauge.clear()
        for listener in [self.public, *filter(None, [self.devices]), *self.questions]:
            gauge.labels(listener, str(tls.certificate)).set(end)

    def make_room(self) -> None:
        """Keep idle connections open for a moment at the end, while other workers accept new ones."""
        self.keep_alive_seconds = KEEP_ALIVE_SECONDS

    async def _finish(self, seconds: float) -> None:
        await asyncio.gather(*(server.finish(seconds, self.keep_alive_seconds) for server in self._servers))


def ports_for(settings: Settings, gate: Gate, place: WorkerPlace, most: int = sys.maxsize) -> PublicPorts:
    """The ports of these settings, for ``most`` connections, with nothing open yet. Raises CertificateError, OSError."""
    tls, devices, room = settings.tls, settings.client_certificates, ConnectionLimit(most)
    if not tls:
        return PublicPorts(gate, place, room)
    public = server_context(tls.certificate, tls.key)
    asks = devices if devices and devices.listen else None
    own = device_context(tls.certificate, tls.key, asks.authorities) if asks else None
    return PublicPorts(gate, place, room, public, own, server_context(tls.certificate, tls.key, "h2"))
