"""A phone's way: unknown, with a listed app, clean; in every form a caller may have."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import conftest
from tests.integration.commands import output_of
from tests.integration.conftest import IPHONE, LAPTOP, NAVIGATION, Guard, Guarded, small_webmail
from tests.integration.gate import PHONE_RULES, wait_for
from tests.stored_bytes import stored_bytes

EAS = "/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=alice&DeviceId=ApplC39X8FAKEID&DeviceType=iPhone"


@pytest.fixture
def guarded(guard: Guard) -> Guarded:
    """A gate of this test's own."""
    return guard(PHONE_RULES)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[socket.socket, Guarded]]:
    """Where a webmail will listen, and a gate that stays for all tests that look at no more than their own device."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as origin:
        webmail = f"http://127.0.0.1:{origin.getsockname()[1]}"
        with conftest.guarded(tmp_path_factory.mktemp("standing"), webmail, PHONE_RULES) as one:
            yield origin, one


@pytest.fixture
async def shared(
    standing: tuple[socket.socket, Guarded], request: pytest.FixtureRequest
) -> AsyncIterator[Guarded]:
    """The one that stays, for a device of this test's own."""
    origin, one = standing
    assert one.gate.process.poll() is None, "\n".join(one.gate.log[-20:])
    async with TestServer(small_webmail(keeping=False), socket_factory=lambda *_: origin.dup()):
        yield one.with_key_of(request.node.name)


async def get(
    client: aiohttp.ClientSession, guarded: Guarded, path: str = "/", **headers: str
) -> tuple[int, str, str]:
    """A mail app posts."""
    method = "POST" if path.startswith("/Microsoft-Server") else "GET"
    async with client.request(method, guarded.url + path, headers=headers) as response:
        assert response.headers.get("X-Webmail") or response.headers["Cache-Control"] == "no-store"
        return response.status, response.content_type, await response.text()


async def test_a_laptop_reads_its_mail_whatever_is_known_of_phones(
    client: aiohttp.ClientSession, shared: Guarded
) -> None:
    read = await get(client, shared, "/inbox", **{"User-Agent": LAPTOP})
    assert read == (200, "text/plain", "mail for GET /inbox\n")


async def test_a_phone_is_unknown_then_refused_then_gets_mail(
    client: aiohttp.ClientSession, shared: Guarded
) -> None:
    status, _, page = await get(client, shared, **{"User-Agent": IPHONE, **NAVIGATION})
    assert status == 403
    assert "We cannot tell which device this browser is on" in page
    status, _, page = await get(client, shared, **shared.report(apps=("tiktok",)), **NAVIGATION)
    assert status == 403
    assert "TikTok" in page
    status, _, text = await get(client, shared, **shared.report(), **NAVIGATION)
    assert (status, text) == (200, "mail for GET /\n")


async def test_a_program_is_told_in_a_problem_document(
    client: aiohttp.ClientSession, shared: Guarded
) -> None:
    headers = shared.report("/api", apps=("com.zhiliaoapp.musically",), os="android")
    async with client.get(f"{shared.url}/api", headers=headers | {"Sec-Fetch-Mode": "cors"}) as response:
        assert response.status == 403
        assert response.content_type == "application/problem+json"
        problem = await response.json()
    assert problem["reason"] == response.headers["X-Device-Reason"] == "prohibited-app"
    assert problem["apps"] == ["TikTok"]

    def logged() -> list[dict[str, Any]]:
        return [each for each in shared.gate.records() if each.get("reference") == problem["reference"]]

    assert [record["reason"] for record in wait_for(logged)] == ["prohibited-app"]


async def test_the_mail_app_of_a_reported_phone_follows_its_report(
    client: aiohttp.ClientSession, shared: Guarded
) -> None:
    """It cannot send our headers: its ActiveSync id, which the report names, stands for it in both spellings."""
    mail_app = {"User-Agent": "Apple-iPhone15C2/2107.102"}
    hexed = EAS.replace("ApplC39X8FAKEID", b"ApplC39X8FAKEID".hex())
    assert (await get(client, shared, EAS, **mail_app))[0] == 403
    await get(client, shared, **shared.report(eas_ids=("applc39x8fakeid",)))
    assert (await get(client, shared, EAS, **mail_app))[0] == 200
    assert (await get(client, shared, hexed, **mail_app))[0] == 200
    await get(client, shared, **shared.report(eas_ids=("applc39x8fakeid",), apps=("tiktok",)))
    assert await get(client, shared, EAS, **mail_app) == (403, "application/octet-stream", "")


async def test_status_says_what_would_happen(client: aiohttp.ClientSession, guarded: Guarded) -> None:
    path = "/.mailgate/status"
    async with client.get(guarded.url + path, headers=guarded.report(path, apps=("tiktok",))) as response:
        answer: dict[str, Any] = await response.json()
    assert answer["verdict"]["effect"] == "block"
    assert answer["verdict"]["reason"] == "prohibited-app"
    assert answer["devices"][0]["state"] == "listed"
    wait_for(lambda: "tiktok" in mailgate(guarded, "devices", "list", "--json"))
    async with client.get(guarded.url + path, headers=guarded.report(path)) as response:
        answer = await response.json()
    assert answer["verdict"]["effect"] == "allow"  # at once, though the store still has the report before
    assert answer["devices"][0]["state"] == "clean"


