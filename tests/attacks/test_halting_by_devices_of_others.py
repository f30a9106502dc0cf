"""Who knows the ids of other people's phones halts no rule with them: a halt gives mail to everybody whom the rule keeps out.

Phones that only say who they are count by the login that the webmail has accepted from them before.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.conftest import Guard, Guarded
from tests.integration.conftest import client as client
from tests.integration.conftest import guard as guard
from tests.integration.gate import PHONE_RULES
from tests.servers import patiently

PHONES = [f"person{number}" for number in range(6)]
OWN = PHONES[:2]
"""Those that sync by themselves. Of the others, somebody knows the id."""
PROHIBITED = PHONE_RULES["rules"][1] | {"halt_when": {"block_rate": "10%", "at_least": 3}}
RULES = {"rules": [PROHIBITED if each["id"] == PROHIBITED["id"] else each for each in PHONE_RULES["rules"]]}
KEY = {"X-API-Key": "a key of the source"}


@pytest.fixture
async def webmail() -> AsyncIterator[TestServer]:
    """A webmail that asks for the password ``right``."""

    async def answer(request: web.Request) -> web.Response:
        sent = request.headers.get("Authorization", "")
        is_right = any(sent == f"Basic {_login(person, 'right')}" for person in [*PHONES, "mallory"])
        return web.Response(status=200 if is_right else 401, headers={"WWW-Authenticate": 'Basic realm="m"'})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield server


def _login(person: str, password: str) -> str:
    return b64encode(f"{person}:{password}".encode()).decode()


async def report(client: aiohttp.ClientSession, gate: Guarded, *apps: str) -> None:
    """The source reports every phone with these apps."""
    seen = {"kind": "phone", "os": "ios", "apps": apps, "apps_complete": True}
    seen["reported_at"] = datetime.now(UTC).isoformat()
    lines = [
        json.dumps(seen | {"id": each, "owner": each, "eas_ids": [f"EAS{each}"]}, default=list)
        for each in PHONES
    ]
    url = f"{gate.admin}/api/devices/hr"
    async with client.post(url, headers=KEY, data="\n".join(lines)) as answer:
        assert answer.status == 200, await answer.text()


async def sync(client: aiohttp.ClientSession, gate: Guarded, phone: str, person: str, password: str) -> str:
    """What the gate says of a Sync of somebody who names this phone: the reason, or nothing if the webmail answered."""
    url = (
        f"{gate.url}/Microsoft-Server-ActiveSync?Cmd=Sync&User={person}&DeviceId=EAS{phone}&DeviceType=iPhone"
    )
    headers = {
        "Authorization": f"Basic {_login(person, password)}",
        "Content-Type": "application/vnd.ms-sync.wbxml",
        "User-Agent": "Apple-iPhone14C2/2105.80",
    }
    async with client.post(url, headers=headers) as answer:
        return answer.headers.get("X-Device-Reason", "")


async def off(client: aiohttp.ClientSession, gate: Guarded) -> list[str]:
    async with client.get(f"{gate.admin}/readyz") as answer:
        told: list[str] = (await answer.json())["rules"]["off"]
        return told


async def test_only_logins_that_the_webmail_accepted_halt_a_rule(
    guard: Guard, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HR_KEY", KEY["X-API-Key"])
    gate = guard(RULES, connectors={"hr": {"type": "post", "api_key": {"env": "HR_KEY"}}})
    await report(client, gate)
    await sync(client, gate, PHONES[0], "mallory", "right")
    await sync(
        client, gate, PHONES[0], "mallory", "mistyped"
    )  # only who refuses somebody has accepted anybody
    for person in OWN:
        assert await sync(client, gate, person, person, "right") == "", "a clean phone gets mail"
    await report(client, gate, "tiktok")
    for person in PHONES:
        assert await sync(client, gate, person, person, "false")
        assert await sync(client, gate, person, "mallory", "right")
    for person in OWN:
        assert await sync(client, gate, person, person, "right"), "a phone with a prohibited app gets none"
    for _ in patiently():
        if found := await off(client, gate):
            break
        await asyncio.sleep(0.1)
    (told,) = found
    # two people and Mallory, who is one however many phones are named
    assert told.endswith("3 of 3 people were refused within 1h; the limit is 10%")


async def test_a_webmail_that_answers_everybody_has_accepted_no_login(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    """One script for every address shows its login page, whoever asks with whatever password. Who has no account makes up
    names: as a computer to be let in, and then as a phone to be kept out."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="<form>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    limit = {"halt_when": {"block_rate": "10%", "at_least": 3}}
    rules = [each | limit if each["id"] == "unproven-handheld" else each for each in PHONE_RULES["rules"]]
    async with TestServer(app) as webmail:
        gate = guard({"rules": rules}, upstream=str(webmail.make_url("")))
        agents = {"WindowsOutlook15": "Outlook/16.0 (16.0.1; x64)", "iPhone": "Apple-iPhone14C2/2105.80"}
        for number in range(8):
            for kind, agent in agents.items():
                url = f"{gate.url}/Microsoft-Server-ActiveSync?Cmd=Sync&User=x&DeviceId=X{number}&DeviceType={kind}"
                headers = {"Authorization": f"Basic {_login(f'nobody{number}', 'x')}", "User-Agent": agent}
                async with client.post(url, headers=headers) as answered:
                    assert answered.status == (200 if kind == "WindowsOutlook15" else 403)
        for _ in range(20):  # a rule is halted within a second
            assert await off(client, gate) == []
            await asyncio.sleep(0.2)
