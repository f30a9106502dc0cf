"""What is no response, or was cut short, never reaches a client as one that looks complete."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.asking import EVIL, GET, POST, ask, assert_in_step
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Act, Upstream

HEAD = b"HTTP/1.1 200 OK\r\n"


NO_RESPONSE = {
    "closed without a byte": b"",
    "closed inside the status line": b"HTTP/1.1 20",
    "closed inside the head": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "0.9": b"<html>hello</html>\r\n\r\n",
    "other name": b"ICY 200 OK\r\n\r\n",
    "lower-case name": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no version": b"200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 1.10": b"HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status of words": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 099": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "negative status": b"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
    "status in Arabic digits": "HTTP/1.1 ٢٠٠ OK\r\nContent-Length: 0\r\n\r\n".encode(),
    "two spaces": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
    "NUL in a name": b"HTTP/1.1 200 OK\r\nX\x00: a\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n",
    "empty name": b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
    "name that is no token": b"HTTP/1.1 200 OK\r\nX(A): a\r\nContent-Length: 0\r\n\r\n",
    "space before the first field": b"HTTP/1.1 200 OK\r\n X-A: a\r\nContent-Length: 0\r\n\r\n",
    "two different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "list of different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!",
    "length +2": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "length -2": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "length 0x2": b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
    "length 2_0": b"HTTP/1.1 200 OK\r\nContent-Length: 2_0\r\n\r\nok",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok",
    "length 2^64+2": b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
    "uninvited 101": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "uninvited 101, bare": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "interim and nothing": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
}


@pytest.mark.parametrize("answer", NO_RESPONSE.values(), ids=NO_RESPONSE)
async def test_no_response_is_502(connect: Connect, upstream: Upstream, answer: bytes) -> None:
    upstream.play(answer, Act.CLOSE)
    response = await ask(connect)
    assert response is not None
    assert (response.status, response.complete) == (502, True)
    assert len(upstream.exchanges) == 1, "a fresh connection is no reason to ask again"
    await assert_in_step(connect, upstream)


MENDABLE = {
    "space before colon": b"X-A : a\r\nContent-Length: 2\r\n\r\nok",
    "space before colon of the length": b"Content-Length : 2\r\n\r\nok",
    "obs-fold": b"X-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "NUL in a value": b"X-A: a\x00b\r\nContent-Length: 2\r\n\r\nok",
    "bare CR in a value": b"X-A: a\rSet-Cookie: x=y\r\nContent-Length: 2\r\n\r\nok",
    "bare LF between fields": b"X-A: a\nX-B: b\r\nContent-Length: 2\r\n\r\nok",
    "two equal lengths": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "list of equal lengths": b"Content-Length: 2, 2\r\n\r\nok",
    "length and chunked": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: odd\r\n\r\nok",
}


@pytest.mark.parametrize("rest", MENDABLE.values(), ids=MENDABLE)
async def test_a_faulty_response_is_mended_or_replaced(
    connect: Connect, upstream: Upstream, rest: bytes
) -> None:
    """RFC 9112, sections 5 and 6.3, leave a proxy the choice; what the client reads is strict either way."""
    upstream.play(HEAD + rest, Act.CLOSE)
    wire = await connect()
    await wire.send(request(GET))
    response = await wire.final()
    assert (response.status, response.content) == (200, b"ok") or response.status == 502
    assert response.complete
    assert response.values("Set-Cookie") == []
    await assert_in_step(connect, upstream)


async def test_a_status_line_without_reason_and_space_is_relayed_or_refused(
    connect: Connect, upstream: Upstream
) -> None:
    upstream.play(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok")
    response = await ask(connect)
    assert response is not None
    assert response.status in (200, 502)


TRUNCATED = {
    "length": b"Content-Length: 10\r\n\r\nhello",
    "length, nothing sent": b"Content-Length: 10\r\n\r\n",
    "length, one byte missing": b"Content-Length: 6\r\n\r\nhello",
    "chunked, no last chunk": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunked, nothing": b"Transfer-Encoding: chunked\r\n\r\n",
    "chunked, inside a chunk": b"Transfer-Encoding: chunked\r\n\r\nA\r\nhello",
    "chunked, inside a size": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1",
    "chunked, no CRLF behind the last chunk": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "chunked, inside the trailers": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n",
    "chunked, inside the last chunk": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0",
}


@pytest.mark.parametrize("end", [Act.CLOSE, Act.ABORT], ids=lambda act: act.name.lower())
@pytest.mark.parametrize("spoken", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("rest", TRUNCATED.values(), ids=TRUNCATED)
async def test_a_truncated_body_never_looks_complete(
    connect: Connect, upstream: Upstream, rest: bytes, spoken: bytes, end: Act
) -> None:
    upstream.play(HEAD + rest, end)
    response = await ask(connect, request(b"GET / " + spoken))
    assert response is None or not response.complete or response.status == 502
    await assert_in_step(connect, upstream)


MALFORMED_CHUNKS = [b"0x5\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"F" * 17 + b"\r\nhello\r\n0\r\n\r\n", b"xyz\r\n", b"\r\n",
                    b"5\r\nhelloX\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX-A : b\r\n\r\n",
                    b"5\r\nhello\r\n0\r\nX-A\r\n\r\n", b"5\r\nhello\r\n0\nX: y\r\n\r\n", b"5_0\r\nhello\r\n0\r\n\r\n"]  # fmt: skip


@pytest.mark.parametrize("began", [b"", b"2\r\nok\r\n"], ids=["at once", "later"])
@pytest.mark.parametrize("chunks", MALFORMED_CHUNKS, ids=repr)
async def test_a_malformed_chunk_breaks_the_response(
    connect: Connect, upstream: Upstream, chunks: bytes, began: bytes
) -> None:
    upstream.play(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + began + chunks)
    response = await ask(connect)
    assert response is None or not response.complete or response.status == 502
    await assert_in_step(connect, upstream)


async def test_a_reset_breaks_a_body_until_close(connect: Connect, upstream: Upstream) -> None:
    """A FIN ends such a body, a reset does not."""
    reset = asyncio.Event()
    upstream.play(HEAD + b"\r\nhello", reset, Act.ABORT)
    wire = await connect()
    await wire.send(request(GET))
    await wire.until(lambda: b"hello" in wire.buffer)
    reset.set()
    assert not (await wire.final()).complete


EXTRA = {
    "behind a length": (b"GET", b"Content-Length: 2\r\n\r\nok" + EVIL),
    "behind chunks": (b"GET", b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + EVIL),
    "behind an empty body": (b"GET", b"Content-Length: 0\r\n\r\n" + EVIL),
    "behind HEAD": (b"HEAD", b"Content-Length: 2\r\n\r\nok"),
    "behind HEAD, a response": (b"HEAD", b"Content-Length: 2\r\n\r\n" + EVIL),
    "one CRLF": (b"GET", b"Content-Length: 2\r\n\r\nok\r\n"),
}


@pytest.mark.parametrize(("method", "rest"), EXTRA.values(), ids=EXTRA)
async def test_bytes_behind_a_response_answer_nobody(
    connect: Connect, upstream: Upstream, method: bytes, rest: bytes
) -> None:
    upstream.play(HEAD + rest)
    wire = await connect()
    await wire.send(request(method + b" / HTTP/1.1"))
    assert (await wire.final(method)).content in (b"ok", b"")
    await assert_in_step(connect, upstream)
    assert b"EVIL" not in wire.buffer


@pytest.mark.parametrize(
    "head",
    [
        b"204 No Content\r\nContent-Length: 2\r\n",
        b"304 Not Modified\r\nContent-Length: 2\r\n",
        b"304 Not Modified\r\n",
    ],
)
async def test_a_body_behind_a_status_without_one_is_dropped(
    connect: Connect, upstream: Upstream, head: bytes
) -> None:
    upstream.play(b"HTTP/1.1 " + head + b"\r\n" + EVIL)
    wire = await connect()
    await wire.send(request(GET))
    assert (await wire.final()).content == b""
    await assert_in_step(connect, upstream)
    assert not wire.buffer


@pytest.mark.parametrize("head", [b"X-A: " + b"a" * 4_000_000 + b"\r\n", b"X-A: b\r\n" * 200_000])
async def test_a_huge_head_is_502(connect: Connect, upstream: Upstream, head: bytes) -> None:
    upstream.play(HEAD + head + b"Content-Length: 0\r\n\r\n")
    response = await ask(connect)
    assert response is not None
    assert response.status == 502


async def test_an_upstream_that_says_nothing_is_504(
    hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    upstream.play(asyncio.Event())
    response = await ask(connect, gate=hasty)
    assert response is not None
    assert response.status == 504
    await upstream.only.wire.end()


@pytest.mark.parametrize("sent", [request(GET), POST])
async def test_a_head_that_stops_is_504(
    hasty: Gate, connect: Connect, upstream: Upstream, sent: bytes
) -> None:
    upstream.play(HEAD + b"Content-Le", asyncio.Event())
    response = await ask(connect, sent, gate=hasty)
    assert response is not None
    assert response.status == 504
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 10\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"\r\nhello"],
)
async def test_a_body_that_stops_is_broken_off(
    hasty: Gate, connect: Connect, upstream: Upstream, rest: bytes
) -> None:
    upstream.play(HEAD + rest, asyncio.Event())
    response = await ask(connect, gate=hasty)
    assert response is None or not response.complete
    await upstream.only.wire.end()


async def test_a_client_that_leaves_ends_the_download(connect: Connect, upstream: Upstream) -> None:
    upstream.play(HEAD + b"Content-Length: 1000000\r\n\r\nhello", asyncio.Event())
    wire = await connect()
    await wire.send(request(GET))
    await wire.until(lambda: b"hello" in wire.buffer)
    await wire.abort()
    await upstream.only.wire.end()
