"""Writes the heads for the webmail and for the client. Every field stays as it came unless a proxy must change it."""

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from mailgate.http.cookies import OWN, without_own
from mailgate.http.fields import Field, Fields, Row
from mailgate.http.forgeable import HOP_BY_HOP, forgeable, speaks_for_the_gate
from mailgate.http.grammar import CRLF, connection_options, takes_trailers
from mailgate.http.request import RequestHead, ResponseHead
from mailgate.http.trusted_headers import Origin

COOKIE_DOMAIN = re.compile(rb"(;[ \t]*[Dd][Oo][Mm][Aa][Ii][Nn][ \t]*=[ \t]*\.?)([^;]*)")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Rewrites the webmail's origin to the public one in Location and in cookie domains, and nowhere else."""

    public_origin: bytes
    inner_origins: tuple[bytes, ...]
    public_host: bytes
    inner_host: bytes

    @classmethod
    def between(cls, public_url: str, upstream: str) -> "Rewrite":
        public, inner = urlsplit(public_url), urlsplit(upstream)
        origins = [f"{inner.scheme}://{place}" for place in _spellings(inner)]
        origins += [f"//{place}" for place in _spellings(inner)]
        if public.scheme == "https":
            # a webmail that does not read X-Forwarded-Proto redirects people to http
            origins.append(f"http://{public.netloc}")
        return cls(
            f"{public.scheme}://{public.netloc}".encode(),
            tuple(origin.encode() for origin in origins),
            (public.hostname or "").encode(),
            (inner.hostname or "").encode(),
        )

    def line(self, line: bytes) -> bytes:
        """The line that the client gets in place of this one. Only what names one of the two hosts is rewritten."""
        lowered = line.lower()
        if self.inner_host not in lowered and self.public_host not in lowered:
            return line
        name, _, value = line.partition(b": ")
        return b"%b: %b" % (name, self.field(name.lower(), value))

    def field(self, name: bytes, value: bytes) -> bytes:
        """The value that the client gets for the field with this lower-case name."""
        if name in (b"location", b"content-location", b"x-ms-location"):  # the last: [MS-ASHTTP] 2.2.2.1.1
            return self._location(value)
        if name == b"set-cookie" and self.inner_host != self.public_host:
            return self._cookie(value)
        return value

    def _location(self, value: bytes) -> bytes:
        lowered = value.lower()
        for origin in self.inner_origins:
            rest = value[len(origin) :]
            if lowered.startswith(origin.lower()) and rest[:1] in (b"", b"/", b"?", b"#"):
                return self.public_origin + rest
        return value

    def _cookie(self, value: bytes) -> bytes:
        """A cookie without a Domain that names the webmail's own host, since the browser would drop such a cookie. Of several the last
        counts (RFC 6265, section 5.3), so each is looked at."""
        return COOKIE_DOMAIN.sub(self._kept_domain, value)

    def _kept_domain(self, domain: re.Match[bytes]) -> bytes:
        return b"" if domain[2].strip(b" \t").lower() == self.inner_host.lower() else domain[0]


def _spellings(url: SplitResult) -> set[str]:
    """The host and port of a URL, also without the port if it is the scheme's default."""
    default = {"http": 80, "https": 443}[url.scheme]
    host = url.netloc.removesuffix(f":{url.port}") if url.port else url.netloc
    return {host, f"{host}:{default}"} if (url.port or default) == default else {url.netloc}


PSEUDONYM = b"mailgate"
"""The name of the gate in ``Via`` (RFC 9110, section 7.6.3)."""
_VIA = [b"Via: 1.%d %b\r\n" % (minor, PSEUDONYM) for minor in (0, 1)]
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
    host, raw = head.host or default_host, head.raw
    told = (origin if origin.host else replace(origin, host=host)).lines
    kept = _as_it_came(head) if raw else _from_client(head, host)
    options = b"Connection: close\r\n" if closing else b"" if raw else _options(head)
    return b"".join((kept, told, _VIA[head.minor], options, CRLF))


_FRAMES = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""Fields that no Connection option can remove, since they say how to read the message."""
_CHANGED_IN_REQUEST = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"cookie", b"max-forwards", b"expect"}
)


@dataclass(frozen=True, slots=True)
class _LinePlaces:
    """Where lines are that do not simply pass, by their names."""

    dropped: tuple[int, ...]
    telling: tuple[int, ...]
    """Lines that may be changed in any message, the last first: what one becomes may be what a later one is."""
    changed: tuple[int, ...]
    """Lines that may be changed in a message that was not skimmed."""


def _places(
    row: Row, drops: Callable[[bytes], bool], telling: Set[bytes], changed: Set[bytes]
) -> _LinePlaces:
    keys = list(enumerate(row.names))
    return _LinePlaces(
        tuple(place for place, key in keys if key not in changed and drops(key)),
        tuple(place for place, key in reversed(keys) if key in telling),
        tuple(place for place, key in keys if key in changed),
    )


def _to_webmail(row: Row) -> _LinePlaces:
    return _places(row, lambda key: key in HOP_BY_HOP or forgeable(key), {b"cookie"}, _CHANGED_IN_REQUEST)


def _as_it_came(head: RequestHead) -> bytes:
    """The request line and the fields of a skimmed head that are passed on."""
    lines, places = head.fields.lines, head.fields.row[_to_webmail]
    kept = _without(head.raw[:-2], lines, places.dropped)
    for place in places.telling:  # there is one line at most
        line = lines[place]
        if OWN in line:
            rest = without_own(line[8:])
            kept = kept.replace(CRLF + line, CRLF + line[:8] + rest if rest else b"", 1)
    return kept


def _from_client(head: RequestHead, host: bytes) -> bytes:
    """The request line and the client's fields that are passed on."""
    fields = head.fields
    places, lines = fields.row[_to_webmail], list(fields.lines)
    for place in places.changed:
        lines[place] = _changed(head, fields.row.names[place], lines[place])
    return b"%b %b HTTP/1.1\r\n%b%b" % (
        head.method,
        head.target,
        b"" if fields.has(b"host") else b"Host: %b\r\n" % host,
        _joined(fields, lines, places.dropped),
    )


