"""A phone's browser that names no device, where those go by what is known of all phones and tablets of their person."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from tests.integration.commands import run
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for
from tests.servers import patiently
from tests.unit.rollout.people import IPHONE, WINDOWS

NOW = datetime.now(UTC)


def reported(number: int, owner: str, kind: str = "phone", *apps: str, ago: float = 0, **more: object) -> str:
    at = (NOW - timedelta(hours=ago)).isoformat()
    known = {"apps": apps, "apps_complete": True, "reported_at": at, "eas_ids": [f"EAS{number}"]}
    return json.dumps({"id": str(number), "owner": owner, "kind": kind, "os": "android"} | known | more)


INVENTORY = [
    reported(1, "clean"),
    reported(2, "stale", ago=30),
    reported(3, "listed", "phone"),
    reported(4, "listed", "tablet", "com.zhiliaoapp.musically"),
    reported(5, "laptop", "laptop"),
    reported(6, "both"),
    reported(7, "both", "laptop", "com.zhiliaoapp.musically"),
    reported(8, "partial", apps_complete=False),
    reported(9, "lost"),
    reported(10, "silent"),
    reported(11, "silent", ago=30),
    reported(12, "unclear", ""),
]


@pytest.fixture
def gate(guard: Guard, tmp_path: Path) -> Guarded:
    lines = [line.replace('"kind": "", ', "") for line in INVENTORY]
    (tmp_path / "devices.jsonl").write_text("\n".join(lines))
    started = guard(
        PHONE_RULES,
        trusted_proxies=["127.0.0.1/32"],
        posture={"browsers": "by-person"},
        connectors={"inventory": {"type": "file", "path": "devices.jsonl"}},
    )
    wait_for(lambda: any(each.get("event") == "connector-ran" for each in started.gate.records()))
    return started


async def status(
    client: aiohttp.ClientSession,
    gate: Guarded,
    person: str = "",
    agent: str = IPHONE,
    path: str = "/mail",
    **sent: str,
) -> int:
    headers = {"User-Agent": agent, "Accept": "text/html", **sent}
    headers |= {"X-Forwarded-User": person} if person else {}
    async with client.get(gate.url + path, headers=headers) as response:
        return response.status


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:secret".encode()).decode()


async def test_only_who_is_known_by_clean_phones_alone_reads_mail_in_a_phones_browser(
    gate: Guarded, client: aiohttp.ClientSession
) -> None:
    people = "clean stale listed laptop both partial silent unclear nobody".split()
    let_in = {each for each in people if await status(client, gate, each) == 200}
    assert let_in == {"clean", "both", "unclear"}
    assert {each for each in people if await status(client, gate, each) == 200} == let_in
    assert await status(client, gate, "stale", WINDOWS) == 200


async def test_a_lost_phone_shuts_out_each_browser_of_its_owner(
    gate: Guarded, client: aiohttp.ClientSession
) -> None:
    assert await status(client, gate, "lost") == 200
    assert (
        await asyncio.to_thread(run, gate.directory / "mailgate.yaml", "devices", "lost", "EAS9")
    ).returncode == 0
    for _ in patiently():
        if await status(client, gate, "lost") == 403:
            break
        await asyncio.sleep(0.1)
    assert await status(client, gate, "lost") == 403


async def test_a_name_that_no_proxy_has_checked_opens_nothing(
    gate: Guarded, client: aiohttp.ClientSession
) -> None:
    for sent in (
        {"Authorization": basic("clean")},
        {"X-Remote-User": "clean"},
        {"X-Forwarded-User": "clean, clean"},
        {"Cookie": "user=clean"},
    ):
        assert await status(client, gate, **sent) == 403
    assert await status(client, gate, "stale", Authorization=basic("clean")) == 403
    assert await status(client, gate, "clean", Authorization=basic("stale")) == 403
    assert await status(client, gate, "clean", Authorization=basic("CLEAN")) == 200
    sync = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=unheard&DeviceType=iPhone"
    assert await status(client, gate, "clean", path=sync, Accept="*/*") == 403
    assert await status(client, gate, "clean", path="/dav/", Accept="*/*") == 403
    assert await status(client, gate, "clean", **{"Device-Attestation": "e30.e30.e30"}) == 403
