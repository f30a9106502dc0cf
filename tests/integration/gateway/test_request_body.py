"""Bodies reach the upstream whole or not at all, as they come, and end where the request says."""

import asyncio

import pytest
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Act, Upstream

POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
EXPECT = b"Expect: 100-continue"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"PROPFIND", b"GET", b"OPTIONS", b"FOO"]
)
@pytest.mark.parametrize(
    "body", [b"", b"hello", b"\x00\r\n0\r\n\r\n\xff", b"x" * 300_000], ids=lambda body: str(len(body))
)
async def test_a_body_with_content_length_arrives_as_it_is(
    connect: Connect, upstream: Upstream, method: bytes, body: bytes
) -> None:
    wire = await connect()
    await wire.send(request(method + b" / HTTP/1.1", b"Content-Length: %d" % len(body), body=body))
    assert (await wire.final(method)).status == 200
    assert upstream.only.values("Content-Length") == [b"%d" % len(body)]
    assert upstream.only.values("Transfer-Encoding") == []
    assert upstream.only.body.data == body


@pytest.mark.parametrize("length", [b"005", b"0000000000000000005"])
async def test_leading_zeros_are_read_as_decimal_or_refused(
    connect: Connect, upstream: Upstream, length: bytes
) -> None:
    wire = await connect()
    await wire.send(request(POST, b"Content-Length: " + length, body=b"hello"))
    response = await wire.final()
    assert (response.status, [e.body.data for e in upstream.exchanges]) in [(200, [b"hello"]), (400, [])]


