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
    """How long nginx may go by a yes without asking again; for so long a refusal may come too late. Left out: never."""


class AuthzSettings(Asking):
    """``/.mailgate/authz`` at ``listen``, beside the mail, for ``trusted_proxies`` alone. Left out: nobody can ask there."""

    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy"]
    """Which proxy asks: each tells in a way of its own what it asks about."""


class AuthzListener(Asking):
    """A port, or a Unix socket, for the questions of one proxy. It shows the gate's own pages and carries no mail."""

    listen: ListenAnywhere
    """A port has TLS where ``tls`` is set. A socket has none: who may open its file is a trusted proxy."""
    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy", "envoy-grpc"]
    """Which proxy asks; ``envoy-grpc``: Envoy's ``ext_authz`` by gRPC, for which the extra ``grpc`` has to be installed."""
