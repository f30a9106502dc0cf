"""What lasts, before a webmail that streams: ended once its phone gets no mail any more, while a laptop's goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.conftest import LAPTOP, Guard, Guarded
from tests.integration.gate import PAUSES, PHONE_RULES, start_gate
from tests.servers import PATIENCE

LASTS_AFTER = PAUSES["mailgate.gateway.streams.LASTS_AFTER"]
LENGTH = 1_000_000_000
PIECE = b"data: mail\n\n" + 8192 * b":"
"""Larger than what a proxy buffers before it sends any of it."""
ON_A_LAPTOP = {"User-Agent": LAPTOP}


class Streaming:
    """A webmail that goes on sending, or reading, until its client leaves."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.broken = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_get("/socket", self.socket)
        self.app.router.add_get("/events", self.events)
        self.app.router.add_get("/file", self.file)
        self.app.router.add_post("/upload", self.upload)
        self.app.router.add_get("/late", self.late)
        self.app.router.add_get("/", self.page)

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text="mail")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        while not ws.closed:
            await ws.send_str("mail")
            with suppress(TimeoutError):
                await ws.receive(0.1)
        return ws

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        return await self._send_on(request, response)

    async def file(self, request: web.Request) -> web.StreamResponse:
        return await self._send_on(request, web.StreamResponse(headers={"Content-Length": str(LENGTH)}))

    async def _send_on(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        await response.prepare(request)
        while True:
            await response.write(PIECE)
            await asyncio.sleep(0.1)

    async def upload(self, request: web.Request) -> web.Response:
        try:
            async for piece in request.content.iter_any():
                self.read.append(piece)
        except aiohttp.ClientError:  # the body was cut short
            self.broken.set()
            raise
        return web.Response(text="stored")

    async def late(self, _request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(10 * PATIENCE)
        except asyncio.CancelledError:
            self.broken.set()
            raise
        return web.Response(text="mail")


@pytest.fixture
def streaming() -> Streaming:
    return Streaming()


@pytest.fixture
async def webmail(streaming: Streaming) -> AsyncIterator[TestServer]:
    async with TestServer(streaming.app, handler_cancellation=True) as running:
        yield running


async def report(client: aiohttp.ClientSession, to: Guarded, *, at: str = "") -> None:
    """Report a listed app, perhaps at the address of another gate of the same name."""
    named = to.report(apps=("tiktok",)) | {"Host": to.url.removeprefix("http://")}
    async with client.get(f"{at or to.url}/", headers=named) as answer:
        assert answer.headers["X-Device-Reason"] == "prohibited-app"


@contextmanager
def another_gate(of: Guarded, **settings: Any) -> Iterator[str]:
    """A second gate with the same files and store; its address."""
    files = json.loads((of.directory / "mailgate.yaml").read_text())
    config = of.directory / "another.yaml"
    config.write_text(json.dumps(files | {"listen": "127.0.0.1:0"} | settings))
    gate = start_gate(config)
    yield "http://{}:{}".format(*gate.public)
    assert gate.stop() == 0


async def lasts(client: aiohttp.ClientSession, guarded: Guarded, number: int) -> None:
    """Wait until this many requests are judged again."""
    name = "mailgate_requests_lasting "
    async with asyncio.timeout(PATIENCE):
        while True:
            async with client.get(f"{guarded.admin}/metrics") as answer:
                lines = (await answer.text()).splitlines()
            if next(line for line in lines if line.startswith(name)) == f"{name}{number}.0":
                return
            await asyncio.sleep(0.1)


async def read_to_its_end(answer: aiohttp.ClientResponse) -> None:
    """Raises ClientError if the answer breaks off, and nothing if it looks whole."""
    async with asyncio.timeout(PATIENCE):
        async for _ in answer.content.iter_any():
            pass


def phone(guarded: Guarded, path: str, **more: Any) -> dict[str, str]:
    return guarded.report(path, **more)


async def test_a_report_ends_the_websocket_of_its_phone_alone(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    guarded = guard(PHONE_RULES)
    url = guarded.url + "/socket"
    async with (
        client.ws_connect(url, headers=phone(guarded, "/socket")) as ws,
        client.ws_connect(url, headers=ON_A_LAPTOP) as other,
    ):
        assert (await ws.receive()).data == "mail"
        await lasts(client, guarded, 2)
        await report(client, guarded)
        async with asyncio.timeout(PATIENCE):
            while (last := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                assert (await other.receive()).data == "mail"
        assert last.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        for _ in range(20):
            assert (await other.receive()).data == "mail"
        await lasts(client, guarded, 1)


@pytest.mark.parametrize("path", ["/events", "/file"])
async def test_a_report_to_another_gate_ends_the_stream_of_its_phone_alone(
    client: aiohttp.ClientSession, guard: Guard, path: str
) -> None:
    guarded = guard(PHONE_RULES)
    with another_gate(guarded, workers=2) as elsewhere:
        await lose_a_stream(client, guarded, path, elsewhere)


async def lose_a_stream(client: aiohttp.ClientSession, guarded: Guarded, path: str, elsewhere: str) -> None:
    async with (
        client.get(guarded.url + path, headers=phone(guarded, path)) as stream,
        client.get(guarded.url + path, headers=ON_A_LAPTOP) as other,
    ):
        assert stream.status == 200
        await lasts(client, guarded, 2)
        await report(client, guarded, at=elsewhere)
        with pytest.raises(aiohttp.ClientError):  # so no part of it can be taken for the whole
            await read_to_its_end(stream)
        for _ in range(20):
            assert await other.content.readany()
    refusals = [record for record in guarded.gate.records() if record.get("event") == "decided"]
    assert [(record["effect"], record["reason"]) for record in refusals] == [("block", "prohibited-app")]


async def test_a_phones_upload_and_late_answer_end_with_the_refusal(
    client: aiohttp.ClientSession, guard: Guard, streaming: Streaming
) -> None:
    guarded = guard(PHONE_RULES)
    going_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        while not going_on.is_set():
            yield b"a letter"
            await asyncio.sleep(0.1)

    sent = phone(guarded, "/upload", method="POST")
    uploading = asyncio.ensure_future(client.post(guarded.url + "/upload", headers=sent, data=body()))
    waiting = asyncio.ensure_future(client.get(guarded.url + "/late", headers=phone(guarded, "/late")))
    await lasts(client, guarded, 2)
    await report(client, guarded)
    async with asyncio.timeout(PATIENCE):
        for running in (uploading, waiting):
            async with await running as answer:
                assert (answer.status, answer.headers["X-Device-Reason"]) == (403, "prohibited-app")
        await streaming.broken.wait()
    going_on.set()


async def test_new_rules_cut_a_laptop_let_in_by_a_kept_verdict(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    guarded = guard(PHONE_RULES)
    for _ in range(2):
        async with client.get(guarded.url + "/", headers=ON_A_LAPTOP) as answer:
            assert answer.status == 200
    async with client.get(guarded.url + "/events", headers=ON_A_LAPTOP) as stream:
        await lasts(client, guarded, 1)
        nobody = {"rules": [{"id": "closed", "when": "true", "effect": "block"}]}
        policy = guarded.directory / "policy.yaml"
        policy.write_text(str(nobody).replace("'", '"'))
        with pytest.raises(aiohttp.ClientError):
            await read_to_its_end(stream)


async def test_a_stream_that_ends_by_itself_is_whole(client: aiohttp.ClientSession, guard: Guard) -> None:
    """Whatever has lasted longer than ``LASTS_AFTER`` and may go on."""
    guarded = guard(PHONE_RULES)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(int(LASTS_AFTER / 0.1) + 10):
            yield b"a letter"
            await asyncio.sleep(0.1)

    sent = phone(guarded, "/upload", method="POST")
    async with client.post(guarded.url + "/upload", headers=sent, data=body()) as answer:
        assert (answer.status, await answer.text()) == (200, "stored")
