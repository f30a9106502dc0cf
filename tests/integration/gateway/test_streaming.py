"""Large bodies flow through: nothing is held, a slow end slows the other, memory stays flat."""

import asyncio
import hashlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.gate import Gate, wait_for
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted import OK, Exchange, Upstream
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


async def test_download(gate: Gate, connect: Connect, upstream: Upstream) -> None:
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
async def test_upload(gate: Gate, connect: Connect, upstream: Upstream, chunked: bool) -> None:
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


CONTENT = b"0123456789" * 100


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real web server with one file; its URL."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    home: Path = tmp_path_factory.mktemp("nginx")
    (home / "file.txt").write_bytes(CONTENT)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    paths = " ".join(
        f"{name}_temp_path {home}/{name};" for name in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    (home / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
        f"http {{ access_log off; {paths} server {{ listen 127.0.0.1:{port}; root {home}; gzip on; gzip_proxied any; gzip_types *;"
        " gzip_min_length 1; autoindex on; } }"
    )
    server = subprocess.Popen(
        ["nginx", "-p", str(home), "-e", str(home / "start.log"), "-c", str(home / "nginx.conf")]
    )
    assert wait_for(lambda: _answers(port)), (home / "start.log").read_text()
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def before_nginx(start: StartGate, nginx: str) -> Gate:
    return start(nginx)


RANGES = {
    "whole": ((), 200, CONTENT),
    "first bytes": ((b"Range: bytes=0-9",), 206, CONTENT[:10]),
    "last bytes": ((b"Range: bytes=-5",), 206, CONTENT[-5:]),
    "from the middle": ((b"Range: bytes=990-",), 206, CONTENT[990:]),
    "outside": ((b"Range: bytes=5000-",), 416, None),
    "newer": ((b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), 200, CONTENT),
    "changed": ((b'If-Match: "other"',), 412, None),
}


@pytest.mark.parametrize(("fields", "status", "content"), RANGES.values(), ids=RANGES)
async def test_range(
    before_nginx: Gate, connect: Connect, fields: tuple[bytes, ...], status: int, content: bytes | None
) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", *fields))
    response = await wire.final()
    assert response.status == status
    assert response.complete
    assert content is None or response.content == content


async def test_several_ranges(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"Range: bytes=0-1,5-6"))
    response = await wire.final()
    assert response.status == 206
    assert response.values("Content-Type")[0].startswith(b"multipart/byteranges")
    assert b"Content-Range: bytes 5-6/1000" in response.content


async def test_what_is_known_is_not_sent_again(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"HEAD /file.txt HTTP/1.1"))
    etag = (await wire.final(b"HEAD")).values("ETag")[0]
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"If-None-Match: " + etag))
    response = await wire.final()
    assert (response.status, response.content) == (304, b"")
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"If-Range: " + etag, b"Range: bytes=0-0"))
    assert (await wire.final()).content == b"0"


async def test_compressed_content_passes_as_it_is(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"Accept-Encoding: gzip"))
    response = await wire.final()
    assert response.values("Content-Encoding") == [b"gzip"]
    assert response.content.startswith(b"\x1f\x8b")
