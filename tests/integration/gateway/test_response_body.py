"""Where a response ends, for clients of both versions, and how promptly it comes."""

import asyncio

import pytest
from tests.integration.gateway.asking import GET, relayed
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Act, Upstream

BODIES = {
    "length": (b"Content-Length: 5\r\n\r\nhello", ()),
    "chunked": (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", ()),
    "chunked, other case": (b"transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ()),
    "until close": (b"\r\nhello", (Act.CLOSE,)),
    "until close, said so": (b"Connection: close\r\n\r\nhello", (Act.CLOSE,)),
    "length and close": (b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", (Act.CLOSE,)),
}
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0"]


@pytest.mark.parametrize("spoken", VERSIONS)
@pytest.mark.parametrize(("rest", "acts"), BODIES.values(), ids=BODIES)
async def test_every_body_is_whole_for_clients_of_both_versions(
    connect: Connect, upstream: Upstream, rest: bytes, acts: tuple[Act, ...], spoken: bytes
) -> None:
    upstream.play(b"HTTP/1.1 200 OK\r\n" + rest, *acts)
    wire = await connect()
    await wire.send(request(b"GET / " + spoken))
    response = await wire.final()
    assert (response.content, response.complete) == (b"hello", True)
    if spoken == b"HTTP/1.0":
        assert response.body.framing != "chunked", "RFC 9112, section 6.1"
        await wire.end()
    elif response.body.framing == "close":
        assert b"close" in response.head.members("Connection")


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"\r\nhello",
        b"Connection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_an_http_1_0_response_becomes_http_1_1(
    connect: Connect, upstream: Upstream, rest: bytes
) -> None:
    response = await relayed(connect, upstream, b"HTTP/1.0 200 Old\r\n" + rest, Act.CLOSE)
    assert (response.head.start, response.content, response.complete) == (
        (b"HTTP/1.1", b"200", b"Old"),
        b"hello",
        True,
    )


@pytest.mark.parametrize("keep", [b"Connection: keep-alive", b"Connection: Keep-Alive, x", b"X-None: here"])
async def test_http_1_0_client_is_told_whether_the_connection_stays(
    connect: Connect, upstream: Upstream, keep: bytes
) -> None:
    """RFC 9112, section 9.3: it stays only where the response says so, and only where it was asked for."""
    wire = await connect()
    await wire.send(request(b"GET /first HTTP/1.0", keep))
    response = await wire.final()
    if b"keep-alive" in response.head.members("Connection"):
        assert b"eep" in keep
        await wire.send(request(b"GET /second HTTP/1.0", keep))
        assert (await wire.final()).content == b"ok"
    else:
        await wire.end()


async def test_http_1_0_without_host_is_served(connect: Connect, upstream: Upstream) -> None:
    assert (await relayed(connect, upstream, OK, sent=request(b"GET / HTTP/1.0", host=b""))).status == 200
    assert upstream.only.request.version == b"HTTP/1.1"
    assert len(upstream.only.values("Host")) == 1


@pytest.mark.parametrize("option", [b"close", b"Close", b"x, close", b"close, keep-alive"])
async def test_a_client_that_wants_to_close_is_heard(
    connect: Connect, upstream: Upstream, option: bytes
) -> None:
    wire = await connect()
    await wire.send(request(GET, b"Connection: " + option))
    response = await wire.final()
    assert response.content == b"ok"
    assert b"close" in response.head.members("Connection"), "RFC 9112, section 9.6"
    assert await wire.end() == "closed"


async def test_events_come_one_by_one(connect: Connect, upstream: Upstream) -> None:
    steps = [asyncio.Event() for _ in range(4)]
    script: list[bytes | asyncio.Event] = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    ]
    for n, step in enumerate(steps):
        script += [step, b"9\r\ndata: %d\n\n\r\n" % n]
    upstream.play(*script, b"0\r\n\r\n")
    wire = await connect()
    await wire.send(request(GET, b"Accept: text/event-stream"))
    await wire.until(lambda: b"\r\n\r\n" in wire.buffer)
    for n, step in enumerate(steps):
        assert b"data: %d" % n not in wire.buffer
        step.set()
        await wire.until(lambda n=n: b"data: %d\n\n" % n in wire.buffer)
    response = await wire.final()
    assert response.content == b"".join(b"data: %d\n\n" % n for n in range(4))
    assert response.complete


async def test_a_body_of_declared_length_comes_as_it_is_sent(connect: Connect, upstream: Upstream) -> None:
    more = asyncio.Event()
    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", more, b"def")
    wire = await connect()
    await wire.send(request(GET))
    await wire.until(lambda: wire.buffer.endswith(b"abc"))
    more.set()
    assert (await wire.final()).content == b"abcdef"


async def test_a_body_until_close_comes_as_it_is_sent(connect: Connect, upstream: Upstream) -> None:
    more = asyncio.Event()
    upstream.play(b"HTTP/1.1 200 OK\r\n\r\nabc", more, b"def", Act.CLOSE)
    wire = await connect()
    await wire.send(request(GET))
    await wire.until(lambda: b"abc" in wire.buffer)
    more.set()
    assert (await wire.final()).content == b"abcdef"


TRAILERS = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 9\r\nX-Sum: \xe9\r\n\r\n"


async def test_trailers_pass_to_who_asks_for_them(connect: Connect, upstream: Upstream) -> None:
    sent = request(GET, b"Connection: TE", b"TE: trailers")
    response = await relayed(connect, upstream, TRAILERS, sent=sent)
    assert response.body.trailers == [(b"X-Sum", b"9"), (b"X-Sum", b"\xe9")]
    assert response.values("X-Sum") == []


@pytest.mark.parametrize(
    "sent", [request(GET), request(b"GET / HTTP/1.0"), request(b"GET / HTTP/1.0", b"TE: trailers")]
)
async def test_trailers_never_become_header_fields(connect: Connect, upstream: Upstream, sent: bytes) -> None:
    response = await relayed(connect, upstream, TRAILERS, sent=sent)
    assert (response.content, response.complete) == (b"ok", True)
    assert response.values("X-Sum") == []


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: 9",
        b"Set-Cookie: a=b",
        b"Location: /",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
    ],
)
async def test_trailers_carry_no_framing(connect: Connect, upstream: Upstream, field: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + field + b"\r\n\r\n"
    response = await relayed(connect, upstream, answer, sent=request(GET, b"Connection: TE", b"TE: trailers"))
    framing = {b"content-length", b"transfer-encoding", b"connection"}
    assert not framing & {name.lower() for name, _ in response.body.trailers}
    assert field not in response.head.raw.replace(b"Transfer-Encoding: chunked", b"", 1)
