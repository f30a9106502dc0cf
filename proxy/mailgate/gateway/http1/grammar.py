"""Fields, tokens and framing: RFC 9110 section 5, RFC 9112 sections 2, 5 and 6."""

import re
from collections.abc import Sequence
from functools import lru_cache

from mailgate.gateway.http1.fields import LINES, LONGEST_LINE, Field, Fields, once

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# what may stand in a line: HTAB, SP, VCHAR, obs-text
LINE = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
CRLF = b"\r\n"

# RFC 3986 section 3.2.2: reg-name, IPv4 or bracketed IPv6, then a port; no userinfo. Longer than any name that is looked up
# (255 bytes) is none, even with every other byte escaped: what is made of hosts is remembered
HOST = re.compile(
    rb"(?=.{1,512}\Z)(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?"
)
LENGTH = re.compile(rb"[0-9]{1,20}")
MAX_LENGTH = 2**63 - 1


class Malformed(ValueError):
    """Bytes that are not the HTTP/1.1 message they claim to be. Says what, never repeats the bytes."""


def is_token(text: bytes) -> bool:
    """RFC 9110, section 5.6.2."""
    return bool(text) and not text.translate(None, TOKEN)


def lines_of(head: bytes) -> list[bytes]:
    """The lines of a head that ends in CRLF, refusing control bytes and every CR or LF on its own."""
    left = head.translate(None, LINE)
    lines = head.split(CRLF)
    if len(left) != 2 * (len(lines) - 1) or left != CRLF * (len(lines) - 1):
        raise Malformed("a control byte, or a CR or LF that is not part of a CRLF")
    lines.pop()
    return lines


def unfinished(head: bytes) -> None:
    """Refuse at once what no further byte can turn into a head: do not wait for it in vain."""
    if head.endswith(b"\r"):
        head = head[:-1]
    lines_of(head + CRLF)


def parse_fields(lines: Sequence[bytes]) -> Fields:
    """Field lines to (name, value), order and case kept. A folded line or a space before the colon is refused."""
    return Fields([_known_field(line) if len(line) <= LONGEST_LINE else _field(line) for line in lines])


def _field(line: bytes) -> Field:
    name, colon, value = line.partition(b":")
    if not colon or not name or name.translate(None, TOKEN):
        raise Malformed("a line that is not `name: value`")
    return name, value.strip(b" \t")


_known_field = lru_cache(LINES)(_field)
"""A new client sends lines that others have sent: equal ones are the same field."""


def values(fields: Sequence[Field], name: bytes) -> list[bytes]:
    """Every value of one field, by lower-case name. Not to be changed."""
    if isinstance(fields, Fields):
        return fields.named.get(name, [])
    return [value for key, value in fields if key.lower() == name]


def members(fields: Sequence[Field], name: bytes) -> list[bytes]:
    """The members of a list field in lower case (RFC 9110, section 5.6.1)."""
    found = (part.strip(b" \t").lower() for value in values(fields, name) for part in value.split(b","))
    return [part for part in found if part]


@once
def connection_options(fields: Sequence[Field]) -> list[bytes]:
    """The members of Connection (RFC 9110, section 7.6.1)."""
    return members(fields, b"connection")


@once
def takes_trailers(fields: Sequence[Field]) -> bool:
    """Whether TE says so (RFC 9110, section 10.1.4)."""
    return b"trailers" in members(fields, b"te")


@once
def content_length(fields: Sequence[Field]) -> int | None:
    """The one Content-Length. Repeated, listed, signed or enormous ones are refused (RFC 9112, section 6.3)."""
    found = values(fields, b"content-length")
    if not found:
        return None
    if len(found) > 1 or not LENGTH.fullmatch(found[0]):
        raise Malformed("Content-Length must be one decimal number")
    length = int(found[0])
    if length > MAX_LENGTH:
        raise Malformed("Content-Length is beyond 2^63 - 1")
    return length


@once
def chunked(fields: Sequence[Field]) -> bool:
    """Whether the body is chunked. Any other transfer coding is refused: none was asked for."""
    found = values(fields, b"transfer-encoding")
    if not found:
        return False
    if len(found) > 1 or found[0].lower() != b"chunked":
        raise Malformed("Transfer-Encoding must be `chunked` and nothing else")
    return True