@pytest.mark.parametrize("spoil", ["replayed", "other method", "other path", "two tokens", "cut short"])
async def test_a_bad_report_is_worth_no_more_than_none(
    client: aiohttp.ClientSession, shared: Guarded, spoil: str
) -> None:
    headers: Any = shared.report("/inbox")
    if spoil == "replayed":
        assert (await get(client, shared, "/inbox", **headers))[0] == 200
    elif spoil == "other method":
        headers = shared.report("/inbox", method="POST")
    elif spoil == "other path":
        headers = shared.report("/elsewhere")
    elif spoil == "two tokens":
        headers["Device-Attestation"] += f", {headers['Device-Attestation']}"
    else:
        headers["Device-Attestation"] = headers["Device-Attestation"][:-10]
    status, _, text = await get(client, shared, "/inbox", **headers)
    assert status == 403
    assert "posture-missing" in text


async def test_unlisted_apps_are_stored_nowhere(client: aiohttp.ClientSession, guarded: Guarded) -> None:
    marker = "com.example.private-matter"
    headers = guarded.report(apps=(marker, "com.zhiliaoapp.musically"), os="android", user="alice")
    await get(client, guarded, **headers)
    async with client.get(f"{guarded.admin}/metrics") as response:
        metrics = await response.text()
    assert guarded.gate.stop() == 0
    kept = stored_bytes(guarded.directory)
    assert b"tiktok" in kept
    for secret in (marker, headers["Device-Attestation"], headers["DPoP"]):
        assert secret.encode() not in kept
        assert secret not in metrics
        assert secret not in "\n".join(guarded.gate.log)


async def test_reports_are_written_when_the_gate_stops(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    for _ in range(3):
        await get(client, guarded, **guarded.report(apps=("tiktok",), user="alice"))
    assert guarded.gate.stop() == 0
    listed = mailgate(guarded, "devices", "list", "--json")
    assert [(each["owner"], each["apps"]) for each in json.loads(listed)] == [("alice", ["tiktok"])]
    mailgate(guarded, "devices", "forget", "phone-1", "--yes")
    assert json.loads(mailgate(guarded, "devices", "list", "--json")) == []


async def test_a_refusal_is_explained_by_its_reference(
    client: aiohttp.ClientSession, guarded: Guarded
) -> None:
    async with client.get(guarded.url, headers=guarded.report(apps=("tiktok",), user="alice")) as response:
        reference = (await response.json())["reference"]
    await get(client, guarded, **guarded.report())
    assert guarded.gate.stop() == 0
    told = json.loads(mailgate(guarded, "explain", "--json", "--reference", reference))
    assert told["recorded"]["reason"] == "prohibited-app"
    assert told["recorded"]["times"] == 1
    assert told["client"]["assurance"] == "attested"
    assert [rule["rule"] for rule in told["rules"]] == [rule["id"] for rule in PHONE_RULES["rules"]]
    assert [rule["matched"] for rule in told["rules"]] == [False, False, False, True]


def mailgate(guarded: Guarded, *arguments: str) -> str:
    """What a command prints, run beside the files of the gate."""
    return output_of(guarded.directory / "mailgate.yaml", *arguments)


@pytest.mark.parametrize(("minutes", "way"), [(10, "fast"), (-10, "slow")])
async def test_a_phone_whose_clock_is_wrong_is_told_so(
    client: aiohttp.ClientSession, shared: Guarded, minutes: int, way: str
) -> None:
    ahead = timedelta(minutes=minutes)
    _, _, page = await get(client, shared, **shared.report(ahead=ahead), **NAVIGATION)
    assert "The clock of this device is wrong" in page
    assert f"It is about 10 minutes {way}." in page
    assert "We cannot tell which device this browser is on" not in page
    code = "proof-from-future" if minutes > 0 else "proof-stale"
    _, form, text = await get(client, shared, "/api", **shared.report("/api", ahead=ahead))
    told = json.loads(text)
    assert form == "application/problem+json"
    assert (told["proof"], told["clock_off_seconds"]) == (code, minutes * 60)
    status = "/.mailgate/status"
    _, _, text = await get(client, shared, status, **shared.report(status, ahead=ahead))
    assert json.loads(text)["client"]["proof"] == {"refused": code, "clock_off_seconds": minutes * 60}
    _, _, page = await get(
        client, shared, "/.mailgate/me", **shared.report("/.mailgate/me", ahead=ahead), **NAVIGATION
    )
    assert f"It is about 10 minutes {way}." in page


async def test_a_report_for_another_address_or_sent_twice_is_told_so(
    client: aiohttp.ClientSession, shared: Guarded
) -> None:
    _, _, page = await get(client, shared, "/inbox", **shared.report("/other"), **NAVIGATION)
    assert "was made for another address" in page
    headers = shared.report()
    assert (await get(client, shared, **headers, **NAVIGATION))[0] == 200
    _, _, text = await get(client, shared, **headers)
    assert json.loads(text)["proof"] == "proof-replayed"
    forged = headers | {"Device-Attestation": headers["Device-Attestation"][:-8] + "AAAAAAAA"}
    _, _, text = await get(client, shared, **forged)
    assert "proof" not in json.loads(text)
