"""Parses the head of a response (RFC 9112, sections 4 and 6.3; RFC 9110, section 15)."""

import re
from dataclasses import dataclass, field

from mailgate.http.body import Body, BodyUntilClose, ChunkedBody, LengthBody
from mailgate.http.fields import Fields
from mailgate.http.grammar import (
    Malformed,
    chunked,
    connection_options,
    content_length,
    split_head,
)

STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")


@dataclass(slots=True)
class ResponseHead:
    """One response as it came. ``reason`` is the reason phrase, byte for byte."""

    status: int
    reason: bytes
    minor: int
    fields: Fields
    body: Body
    keep_alive: bool
    raw: bytes = field(default=b"", init=False, compare=False, repr=False)
    """The head as it came, if it was skimmed (``skim.py``); otherwise empty."""

    @property
    def informational(self) -> bool:
        return self.status < 200


def parse_response_head(head: bytes, *, method: bytes, max_fields: int) -> ResponseHead:
    """Read a head that ends in an empty line, as the answer to ``method``. Raises Malformed."""
    split = split_head(head, max_fields)
    if split is None:
        raise Malformed(f"more than {max_fields} header fields")
    line, fields = split
    match = STATUS_LINE.fullmatch(line)
    if not match:
        raise Malformed("the status line is not `HTTP/1.x SP status SP reason`")
    minor, status = min(int(match[1]), 1), int(match[2])
    body, keep_alive = _frame(method == b"HEAD", status, minor, fields)
    return ResponseHead(status, match[3] or b"", minor, fields, body, keep_alive)


def _frame(is_head: bool, status: int, minor: int, fields: Fields) -> tuple[Body, bool]:
    """The reader of the body, and whether the connection stays open (RFC 9112, sections 6.3 and 9.3).

    A response that says in two ways where its body ends is refused.
    """
    length, is_chunked = content_length(fields), chunked(fields)
    if is_chunked and (length is not None or not minor):
        raise Malformed("Transfer-Encoding with Content-Length, or in HTTP/1.0")
    options = connection_options(fields)
    keep_alive = b"close" not in options and (minor > 0 or b"keep-alive" in options)
    body = body_of(status, length, is_chunked=is_chunked, is_head=is_head)
    return body, keep_alive and not isinstance(body, BodyUntilClose)


def body_of(status: int, length: int | None, *, is_chunked: bool, is_head: bool) -> Body:
    """The reader of a body. ``is_head``: whether it answers a HEAD."""
    if is_head or status < 200 or status in (204, 304):
        return LengthBody(0)
    if is_chunked:
        return ChunkedBody()
    return BodyUntilClose() if length is None else LengthBody(length)
