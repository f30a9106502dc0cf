"""Differential: whatever the upstream answers, the client reads what a strict reader reads of it, or a failure that shows."""

import asyncio
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.gate import Gate
from tests.integration.gateway.fuzz_settings import BOUNDED
from tests.integration.gateway.messages import MalformedError, read_status, request, response_body, take_head
from tests.integration.gateway.scripted_upstream import Act, Upstream
from tests.integration.gateway.wire import NoAnswerError, Response, Wire

HIDDEN = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden"
FIELDS = st.sampled_from(
    [b"Content-Length: 51", b"Content-Length: 5", b"content-length: 0", b"Content-Length: +5", b"Content-Length: 5, 5", b"Content-Length : 5", b"Content-Length:", b"Content-Length: 99999999999999999999",
     b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: identity", b"Transfer_Encoding: chunked",
     b"Connection: close", b"Connection: content-length, x", b"X: y", b"Set-Cookie: a=b", b"X: y\r\n z", b" X: y", b"X"]
)  # fmt: skip
STATUS = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.1 206 ", b"HTTP/1.0 200 OK", b"HTTP/1.1 404 No",
    b"HTTP/1.1 204 None", b"HTTP/1.1 304 Same", b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK",
])  # fmt: skip
ODD = st.sampled_from([
    b"\r", b"\n", b"\r\n", b"\n\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b"\x0b", b"\x80", b":",
    b",", b";", b"0", b"-", b"x", b"\r\n ",
])  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A response with another one hidden in its body, bent where readers tend to differ."""
    lines = [draw(STATUS), *draw(st.lists(FIELDS, max_size=3))]
    size = draw(
        st.sampled_from([b"2c", b"2C", b"02c", b"0x2c", b"2c ", b" 2c", b"2c;a", b"-1", b"5", b"", b"2c\n"])
    )
    last = draw(
        st.sampled_from(
            [b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\n", b"", b"0\n\r\n", b"0\r\nX : y\r\n\r\n"]
        )
    )
    body = draw(st.sampled_from([b"hello", b"", HIDDEN, size + b"\r\n" + HIDDEN + b"\r\n" + last]))
    sent = b"\r\n".join([*lines, b"", body])
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(len(lines[0]) + 2, len(sent)))
        sent = sent[:at] + draw(ODD) + sent[at + draw(st.integers(0, 2)) :]
    return sent


def strict_reading(sent: bytes) -> tuple[int, bytes] | None:
    """Status and content of the final response, or None where it is malformed or cut short."""
    buffer = bytearray(sent)
    with suppress(MalformedError):
        while (raw := take_head(buffer)) is not None:
            status = read_status(raw)
            body = response_body(status, b"GET")
            if status.status >= 200:
                body.feed(buffer)
                return (status.status, bytes(body.data)) if body.done or body.framing == "close" else None
    return None


@pytest.fixture(scope="session")
def public(gate: Gate) -> tuple[str, int]:
    return gate.public


async def ask(public: tuple[str, int], target: bytes) -> Response | None:
    _, wire = await asyncio.get_running_loop().create_connection(Wire, *public)
    try:
        await wire.send(request(b"GET " + target + b" HTTP/1.1", b"Connection: close"))
        return await wire.final()
    except NoAnswerError:
        return None
    finally:
        await wire.abort()


@BOUNDED
@given(sent=answers())
async def test_the_client_reads_what_a_strict_reader_reads(
    public: tuple[str, int], origin: socket.socket, sent: bytes
) -> None:
    upstream = Upstream()
    await upstream.listen(origin)
    try:
        upstream.play(sent, Act.CLOSE)
        response, later = await ask(public, b"/"), await ask(public, b"/later")
    finally:
        await upstream.leave()
    assert later is not None
    assert later.content == b"ok", "nothing of an answer is left for the next client"
    if response is not None and response.complete and response.status != 502:
        assert (response.status, response.content) == strict_reading(sent)
