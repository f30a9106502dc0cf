"""Write the heads that go to the webmail and to the client: every field as it came, but for what a proxy must change."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple

from mailgate.gateway.cookies import without_own
from mailgate.gateway.http1.body import BodyUntilClose, ChunkedBody, LengthBody
from mailgate.gateway.http1.fields import LONGEST_LINE, Field
from mailgate.gateway.http1.grammar import connection_options, takes_trailers
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.http1.response import ResponseHead
from mailgate.gateway.rewrite import Rewrite
from mailgate.gateway.trust import HOP_BY_HOP, Origin, forgeable, speaks_for_the_gate

_NOTHING: tuple[object, bytes | None] = (None, None)
PSEUDONYM = b"mailgate"
"""What a gate calls itself to who comes behind it (RFC 9110, section 7.6.3)."""
VIA = b"Via: 1.%%d %b\r\n" % PSEUDONYM
# RFC 9110, section 6.5.1: fields that change how a message is read have no place in trailers
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


def request_head(head: RequestHead, origin: Origin, *, default_host: bytes) -> bytes:
    """The head for the webmail. Trust headers of the client are gone, true ones stand in their place."""
    return b"%b %b%b" % (
        head.method,
        head.target,
        lines_behind_target(head, origin, default_host=default_host),
    )


def lines_behind_target(head: RequestHead, origin: Origin, *, default_host: bytes) -> bytes:
    """All of ``request_head`` but method and target, on which only the hops that are left may depend."""
    host = head.host or default_host
    kept, options = _passed_on(head)
    return b" HTTP/1.1\r\n%b%b%b%b%b\r\n" % (
        b"" if b"host" in head.fields.named else b"Host: %b\r\n" % host,
        kept,
        _forwarded_by(origin, host),
        b"X-Forwarded-User: %b\r\n" % origin.user if origin.user else b"",
        options,
    )


def _passed_on(head: RequestHead) -> tuple[bytes, bytes]:
    """The client's own fields, as far as they are the webmail's business, and what the gate says of the connection."""
    if head.scheme or head.max_forwards is not None:  # not made of the fields alone
        return _passed_on_lines(head), VIA % head.minor + _options(head)
    memo, key = head.fields.memo, (_passed_on, head.minor, head.upgrade)
    lines: tuple[bytes, bytes] | None = memo.get(key)
    if lines is None:
        lines = memo[key] = _passed_on_lines(head), VIA % head.minor + _options(head)
    return lines


def _passed_on_lines(head: RequestHead) -> bytes:
    dropped = HOP_BY_HOP.union(connection_options(head.fields))
    if not head.minor:
        dropped |= {b"expect"}  # RFC 9110, section 10.1.1: HTTP/1.0 has no expectations
    lines = []
    for name, value in head.fields:
        key = name.lower()
        if key == b"host":
            lines.append(b"%b: %b\r\n" % (name, head.host))
        elif key == b"cookie" and key not in dropped:
            kept = without_own(value)
            if kept or not value:
                lines.append(b"%b: %b\r\n" % (name, kept))
        elif key == b"content-length":
            lines.append(b"%b: %d\r\n" % (name, head.length or 0))
        elif key == b"transfer-encoding":
            lines.append(b"%b: chunked\r\n" % name)
        elif key == b"max-forwards" and head.max_forwards:
            lines.append(b"%b: %d\r\n" % (name, head.max_forwards - 1))
        elif key not in dropped and not forgeable(name):
            lines.append(b"%b: %b\r\n" % (name, value))
    return b"".join(lines)


def http_date(now: datetime) -> bytes:
    """The Date field, with its line end (RFC 9110, section 6.6.1)."""
    return _date_of(int(now.timestamp()))


@lru_cache(8)
def _date_of(second: int) -> bytes:
    return b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()


def _forwarded_by(origin: Origin, host: bytes) -> bytes:
    told = origin.forwarded_for, origin.scheme, origin.host or host, origin.remote
    return _known_forwarded(*told) if len(origin.forwarded_for) <= LONGEST_LINE else _forwarded(*told)


def _forwarded(forwarded_for: bytes, scheme: str, host: bytes, remote: str) -> bytes:
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nX-Real-IP: %b\r\n" % (
        forwarded_for,
        scheme.encode(),
        host,
        remote.encode("latin-1"),
    )


_known_forwarded = lru_cache(1024)(_forwarded)


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
    """A length stays a length; anything else is chunked for HTTP/1.1 and ends with the connection for HTTP/1.0."""
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

    A Date is added where the webmail sent none, as RFC 9110, section 6.6.1, asks of whoever forwards.
    """
    memo, key = response.fields.memo, (_returned, framing.chunked, framing.trailers, response.status == 204)
    rewritten, returned = memo.get(key, (None, None))
    if returned is None or rewritten is not rewrite:
        returned = _returned(response, framing, rewrite)
        memo[key] = rewrite, returned
    return b"HTTP/1.1 %d %b\r\n%b%b%b%b%b\r\n" % (
        response.status,
        response.reason,
        returned.lines,
        b"" if returned.dated else http_date(now),
        b"".join([b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in added]),
        b"Transfer-Encoding: chunked\r\n" if framing.chunked and not returned.says_chunked else b"",
        connection_option(request, keep_alive=framing.keep_alive),
    )


def usual_head(request: RequestHead, response: ResponseHead, rewrite: Rewrite) -> bytes | None:
    """``response_head`` of an answer that comes again and again, where nothing in it is of its own; else None.

    That is an answer with a length and a date to HTTP/1.1, on a connection that stays.
    """
    if (
        not request.keep_alive
        or not request.minor
        or b"te" in request.fields.named
        or not isinstance(response.body, LengthBody)
    ):
        return None
    memo, terms = response.fields.memo, (rewrite, response.status, response.reason)
    kept: object
    head: bytes | None
    kept, head = memo.get(usual_head, _NOTHING)
    if kept != terms:
        returned = _returned(response, Framing(chunked=False, keep_alive=True, trailers=False), rewrite)
        line = b"HTTP/1.1 %d %b\r\n" % (response.status, response.reason)
        head = line + returned.lines + b"\r\n" if returned.dated else None
        memo[usual_head] = terms, head
    return head


class _Returned(NamedTuple):
    """The webmail's own fields, as far as they are the client's business."""

    lines: bytes
    dated: bool
    says_chunked: bool


def _returned(response: ResponseHead, framing: Framing, rewrite: Rewrite) -> _Returned:
    dropped = HOP_BY_HOP.union(connection_options(response.fields)) - {b"content-length"}
    if not framing.trailers:
        dropped |= {b"trailer"}
    if response.status == 204:
        dropped |= {b"content-length"}  # RFC 9110, section 8.6: a server must not send it
    lines = []
    dated = says_chunked = False
    for name, value in response.fields:
        key = name.lower()
        if key == b"transfer-encoding" and framing.chunked:
            lines.append(b"%b: chunked\r\n" % name)
            says_chunked = True
        elif key not in dropped and not speaks_for_the_gate(name):
            lines.append(b"%b: %b\r\n" % (name, rewrite.field(key, value)))
            dated |= key == b"date"
    return _Returned(b"".join(lines), dated, says_chunked)


def connection_option(request: RequestHead, *, keep_alive: bool) -> bytes:
    """The Connection field where the version's default is not what happens (RFC 9112, section 9.3)."""
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
    """Trailers that may be passed on: nothing that changes how the message or its sender is understood."""
    return [
        (name, value)
        for name, value in trailers
        if name.lower() not in NEVER_TRAILERS and not forgeable(name)
    ]
