"""A proof counts once at all gates on one store, whichever store that is, and whatever happens to it."""

import asyncio
import re
import shutil
import sqlite3
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from tests.integration.fleet import Fleet, Phone, fleet, get, signed_for
from tests.integration.gate import wait_for
from tests.servers import PATIENCE

from mailgate.attest import mint

MDM = "https://mdm.example.com"
ISSUER_KEY = mint.make_key(b"issuer" * 8, "issuer-1")


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shared.db"
        return
    address = request.getfixturevalue("postgres")
    with psycopg.connect(address.format("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE replay")
        yield address.format("replay")
        server.execute("DROP DATABASE replay WITH (FORCE)")


@pytest.fixture
def phone() -> Phone:
    made = Phone(mint.make_key(b"device" * 8, ""))
    made.token = signed_for(made, MDM, ISSUER_KEY)
    return made


def believing(tmp_path: Path, **attestation: Any) -> dict[str, Any]:
    jwks = tmp_path / "mdm.jwks.json"
    jwks.write_text(mint.jwks(ISSUER_KEY))
    return {"attestation": {"issuers": [{"issuer": MDM, "jwks": str(jwks)}], **attestation}}


async def test_a_proof_that_one_gate_took_is_refused_at_the_second(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, store: str, phone: Phone
) -> None:
    with fleet(tmp_path, str(webmail.make_url("")), store, **believing(tmp_path)) as gates:
        headers = phone.headers()
        assert (await get(client, gates.url(0), headers))[0] == 200
        for at in (1, 0, 1):
            status, reason, _ = await get(client, gates.url(at), headers)
            assert (status, reason) == (403, "posture-missing")
        async with client.get(f"{gates.admin(1)}/metrics") as response:
            assert 'mailgate_attestations_total{result="proof-replayed"} 2.0' in await response.text()
        for at in (1, 0):
            assert (await get(client, gates.url(at), phone.headers()))[0] == 200


def know_each_other(gates: Fleet) -> bool:
    """Whether both have heard of two gates: one that knows no other gives out nonces of its own."""
    told = [urlopen(f"{gates.admin(at)}/metrics").read().decode() for at in (0, 1)]
    counted = [re.findall(r"^mailgate_gates\{.*\} (\S+)$", each, re.MULTILINE) for each in told]
    return all(sum(map(float, each)) == 2 for each in counted)


async def test_a_device_that_moves_between_gates_needs_one_more_nonce(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, phone: Phone
) -> None:
    settings, store = believing(tmp_path, nonces="require"), f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, **settings) as gates:
        await asyncio.to_thread(wait_for, lambda: know_each_other(gates))
        asked = []
        for at in (0, 1, 0, 1, 0, 1):
            status, reason, headers = await get(client, gates.url(at), phone.headers())
            while status == 401:
                asked.append((at, reason))
                assert headers["WWW-Authenticate"] == 'DPoP error="use_dpop_nonce"'
                phone.nonce = headers["DPoP-Nonce"]
                status, reason, headers = await get(client, gates.url(at), phone.headers())
            assert status == 200
        assert asked == [(0, "proof-nonce-missing"), (1, "proof-nonce-wrong")]
        for at in (0, 1):
            replayed = phone.headers()
            assert (await get(client, gates.url(at), replayed))[0] == 200
            assert (await get(client, gates.url(1 - at), replayed))[0] == 403


async def test_without_the_store_only_the_own_nonces_count(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, phone: Phone
) -> None:
    store = f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, **believing(tmp_path)) as gates:
        for at in (0, 1):
            status, _, headers = await get(client, gates.url(at), phone.headers(nonce=""))
            assert (status, len(headers["DPoP-Nonce"])) == (200, 38)
        for file in tmp_path.glob("shared.db*"):
            if file.is_file():
                file.unlink()
        shutil.rmtree(tmp_path / "shared.db.spool", ignore_errors=True)
        status, reason, headers = await get(client, gates.url(0), phone.headers(nonce=""))
        assert (status, reason) == (401, "proof-store-unavailable")
        phone.nonce = headers["DPoP-Nonce"]
        taken = phone.headers()
        assert (await get(client, gates.url(0), taken))[0] == 200
        assert (await get(client, gates.url(0), taken))[:2] == (403, "posture-missing")
        assert (await get(client, gates.url(1), taken))[:2] == (401, "proof-nonce-wrong")


async def test_a_restarted_gate_remembers_what_it_took(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, phone: Phone
) -> None:
    store, settings = f"sqlite:///{tmp_path}/shared.db", believing(tmp_path)
    headers = phone.headers()
    with fleet(tmp_path, str(webmail.make_url("")), store, size=1, **settings) as gates:
        assert (await get(client, gates.url(), headers))[0] == 200
    again = tmp_path / "again"
    again.mkdir()
    with fleet(again, str(webmail.make_url("")), store, size=1, **settings) as gates:
        assert (await get(client, gates.url(), headers))[0] == 403


def bound(nonce: str) -> bool:
    """Whether a nonce is one process's alone."""
    return urlsafe_b64decode(nonce + "==")[4:12] != bytes(8)


async def nonce_that_is(
    client: aiohttp.ClientSession, gates: Fleet, phone: Phone, *, of_the_process: bool
) -> str:
    """The nonce that the first gate hands out once it knows who else is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            status, _, headers = await get(client, gates.url(), phone.headers(nonce=""))
            assert status == 200
            if bound(headers["DPoP-Nonce"]) is of_the_process:
                return headers["DPoP-Nonce"]
            await asyncio.sleep(0.1)


async def test_a_lone_gate_hands_out_its_own_nonces(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, phone: Phone
) -> None:
    store, settings = f"sqlite:///{tmp_path}/shared.db", believing(tmp_path)

    def rows() -> int:
        with closing(sqlite3.connect(tmp_path / "shared.db")) as database:
            return int(database.execute("SELECT count(*) FROM spent_proofs").fetchone()[0])

    with fleet(tmp_path, str(webmail.make_url("")), store, size=1, **settings) as gates:
        phone.nonce = await nonce_that_is(client, gates, phone, of_the_process=True)
        before, taken = rows(), phone.headers()
        assert (await get(client, gates.url(), taken))[0] == 200
        assert (await get(client, gates.url(), taken))[:2] == (403, "posture-missing")
        assert rows() == before
        again = tmp_path / "again"
        again.mkdir()
        with fleet(again, str(webmail.make_url("")), store, size=1, **settings) as others:
            assert (await get(client, others.url(), taken))[:2] == (401, "proof-nonce-wrong")
            phone.nonce = await nonce_that_is(client, gates, phone, of_the_process=False)
            taken = phone.headers()
            assert (await get(client, others.url(), taken))[0] == 200
            assert (await get(client, gates.url(), taken))[0] == 403


async def test_workers_of_one_gate_hand_out_nonces_that_are_good_at_each(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, phone: Phone
) -> None:
    settings = believing(tmp_path) | {"workers": 2}
    with fleet(
        tmp_path, str(webmail.make_url("")), f"sqlite:///{tmp_path}/shared.db", size=1, **settings
    ) as gates:
        end = asyncio.get_running_loop().time() + 6  # longer than they need to hear of each other
        while asyncio.get_running_loop().time() < end:
            status, _, headers = await get(client, gates.url(), phone.headers() | {"Connection": "close"})
            assert status == 200
            assert not bound(headers.get("DPoP-Nonce", phone.nonce))
            phone.nonce = headers.get("DPoP-Nonce", phone.nonce)
            await asyncio.sleep(0.05)
