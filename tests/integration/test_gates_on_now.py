"""Two gates on one store: the console of one shows both, each with the rules that it decides by, and says which is gone."""

import asyncio
import json
import re

import aiohttp
import psycopg
import pytest
from tests.admins import admins
from tests.admins import token as secret_of
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES
from tests.integration.test_console import logged_in, text
from tests.integration.test_retract import WITHOUT_LAPTOPS
from tests.integration.test_versions import command
from tests.integration.test_versions import url as url
from tests.servers import patiently

WHO = admins(ada="operator")


async def shown(session: aiohttp.ClientSession, one: Guarded) -> dict[str, tuple[str, str]]:
    """The gates on the page, by their addresses: how each fares, and by which version it decides."""
    page = await text(session, f"{one.admin}/console/")
    part = page.partition('id="gates"')[2].partition('id="devices"')[0]
    rows = re.findall(
        r'soft">(http[^<]+)</span>.*?<span class="badge \w+">.*?</svg>(\w+)</span>.*?version (\d+)</a>',
        part,
        re.DOTALL,
    )
    return {address: (state, version) for address, state, version in rows}


async def becomes(session: aiohttp.ClientSession, one: Guarded, wanted: dict[str, tuple[str, str]]) -> None:
    found: dict[str, tuple[str, str]] = {}
    for _ in patiently():
        found = await shown(session, one)
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    assert found == wanted


async def gate_states(client: aiohttp.ClientSession, one: Guarded) -> dict[str, int]:
    async with client.get(f"{one.admin}/readyz") as answer:
        counted: dict[str, int] = (await answer.json())["gates"]
        return {state: count for state, count in counted.items() if count}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_every_gate_is_shown_as_it_takes_rules_and_leaves(
    guard: Guard, client: aiohttp.ClientSession, url: str
) -> None:
    one, other = (guard(PHONE_RULES, store=url, admins=WHO) for _ in range(2))
    draft = one.directory / "draft.yaml"
    draft.write_text(json.dumps(WITHOUT_LAPTOPS))
    session = await logged_in(one)
    async with session:
        await becomes(session, one, {each.url: ("OK", "1") for each in (one, other)})
        token = one.directory / "ada.token"
        token.write_text(secret_of("ada"))
        as_ada = ("--token-file", str(token))
        planned = await asyncio.to_thread(command, one.directory, "plan", str(draft), "--json", *as_ada)
        digest = json.loads(planned)["digest"]
        await asyncio.to_thread(command, one.directory, "apply", digest, "--note", "agreed", *as_ada)
        await becomes(session, one, {each.url: ("OK", "2") for each in (one, other)})
        await asyncio.to_thread(command, one.directory, "retract", "--note", "sent in error", *as_ada)
        await becomes(session, one, {each.url: ("OK", "1") for each in (one, other)})

        other.gate.process.kill()
        other.gate.process.wait()
        with psycopg.connect(url) as connection:  # as if a minute had passed for it
            connection.execute("UPDATE gates SET heard_at = heard_at - 60 WHERE address = %s", [other.url])
        await becomes(session, one, {one.url: ("OK", "1"), other.url: ("Gone", "1")})
        assert "we have not heard from it for" in await text(session, f"{one.admin}/console/")
        for _ in patiently():
            if await gate_states(client, one) == {"ok": 1, "gone": 1}:
                break
            await asyncio.sleep(0.1)
        assert await gate_states(client, one) == {"ok": 1, "gone": 1}
        assert one.gate.stop() == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT address FROM gates").fetchall() == [(other.url,)]
