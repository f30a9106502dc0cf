"""Parses heads: of requests (RFC 9112, sections 2 and 3; RFC 9110, section 7) and of responses (RFC 9112, sections 4 and 6.3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mailgate.http.body import Body, BodyUntilClose, ChunkedBody, LengthBody
from mailgate.http.fields import Field, Fields
from mailgate.http.grammar import (
    CRLF,
    HOST,
    LENGTH,
    Malformed,
    chunked,
    connection_options,
    content_length,
    field_of,
    is_token,
    lines_of,
    members,
    refuse_hopeless_head,
    split_head,
    values,
)
from mailgate.model import Reason

# visible ASCII without `#`: clients send no fragment, and raw 8-bit bytes have no meaning in a URI (RFC 3986)
TARGET = re.compile(rb"[!-\"$-~]+")
ABSOLUTE = re.compile(rb"((?i:https?))://([^/?]*)(.*)")
VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_FRAMED = frozenset({b"content-length", b"transfer-encoding"})
_HEAD = re.compile(rb"(?:\r\n)*+HEAD ")
ONE_HOST = "A request has exactly one Host field."
# Credentials are one value (RFC 9110, section 11.6.2), and Basic and Bearer credentials have no comma (RFC 7617, section 2;
# RFC 6750, section 2.1). Basic credentials are canonical base64 or empty: two servers could read others as two people.
BASIC = re.compile(
    rb"basic(?:[ \t]*| +(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))",
    re.IGNORECASE,
)
SEVERAL_LOGINS = re.compile(rb"(?i:basic|bearer)[ \t][^,]*,")


class RequestRefused(Exception):
    """The gate will not serve a request. It holds the status to answer, the reason, and what is wrong.

    ``allow`` lists the methods that are allowed (RFC 9110, section 15.5.6).
    """

    def __init__(self, status: int, reason: Reason, detail: str, allow: tuple[str, ...] = ()) -> None:
        self.status = status
        self.allow = allow
        self.reason = reason
        self.detail = detail
        super().__init__(detail)


def malformed(detail: str) -> RequestRefused:
    return RequestRefused(400, Reason.REQUEST_MALFORMED, detail)


def ambiguous(detail: str) -> RequestRefused:
    return RequestRefused(400, Reason.REQUEST_AMBIGUOUS, detail)


def unsupported(detail: str, status: int = 501) -> RequestRefused:
    return RequestRefused(status, Reason.REQUEST_NOT_SUPPORTED, detail)


@dataclass(slots=True)
class RequestHead:
    """One request as it came. ``target`` is in origin form, and ``host`` is the host that the client wants to reach."""

    method: bytes
    target: bytes
    minor: int
    """0 for HTTP/1.0, 1 for HTTP/1.1 and later."""
    fields: Fields
    host: bytes
    keep_alive: bool
    length: int | None = None
    chunked: bool = False
    upgrade: bytes = b""
    """``websocket`` if the client asks to switch to it; otherwise empty. Other protocols are not offered to the
    upstream."""
    scheme: bytes = b""
    """The scheme of an absolute target in lower case; empty if the target came in origin form."""
    refused: RequestRefused | None = None
    trailers: Sequence[Field] = ()
    """The trailers. They are filled in when the body has been read."""
    raw: bytes = field(default=b"", init=False, compare=False, repr=False)
    """The head as it came, if it was skimmed (``skim.py``): nothing in it but a cookie is then written otherwise than it came. Empty if
    it was not, and in a changed copy."""

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.length)

    @property
    def max_forwards(self) -> int | None:
        """How many more hops a TRACE or OPTIONS may take (RFC 9110, section 7.6.2); None if there is no limit."""
        if self.method not in (b"OPTIONS", b"TRACE"):
            return None
        found = values(self.fields, b"max-forwards")
        return int(found[0]) if len(found) == 1 and LENGTH.fullmatch(found[0]) else None

    def body(self) -> Body:
        """A reader for the body that follows this head."""
        return ChunkedBody() if self.chunked else LengthBody(self.length or 0)


def refused_head(why: RequestRefused, begun: bytes = b"") -> RequestHead:
    """Make a head that takes the place of a request that could not be read, so that its answer comes in turn.

    What is ``begun`` tells one method, HEAD: its answer has no body (RFC 9110, section 9.3.2). The error's traceback is dropped: it
    holds the calls, and they hold the bytes of the head and this object.
    """
    why.__traceback__ = why.__context__ = None
    method = b"HEAD" if _HEAD.match(begun) else b""
    return RequestHead(method, b"/", 1, Fields(), b"", keep_alive=False, refused=why)


def without_body(head: RequestHead, method: bytes) -> RequestHead:
    """The head of the same request without its body, by another method. It has no ``Content-Length``, since there is no body and none is
    expected (RFC 9110, section 8.6)."""
    fields = Fields(field for field in head.fields if not _of_the_body(field[0].lower()))
    return replace(head, method=method, fields=fields, length=0, chunked=False, upgrade=b"")


def _of_the_body(key: bytes) -> bool:
    return key in (b"transfer-encoding", b"expect", b"upgrade") or key.startswith(b"content-")


def parse_request_head(head: bytes, *, max_fields: int) -> RequestHead:
    """Read a head that ends in an empty line. Raises RequestRefused."""
    method, target, minor = parse_request_line(head[: head.index(CRLF)])
    try:
        split = split_head(head, max_fields)
    except Malformed as error:
        raise malformed(f"The request is malformed: {error}.") from None
    if split is None:
        raise RequestRefused(431, Reason.REQUEST_HEAD_TOO_LARGE, f"more than {max_fields} header fields")
    _, fields = split
    scheme, host, target = _scheme_host_and_target(method, target, minor, fields)
    _one_login(fields)
    length, is_chunked = _framing(minor, fields)
    options = connection_options(fields)
    keep_alive = b"close" not in options and (minor > 0 or b"keep-alive" in options)
    upgrade = _upgrade(method, minor, fields, options, has_body=is_chunked or bool(length))
    return RequestHead(
        method, target, minor, fields, host, keep_alive, length, is_chunked, upgrade, scheme=scheme
    )


def parse_request_line(line: bytes) -> tuple[bytes, bytes, int]:
    """The method, the target and the minor version. Raises RequestRefused."""
    try:
        refuse_hopeless_head(line)
        return _request_line(line)
    except Malformed as error:
        raise malformed(f"The request is malformed: {error}.") from None


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Malformed("the request line is not `method SP target SP version`")
    method, target, version = parts
    known = VERSION.fullmatch(version)
    if not known:
        raise Malformed("the request line does not end in an HTTP version")
    if known[1] != b"1":
        raise unsupported("Only HTTP/1.1 and HTTP/1.0 are spoken here.", 505)
    if not is_token(method):
        raise Malformed("the method is not a token")
    if not TARGET.fullmatch(target):
        raise Malformed("the request target has bytes that no URI has")
    return method, target, min(int(known[2]), 1)


def _scheme_host_and_target(
    method: bytes, target: bytes, minor: int, fields: Fields
) -> tuple[bytes, bytes, bytes]:
    """The scheme, host and target (RFC 9112, sections 3.2 and 3.3). Host must be there once and valid, even with an absolute target."""
    host = _one_host(fields)
    if minor and host is None:
        raise ambiguous(ONE_HOST)
    scheme, host = b"", host or b""
    if method == b"CONNECT":
        raise unsupported("CONNECT is not offered: this is not a forward proxy.")
    if target.startswith(b"/"):
        return scheme, host, target
    absolute = ABSOLUTE.fullmatch(target)
    if absolute:
        scheme, host, target = absolute[1].lower(), _host(absolute[2]), absolute[3]
        if method == b"OPTIONS" and not target:
            target = b"*"  # section 3.2.4: the request is for the server itself
        elif not target.startswith(b"/"):
            target = b"/" + target
    elif not (target == b"*" and method == b"OPTIONS"):
        raise malformed("The request target does not start with `/`.")
    return scheme, host, target


def _one_host(fields: Fields) -> bytes | None:
    if fields.repeats(b"host"):
        raise ambiguous(ONE_HOST)
    return _host(fields.get(b"host")) if fields.has(b"host") else None


def _one_login(fields: Fields) -> None:
    """Refuse two logins, since the gate could use one, and the webmail the other."""
    if not fields.has(b"authorization"):
        return
    login = fields.get(b"authorization")
    if login[:5].lower() == b"basic" and not BASIC.fullmatch(login):
        raise ambiguous("The Basic credentials do not have the form of RFC 7617.")
    if fields.repeats(b"authorization") or SEVERAL_LOGINS.match(login):
        raise ambiguous("A request has at most one Authorization field, with one login in it.")


def _host(text: bytes) -> bytes:
    if not HOST.fullmatch(text):
        raise malformed("The host is not a host name with an optional port.")
    return text


def _framing(minor: int, fields: Fields) -> tuple[int | None, bool]:
    """The length of the body and whether it is chunked (RFC 9112, section 6.3, without its leniencies)."""
    if _FRAMED.isdisjoint(fields.row.places):
        return None, False
    try:
        length, is_chunked = content_length(fields), chunked(fields)
    except Malformed as error:
        codings = members(fields, b"transfer-encoding")
        if len(codings) > 1 and codings[-1] == b"chunked" and codings.count(b"chunked") == 1:
            raise unsupported("Only the transfer coding `chunked` is understood.") from None
        raise ambiguous(f"Where the body ends is unclear: {error}.") from None
    if is_chunked and (length is not None or not minor):
        raise ambiguous(
            "Where the body ends is unclear: Transfer-Encoding with Content-Length, or in HTTP/1.0."
        )
    return length, is_chunked


def _upgrade(method: bytes, minor: int, fields: Fields, options: Sequence[bytes], *, has_body: bool) -> bytes:
    if not minor or method != b"GET" or has_body or b"upgrade" not in options:
        return b""
    return b"websocket" if members(fields, b"upgrade") == [b"websocket"] else b""


SHORT = 16 * 1024
"""A body of up to this many bytes is waited for: an unwanted one is read and dropped, since a refused mail app soon asks again over the
connection."""


def has_short_body(head: RequestHead) -> bool:
    """Whether a body is short. A client that waits for a 100 may never send the rest (RFC 9110, 10.1.1)."""
    return head.length is not None and head.length <= SHORT and not values(head.fields, b"expect")


def refuse_coded_body(head: RequestHead) -> None:
    """Refuse a coded body (RFC 9110, section 8.4). The gate decompresses nothing, since a few bytes could become very many."""
    if any(each != b"identity" for each in members(head.fields, b"content-encoding")):
        raise RequestRefused(415, Reason.REQUEST_NOT_SUPPORTED, "Expected a body without Content-Encoding.")


_NO_STATUS_LINE = "the status line is not `HTTP/1.x SP status SP reason`"
STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")


@dataclass(slots=True)
class ResponseHead:
    """One response as it came. ``reason`` is the reason phrase, byte for byte."""

    status: int
    reason: bytes
    minor: int
    fields: Fields
    length: int | None
    """The length of the body; None if it is chunked, or lasts until the connection ends."""
    keep_alive: bool
    chunked: bool = False
    raw: bytes = field(default=b"", init=False, compare=False, repr=False)
    """The head as it came, if it was skimmed (``skim.py``); otherwise empty."""

    @property
    def informational(self) -> bool:
        return self.status < 200

    def body(self) -> Body:
        """A reader for the body that follows this head."""
        if self.chunked:
            return ChunkedBody()
        return BodyUntilClose() if self.length is None else LengthBody(self.length)


def parse_response_head(head: bytes, *, method: bytes, max_fields: int) -> ResponseHead:
    """Read a head that ends in an empty line, as the answer to ``method``. Raises Malformed."""
    split = split_head(head, max_fields)
    if split is None:
        raise Malformed(f"more than {max_fields} header fields")
    line, fields = split
    match = STATUS_LINE.fullmatch(line)
    if not match:
        raise Malformed(_NO_STATUS_LINE)
    minor, status = min(int(match[1]), 1), int(match[2])
    length, is_chunked = content_length(fields), chunked(fields)
    if is_chunked and (length is not None or not minor):
        raise Malformed("Transfer-Encoding with Content-Length, or in HTTP/1.0")
    options = connection_options(fields)
    keep_alive = b"close" not in options and (minor > 0 or b"keep-alive" in options)
    length, is_chunked = framing_of(status, length, is_chunked=is_chunked, is_head=method == b"HEAD")
    keep_alive = keep_alive and (is_chunked or length is not None)
    return ResponseHead(status, match[3] or b"", minor, fields, length, keep_alive, is_chunked)


def refuse_hopeless_response_head(head: bytes) -> None:
    """Raise Malformed for the beginning of a head that no further bytes can make valid: nobody has to wait for its end. It is told by the
    first 4,096 bytes, since they are read again with each piece that comes."""
    *lines, begun = lines_of(head[:4096].removesuffix(b"\r") + b"\r\n")
    if not (STATUS_LINE.fullmatch(lines[0]) if lines else b"HTTP/1.".startswith(begun[:7])):
        raise Malformed(_NO_STATUS_LINE)
    for line in lines[1:]:
        field_of(line)


def framing_of(
    status: int, length: int | None, *, is_chunked: bool, is_head: bool
) -> tuple[int | None, bool]:
    """The length of the body and whether it is chunked (RFC 9112, section 6.3), by what the fields say."""
    if is_head or status < 200 or status in (204, 304):
        return 0, False
    return length, is_chunked
