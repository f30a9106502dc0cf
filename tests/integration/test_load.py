"""The load of the bench takes every form of answer for what it is, and ends where one is wrong."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from benchmarks.traffic.load import ANSWERS_A_CONNECTION, CONNECTIONS, UnexpectedAnswer, loaded
from benchmarks.traffic.mixes import MIXES, Mix

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
SECONDS = 0.5


async def load(handler: Handler, mix: Mix) -> float:
    """Requests a second that were answered."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        return (await asyncio.to_thread(loaded, port, mix, 1, SECONDS, [os.getpid()])).rate
    finally:
        await asyncio.sleep(
            0.1
        )  # what has connected and is gone again is seen, and closed, before the server is
        await runner.cleanup()


async def any_form(request: web.BaseRequest) -> web.StreamResponse:
    """By turns a 304, chunks, and a body that is longer than what is read at once."""
    if "If-Modified-Since" in request.headers:
        return web.Response(status=304)
    if not request.path.startswith("/live/"):
        return web.Response(body=b"x" * (300_000 if request.path.startswith("/mail/1.") else 900))
    answer = web.StreamResponse()
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    for _ in range(3):
        await answer.write(b"y" * 500)
    await answer.write_eof()
    return answer


async def test_every_form_of_an_answer_is_followed_by_the_next_request() -> None:
    assert await load(any_form, MIXES["mixed"]) > 0


async def test_clients_come_from_many_addresses_and_go_after_a_while() -> None:
    came: list[tuple[str, int]] = []

    async def noted(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        came.append(request.transport.get_extra_info("peername")[:2])
        return web.Response(text="x")

    await load(noted, MIXES["page"])
    assert len({address for address, _ in came}) >= CONNECTIONS
    assert max(came.count(each) for each in set(came)) <= ANSWERS_A_CONNECTION
    came.clear()
    await load(noted, MIXES["proxied"])
    assert {address for address, _ in came} == {"127.0.0.1"}


async def test_a_wrong_answer_ends_the_load_and_is_shown() -> None:
    async def refused(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=403, text="not you")

    with pytest.raises(UnexpectedAnswer, match="403"):
        await load(refused, MIXES["mixed"])
    assert await load(refused, replace(MIXES["mixed"], statuses=frozenset({b"403"}))) > 0
