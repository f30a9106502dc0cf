"""A phone's browser by the certificate that a device management puts on it: issued by SCEP, shown by Chromium, handed on by nginx."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import AttributeOID
from playwright.sync_api import Playwright
from tests.e2e.chromium import CHROMIUM_ARGUMENTS
from tests.e2e.extension.policies import chromium_that_shows_a_certificate
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.serving import QuietHandler, serving
from tests.integration.gate import wait_for
from tests.integration.nginx import nginx_before
from tests.pki import name, server
from tests.servers import PATIENCE, free_port, listens, require_or_skip, running

pytestmark = pytest.mark.e2e

ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36"
DEVICE, CHALLENGE = "4f0c1c6e-6f2b-4a7e-9b1d-2f3a5c7e9d01", "s3cret"
SIGNED_IN = """
      auth_basic mail;
      auth_basic_user_file {files}/logins;
      proxy_set_header X-Forwarded-User $remote_user;
"""
MATCH = [
    {"field": "san-uri", "prefix": "urn:uuid:", "names": "directory"},
    {"field": "common-name", "names": "serial"},
    {"field": "san-email", "names": "user"},
]


@dataclass(frozen=True)
class Phone:
    """A phone's key and the certificate for it."""

    directory: Path
    issuer: str


def enrolled(directory: Path, subject: str, *alternatives: x509.GeneralName) -> Phone:
    """What a phone has after a device management has told it to enrol: `scepclient` asks, `scepserver` issues."""
    require_or_skip("scepserver", "scepclient")
    depot, port = directory / "depot", free_port()
    made = [
        "scepserver",
        "ca",
        "-init",
        "-depot",
        str(depot),
        "-keySize",
        "2048",
        "-common_name",
        "Phones of Example",
    ]
    subprocess.run(made, cwd=directory, check=True, capture_output=True, timeout=PATIENCE)
    key = rsa.generate_private_key(65537, 2048)
    asked = x509.CertificateSigningRequestBuilder().subject_name(name(subject))
    asked = asked.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    asked = asked.add_attribute(AttributeOID.CHALLENGE_PASSWORD, CHALLENGE.encode())
    (directory / "csr.pem").write_bytes(asked.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    own = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (directory / "key.pem").write_bytes(own)
    serve = ["scepserver", "-depot", depot, "-http-addr", f"127.0.0.1:{port}", "-challenge", CHALLENGE]
    ask = ["scepclient", "-private-key", "key.pem", "-certificate", "phone.pem", "-challenge", CHALLENGE]
    with running(serve, ready=listens(port), log=directory / "scep.log"):
        address = ["-server-url", f"http://127.0.0.1:{port}/scep"]
        subprocess.run([*ask, *address], cwd=directory, check=True, capture_output=True, timeout=PATIENCE)
    issued = x509.load_pem_x509_certificate((directory / "phone.pem").read_bytes())
    lock = BestAvailableEncryption(CHALLENGE.encode())
    (directory / "phone.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"phone", key, issued, None, lock)
    )
    return Phone(directory, "Phones of Example")


def keystore(phone: Phone) -> Path:
    """A home folder whose browser has the phone's certificate, as a device management fills the keystore of a phone."""
    require_or_skip("certutil", "pk12util")
    home = phone.directory / "home"
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for command in (
        ["certutil", "-N", "-d", f"sql:{database}", "--empty-password"],
        ["pk12util", "-i", "phone.p12", "-W", CHALLENGE, "-d", f"sql:{database}", "-K", ""],
    ):
        subprocess.run(command, cwd=phone.directory, check=True, capture_output=True, timeout=PATIENCE)
    return home


class Mailbox(QuietHandler):
    def do_GET(self) -> None:
        self.answer(200, "<!doctype html><title>Mail</title>Inbox", {"Content-Type": "text/html"})


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    """ada's phone, with its id in Entra as a URI, its serial number as the common name, and her address beside."""
    return enrolled(
        tmp_path,
        "F2LEXAMPLE01",
        x509.UniformResourceIdentifier(f"urn:uuid:{DEVICE}"),
        x509.RFC822Name("ada@example.com"),
    )


@pytest.fixture
def gate(phone: Phone) -> Iterator[GuardedWebmail]:
    """A gate that knows the phone by its inventory, which has seen every app on it."""
    now = datetime.now(UTC)
    inventory = {
        "id": "7001", "owner": "ada@example.com", "kind": "phone", "os": "android", "directory": DEVICE,
        "apps": [], "apps_complete": True, "reported_at": now.isoformat(),
    }  # fmt: skip
    (phone.directory / "devices.jsonl").write_text(json.dumps(inventory))
    server(now).write(phone.directory, "cert")
    (phone.directory / "logins").write_text("ada:{PLAIN}secret\nbob:{PLAIN}secret\n")
    with (
        serving(Mailbox) as mailbox,
        guarded(
            mailbox,
            phone.directory,
            trusted_proxies=["127.0.0.1/32"],
            login_domains=["example.com"],
            client_certificates={"authorities": "depot/ca.pem", "from_proxies": "nginx", "match": MATCH},
            connectors={"inventory": {"type": "file", "path": "devices.jsonl"}},
        ) as running_gate,
    ):
        wait_for(lambda: any(each.get("event") == "connector-ran" for each in running_gate.gate.records()))
        yield running_gate


def opened(playwright: Playwright, program: Path, home: Path, url: str, login: str) -> str:
    """The text that a phone's browser shows after this login."""
    browser = playwright.chromium.launch(
        executable_path=program, args=CHROMIUM_ARGUMENTS, env={**os.environ, "HOME": str(home)}
    )
    context = browser.new_context(
        user_agent=ANDROID,
        ignore_https_errors=True,
        http_credentials={"username": login, "password": "secret"},
    )
    try:
        page = context.new_page()
        page.goto(url)
        return page.locator("body").inner_text().strip()
    finally:
        browser.close()


def test_a_certificate_that_scep_has_issued_opens_mail_for_the_owner_of_the_phone_alone(
    gate: GuardedWebmail, phone: Phone, playwright: Playwright
) -> None:
    run, further = phone.directory / "nginx", SIGNED_IN.format(files=phone.directory)
    with nginx_before(gate.url, run, phone.directory, further) as url:
        bare = phone.directory / "bare"
        bare.mkdir()
        program = chromium_that_shows_a_certificate(run, url, phone.issuer)
        home = keystore(phone)
        shown = {login: opened(playwright, program, home, url, login) for login in ("ada", "bob")}
        shown["without"] = opened(playwright, program, bare, url, "ada")
    assert shown["ada"] == "Inbox"
    assert "This device is on record as somebody else’s" in shown["bob"]
    assert "We cannot tell which device this browser is on" in shown["without"]
    refused = [each for each in gate.gate.records() if each.get("event") == "decided"]
    assert {(each["reason"], each["certificate"]) for each in refused} == {
        ("device-of-another", "device-of-another"),
        ("posture-missing", "none"),
    }
