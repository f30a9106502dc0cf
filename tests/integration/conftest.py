"""Gates with rules of a test's own, and a small webmail behind them."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy.ext.asyncio import create_async_engine
from tests.attestations import attestation_headers, signed_report
from tests.integration.gate import Gate, start_gate, write_config
from tests.integration.postgres import migrated as migrated
from tests.integration.postgres import postgres as postgres
from tests.servers import free_port
from tests.stores import compiling_once

from mailgate.attest.mint import (
    DEVICE_KEY_FILE,
    ISSUER_KEY_FILE,
    JWKS_FILE,
    TEST_ISSUER,
    AttestedDevice,
    key_files,
)

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Guarded:
    """A gate before the small webmail, its files, and the keys of a trusted issuer."""

    gate: Gate
    directory: Path
    url: str
    keys: dict[str, str]
    subject: str = "phone-1"

    @property
    def admin(self) -> str:
        return "http://{}:{}".format(*self.gate.admin)

    def with_key_of(self, subject: str) -> "Guarded":
        """The same gate for a device with a key of its own, since one key is one device under any name."""
        own = key_files(b"-" * 32, sha256(subject.encode()).digest())[DEVICE_KEY_FILE]
        return replace(self, keys=self.keys | {DEVICE_KEY_FILE: own}, subject=subject)

    def report(
        self, path: str = "/", *, method: str = "GET", ahead: timedelta = timedelta(), **device: Any
    ) -> dict[str, str]:
        """The headers of one request from a phone that reports these apps."""
        described = AttestedDevice(device.pop("subject", self.subject), **device)
        own = self.keys[DEVICE_KEY_FILE]
        token = signed_report(
            described, audience=self.url, issuer_key=self.keys[ISSUER_KEY_FILE], device_key=own
        )
        return {
            "User-Agent": IPHONE,
            **attestation_headers(token, device_key=own, method=method, url=self.url + path, ahead=ahead),
        }


Guard = Callable[..., Guarded]


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.store.database.create_async_engine", compiling_once(create_async_engine))
        yield


def small_webmail(*, keeping: bool = True) -> web.Application:
    """A webmail that answers every path with the received request. ``keeping``: it keeps its connections."""

    async def answer(request: web.Request) -> web.Response:
        told = web.Response(text=f"mail for {request.method} {request.path}\n", headers={"X-Webmail": "1"})
        if not keeping:
            told.force_close()
        return told

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


@pytest.fixture
async def webmail() -> AsyncIterator[TestServer]:
    async with TestServer(small_webmail()) as server:
        yield server


@pytest.fixture
def guard(webmail: TestServer, tmp_path: Path) -> Iterator[Guard]:
    """Start a gate before the webmail with these rules and settings; it has to end with exit code 0."""
    with ExitStack() as stopping:

        def started(policy: dict[str, Any], **settings: Any) -> Guarded:
            return stopping.enter_context(guarded(tmp_path, str(webmail.make_url("")), policy, **settings))

        yield started


@contextmanager
def guarded(folder: Path, webmail: str, policy: dict[str, Any], **settings: Any) -> Iterator[Guarded]:
    """A gate with its files in this folder; it has to end with exit code 0."""
    keys = key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    (folder / JWKS_FILE).write_text(keys[JWKS_FILE])
    scheme, port = "https" if "tls" in settings else "http", free_port()
    known = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"{scheme}://127.0.0.1:{port}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
    }
    gate = start_gate(write_config(folder, webmail, known | settings, policy))
    try:
        yield Guarded(gate, folder, f"{scheme}://127.0.0.1:{port}", keys)
    finally:
        stopped(gate)


def stopped(gate: Gate) -> None:
    """Stop a gate that has not ended by itself."""
    if gate.process.poll() is None:
        assert gate.stop() == 0, "\n".join(gate.log[-20:])


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies and follows no redirects."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def socket_file() -> Iterator[Path]:
    """The path of a socket, in a folder with a name that is short enough."""
    with TemporaryDirectory(prefix="mailgate-") as folder:
        yield Path(folder) / "questions.sock"
