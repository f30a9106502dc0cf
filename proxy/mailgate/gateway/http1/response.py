"""The head of a response: RFC 9112 sections 4 and 6.3, RFC 9110 section 15."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mailgate.gateway.http1.body import Body, BodyUntilClose, ChunkedBody, LengthBody
from mailgate.gateway.http1.fields import Field, Fields
from mailgate.gateway.http1.grammar import (
    CRLF,
    Malformed,
    chunked,
    connection_options,
    content_length,
    lines_of,
    parse_fields,
)
from mailgate.gateway.http1.memory import FieldMemory

Frame: TypeAlias = tuple[Callable[[int], Body], int, bool]
"""What makes a reader of the body, for which length, and whether the connection stays."""

STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")


@dataclass(slots=True)
class ResponseHead:
    """One response as it came. ``reason`` is the phrase byte for byte."""

    status: int
    reason: bytes
    minor: int
    fields: Fields
    body: Body
    keep_alive: bool

    @property
    def informational(self) -> bool:
        return self.status < 200


def parse_response_head(
    head: bytes, *, method: bytes, max_fields: int, memory: FieldMemory | None = None
) -> ResponseHead:
    """Read a head that ends in an empty line, as the answer to ``method``. Raises Malformed.

    Field lines that ``memory`` knows are not read again: they were valid before, and mean the same.
    """
    line, _, block = head.partition(CRLF)
    fields = memory.get(block) if memory is not None else None
    lines = lines_of(head)[1:-1] if fields is None else []
    if len(lines if fields is None else fields) > max_fields:
        raise Malformed(f"more than {max_fields} header fields")
    match = STATUS_LINE.fullmatch(line)
    if not match:
        lines_of(line + CRLF)
        raise Malformed("the status line is not `HTTP/1.x SP status SP reason`")
    minor, status = min(int(match[1]), 1), int(match[2])
    if fields is None:
        fields = parse_fields(lines)
        if memory is not None:
            memory.put(block, fields)
    key = (method == b"HEAD", status, minor)  # the whole of what a frame depends on besides the fields
    frame = fields.memo.get(key)
    if frame is None:
        frame = fields.memo[key] = _frame(*key, fields)
    body, length, keep_alive = frame
    return ResponseHead(status, match[3] or b"", minor, fields, body(length), keep_alive)


def _frame(is_head: bool, status: int, minor: int, fields: Sequence[Field]) -> Frame:
    """RFC 9112, sections 6.3 and 9.3. Two ways to say where the body ends is one too many."""
    length, is_chunked = content_length(fields), chunked(fields)
    if is_chunked and (length is not None or not minor):
        raise Malformed("Transfer-Encoding with Content-Length, or in HTTP/1.0")
    options = connection_options(fields)
    keep_alive = b"close" not in options and (minor > 0 or b"keep-alive" in options)
    if is_head or status < 200 or status in (204, 304):
        return LengthBody, 0, keep_alive
    if is_chunked:
        return lambda _: ChunkedBody(), 0, keep_alive
    if length is None:
        return lambda _: BodyUntilClose(), 0, False
    return LengthBody, length, keep_alive
