"""A device enrols with the gate, reports, is let in or not, and is shut out, at every gate on the store."""

import asyncio
import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import create_engine, insert
from tests.integration import commands
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.fleet import PUBLIC, Fleet, Phone, fleet, get, mailgate, post
from tests.servers import PATIENCE
from tests.stored_bytes import stored_bytes

from mailgate.attest import mint
from mailgate.attest.jose import parse_compact
from mailgate.store.migrate import store_url
from mailgate.store.schema import keys

ENROLL, ATTEST = "/.mailgate/enroll", "/.mailgate/attest"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/shared.db"


@pytest.fixture
def gates(webmail: TestServer, tmp_path: Path, store: str) -> Iterator[Fleet]:
    many = {"enrolment": {"attempts": 100_000}}
    with fleet(tmp_path, str(webmail.make_url("")), store, **many) as running:
        yield running


@pytest.fixture
def phone() -> Phone:
    return Phone(mint.make_key(secrets.token_bytes(32), ""))


async def enrol(
    client: aiohttp.ClientSession, url: str, phone: Phone, token: str
) -> tuple[int, dict[str, Any]]:
    status, told, _ = await post(
        client, url + ENROLL, {"token": token}, {"DPoP": phone.proof(ENROLL, "POST")}
    )
    return status, told


async def report(client: aiohttp.ClientSession, url: str, phone: Phone, **said: Any) -> int:
    """Report, and keep the token that comes of it."""
    body = {"os": "android", "os_version": "15"} | said
    status, told, _ = await post(client, url + ATTEST, body, {"DPoP": phone.proof(ATTEST, "POST")})
    phone.token = told.get("device_attestation", "")
    return status


async def verdict(client: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> dict[str, Any]:
    async with client.get(f"{url}/.mailgate/status", headers=headers) as response:
        told: dict[str, Any] = await response.json()
        return told


async def test_a_device_enrols_reports_and_reads_mail(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, tmp_path: Path
) -> None:
    made = mailgate(tmp_path, "enroll", "token", "--user", "ada@example.com")
    status, told = await enrol(client, gates.url(0), phone, made["token"])
    assert (status, told["attest_url"], told["key_thumbprint"]) == (
        201,
        PUBLIC + ATTEST,
        phone.key.thumbprint(),
    )
    assert (await enrol(client, gates.url(1), phone, made["token"]))[0] == 200
    thief = Phone(mint.make_key(b"thief!!!" * 4, ""))
    status, refused = await enrol(client, gates.url(1), thief, made["token"])
    assert (status, refused["reason"]) == (403, "enrolment-used-up")

    assert await report(client, gates.url(1), phone) == 200
    path = "/.mailgate/status"
    found = await verdict(client, gates.url(0), phone.headers(path))
    assert (found["client"]["kind"], found["client"]["assurance"]) == ("phone", "attested")
    assert (found["verdict"]["reason"], found["devices"][0]["state"]) == ("posture-partial", "partial")
    assert found["devices"][0]["source"] == "enrolled"
    assert (await get(client, gates.url(0), phone.headers()))[:2] == (403, "posture-partial")
    desktop = phone.headers() | {"User-Agent": LAPTOP}
    assert (await get(client, gates.url(0), desktop))[0] == 403

    assert await report(client, gates.url(1), phone, listed_extensions=["TikTok", "private-matter"]) == 200
    assert (await get(client, gates.url(0), phone.headers()))[:2] == (403, "prohibited-app")

    assert await report(client, gates.url(1), phone, os="windows", form_factors=["Desktop"]) == 200
    assert (await get(client, gates.url(0), phone.headers() | {"User-Agent": LAPTOP}))[0] == 200
    (key,) = mailgate(tmp_path, "enroll", "list")["keys"]
    assert (key["owner"], key["token"]) == ("ada@example.com", made["name"])
    assert key["reported_at"]

    for gate in gates.gates:
        assert gate.stop() == 0
    kept = stored_bytes(tmp_path, "shared.db")
    logged = "\n".join(line for gate in gates.gates for line in gate.log)
    assert b"enrolled-" in kept
    for secret in (made["token"], "private-matter", phone.token):
        assert secret.encode() not in kept
        assert secret not in logged
    assert "ada@example.com" not in logged
    assert phone.key.thumbprint() not in logged


async def test_a_code_lets_one_device_in(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, tmp_path: Path
) -> None:
    code = mailgate(tmp_path, "enroll", "code")["token"]
    assert (await enrol(client, gates.url(), phone, code.lower().replace("-", "")))[0] == 201
    other = Phone(mint.make_key(secrets.token_bytes(32), ""))
    assert (await enrol(client, gates.url(), other, code))[0] == 403


async def test_a_lost_device_is_shut_out_at_every_gate(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, tmp_path: Path
) -> None:
    made = mailgate(tmp_path, "enroll", "token", "--uses", "2")
    _, told = await enrol(client, gates.url(0), phone, made["token"])
    assert await report(client, gates.url(0), phone, bearer=True) == 200
    bearer = {"User-Agent": IPHONE, "Device-Attestation": phone.token}

    async def accepted(at: int) -> list[bool]:
        path = "/.mailgate/status"
        proved = await verdict(client, gates.url(at), phone.headers(path))
        borne = await verdict(client, gates.url(at), bearer)
        return [each["client"]["assurance"] == "attested" for each in (proved, borne)]

    assert [await accepted(at) for at in (0, 1)] == [[True, True], [True, True]]
    assert mailgate(tmp_path, "enroll", "revoke", told["device_id"])["keys"] == [phone.key.thumbprint()]
    for at in (0, 1):
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while any(await accepted(at)):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        assert await report(client, gates.url(at), phone) == 403
        status, refused = await enrol(client, gates.url(at), phone, made["token"])
        assert (status, refused["reason"]) == (403, "key-revoked")
    async with client.get(f"{gates.admin()}/metrics") as response:
        assert 'mailgate_enrolments_total{result="key-revoked",what="attest"} 1.0' in await response.text()


async def test_no_good_token_is_refused_while_the_gates_own_key_is_renewed(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, tmp_path: Path, store: str
) -> None:
    made = mailgate(tmp_path, "enroll", "token")
    await enrol(client, gates.url(0), phone, made["token"])
    await report(client, gates.url(0), phone)
    first, seen, refused = kid_of(phone.token), set(), []
    renew(store)
    await asyncio.sleep(max(0, 58 - datetime.now(UTC).second))  # gates look for keys when a minute begins
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while len(seen) < 2:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.2)
        for at in (0, 1):
            assert await report(client, gates.url(at), phone) == 200
            token = phone.token
            for where in (0, 1):
                found = await verdict(client, gates.url(where), phone.headers("/.mailgate/status"))
                refused += [] if found["client"]["assurance"] == "attested" else [kid_of(token)]
            if kid_of(token) != first:
                seen.add(at)
    assert refused == []


