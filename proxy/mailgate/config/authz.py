"""Forward auth: how another proxy, which carries the mail itself, asks this gate."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ListenAnywhere
from mailgate.config.values import Duration
from mailgate.policy.apps import Strict


class AuthzSettings(Strict):
    """``/.mailgate/authz`` at ``listen``, beside the mail, for ``trusted_proxies`` alone. Left out: nobody can ask there."""

    dialect: Literal["nginx", "caddy", "traefik", "envoy", "haproxy"]
    """Which proxy asks: each tells in a way of its own what it asks about."""
    remember: Duration = Field(default=timedelta(0), le=timedelta(seconds=10))
    """How long nginx may go by a yes without asking again; for so long a refusal may come too late. Left out: never."""


class AuthzListener(AuthzSettings):
    """A port, or a Unix socket, for the questions of one proxy. It shows the gate's own pages and carries no mail."""

    listen: ListenAnywhere
    """A port has TLS where ``tls`` is set. A socket has none: who may open its file is a trusted proxy."""
