"""Gives a refused client the way to the mail, or the webmail's question for a login, and nothing else of the webmail's answer.

So no answer to such a request can hold mail, however the webmail treats its address, its login and its body. The gate
passes on a question for a login, a redirect, the versions and commands of ActiveSync, and a document in which every
element belongs to Autodiscover (``recognise.py``). Any other successful answer becomes a 404.

A mail app whose first request is not answered with 401 assumes that the service does not exist. It falls back to another protocol or
never asks for a password. So for one that has not logged in yet the webmail is asked at the same address, without the body and by
methods that change nothing.
"""

from dataclasses import replace
from http import HTTPStatus

from mailgate.gateway.answer import Answer, read_small_body
from mailgate.gateway.autodiscover import is_json_directions, is_xml_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.exchange import Exchange
from mailgate.http.fields import Fields
from mailgate.http.grammar import values
from mailgate.http.proxy.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.http.proxy.forward import MAX_INTERIM, Forwarder
from mailgate.http.proxy.heads import request_head
from mailgate.http.proxy.pool import UpstreamPool
from mailgate.http.proxy.upstream import UpstreamConnection, UpstreamMalformed
from mailgate.http.request import RequestHead, ResponseHead, without_body
from mailgate.http.trusted_headers import Origin
from mailgate.model import PROTOCOL_TRAITS, Access, Decision
from mailgate.policy.rules import DISCOVERY_RULE

_LEFT_OUT = frozenset(
    {b"cookie", b"expect", b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since"}
)
"""Fields of the request that are left out. A load balancer's cookie is one: this question may go to any server."""
_OF_THE_WAY = tuple(
    "WWW-Authenticate Location X-MS-Location Retry-After Allow Public DAV MS-Author-Via MS-Server-ActiveSync"
    " MS-ASProtocolVersions MS-ASProtocolCommands X-MS-RP".split()
)
_KNOWN = frozenset(status.value for status in HTTPStatus)
_WITH_A_DOCUMENT = frozenset({200, 500})
"""The statuses that may come with a document: some servers send an Autodiscover error with a 500. No SOAP fault is passed on, since it
may hold any text."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def gate_gives_directions(access: Access, decision: Decision) -> bool:
    """Whether the gate gives the way itself though another proxy carries the mail: an allowing answer would let it all through."""
    return access.facts.by_forward_auth and decision.rule == DISCOVERY_RULE


async def answer_with_directions(way: Forwarder, exchange: Exchange, incoming: Incoming) -> Answer:
    """Ask the webmail over a separate connection. Raises UpstreamError, and RequestRefused if the body does not arrive."""
    if values(exchange.head.fields, b"expect") and exchange.head.minor:
        exchange.write(_CONTINUE)
    return await ask_for_directions(way, exchange.head, incoming, await read_small_body(exchange))


async def ask_for_directions(
    way: Forwarder, head: RequestHead, incoming: Incoming, body: bytes = b""
) -> Answer:
    """Ask the webmail for the way. ``body`` is the whole body of the request; it is empty if another proxy keeps the body.
    Raises UpstreamError."""
    if not body:
        head = without_body(head, head.method)
    head = replace(head, fields=Fields(each for each in head.fields if each[0].lower() not in _LEFT_OUT))
    head = way.editor.readable_request(head) if way.editor else head
    upstream = await way.pool.connect()
    try:
        upstream.ask(
            head.method,
            request_head(head, incoming.origin, default_host=way.default_host, closing=True) + body,
        )
        response = await _final(upstream)
        document = await _document(way.editor, head, response, upstream)
    finally:
        upstream.abort()
    return _answer(way, head, response, document)


async def _final(upstream: UpstreamConnection) -> ResponseHead:
    for _ in range(MAX_INTERIM):
        response = await upstream.read_head()
        if not response.informational:
            return response
    raise UpstreamMalformed("interim answers without an end")


async def _document(
    editor: AutodiscoverEditor | None,
    asked: RequestHead,
    response: ResponseHead,
    upstream: UpstreamConnection,
) -> Answer | None:
    """The Autodiscover document in this answer with its addresses changed; None if there is none."""
    if editor is None or asked.method == b"OPTIONS" or response.status not in _WITH_A_DOCUMENT:
        return None
    body = b""
    while piece := await upstream.read():
        body += piece
        if len(body) > MAX_BODY:
            return None
    told = editor.edited_text(response, body)
    if told is None:
        return None
    text, charset = told
    kind = "text/xml" if is_xml_directions(text) else "application/json" if is_json_directions(text) else ""
    # Python's name for UTF-8 with a byte order mark is not one of IANA's
    told_as = f"{kind}; charset={charset.removesuffix('-sig')}"
    return Answer(response.status, text.encode(charset), told_as) if kind else None


def _answer(way: Forwarder, asked: RequestHead, response: ResponseHead, document: Answer | None) -> Answer:
    headers = tuple(
        (name, way.rewrite.field(name.lower().encode(), value).decode("latin-1"))
        for name in _OF_THE_WAY
        for value in values(response.fields, name.lower().encode())
    )
    if document is not None:
        return replace(document, headers=headers)
    if response.status not in _KNOWN or response.status < 200:
        return Answer(502, headers=headers)
    if response.status < 300:
        return Answer(200 if asked.method == b"OPTIONS" else 404, headers=headers)
    return Answer(response.status, headers=headers)


_CREDENTIALS = ("authorization", "cookie")

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PROPFIND", b"REPORT"})
"""Methods that read (RFC 9110, section 9.2.1; RFC 4918, section 9.1; RFC 3253, section 3.6) and are used unchanged."""
_INSTEAD = (b"OPTIONS", b"GET")
"""The methods that are tried, in this order, in place of any other. SOGo answers 401 to OPTIONS, but to an ActiveSync POST only if that has
neither a body nor a ``Content-Length``. Servers that answer browsers' preflights allow OPTIONS to everybody, and answer 401 to GET."""


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
        asked = without_body(head, method)
        response = await head_of_answer(forwarder.pool, asked, incoming.origin, forwarder.default_host)
        challenges = values(response.fields, b"www-authenticate")
        if response.status == 401 and challenges:
            headers = tuple(("WWW-Authenticate", value.decode("latin-1")) for value in challenges)
            return Answer(401, headers=headers)
    return None


async def head_of_answer(
    pool: UpstreamPool, asked: RequestHead, origin: Origin, default_host: bytes
) -> ResponseHead:
    """Ask the webmail over a connection of its own, which is closed: the rest is not needed. Raises UpstreamError."""
    upstream = await pool.connect()
    try:
        upstream.ask(asked.method, request_head(asked, origin, default_host=default_host))
        return await _final(upstream)
    finally:
        upstream.abort()
