"""Somebody makes more of the offer to let themselves in than the rule means."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from tests.attacks.test_browsers_by_person import basic, reported
from tests.integration.commands import run
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import wait_for
from tests.servers import patiently
from tests.unit.rollout.people import IPHONE

NOW = datetime.now(UTC)
TIKTOK = "com.zhiliaoapp.musically"
RULES = {
    "rules": [
        {
            "id": "prohibited-app",
            "when": 'client.handheld && "prohibited" in device.lists',
            "effect": "block",
            "self_service": {"hours": 24, "once_per": "30d"},
        },
        {
            "id": "unproven",
            "when": 'client.handheld && !(device.state in ["clean", "listed"])',
            "effect": "block",
        },
        {"id": "rest", "when": "true", "effect": "allow"},
    ]
}
SYNC = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS{}&DeviceType=Android"


@pytest.fixture
def gate(guard: Guard, tmp_path: Path) -> Guarded:
    devices = [reported(1, "ada", "phone", TIKTOK), reported(2, "lin", "phone", TIKTOK)]
    devices += [reported(3, "ada", "tablet", TIKTOK), reported(4, "joe")]
    (tmp_path / "devices.jsonl").write_text("\n".join(devices))
    started = guard(
        RULES,
        trusted_proxies=["127.0.0.1/32"],
        posture={"browsers": "by-person"},
        connectors={"inventory": {"type": "file", "path": "devices.jsonl"}},
    )
    wait_for(lambda: any(each.get("event") == "connector-ran" for each in started.gate.records()))
    return started


async def asked(
    client: aiohttp.ClientSession, gate: Guarded, path: str, person: str, ticket: str = "", **sent: str
) -> tuple[int, str]:
    headers = {"User-Agent": IPHONE, "Accept": "text/html", "X-Forwarded-User": person, **sent}
    method, form = ("POST", {"refusal": ticket, "words": "a train"}) if ticket else ("GET", None)
    async with client.request(
        method, gate.url + path, headers=headers, data=form, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text()


async def synced(client: aiohttp.ClientSession, gate: Guarded, number: int, person: str) -> int:
    """The status that a mail app gets with this person's login."""
    headers = {"User-Agent": "Android-Mail/2026.1", "Authorization": basic(person)}
    async with client.post(gate.url + SYNC.format(number), headers=headers) as answer:
        return answer.status


async def until(client: aiohttp.ClientSession, gate: Guarded, person: str, wanted: int) -> None:
    for _ in patiently():
        if (await asked(client, gate, "/mail", person))[0] == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{person} never got {wanted}")


def ticket_in(page: str) -> str:
    found = re.search(r'name="refusal" value="([^"]+)"', page)
    assert found
    return found[1]


async def test_one_person_is_let_in_once_on_their_own_devices_and_nobody_else(
    gate: Guarded, client: aiohttp.ClientSession
) -> None:
    refused, page = await asked(client, gate, "/mail", "ada")
    assert (refused, 'action="/.mailgate/let-in"' in page) == (403, True)
    ticket = ticket_in(page)
    assert await synced(client, gate, 4, "joe") == 200
    assert {await synced(client, gate, number, "ada") for number in (1, 3)} == {403}
    for other in ("lin", "", "ada@elsewhere.example"):
        assert (await asked(client, gate, "/.mailgate/let-in", other, ticket))[0] == 403
    untrusted = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=untrusted) as stranger:
        assert (await asked(stranger, gate, "/.mailgate/let-in", "ada", ticket))[0] == 403
    assert (await asked(client, gate, "/.mailgate/let-in", "ada", ""))[0] == 405
    tries = (asked(client, gate, "/.mailgate/let-in", name, ticket) for name in ("ada", "ADA", "ada"))
    pages = await asyncio.gather(*tries)
    assert {each for each, _ in pages} == {200}
    await until(client, gate, "ada", 200)
    assert (await asked(client, gate, "/mail", "lin"))[0] == 403
    assert [await synced(client, gate, number, "ada") for number in (1, 3)] == [200, 200]
    assert await synced(client, gate, 2, "lin") == 403
    told = (await asked(client, gate, "/.mailgate/me", "ada"))[1]
    assert "You let yourself in." in told

    config = gate.directory / "mailgate.yaml"
    (given,) = json.loads((await asyncio.to_thread(run, config, "exempt", "list", "--json")).stdout)
    assert (given["cause"], given["person"], given["why"]) == ("self-service", "ada", "a train")
    assert (await asyncio.to_thread(run, config, "audit", "verify")).returncode == 0
    await asyncio.to_thread(run, config, "devices", "lost", "EAS3")
    await until(client, gate, "ada", 403)
    assert await synced(client, gate, 3, "ada") == 403
    again, page = await asked(client, gate, "/mail", "ada")
    assert (again, 'action="/.mailgate/let-in"' in page) == (403, False)
    assert (await asked(client, gate, "/.mailgate/let-in", "ada", ticket))[0] == 403
