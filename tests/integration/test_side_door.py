"""What a mail server gets at the admin port of a running gate."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from tests.integration.conftest import Guard, Guarded, guarded
from tests.integration.gate import PHONE_RULES

KEY = {"X-API-Key": "the key of these tests"}
IPHONE_MAIL = '"name" "iPhone Mail" "os" "iOS"'
THUNDERBIRD = '"name" "Thunderbird" "version" "140.5.0"'


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One for all tests: only ada has reported a device, in the first."""
    folder = tmp_path_factory.mktemp("door")
    (folder / "dovecot.key").write_text(KEY["X-API-Key"])
    known = {"dovecot": {"api_key": {"file": "dovecot.key"}}}
    with guarded(folder, "http://127.0.0.1:9", PHONE_RULES, **known) as one:
        yield one


async def ask(client: aiohttp.ClientSession, door: Guarded, imap_id: str, login: str = "ada") -> Any:
    asked = {"login": login, "remote": "192.0.2.1", "protocol": "imap", "device_id": imap_id}
    url = f"{door.admin}/dovecot/policy?command=allow"
    async with client.post(url, json=asked, headers=KEY) as response:
        assert response.status == 200
        return await response.json()


async def report(client: aiohttp.ClientSession, door: Guarded, **device: Any) -> None:
    async with client.get(door.url, headers=door.report(**device)) as response:
        await response.read()


async def test_a_login_follows_the_reports_that_come_in_at_the_public_port(
    client: aiohttp.ClientSession, door: Guarded
) -> None:
    assert (await ask(client, door, IPHONE_MAIL))["status"] == -1
    await report(client, door, user="Ada", apps=("tiktok",))
    refused = await ask(client, door, IPHONE_MAIL)
    assert refused["status"] == -1
    assert "TikTok" in refused["msg"]
    assert await ask(client, door, THUNDERBIRD) == {"status": 0, "msg": ""}
    await report(client, door, user="Ada")
    assert await ask(client, door, IPHONE_MAIL) == {"status": 0, "msg": ""}
    assert (await ask(client, door, IPHONE_MAIL, "bob"))["status"] == -1


@pytest.mark.parametrize(
    ("query", "headers", "body", "status"),
    [
        ("?command=allow", {}, b"{}", 401),
        ("?command=allow", {"X-API-Key": "another"}, b"{}", 401),
        ("?command=allow", KEY, b"{}", 400),
        ("?command=allow", KEY, b"x" * 2_000_000, 413),
        ("?command=report", KEY, b"{}", 200),
        ("", KEY, b"{}", 400),
    ],
)
async def test_a_wrong_login_question_gets_no_verdict(
    client: aiohttp.ClientSession,
    door: Guarded,
    query: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
) -> None:
    async with client.post(
        f"{door.admin}/dovecot/policy{query}", data=BytesIO(body), headers=headers
    ) as response:
        assert response.status == status


@pytest.mark.parametrize(
    "odd",
    [
        {"login": "\ud800"},
        {"login": "a\0b", "remote": "\0"},
        {"login": "Zoë@müller.example"},
        {"login": "x" * 50_000},
        {"remote": "no address"},
        {"remote": None, "device_id": None, "client_id": None},
        {"device_id": "\ud800 (" * 1000},
        {"device_id": '"name" "' + "\\\\" * 10_000},
        {"protocol": "IMAP", "tls": {"ja4": [1]}, "pwhash": 7},
    ],
)
async def test_an_odd_question_gets_a_verdict_like_any_other(
    client: aiohttp.ClientSession, door: Guarded, odd: dict[str, Any]
) -> None:
    body = json.dumps({"login": "eve", "protocol": "imap"} | odd).encode()
    async with client.post(f"{door.admin}/dovecot/policy?command=allow", data=body, headers=KEY) as response:
        assert response.status == 200
        assert (await response.json())["status"] == -1


async def test_login_questions_need_the_setting_and_the_admin_port(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    door = guard(PHONE_RULES)
    async with client.post(f"{door.admin}/dovecot/policy?command=allow", json={}, headers=KEY) as response:
        assert response.status == 404
    async with client.post(f"{door.url}/dovecot/policy?command=allow", json={}, headers=KEY) as response:
        assert response.status == 403
