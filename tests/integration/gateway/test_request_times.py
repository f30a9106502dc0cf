"""Clients that leave, and clients and uploads that are slow."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Exchange, Upstream
from tests.integration.gateway.wire import NoAnswerError
from tests.servers import patiently

POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"


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
    for _ in patiently():
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
    steady: Gate, connect: Connect, upstream: Upstream, chunked: bool
) -> None:
    """The upstream's time to answer begins when it has been asked; what keeps moving is not given up."""
    wire = await connect(steady)
    await wire.send(request(POST, CHUNKED if chunked else b"Content-Length: 20"))
    for _ in range(20):
        await asyncio.sleep(0.25)
        await wire.send(b"1\r\nx\r\n" if chunked else b"x")
    await wire.send(b"0\r\n\r\n" if chunked else b"")
    assert (await wire.final()).status == 200
    assert upstream.only.body.data == b"x" * 20


async def test_a_slow_download_is_not_given_up(steady: Gate, connect: Connect, upstream: Upstream) -> None:
    async def drip(exchange: Exchange) -> None:
        for _ in range(20):
            await asyncio.sleep(0.25)
            await exchange.wire.send(b"x")

    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", drip)
    wire = await connect(steady)
    await wire.send(request(b"GET / HTTP/1.1"))
    response = await wire.final()
    assert (response.content, response.complete) == (b"x" * 20, True)


async def test_an_idle_connection_is_closed(steady: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect(steady)
    await wire.send(request(b"GET / HTTP/1.1"))
    assert (await wire.final()).status == 200
    assert await wire.end() == "closed"
