"""HTTP/1.1 messages read strictly (RFC 9112), written apart from the gate so that the two can be compared.

Nothing lenient is read: where the RFC lets a recipient choose between refusing and repairing, this refuses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

Field = tuple[bytes, bytes]

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%s) ([\x21-\x7e]+) (HTTP/[0-9]\.[0-9])" % TOKEN)
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD_LINE = re.compile(
    rb"(%s):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*" % TOKEN
)
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?)*" % (TOKEN, TOKEN, _QUOTED)
)
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?")
_ABSOLUTE = re.compile(rb"http://([^/?#]*)(.*)", re.IGNORECASE)


class MalformedError(Exception):
    """The bytes are not an HTTP/1.1 message."""


@dataclass
class Head:
    """A start line and the fields below it, in order."""

    raw: bytes
    start: tuple[bytes, bytes, bytes]
    fields: list[Field]

    def values(self, name: str) -> list[bytes]:
        """The values of every field line of that name, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def members(self, name: str) -> list[bytes]:
        """The members of a comma-separated list field, lower-case."""
        return [m.strip().lower() for m in b",".join(self.values(name)).split(b",") if m.strip()]


class Request(Head):
    """``start`` is method, target, version."""

    @property
    def method(self) -> bytes:
        return self.start[0]

    @property
    def target(self) -> bytes:
        return self.start[1]

    @property
    def version(self) -> bytes:
        return self.start[2]

    @property
    def origin_form(self) -> bytes:
        """The target without scheme and authority (RFC 9112, section 3.2.1)."""
        absolute = _ABSOLUTE.fullmatch(self.target)
        if absolute is None:
            return self.target
        return absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]


class Status(Head):
    """``start`` is version, status, reason."""

    @property
    def version(self) -> bytes:
        return self.start[0]

    @property
    def status(self) -> int:
        return int(self.start[1])

    @property
    def reason(self) -> bytes:
        return self.start[2]


def take_head(buffer: bytearray) -> bytes | None:
    """Cut one head, with its empty line, off the buffer; None while it is incomplete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    raw = bytes(buffer[: end + 4])
    del buffer[: end + 4]
    return raw


def read_fields(lines: Iterable[bytes]) -> list[Field]:
    fields = []
    for line in lines:
        match = _FIELD_LINE.fullmatch(line)
        if match is None:
            raise MalformedError(f"field line {line[:200]!r}")
        fields.append((match[1], match[2]))
    return fields


def read_request(raw: bytes) -> Request:
    """Read a request head. Also refuses what RFC 9112, sections 3.2 and 6.3, calls an error."""
    line, *lines = raw[:-4].split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise MalformedError(f"request line {line[:200]!r}")
    request = Request(raw, (match[1], match[2], match[3]), read_fields(lines))
    _check_request(request)
    return request


def _check_request(request: Request) -> None:
    if not request.version.startswith(b"HTTP/1."):
        raise MalformedError("version")
    hosts = request.values("Host")
    if len(hosts) != 1 and not (request.version == b"HTTP/1.0" and not hosts):
        raise MalformedError("Host is needed once")
    if any(_HOST.fullmatch(host) is None for host in hosts):
        raise MalformedError("Host is not valid")
    if request.version == b"HTTP/1.0" and request.values("Transfer-Encoding"):
        raise MalformedError("Transfer-Encoding in HTTP/1.0")
    _check_target(request)


def _check_target(request: Request) -> None:
    absolute = _ABSOLUTE.fullmatch(request.target)
    asterisk = request.method == b"OPTIONS" and request.target == b"*"
    if b"#" in request.target or not (request.target.startswith(b"/") or asterisk or absolute):
        raise MalformedError("target")
    if absolute and _HOST.fullmatch(absolute[1]) is None:
        raise MalformedError("authority of the target")


def read_status(raw: bytes) -> Status:
    line, *lines = raw[:-4].split(b"\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise MalformedError(f"status line {line[:200]!r}")
    return Status(raw, (match[1], match[2], match[3]), read_fields(lines))


def declared_length(head: Head) -> int | str | None:
    """The framing that a head declares: a length, ``chunked``, or None if it declares nothing."""
    codings, lengths = head.values("Transfer-Encoding"), head.values("Content-Length")
    if codings and lengths:
        raise MalformedError("both Transfer-Encoding and Content-Length")
    if codings:
        if [c.lower() for c in codings] != [b"chunked"]:
            raise MalformedError(f"Transfer-Encoding {codings!r}")
        return "chunked"
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(rb"0*[0-9]{1,18}", lengths[0]):
        raise MalformedError(f"Content-Length {lengths!r}")
    return int(lengths[0])


@dataclass
class Body:
    """A body as it arrives. ``framing``: a length in bytes, ``chunked``, or ``close``."""

    framing: int | str
    data: bytearray = field(default_factory=bytearray)
    chunks: list[int] = field(default_factory=list)
    trailers: list[Field] = field(default_factory=list)
    done: bool = False
    _left: int | None = None

    def feed(self, buffer: bytearray) -> None:
        """Take what belongs to this body off the front of the buffer."""
        if self.framing == "close":
            self._move(buffer, len(buffer))
        elif self.framing == "chunked":
            while not self.done and self._feed_chunk(buffer):
                pass
        else:
            self._move(buffer, int(self.framing) - len(self.data))
            self.done = len(self.data) == self.framing

    def _move(self, buffer: bytearray, most: int) -> int:
        moved = min(most, len(buffer))
        self.data += memoryview(buffer)[:moved]
        del buffer[:moved]
        return moved

    def _feed_chunk(self, buffer: bytearray) -> bool:
        """Take one more step. Returns False if more bytes are needed first."""
        if self._left is None:
            return self._feed_chunk_line(buffer)
        if self._left > 0:
            self._left -= self._move(buffer, self._left)
            return bool(buffer)
        if len(buffer) < 2:
            return False
        if buffer[:2] != b"\r\n":
            raise MalformedError("no CRLF behind a chunk")
        del buffer[:2]
        self._left = None
        return True

    def _feed_chunk_line(self, buffer: bytearray) -> bool:
        line, end, _ = bytes(buffer[:65536]).partition(b"\r\n")
        if not end:
            return False
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise MalformedError(f"chunk line {line[:200]!r}")
        if int(match[1], 16) == 0:
            return self._feed_trailers(buffer, len(line) + 2)
        del buffer[: len(line) + 2]
        self._left = int(match[1], 16)
        self.chunks.append(self._left)
        return True

    def _feed_trailers(self, buffer: bytearray, start: int) -> bool:
        end = start if buffer[start : start + 2] == b"\r\n" else buffer.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        section = bytes(buffer[start:end])
        self.trailers = read_fields(section.split(b"\r\n") if section else [])
        del buffer[: end + (2 if end == start else 4)]
        self.done = True
        return True


def request_body(request: Request) -> Body:
    body = Body(declared_length(request) or 0)
    body.done = body.framing == 0
    return body


def response_body(status: Status, method: bytes) -> Body:
    """RFC 9112, section 6.3."""
    if method == b"HEAD" or status.status < 200 or status.status in (204, 304):
        return Body(0, done=True)
    length = declared_length(status)
    return Body("close" if length is None else length, done=length == 0)


def request(line: bytes, *lines: bytes, body: bytes = b"", host: bytes = b"mail.example.com") -> bytes:
    """A request of exactly these lines, ``Host`` first; nothing is checked or completed."""
    return b"\r\n".join([line, *([b"Host: " + host] if host else []), *lines, b"", body])
