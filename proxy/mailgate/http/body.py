"""Bodies: by length, chunked, or until the connection ends (RFC 9112, sections 6 and 7)."""

import re
from collections.abc import Sequence
from typing import Protocol

from mailgate.http.fields import Field
from mailgate.http.grammar import CRLF, TOKEN, Malformed, lines_of, parse_fields, refuse_hopeless_head

_token = rb"[" + re.escape(TOKEN) + rb"]+"
_quoted = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
# 15 hex digits stay below 2^63; the extensions (section 7.1.1) are read and dropped
CHUNK_SIZE = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?)*" % (_token, _token, _quoted)
)
MAX_SIZE_LINE = 512
MAX_TRAILERS = 16384


class Body(Protocol):
    """Takes bytes of a connection and returns the content in them. Bytes after the body are left over."""

    done: bool
    trailers: Sequence[Field]

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the content in ``data`` and the bytes after the end of the body. Raises Malformed."""

    def feed_eof(self) -> None:
        """Note that the connection ended. Raises Malformed if that cuts the body short."""


class LengthBody:
    """A body with a length in bytes."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0
        self.trailers: Sequence[Field] = []

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        content, rest = data[: self.left], data[self.left :]
        self.left -= len(content)
        self.done = self.left == 0
        return ([content] if content else []), rest

    def feed_eof(self) -> None:
        if not self.done:
            raise Malformed(f"the connection ended {self.left} bytes before the end of the body")


class BodyUntilClose:
    """A body that lasts until the connection ends. Only responses have such bodies."""

    def __init__(self) -> None:
        self.done = False
        self.trailers: Sequence[Field] = []

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        return ([data] if data else []), b""

    def feed_eof(self) -> None:
        self.done = True


class ChunkedBody:
    """A body of chunks, each with its size, and then trailers. A size is hexadecimal digits and nothing else.

    The reader moves through its buffer by position, so a body of many tiny chunks costs no more than its length.
    """

    def __init__(self) -> None:
        self.done = False
        self.trailers: Sequence[Field] = []
        self._buffer = b""
        self._at = 0
        self._left = 0
        self._content: list[bytes] = []
        self._step = self._size

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        self._content = []
        while not self.done and self._step():
            pass
        return self._content, self._buffer[self._at :] if self.done else b""

    def feed_eof(self) -> None:
        if not self.done:
            raise Malformed("the connection ended inside a chunked body")

    def _size(self) -> bool:
        end = self._buffer.find(b"\n", self._at, self._at + MAX_SIZE_LINE)
        if end < 0:
            if len(self._buffer) - self._at >= MAX_SIZE_LINE:
                raise Malformed("a chunk size line that does not end")
            return False
        size = CHUNK_SIZE.fullmatch(lines_of(self._buffer[self._at : end + 1])[0])
        if not size:
            raise Malformed("a chunk size that is not hexadecimal")
        self._at = end + 1
        self._left = int(size[1], 16)
        self._step = self._data if self._left else self._end
        return True

    def _data(self) -> bool:
        piece = self._buffer[self._at : self._at + self._left]
        if piece:
            self._content.append(piece)
            self._at += len(piece)
            self._left -= len(piece)
        if self._left:
            return False
        self._step = self._data_end
        return True

    def _data_end(self) -> bool:
        end = self._buffer[self._at : self._at + 2]
        if end != CRLF[: len(end)]:
            raise Malformed("a chunk that is longer than its size")
        if len(end) < 2:
            return False
        self._at += 2
        self._step = self._size
        return True

    def _end(self) -> bool:
        if self._buffer.startswith(CRLF, self._at):
            self._at += 2
            self.done = True
            return True
        end = self._buffer.find(b"\r\n\r\n", self._at)
        length = (end if end >= 0 else len(self._buffer)) - self._at
        if length > MAX_TRAILERS:
            raise Malformed("trailers that are too long")
        if end < 0:
            refuse_hopeless_head(self._buffer[self._at :])
            return False
        self.trailers = parse_fields(lines_of(self._buffer[self._at : end + 2]))
        self._at = end + 4
        self.done = True
        return True


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8}+)\r\n")


def is_plainly_chunked(data: bytes, at: int) -> bool:
    """Whether what begins there is exactly one chunked body, without extensions and trailers, so that it may go on as it is."""
    while size := _PLAIN_SIZE.match(data, at):
        length = int(size[1], 16)
        at = size.end() + length + 2
        if data[at - 2 : at] != CRLF:
            return False
        if not length:
            return at == len(data)
    return False


def last_chunk(trailers: Sequence[Field]) -> bytes:
    return b"0\r\n" + b"".join(b"%b: %b\r\n" % field for field in trailers) + CRLF
