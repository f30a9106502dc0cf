"""Writes the heads for the webmail and for the client. Every field stays as it came unless a proxy must change it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import formatdate
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from mailgate.gateway.http1.body import BodyUntilClose, ChunkedBody
from mailgate.gateway.http1.cookies import without_own
from mailgate.gateway.http1.fields import Field, Fields
from mailgate.gateway.http1.grammar import connection_options, takes_trailers
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.http1.response import ResponseHead
from mailgate.gateway.http1.trusted_headers import HOP_BY_HOP, Origin, forgeable, speaks_for_the_gate
from mailgate.gateway.proxy.rewrite import Rewrite

PSEUDONYM = b"mailgate"
"""The name of the gate in ``Via`` (RFC 9110, section 7.6.3)."""
VIA = b"Via: 1.%%d %b\r\n" % PSEUDONYM
# RFC 9110, section 6.5.1: trailers must not hold fields that change how a message is read
NEVER_TRAILERS = HOP_BY_HOP | {
    b"content-length",
    b"content-encoding",
    b"content-type",
    b"content-range",
    b"trailer",
    b"host",
    b"authorization",
    b"cookie",
    b"set-cookie",
    b"cache-control",
    b"expect",
    b"max-forwards",
    b"range",
    b"location",
    b"www-authenticate",
}


def request_head(head: RequestHead, origin: Origin, *, default_host: bytes, closing: bool = False) -> bytes:
    """The head for the webmail. The client's trust headers are replaced by true ones.

    ``closing`` says that this is the last request on its connection.
    """
    host = head.host or default_host
    return b"%b %b HTTP/1.1\r\n%b%b%b%b%b\r\n" % (
        head.method,
        head.target,
        b"" if b"host" in head.fields.first else b"Host: %b\r\n" % host,
        _passed_on(head),
        _forwarded_by(origin, host),
        VIA % head.minor,
        b"Connection: close\r\n" if closing else _options(head),
    )


class _Fate(Enum):
    """The treatment of a field that came."""

    PASSES = auto()
    IS_DROPPED = auto()
    IS_LOOKED_AT = auto()


_PASSES, _IS_LOOKED_AT = _Fate.PASSES, _Fate.IS_LOOKED_AT


class _Fates(dict[bytes, _Fate]):
    """A cache of the fate of fields by lower-case name. It is small and keeps no long names, since clients make names up."""

    def __init__(self, fate_of: Callable[[bytes], _Fate]) -> None:
        super().__init__()
        self._fate_of = fate_of

    def __missing__(self, key: bytes) -> _Fate:
        fate = self._fate_of(key)
        if len(key) <= _MAX_NAME:
            if len(self) >= _MAX_NAMES:
                self.clear()
            self[key] = fate
        return fate


_MAX_NAME, _MAX_NAMES = 64, 4096
_FRAMES = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""Fields that no Connection option can remove, since they say how to read the message."""
_CHANGED_IN_REQUEST = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"cookie", b"max-forwards", b"expect"}
)


def _fate_in_request(key: bytes) -> _Fate:
    if key in _CHANGED_IN_REQUEST:
        return _Fate.IS_LOOKED_AT
    return _Fate.IS_DROPPED if key in HOP_BY_HOP or forgeable(key) else _Fate.PASSES


_REQUEST_FATES = _Fates(_fate_in_request)


def _of_this_hop(fields: Fields) -> list[bytes]:
    """The fields that the Connection field removes, besides those that are never passed on."""
    return [option for option in connection_options(fields) if option not in HOP_BY_HOP]


def _passed_on(head: RequestHead) -> bytes:
    """The client's fields that are passed on to the webmail."""
    fields = head.fields
    of_this_hop = _of_this_hop(fields)
    lines: list[bytes] = []
    for key, line in zip(fields.keys, fields.lines, strict=True):
        fate = _REQUEST_FATES[key]
        if of_this_hop and key in of_this_hop and key not in _FRAMES:
            continue
        if fate is _PASSES:
            lines.append(line)
        elif fate is _IS_LOOKED_AT and (changed := _changed(head, key, line)) is not None:
            lines.append(changed)
    lines.append(b"")
    return b"\r\n".join(lines)


def _changed(head: RequestHead, key: bytes, line: bytes) -> bytes | None:
    """The line as it is passed on; None if it is dropped."""
    name, _, value = line.partition(b": ")
    match key:
        case b"host":
            return b"%b: %b" % (name, head.host)
        case b"cookie":
            kept = without_own(value)
            return b"%b: %b" % (name, kept) if kept or not value else None
        case b"content-length":
            return b"%b: %d" % (name, head.length or 0)
        case b"transfer-encoding":
            return b"%b: chunked" % name
        case b"max-forwards" if head.max_forwards:
            return b"%b: %d" % (name, head.max_forwards - 1)
        case b"expect" if not head.minor:  # RFC 9110, section 10.1.1: an expectation in HTTP/1.0 is ignored
            return None
        case _:
            return line


def http_date(now: datetime) -> bytes:
    """The Date field, with its line end (RFC 9110, section 6.6.1)."""
    return _date_of(int(now.timestamp()))


@lru_cache(8)
def _date_of(second: int) -> bytes:
    return b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()


