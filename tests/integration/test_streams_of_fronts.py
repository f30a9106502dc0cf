"""Other proxies before a webmail that streams: what the gate ends, and what their own limits of time end (docs/forward-auth.md)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import front_proxies
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import FRONTS, asked_in, questions_of
from tests.integration.test_streams import (
    ON_A_LAPTOP,
    lasts,
    phone,
    read_to_its_end,
    report,
    streaming,
    webmail,
)
from tests.servers import PATIENCE, free_port

__all__ = ["streaming", "webmail"]

ANSWERS = ("/events", "/file")
CARRY_WEBSOCKETS = ("envoy", "envoy-grpc")
"""Those that end a WebSocket by a limit of time. The others leave it to the gate."""
LIMIT = {"haproxy": "2"}
"""Two seconds, in the words of each configuration."""

Stream = aiohttp.ClientWebSocketResponse | aiohttp.ClientResponse


@asynccontextmanager
async def opened(client: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """A WebSocket at ``/socket``, otherwise an answer, once something has come."""
    making = (
        client.ws_connect(url, headers=headers)
        if url.endswith("/socket")
        else client.get(url, headers=headers)
    )
    async with making as stream:
        await goes_on(stream, 0)
        yield stream


async def goes_on(stream: Stream, seconds: float = 2) -> None:
    """What came before is read at once, so the last piece is a new one."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        if isinstance(stream, aiohttp.ClientWebSocketResponse):
            assert (await stream.receive(PATIENCE)).data == "mail"
        else:
            assert await stream.content.readany()
        if loop.time() > end:
            return


async def ends(stream: Stream) -> None:
    """Wait for the end. Caddy makes a whole answer of one that broke off and had no length."""
    if isinstance(stream, aiohttp.ClientWebSocketResponse):
        while (last := await stream.receive(PATIENCE)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert last.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    else:
        with suppress(aiohttp.ClientError):
            await read_to_its_end(stream)


async def loses(client: aiohttp.ClientSession, guarded: Guarded, front: str, *paths: str) -> None:
    """Let a phone that has become prohibited lose what it has open, and no laptop."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        lost = [await enter(opened(client, front + path, phone(guarded, path))) for path in paths]
        kept = [await enter(opened(client, front + path, ON_A_LAPTOP)) for path in paths]
        await lasts(client, guarded, 2 * len(paths))
        await report(client, guarded)
        for stream in lost:
            await ends(stream)
        await asyncio.gather(*map(goes_on, kept))


@contextmanager
def haproxy_before(guarded: Guarded, run: Path) -> Iterator[str]:
    """The configuration for two gates, with one gate twice."""
    port = free_port()
    with front_proxies.two_gates([guarded.gate] * 2, port, run):
        yield f"http://127.0.0.1:{port}"


def before(name: str, guarded: Guarded, run: Path) -> AbstractContextManager[str]:
    if name == "haproxy":
        return haproxy_before(guarded, run)
    return {"nginx": front_proxies.nginx_before, "caddy": front_proxies.caddy_before}[name](guarded.url, run)


@pytest.mark.parametrize("name", ["nginx", "caddy", "haproxy"])
async def test_a_gate_behind_another_proxy_ends_what_lasts(
    client: aiohttp.ClientSession, guard: Guard, tmp_path: Path, name: str
) -> None:
    guarded, run = guard(PHONE_RULES, trusted_proxies=["127.0.0.1/32"]), tmp_path / "front"
    run.mkdir()
    with before(name, guarded, run) as front:
        await loses(client, guarded, front, "/socket", *ANSWERS)


@contextmanager
def asking(
    name: str, guard: Guard, webmail: TestServer, run: Path, lasts: str = ""
) -> Iterator[tuple[Guarded, str]]:
    """A gate, and the address of the proxy that asks it and lets a stream last for so long."""
    dialect, serve = FRONTS[name]
    guarded = guard(PHONE_RULES, trusted_proxies=["127.0.0.1/32"], **asked_in(dialect))
    further = {"lasts": lasts} if lasts else {}
    if dialect == "envoy-grpc":
        further["questions"] = questions_of(guarded.gate)
    run.mkdir()
    with serve(guarded.url, str(webmail.make_url("")), run, **further) as front:
        yield guarded, front


@pytest.mark.parametrize("name", [each for each in FRONTS if each not in CARRY_WEBSOCKETS])
async def test_the_gate_itself_carries_a_websocket_and_ends_it(
    client: aiohttp.ClientSession, guard: Guard, webmail: TestServer, tmp_path: Path, name: str
) -> None:
    with asking(name, guard, webmail, tmp_path / "front") as (guarded, front):
        await loses(client, guarded, front, "/socket")


@pytest.mark.parametrize("name", FRONTS)
async def test_a_stream_that_the_gate_was_only_asked_about_ends_by_the_limit_of_the_proxy(
    client: aiohttp.ClientSession, guard: Guard, webmail: TestServer, tmp_path: Path, name: str
) -> None:
    run, paths = tmp_path / "front", (*ANSWERS, *(["/socket"] if name in CARRY_WEBSOCKETS else []))
    async with AsyncExitStack() as stack:
        guarded, front = stack.enter_context(asking(name, guard, webmail, run, LIMIT.get(name, "2s")))
        streams = [
            await stack.enter_async_context(opened(client, front + path, phone(guarded, path)))
            for path in paths
        ]
        await report(client, guarded)
        if name == "nginx":
            front_proxies.reload_nginx(run)  # which its timer does
        for stream in streams:
            await ends(stream)
