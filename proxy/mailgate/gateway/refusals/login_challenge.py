"""Passes the webmail's question for a login to a refused mail app that has not logged in yet.

A mail app whose first request is not answered with 401 assumes that the service does not exist. It falls back to
another protocol or never asks for a password. So the gate asks the webmail at the same address, without the body and by
methods that change nothing. It passes on only the question for a login.
"""

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.grammar import values
from mailgate.http.proxy.forward import MAX_INTERIM, Forwarder
from mailgate.http.proxy.heads import request_head
from mailgate.http.request import RequestHead, without_body
from mailgate.http.response import ResponseHead
from mailgate.model import PROTOCOL_TRAITS, Access

_CREDENTIALS = ("authorization", "cookie")

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PROPFIND", b"REPORT"})
"""Methods that read (RFC 9110, section 9.2.1; RFC 4918, section 9.1; RFC 3253, section 3.6) and are used unchanged."""
_INSTEAD = (b"OPTIONS", b"GET")
"""The methods that are tried, in this order, in place of any other method.

SOGo answers 401 to OPTIONS, but to an ActiveSync POST only if that has neither a body nor a ``Content-Length``. Servers
that answer browsers' preflights allow OPTIONS to everybody, and answer 401 to GET.
"""


def has_no_login(access: Access, incoming: Incoming) -> bool:
    """Whether a request of a mail app has nothing that identifies its sender."""
    headers = access.facts.headers
    return (
        PROTOCOL_TRAITS[access.client.protocol].of_mail_apps
        and not any(headers.get(name, "").strip() for name in _CREDENTIALS)
        and not incoming.facts.user
        and access.attestation is None
    )


async def ask_for_login(forwarder: Forwarder, head: RequestHead, incoming: Incoming) -> Answer | None:
    """The webmail's 401 with its challenges; None if it asks for no login. Raises UpstreamError."""
    for method in (head.method,) if head.method in _SAFE else _INSTEAD:
        response = await _ask(forwarder, without_body(head, method), incoming)
        challenges = values(response.fields, b"www-authenticate")
        if response.status == 401 and challenges:
            headers = tuple(("WWW-Authenticate", value.decode("latin-1")) for value in challenges)
            return Answer(401, headers=headers)
    return None


async def _ask(forwarder: Forwarder, asked: RequestHead, incoming: Incoming) -> ResponseHead:
    """Ask over a separate connection and return the head of the answer. The connection is closed, since the rest is not
    needed."""
    upstream = await forwarder.pool.connect()
    try:
        data = request_head(asked, incoming.origin, default_host=forwarder.default_host)
        upstream.ask(asked.method, data)
        for _ in range(MAX_INTERIM):
            response = await upstream.read_head()
            if not response.informational:
                break
    finally:
        upstream.abort()
    return response
