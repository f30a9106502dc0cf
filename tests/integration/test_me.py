"""A person's own page before a webmail that checks logins, and a phone's whole way as its owner sees it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from tests.integration.conftest import IPHONE, LAPTOP, NAVIGATION, Guard, Guarded
from tests.integration.connectors.api import api
from tests.integration.connectors.test_sources import CASES
from tests.integration.gate import PHONE_RULES, wait_for
from tests.integration.test_phone import EAS, mailgate
from tests.servers import PATIENCE

ALICE, BOB = encode_basic_auth("alice", "right"), encode_basic_auth("bob", "horse")
MAIL_APP = {"User-Agent": "Apple-iPhone15C2/2107.102"}
KEY = "the-key-of-the-device-management"
ME, STATUS = "/.mailgate/me", "/.mailgate/status"


@pytest.fixture
async def webmail() -> AsyncIterator[TestServer]:
    """Asks everybody for a login, and says on every path what it was asked."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") not in (ALICE, BOB):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})
        return web.Response(text=f"mail for {request.method} {request.path}\n", headers={"X-Webmail": "1"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
def guarded(guard: Guard, tmp_path: Path) -> Guarded:
    (tmp_path / "key").write_text(KEY)
    return guard(PHONE_RULES, connectors={"mdm": {"type": "post", "api_key": {"file": "key"}}})


class Person:
    """Somebody with a laptop to look at their page, and a phone whose mail app asks for mail."""

    def __init__(self, client: aiohttp.ClientSession, guarded: Guarded, login: str = "") -> None:
        self.client, self.guarded = client, guarded
        self.login = {"Authorization": login} if login else {}

    async def sync(self) -> int:
        """The status that the phone's mail app gets."""
        url = self.guarded.url + EAS
        async with self.client.post(url, headers=MAIL_APP | self.login) as response:
            await response.read()
            return response.status

    async def page(self, path: str = ME, agent: str = LAPTOP) -> str:
        headers = {"User-Agent": agent, "Accept-Language": "en", **NAVIGATION, **self.login}
        async with self.client.get(self.guarded.url + path, headers=headers) as response:
            assert response.headers["Cache-Control"] == "no-store"
            return words(await response.text())

    async def devices(self) -> list[dict[str, Any]]:
        async with self.client.get(self.guarded.url + STATUS, headers=self.login) as response:
            found: list[dict[str, Any]] = (await response.json())["devices"]
            return found

    async def one_device(self, **wanted: Any) -> dict[str, Any]:
        """Their only device, once its verdict says this: a status from memory follows the store within a second."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.devices()
                if len(found) == 1 and wanted.items() <= (found[0] | found[0]["verdict"]).items():
                    return found[0]
                await asyncio.sleep(0.02)

    async def until(self, said: str) -> str:
        """The page once it says this; what is recorded is written a moment later."""
        page = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while said not in (page := await self.page()):
                    await asyncio.sleep(0.05)
        assert said in page
        return page


def words(page: str) -> str:
    text = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def management_says(
    client: aiohttp.ClientSession, guarded: Guarded, *apps: str, **more: object
) -> None:
    """The device management posts what is on alice's phone, whose mail app it knows by its id."""
    known = {"id": "7001", "owner": "alice", "kind": "phone", "os": "ios", "eas_ids": ["ApplC39X8FAKEID"]}
    looked = {"apps": apps, "apps_complete": True, "reported_at": datetime.now(UTC).isoformat()} | more
    url, key = f"{guarded.admin}/api/devices/mdm", {"X-API-Key": KEY}
    async with client.post(url, data=json.dumps(known | looked), headers=key) as response:
        assert (response.status, await response.json()) == (200, {"taken": 1})


async def test_a_phones_owner_sees_its_whole_way_to_mail(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    alice = Person(client, guarded, ALICE)
    assert "Nothing is stored about you" in await alice.page()

    assert await alice.sync() == 403
    page = await alice.until("id ends in KEID")
    assert "iPhone" in page
    assert "It is not known which apps are on this device" in page
    await alice.one_device(reason="posture-missing")

    await management_says(client, guarded, "com.zhiliaoapp.musically")
    assert await alice.sync() == 403
    page = await alice.until("TikTok was found on this device")
    assert "Gets no company mail" in page
    assert "mdm: looked at the apps" in page.replace("mdm :", "mdm:")
    await alice.one_device(apps=["TikTok"])

    await management_says(client, guarded)
    async with asyncio.timeout(PATIENCE):
        while await alice.sync() != 200:
            await asyncio.sleep(0.02)
    page = await alice.until("No listed app was found on it")
    assert "Gets company mail" in page
    await alice.one_device(state="clean", effect="allow")


async def test_the_owner_of_a_personal_phone_reads_what_ends_it_and_no_step_that_does_not_exist(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    alice = Person(client, guarded, ALICE)
    await management_says(client, guarded, enrolment="user-enrolment", apps_complete=False)
    assert await alice.sync() == 403
    page = await alice.until("We can only see the work apps on this device")
    assert "no setting on this device changes that" in page
    assert "Open your mail in a browser on a laptop" in page
    assert "management app" not in page
    assert "send the gate every app that they collect: mdm" in page
    await alice.one_device(reason="posture-partial")


async def test_nobody_sees_anything_of_another(client: aiohttp.ClientSession, guarded: Guarded) -> None:
    await management_says(client, guarded, "tiktok")
    await Person(client, guarded, ALICE).until("TikTok was found on this device")
    for other in (Person(client, guarded, BOB), Person(client, guarded)):
        page = await other.page()
        assert "iPhone" not in page
        assert "alice" not in page
        assert await other.devices() == []
    wrong = Person(client, guarded, encode_basic_auth("alice", "guess"))
    assert "This login was not accepted" in await wrong.page()
    assert await wrong.devices() == []


async def test_a_login_is_asked_for_where_somebody_wants_to_sign_in(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    nobody = Person(client, guarded)
    assert "Log in to see all your devices" in await nobody.page()
    async with client.get(f"{guarded.url}{ME}?sign-in") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == f'Basic realm="{guarded.url[7:]}", charset="UTF-8"'


async def test_the_page_opens_on_a_phone_without_mail(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    page = await Person(client, guarded).page(agent=IPHONE)
    assert "This browser gets no company mail" in page
    headers = {**guarded.report(ME, apps=("tiktok",), user="alice"), **NAVIGATION}
    async with client.get(guarded.url + ME, headers=headers) as response:
        page = words(await response.text())
    assert "You are alice : this device is yours." in page
    assert "TikTok was found on this device" in page


async def test_a_persons_data_is_handed_out_and_forgotten_while_the_gate_runs(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    alice = Person(client, guarded, ALICE)
    assert await alice.sync() == 403
    await management_says(client, guarded, "tiktok")
    await alice.until("TikTok was found on this device")

    def stored() -> Any:
        return json.loads(mailgate(guarded, "devices", "export", "--person", "alice", "--json"))

    assert [row["owner"] for row in stored()["reports"]] == ["alice"]
    assert wait_for(lambda: [row["user"] for row in stored()["sightings"]]) == ["alice"]
    mailgate(guarded, "devices", "forget", "--person", "ALICE", "--yes")
    await alice.until("Nothing is stored about you")
    left = stored()
    assert {look["what"] for look in left.pop("looks")} == {"devices export"}  # this one
    assert not any(left.values())


async def test_checking_again_asks_the_device_management_at_once(
    client: aiohttp.ClientSession, guard: Guard, tmp_path: Path
) -> None:
    case = CASES["jamf"]
    for key, secret in case.secrets.items():
        (tmp_path / key).write_text(secret)
    async with api("jamf") as (origin, _):
        settings = case.values(origin) | {key: {"file": key} for key in case.secrets}
        guarded = guard(PHONE_RULES, connectors={"jamf": settings}, trusted_proxies=["127.0.0.1/32"])
        ada = Person(client, guarded)
        ada.login = {"X-Forwarded-User": "ada@example.com"}
        page = await ada.until("jamf : looked at the apps")
        assert "You are ada@example.com : you logged in with your company." in page
        device = await ada.one_device()
        own_page = {"Sec-Fetch-Site": "same-origin", **ada.login}
        for said in (
            "jamf cannot see every app. Among those it sees there was no listed app",
            "Please wait a minute before you ask again",
        ):
            async with client.post(
                guarded.url + ME, data={"device": device["id"]}, headers=own_page
            ) as answer:
                page = words(await answer.text())
                assert said in page
        other_site = own_page | {"Sec-Fetch-Site": "cross-site"}
        async with client.post(guarded.url + ME, data={"device": device["id"]}, headers=other_site) as answer:
            assert answer.status == 403


async def test_the_owner_of_a_lost_phone_can_undo_for_a_minute(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    alice = Person(client, guarded, ALICE)
    await management_says(client, guarded)
    await alice.until("Gets company mail")
    device = await alice.one_device()
    own_page = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en", **alice.login}

    async def say(about: str, **more: str) -> str:
        said = {"device": device["id"], "about": about, **more}
        answer = await client.post(guarded.url + ME, data=said, headers=own_page, allow_redirects=False)
        if answer.status == 303:  # a client keeps no cookies of an address, so it is carried by hand
            own_page["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
            answer = await client.get(guarded.url + ME, headers=own_page)
        assert answer.status == 200
        return words(await answer.text())

    assert "Is this device lost?" in await say("lost")
    await alice.one_device(lost=False)
    for about, said, status in (
        ("lost", "You can undo this for one minute", 403),
        ("found", "Gets company mail", 200),
    ):
        assert said in await say(about, confirmed="yes")
        async with asyncio.timeout(PATIENCE):
            while await alice.sync() != status:
                await asyncio.sleep(0.02)
    acts = json.loads(mailgate(guarded, "audit", "list", "--json"))
    about = [
        each["what"] for each in acts if each["what"].startswith("device-")
    ]  # the start of the gate may come last
    assert about[-2:] == ["device-lost", "device-found"]
