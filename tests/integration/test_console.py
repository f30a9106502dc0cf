"""The console of a real gate: at the admin port alone, in the first of its workers, and gone when the gate ends."""

import asyncio
import json
import re
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import pytest
from tests.admins import admins, token
from tests.integration.conftest import IPHONE, LAPTOP, Guard, Guarded
from tests.integration.gate import PAUSES, PHONE_RULES
from tests.integration.test_reload import until
from tests.servers import PATIENCE, patiently

WHO = admins(ada="operator")
REFRESHED = PAUSES["mailgate.console.now.traffic.POLL_SECONDS"]

STAFF = admins(ada="operator", lin="approver")
NO_LAPTOPS = {"id": "no-laptops", "when": 'client.kind == "laptop"', "effect": "block"}


async def logged_in(guarded: Guarded, who: str = "ada") -> aiohttp.ClientSession:
    name, _, secret = token(who).partition(":")
    session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    async with session.post(
        f"{guarded.admin}/console/login", data={"name": name, "secret": secret}
    ) as answer:
        assert (answer.status, answer.url.path) == (200, "/console/")
    return session


async def text(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(address) as answer:
        return await answer.text()


async def becomes(
    session: aiohttp.ClientSession, address: str, wanted: str, seconds: float = PATIENCE
) -> str:
    """Ask until a page has this: what it shows is written and read in turns. The page."""
    shown = ""
    for _ in patiently(seconds):
        shown = await text(session, address)
        if re.search(wanted, shown):
            return shown
        await asyncio.sleep(0.25)
    raise AssertionError(shown)


def kept_out(page: str) -> int:
    found = re.search(r"The last 60 minutes: (\d+) refused", page)
    return int(found[1]) if found else 0


async def test_nothing_of_it_is_at_the_public_port(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard({"rules": [{"id": "everyone", "when": "true", "effect": "allow"}]}, admins=WHO)
    for path in ("/console/", "/console/login", "/console/assets/console.css"):
        assert await text(client, guarded.url + path) == f"mail for GET {path}\n"
    async with client.post(guarded.url + "/console/login", data={"name": "ada"}) as answer:
        assert await answer.text() == "mail for POST /console/login\n"


@pytest.mark.parametrize("workers", [1, 2])
async def test_decisions_of_every_worker_are_shown_within_seconds(
    guard: Guard, client: aiohttp.ClientSession, workers: int
) -> None:
    settings: dict[str, Any] = {"admins": WHO, "workers": workers}
    guarded = guard(PHONE_RULES, **settings)
    session = await logged_in(guarded)
    async with session:
        await becomes(session, f"{guarded.admin}/console/", f"{workers} of {workers}")
        for _ in patiently():  # what a worker is asked before its first reading counts as of long ago
            before = kept_out(await text(session, f"{guarded.admin}/console/"))
            for _ in range(8):
                async with client.get(
                    f"{guarded.url}/mail", headers={"User-Agent": IPHONE, "Connection": "close"}
                ) as answer:
                    assert answer.status == 403
            with suppress(AssertionError):
                told = f"The last 60 minutes: {before + 8} refused."
                await becomes(session, f"{guarded.admin}/console/", told, 4 * REFRESHED)
                break
        else:
            raise AssertionError(await text(session, f"{guarded.admin}/console/"))
        sightings = f"{guarded.admin}/console/sightings?rule=unproven-handheld"
        await becomes(session, sightings, "It is not known which apps are on this device")


async def test_an_open_page_does_not_hold_up_the_end_of_the_gate(guard: Guard) -> None:
    guarded = guard(PHONE_RULES, admins=WHO)
    session = await logged_in(guarded)
    async with session, session.get(f"{guarded.admin}/console/now/stream") as answer:
        assert answer.status == 200
        assert guarded.gate.stop() == 0


async def form(session: aiohttp.ClientSession, address: str, **fields: str) -> str:
    """Send a form as somebody who is logged in; the page that it leads to."""
    console = address.partition("/console/")[0] + "/console/policy"
    found = re.search(r'name="csrf" value="([^"]+)"', await text(session, console))
    assert found
    async with session.post(address, data={"csrf": found[1]} | fields) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def laptop_gets(client: aiohttp.ClientSession, guarded: Guarded) -> int:
    """The status of a page of mail."""
    async with client.get(f"{guarded.url}/mail", headers={"User-Agent": LAPTOP}) as answer:
        return answer.status


async def test_a_change_by_two_admins_takes_effect_at_the_public_port(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    """Plan, approve, put in force, take back: each is seen by an employee within a second or two."""
    guarded = guard(PHONE_RULES, admins=STAFF, guard={"max_newly_blocked": 0})
    ada, lin = await logged_in(guarded), await logged_in(guarded, "lin")
    async with ada, lin:
        assert await laptop_gets(client, guarded) == 200
        # until the sighting of it counts in a plan
        await becomes(ada, f"{guarded.admin}/console/sightings?rule=laptop-browser", "laptop-browser</a>")
        plans = f"{guarded.admin}/console/policy/plans"
        changed = {"rules": [NO_LAPTOPS, *PHONE_RULES["rules"]]}
        await form(ada, plans, days="14", **{"from": "upload", "file": json.dumps(changed)})
        ready = r'is ready: <a href="/console/policy/plans/([0-9a-f]+)"'
        (digest,) = re.findall(ready, await becomes(ada, plans, ready))
        plan = f"{plans}/{digest}"
        assert "would or might lose mail" in await text(ada, plan)
        assert await laptop_gets(client, guarded) == 200
        await form(lin, f"{plan}/approve", confirmed="yes", note="agreed")
        assert await laptop_gets(client, guarded) == 200
        await form(ada, f"{plan}/apply", confirmed="yes", note="no laptops")
        assert await until(partial(laptop_gets, client, guarded), 403) == 403
        page = await form(lin, f"{guarded.admin}/console/policy/rollback", to="1")
        assert "Roll back to version 1?" in page
        assert await laptop_gets(client, guarded) == 403
        await form(
            lin, f"{guarded.admin}/console/policy/rollback", to="1", confirmed="yes", note="sent in error"
        )
        assert await until(partial(laptop_gets, client, guarded), 200) == 200
        log = await text(ada, f"{guarded.admin}/console/audit")
        order = [
            log.index(what)
            for what in ("policy-rolled-back", "policy-activated", "policy-approved", "policy-planned")
        ]
        assert order == sorted(order)