def _forwarded_by(origin: Origin, host: bytes) -> bytes:
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nX-Real-IP: %b\r\n%b" % (
        origin.forwarded_for,
        origin.scheme.encode(),
        origin.host or host,
        origin.remote.encode("latin-1"),
        b"X-Forwarded-User: %b\r\n" % origin.user if origin.user else b"",
    )


def _options(head: RequestHead) -> bytes:
    if head.upgrade:
        return b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.upgrade
    if head.minor and takes_trailers(head.fields):
        return b"Connection: TE\r\nTE: trailers\r\n"
    return b""


class Framing(NamedTuple):
    """How the body of one response reaches the client."""

    chunked: bool
    keep_alive: bool
    trailers: bool


def framing_for(request: RequestHead, response: ResponseHead, *, closing: bool) -> Framing:
    """The framing of an answer. A length stays; otherwise the body is chunked for HTTP/1.1, and for HTTP/1.0 ends with the connection."""
    open_ended = isinstance(response.body, (ChunkedBody, BodyUntilClose))
    keep_alive = request.keep_alive and not closing and (bool(request.minor) or not open_ended)
    return Framing(
        chunked=open_ended and bool(request.minor),
        keep_alive=keep_alive,
        trailers=bool(request.minor) and takes_trailers(request.fields),
    )


def response_head(
    request: RequestHead,
    response: ResponseHead,
    framing: Framing,
    rewrite: Rewrite,
    now: datetime,
    added: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The head for the client: the status line and every end-to-end field byte for byte, in order, then ``added``.

    A Date is added if the webmail sent none, as a recipient that forwards must (RFC 9110, section 6.6.1).
    """
    named, of_this_hop = response.fields.first, _of_this_hop(response.fields)
    dated = b"date" in named and b"date" not in of_this_hop
    return b"HTTP/1.1 %d %b\r\n%b%b%b%b%b\r\n" % (
        response.status,
        response.reason,
        _returned(response, framing, rewrite, of_this_hop),
        b"" if dated else http_date(now),
        b"".join([b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in added]),
        b"Transfer-Encoding: chunked\r\n" if framing.chunked and b"transfer-encoding" not in named else b"",
        connection_option(request, keep_alive=framing.keep_alive),
    )


_REWRITTEN = frozenset({b"location", b"content-location", b"x-ms-location", b"set-cookie"})
_CHANGED_IN_RESPONSE = _REWRITTEN | {b"content-length", b"transfer-encoding", b"trailer"}


def _fate_in_response(key: bytes) -> _Fate:
    if key in _CHANGED_IN_RESPONSE:
        return _Fate.IS_LOOKED_AT
    return _Fate.IS_DROPPED if key in HOP_BY_HOP or speaks_for_the_gate(key) else _Fate.PASSES


_RESPONSE_FATES = _Fates(_fate_in_response)


def _returned(
    response: ResponseHead, framing: Framing, rewrite: Rewrite, of_this_hop: Sequence[bytes]
) -> bytes:
    """The webmail's fields that are passed on to the client."""
    fields = response.fields
    lines: list[bytes] = []
    for key, line in zip(fields.keys, fields.lines, strict=True):
        fate = _RESPONSE_FATES[key]
        if of_this_hop and key in of_this_hop and key not in _FRAMES:
            continue
        if fate is _PASSES:
            lines.append(line)
        elif (
            fate is _IS_LOOKED_AT
            and (changed := _changed_answer(response, framing, rewrite, key, line)) is not None
        ):
            lines.append(changed)
    lines.append(b"")
    return b"\r\n".join(lines)


def _changed_answer(
    response: ResponseHead, framing: Framing, rewrite: Rewrite, key: bytes, line: bytes
) -> bytes | None:
    """The line as the client gets it; None if it is dropped."""
    name, _, value = line.partition(b": ")
    match key:
        case b"transfer-encoding":
            return b"%b: chunked" % name if framing.chunked else None
        case b"content-length":  # RFC 9110, section 8.6: a server must not send a length with a 204
            return None if response.status == 204 else line
        case b"trailer":
            return line if framing.trailers else None
        case _:
            return b"%b: %b" % (name, rewrite.field(key, value))


def connection_option(request: RequestHead, *, keep_alive: bool) -> bytes:
    """The Connection field; empty if it would be the version's default (RFC 9112, section 9.3)."""
    if not keep_alive:
        return b"Connection: close\r\n"
    return b"" if request.minor else b"Connection: keep-alive\r\n"


def informational_head(response: ResponseHead) -> bytes:
    """A 1xx head for the client."""
    dropped = HOP_BY_HOP.union(connection_options(response.fields), {b"content-length"})
    fields = b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, value in response.fields
        if name.lower() not in dropped and not speaks_for_the_gate(name)
    )
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (response.status, response.reason, fields)


def switching_head(response: ResponseHead, protocol: bytes) -> bytes:
    """The 101 head for the client."""
    return informational_head(response)[:-2] + b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n" % protocol


def safe_trailers(trailers: Sequence[Field]) -> list[Field]:
    """The trailers that may be passed on: those that do not change how the message or its sender is understood."""
    return [
        (name, value)
        for name, value in trailers
        if name.lower() not in NEVER_TRAILERS and not forgeable(name)
    ]
