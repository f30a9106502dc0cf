"""The settings of serving: the certificate, limits of size and time, and forward auth, by which another proxy asks this gate."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mailgate.config.references import MachineFile
from mailgate.config.values import Duration, ListenAnywhere, Size
from mailgate.policy.written import Strict

KiB = 1024


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class TlsSettings(Strict):
    """The certificate and key of the public listener, PEM. They are read again when they change."""

    certificate: MachineFile
    key: MachineFile


class Limits(Strict):
    """Limits of size."""

    head_bytes: Size = Field(default=64 * KiB, ge=KiB)
    """The largest request head: the request line and all header fields together."""
    header_count: int = Field(default=100, ge=1, le=10_000)
    body_bytes: Size = 0
    """The largest request body; 0 for no limit."""


class Timeouts(Strict):
    """How long the gate waits."""

    connect: Duration = _seconds(5)
    """How long a connection to the upstream may take."""
    head: Duration = _seconds(10)
    """How long a client may take to send its whole request head."""
    response: Duration = _seconds(60)
    """How long the gate waits for the upstream's response head."""
    idle: Duration = _seconds(60)
    """How long the gate waits for the next piece of a body, in either direction."""
    hanging: Duration = timedelta(hours=1)
    """In place of ``response`` and ``idle`` for ActiveSync's Ping and Sync, which wait for mail."""
    keep_alive: Duration = _seconds(75)
    """How long a connection may wait for its next request."""
    shutdown: Duration = _seconds(30)
    """How long running requests may take when the gate stops."""


GRPC = "envoy-grpc"
"""Envoy's ``ext_authz`` by gRPC, which needs a port of its own."""


class AuthzBase(Strict):
    """How long the asking proxy may use an answer."""

    remember: Duration = Field(default=timedelta(0), le=timedelta(seconds=10))
    """How long nginx may use an allowing answer without asking again; a refusal may come this much too late. If left
    out, it asks for each request."""


class AuthzSettings(AuthzBase):
    """Answers at ``/.mailgate/authz`` at ``listen``, where the gate also carries mail, for ``trusted_proxies`` only. If
    left out, nobody can ask there."""

    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy"]
    """The proxy that asks. Each describes the request in its own way."""


class AuthzListener(AuthzBase):
    """A port or a Unix socket for the questions of one proxy. It serves the gate's own pages and carries no mail."""

    listen: ListenAnywhere
    """The address: a port, with TLS if ``tls`` is set, or a socket, whose file makes a trusted proxy of who may open it."""
    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy", "envoy-grpc"]
    """The proxy that asks. ``envoy-grpc`` is Envoy's ``ext_authz`` by gRPC, for which the extra ``grpc`` has to be installed."""
