"""Computers of a company, told apart by their names: what is revoked stays revoked, at every gate and on both databases."""

import asyncio
import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import commands
from tests.integration.conftest import LAPTOP
from tests.integration.fleet import Fleet, Phone, fleet, mailgate, post
from tests.integration.test_enrolment import ATTEST, ENROLL
from tests.integration.test_replay import store as store
from tests.servers import patiently

from mailgate.attest import mint

ADA = "ada@example.com"
NAMES = f"machine,owner\nLT-1,{ADA}\nLT-2,\nLT-3,{ADA}\n"


@pytest.fixture
def gates(webmail: TestServer, tmp_path: Path, store: str) -> Iterator[Fleet]:
    (tmp_path / "fleet.secret").write_text(secrets.token_urlsafe(32))
    told = {"fleet_secret": {"file": str(tmp_path / "fleet.secret")}, "keys_a_machine": 3}
    upstream = str(webmail.make_url(""))
    with fleet(tmp_path, upstream, store, extension=told, trusted_proxies=["127.0.0.1/32"]) as running:
        yield running


@pytest.fixture
def tokens(gates: Fleet, tmp_path: Path) -> dict[str, str]:
    """The token of each computer of the inventory."""
    inventory, config = tmp_path / "inventory.csv", tmp_path / "gate-0" / "mailgate.yaml"
    inventory.write_text(NAMES)
    asked = ("extension", "tokens", "--inventory", str(inventory), "--format", "json")
    return {row["machine"]: row["token"] for row in json.loads(commands.output_of(config, *asked))}


def browser() -> Phone:
    """A profile of a browser, which has a key of its own."""
    return Phone(mint.make_key(secrets.token_bytes(32), ""))


class Office:
    """Browsers behind one address, each asking a gate in turn."""

    def __init__(self, client: aiohttp.ClientSession, gates: Fleet) -> None:
        self.client, self.gates = client, gates

    async def _post(self, at: int, path: str, profile: Phone, body: object, **fields: str) -> tuple[int, Any]:
        proof = {"DPoP": profile.proof(path, "POST"), "User-Agent": LAPTOP} | fields
        status, told, _ = await post(self.client, self.gates.url(at) + path, body, proof)
        return status, told

    async def enrol(self, profile: Phone, token: str, machine: str = "", owner: str = "", at: int = 0) -> str:
        """``enrolled``, or why not."""
        body = {"token": token} | ({"machine": machine, "owner": owner} if machine else {})
        status, told = await self._post(at, ENROLL, profile, body)
        return "enrolled" if status in (200, 201) else str(told["reason"])

    async def report(self, profile: Phone, at: int = 0) -> str:
        status, told = await self._post(at, ATTEST, profile, {"os": "linux", "form_factors": ["Desktop"]})
        profile.token = told.get("device_attestation", profile.token)
        return "reported" if status == 200 else str(told["reason"])

    async def mail(self, profile: Phone, at: int = 0, **fields: str) -> int:
        headers = profile.headers() | {"User-Agent": LAPTOP} | fields
        async with self.client.get(self.gates.url(at) + "/", headers=headers) as response:
            return response.status


@pytest.fixture
def office(client: aiohttp.ClientSession, gates: Fleet) -> Office:
    return Office(client, gates)


async def until(office: Office, profile: Phone, said: str) -> None:
    """Wait until both gates say so of a report."""
    for _ in patiently():
        if {await office.report(profile, at) for at in (0, 1)} == {said}:
            return
        await asyncio.sleep(0.2)  # the reports of one key are limited
    raise AssertionError(f"a report was never {said} at both gates")


