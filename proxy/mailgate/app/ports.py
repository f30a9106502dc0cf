"""The public ports of one gate: their listeners, their certificates, and the end of what runs there."""

import asyncio
import ssl
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from mailgate.app.listening import open_for_proxy, open_public
from mailgate.app.parts import server_limits
from mailgate.app.workers.place import Place
from mailgate.config import Address, Settings, SocketFile
from mailgate.gateway.handler import Gate
from mailgate.gateway.http1.connection_limits import Room
from mailgate.gateway.http1.listener import Server
from mailgate.gateway.http1.tls import device_context, renew, served_certificate, server_context


@dataclass
class Ports:
    """Every port but the admin port."""

    gate: Gate
    place: Place
    room: Room
    """The connections of all of them together."""
    tls: ssl.SSLContext | None = None
    device_tls: ssl.SSLContext | None = None
    public: str = ""
    devices: str = ""
    """The origin at which client certificates are asked for; empty if there is none."""
    questions: list[str] = field(default_factory=list)
    """The addresses of ports for questions of other proxies."""
    parting: float = 0.0
    """Seconds for which idle connections stay open at the end, while other workers take new ones."""
    _servers: list[Server] = field(default_factory=list)
    """The listener for mail, and one for each port for questions."""

    @property
    def running(self) -> int:
        """Requests that are being served."""
        return sum(each.running for each in self._servers)

    async def open(self, settings: Settings, closing: AsyncExitStack) -> None:
        """Serve at all ports. Raises OSError."""
        server = Server(self.gate.handle, server_limits(settings), self.room)
        self._servers.append(server)
        self.public = await open_public(server, settings.listen, self.tls, self.place.public, closing)
        own = settings.client_certificates.listen if settings.client_certificates else None
        if own and self.device_tls:
            self.devices = await open_public(server, own, self.device_tls, self.place.devices, closing)
        for each in settings.authz_listeners:
            await self._open_for_questions(each.listen, settings, closing)
        self.show_expiry(settings)

    async def _open_for_questions(
        self, at: Address | SocketFile, settings: Settings, closing: AsyncExitStack
    ) -> None:
        """Open a port or a Unix socket for questions of another proxy. It carries no mail. With several workers the
        supervisor has opened it."""
        where = str(at)
        if self.place.of > 1 and where not in self.place.questions:
            return
        handler, limits = partial(self.gate.handle, asked_at=where), server_limits(settings)
        server = Server(handler, limits, self.room, local=isinstance(at, SocketFile))
        self._servers.append(server)
        sockets = self.place.questions.get(where, ())
        self.questions.append(await open_for_proxy(server, at, self.tls, sockets, closing))

    def renew_tls(self, settings: Settings) -> None:
        """Serve new files to new connections. Raises CertificateError before anything has changed."""
        tls, devices = settings.tls, settings.client_certificates
        if tls and self.tls:
            renew(self.tls, tls.certificate, tls.key)
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

    async def finish(self, seconds: float) -> None:
        """Let running requests end by themselves for this long."""
        await asyncio.gather(*(server.finish(seconds, self.parting) for server in self._servers))


def ports_for(settings: Settings, gate: Gate, place: Place, most: int = sys.maxsize) -> Ports:
    """The ports of these settings with their certificates, for ``most`` connections; none is open yet. Raises CertificateError, OSError."""
    tls, devices = settings.tls, settings.client_certificates
    if not tls:
        return Ports(gate, place, Room(most))
    ports = Ports(gate, place, Room(most), server_context(tls.certificate, tls.key))
    if devices and devices.listen:
        ports.device_tls = device_context(tls.certificate, tls.key, devices.authorities)
    return ports
