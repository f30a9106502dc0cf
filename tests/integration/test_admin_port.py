"""The admin port, attacked: nobody there takes from the mail what it needs, and nothing is answered that was not meant to be.

A gate with few descriptors stands before a small webmail, and clients speak bytes.
"""

import asyncio
import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.conftest import LAPTOP
from tests.integration.gate import EVERYONE, PROXY, Gate, write_config
from tests.servers import PATIENCE

DESCRIPTORS = 256
CROWD = 210
BOMB = gzip.compress(b"\0" * 32 * 1024 * 1024)
SETTINGS = {
    "connectors": {"hr": {"type": "post", "api_key": {"env": "HR_KEY"}}},
    "dovecot": {"api_key": {"env": "HR_KEY"}},
    "console": {"url": "https://console.example.com", "hosts": ["gate.internal"]},
}

HALF_A_LOGIN = (
    b"POST /console/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nname="
)
HALF_A_QUESTION = (
    b"POST /dovecot/policy?command=allow HTTP/1.1\r\nHost: localhost\r\nX-API-Key: k\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\n"
)

At = tuple[str, int]


class Webmail(BaseHTTPRequestHandler):
    """Has the same mail for everybody."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"mail")

    def log_message(self, *_: object) -> None:
        """Nothing of it is of interest."""


@pytest.fixture(scope="module")
def webmail() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Webmail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def gate(webmail: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate that may have few files and connections open."""
    folder = tmp_path_factory.mktemp("gate")
    config = write_config(folder, webmail, SETTINGS, EVERYONE)
    command = [sys.executable, "-m", "mailgate", "run", "--config", str(config)]
    limited = ["sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh", *command]
    environment = {"PYTHONPATH": str(PROXY), "HR_KEY": "k", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(limited, cwd=folder, env=environment, stderr=subprocess.PIPE) as process:
        gate = Gate(process)  # type: ignore[arg-type]
        threading.Thread(target=gate.follow, args=(process.stderr,), daemon=True).start()
        try:
            gate.wait_until_ready()
            yield gate
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


async def left(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.fixture
async def crowd() -> AsyncIterator[AsyncExitStack]:
    """Connections that are held open until the test ends."""
    async with AsyncExitStack() as held:
        yield held


async def hold(crowd: AsyncExitStack, at: At, sent: bytes, count: int = CROWD) -> None:
    for _ in range(count):
        _, writer = await asyncio.open_connection(*at)
        crowd.push_async_callback(left, writer)
        with suppress(ConnectionError):
            writer.write(sent)
            await writer.drain()


async def ask(at: At, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
    """Status and everything that came for one request that asks to be the last."""
    reader, writer = await asyncio.open_connection(*at)
    try:
        told = b""
        with suppress(ConnectionError):
            writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
            await writer.drain()
            while piece := await reader.read(65536):
                told += piece
        return int(told.split(b" ", 2)[1]) if told else 0, told
    finally:
        await left(writer)


async def post(at: At, path: str, body: bytes, *lines: str) -> tuple[int, bytes]:
    head = (f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *lines)
    return await ask(at, *head, body=body)


async def mail(gate: Gate) -> int:
    return (await ask(gate.public, "GET /inbox HTTP/1.1", "Host: mail.example.com", f"User-Agent: {LAPTOP}"))[
        0
    ]


async def health(gate: Gate, host: str = "localhost") -> int:
    return (await ask(gate.admin, "GET /healthz HTTP/1.1", f"Host: {host}"))[0]


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", HALF_A_LOGIN, HALF_A_QUESTION],
    ids=["nothing", "half a line", "half a head", "half a login", "half a question"],
)
async def test_connections_that_are_held_open_shut_nobody_out(
    gate: Gate, crowd: AsyncExitStack, sent: bytes
) -> None:
    await hold(crowd, gate.admin, sent)
    assert [await mail(gate) for _ in range(30)] == [200] * 30
    assert await health(gate) == 200
    assert len(list(Path(f"/proc/{gate.process.pid}/fd").iterdir())) < DESCRIPTORS // 2


async def test_connections_of_mail_that_are_held_open_shut_nobody_out_either(
    gate: Gate, crowd: AsyncExitStack
) -> None:
    await hold(crowd, gate.public, b"GET /inbox HTTP/1.1\r\nHost: mail.exam")
    await hold(crowd, gate.public, b"POST /.mailgate/attest HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    assert [await mail(gate) for _ in range(30)] == [200] * 30
    assert await health(gate) == 200


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/api/devices/hr", ()),
        ("/api/devices/hr", ("X-API-Key: k",)),
        ("/api/devices/none", ()),
        ("/api/v1/explain", ("Content-Type: application/json",)),
        ("/dovecot/policy?command=allow", ("X-API-Key: k",)),
        ("/console/login", ("Content-Type: application/x-www-form-urlencoded",)),
        ("/metrics", ()),
        ("/", ()),
    ],
)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "GZip", "identity, gzip", "br", "zstd"])
async def test_nothing_is_decompressed(gate: Gate, path: str, lines: Sequence[str], coding: str) -> None:
    status, told = await post(gate.admin, path, BOMB, f"Content-Encoding: {coding}", *lines)
    assert (status, b"problem+json" in told) == (415, True)


