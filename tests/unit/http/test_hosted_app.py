"""An application behind the gate's own connections."""

import asyncio
import json

import pytest
import structlog
from aiohttp import web
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import settle
from tests.unit.http.test_connection import LIMITS, Peer

from mailgate.gateway.answer import References
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.refusals.failure import Failures
from mailgate.http import hosted_app as hosted_module
from mailgate.http.connection import Server
from mailgate.http.hosted_app import HostedApp
from mailgate.http.request import RequestRefused
from mailgate.model import Reason


class Site:
    """A small application, and what happened in it."""

    def __init__(self):
        self.done, self.go = [], asyncio.Event()
        self.closing = asyncio.Event()
        self.app = web.Application()
        self.app.add_routes(
            [
                web.get("/", self.index),
                web.post("/echo", self.echo),
                web.post("/slow", self.slow),
                web.get("/large", self.large),
                web.get("/broken", self.broken),
            ]
        )

    async def index(self, request):
        return web.Response(text=f"{request.remote} {request.host} {request.path_qs} {request.secure}")

    async def echo(self, request):
        return web.Response(body=await request.read())

    async def slow(self, _request):
        await self.go.wait()
        self.done.append("slow")
        return web.Response()

    async def large(self, request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(8):
            await answer.write(b"x" * 65536)
        return answer

    async def broken(self, request):
        raise ValueError(request.query["said"])


def fail():
    """What a gate answers on its admin port."""
    return Failures(References(lambda: "REFERENCE"), Metrics(), lambda: NOW).answer


@pytest.fixture
async def site():
    return Site()


@pytest.fixture
async def connect(site):
    hosted = HostedApp(site.app, fail())
    await hosted.start()
    server, peers = Server(hosted.handle, LIMITS), []

    def connected():
        peers.append(Peer(server))
        return peers[-1]

    yield connected
    for peer in peers:
        await peer.leave()
    await hosted.stop()


def request(line, *fields, body=b""):
    return b"\r\n".join([line, b"Host: localhost", *fields, b"", b""]) + body


def status_of(told):
    return int(told.split(b" ", 2)[1])


async def test_a_connection_is_answered_one_request_after_the_other(connect):
    peer = connect()
    told = await peer.send(request(b"GET /?a=%2F&b HTTP/1.1"))
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b"192.0.2.7 localhost /?a=%2F&b False")
    assert b"server:" not in told.lower()
    assert (await peer.send(request(b"POST /echo HTTP/1.1", b"Content-Length: 4", body=b"mail"))).endswith(
        b"mail"
    )
    assert not peer.transport.closing


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (request(b"GET /none HTTP/1.1"), 404, "not-found"),
        (request(b"PUT / HTTP/1.1"), 405, "method-not-allowed"),
        (request(b"GET / HTTP/1.1", b"SECRET : x"), 400, "request-malformed"),
        (request(b"GET / HTTP/1.1", b"X: " + b"SECRET" * 4000), 431, "request-head-too-large"),
        (request(b"GET /broken?said=SECRET HTTP/1.1"), 500, "internal-error"),
        (request(b"POST /echo HTTP/1.1", b"Content-Encoding: gzip", b"Content-Length: 1", body=b"x"), 415, "request-not-supported"),
        (request(b"POST /echo HTTP/1.1", b"Transfer-Encoding: chunked", body=b"SECRET\r\n"), 400, "request-ambiguous"),
        (request(b"POST /echo HTTP/1.1", b"Content-Length: 2000000", body=b"x" * 2_000_000), 413, "request-body-too-large"),
    ],
)  # fmt: skip
async def test_a_refusal_is_a_problem_document_without_the_sent_bytes(connect, sent, status, reason):
    with structlog.testing.capture_logs() as logged:
        told = await connect().send(sent)
    head, _, body = told.partition(b"\r\n\r\n")
    assert status_of(told) == status
    assert json.loads(body)["reason"] == reason
    assert b"SECRET" not in told
    assert "SECRET" not in str(logged)
    assert b"server:" not in head.lower()


async def test_a_wrong_method_is_told_the_right_ones(connect):
    assert b"Allow: GET, HEAD\r\n" in await connect().send(request(b"PUT / HTTP/1.1"))


async def test_nothing_is_asked_of_it_for_who_may_not_ask(site):
    def nobody(_exchange):
        raise RequestRefused(421, Reason.REQUEST_MALFORMED, "not here")

    hosted = HostedApp(site.app, fail(), nobody)
    await hosted.start()
    peer = Peer(Server(hosted.handle, LIMITS))
    assert status_of(await peer.send(request(b"GET / HTTP/1.1"))) == 421
    await peer.leave()
    await hosted.stop()


@pytest.fixture
async def growing(site):
    """A server of ``site``, and what becomes of the rest of it."""
    rest = asyncio.get_running_loop().create_future()
    hosted = HostedApp(site.app, fail(), rest=rest)
    await hosted.start()
    peer = Peer(Server(hosted.handle, LIMITS))
    yield peer, rest
    await hosted.close_streams()
    await peer.leave()
    await hosted.stop()


async def test_only_a_request_without_a_route_waits_for_the_rest(growing):
    peer, rest = growing
    assert status_of(await peer.send(request(b"GET / HTTP/1.1"))) == 200
    assert await peer.send(request(b"GET /later HTTP/1.1")) == b""
    later, streams = web.Application(), []

    async def shown(_request):
        return web.Response(text="late")

    async def stopping(_app):
        streams.append("ended")

    later.add_routes([web.get("/later", shown)])
    later.on_shutdown.append(stopping)
    runner = web.AppRunner(later)
    await runner.setup()
    rest.set_result(runner)
    assert (await peer.send(b"")).endswith(b"late")
    assert status_of(await peer.send(request(b"GET /none HTTP/1.1"))) == 404
    assert streams == []


async def test_a_rest_that_cannot_be_made_is_an_error_of_its_requests_alone(growing):
    peer, rest = growing
    rest.set_exception(ImportError("SECRET"))
    told = await peer.send(request(b"GET /later HTTP/1.1"))
    assert status_of(told) == 500
    assert b"SECRET" not in told
    assert status_of(await peer.send(request(b"GET / HTTP/1.1"))) == 200


async def test_work_that_has_begun_is_finished_though_the_client_leaves(connect, site):
    peer = connect()
    await peer.send(request(b"POST /slow HTTP/1.1"))
    await peer.leave()
    site.go.set()
    await settle()
    assert site.done == ["slow"]


async def test_a_client_that_takes_nothing_is_left(connect, monkeypatch):
    monkeypatch.setattr(hosted_module, "TIMEOUT_SECONDS", 0)
    peer = connect()
    peer.connection.pause_writing()
    await peer.send(request(b"GET /large HTTP/1.1"))
    await settle()
    assert peer.transport.aborted
