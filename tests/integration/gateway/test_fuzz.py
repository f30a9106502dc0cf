"""Differential: of whatever a client sends, the upstream sees a prefix of what a strict reading of it yields, or nothing."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.gate import Gate
from tests.integration.gateway.fuzz_settings import BOUNDED
from tests.integration.gateway.messages import (
    Body,
    MalformedError,
    read_request,
    request,
    request_body,
    take_head,
)
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Wire

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"
ODD = st.sampled_from([
    b"\r", b"\n", b"\r\n", b"\n\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b"\x0b", b"\x0c", b"\x7f",
    b"\x80", b"\xff", b":", b",", b";", b"0", b"+", b"-", b"_", b"x", b"\r\n ", b"/", b"#",
])  # fmt: skip
LENGTHS = st.sampled_from([
    b"0", b"5", b"49", b"50", b"+5", b"-1", b"0x31", b"5,5", b"5 ", b" 5", b"",
    b"18446744073709551665", b"4_9", b"005", b"5;",
])  # fmt: skip
CODINGS = st.sampled_from([
    b"chunked", b"Chunked", b" chunked", b"chunked ", b"chunked,", b"x, chunked",
    b"chunked, chunked", b"identity", b"", b"\x0bchunked", b'"chunked"', b"chunked;a",
])  # fmt: skip
SIZES = st.sampled_from([
    b"31", b"5", b"0", b"0x31", b"031", b"31 ", b" 31", b"31;a", b"31;a\n", b"31\n", b"-1", b"",
    b"g", b"FFFFFFFFFFFFFFFFF", b"100000000000000031", b"31\t;a=b", b"31,",
])  # fmt: skip
NAMES = st.sampled_from(
    [
        b"Content-Length",
        b"content-length",
        b"Content-Length ",
        b"Content_Length",
        b" Content-Length",
        b"Content-Length\x00",
        b"X-A",
    ]
)
CODING_NAMES = st.sampled_from(
    [
        b"Transfer-Encoding",
        b"transfer-encoding",
        b"Transfer-Encoding ",
        b"\tTransfer-Encoding",
        b"Transfer_Encoding",
        b"Transfer-Encoding:",
        b"X",
    ]
)
LINES = st.sampled_from(
    [
        b"POST / HTTP/1.1",
        b"GET /a HTTP/1.1",
        b"HEAD / HTTP/1.1",
        b"POST / HTTP/1.0",
        b"POST http://mail.example.com/b HTTP/1.1",
        b"PUT /c%0d%0aX HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ]
)
FIELDS = st.one_of(
    st.tuples(NAMES, LENGTHS),
    st.tuples(CODING_NAMES, CODINGS),
    st.sampled_from([(b"Host", b"other.example"), (b"Connection", b"close"), (b"Connection", b"content-length"), (b"Expect", b"100-continue"), (b"X", b"y"), (b"Upgrade", b"websocket"), (b"", b"x")]),
).map(lambda field: field[0] + b": " + field[1])  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request with a request hidden in its body, bent where readers tend to differ."""
    fields = draw(st.lists(FIELDS, max_size=3))
    body = draw(st.sampled_from([HIDDEN, b"hello", b""])) if draw(st.booleans()) else draw(chunked_bodies())
    sent = request(draw(LINES), *fields, body=body + draw(st.sampled_from([b"", HIDDEN])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(sent)))
        sent = sent[:at] + draw(ODD) + sent[at + draw(st.integers(0, 2)) :]
    return sent


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    end = (
        draw(st.sampled_from([b"\r\n", b"\n", b"", b"\r\r\n", b"X\r\n"])) if draw(st.booleans()) else b"\r\n"
    )
    last = draw(
        st.sampled_from(
            [
                b"0\r\n\r\n",
                b"0\r\nX: y\r\n\r\n",
                b"0\r\n\n",
                b"0\n\r\n",
                b"0\r\n X: y\r\n\r\n",
                b"00\r\n\r\n",
                b"0;x\r\n\r\n",
            ]
        )
    )
    return draw(SIZES) + b"\r\n" + HIDDEN + end + last


Seen = tuple[bytes, bytes, bytes]


@dataclass
class Reading:
    """What a strict reader makes of a byte stream: whole requests, then perhaps one that did not become whole."""

    whole: list[Seen]
    begun: list[tuple[bytes, bytes]]


def strict_reading(sent: bytes) -> Reading:
    buffer, reading = bytearray(sent), Reading([], [])
    with suppress(MalformedError):
        while (raw := take_head(_without_empty_lines(buffer))) is not None:
            head = read_request(raw)
            body: Body = request_body(head)
            target = head.origin_form
            reading.begun.append((head.method, target))
            body.feed(buffer)
            if not body.done:
                break
            reading.whole.append((head.method, target, bytes(body.data)))
    return reading


def _without_empty_lines(buffer: bytearray) -> bytearray:
    """RFC 9112, section 2.2: a server ignores them before a request."""
    while buffer[:2] == b"\r\n":
        del buffer[:2]
    return buffer


def test_the_strict_reader_reads() -> None:
    assert strict_reading(HIDDEN + HIDDEN + b"x").whole == [(b"GET", b"/hidden", b"")] * 2
    assert strict_reading(request(b"POST /a HTTP/1.1", b"Content-Length: 49", body=HIDDEN)).whole == []
    assert (
        strict_reading(request(b"POST / HTTP/1.1", b"Content-Length: 3", b"Transfer-Encoding: chunked")).begun
        == []
    )


@pytest.fixture(scope="session")
def public(gate: Gate) -> tuple[str, int]:
    return gate.public


@BOUNDED
@given(sent=requests())
async def test_the_upstream_sees_what_a_strict_reader_sees(
    public: tuple[str, int], origin: socket.socket, sent: bytes
) -> None:
    upstream = Upstream()
    await upstream.listen(origin)
    try:
        _, wire = await asyncio.get_running_loop().create_connection(Wire, *public)
        await wire.send(sent)
        with suppress(TimeoutError):
            await wire.end(timeout=0.2)
        await wire.abort()
        await asyncio.sleep(0.01)
    finally:
        await upstream.leave()
    reading = strict_reading(sent)
    whole = [
        (e.request.method, e.request.target, bytes(e.body.data)) for e in upstream.exchanges if e.complete
    ]
    begun = [(e.request.method, e.request.target) for e in upstream.exchanges]
    assert whole == reading.whole[: len(whole)]
    assert begun == reading.begun[: len(begun)]