def _without(raw: bytes, lines: Sequence[bytes], dropped: tuple[int, ...]) -> bytes:
    """The lines of a head as they came, without those at these places. Equal lines have equal names, so all of them are dropped, or
    none."""
    for place in dropped:
        raw = raw.replace(CRLF + lines[place] + CRLF, CRLF, 1)
    return raw


def _joined(fields: Fields, lines: list[bytes], dropped: tuple[int, ...]) -> bytes:
    """The lines that are passed on, out of these, which are changed. Empty ones are dropped."""
    of_this_hop = [
        fields.row.places.get(each, ()) for each in connection_options(fields) if each not in _FRAMES
    ]
    for place in (*dropped, *chain.from_iterable(of_this_hop)):
        lines[place] = b""
    return b"".join([line + CRLF for line in lines if line])


def _changed(head: RequestHead, key: bytes, line: bytes) -> bytes:
    """The line as it is passed on; empty if it is dropped."""
    name, _, value = line.partition(b": ")
    match key:
        case b"host":
            return b"%b: %b" % (name, head.host)
        case b"cookie":
            kept = without_own(value)
            return b"%b: %b" % (name, kept) if kept or not value else b""
        case b"content-length":
            return b"%b: %d" % (name, head.length or 0)
        case b"transfer-encoding":
            return b"%b: chunked" % name
        case b"max-forwards" if head.max_forwards:
            return b"%b: %d" % (name, head.max_forwards - 1)
        case b"expect" if not head.minor:  # RFC 9110, section 10.1.1: an expectation in HTTP/1.0 is ignored
            return b""
        case _:
            return line


def http_date(now: datetime) -> bytes:
    """The Date field, with its line end (RFC 9110, section 6.6.1)."""
    return _date_of(int(now.timestamp()))


@lru_cache(8)
def _date_of(second: int) -> bytes:
    return b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()


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
    open_ended = response.length is None
    keep_alive = request.keep_alive and not closing and (bool(request.minor) or not open_ended)
    return Framing(
        chunked=open_ended and bool(request.minor),
        keep_alive=keep_alive,
        trailers=bool(request.minor) and not request.raw and takes_trailers(request.fields),
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
    fields, lines = response.fields, [_from_webmail(response, framing, rewrite)]
    if not fields.has(b"date") or (not response.raw and b"date" in connection_options(fields)):
        lines.append(http_date(now))
    if added:
        lines += [b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in added]
    if framing.chunked and not fields.has(b"transfer-encoding"):
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines += connection_option(request, keep_alive=framing.keep_alive), CRLF
    return b"".join(lines)


def whole_answer(request: RequestHead, response: ResponseHead, data: bytes, rewrite: Rewrite) -> bytes | None:
    """An answer, all of which came as ``data``, with the head that ``response_head`` writes and the body as it came; None if more has to
    change than lines of its head."""
    if not (request.raw and request.keep_alive and response.raw) or response.status == 204:
        return None
    return _for_client(data, response, rewrite) if b"date" in response.fields.row.places else None


def _for_client(raw: bytes, response: ResponseHead, rewrite: Rewrite) -> bytes:
    """The lines that the client gets of an answer that begins with these bytes, which were skimmed."""
    lines, places = response.fields.lines, response.fields.row[_to_client]
    for place in places.telling:
        line = lines[place]
        told = rewrite.line(line)
        if told is not line:
            raw = raw.replace(CRLF + line + CRLF, CRLF + told + CRLF, 1)
    return _without(raw, lines, places.dropped)


_REWRITTEN = frozenset({b"location", b"content-location", b"x-ms-location", b"set-cookie"})
_CHANGED_IN_RESPONSE = _REWRITTEN | {b"content-length", b"transfer-encoding", b"trailer"}


def _to_client(row: Row) -> _LinePlaces:
    return _places(
        row, lambda key: key in HOP_BY_HOP or speaks_for_the_gate(key), _REWRITTEN, _CHANGED_IN_RESPONSE
    )


def _from_webmail(response: ResponseHead, framing: Framing, rewrite: Rewrite) -> bytes:
    """The status line and the webmail's fields that are passed on."""
    fields = response.fields
    # the length and the coding of a skimmed answer stay, except where it has no body and where its client knows no chunks
    if response.raw and response.status != 204 and framing.chunked is response.chunked:
        return _for_client(response.raw[:-2], response, rewrite)
    places, written = fields.row[_to_client], list(fields.lines)
    for place in places.changed:
        written[place] = _changed_answer(response, framing, rewrite, fields.row.names[place], written[place])
    return b"HTTP/1.1 %d %b\r\n%b" % (
        response.status,
        response.reason,
        _joined(fields, written, places.dropped),
    )


def _changed_answer(
    response: ResponseHead, framing: Framing, rewrite: Rewrite, key: bytes, line: bytes
) -> bytes:
    """The line as the client gets it; empty if it is dropped."""
    name = line[: len(key)]
    match key:
        case b"transfer-encoding":
            return b"%b: chunked" % name if framing.chunked else b""
        case b"content-length":  # RFC 9110, section 8.6: a server must not send a length with a 204
            return b"" if response.status == 204 else line
        case b"trailer":
            return line if framing.trailers else b""
        case _:
            return rewrite.line(line)


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
