"""Connections to the upstream are kept, shared, and given up at the first doubt."""

import asyncio

import pytest
from tests.integration.gateway.asking import EVIL, GET, POST, ask, assert_in_step
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Act, Exchange, Step, Upstream
from tests.integration.gateway.wire import Response


async def test_bytes_on_an_idle_connection_answer_nobody(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(GET))
    assert (await wire.final()).content == b"ok"
    await upstream.only.wire.send(EVIL)
    await asyncio.sleep(0.05)
    await assert_in_step(connect, upstream)


async def test_an_idle_connection_that_was_closed_is_not_used(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(GET))
    assert (await wire.final()).content == b"ok"
    upstream.only.wire.half_close()
    await upstream.only.wire.end()
    await wire.send(POST)
    assert (await wire.final()).content == b"ok"
    assert [e.body.data for e in upstream.exchanges] == [b"", b"hello"]


async def dropped(
    connect: Connect, upstream: Upstream, sent: bytes, *drop: Step
) -> tuple[Response | None, int]:
    """Ask once so that a connection is kept, then ask on it and let it be dropped; how often the second came."""
    assert (first := await ask(connect)) is not None
    assert first.content == b"ok"
    upstream.play(*drop)
    response = await ask(connect, sent)
    return response, len(upstream.exchanges) - 1


@pytest.mark.parametrize("drop", [Act.CLOSE, Act.ABORT], ids=lambda act: act.name.lower())
@pytest.mark.parametrize("method", [b"GET", b"PROPFIND", b"OPTIONS"])
async def test_a_lost_kept_connection_is_worth_one_more_try(
    connect: Connect, upstream: Upstream, method: bytes, drop: Act
) -> None:
    """RFC 9112, section 9.3.1: the upstream may have closed it before it saw the request."""
    response, times = await dropped(connect, upstream, request(method + b" / HTTP/1.1"), drop)
    assert response is not None
    assert (response.status, times) == (200, 2)


@pytest.mark.parametrize("drop", [Act.CLOSE, Act.ABORT], ids=lambda act: act.name.lower())
@pytest.mark.parametrize(
    "sent",
    [POST, request(b"POST / HTTP/1.1"), request(b"PATCH / HTTP/1.1", b"Content-Length: 0"), request(b"FOO / HTTP/1.1"), request(b"LOCK / HTTP/1.1"),
     request(b"PUT / HTTP/1.1", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")],
)  # fmt: skip
async def test_a_request_with_a_possible_effect_is_not_repeated(
    connect: Connect, upstream: Upstream, sent: bytes, drop: Act
) -> None:
    response, times = await dropped(connect, upstream, sent, drop)
    assert response is not None
    assert (response.status, times) == (502, 1)


async def test_an_answer_that_began_is_not_asked_for_again(connect: Connect, upstream: Upstream) -> None:
    response, times = await dropped(connect, upstream, request(GET), b"HTTP/1.1 200 OK\r\nConte", Act.CLOSE)
    assert response is not None
    assert (response.status, times) == (502, 1)


async def test_upstream_connections_are_reused(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    for _ in range(10):
        await wire.send(request(GET))
        assert (await wire.final()).content == b"ok"
    assert len(upstream.wires) == 1


async def test_one_connection_serves_several_clients(connect: Connect, upstream: Upstream) -> None:
    for _ in range(5):
        wire = await connect()
        await wire.send(request(GET, b"Connection: close"))
        assert (await wire.final()).content == b"ok"
    assert len(upstream.wires) == 1


async def test_a_connection_that_the_upstream_closes_is_not_reused(
    connect: Connect, upstream: Upstream
) -> None:
    wire = await connect()
    for _ in range(3):
        upstream.play(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await wire.send(request(b"POST / HTTP/1.1", b"Content-Length: 0"))
        response = await wire.final()
        assert response.content == b"ok"
        assert b"close" not in response.head.members("Connection"), "the client's connection is another one"
    assert len(upstream.wires) == 3


async def test_many_clients_at_once_get_their_own_answers(connect: Connect, upstream: Upstream) -> None:
    async def ask(n: int) -> bytes:
        wire = await connect()
        await wire.send(request(b"POST /%d HTTP/1.1" % n, b"Content-Length: 4", body=b"%04d" % n))
        return (await wire.final()).content

    async def echo(exchange: Exchange) -> None:
        await exchange.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + exchange.body.data)

    upstream.always(echo)
    assert await asyncio.gather(*map(ask, range(60))) == [b"%04d" % n for n in range(60)]
