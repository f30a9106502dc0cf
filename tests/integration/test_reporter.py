"""A personal phone whose management sees only its work profile, and the reporter that answers for the rest, through running gates."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.connectors.api import serving
from tests.integration.connectors.test_gate import until
from tests.integration.fleet import PUBLIC, Fleet, Phone, fleet, get, mailgate
from tests.simulated_phones import SIGNERS, IosApp, Maker, ReporterCopy
from tests.stored_bytes import stored_bytes
from tests.unit.connectors.around import service_account
from tests.vectors.build_certificate_vectors import IOS_REPORTER, REPORTER, play_keys

from mailgate.attest import mint

ENROLL, ATTEST = "/.mailgate/enroll", "/.mailgate/attest"
BOTH = ["android-key", "google"]
"""The sources of the phone before its reporter answers."""
TIKTOK, PRIVATE = "com.zhiliaoapp.musically", "org.example.private-matter"
ANDROID = {
    "package": REPORTER,
    "signers": SIGNERS,
    "min_version": 5,
    "patched_within": "3650d",
    "unseen_profiles": "accept",
}


@dataclass
class Management:
    """The Android Management API with one personal phone."""

    told: dict[str, str] = field(default_factory=dict)
    """The keyed app state of the reporter."""

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        state = [{"key": "mailgate-key", "data": self.told["key"]}] if self.told else []
        device = {
            "name": "enterprises/LC0example/devices/d1",
            "state": "ACTIVE",
            "managementMode": "PROFILE_OWNER",
            "ownership": "PERSONALLY_OWNED",
            "policyCompliant": True,
            "lastStatusReportTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "hardwareInfo": {"model": "Phone 9", "enterpriseSpecificId": "ESIDEXAMPLE0001"},
            "applicationReports": [
                {"packageName": REPORTER, "state": "INSTALLED", "keyedAppStates": state},
                {"packageName": "com.example.mail", "state": "INSTALLED"},
            ],
        }
        one = request.path.endswith("/d1")
        return web.json_response(device if one else {"devices": [device]})


@dataclass
class Speaker:
    """What asks a gate with a key: a copy of the reporter, or an app on an iPhone."""

    client: aiohttp.ClientSession
    url: str
    by: ReporterCopy | IosApp
    nonce: str = ""
    token: str = ""
    question: dict[str, Any] = field(default_factory=dict)

    def proof(self, path: str, body: bytes) -> str:
        return mint.sign_proof(
            "",
            self.by.key,
            method="POST",
            url=PUBLIC + path,
            jti=uuid4().hex,
            now=datetime.now(UTC),
            nonce=self.nonce,
            body=body,
        )

    async def post(
        self, path: str, body: bytes, proof: str = "", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        sent = headers | {"Content-Type": "application/json"} | ({"DPoP": proof} if proof else {})
        async with self.client.post(self.url + path, data=body, headers=sent) as answer:
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            told: dict[str, Any] = await answer.json(content_type=None)
            return answer.status, told

    async def enrol(
        self, token: str, play: tuple[Any, ...] | None = None, **said: Any
    ) -> tuple[int, dict[str, Any]]:
        """Ask for a challenge, then enrol with the evidence that was made for it. ``play`` is what Play Integrity says otherwise than
        it should, if it is asked."""
        assert (await self.post(ENROLL, json.dumps({"token": token}).encode()))[0] == 401
        evidence = self.by.evidence(self.nonce, **said)
        if play is not None and isinstance(self.by, ReporterCopy):
            evidence |= self.by.integrity(self.nonce, datetime.now(UTC), *play)
        body = json.dumps({"token": token, "reporter": True, "evidence": evidence}).encode()
        status, told = await self.post(ENROLL, body, self.proof(ENROLL, body))
        self.question = told.get("reporter", {})
        return status, told

    async def report(self, **more: Any) -> tuple[int, dict[str, Any]]:
        assert isinstance(self.by, ReporterCopy)
        body = self.by.answers(self.question, **more)
        status, told = await self.post(ATTEST, body, self.proof(ATTEST, body))
        self.token = told.get("device_attestation", self.token)
        self.question = told.get("reporter", self.question)
        return status, told

    async def mail(self) -> tuple[int, str]:
        """Ask for mail as the app whose key this is."""
        asks = Phone(self.by.key, self.token, self.nonce)
        headers = asks.headers() | {"User-Agent": "Mozilla/5.0 (Linux; Android 16) Mobile"}
        status, reason, answered = await get(self.client, self.url, headers)
        self.nonce = answered.get("DPoP-Nonce", self.nonce)
        return status, reason


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker.of(datetime.now(UTC))
    made.root.write(tmp_path, "maker")
    return made


def play_settings(folder: Path) -> dict[str, Any]:
    """Asks for the tokens that the simulated phone has."""
    for name, key in play_keys().items():
        (folder / name).write_text(str(key))
    return {"decryption_key": {"file": "../decryption"}, "verification_key": {"file": "../verification"}}


def settings_of(**more: Any) -> dict[str, Any]:
    roots = {"roots": "../maker.pem"}
    hardware = {"android_key": roots, "app_attest": roots}
    reporter = {"android": ANDROID, "ios": {"app": IOS_REPORTER}}
    return {"attestation": {"hardware": hardware}, "reporter": reporter, **more}


async def test_a_personal_phone_gets_mail_by_the_answers_of_its_reporter(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, maker: Maker
) -> None:
    management = Management()
    (tmp_path / "account").write_text(service_account())
    async with serving(management.answer) as origin:
        google = {"type": "android-management", "enterprise": "LC0example", "account": {"file": "../account"}}
        google |= {"base_url": origin, "login_url": origin, "reporter": REPORTER, "every": "5s"}
        settings = settings_of(connectors={"google": google})
        with fleet(
            tmp_path, str(webmail.make_url("")), f"sqlite:///{tmp_path}/shared.db", **settings
        ) as gates:
            await _story(client, gates, tmp_path, maker, management)
    kept = stored_bytes(tmp_path, "shared.db")
    assert PRIVATE.encode() not in kept
    assert not any(PRIVATE in line for gate in gates.gates for line in gate.log)


async def _story(
    client: aiohttp.ClientSession, gates: Fleet, folder: Path, maker: Maker, management: Management
) -> None:
    token = str(mailgate(folder, "enroll", "token", "--uses", "2", "--user", "ada@example.com")["token"])
    work = Speaker(client, gates.url(0), ReporterCopy(maker, "work"))
    personal = Speaker(client, gates.url(1), ReporterCopy(maker, "personal", {PRIVATE}))

    # the management sees the work profile alone, and so does the copy of the reporter in it
    assert (await work.enrol(token))[0] == 201
    thumbprint = work.by.key.thumbprint()
    management.told["key"] = thumbprint
    await until(partial(_is_managed, folder))
    assert (await work.report())[0] == 200
    assert await work.mail() == (403, "posture-partial")

    # the copy on the personal side answers, and the managed copy vouches that it is on the same phone
    assert (await personal.enrol(token))[0] == 201
    assert (await personal.report())[0] == 200
    assert await work.mail() == (403, "posture-partial")
    status, _ = await work.report(vouches_for=[personal.by.key.thumbprint()])
    assert status == 200
    assert await _settled(work) == (200, "")
    (device,) = mailgate(folder, "devices", "list")
    assert (device["state"], {*device["sources"]} >= {"google", "reporter"}) == ("clean", True)

    # an app that is forbidden keeps mail out with the next report, and its removal lets it in again
    personal.by.installed.add(TIKTOK)
    assert (await personal.report())[0] == 200
    assert await _settled(work, 403) == (403, "prohibited-app")
    personal.by.installed.discard(TIKTOK)
    assert (await personal.report())[0] == 200
    assert await _settled(work) == (200, "")

    # what the work profile has, nobody on the personal side takes back
    work.by.installed.add(TIKTOK)
    assert (await work.report(vouches_for=[personal.by.key.thumbprint()]))[0] == 200
    assert (await personal.report())[0] == 200
    assert await _settled(work, 403) == (403, "prohibited-app")
    work.by.installed.discard(TIKTOK)
    assert (await work.report(vouches_for=[personal.by.key.thumbprint()]))[0] == 200
    assert await _settled(work) == (200, "")

    # a lost copy answers for nothing more
    mailgate(folder, "enroll", "revoke", f"enrolled-{personal.by.key.thumbprint()[:16]}")
    assert (await personal.report())[1]["reason"] == "key-revoked"
    assert await _settled(work, 403) == (403, "posture-partial")


async def _settled(speaker: Speaker, wanted: int = 200) -> tuple[int, str]:
    """What the gate says once every process knows."""

    async def said() -> tuple[int, str] | None:
        told = await speaker.mail()
        return told if told[0] == wanted else None

    return await until(said)


async def _is_managed(folder: Path) -> bool:
    """Whether the management has told the key of its phone."""
    return [each["sources"] for each in mailgate(folder, "devices", "list")] == [BOTH]


async def test_an_iphone_proves_itself_at_every_gate_once(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, maker: Maker
) -> None:
    store = f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, **settings_of()) as gates:
        token = str(mailgate(tmp_path, "enroll", "token")["token"])
        app = IosApp(maker)
        speaker = Speaker(client, gates.url(0), app)
        status, told = await speaker.enrol(token)
        assert (status, told["hardware"], "reporter" in told) == (201, "secure-enclave", False)

        body = json.dumps({"os": "ios", "os_version": "26.1"}).encode()

        async def report(at: int, *, asserts: bool = True) -> tuple[int, dict[str, Any]]:
            speaker.url = gates.url(at)
            for _ in range(2):  # the nonce of one process is none of another's
                proof = speaker.proof(ATTEST, body)
                asserted = {"App-Attest-Assertion": app.assertion(proof)} if asserts else {}
                status, told = await speaker.post(ATTEST, body, proof, **asserted)
                if status != 401:
                    break
            return status, told

        assert (await report(0))[0] == 200
        assert (await report(1))[0] == 200
        for at in (1, 0):
            app.counter = 0
            status, told = await report(at)
            assert (status, told["reason"]) == (403, "assertion-replayed")
        app.counter = 9
        assert (await report(1))[0] == 200
        status, told = await report(0, asserts=False)
        assert (status, told["reason"]) == (403, "assertion-missing")


async def test_a_phone_that_is_not_as_its_maker_made_it_does_not_enrol(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, maker: Maker
) -> None:
    store = f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, 1, **settings_of()) as gates:
        token = str(mailgate(tmp_path, "enroll", "token")["token"])
        stranger = ReporterCopy(Maker.of(datetime.now(UTC)))
        for copy, said, reason in (
            (ReporterCopy(maker), {"app": b""}, "evidence-app-missing"),
            (ReporterCopy(maker), {"version": 4}, "evidence-app-outdated"),
            (stranger, {}, "evidence-untrusted"),
        ):
            speaker = Speaker(client, gates.url(), copy)
            status, told = await speaker.enrol(token, **said)
            assert (status, told["reason"]) == (403, reason)
        good = Speaker(client, gates.url(), ReporterCopy(maker))
        assert (await good.enrol(token))[0] == 201
        stolen = Speaker(client, gates.url(), ReporterCopy(maker), good.nonce)
        evidence = good.by.evidence(good.nonce)
        body = json.dumps({"token": token, "reporter": True, "evidence": evidence}).encode()
        status, told = await stolen.post(ENROLL, body, stolen.proof(ENROLL, body))
        assert (status, told["reason"]) == (403, "evidence-key-mismatch")


async def test_where_play_integrity_is_asked_a_phone_needs_both_words(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path, maker: Maker
) -> None:
    settings = settings_of()
    settings["reporter"] = {"android": ANDROID | {"play_integrity": play_settings(tmp_path)}}
    store = f"sqlite:///{tmp_path}/shared.db"
    with fleet(tmp_path, str(webmail.make_url("")), store, 1, **settings) as gates:
        token = str(mailgate(tmp_path, "enroll", "token")["token"])
        for play, said, reason in (
            (None, {}, "evidence-token-missing"),
            (("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION"), {}, "evidence-app-unrecognised"),
            ((), {"app": b""}, "evidence-app-missing"),
        ):
            status, told = await Speaker(client, gates.url(), ReporterCopy(maker)).enrol(token, play, **said)
            assert (status, told["reason"]) == (403, reason)
        good = Speaker(client, gates.url(), ReporterCopy(maker))
        assert (await good.enrol(token, ()))[0] == 201
        assert (await good.report())[0] == 200
