"""Client certificates as devices have them: curl against the gate's own port, and nginx before the gate."""

import asyncio
import http.client
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for
from tests.integration.nginx import nginx_before
from tests.pki import Issued, name, root, server
from tests.servers import PATIENCE, free_port, require_or_skip

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.mint import (
    ISSUER_KEY_FILE,
    TEST_ISSUER,
    AttestedDevice,
    Issue,
    claims,
    read_private_key,
    sign_token,
)

SYNC = "/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={}&DeviceType=iPhone"
LOGIN = ["--user", "ada:secret"]
BY_NAME = [{"field": "common-name", "names": "eas"}]
DAY = timedelta(days=1)


@dataclass
class Devices:
    """The authority of a company's devices, and the certificates that it gave to some."""

    directory: Path
    root: Issued
    issuing: Issued

    def issue(self, common: str, **how: Any) -> Issued:
        """A certificate with this common name, in files that curl takes: the leaf and who issued it."""
        issued = self.issuing.device(subject=name(common), **how).write(self.directory, common)
        (self.directory / f"{common}.pem").write_bytes(issued.pem + self.issuing.pem)
        return issued

    async def ask(self, url: str, common: str = "", *options: str) -> str:
        """The status that curl gets with this certificate; 000 where the handshake failed."""
        known = ["--cert", f"{common}.pem", "--key", f"{common}.key"] if common else []
        command = [
            "curl",
            "-s",
            "--cacert",
            "cert.pem",
            *known,
            *(("-X", "POST") if "ActiveSync" in url else ()),
            *LOGIN,
            *options,
            "-o",
            "answer",
            "-w",
            "%{http_code}",
        ]
        answered = await asyncio.to_thread(
            subprocess.run,
            [*command, url],
            cwd=self.directory,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return answered.stdout.decode()


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    require_or_skip("curl")
    now = datetime.now(UTC)
    server(now).write(tmp_path, "cert")
    authority = root(now=now).write(tmp_path, "devices")
    return Devices(tmp_path, authority, authority.authority("Phones of Example"))


Start = Callable[..., Guarded]


@pytest.fixture
def start(guard: Guard, devices: Devices) -> Start:
    """A gate with a port for devices, for which the common name of a certificate is an ActiveSync id."""

    def started(policy: dict[str, Any] = PHONE_RULES, **own: Any) -> Guarded:
        settings = {"authorities": "devices.pem", "listen": f"127.0.0.1:{free_port()}", "match": BY_NAME}
        tls = {"certificate": "cert.pem", "key": "cert.key"}
        return guard(policy, tls=tls, client_certificates=settings | own)

    return started


def devices_port(guarded: Guarded) -> str:
    return str(next(each["devices"] for each in guarded.gate.records() if each.get("event") == "listening"))


async def report(guarded: Guarded, client: aiohttp.ClientSession, eas_id: str, *apps: str) -> None:
    """Let the device with this ActiveSync id tell by a token which apps are on it, and wait until that is stored."""
    subject = f"device-{eas_id}"
    told = guarded.with_key_of(subject).report("/", subject=subject, eas_ids=(eas_id,), apps=apps)
    async with client.get(f"{guarded.url}/", headers=told, ssl=False) as response:
        assert response.status == (403 if apps else 200)


async def test_a_certificate_binds_a_mail_app_to_its_device(
    start: Start, devices: Devices, client: aiohttp.ClientSession
) -> None:
    """Whatever ActiveSync id it says. Without a certificate an id that nobody knows gets no mail."""
    guarded = start()
    devices.issue("APPL1")
    await report(guarded, client, "APPL1")
    url = devices_port(guarded) + SYNC.format("unheard")
    assert await devices.ask(url, "APPL1") == "200"
    assert await devices.ask(url) == "403"
    assert await devices.ask(guarded.url + SYNC.format("unheard"), "APPL1") == "403"
    assert {each.get("certificate") for each in guarded.gate.records() if each.get("event") == "decided"} == {
        "none"
    }


async def test_a_certificate_of_another_device_makes_the_stricter_of_the_two_count(
    start: Start, devices: Devices, client: aiohttp.ClientSession
) -> None:
    guarded = start()
    devices.issue("APPL1")
    devices.issue("APPL2")
    await report(guarded, client, "APPL1")
    await report(guarded, client, "APPL2", "tiktok")
    port = devices_port(guarded)
    assert await devices.ask(port + SYNC.format("APPL2"), "APPL1") == "403"
    assert await devices.ask(port + SYNC.format("APPL1"), "APPL2") == "403"
    assert await devices.ask(port + SYNC.format("APPL1"), "APPL1") == "200"
    async with client.get(f"{guarded.admin}/metrics") as response:
        assert "mailgate_two_devices_total 2.0" in await response.text()


@pytest.mark.parametrize("stem", ["expired", "stranger", "for-servers"])
async def test_a_certificate_that_is_not_good_ends_the_handshake(
    start: Start, devices: Devices, stem: str
) -> None:
    guarded = start()
    devices.issue("expired", span=(-2 * DAY, -DAY))
    devices.issue("for-servers", usage=x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]))
    root(now=devices.root.now).device().write(devices.directory, "stranger")
    assert await devices.ask(devices_port(guarded) + "/", stem) == "000"
    assert await devices.ask(devices_port(guarded) + "/.mailgate/healthz") == "200"


