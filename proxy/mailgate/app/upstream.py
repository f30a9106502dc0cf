"""The connections to the webmail, as the settings want them. Nothing is opened here."""

import secrets
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from mailgate.app import utc_now
from mailgate.config import Settings
from mailgate.gateway.observe.request_metrics import Tracing
from mailgate.gateway.selfservice.login_check import LoginCheck
from mailgate.http.proxy.autodiscover import AutodiscoverEditor
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.proxy.heads import Rewrite
from mailgate.http.proxy.pool import UpstreamPool
from mailgate.http.proxy.upstream import Endpoint
from mailgate.http.tls import upstream_context


@dataclass(frozen=True, slots=True)
class Forwarders:
    """The connections to the webmail: the usual one, one for long polls, one for Autodiscover."""

    usual: Forwarder
    long_poll: Forwarder
    autodiscover: Forwarder


def forwarders_for(settings: Settings, tracing: Tracing | None = None) -> Forwarders:
    upstream, timeouts = urlsplit(settings.upstream), settings.timeouts
    tls = upstream_context(settings.upstream_ca) if upstream.scheme == "https" else None
    endpoint = Endpoint(
        host=upstream.hostname or "",
        port=upstream.port or (443 if tls else 80),
        tls=tls,
        connect_time=timeouts.connect.total_seconds(),
        response_time=timeouts.response.total_seconds(),
        idle_time=timeouts.idle.total_seconds(),
    )
    usual = Forwarder(
        UpstreamPool(endpoint),
        Rewrite.between(settings.public_url, settings.upstream),
        urlsplit(settings.public_url).netloc.encode(),
        timeouts.idle.total_seconds(),
        mark=tracing.mark if tracing else None,
    )
    hanging = timeouts.hanging.total_seconds()
    long_poll = UpstreamPool(replace(endpoint, response_time=hanging, idle_time=hanging))
    editor = AutodiscoverEditor.between(settings.public_url, settings.upstream)
    return Forwarders(usual, replace(usual, pool=long_poll), replace(usual, editor=editor))


def login_check_for(question: str | None, public_url: str, pool: UpstreamPool) -> LoginCheck | None:
    """The check that asks the webmail about logins; None if no login is believed."""
    if question is None:
        return None
    method, target = question.encode().split(b" ", 1)
    host = urlsplit(public_url).netloc.encode()
    return LoginCheck(pool, (method, target), host, utc_now, partial(secrets.token_urlsafe, 18))