CHUNKED_BODIES = {
    "empty": (b"0\r\n\r\n", b""),
    "one": (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "several": (b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", b"hello"),
    "hex of both cases": (b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
    "leading zeros": (b"0005\r\nhello\r\n000\r\n\r\n", b"hello"),
    "extension": (b"5;a\r\nhello\r\n0;b=c\r\n\r\n", b"hello"),
    "extensions": (b'5;a=b;c="d;\\"e";f\r\nhello\r\n0\r\n\r\n', b"hello"),
    "bad whitespace": (b"5 ; a = b\r\nhello\r\n0\r\n\r\n", b"hello"),
    "CRLF inside": (b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize(("sent", "body"), CHUNKED_BODIES.values(), ids=CHUNKED_BODIES)
@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b"CHUNKED", b"\tchunked \t"])
async def test_a_chunked_body_arrives_as_it_is(
    connect: Connect, upstream: Upstream, sent: bytes, body: bytes, coding: bytes
) -> None:
    wire = await connect()
    await wire.send(
        request(POST, b"Transfer-Encoding: " + coding, body=sent) + request(b"GET /next HTTP/1.1")
    )
    assert [(await wire.final()).status, (await wire.final()).status] == [200, 200]
    assert upstream.targets == [b"/", b"/next"]
    assert upstream.exchanges[0].body.data == body
    assert upstream.exchanges[0].complete


@pytest.mark.parametrize("coding", [b",chunked", b"chunked,", b", ,chunked"])
async def test_empty_members_are_ignored_or_refused(
    connect: Connect, upstream: Upstream, coding: bytes
) -> None:
    """RFC 9110, section 5.6.1.2."""
    wire = await connect()
    await wire.send(request(POST, b"Transfer-Encoding: " + coding, body=b"5\r\nhello\r\n0\r\n\r\n"))
    response = await wire.final()
    received = [e.body.data for e in upstream.exchanges]
    assert (response.status, received) in [(200, [b"hello"]), (400, []), (501, [])]


async def test_a_request_arrives_that_was_sent_byte_by_byte(connect: Connect, upstream: Upstream) -> None:
    sent = request(b"POST /slow HTTP/1.1", CHUNKED, b"X-A: b", body=b"5;x=y\r\nhello\r\n0\r\nX-T: u\r\n\r\n")
    wire = await connect()
    for byte in sent:
        await wire.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await wire.final()).status == 200
    assert upstream.only.body.data == b"hello"


async def test_a_request_without_body_gets_none(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(b"GET / HTTP/1.1"))
    assert (await wire.final()).status == 200
    assert upstream.only.values("Transfer-Encoding") == []
    assert upstream.only.values("Content-Length") == []


async def test_a_post_without_body_stays_complete(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(POST))
    assert (await wire.final()).status == 200
    assert upstream.only.values("Transfer-Encoding") == []
    assert upstream.only.values("Content-Length") in ([], [b"0"])


async def test_trailers_pass(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    body = b"5\r\nhello\r\n0\r\nX-Checksum: 9\r\nx-checksum: \xe9\r\n\r\n"
    await wire.send(request(POST, b"Trailer: X-Checksum", CHUNKED, body=body))
    assert (await wire.final()).status == 200
    assert upstream.only.body.trailers == [(b"X-Checksum", b"9"), (b"x-checksum", b"\xe9")]
    assert upstream.only.values("X-Checksum") == []
    assert upstream.only.values("Trailer") == [b"X-Checksum"]


FORBIDDEN_TRAILERS = ["Content-Length", "Transfer-Encoding", "Host", "Connection", "X-Forwarded-For", "X_Forwarded_For", "X-Forwarded-User", "Client-Cert",
                      "Device-Attestation", "X-Mailgate-User", "Keep-Alive", "Upgrade"]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN_TRAILERS)
async def test_trailers_carry_no_framing_and_no_trust(
    connect: Connect, upstream: Upstream, name: str
) -> None:
    """RFC 9110, section 6.5.1."""
    wire = await connect()
    await wire.send(request(POST, CHUNKED, body=b"0\r\n" + name.encode() + b": 77\r\n\r\n"))
    response = await wire.final()
    assert response.status in (200, 400)
    for exchange in upstream.exchanges:
        assert exchange.body.trailers == []
        assert b"77" not in exchange.values(name)


async def test_a_body_goes_on_as_it_comes(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(POST, CHUNKED, body=b"5\r\nfirst\r\n"))
    exchange = await upstream.arrival()
    await exchange.wire.until(lambda: exchange.body.data == b"first")
    await wire.send(b"6\r\nsecond\r\n0\r\n\r\n")
    assert (await wire.final()).status == 200
    assert exchange.body.data == b"firstsecond"


@pytest.mark.parametrize(
    "framing",
    [(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"), (b"Content-Length: 5", b"hello")],
    ids=["chunked", "length"],
)
async def test_expect_waits_for_the_upstream(
    connect: Connect, upstream: Upstream, framing: tuple[bytes, bytes]
) -> None:
    """RFC 9110, section 10.1.1: the 100 is the upstream's to give, and is given once."""
    upstream.play_at_head(CONTINUE, Act.READ_BODY, OK)
    wire = await connect()
    await wire.send(request(POST, EXPECT, framing[0]))
    assert (await wire.response()).status == 100
    await wire.send(framing[1])
    assert (await wire.response()).status == 200
    assert [v.lower() for v in upstream.only.values("Expect")] == [b"100-continue"]
    assert upstream.only.body.data == b"hello"


async def test_a_refused_expectation_is_relayed(connect: Connect, upstream: Upstream) -> None:
    upstream.play_at_head(b"HTTP/1.1 403 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope", Act.CLOSE)
    wire = await connect()
    await wire.send(request(POST, EXPECT, b"Content-Length: 1000000"))
    first = await wire.response()
    assert (first.status, first.reason, first.content) == (403, b"No", b"nope")


async def test_a_body_after_a_refused_expectation_is_no_request(connect: Connect, upstream: Upstream) -> None:
    """The client may send its body all the same (RFC 9110, section 10.1.1): it must not be read as a request."""
    upstream.play_at_head(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", Act.CLOSE)
    wire = await connect()
    hidden = request(b"GET /smuggled HTTP/1.1")
    await wire.send(request(POST, EXPECT, b"Content-Length: %d" % len(hidden)))
    assert (await wire.response()).status == 403
    await wire.send(hidden)
    wire.half_close()
    await wire.end()
    assert b"/smuggled" not in upstream.targets


async def test_a_client_need_not_wait(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(POST, EXPECT, b"Content-Length: 5", body=b"hello"))
    assert (await wire.final()).status == 200
    assert upstream.only.body.data == b"hello"


async def test_http_1_0_expects_nothing(connect: Connect, upstream: Upstream) -> None:
    upstream.play_at_head(CONTINUE, Act.READ_BODY, OK)
    wire = await connect()
    await wire.send(request(b"POST / HTTP/1.0", EXPECT, b"Content-Length: 5", body=b"hello"))
    assert (await wire.response()).status == 200
    assert upstream.only.body.data == b"hello"


async def test_pipelined_requests_are_answered_in_order(connect: Connect, upstream: Upstream) -> None:
    for n in range(5):
        upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % n)
    wire = await connect()
    bodies = [b"a" * n for n in range(5)]
    await wire.send(
        b"".join(
            request(b"POST /%d HTTP/1.1" % n, b"Content-Length: %d" % n, body=bodies[n]) for n in range(5)
        )
    )
    assert [(await wire.final()).content for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    assert upstream.targets == [b"/0", b"/1", b"/2", b"/3", b"/4"]
    assert [e.body.data for e in upstream.exchanges] == bodies


async def test_an_early_answer_reaches_a_client_that_is_uploading(
    connect: Connect, upstream: Upstream
) -> None:
    upstream.play_at_head(
        b"HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", Act.HALF_CLOSE
    )
    wire = await connect()
    await wire.send(request(POST, b"Content-Length: 8000000", body=b"x" * 1000))
    response = await wire.final()
    assert (response.status, response.reason, response.content, response.complete) == (
        413,
        b"Too Much",
        b"big",
        True,
    )
    await wire.send(b"x" * 1000)
    later = await connect()
    await later.send(request(b"GET /later HTTP/1.1"))
    assert (await later.final()).content == b"ok"


async def test_an_early_answer_arrives_before_a_reset(connect: Connect, upstream: Upstream) -> None:
    """The upstream answers and drops the connection while the body is still being sent to it."""
    upstream.play_at_head(b"HTTP/1.1 401 Who\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", Act.CLOSE)
    wire = await connect()
    async with asyncio.TaskGroup() as both:
        both.create_task(wire.send(request(POST, b"Content-Length: 4000000", body=b"x" * 4000000)))
        answer = both.create_task(wire.final())
    assert answer.result().status in (401, 502)
    assert answer.result().complete
