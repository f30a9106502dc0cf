"""Fields, tokens and framing: RFC 9110 section 5, RFC 9112 sections 2, 5 and 6."""

import re
from collections.abc import Sequence

from mailgate.http.fields import Field, Fields

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# a line may hold HTAB, SP, VCHAR and obs-text
LINE = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
CRLF = b"\r\n"

# RFC 3986 section 3.2.2: reg-name, IPv4 or bracketed IPv6, then a port; no userinfo. The length is limited,
# because hosts are remembered; the longest host name has 255 bytes
HOST = re.compile(
    rb"(?=.{1,512}\Z)(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?"
)
LENGTH = re.compile(rb"[0-9]{1,20}")
MAX_LENGTH = 2**63 - 1


class Malformed(ValueError):
    """Bytes are not the HTTP/1.1 message that they claim to be. The text says what is wrong and never repeats the bytes."""


def is_token(text: bytes) -> bool:
    """Whether this is a token (RFC 9110, section 5.6.2)."""
    return bool(text) and not text.translate(None, TOKEN)


def lines_of(head: bytes) -> list[bytes]:
    """Split a head that ends in CRLF into lines. Control bytes, a lone CR and a lone LF are refused."""
    left = head.translate(None, LINE)
    lines = head.split(CRLF)
    if len(left) != 2 * (len(lines) - 1) or left != CRLF * (len(lines) - 1):
        raise Malformed("a control byte, or a CR or LF that is not part of a CRLF")
    lines.pop()
    return lines


def refuse_hopeless_head(head: bytes) -> None:
    """Raise Malformed for the beginning of a head that no further bytes can make valid."""
    if head.endswith(b"\r"):
        head = head[:-1]
    lines_of(head + CRLF)


def split_head(head: bytes, most: int) -> tuple[bytes, Fields] | None:
    """The first line and the fields of a head that ends in an empty line; None if there are more than ``most``
    fields."""
    first, *lines, _ = lines_of(head)
    return None if len(lines) > most else (first, parse_fields(lines))


def parse_fields(lines: Sequence[bytes]) -> Fields:
    """Parse field lines and keep their order and case. A folded line or a space before the colon is refused."""
    return Fields(map(field_of, lines))


def field_of(line: bytes) -> Field:
    """Parse one field line. Raises Malformed."""
    name, colon, value = line.partition(b":")
    if not colon or not is_token(name):
        raise Malformed(_NO_FIELD)
    return name, value.strip(b" \t")


_NO_FIELD = "a line that is not `name: value`"


def values(fields: Sequence[Field], name: bytes) -> list[bytes]:
    """Every value of one field, by lower-case name. Callers must not change the list."""
    if isinstance(fields, Fields):
        return fields.values(name)
    return [value for key, value in fields if key.lower() == name]


def members(fields: Sequence[Field], name: bytes) -> list[bytes]:
    """The members of a list field in lower case (RFC 9110, section 5.6.1)."""
    found = values(fields, name)
    if not found:
        return []
    return [part for each in b",".join(found).lower().split(b",") if (part := each.strip(b" \t"))]


def connection_options(fields: Fields) -> Sequence[bytes]:
    """The members of Connection (RFC 9110, section 7.6.1)."""
    return members(fields, b"connection")


def takes_trailers(fields: Fields) -> bool:
    """Whether TE says that trailers are accepted (RFC 9110, section 10.1.4)."""
    return fields.has(b"te") and b"trailers" in members(fields, b"te")


def content_length(fields: Sequence[Field]) -> int | None:
    """The Content-Length; None if there is none. A repeated, listed, signed or enormous one is refused (RFC 9112,
    section 6.3)."""
    found = values(fields, b"content-length")
    if not found:
        return None
    if len(found) > 1 or not LENGTH.fullmatch(found[0]):
        raise Malformed("Content-Length must be one decimal number")
    length = int(found[0])
    if length > MAX_LENGTH:
        raise Malformed("Content-Length is beyond 2^63 - 1")
    return length


def chunked(fields: Sequence[Field]) -> bool:
    """Whether the body is chunked. Any other transfer coding is refused, since none was asked for."""
    found = values(fields, b"transfer-encoding")
    if not found:
        return False
    if len(found) > 1 or found[0].lower() != b"chunked":
        raise Malformed("Transfer-Encoding must be `chunked` and nothing else")
    return True
