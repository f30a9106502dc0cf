"""Keys over the wire: an issuer that rotates under load, is away, answers badly, and one that lies about its name."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.fleet import Fleet, Phone, fleet, get, signed_for
from tests.integration.gate import wait_for
from tests.integration.test_tls import write_certificate
from tests.servers import PATIENCE, free_port

from mailgate.attest import mint
from mailgate.gateway.remote_keys import MAX_BYTES, JwksError, fetch

MDM = "https://mdm.example.com"
KEYS = [mint.make_key(bytes([number]) * 32, f"key-{number}") for number in range(4)]


class Issuer:
    """Publishes its keys at /jwks; what a test changes is what the next question gets."""

    def __init__(self) -> None:
        self.keys = [KEYS[0]]
        self.headers: dict[str, str] = {}
        self.status = 200
        self.text: str | None = None
        self.asked = 0
        self.conditional: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.conditional.append(request.headers.get("If-None-Match"))
        if "ETag" in self.headers and self.conditional[-1] == self.headers["ETag"]:
            return web.Response(status=304, headers=self.headers)
        text = mint.jwks(*self.keys) if self.text is None else self.text
        return web.Response(text=text, status=self.status, headers=self.headers)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def jwks(issuer: Issuer) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/jwks", issuer.answer)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
def phone() -> Phone:
    return Phone(mint.make_key(b"device" * 8, ""))


def believing(url: str) -> dict[str, Any]:
    return {"attestation": {"issuers": [{"issuer": MDM, "jwks": url}]}}


OneGate = Callable[[str], AbstractContextManager[Fleet]]


@pytest.fixture
def one_gate(webmail: TestServer, tmp_path: Path) -> OneGate:
    """Starts a gate that believes the issuer with the keys at an address."""
    store = f"sqlite:///{tmp_path}/s.db"
    return lambda url: fleet(tmp_path, str(webmail.make_url("")), store, 1, **believing(url))


async def readiness(client: aiohttp.ClientSession, gates: Fleet) -> dict[str, Any]:
    async with client.get(f"{gates.admin()}/readyz") as response:
        found: dict[str, Any] = (await response.json())["issuers"][0]
        return found


async def test_no_good_token_is_refused_while_the_issuer_rotates(
    client: aiohttp.ClientSession,
    webmail: TestServer,
    jwks: TestServer,
    issuer: Issuer,
    tmp_path: Path,
    phone: Phone,
) -> None:
    """First a key that signs at the moment it is published, then one that was published before."""
    refusals: list[tuple[int, str]] = []
    count = 0
    done = asyncio.Event()

    async def keep_sending(gates: Fleet) -> None:
        nonlocal count
        while not done.is_set():
            status, reason, _ = await get(client, gates.url(count % 2), phone.headers())
            count += 1
            await asyncio.sleep(0.02)
            if status != 200:
                refusals.append((status, reason))

    async def some_are_sent() -> None:
        enough = count + 20
        async with asyncio.timeout(PATIENCE):
            while count < enough:
                await asyncio.sleep(0.01)

    store = f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, **believing(str(jwks.make_url("/jwks")))) as gates:
        phone.token = signed_for(phone, MDM, KEYS[0])
        for at in (0, 1):
            assert (await get(client, gates.url(at), phone.headers()))[0] == 200
        asked = issuer.asked
        senders = [asyncio.ensure_future(keep_sending(gates)) for _ in range(4)]
        await some_are_sent()
        issuer.keys = [KEYS[0], KEYS[1], KEYS[2]]
        phone.token = signed_for(phone, MDM, KEYS[1])
        await some_are_sent()
        phone.token = signed_for(phone, MDM, KEYS[2])
        await some_are_sent()
        done.set()
        await asyncio.gather(*senders)
    assert refusals == []
    assert issuer.asked == asked + 2  # each gate for the first new key


async def test_made_up_kids_make_one_question_and_keep_nobody_waiting(
    client: aiohttp.ClientSession, one_gate: OneGate, jwks: TestServer, issuer: Issuer, phone: Phone
) -> None:
    url = str(jwks.make_url("/jwks"))
    with one_gate(url) as gates:
        good = signed_for(phone, MDM, KEYS[0])
        phone.token = good
        assert (await get(client, gates.url(), phone.headers()))[0] == 200
        asked = issuer.asked
        for number in range(20):
            phone.token = signed_for(phone, MDM, mint.make_key(b"x" * 32, f"made-up-{number}"))
            assert (await get(client, gates.url(), phone.headers()))[0] == 403
        assert issuer.asked == asked + 1
        phone.token = good
        assert (await get(client, gates.url(), phone.headers()))[0] == 200
        async with client.get(f"{gates.admin()}/metrics") as response:
            assert 'mailgate_attestations_total{result="token-kid-unknown"} 20.0' in await response.text()


async def test_a_gate_starts_without_issuer_keys_and_takes_them_later(
    client: aiohttp.ClientSession, one_gate: OneGate, issuer: Issuer, phone: Phone
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/jwks"
    phone.token = signed_for(phone, MDM, KEYS[0])
    with one_gate(url) as gates:
        failed = wait_for(
            lambda: [r for r in gates.gates[0].records() if r.get("event") == "issuer-keys-failed"]
        )
        assert (failed[0]["level"], failed[0]["why"], failed[0]["keys_left"]) == ("error", "unreachable", 0)
        assert (await get(client, gates.url(), phone.headers()))[:2] == (403, "posture-missing")
        told = await readiness(client, gates)
        known = [told[name] for name in ("issuer", "keys", "last_success", "failure")]
        assert known == [MDM, 0, None, "unreachable"]
        app = web.Application()
        app.router.add_get("/jwks", issuer.answer)
        async with TestServer(app, port=port):
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while (await get(client, gates.url(), phone.headers()))[0] != 200:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.1)
        assert (await readiness(client, gates))["keys"] == 1


async def test_a_reload_keeps_the_keys_of_an_issuer_that_stays(
    client: aiohttp.ClientSession,
    one_gate: OneGate,
    jwks: TestServer,
    issuer: Issuer,
    phone: Phone,
    tmp_path: Path,
) -> None:
    url = str(jwks.make_url("/jwks"))
    phone.token = signed_for(phone, MDM, KEYS[0])
    with one_gate(url) as gates:
        assert (await get(client, gates.url(), phone.headers()))[0] == 200
        issuer.status = 500
        config = tmp_path / "gate-0" / "mailgate.yaml"
        changed = json.loads(config.read_text())
        changed["attestation"]["issuers"].append({"issuer": "https://other.example.com", "jwks": url})
        config.write_text(json.dumps(changed))
        assert wait_for(lambda: [r for r in gates.gates[0].records() if r.get("event") == "config-applied"])
        assert (await get(client, gates.url(), phone.headers()))[0] == 200


async def test_a_question_is_conditional_and_bounded(jwks: TestServer, issuer: Issuer) -> None:
    url = str(jwks.make_url("/jwks"))
    issuer.headers = {"ETag": '"1"', "Cache-Control": "max-age=300"}
    first = await fetch(url, "")
    assert (first.text, first.etag, first.fresh_for) == (mint.jwks(KEYS[0]), '"1"', timedelta(minutes=5))
    again = await fetch(url, first.etag)
    assert (again.text, again.etag) == (None, '"1"')
    assert issuer.conditional == [None, '"1"']
    issuer.text = " " * MAX_BYTES
    assert (await fetch(url, "")).text == issuer.text
    for change, why in [
        ({"text": " " * (MAX_BYTES + 1)}, "too-large"),
        ({"status": 302}, "redirect"),
        ({"status": 404}, "status"),
    ]:
        broken = Issuer()
        vars(broken).update(change)
        issuer.text, issuer.status = broken.text, broken.status
        with pytest.raises(JwksError) as error:
            await fetch(url, "")
        assert error.value.why == why
    with pytest.raises(JwksError) as error:
        await fetch(f"http://127.0.0.1:{free_port()}/", "")
    assert error.value.why == "unreachable"


async def test_over_https_the_certificate_must_be_of_the_named_authority(
    issuer: Issuer, tmp_path: Path
) -> None:
    write_certificate(tmp_path, "mdm.example.com")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_get("/jwks", issuer.answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=served)
    url = f"https://127.0.0.1:{server.port}/jwks"
    trust = ssl.create_default_context(cafile=certificate)
    assert (await fetch(url, "", trust=trust)).text == mint.jwks(KEYS[0])
    with pytest.raises(JwksError) as error:
        await fetch(url, "")
    assert error.value.why == "tls"
    await server.close()
