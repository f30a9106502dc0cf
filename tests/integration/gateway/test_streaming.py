"""Large bodies flow through: nothing is held, a slow end slows the other, memory stays flat."""

import asyncio
import hashlib

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import OK, Exchange, Upstream
from tests.integration.gateway.wire import Wire

MIB = 1024 * 1024
SIZE = 64 * MIB
ROOM = 16 * MIB
"""What one transfer may cost (design section 14)."""
BLOCK = bytes(range(256)) * 1024


async def warm(connect: Connect) -> None:
    """Have everything loaded that a first request loads."""
    wire = await connect()
    await wire.send(request(b"POST / HTTP/1.1", b"Content-Length: %d" % len(BLOCK), body=BLOCK))
    assert (await wire.final()).status == 200


async def settled(wire: Wire) -> None:
    """Wait until the gate takes, or gives, no more."""
    before = -1
    while before != (before := wire.seen + wire.transport.get_write_buffer_size()):
        await asyncio.sleep(0.3)


async def test_a_large_download_passes_in_little_memory(
    gate: Gate, connect: Connect, upstream: Upstream
) -> None:
    async def send(exchange: Exchange) -> None:
        await exchange.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            await exchange.wire.send(BLOCK)

    await warm(connect)
    upstream.play(send)
    gate.forget_peak()
    before = gate.memory()
    wire = await connect()
    wire.transport.pause_reading()
    await wire.send(request(b"GET / HTTP/1.1"))
    exchange = await upstream.arrival(2)
    await settled(exchange.wire)
    assert exchange.wire.transport.get_write_buffer_size() > 0, (
        "a client that does not read stops the upstream"
    )
    wire.transport.resume_reading()
    response = await wire.final()
    assert response.complete
    assert (
        hashlib.sha256(response.body.data).digest() == hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).digest()
    )
    assert gate.memory() - before < ROOM


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_a_large_upload_passes_in_little_memory(
    gate: Gate, connect: Connect, upstream: Upstream, chunked: bool
) -> None:
    await warm(connect)
    read_on = asyncio.Event()

    async def pause(exchange: Exchange) -> None:
        exchange.wire.transport.pause_reading()
        await read_on.wait()
        exchange.wire.transport.resume_reading()
        await exchange.wire.fill(exchange.body)

    upstream.play_at_head(pause, OK)
    gate.forget_peak()
    before = gate.memory()
    wire = await connect()
    async with asyncio.TaskGroup() as both:
        both.create_task(_upload(wire, chunked))
        exchange = await upstream.arrival(2)
        await settled(wire)
        assert wire.transport.get_write_buffer_size() > 0, "an upstream that does not read stops the client"
        read_on.set()
        response = await wire.final()
    assert response.content == b"ok"
    assert (
        hashlib.sha256(exchange.body.data).digest() == hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).digest()
    )
    assert gate.memory() - before < ROOM


async def _upload(wire: Wire, chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    await wire.send(request(b"PUT /big HTTP/1.1", framing))
    for _ in range(SIZE // len(BLOCK)):
        await wire.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
    await wire.send(b"0\r\n\r\n" if chunked else b"")
