"""WebSocket (RFC 6455) both ways, and every other upgrade refused its passage."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from tests.integration.gate import Gate
from tests.servers import PATIENCE
from yarl import URL

Endpoint = Callable[[web.WebSocketResponse], Awaitable[object]]
Serve = Callable[..., Awaitable[list[web.Request]]]


@pytest.fixture
async def serve(origin: socket.socket) -> AsyncIterator[Serve]:
    """Serve one WebSocket endpoint behind the gate; the requests that it saw."""
    runners: list[web.ServerRunner] = []

    async def served(endpoint: Endpoint, **options: object) -> list[web.Request]:
        seen: list[web.Request] = []

        async def handler(asked: web.BaseRequest) -> web.StreamResponse:
            seen.append(asked)  # type: ignore[arg-type]
            ws = web.WebSocketResponse(**options)  # type: ignore[arg-type]
            await ws.prepare(asked)
            await endpoint(ws)
            return ws

        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=1)
        runners.append(runner)
        await runner.setup()
        await web.SockSite(runner, origin.dup()).start()
        return seen

    yield served
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield session


def url(gate: Gate) -> URL:
    return URL(f"http://127.0.0.1:{gate.public[1]}/socket?a=%2F", encoded=True)


async def echo(ws: web.WebSocketResponse) -> None:
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
        else:
            await ws.send_bytes(message.data)


MESSAGES = [
    "",
    "hello",
    "é☃𝄞",
    "x" * 125,
    "x" * 126,
    "x" * 65535,
    "x" * 65536,
    b"",
    b"\x00\xff",
    b"\x00" * 3_000_000,
]


@pytest.mark.parametrize("deflate", [0, 15])
async def test_messages_come_back(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession, deflate: int
) -> None:
    await serve(echo, compress=bool(deflate))
    async with client.ws_connect(url(gate), compress=deflate) as ws:
        assert bool(ws.compress) == bool(deflate)
        for message in MESSAGES:
            await (ws.send_str(message) if isinstance(message, str) else ws.send_bytes(message))
            assert (await ws.receive(PATIENCE)).data == message


async def test_the_handshake_reaches_the_upstream(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession
) -> None:
    seen = await serve(echo, protocols=("chat.v2", "chat.v1"))
    headers = {"Cookie": "a=b", "Origin": "http://mail.example.com", "X-Forwarded-User": "forged"}
    async with client.ws_connect(url(gate), protocols=("chat.v1", "other"), headers=headers) as ws:
        assert ws.protocol == "chat.v1"
    (asked,) = seen
    assert asked.raw_path == "/socket?a=%2F"
    assert (asked.headers["Cookie"], asked.headers["Origin"]) == ("a=b", "http://mail.example.com")
    assert asked.headers["X-Forwarded-For"] == "127.0.0.1"
    assert "X-Forwarded-User" not in asked.headers


async def test_the_upstream_may_speak_first(gate: Gate, serve: Serve, client: aiohttp.ClientSession) -> None:
    async def greet(ws: web.WebSocketResponse) -> None:
        await ws.send_str("welcome")
        await ws.receive()

    await serve(greet)
    async with client.ws_connect(url(gate)) as ws:
        assert await ws.receive_str(timeout=PATIENCE) == "welcome"


async def test_fragments_are_one_message(gate: Gate, serve: Serve, client: aiohttp.ClientSession) -> None:
    await serve(echo)
    async with client.ws_connect(url(gate)) as ws:
        mask = b"\x00\x00\x00\x00"
        frames = (
            b"\x01\x83"
            + mask
            + b"one"
            + b"\x89\x82"
            + mask
            + b"hi"
            + b"\x00\x83"
            + mask
            + b"two"
            + b"\x80\x80"
            + mask
        )
        ws._writer.transport.write(frames)
        assert await ws.receive_str(timeout=PATIENCE) == "onetwo"


async def test_pings_and_pongs_pass_both_ways(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession
) -> None:
    heard = asyncio.Queue[tuple[WSMsgType, bytes]]()

    async def listen(ws: web.WebSocketResponse) -> None:
        await ws.ping(b"from upstream")
        while not ws.closed:
            message = await ws.receive()
            heard.put_nowait((message.type, message.data))

    await serve(listen, autoping=False)
    async with client.ws_connect(url(gate), autoping=False) as ws:
        asked = await ws.receive(PATIENCE)
        assert (asked.type, bytes(asked.data)) == (WSMsgType.PING, b"from upstream")
        await ws.pong(b"back")
        await ws.ping(b"from client")
        async with asyncio.timeout(PATIENCE):
            assert await heard.get() == (WSMsgType.PONG, b"back")
            assert await heard.get() == (WSMsgType.PING, b"from client")


CLOSINGS = [
    (1000, ""),
    (1000, "bye"),
    (1001, ""),
    (1008, "policy é"),
    (1011, "x" * 100),
    (3000, ""),
    (4001, "mine"),
    (4999, ""),
]


@pytest.mark.parametrize(("code", "reason"), CLOSINGS)
async def test_the_upstreams_close_reaches_the_client(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession, code: int, reason: str
) -> None:
    await serve(lambda ws: ws.close(code=code, message=reason.encode()))
    async with client.ws_connect(url(gate)) as ws:
        message = await ws.receive(PATIENCE)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, code, reason)


@pytest.mark.parametrize(("code", "reason"), CLOSINGS)
async def test_the_clients_close_reaches_the_upstream(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession, code: int, reason: str
) -> None:
    heard: asyncio.Future[tuple[object, object]] = asyncio.get_running_loop().create_future()

    async def listen(ws: web.WebSocketResponse) -> None:
        message = await ws.receive()
        heard.set_result((message.data, message.extra))

    await serve(listen, autoclose=False)
    ws = await client.ws_connect(url(gate), autoclose=False)
    await ws._writer.close(code, reason.encode())
    async with asyncio.timeout(PATIENCE):
        assert await heard == (code, reason)
    await ws.close()


async def aborted(ws: ClientWebSocketResponse | web.WebSocketResponse) -> None:
    writer = ws._writer
    assert writer is not None
    writer.transport.abort()


async def test_the_client_notices_that_the_upstream_is_gone(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession
) -> None:
    await serve(aborted)
    async with client.ws_connect(url(gate)) as ws:
        assert (await ws.receive(PATIENCE)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)
        assert ws.close_code in (1006, None)


async def test_the_upstream_notices_that_the_client_is_gone(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession
) -> None:
    heard: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def listen(ws: web.WebSocketResponse) -> None:
        await ws.receive()
        heard.set_result(ws.close_code)

    await serve(listen)
    ws = await client.ws_connect(url(gate))
    await aborted(ws)
    async with asyncio.timeout(PATIENCE):
        assert await heard == 1006
    await ws.close()


async def test_many_messages_at_once_keep_their_order(
    gate: Gate, serve: Serve, client: aiohttp.ClientSession
) -> None:
    await serve(echo)
    async with client.ws_connect(url(gate)) as ws, asyncio.TaskGroup() as both:
        both.create_task(_send_numbers(ws))
        for n in range(2000):
            assert await ws.receive_str(timeout=PATIENCE) == str(n)


async def _send_numbers(ws: ClientWebSocketResponse) -> None:
    for n in range(2000):
        await ws.send_str(str(n))
