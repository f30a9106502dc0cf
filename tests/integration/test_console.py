"""The console of a real gate: at the admin port alone, in the first of its workers, and gone when the gate ends."""

import asyncio
from typing import Any

import aiohttp
import pytest
from tests.admins import admins, token
from tests.integration.conftest import IPHONE, Guard, Guarded
from tests.integration.gate import PHONE_RULES

from mailgate.console.pulse import LOOK

WHO = admins(ada="operator")


async def logged_in(guarded: Guarded) -> aiohttp.ClientSession:
    name, _, secret = token("ada").partition(":")
    session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    async with session.post(
        f"{guarded.admin}/console/login", data={"name": name, "secret": secret}
    ) as answer:
        assert (answer.status, answer.url.path) == (200, "/console/")
    return session


async def text(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(address) as answer:
        return await answer.text()


async def test_nothing_of_it_is_at_the_public_port(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard({"rules": [{"id": "everyone", "when": "true", "effect": "allow"}]}, admins=WHO)
    for path in ("/console/", "/console/login", "/console/assets/console.css"):
        assert await text(client, guarded.url + path) == f"mail for GET {path}\n"
    async with client.post(guarded.url + "/console/login", data={"name": "ada"}) as answer:
        assert await answer.text() == "mail for POST /console/login\n"


@pytest.mark.parametrize("workers", [1, 2])
async def test_what_every_worker_decides_is_shown_within_seconds(
    guard: Guard, client: aiohttp.ClientSession, workers: int
) -> None:
    settings: dict[str, Any] = {"admins": WHO, "workers": workers}
    guarded = guard(PHONE_RULES, **settings)
    session = await logged_in(guarded)
    async with session:
        if workers > 1:
            await asyncio.sleep(LOOK + 1)  # the other may not have answered at the first look
        for _ in range(8):
            async with client.get(
                f"{guarded.url}/mail", headers={"User-Agent": IPHONE, "Connection": "close"}
            ) as answer:
                assert answer.status == 403
        shown = ""
        for _ in range(60):
            shown = await text(session, f"{guarded.admin}/console/")
            if "The last 60 minutes: 8 block." in shown:
                break
            await asyncio.sleep(0.25)
        assert "The last 60 minutes: 8 block." in shown
        assert f"{workers} of {workers}" in shown
        sightings = await text(session, f"{guarded.admin}/console/sightings?rule=unproven-handheld")
        assert "posture-missing" in sightings


async def test_an_open_page_does_not_hold_up_the_end_of_the_gate(guard: Guard) -> None:
    guarded = guard(PHONE_RULES, admins=WHO)
    session = await logged_in(guarded)
    async with session, session.get(f"{guarded.admin}/console/now/stream") as answer:
        assert answer.status == 200
        assert guarded.gate.stop() == 0
