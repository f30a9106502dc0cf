"""What the gate itself answers when it cannot serve: a page or problem+json, a reference that stands in the log, no secret."""

import asyncio
import html
import json
from contextlib import suppress
from typing import Any

import pytest
from tests.integration.gate import Gate, wait_for
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Act, Upstream
from tests.integration.gateway.wire import NoAnswerError, Response
from tests.servers import free_port

GET = b"GET /inbox HTTP/1.1"
NAVIGATION = (
    b"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    b"Sec-Fetch-Mode: navigate",
    b"Sec-Fetch-Dest: document",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
SCRIPT = (
    b"Accept: application/json",
    b"Sec-Fetch-Mode: cors",
    b"Sec-Fetch-Dest: empty",
    b"X-Requested-With: XMLHttpRequest",
)
REFUSED = {
    "reset": (b"HTTP/1.1 200 OK\r\nContent-Le", 502, "upstream-unreachable upstream-malformed"),
    "malformed": (b"nonsense\r\n\r\n", 502, "upstream-malformed"),
    "framing": (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 502, "upstream-malformed"),
    "uninvited switch": (
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        502,
        "upstream-malformed",
    ),
}


@pytest.fixture(scope="session")
def orphan(start: StartGate) -> Gate:
    """A gate whose upstream refuses connections."""
    return start(f"http://127.0.0.1:{free_port()}")


def record_of(gate: Gate, reference: str) -> dict[str, Any]:
    """The log record that carries the reference."""
    found = wait_for(lambda: [r for r in gate.records() if r.get("reference") == reference])
    assert found, f"no log record has the reference {reference!r}"
    return found[0]  # type: ignore[no-any-return]


def assert_says_nothing_inner(response: Response, gate: Gate) -> None:
    text = response.head.raw + response.content
    for inner in (
        b"Traceback",
        b"aiohttp",
        b"Error(",
        b'File "',
        b"127.0.0.1:",
        b"mailgate.yaml",
        b"/proxy/",
    ):
        assert inner not in text
    assert response.values("Cache-Control") == [b"no-store"]


def assert_problem(response: Response, gate: Gate, status: int, reasons: str) -> None:
    assert response.status == status
    assert response.values("Content-Type")[0].split(b";")[0] == b"application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["reason"] in reasons.split()
    assert record_of(gate, problem["reference"])["reason"] == problem["reason"]
    assert_says_nothing_inner(response, gate)


def assert_page(response: Response, gate: Gate, status: int) -> None:
    assert response.status == status
    assert response.values("Content-Type")[0].replace(b" ", b"").lower() == b"text/html;charset=utf-8"
    page = html.unescape(response.content.decode())
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert wait_for(lambda: [r for r in gate.records() if r.get("reference") and r["reference"] in page])
    policy = response.values("Content-Security-Policy")[0]
    assert b"unsafe-inline" not in policy
    assert b"default-src 'none'" in policy or b"default-src 'self'" in policy
    assert_says_nothing_inner(response, gate)


@pytest.mark.parametrize(("answer", "status", "reasons"), REFUSED.values(), ids=REFUSED)
async def test_a_program_gets_a_problem(
    gate: Gate, connect: Connect, upstream: Upstream, answer: bytes, status: int, reasons: str
) -> None:
    upstream.play(answer, Act.CLOSE)
    wire = await connect()
    await wire.send(request(GET, *SCRIPT))
    assert_problem(await wire.final(), gate, status, reasons)


@pytest.mark.parametrize(("answer", "status", "reasons"), REFUSED.values(), ids=REFUSED)
async def test_a_browser_gets_a_page(
    gate: Gate, connect: Connect, upstream: Upstream, answer: bytes, status: int, reasons: str
) -> None:
    upstream.play(answer, Act.CLOSE)
    wire = await connect()
    await wire.send(request(GET, *NAVIGATION))
    assert_page(await wire.final(), gate, status)


@pytest.mark.parametrize("fields", [SCRIPT, NAVIGATION, ()], ids=["script", "navigation", "bare"])
async def test_an_upstream_that_is_down_is_a_502(
    orphan: Gate, connect: Connect, fields: tuple[bytes, ...]
) -> None:
    wire = await connect(orphan)
    await wire.send(request(GET, *fields))
    response = await wire.final()
    if fields is NAVIGATION:
        assert_page(response, orphan, 502)
    else:
        assert_problem(response, orphan, 502, "upstream-unreachable")
    await wire.send(request(b"GET /.mailgate/healthz HTTP/1.1"))
    assert (await wire.final()).status == 200, "an upstream that is down is no reason to drop the client"


async def test_an_upstream_that_is_down_answers_a_large_body(orphan: Gate, connect: Connect) -> None:
    wire = await connect(orphan)
    async with asyncio.TaskGroup() as both:
        both.create_task(
            wire.send(request(b"POST / HTTP/1.1", b"Content-Length: 4000000", body=b"x" * 4_000_000))
        )
        answer = both.create_task(wire.final())
    assert_problem(answer.result(), orphan, 502, "upstream-unreachable")


async def test_head_gets_no_body(orphan: Gate, connect: Connect) -> None:
    wire = await connect(orphan)
    await wire.send(request(b"HEAD / HTTP/1.1") + request(b"HEAD / HTTP/1.1", b"Connection: close"))
    assert [(await wire.final(b"HEAD")).status for _ in range(2)] == [502, 502]
    await wire.end()
    assert not wire.buffer


@pytest.mark.parametrize("fields", [SCRIPT, NAVIGATION], ids=["script", "navigation"])
async def test_an_upstream_that_is_slow_is_a_504(
    hasty: Gate, connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    upstream.play(asyncio.Event())
    wire = await connect(hasty)
    await wire.send(request(GET, *fields))
    response = await wire.final()
    if fields is NAVIGATION:
        assert_page(response, hasty, 504)
    else:
        assert_problem(response, hasty, 504, "upstream-timeout")


BAD_REQUESTS = {
    "malformed": (request(GET, b"X A: b"), 400, "request-malformed"),
    "ambiguous": (
        request(b"POST / HTTP/1.1", b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        400,
        "request-ambiguous",
    ),
    "two hosts": (request(GET, b"Host: b"), 400, "request-ambiguous request-malformed"),
    "version": (request(b"GET / HTTP/2.0"), 505, "request-not-supported request-malformed"),
    "coding": (
        request(b"POST / HTTP/1.1", b"Transfer-Encoding: odd, chunked"),
        501,
        "request-not-supported request-ambiguous",
    ),
}


@pytest.mark.parametrize(("sent", "status", "reasons"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_bad_request_is_told_why(
    gate: Gate, connect: Connect, sent: bytes, status: int, reasons: str
) -> None:
    wire = await connect()
    await wire.send(sent)
    response = await wire.final()
    assert response.status in (status, 400)
    assert_problem(response, gate, response.status, reasons)


async def test_a_large_body_is_told_why(steady: Gate, connect: Connect) -> None:
    wire = await connect(steady)
    await wire.send(request(b"POST / HTTP/1.1", b"Content-Length: 70000"))
    assert_problem(await wire.final(), steady, 413, "request-body-too-large")


async def test_every_reference_is_another(orphan: Gate, connect: Connect) -> None:
    wire = await connect(orphan)
    await wire.send(request(GET) * 5)
    references = {json.loads((await wire.final()).content)["reference"] for _ in range(5)}
    assert len(references) == 5


SECRET = "s3cr3t"
SECRETS = [f"{field}{SECRET}".encode() for field in (
    "Cookie: roundcube_sessid=", "Authorization: Bearer ", "Authorization: Basic ", "Proxy-Authorization: Basic ", "Device-Attestation: ", "DPoP: ",
    "Referer: http://mail.example.com/?token=", "X-Api-Key: ", "Client-Cert: ", "X-Csrf-Token: ", "Sec-WebSocket-Key: ", "User-Agent: Mozilla/5.0 token=",
)][:-1]  # fmt: skip


async def test_no_secret_is_logged(
    gate: Gate, orphan: Gate, hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    target = f"/login?_pass={SECRET}&User={SECRET}".encode()
    valid = request(b"POST " + target + b" HTTP/1.1", *SECRETS, b"Content-Length: 6", body=SECRET.encode())
    upstream.play(
        f"HTTP/1.1 200 OK\r\nSet-Cookie: a={SECRET}\r\nLocation: /?{SECRET}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    upstream.play(OK, b"HTTP/1.1 " + SECRET.encode())
    upstream.play(SECRET.encode() + b"\r\n\r\n", Act.CLOSE)
    upstream.play(f"HTTP/1.1 200 OK\r\nContent-Length: {SECRET}\r\n\r\n".encode(), Act.CLOSE)
    upstream.play(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n".encode(), Act.CLOSE)
    bad = [
        valid.replace(b"Cookie:", b"Cookie :"),
        valid.replace(b"HTTP/1.1", b"HTTP/1.1 " + SECRET.encode()),
        valid.replace(b"Content-Length: 6", b"Content-Length: " + SECRET.encode()),
        request(b"GET http://joe:" + SECRET.encode() + b"@mail.example.com/ HTTP/1.1"),
        request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=SECRET.encode() + b"\r\n"),
        request(b"GET / HTTP/1.1", host=SECRET.encode() + b"@a"),
    ]
    for one, sent in [(gate, valid)] * 5 + [(gate, b) for b in bad] + [(orphan, valid), (hasty, valid[:-9])]:
        wire = await connect(one)
        await wire.send(sent)
        with suppress(NoAnswerError):
            response = await wire.final()
        assert response.status == 200 or SECRET.encode() not in response.head.raw + response.content
    for one in (gate, orphan, hasty):
        leaks = [line for line in one.log if SECRET in line]
        assert leaks == []


def test_every_line_of_the_log_is_a_json_object_with_an_event(gate: Gate, orphan: Gate, hasty: Gate) -> None:
    for one in (gate, orphan, hasty):
        assert [
            line for line, record in zip(one.log, one.records(), strict=False) if "event" not in record
        ] == []
