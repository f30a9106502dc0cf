"""WebSockets that wait for the answer to each message: messages per second over all of them."""

import asyncio
import time

import aiohttp
import uvloop

from benchmarks.agents import LAPTOP
from benchmarks.transfers import WrongAnswer

SOCKETS = 32
TEXT = "x" * 200
PATH = "/socket"


def messages_per_second(port: int, seconds: float) -> float:
    """The messages per second; a message and its answer count as one. Raises WrongAnswer."""
    return uvloop.run(_all(port, seconds))


async def _all(port: int, seconds: float) -> float:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"User-Agent": LAPTOP}) as client:
        try:
            sockets = [
                await client.ws_connect(f"http://127.0.0.1:{port}{PATH}", max_msg_size=0)
                for _ in range(SOCKETS)
            ]
        except aiohttp.WSServerHandshakeError as error:
            raise WrongAnswer(f"a WebSocket was answered with {error.status}") from error
        started = time.perf_counter()
        counts = await asyncio.gather(*(_talk(each, started + seconds) for each in sockets))
        elapsed = time.perf_counter() - started
        for each in sockets:
            await each.close()
    return sum(counts) / elapsed


async def _talk(socket: aiohttp.ClientWebSocketResponse, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        await socket.send_str(TEXT)
        if await socket.receive_str() != TEXT:
            raise WrongAnswer("a WebSocket's message came back as another")
        count += 1
    return count
