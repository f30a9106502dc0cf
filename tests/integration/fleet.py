"""Several gates on one store under one public name, and the requests of devices to any of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from tests.integration import commands
from tests.integration.conftest import IPHONE, stopped
from tests.integration.gate import PHONE_RULES, Gate, start_gate, write_config

from mailgate.attest import mint
from mailgate.attest.jose import Key

PUBLIC = "http://mail.example.com"
REPORTED = ("DPoP-Nonce", "X-Device-Reason", "WWW-Authenticate", "Date")


@dataclass
class Phone:
    """A device with a key and its last nonce."""

    key: Key
    token: str = ""
    nonce: str = ""

    def proof(self, path: str, method: str = "GET", *, token: str = "", nonce: str | None = None) -> str:
        return mint.sign_proof(
            token,
            self.key,
            method=method,
            url=PUBLIC + path,
            jti=uuid4().hex,
            now=datetime.now(UTC),
            nonce=self.nonce if nonce is None else nonce,
        )

    def headers(self, path: str = "/", *, nonce: str | None = None) -> dict[str, str]:
        """The headers of one GET with the device's token."""
        return {
            "User-Agent": IPHONE,
            "Device-Attestation": self.token,
            "DPoP": self.proof(path, token=self.token, nonce=nonce),
        }


def signed_for(phone: Phone, issuer: str, issuer_key: Key) -> str:
    """A new token of an issuer about a clean phone."""
    issue = mint.Issue(issuer, PUBLIC, uuid4().hex, datetime.now(UTC))
    return mint.sign_token(mint.claims(mint.AttestedDevice("phone-1"), issue, phone.key), issuer_key)


@dataclass
class Fleet:
    """Running gates."""

    gates: list[Gate] = field(default_factory=list)

    def url(self, at: int = 0) -> str:
        return "http://{}:{}".format(*self.gates[at].public)

    def admin(self, at: int = 0) -> str:
        return "http://{}:{}".format(*self.gates[at].admin)


@contextmanager
def fleet(
    directory: Path,
    upstream: str,
    store: str,
    size: int = 2,
    policy: Mapping[str, Any] = PHONE_RULES,
    **settings: Any,
) -> Iterator[Fleet]:
    """Gates on one store; each has to end with exit code 0."""
    running = Fleet()
    with ExitStack() as stopping:
        for number in range(size):
            folder = directory / f"gate-{number}"
            folder.mkdir()
            known = {"public_url": PUBLIC, "store": store}
            running.gates.append(start_gate(write_config(folder, upstream, known | settings, policy)))
            stopping.callback(stopped, running.gates[-1])
        yield running


def mailgate(tmp_path: Path, *arguments: str) -> Any:
    """The JSON output of a command, run with the files of the first gate."""
    return json.loads(commands.output_of(tmp_path / "gate-0" / "mailgate.yaml", *arguments, "--json"))


async def get(
    client: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> tuple[int, str, Mapping[str, str]]:
    """The status of a GET, the gate's reason for a refused attestation, and the headers."""
    async with client.get(url, headers=headers) as response:
        await response.read()
        return response.status, response.headers.get("X-Device-Reason", ""), response.headers


async def post(
    client: aiohttp.ClientSession, url: str, body: object, headers: Mapping[str, str]
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    async with client.post(url, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers
