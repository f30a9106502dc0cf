"""The request that another proxy asks about, as that proxy's dialect tells it. Nothing is guessed.

nginx and HAProxy are told what to send by our own configurations: ``X-Original-Method`` and ``X-Original-URI``. Caddy's
``forward_auth`` and Traefik's ``ForwardAuth`` send ``X-Forwarded-Method`` and ``X-Forwarded-Uri``. Envoy's ``ext_authz``
asks with the request line itself, its path behind a prefix. A field of another dialect is never read: a client may
have sent it.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from mailgate.gateway.http1.grammar import HOST, Field, values
from mailgate.gateway.http1.request import RequestHead, ambiguous, malformed, parse_request_head

PATH = "/.mailgate/authz"


class Dialect(StrEnum):
    """How a proxy tells the request that it asks about."""

    NGINX = "nginx"
    CADDY = "caddy"
    TRAEFIK = "traefik"
    ENVOY = "envoy"
    HAPROXY = "haproxy"


_ORIGINAL = (b"x-original-method", b"x-original-uri")
_FORWARDED = (b"x-forwarded-method", b"x-forwarded-uri")
_FIELDS = {
    Dialect.NGINX: _ORIGINAL,
    Dialect.HAPROXY: _ORIGINAL,
    Dialect.CADDY: _FORWARDED,
    Dialect.TRAEFIK: _FORWARDED,
}


def original(head: RequestHead, dialect: Dialect) -> RequestHead:
    """The head of the request that ``head`` asks about. Raises RequestRefused where it is not told, or told twice.

    Address and scheme must be told as well: what the gate would take instead are the asking proxy's own.
    """
    _once(head.fields, b"x-forwarded-for")
    if _once(head.fields, b"x-forwarded-proto").lower() not in (b"http", b"https"):
        raise malformed("X-Forwarded-Proto is neither http nor https.")
    if dialect is Dialect.ENVOY:
        return _asked(head, head.method, head.target.removeprefix(PATH.encode()))
    if not HOST.fullmatch(_once(head.fields, b"x-forwarded-host")):
        raise malformed("X-Forwarded-Host is not a host name with an optional port.")
    method, target = (_once(head.fields, name) for name in _FIELDS[dialect])
    return _asked(head, method, target)


def _once(fields: Sequence[Field], name: bytes) -> bytes:
    found = values(fields, name)
    if len(found) != 1 or not found[0]:
        raise ambiguous(f"The asking proxy has to send {name.decode()} exactly once.")
    return found[0]


def _asked(head: RequestHead, method: bytes, target: bytes) -> RequestHead:
    """By the grammar of every request. Its body stays with the proxy that asks."""
    read = parse_request_head(b"%s %s HTTP/1.1\r\nHost: asked\r\n\r\n" % (method, target), max_fields=1)
    if read.scheme:
        raise malformed("The original target is not in origin form.")
    return replace(head, method=read.method, target=read.target, length=None, chunked=False, upgrade=b"")
