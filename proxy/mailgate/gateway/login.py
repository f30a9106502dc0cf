"""The webmail's own question for a login, for a refused mail app that has not logged in yet.

A mail app whose first request is answered with anything but 401 takes the service for absent and falls back to another
protocol, or never asks for a password. So the webmail is asked without the body, and of its answer only the question for
a login is passed on.
"""

from dataclasses import replace

from mailgate.gateway.answer import Answer
from mailgate.gateway.facts import Incoming
from mailgate.gateway.forward import MAX_INTERIM, Forwarder
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.messages import request_head
from mailgate.model import Access, Protocol

_ASKING = {
    Protocol.ACTIVESYNC: frozenset({"POST"}),
    Protocol.DAV: frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"}),
    Protocol.EWS: frozenset({"GET", "POST"}),
    Protocol.JMAP: frozenset({"GET", "POST"}),
    Protocol.MAPI: frozenset({"POST"}),
}
"""Methods that change nothing at the webmail once their body is gone, by the protocols of mail apps."""
_CREDENTIALS = ("authorization", "cookie")
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


def has_no_login(access: Access, incoming: Incoming) -> bool:
    """Whether a request of a mail app shows nothing at all that says who it is."""
    headers = access.facts.headers
    return (
        access.facts.method in _ASKING.get(access.client.protocol, ())
        and not any(name in headers for name in _CREDENTIALS)
        and not incoming.facts.user
        and access.attestation is None
    )


async def ask_for_login(forwarder: Forwarder, head: RequestHead, incoming: Incoming) -> Answer | None:
    """The webmail's 401 with its challenges, or None where it asks for no login. Raises UpstreamError."""
    asked = _without_body(head)
    upstream = await forwarder.pool.connect()
    try:
        upstream.expect(asked.method)
        upstream.write(request_head(asked, incoming.origin, default_host=forwarder.default_host))
        for _ in range(MAX_INTERIM):
            response = await upstream.read_head()
            if not response.informational:
                break
    finally:
        upstream.abort()
    challenges = values(response.fields, b"www-authenticate")
    if response.status != 401 or not challenges:
        return None
    return Answer(401, headers=tuple(("WWW-Authenticate", value.decode("latin-1")) for value in challenges))


def _without_body(head: RequestHead) -> RequestHead:
    fields = [(name, value) for name, value in head.fields if name.lower() not in _FRAMING]
    fields.append((b"Content-Length", b"0"))
    return replace(head, fields=fields, length=0, chunked=False, upgrade=b"")