NEEDED = {"rules": [{"id": "certified", "when": "certificate.valid", "effect": "allow"}]}


def bound_token(guarded: Guarded, thumbprint: str) -> str:
    """A token on a phone, bound to a certificate."""
    issuer = read_private_key(guarded.keys[ISSUER_KEY_FILE])
    issue = Issue(TEST_ISSUER, guarded.url, uuid4().hex, datetime.now(UTC))
    return sign_token(
        {**claims(AttestedDevice("phone-9"), issue, issuer), "cnf": {"x5t#S256": thumbprint}}, issuer
    )


async def test_a_token_that_is_bound_to_the_certificate_is_verified(start: Start, devices: Devices) -> None:
    guarded = start({"rules": [{"id": "proved", "when": "attestation.valid", "effect": "allow"}]})
    own, other = devices.issue("one"), devices.issue("two")
    found = CertificateVerifier([devices.issuing.certificate]).verify([own.der], devices.root.now)
    carried = ("--header", f"Device-Attestation: {bound_token(guarded, found.thumbprint)}")
    port = devices_port(guarded)
    assert await devices.ask(f"{port}/", "one", *carried) == "200"
    assert await devices.ask(f"{port}/", "two", *carried) == "403"
    assert await devices.ask(f"{port}/", "", *carried) == "403"
    assert own.der != other.der


@pytest.mark.parametrize("by", ["revoked_serials", "crl"])
async def test_a_lost_device_is_shut_out_of_a_connection_that_is_open(
    start: Start, devices: Devices, by: str
) -> None:
    lost, kept = devices.issue("lost"), devices.issue("kept")
    (devices.directory / "authorities.pem").write_bytes(devices.root.pem + devices.issuing.pem)
    names = {"crl": "devices.crl", "revoked_serials": "lost.txt"}
    file, serial = devices.directory / names[by], lost.certificate.serial_number

    def revoke(*serials: int) -> None:
        crl = devices.issuing.revoke(*serials).public_bytes(Encoding.PEM)
        file.write_bytes(crl if by == "crl" else "".join(f"{each:X}\n" for each in serials).encode())

    revoke()
    guarded = start(NEEDED, authorities="authorities.pem", **{by: names[by]})
    host, port = urlsplit(devices_port(guarded)).hostname, urlsplit(devices_port(guarded)).port
    context = ssl.create_default_context(cafile=str(devices.directory / "cert.pem"))
    context.load_cert_chain(devices.directory / "lost.pem", devices.directory / "lost.key")
    connection = http.client.HTTPSConnection(str(host), port, context=context)

    def status() -> int:
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        return response.status

    assert await asyncio.to_thread(status) == 200
    socket = connection.sock
    revoke(serial)
    assert await asyncio.to_thread(wait_for, lambda: status() == 403)
    assert connection.sock is socket
    connection.close()
    assert await devices.ask(f"{devices_port(guarded)}/", "kept") == "200"
    assert kept.certificate.serial_number != serial


async def test_nginx_hands_the_certificate_on(
    guard: Guard, devices: Devices, client: aiohttp.ClientSession
) -> None:
    """nginx checks nothing here (``optional_no_ca``): what it hands on is checked by the gate."""
    own = devices.issue("APPL1")
    root(now=devices.root.now).device().write(devices.directory, "stranger")
    (devices.directory / "authorities.pem").write_bytes(devices.issuing.pem)
    certificates = {"authorities": "authorities.pem", "from_proxies": "nginx", "match": BY_NAME}
    guarded = guard(PHONE_RULES, trusted_proxies=["127.0.0.1/32"], client_certificates=certificates)
    await report(guarded, client, "APPL1")
    forged = ("--header", f"X-SSL-Client-Cert: {quote(own.pem, safe='')}")
    with nginx_before(guarded.url, devices.directory / "nginx", devices.directory) as url:
        sync = url + SYNC.format("unheard")
        assert await devices.ask(sync, "APPL1") == "200"
        assert await devices.ask(sync, "stranger") == "403"
        assert await devices.ask(sync) == "403"
        assert await devices.ask(sync, "", *forged) == "403"
    refused = [each["certificate"] for each in guarded.gate.records() if each.get("event") == "decided"]
    assert refused == ["certificate-untrusted", "none", "none"]
