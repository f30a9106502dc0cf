"""Forward auth: how another proxy, which carries the mail itself, asks this gate."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ListenAnywhere
from mailgate.config.values import Duration
from mailgate.policy.apps import Strict

GRPC = "envoy-grpc"
"""Envoy's ``ext_authz`` by gRPC, which needs a port for itself."""


class Asking(Strict):
    """How long the asking proxy goes by an answer."""

    remember: Duration = Field(default=timedelta(0), le=timedelta(seconds=10))
    """How long nginx may reuse a yes without asking again; a refusal may come this much too late. If left out, never."""


class AuthzSettings(Asking):
    """Answers at ``/.mailgate/authz`` at ``listen``, beside the mail, for ``trusted_proxies`` alone. If left out,
    nobody can ask there."""

    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy"]
    """The proxy that asks. Each has its own way to say which request it asks about."""


class AuthzListener(Asking):
    """A port, or a Unix socket, for the questions of one proxy. It shows the gate's own pages and carries no mail."""

    listen: ListenAnywhere
    """A port has TLS if ``tls`` is set. A socket has none: everybody who may open its file is a trusted proxy."""
    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy", "envoy-grpc"]
    """The proxy that asks. ``envoy-grpc`` is Envoy's ``ext_authz`` by gRPC, for which the extra ``grpc`` has to be installed."""