async def test_a_part_of_a_form_is_not_decompressed_either(gate: Gate) -> None:
    part = b"\r\n".join(
        [
            b"--b",
            b'Content-Disposition: form-data; name="name"',
            b"Content-Encoding: gzip",
            b"",
            BOMB,
            b"--b--",
        ]
    )
    kind = "Content-Type: multipart/form-data; boundary=b"
    assert (await post(gate.admin, "/console/login", part, kind))[0] == 415


async def test_the_body_of_a_refused_request_is_not_read(gate: Gate) -> None:
    """The answer is there though the body never comes."""
    for path in ("/api/devices/hr", "/api/v1/explain", "/dovecot/policy?command=allow"):
        head = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Length: 1000000000")
        assert (await ask(gate.admin, *head))[0] == 401


async def test_the_form_of_a_login_is_small(gate: Gate) -> None:
    kind = "Content-Type: application/x-www-form-urlencoded"
    assert (await post(gate.admin, "/console/login", b"a=1&" * 5000, kind))[0] == 413
    assert (await post(gate.admin, "/console/login", b"&a=1" * 2000, kind))[0] == 400


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /" + "SECRETBYTES" * 900 + " HTTP/1.1", "Host: localhost"],
        ["GET /healthz HTTP/1.1", "Host: localhost", "X: " + "SECRETBYTES" * 9000],
        ["GET /healthz HTTP/1.1", "Host: localhost", "SECRETBYTES \x01: x"],
        ["SECRETBYTES"],
        ["GET /SECRETBYTES\xff HTTP/1.1", "Host: localhost"],
        ["GET /healthz HTTP/9.SECRETBYTES", "Host: localhost"],
        ["POST /console/login HTTP/1.1", "Host: localhost", "Content-Length: SECRETBYTES"],
        ["POST /console/login HTTP/1.1", "Host: SECRETBYTES[", "Content-Length: 1"],
        ["GET /SECRETBYTES HTTP/1.1", "Host: localhost"],
        ["SECRETBYTES /healthz HTTP/1.1", "Host: localhost"],
        ["PRI * HTTP/2.0", "SECRETBYTES"],
        ["\x16\x03\x01\x02SECRETBYTES"],
        [f"GET /{'healthz'} HTTP/1.1", *(f"X-{each}: SECRETBYTES" for each in range(300))],
        ["POST /api/devices/hr HTTP/1.1", "Host: localhost", "X-API-Key: k", "Transfer-Encoding: chunked", "", "SECRETBYTES"],
    ],
)  # fmt: skip
async def test_a_malformed_request_is_answered_without_its_bytes(gate: Gate, lines: list[str]) -> None:
    for port in ("admin", "public"):
        before = len(gate.records())
        status, told = await ask(getattr(gate, port), *lines)
        if b"BaseHTTP" not in told:  # nor is it what the webmail has to answer
            assert 400 <= status < 600
            assert b"SECRETBYTES" not in told
            assert b"application/problem+json" in told
            assert b"\r\nserver:" not in told.lower()
        logged = gate.records()[before:]
        assert all(record for record in logged)
        assert "SECRETBYTES" not in str(logged)
        assert "Traceback" not in "\n".join(gate.log)


