"""Rules that were put in force and taken back at two gates, while a phone waits for its mail."""

import asyncio
import json

import aiohttp
import pytest
from tests.integration.conftest import LAPTOP, Guard, Guarded
from tests.integration.gate import PHONE_RULES
from tests.integration.test_activesync import PATIENCE, MailServer, hanging, pinging, report
from tests.integration.test_activesync import server as server
from tests.integration.test_activesync import webmail as webmail
from tests.integration.test_versions import command
from tests.integration.test_versions import url as url

WITHOUT_LAPTOPS = {
    "rules": [
        {"id": "no-laptops", "when": 'client.kind == "laptop"', "effect": "block"},
        *PHONE_RULES["rules"],
    ]
}


async def kept_out(client: aiohttp.ClientSession, guarded: Guarded, wanted: bool) -> None:
    """Ask with a laptop until it is kept out, or until it is not."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with client.get(guarded.url + "/", headers={"User-Agent": LAPTOP}) as response:
                if (response.headers.get("X-Device-Reason") is not None) is wanted:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_ping_of_a_clean_phone_survives_changes_of_rules(
    guard: Guard, client: aiohttp.ClientSession, server: MailServer, url: str
) -> None:
    one = guard(PHONE_RULES, store=url)
    await report(client, one)
    ping = await pinging(client, one, server)
    other = guard(PHONE_RULES, store=url)

    draft = one.directory / "draft.yaml"
    draft.write_text(json.dumps(WITHOUT_LAPTOPS))
    planned = await asyncio.to_thread(command, one.directory, "plan", str(draft), "--json")
    await asyncio.to_thread(
        command, one.directory, "apply", json.loads(planned)["digest"], "--note", "agreed"
    )
    for gate in (one, other):
        await kept_out(client, gate, True)
    await asyncio.to_thread(command, other.directory, "retract", "--note", "sent in error")
    for gate in (one, other):
        await kept_out(client, gate, False)

    assert await hanging(client, one) == "1.0"
    assert not ping.done()
    assert not server.left.is_set()
    server.mail.set()
    assert (await ping)[0] == 200
