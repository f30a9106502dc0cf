"""Forward auth: how another proxy, which carries the mail itself, asks this gate."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ListenAnywhere
from mailgate.config.values import Duration
from mailgate.policy.apps import Strict

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
    """The address. A port has TLS if ``tls`` is set. A socket has none: everybody who may open its file is a trusted
    proxy."""
    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy", "envoy-grpc"]
    """The proxy that asks. ``envoy-grpc`` is Envoy's ``ext_authz`` by gRPC, for which the extra ``grpc`` has to be installed."""
