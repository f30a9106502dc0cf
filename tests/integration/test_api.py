"""The JSON API of a real gate: tried out by its own description, and a change of rules over nothing else."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import Any

import aiohttp
from tests.admins import admins, token
from tests.integration.conftest import IPHONE, LAPTOP, Guard, Guarded
from tests.integration.gate import PHONE_RULES
from tests.integration.test_console import laptop_gets
from tests.integration.test_reload import until as comes_to
from tests.servers import patiently

from mailgate.model.notice import Notice
from mailgate.store import EnrolledKey, Mail, MailKind, MailState, Store

STAFF = admins(ada="operator approver", lin="approver", vic="viewer")
NO_LAPTOPS = {"id": "no-laptops", "when": 'client.kind == "laptop"', "effect": "block"}
CHANGED = {"rules": [NO_LAPTOPS, *PHONE_RULES["rules"]]}
CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def inventory(path: Path, count: int) -> None:
    """Phones of some people as a connector reads them, every third with the app that is listed."""
    looked = datetime.now(UTC).isoformat(timespec="seconds")
    with path.open("w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["id", "owner", "kind", "os", "apps", "apps_complete", "reported_at", "serial"])
        for each in range(count):
            app = "com.zhiliaoapp.musically" if each % 3 == 0 else "-"
            named = [f"inv-{each}", f"person{each}@example.com", "phone", "android", app, "yes"]
            sheet.writerow([*named, looked, f"SERIAL{each}"])


async def mails(store: Store, version: int = 1) -> None:
    """Mails about a rule: of some nobody knows whether they went, some were not taken, some went."""
    now = datetime.now(UTC)
    for number, state in enumerate([MailState.FAILED, MailState.UNSURE, MailState.SENT] * 3):
        name = f"person{number}"
        mail = Mail(
            f"{name}@example.com",
            name,
            "prohibited-app",
            version,
            MailKind.ENFORCED,
            0,
            Notice(MailKind.ENFORCED, "en"),
            now,
            id=f"{number:032x}",
        )
        await store.mails.queue([mail])
        await store.mails.begin(mail, "gate", now)
        await store.mails.end(mail.id, state, now, "550")


async def lived_in(guard: Guard, client: aiohttp.ClientSession, folder: Path) -> Guarded:
    """A gate with devices, sightings of phones and laptops, enrolled keys, mails about a rule, an exemption and a plan."""
    inventory(folder / "hr.csv", 12)
    connectors = {"hr": {"type": "file", "path": "hr.csv"}}
    strict = {"max_newly_blocked": 0}
    guarded = guard(PHONE_RULES, admins=STAFF, guard=strict, connectors=connectors)
    store = await Store.open(f"sqlite:///{folder}/mailgate.db")
    keys = [
        EnrolledKey(f"key-{each}", f"laptop-{each}", "ada", "", datetime.now(UTC)) for each in range(1, 5)
    ]
    await store.enrolments.take(keys)
    await mails(store)
    await store.close()

    phone = guarded.report("/mail", apps=["com.zhiliaoapp.musically"])
    for headers, status in (({"User-Agent": LAPTOP}, 200), ({"User-Agent": IPHONE}, 403), (phone, 403)):
        async with client.get(f"{guarded.url}/mail", headers=headers) as answer:
            assert answer.status == status
    await call(client, guarded, "POST", "/connectors/hr/readings", {"full": True})
    await until(client, guarded, "/devices", lambda told: len(told["items"]) > 10)
    exemption = {"rule": "prohibited-app", "person": "person1@example.com", "why": "travels"}
    await call(client, guarded, "POST", "/exemptions", exemption | {"until": soon()})
    await until(client, guarded, "/sightings", lambda told: len(told["items"]) == 3)
    await call(client, guarded, "POST", "/plans", {"policy": json.dumps(CHANGED)})
    await until(client, guarded, "/plans/making", lambda told: told["digest"])
    return guarded


async def filled_in(text: str, client: aiohttp.ClientSession, guarded: Guarded) -> str:
    """The configuration of schemathesis with what only this company has."""
    (plan,) = (await call(client, guarded, "GET", "/plans"))["items"]
    sighting = (await call(client, guarded, "GET", "/sightings"))["items"][0]
    known = {"@PLAN@": plan["digest"], "@SIGHTING@": sighting["id"], "@SOON@": soon()}
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def soon() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="seconds")


async def call(
    client: aiohttp.ClientSession,
    guarded: Guarded,
    method: str,
    path: str,
    body: Any = None,
    who: str = "ada",
) -> Any:
    """What an operation answers."""
    headers = {"Authorization": f"Bearer {token(who)}"}
    async with client.request(method, f"{guarded.admin}/api/v1{path}", json=body, headers=headers) as answer:
        told = await answer.json(content_type=None) if answer.status != 204 else None
        assert answer.ok, told
        return told


async def until(client: aiohttp.ClientSession, guarded: Guarded, path: str, there: Any) -> Any:
    for _ in patiently():
        if there(told := await call(client, guarded, "GET", path)):
            return told
        await asyncio.sleep(0.1)
    raise AssertionError(told)


async def test_schemathesis_finds_nothing_wrong(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """Examples, borders, chance and stories, good data and bad, with every check that it has."""
    guarded = await lived_in(guard, client, tmp_path)
    config = tmp_path / CONFIG.name
    config.write_text(await filled_in(CONFIG.read_text("utf-8"), client, guarded))
    command = [
        str(SCHEMATHESIS), "--config-file", str(config), "run", f"{guarded.admin}/api/openapi.json", "--checks", "all",
        "--phases", "examples,coverage,fuzzing,stateful", "--header", f"Authorization: Bearer {token('ada')}",
    ]  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr
    assert [line for line in guarded.gate.log if "api-failed" in line] == []
    late = [line for line in guarded.gate.log if "api-store" in line]
    assert len(late) < 30, late  # of some 3,000 requests


async def test_a_change_of_rules_over_the_api_alone(guard: Guard, client: aiohttp.ClientSession) -> None:
    """Plan, approve, put in force, take back: each is seen by an employee within a second or two."""
    guarded = guard(PHONE_RULES, admins=STAFF, guard={"max_newly_blocked": 0})
    becomes = partial(comes_to, partial(laptop_gets, client, guarded))
    assert await becomes(200) == 200
    await until(client, guarded, "/sightings?rule=laptop-browser", lambda told: told["items"])
    await call(client, guarded, "POST", "/plans", {"policy": json.dumps(CHANGED), "days": 7})
    made = await until(client, guarded, "/plans/making", lambda told: not told["runs"])
    plan = f"/plans/{made['digest']}"
    assert (await call(client, guarded, "GET", plan))["status"]["missing"] == 1
    assert await refusal(client, guarded, f"{plan}/apply", "ada") == 409
    assert await refusal(client, guarded, f"{plan}/approvals", "ada") == 409, "nobody approves their own"
    assert await refusal(client, guarded, f"{plan}/approvals", "vic") == 403
    assert await becomes(200) == 200
    await call(client, guarded, "POST", f"{plan}/approvals", {"note": "agreed"}, who="lin")
    done = await call(client, guarded, "POST", f"{plan}/apply", {"note": "no laptops"})
    assert (done["number"], done["already"]) == (2, False)
    assert await becomes(403) == 403
    await call(client, guarded, "POST", "/policy/rollbacks", {"note": "sent in error"}, who="lin")
    assert await becomes(200) == 200

    log = (await call(client, guarded, "GET", "/audit"))["items"]
    acts = [(each["what"], each["who"], each["why"]) for each in log]
    assert acts[:4] == [
        ("policy-rolled-back", "lin", "sent in error"), ("policy-activated", "ada", "no laptops"),
        ("policy-approved", "lin", "agreed"), ("policy-planned", "ada", ""),
    ]  # fmt: skip
    assert {each["origin"] for each in log[:4]} == {f"api at {gethostname()}"}
    assert (await call(client, guarded, "GET", "/audit/verification"))["whole"]


async def test_nothing_of_it_is_at_the_public_port(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard({"rules": [{"id": "everyone", "when": "true", "effect": "allow"}]}, admins=STAFF)
    headers = {"Authorization": f"Bearer {token('ada')}"}
    for path in ("/api/openapi.json", "/api/v1/me"):
        async with client.get(guarded.url + path, headers=headers) as answer:
            assert await answer.text() == f"mail for GET {path}\n"


async def refusal(client: aiohttp.ClientSession, guarded: Guarded, path: str, who: str) -> int:
    """With what an operation that takes a note is refused."""
    headers = {"Authorization": f"Bearer {token(who)}"}
    async with client.post(f"{guarded.admin}/api/v1{path}", json={"note": "x"}, headers=headers) as answer:
        return answer.status