async def test_others_can_verify_the_gates_tokens(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, tmp_path: Path
) -> None:
    made = mailgate(tmp_path, "enroll", "token")
    await enrol(client, gates.url(0), phone, made["token"])
    await report(client, gates.url(0), phone)
    async with client.get(f"{gates.url(1)}/.mailgate/jwks.json") as response:
        published = await response.json(content_type="application/jwk-set+json")
    assert kid_of(phone.token) in [key["kid"] for key in published["keys"]]
    assert all("d" not in key for key in published["keys"])
    claims = json.loads(urlsafe_b64decode(phone.token.split(".")[1] + "=="))
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == (PUBLIC, PUBLIC, 600)


def kid_of(token: str) -> str:
    return str(parse_compact(token).header["kid"])


def renew(store: str) -> None:
    """A new signing key, as if it had been made an hour ago: every gate may sign with it as soon as it has it."""
    row = {
        "purpose": "attest-signing",
        "number": 2,
        "secret": secrets.token_bytes(32),
        "made_at": datetime.now(UTC) - timedelta(hours=1),
    }
    engine = create_engine(store_url(store))
    with engine.begin() as connection:
        connection.execute(insert(keys).values(row))
    engine.dispose()


NEWEST = 'client.kind == "laptop" && {}!extension.browser_version.at_least("142.0.7444.134")'


@pytest.mark.parametrize("unknown_may_pass", [False, True])
async def test_a_computer_is_told_what_to_update_by_its_browsers_own_word(
    client: aiohttp.ClientSession,
    webmail: TestServer,
    phone: Phone,
    tmp_path: Path,
    store: str,
    unknown_may_pass: bool,
) -> None:
    known = 'extension.browser_version.at_least("0") && ' if unknown_may_pass else ""
    rules = [
        {"id": "current-browser", "when": NEWEST.format(known), "effect": "block"},
        {"id": "computers", "when": 'client.kind == "laptop"', "effect": "allow"},
    ]
    page = {
        "User-Agent": LAPTOP,
        "Accept": "text/html",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    with fleet(tmp_path, str(webmail.make_url("")), store, 1, {"rules": rules}) as gates:
        code = mailgate(tmp_path, "enroll", "code")["token"]
        await enrol(client, gates.url(), phone, code)

        async def opened(version: str | None) -> tuple[int, str, str]:
            extension = {} if version is None else {"extension_version": "0.1.0"}
            browser = {"name": "Google Chrome", "version": version or ""}
            told = {
                "os": "windows",
                "os_version": "11",
                "browser": browser,
                "form_factors": ["Desktop"],
            } | extension
            assert await report(client, gates.url(), phone, **told) == 200
            async with client.get(gates.url(), headers=phone.headers() | page) as response:
                return response.status, response.headers.get("X-Device-Reason", ""), await response.text()

        status, reason, text = await opened("142.0.7444.59")
        assert (status, reason) == (403, "update-required")
        assert "Update Google Chrome to version 142.0.7444.134 or newer." in text
        assert (await opened("142.0.7444.134"))[0] == 200
        assert (await opened("143"))[0] == 200
        unknown, without = await opened(""), await opened(None)
        async with client.get(gates.url(), headers=page) as nobody:
            found = [
                (unknown[0], unknown[1]),
                without[:2],
                (nobody.status, nobody.headers.get("X-Device-Reason", "")),
            ]
        passes, required = (200, ""), (403, "extension-required")
        assert found == ([passes] * 3 if unknown_may_pass else [(403, "version-unknown"), required, required])

        await opened("142.0.7444.59")
        asked = {"User-Agent": LAPTOP, "Accept": "application/json"}
        told = await verdict(client, gates.url(), phone.headers("/.mailgate/status") | asked)
        update = {"of": "browser", "name": "Google Chrome", "version": "142.0.7444.134"}
        assert told["verdict"]["update"] == update
        async with client.get(gates.url(), headers=phone.headers() | asked) as response:
            reference = (await response.json(content_type=None))["reference"]
        assert gates.gates[0].stop() == 0
        written = tmp_path / "gate-0" / "mailgate.yaml"
        shown = " ".join(commands.output_of(written, "explain", "--reference", reference).split())
        assert 'extension.browser_version = "142.0.7444.59" (the browser\'s own word)' in shown
        assert (
            "if the browser says, by its own word, that extension.browser_version is 142.0.7444.134" in shown
        )
