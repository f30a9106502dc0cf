"""SIGTERM: nothing new is taken, what runs is finished, the exit code is 0."""

import asyncio
from typing import Any

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Upstream
from tests.integration.gateway.wire import Wire
from tests.servers import PATIENCE, patiently

GET = b"GET / HTTP/1.1"


@pytest.fixture
def leaving(start: StartGate) -> Gate:
    """A gate that the test may end."""
    return start(timeouts={"shutdown": "20s", "head": "1s"})


async def gone(gate: Gate) -> int:
    return await asyncio.get_running_loop().run_in_executor(None, gate.process.wait, PATIENCE)


async def refuses_connections(gate: Gate) -> bool:
    for _ in patiently():
        try:
            _, wire = await asyncio.get_running_loop().create_connection(Wire, *gate.public)
        except OSError:
            return True
        await wire.abort()
        await asyncio.sleep(0.05)
    return False


async def test_a_running_download_is_finished(leaving: Gate, connect: Connect, upstream: Upstream) -> None:
    finish = asyncio.Event()
    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf", finish, b"half")
    wire = await connect(leaving)
    await wire.send(request(GET))
    await wire.until(lambda: b"half" in wire.buffer)
    leaving.terminate()
    assert await refuses_connections(leaving)
    assert leaving.process.poll() is None
    finish.set()
    response = await wire.final()
    assert (response.content, response.complete) == (b"halfhalf", True)
    await wire.end()
    assert await gone(leaving) == 0


async def test_a_running_upload_and_a_waiting_request_are_finished(
    leaving: Gate, connect: Connect, upstream: Upstream
) -> None:
    answer = asyncio.Event()
    upstream.play(answer, OK)
    waiting, uploading, idle = await connect(leaving), await connect(leaving), await connect(leaving)
    await idle.send(request(GET, b"X-A: unfinished")[:-2])
    await waiting.send(request(GET))
    await upstream.arrival()
    await uploading.send(request(b"POST / HTTP/1.1", b"Content-Length: 8", body=b"half"))
    exchange = await upstream.arrival(2)
    leaving.terminate()
    assert await refuses_connections(leaving)
    answer.set()
    assert (await waiting.final()).content == b"ok"
    await uploading.send(b"half")
    assert (await uploading.final()).content == b"ok"
    assert exchange.body.data == b"halfhalf"
    assert await gone(leaving) == 0


@pytest.mark.parametrize("settings", [{"timeouts": {"shutdown": "1s"}}])
async def test_endless_connections_are_cut_off_at_shutdown(
    start: StartGate, connect: Connect, upstream: Upstream, settings: dict[str, Any]
) -> None:
    leaving = start(**settings)
    upstream.play(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", asyncio.Event())
    upstream.play_at_head(
        b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        asyncio.Event(),
    )
    download, socket = await connect(leaving), await connect(leaving)
    await download.send(request(GET))
    await download.until(lambda: b"half" in download.buffer)
    await socket.send(
        request(
            GET,
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
    )
    assert (await socket.response()).status == 101
    leaving.terminate()
    assert await gone(leaving) == 0
    assert not (await download.final()).complete
    await socket.end()


async def test_idle_connections_do_not_hold_it_up(
    leaving: Gate, connect: Connect, upstream: Upstream
) -> None:
    used, fresh = await connect(leaving), await connect(leaving)
    await used.send(request(GET))
    assert (await used.final()).content == b"ok"
    leaving.terminate()
    async with asyncio.timeout(PATIENCE):
        assert await gone(leaving) == 0
    await fresh.end()
    await used.end()
