"""Bodies reach the upstream whole or not at all, as they come, and end where the request says."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted import OK, Act, Exchange, Upstream
from tests.integration.gateway.wire import NoAnswerError

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
async def test_content_length(connect: Connect, upstream: Upstream, method: bytes, body: bytes) -> None:
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
async def test_chunked(connect: Connect, upstream: Upstream, sent: bytes, body: bytes, coding: bytes) -> None:
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


async def test_every_byte_in_a_packet_of_its_own(connect: Connect, upstream: Upstream) -> None:
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


async def test_expect_refused_by_the_upstream(connect: Connect, upstream: Upstream) -> None:
    upstream.play_at_head(b"HTTP/1.1 403 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope", Act.CLOSE)
    wire = await connect()
    await wire.send(request(POST, EXPECT, b"Content-Length: 1000000"))
    first = await wire.response()
    assert (first.status, first.reason, first.content) == (403, b"No", b"nope")


async def test_what_follows_a_refused_expectation_is_no_request(connect: Connect, upstream: Upstream) -> None:
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


async def test_an_early_answer_before_a_reset(connect: Connect, upstream: Upstream) -> None:
    """The upstream answers and drops the connection while the body is still being sent to it."""
    upstream.play_at_head(b"HTTP/1.1 401 Who\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", Act.CLOSE)
    wire = await connect()
    async with asyncio.TaskGroup() as both:
        both.create_task(wire.send(request(POST, b"Content-Length: 4000000", body=b"x" * 4000000)))
        answer = both.create_task(wire.final())
    assert answer.result().status in (401, 502)
    assert answer.result().complete


@pytest.mark.parametrize(
    "framing",
    [(b"Content-Length: 100", b"partial"), (CHUNKED, b"7\r\npartial\r\n")],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("way", ["abort", "close", "half_close"])
async def test_a_client_that_leaves_leaves_no_request_behind(
    connect: Connect, upstream: Upstream, framing: tuple[bytes, bytes], way: str
) -> None:
    wire = await connect()
    await wire.send(request(POST, framing[0], body=framing[1]))
    exchange = await upstream.arrival()
    await exchange.wire.until(lambda: exchange.body.data == b"partial")
    if way == "half_close":
        wire.half_close()
    else:
        await getattr(wire, way)()
    await exchange.wire.end()
    assert not exchange.complete
    later = await connect()
    await later.send(request(b"GET /later HTTP/1.1"))
    assert (await later.final()).status == 200
    assert upstream.exchanges[1].wire is not exchange.wire


async def test_a_client_that_leaves_while_it_waits_is_not_waited_for(
    connect: Connect, upstream: Upstream
) -> None:
    upstream.play(asyncio.Event())
    wire = await connect()
    await wire.send(request(b"GET /long-poll HTTP/1.1"))
    exchange = await upstream.arrival()
    await wire.abort()
    await exchange.wire.end()


@pytest.mark.parametrize("beginning", [b"", b"G", b"GET / HTTP/1.1\r\nHost: mail.exam"])
async def test_a_head_that_never_ends_is_given_up(
    hasty: Gate, connect: Connect, upstream: Upstream, beginning: bytes
) -> None:
    wire = await connect(hasty)
    await wire.send(beginning)
    try:
        assert (await wire.final()).status == 408
    except NoAnswerError:
        assert not wire.buffer
    await wire.end()
    assert upstream.exchanges == []


async def test_a_head_that_drips_is_given_up(hasty: Gate, connect: Connect, upstream: Upstream) -> None:
    """The head as a whole has a deadline: single bytes do not win time."""
    wire = await connect(hasty)
    await wire.send(request(b"GET / HTTP/1.1").removesuffix(b"\r\n") + b"X-A: ")
    for _ in range(100):
        if wire.ended:
            break
        await wire.send(b"a")
        await asyncio.sleep(0.1)
    assert wire.ended
    assert upstream.exchanges == []


@pytest.mark.parametrize(
    "framing",
    [(b"Content-Length: 100", b"partial"), (CHUNKED, b"7\r\npartial\r\n")],
    ids=["length", "chunked"],
)
async def test_a_body_that_stops_is_given_up(
    hasty: Gate, connect: Connect, upstream: Upstream, framing: tuple[bytes, bytes]
) -> None:
    wire = await connect(hasty)
    await wire.send(request(POST, framing[0], body=framing[1]))
    try:
        assert (await wire.final()).status == 408
    except NoAnswerError:
        assert not wire.buffer
    await wire.end()
    for exchange in upstream.exchanges:
        await exchange.wire.end()
        assert not exchange.complete


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_a_slow_upload_is_no_slow_upstream(
    hasty: Gate, connect: Connect, upstream: Upstream, chunked: bool
) -> None:
    """The upstream's time to answer begins when it has been asked; what keeps moving is not given up."""
    wire = await connect(hasty)
    await wire.send(request(POST, CHUNKED if chunked else b"Content-Length: 8"))
    for _ in range(8):
        await asyncio.sleep(0.25)
        await wire.send(b"1\r\nx\r\n" if chunked else b"x")
    await wire.send(b"0\r\n\r\n" if chunked else b"")
    assert (await wire.final()).status == 200
    assert upstream.only.body.data == b"x" * 8


async def test_a_slow_download_is_not_given_up(hasty: Gate, connect: Connect, upstream: Upstream) -> None:
    async def drip(exchange: Exchange) -> None:
        for _ in range(8):
            await asyncio.sleep(0.25)
            await exchange.wire.send(b"x")

    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", drip)
    wire = await connect(hasty)
    await wire.send(request(b"GET / HTTP/1.1"))
    response = await wire.final()
    assert (response.content, response.complete) == (b"x" * 8, True)


async def test_an_idle_connection_is_closed(hasty: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect(hasty)
    await wire.send(request(b"GET / HTTP/1.1"))
    assert (await wire.final()).status == 200
    assert await wire.end() == "closed"
