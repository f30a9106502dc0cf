"""The same over TLS: the listener of certificate files, which are read anew when they change."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Act, Upstream
from tests.integration.gateway.wire import Wire

GET = b"GET / HTTP/1.1"
ConnectSecurely = Callable[[], Awaitable[Wire]]


def write_certificate(directory: Path, name: str) -> None:
    """A self-signed certificate for that name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, clear = serialization.Encoding.PEM, serialization.NoEncryption()
    (directory / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, clear))
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(pem))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("certificates")
    write_certificate(directory, "first.example")
    return directory


@pytest.fixture(scope="module")
def secure(start: StartGate, certificates: Path) -> Gate:
    files = {"certificate": str(certificates / "certificate.pem"), "key": str(certificates / "key.pem")}
    return start(tls=files, public_url="https://mail.example.com")


@pytest.fixture
async def connect_securely(secure: Gate) -> AsyncIterator[ConnectSecurely]:
    wires: list[Wire] = []
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def connected() -> Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: Wire(tls=True), *secure.public, ssl=context)
        wires.append(wire)
        return wire

    yield connected
    for wire in wires:
        await wire.abort()


async def test_the_upstream_hears_of_https(connect_securely: ConnectSecurely, upstream: Upstream) -> None:
    wire = await connect_securely()
    await wire.send(request(GET, b"X-Forwarded-Proto: http") * 2)
    assert [(await wire.final()).content for _ in range(2)] == [b"ok", b"ok"]
    assert upstream.exchanges[0].values("X-Forwarded-Proto") == [b"https"]


async def test_the_own_origin_becomes_https(
    connect_securely: ConnectSecurely, upstream: Upstream, origin_url: str
) -> None:
    upstream.play(f"HTTP/1.1 302 Found\r\nLocation: {origin_url}/x\r\nContent-Length: 0\r\n\r\n".encode())
    wire = await connect_securely()
    await wire.send(request(GET))
    assert (await wire.final()).values("Location") == [b"https://mail.example.com/x"]


@pytest.mark.parametrize(
    "sent",
    [
        request(GET, b"X A: b"),
        request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=b"x\r\n"),
        request(GET, b"Connection: close"),
    ],
)
async def test_the_connection_is_closed_where_it_would_be(
    connect_securely: ConnectSecurely, upstream: Upstream, sent: bytes
) -> None:
    wire = await connect_securely()
    await wire.send(sent + request(b"GET /hidden HTTP/1.1"))
    assert (await wire.final()).status in (200, 400)
    await wire.end()
    assert not wire.buffer
    assert b"/hidden" not in upstream.targets


async def test_a_large_body_passes_both_ways(connect_securely: ConnectSecurely, upstream: Upstream) -> None:
    body = bytes(range(256)) * 16384
    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    wire = await connect_securely()
    await wire.send(request(b"PUT / HTTP/1.1", b"Content-Length: %d" % len(body), body=body))
    assert (await wire.final()).content == body
    assert upstream.only.body.data == body


async def test_a_truncated_body_is_broken_off(connect_securely: ConnectSecurely, upstream: Upstream) -> None:
    upstream.play(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Act.CLOSE)
    wire = await connect_securely()
    await wire.send(request(GET))
    assert not (await wire.final()).complete


async def test_plain_http_is_not_spoken_here(secure: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect(secure)
    await wire.send(request(GET))
    await wire.end()
    assert upstream.exchanges == []