async def test_a_head_and_a_body_that_never_end_are_ended(gate: Gate) -> None:
    """Both at once, since each takes ten seconds."""

    async def ended(sent: bytes) -> None:
        reader, writer = await asyncio.open_connection(*gate.admin)
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        await left(writer)

    await asyncio.gather(ended(b"GET /healthz HTTP/1.1\r\nHost: "), ended(HALF_A_LOGIN))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:9999", 200),
        ("127.0.0.1", 200),
        ("127.8.8.8:1", 200),
        ("[::1]:8081", 200),
        ("console.example.com", 200),
        ("CONSOLE.example.com.", 200),
        ("gate.internal:8081", 200),
        (socket.gethostname(), 200),
        ("evil.example.com", 421),
        ("localhost.evil.example.com", 421),
        ("evil.localhost", 421),
        ("127.0.0.1.evil.example.com", 421),
        ("mail.example.com", 421),
        ("203.0.113.9", 421),
        ("[2001:db8::1]", 421),
        ("2130706433", 421),
    ],
)
async def test_only_its_own_names_reach_it(gate: Gate, host: str, status: int) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/console/login", "/api/openapi.json"):
        assert (await ask(gate.admin, f"GET {path} HTTP/1.1", f"Host: {host}"))[0] == status
    absolute = await ask(gate.admin, f"GET http://{host}/healthz HTTP/1.1", "Host: localhost")
    assert absolute[0] == status


async def test_a_check_of_health_without_a_host_is_answered(gate: Gate) -> None:
    assert (await ask(gate.admin, "GET /healthz HTTP/1.0"))[0] == 200


async def test_a_name_that_a_stranger_forwards_counts_for_nothing(gate: Gate) -> None:
    told = await ask(
        gate.admin, "GET /healthz HTTP/1.1", "Host: evil.example.com", "X-Forwarded-Host: localhost"
    )
    assert told[0] == 421


async def test_a_request_that_passed_the_mail_port_is_refused_here(gate: Gate) -> None:
    for via in ("1.1 mailgate", "1.1 a, 1.1 MAILGATE (gate)"):
        told = await ask(gate.admin, "GET /console/login HTTP/1.1", "Host: localhost", f"Via: {via}")
        assert told[0] == 421


async def test_nobody_is_told_what_runs_here(gate: Gate) -> None:
    paths = ("/", "/healthz", "/readyz", "/metrics", "/console/login", "/console/none", "/none", "/api/none")
    for path in (*paths, "/api/v1/me", "/api/devices/hr"):
        _, told = await ask(gate.admin, f"GET {path} HTTP/1.1", "Host: localhost")
        head = told.partition(b"\r\n\r\n")[0].lower()
        assert b"\r\nserver:" not in head
        assert b"aiohttp" not in told.lower()


async def test_an_unknown_address_gets_a_problem_document(gate: Gate) -> None:
    _, told = await ask(gate.admin, "GET /none HTTP/1.1", "Host: localhost")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["reason"] == "not-found"
    status, told = await ask(gate.admin, "PUT /healthz HTTP/1.1", "Host: localhost")
    assert (status, b"\r\nAllow: GET, HEAD\r\n" in told) == (405, True)
