"""Reads the request that another proxy asks about from that proxy's dialect. Nothing is guessed.

nginx and HAProxy are told what to send by our own configurations: ``X-Original-Method`` and ``X-Original-URI``. Caddy's
``forward_auth`` and Traefik's ``ForwardAuth`` send ``X-Forwarded-Method`` and ``X-Forwarded-Uri``. Envoy's ``ext_authz``
asks with the request line itself, its path behind a prefix, and appends an address of its own machine to
``X-Forwarded-For`` (envoyproxy/envoy#21519), so our configuration tells it who asks in ``X-Original-For``. A field of
another dialect is never read: a client may have sent it.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from mailgate.http.fields import Field, Fields
from mailgate.http.grammar import HOST, is_token
from mailgate.http.request import TARGET, RequestHead, ambiguous, malformed

PATH = "/.mailgate/authz"


class Dialect(StrEnum):
    """How a proxy describes the request that it asks about."""

    NGINX = "nginx"
    CADDY = "caddy"
    TRAEFIK = "traefik"
    ENVOY = "envoy"
    HAPROXY = "haproxy"


_FOR, _PROTO, _HOST = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"
_ORIGINAL = (b"x-original-method", b"x-original-uri")
_FORWARDED = (b"x-forwarded-method", b"x-forwarded-uri")
_REQUEST_LINE = {
    Dialect.NGINX: _ORIGINAL,
    Dialect.HAPROXY: _ORIGINAL,
    Dialect.CADDY: _FORWARDED,
    Dialect.TRAEFIK: _FORWARDED,
}
"""The fields that tell the method and the target."""
_NEEDED = {dialect: sorted({_FOR, _PROTO, _HOST, *_REQUEST_LINE.get(dialect, ())}) for dialect in Dialect}
_CLIENT = b"x-original-for"
_NEEDED[Dialect.ENVOY] = [_PROTO, _CLIENT]


def original_request(head: RequestHead, dialect: Dialect) -> RequestHead:
    """The head of the request that ``head`` asks about. Raises RequestRefused if that is missing or given twice.

    Address and scheme must be given too, or the gate would take those of the asking proxy for the client's.
    """
    told = _required(head.fields, _NEEDED[dialect])
    if told[_PROTO].lower() not in (b"http", b"https"):
        raise malformed("X-Forwarded-Proto is neither http nor https.")
    if dialect is Dialect.ENVOY:
        head = replace(head, fields=_from(told[_CLIENT], head.fields))
        return _parsed(head, head.method, head.target.removeprefix(PATH.encode()))
    if not HOST.fullmatch(told[_HOST]):
        raise malformed("X-Forwarded-Host is not a host name with an optional port.")
    method, target = _REQUEST_LINE[dialect]
    return _parsed(head, told[method], told[target])


def _required(fields: Fields, names: Sequence[bytes]) -> dict[bytes, bytes]:
    """The values of these fields. Each must be present once and not be empty."""
    told: dict[bytes, bytes] = {}
    for name in names:
        values = [each for each in fields.values(name) if each]
        if len(values) > 1:
            raise ambiguous(f"The asking proxy has sent {name.decode()} twice.")
        if not values:
            raise ambiguous(f"The asking proxy has not sent {name.decode()}.")
        told[name] = values[0]
    return told


def _from(client: bytes, fields: Sequence[Field]) -> Fields:
    """The fields with ``X-Forwarded-For`` set to this client."""
    return Fields([*(field for field in fields if field[0].lower() != _FOR), (_FOR, client)])


def _parsed(head: RequestHead, method: bytes, target: bytes) -> RequestHead:
    """Parse the original request in origin form, by the grammar of every request. The asking proxy keeps its body."""
    if not is_token(method) or method == b"CONNECT":
        raise malformed("The original method is not valid.")
    if not TARGET.fullmatch(target) or not (
        target.startswith(b"/") or (method, target) == (b"OPTIONS", b"*")
    ):
        raise malformed("The original target is not valid.")
    none_empty = head.raw and b": \r\n" not in head.raw
    fields = head.fields if none_empty else _without_empty(head.fields)
    return RequestHead(method, target, head.minor, fields, head.host, keep_alive=head.keep_alive)


def _without_empty(fields: Fields) -> Fields:
    """The fields without empty ones. For the key of a proxy that caches verdicts they are like missing ones
    (``verdict_key.py``)."""
    places = fields.row.places
    empty = {key for key, at in places.items() if len(at) == 1 and not fields.get(key)}
    return Fields([field for field in fields if field[0].lower() not in empty]) if empty else fields
