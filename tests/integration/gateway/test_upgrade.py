"""A switch of protocols (RFC 9110, section 7.8): WebSocket where both ends want it, nothing else."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Act, Upstream

Endpoint = Callable[[web.WebSocketResponse], Awaitable[object]]
Serve = Callable[..., Awaitable[list[web.Request]]]


HANDSHAKE = (
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.mark.parametrize(
    "status", [b"403 Forbidden", b"426 Upgrade Required", b"401 x", b"302 Found", b"200 OK", b"503 x"]
)
async def test_a_refused_upgrade_is_a_response_like_any_other(
    connect: Connect, upstream: Upstream, status: bytes
) -> None:
    upstream.play(b"HTTP/1.1 " + status + b"\r\nX-Why: because\r\nContent-Length: 2\r\n\r\nno")
    wire = await connect()
    await wire.send(request(b"GET /first HTTP/1.1", *HANDSHAKE))
    response = await wire.final()
    assert (response.head.start[1], response.content) == (status[:3], b"no")
    assert response.values("X-Why") == [b"because"]
    await wire.send(request(b"GET /second HTTP/1.1"))
    if not wire.ended:
        assert (await wire.final()).content == b"ok"


async def test_bytes_after_a_handshake_wait_for_its_answer(connect: Connect, upstream: Upstream) -> None:
    """Were it passed on at once, a refused handshake would make it a request (RFC 9110, section 7.8)."""
    upstream.play_at_head(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    wire = await connect()
    await wire.send(
        request(b"GET /first HTTP/1.1", *HANDSHAKE) + request(b"GET /.mailgate/smuggled HTTP/1.1")
    )
    assert (await wire.final()).status == 403
    assert upstream.targets == [b"/first"]


async def test_the_tunnel_carries_bytes_both_ways(connect: Connect, upstream: Upstream) -> None:
    upstream.play_at_head(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-A: b\r\n\r\n\x81\x02hi",
        lambda exchange: exchange.wire.until(lambda: b"\x81\x82\x00\x00\x00\x00yo" in exchange.wire.buffer),
        Act.CLOSE,
    )
    wire = await connect()
    await wire.send(request(b"GET / HTTP/1.1", *HANDSHAKE))
    switching = await wire.response()
    assert switching.status == 101
    assert switching.values("Sec-WebSocket-Accept") == [b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
    assert switching.values("X-A") == [b"b"]
    assert (switching.head.members("Upgrade"), switching.head.members("Connection")) == (
        [b"websocket"],
        [b"upgrade"],
    )
    await wire.until(lambda: wire.buffer == b"\x81\x02hi")
    await wire.send(b"\x81\x82\x00\x00\x00\x00yo")
    await wire.end()


SWITCHES = {
    "to another protocol": b"101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
    "to nothing": b"101 Switching Protocols\r\n",
}


@pytest.mark.parametrize("head", SWITCHES.values(), ids=SWITCHES)
async def test_a_switch_that_nobody_asked_for_is_refused(
    connect: Connect, upstream: Upstream, head: bytes
) -> None:
    upstream.play_at_head(b"HTTP/1.1 " + head + b"\r\n", OK)
    wire = await connect()
    await wire.send(request(b"GET / HTTP/1.1", *HANDSHAKE))
    assert (await wire.response()).status == 502


NO_HANDSHAKE = {
    "h2c": request(
        b"GET / HTTP/1.1",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQAAP__",
    ),
    "TLS": request(b"OPTIONS / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: TLS/1.0"),
    "in HTTP/1.0": request(b"GET / HTTP/1.0", *HANDSHAKE),
    "not in Connection": request(b"GET / HTTP/1.1", *HANDSHAKE[1:]),
    "as POST": request(b"POST / HTTP/1.1", *HANDSHAKE, b"Content-Length: 2", body=b"hi"),
}


@pytest.mark.parametrize("sent", NO_HANDSHAKE.values(), ids=NO_HANDSHAKE)
async def test_other_upgrades_do_not_reach_the_upstream(
    connect: Connect, upstream: Upstream, sent: bytes
) -> None:
    """RFC 9110, section 7.8: a server may ignore Upgrade, and must in HTTP/1.0."""
    wire = await connect()
    await wire.send(sent)
    response = await wire.final()
    assert response.status in (200, 400)
    for exchange in upstream.exchanges:
        assert exchange.values("Upgrade") == []
        assert exchange.values("HTTP2-Settings") == []
        assert b"upgrade" not in exchange.request.members("Connection")
