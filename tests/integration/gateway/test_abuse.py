"""Clients and upstreams that are slow, endless or sly cost little, and never at another's expense."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Act, Exchange, Upstream
from tests.integration.gateway.test_streaming import settled
from tests.integration.gateway.test_upgrade import HANDSHAKE
from tests.integration.gateway.wire import Wire
from tests.servers import PATIENCE

GET = b"GET / HTTP/1.1"
POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
HIDDEN = request(b"GET /hidden HTTP/1.1")
SWITCH = b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
MIB = 1024 * 1024


@pytest.mark.parametrize("number", [17, 200])
async def test_many_pipelined_requests_are_all_answered(
    connect: Connect, upstream: Upstream, number: int
) -> None:
    wire = await connect()
    await wire.send(b"".join(request(b"GET /%d HTTP/1.1" % n) for n in range(number)))
    assert [(await wire.final()).content for _ in range(number)] == [b"ok"] * number
    assert upstream.targets == [b"/%d" % n for n in range(number)]


@pytest.mark.parametrize(
    "flood",
    [request(GET) * 50_000, b"\r\n" * MIB, request(POST, b"Content-Length: 64", body=b"x" * 64) * 20_000],
    ids=["requests", "empty lines", "bodies"],
)
async def test_requests_pipelined_behind_a_slow_answer_use_little_memory(
    gate: Gate, connect: Connect, upstream: Upstream, flood: bytes
) -> None:
    upstream.play(asyncio.Event())
    wire = await connect()
    await wire.send(request(GET))
    await upstream.arrival()
    gate.forget_peak()
    before = gate.memory()
    sending = asyncio.ensure_future(_send_often(wire, flood))
    await settled(wire)
    sending.cancel()
    assert gate.memory() - before < 16 * MIB
    await wire.abort()
    await upstream.only.wire.abort()


async def _send_often(wire: Wire, flood: bytes) -> None:
    for _ in range(64 * MIB // len(flood)):
        await wire.send(flood)


TINY = b"1\r\nx\r\n" * 400_000


@pytest.mark.parametrize("upload", [True, False], ids=["upload", "download"])
async def test_tiny_chunks_cost_no_more_than_their_bytes(
    gate: Gate, connect: Connect, upstream: Upstream, upload: bool
) -> None:
    release = asyncio.Event()
    if upload:
        upstream.play_at_head(release, Act.READ_BODY, OK)
    else:
        upstream.play(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + TINY + b"0\r\n\r\n")
    wire = await connect()
    gate.forget_peak()
    before = gate.memory()
    wire.transport.pause_reading()
    await wire.send(request(POST, CHUNKED) if upload else request(GET))
    exchange = await upstream.arrival()
    if upload:
        exchange.wire.transport.pause_reading()
        sending = asyncio.ensure_future(wire.send(TINY + b"0\r\n\r\n"))
    await settled(exchange.wire)
    await settled(wire)
    assert gate.memory() - before < 16 * MIB
    wire.transport.resume_reading()
    if upload:
        exchange.wire.transport.resume_reading()
        release.set()
        await sending
    assert (await wire.final()).complete
    assert len(exchange.body.data) == (400_000 if upload else 0)


async def test_empty_lines_win_no_time(hasty: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect(hasty)
    async with asyncio.timeout(PATIENCE):
        while not wire.ended:
            await wire.send(b"\r\n")
            await asyncio.sleep(0.1)
    assert upstream.exchanges == []


async def test_a_head_of_the_upstream_that_drips_is_given_up(
    hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.wire.send(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not exchange.wire.ended:
            await exchange.wire.send(b"a")
            await asyncio.sleep(0.1)

    upstream.play(drip)
    wire = await connect(hasty)
    await wire.send(request(GET))
    assert (await wire.final()).status == 504
    await upstream.only.wire.end()


async def test_a_client_that_stops_reading_is_given_up(
    hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    async def send(exchange: Exchange) -> None:
        await exchange.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        await exchange.wire.send(bytes(64 * MIB))

    upstream.play(send)
    wire = await connect(hasty)
    wire.transport.pause_reading()
    await wire.send(request(GET))
    exchange = await upstream.arrival()
    await exchange.wire.end()


@pytest.mark.parametrize("ours", [True, False], ids=["to the upstream", "to the client"])
async def test_a_tunnel_holds_little(gate: Gate, connect: Connect, upstream: Upstream, ours: bool) -> None:
    upstream.play_at_head(SWITCH, asyncio.Event())
    wire = await connect()
    await wire.send(request(GET, *HANDSHAKE))
    assert (await wire.response()).status == 101
    sender, other = (wire, upstream.only.wire) if ours else (upstream.only.wire, wire)
    other.transport.pause_reading()
    gate.forget_peak()
    before = gate.memory()
    await asyncio.wait([sending := asyncio.ensure_future(sender.send(bytes(64 * MIB)))], timeout=0)
    await settled(sender)
    assert sender.transport.get_write_buffer_size() > 0
    assert gate.memory() - before < 16 * MIB
    other.transport.resume_reading()
    await sending
    await other.until(lambda: len(other.buffer) == 64 * MIB)


@pytest.mark.parametrize("scheme", [b"NTLM", b"Negotiate", b"negotiate"])
async def test_a_connection_that_may_be_bound_to_a_login_serves_nobody_else(
    connect: Connect, upstream: Upstream, scheme: bytes
) -> None:
    """NTLM and Negotiate log a connection in, not a request (RFC 9110, section 3.3; RFC 4559, section 6)."""
    mine, other = await connect(), await connect()
    await mine.send(request(GET, b"Authorization: " + scheme + b" TlRMTVNTUAADAAAA"))
    assert (await mine.final()).content == b"ok"
    await other.send(request(GET))
    assert (await other.final()).content == b"ok"
    assert upstream.exchanges[0].wire is not upstream.exchanges[1].wire


@pytest.fixture(scope="module")
def closed(start: StartGate) -> Gate:
    """A gate that lets nobody in."""
    return start(policy={"rules": [{"id": "nobody", "when": "true", "effect": "block"}]})


UNREAD = {
    "chunked": request(POST, CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    "length": request(POST, b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
    "length, large": request(POST, b"Content-Length: 3000000", body=HIDDEN.ljust(3_000_000, b"\n")),
    "malformed chunk": request(POST, CHUNKED, body=b"x\r\n" + HIDDEN),
    "expected": request(POST, b"Expect: 100-continue", b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
    "handshake": request(GET, *HANDSHAKE) + HIDDEN,
    "HEAD with body": request(b"HEAD / HTTP/1.1", b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
}


@pytest.mark.parametrize("sent", UNREAD.values(), ids=UNREAD)
async def test_a_refused_request_leaves_nothing_to_be_read_as_another(
    closed: Gate, connect: Connect, upstream: Upstream, sent: bytes
) -> None:
    wire = await connect(closed)
    async with asyncio.TaskGroup() as both:
        both.create_task(wire.send(sent + request(b"GET /.mailgate/healthz HTTP/1.1", b"Connection: close")))
        first = both.create_task(wire.final(sent[:4].strip()))
    assert first.result().status in (403, 400)
    assert first.result().complete
    while wire.buffer or not wire.ended:
        if await wire.head() is None:
            break
    assert upstream.exchanges == []


async def test_a_head_of_an_own_address_leaves_the_connection_in_step(connect: Connect) -> None:
    wire = await connect()
    await wire.send(
        request(b"HEAD /.mailgate/healthz HTTP/1.1") + request(b"GET /.mailgate/healthz HTTP/1.1")
    )
    head, get = await wire.final(b"HEAD"), await wire.final()
    assert (head.status, get.status) in [(200, 200), (405, 200)]


async def test_interim_responses_come_to_an_end(connect: Connect, upstream: Upstream) -> None:
    upstream.play(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 64_000, OK)
    wire = await connect()
    await wire.send(request(GET))
    passed = 0
    while (response := await wire.response()).status == 103:
        passed += 1
    assert response.status == 502
    assert 0 < passed < 1000


async def test_interim_responses_are_not_hoarded_for_a_client_that_does_not_read(
    gate: Gate, connect: Connect, upstream: Upstream
) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </%b>\r\n\r\n" % (b"a" * 100_000)

    async def hints(exchange: Exchange) -> None:
        for _ in range(600):
            await exchange.wire.send(hint)

    upstream.play(hints, OK)
    wire = await connect()
    wire.transport.pause_reading()
    gate.forget_peak()
    before = gate.memory()
    await wire.send(request(GET))
    exchange = await upstream.arrival()
    await settled(exchange.wire)
    assert gate.memory() - before < 16 * MIB
    wire.transport.resume_reading()
    async with asyncio.timeout(PATIENCE):
        while (response := await wire.response()).status < 200:
            assert response.status == 103
    assert response.status == 502


async def test_an_upstream_that_closes_after_each_answer_loses_none(
    connect: Connect, upstream: Upstream
) -> None:
    for _ in range(20):
        upstream.play(OK, Act.CLOSE)
    wire = await connect()
    for _ in range(20):
        await wire.send(request(GET))
        assert (await wire.final()).content == b"ok"