async def test_a_revoked_computer_stays_revoked_in_every_profile(
    office: Office, gates: Fleet, tokens: dict[str, str], tmp_path: Path
) -> None:
    profiles = [browser(), browser(), browser()]
    for at, profile in enumerate(profiles):
        assert await office.enrol(profile, tokens["LT-1"], "LT-1", ADA, at % 2) == "enrolled"
        assert await office.report(profile, at % 2) == "reported"
    assert await office.enrol(browser(), tokens["LT-1"], "LT-1", ADA, 1) == "machine-keys-full"
    keys = {profile.key.thumbprint() for profile in profiles}
    told = mailgate(tmp_path, "enroll", "list")["keys"]
    assert {(each["machine"], each["proven"], each["owner"]) for each in told} == {("LT-1", True, ADA)}

    assert set(mailgate(tmp_path, "enroll", "revoke", "--machine", "lt-1")["keys"]) == keys
    for profile in profiles:
        await until(office, profile, "key-revoked")
        assert await office.enrol(profile, tokens["LT-1"], "LT-1", ADA) == "key-revoked"
    # forgotten keys and new profiles, with every token that there is
    common = mailgate(tmp_path, "enroll", "token", "--uses", "9")["token"]
    code = mailgate(tmp_path, "enroll", "code", "--user", "bo")["token"]
    for token, owner in ((tokens["LT-1"], ADA), (common, ""), (code, "bo")):
        assert await office.enrol(browser(), token, "LT-1", owner, 1) == "enrolment-revoked"
    assert await office.enrol(browser(), code, "LT-2") == "enrolled"
    async with office.client.get(f"{gates.admin(1)}/metrics") as response:
        assert 'result="enrolment-revoked",what="enroll"} 3.0' in await response.text()

    mailgate(tmp_path, "enroll", "allow", "--machine", "LT-1")
    fresh = browser()
    assert await office.enrol(fresh, tokens["LT-1"], "LT-1", ADA) == "enrolled"
    assert await office.report(fresh, 1) == "reported"
    assert await office.report(profiles[0]) == "key-revoked"
    for gate in gates.gates:
        assert gate.stop() == 0
    logged = "\n".join(line for gate in gates.gates for line in gate.log)
    assert "enrolment-refused" in logged
    assert not any(name in logged for name in ("LT-1", ADA, tokens["LT-1"], common))


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_revoked_person_enrols_with_no_code_and_on_no_computer(
    office: Office, tokens: dict[str, str], tmp_path: Path
) -> None:
    one, two = browser(), browser()
    assert await office.enrol(one, tokens["LT-1"], "LT-1", ADA) == "enrolled"
    assert (
        await office.enrol(two, mailgate(tmp_path, "enroll", "code", "--user", ADA.title())["token"])
        == "enrolled"
    )
    assert len(mailgate(tmp_path, "enroll", "revoke", "--person", ADA.upper())["keys"]) == 2
    for profile in (one, two):
        await until(office, profile, "key-revoked")
    code = mailgate(tmp_path, "enroll", "code", "--user", ADA)["token"]
    assert await office.enrol(browser(), code) == "enrolment-revoked"
    assert await office.enrol(browser(), tokens["LT-3"], "LT-3", ADA) == "enrolment-revoked"
    common = mailgate(tmp_path, "enroll", "token")["token"]
    assert await office.enrol(browser(), common, "LT-9", ADA) == "enrolment-revoked"
    assert await office.enrol(browser(), common, "LT-9", "bo") == "enrolled"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_the_tokens_of_a_replaced_secret_end_by_themselves(
    office: Office, gates: Fleet, tokens: dict[str, str], tmp_path: Path
) -> None:
    assert await office.enrol(browser(), tokens["LT-1"], "LT-1", ADA) == "enrolled"
    (tmp_path / "fleet.secret").write_text(secrets.token_urlsafe(32))
    for at, _ in enumerate(gates.gates):
        profile = browser()
        for _ in patiently():
            if (said := await office.enrol(profile, tokens["LT-2"], "LT-2", at=at)) != "enrolled":
                break
            await asyncio.sleep(0.1)
        assert said == "enrolment-unknown"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_who_logs_in_is_the_owner_where_the_token_names_nobody(
    office: Office, tokens: dict[str, str], tmp_path: Path
) -> None:
    profile = browser()
    assert await office.enrol(profile, tokens["LT-2"], "LT-2") == "enrolled"
    for person in ("bo", "cy"):
        await office.report(profile)
        assert await office.mail(profile, **{"X-Forwarded-User": person}) == 200
        await office.report(profile)
        (key,) = mailgate(tmp_path, "enroll", "list")["keys"]
        assert key["owner"] == person
        claims = json.loads(urlsafe_b64decode(profile.token.split(".")[1] + "=="))
        assert claims["user"] == person


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_thousand_browsers_behind_one_address_wait_for_no_old_token(
    office: Office, tmp_path: Path
) -> None:
    """Half of them still have the token of last year, which is used up."""
    old = mailgate(tmp_path, "enroll", "token")["token"]
    new = mailgate(tmp_path, "enroll", "token", "--uses", "500")["token"]
    assert await office.enrol(browser(), old) == "enrolled"
    seen: list[tuple[str, str]] = []
    for number in range(500):
        for token in (old, new):
            said = await office.enrol(browser(), token)
            seen.append((token, said))
        assert seen[-1] == (new, "enrolled"), number
    refused = [said for token, said in seen if token == old]
    assert refused == ["enrolment-used-up"] * 20 + ["too-many-requests"] * 480
