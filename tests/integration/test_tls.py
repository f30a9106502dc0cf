"""The TLS listener, and a certificate renewed while it runs."""

import asyncio
import re
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.conftest import LAPTOP, Guard
from tests.servers import patiently

OPEN = {"rules": [{"id": "open", "when": "true", "effect": "allow"}]}


def write_certificate(directory: Path, name: str) -> None:
    """A self-signed certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "key.pem").write_bytes(secret)
    (directory / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def served_name(port: int) -> str:
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


async def test_a_renewed_certificate_is_served_without_a_restart(
    guard: Guard, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    write_certificate(tmp_path, "first")
    guarded = guard(OPEN, tls={"certificate": "cert.pem", "key": "key.pem"})
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with client.get(guarded.url, headers={"User-Agent": LAPTOP}, ssl=trusted) as response:
        assert await response.text() == "mail for GET /\n"

    port = guarded.gate.public[1]
    assert await asyncio.to_thread(served_name, port) == "first"
    write_certificate(tmp_path, "second")
    for _ in patiently():
        if (name := await asyncio.to_thread(served_name, port)) == "second":
            break
        await asyncio.sleep(0.05)
    assert name == "second"


async def test_a_key_that_is_renewed_before_its_certificate_is_named_and_then_served(
    guard: Guard, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    write_certificate(tmp_path, "first")
    guarded = guard(OPEN, tls={"certificate": "cert.pem", "key": "key.pem"})
    (tmp_path / "new").mkdir()
    write_certificate(tmp_path / "new", "second")
    (tmp_path / "new" / "key.pem").rename(tmp_path / "key.pem")

    async def mistakes() -> list[str]:
        async with client.get(f"{guarded.admin}/readyz") as answer:
            return list((await answer.json())["config"]["mistakes"])

    for _ in patiently():
        if found := await mistakes():
            break
        await asyncio.sleep(0.05)
    assert len(found) == 1
    assert f"{tmp_path}/key.pem is not the key of {tmp_path}/cert.pem" in found[0]
    assert await asyncio.to_thread(served_name, guarded.gate.public[1]) == "first"
    (tmp_path / "new" / "cert.pem").rename(tmp_path / "cert.pem")
    for _ in patiently():
        if not (found := await mistakes()):
            break
        await asyncio.sleep(0.05)
    assert found == []
    assert await asyncio.to_thread(served_name, guarded.gate.public[1]) == "second"
    made = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes())
    async with client.get(f"{guarded.admin}/metrics") as answer:
        told = re.search(
            r'^mailgate_certificate_expiry_timestamp_seconds\{.*"\} (\S+)$', await answer.text(), re.MULTILINE
        )
    assert told
    assert float(told[1]) == made.not_valid_after_utc.timestamp()


async def test_a_client_that_is_asleep_does_not_hold_up_the_end(guard: Guard, tmp_path: Path) -> None:
    write_certificate(tmp_path, "gate")
    files = {"certificate": "cert.pem", "key": "key.pem"}
    guarded = guard(OPEN, tls=files, timeouts={"shutdown": "25s"})
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))

    def ask(asleep: HTTPSConnection) -> int:
        asleep.request("GET", "/", headers={"User-Agent": LAPTOP})
        with asleep.getresponse() as answer:
            answer.read()
            return answer.status

    with closing(HTTPSConnection(*guarded.gate.public, context=trusted)) as asleep:
        assert await asyncio.to_thread(ask, asleep) == 200
        guarded.gate.terminate()
        assert await asyncio.to_thread(guarded.gate.process.wait, 20) == 0


@pytest.mark.parametrize(("named", "status"), [(True, 200), (False, 502)])
async def test_a_webmail_of_a_named_private_authority_is_reached(
    guard: Guard, tmp_path: Path, client: aiohttp.ClientSession, named: bool, status: int
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="mail")

    write_certificate(tmp_path, "webmail")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    webmail = web.Application()
    webmail.router.add_get("/", answer)
    server = TestServer(webmail, scheme="https")
    await server.start_server(ssl=context)
    async with server:
        authority = {"upstream_ca": "cert.pem"} if named else {}
        guarded = guard(OPEN, upstream=f"https://127.0.0.1:{server.port}", **authority)
        async with client.get(guarded.url, headers={"User-Agent": LAPTOP}) as response:
            assert response.status == status
