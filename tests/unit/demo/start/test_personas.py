"""The personas of the start page: each gets from the demo's rules what its card says."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yarl
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from tests.integration.gate import PHONE_RULES, write_config
from tests.unit.demo.start.served import behind
from tests.unit.demo.start.test_signing import ISSUER, URL, claims
from tests.unit.gateway.wire import FakeClient

from mailgate.app import open_store
from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeReadings, examine
from mailgate.config import compile_rules, load_bundle
from mailgate.demo.company.history import with_one_more
from mailgate.demo.company.mails import CALLER
from mailgate.demo.settings import SOON, soon
from mailgate.demo.start import personas
from mailgate.demo.start.personas import (
    EXEMPTED,
    PERSONAS,
    PROBE,
    Persona,
    PersonaProxy,
    Signer,
    exempt_persona,
    login_of,
)
from mailgate.model import Access, Kind, Posture, PostureState, RequestFacts
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Relief
from mailgate.store import HelpRequest

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[4] / "config"


def rules():
    texts = {str(path.relative_to(CONFIG)): path.read_text() for path in CONFIG.glob("lists/*.yaml")}
    texts |= {"apps.yaml": (CONFIG / "apps.yaml").read_text()}
    texts |= {"policy.yaml": with_one_more((CONFIG / "policy.yaml").read_text(), soon(NOW))}
    return compile_rules(texts).policy


@pytest.mark.parametrize(
    "persona", [each for each in PERSONAS if each.readings is None], ids=lambda each: each.key
)
def test_the_card_of_a_phone_says_what_the_rules_do(persona: Persona) -> None:
    policy, device = rules(), persona.device
    facts = RequestFacts(headers={"user-agent": persona.agent})
    client = classify(facts)
    assert client.kind is Kind.PHONE
    apps = device.apps if device else ()
    lists = tuple(name for name, keys in policy.catalog.lists.items() if set(apps) & set(keys))
    listed = PostureState.LISTED
    state = PostureState.MISSING if device is None else listed if apps else PostureState.CLEAN
    access = Access(facts, client, Posture(state, apps=apps, lists=lists), NOW)
    expected = "block" if persona.key == EXEMPTED else persona.effect
    assert decide(access, policy).effect == expected


FORMS = {"laptop": "desktop", "ipad": "tablet"}


@pytest.mark.parametrize("persona", [each for each in PERSONAS if each.readings], ids=lambda each: each.key)
def test_the_ipad_claims_to_be_a_mac_and_the_probe_finds_it(persona: Persona) -> None:
    assert persona.readings
    assert classify(RequestFacts(headers={"user-agent": persona.agent})).kind is Kind.LAPTOP
    assert examine(ProbeReadings(**persona.readings), "macos").form == FORMS[persona.key]


def test_no_two_have_one_address_or_one_device() -> None:
    assert len({each.key for each in PERSONAS}) == len(PERSONAS)
    devices = [each.device for each in PERSONAS if each.device]
    assert len({each.subject for each in devices}) == len({each.user for each in devices}) == len(devices)


DAY = timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, "http://127.0.0.1:9", {}, PHONE_RULES)


async def exemptions(config: Path, now: datetime) -> list[Relief]:
    store = await open_store(config, load_bundle(config).settings)
    try:
        return list((await store.reliefs.current(now)).exemptions(now))
    finally:
        await store.close()


async def test_the_persona_is_exempt_from_every_rule_for_three_days(config: Path) -> None:
    await exempt_persona(config, NOW)
    (given,) = await exemptions(config, NOW)
    assert (given.person, given.device, given.rule, given.until) == (
        login_of(EXEMPTED), "", "", NOW + 3 * DAY,
    )  # fmt: skip
    assert given.why


async def test_the_start_page_is_told_how_long_what_it_shows_lasts_and_who_waits_for_help(
    config: Path,
) -> None:
    stages = {"warn": NOW.isoformat(), "enforce": (NOW + 6 * DAY).isoformat()}
    rule = {"id": SOON, "when": "true", "effect": "block", "stages": stages}
    (config.parent / "policy.yaml").write_text(json.dumps({"rules": [rule]}))
    standing = await exempt_persona(config, NOW)
    assert standing.until == {EXEMPTED: NOW + 3 * DAY, "warned": NOW + 6 * DAY}
    assert (standing.caller, standing.devices) == ("", 0)
    for person, reason in (("a@x", "posture-stale"), ("b@x", "prohibited-app"), ("c@x", "posture-stale")):
        await ask_for_help(config, person, reason)
    assert (await exempt_persona(config, NOW)).caller == "b@x"
    await ask_for_help(config, CALLER, "posture-stale")
    assert (await exempt_persona(config, NOW)).caller == CALLER


async def ask_for_help(config: Path, person: str, reason: str) -> None:
    store = await open_store(config, load_bundle(config).settings)
    try:
        await store.help_requests.note(
            HelpRequest(
                "rule", person, person, "", reason, "", "", known=True, times=1, first_at=NOW, last_at=NOW
            )
        )
    finally:
        await store.close()


async def test_a_persona_is_exempted_again_only_after_the_end(config: Path) -> None:
    for at in (NOW, NOW + 2 * DAY):
        await exempt_persona(config, at)
    assert [each.until for each in await exemptions(config, NOW + 2 * DAY)] == [NOW + 3 * DAY]
    await exempt_persona(config, NOW + 3 * DAY)
    assert [each.until for each in await exemptions(config, NOW + 3 * DAY)] == [NOW + 6 * DAY]


PERSONA = {each.key: each for each in PERSONAS}
HOST = "tiktok.localhost:8082"


class Gate:
    """Keeps what it was asked with, and answers as it is told to."""

    def __init__(self) -> None:
        self.path, self.body = "", b""
        self.headers = CIMultiDict[str]()
        self.status, self.mail, self.told = 200, b"mail", dict[str, str]()

    async def serve(self, request: web.Request) -> web.Response:
        self.path, self.body = request.raw_path, await request.read()
        self.headers = CIMultiDict(request.headers)
        return web.Response(status=self.status, body=self.mail, headers=self.told)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def player(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PersonaProxy]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gate.serve)
    async with behind(personas, app, tmp_path, monkeypatch):
        plays = PersonaProxy("http://127.0.0.1:8080", URL, Signer(ISSUER, URL, lambda: NOW))
        await plays.start()
        yield plays
        await plays.stop()


def asked(path: str = "/", body: bytes = b"", **headers: str) -> web.Request:
    """What a browser on a computer asks for at the address of a persona."""
    payload = StreamReader(FakeClient(), 2**16, loop=asyncio.get_running_loop())
    payload.feed_data(body)
    payload.feed_eof()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    method, fields = "POST" if body else "GET", {"Host": HOST, **named}
    request = make_mocked_request(method, "/", headers=fields, payload=payload)
    return request.clone(rel_url=yarl.URL(path, encoded=True))


async def test_the_gate_sees_the_device_and_not_the_browser(player: PersonaProxy, gate: Gate) -> None:
    request = asked(
        "/inbox?a=1", User_Agent="Chrome", Sec_CH_UA_Mobile="?0", DPoP="own", Device_Attestation="own",
        X_Requested_With="an app", Cookie="a=b", Accept_Language="de",
    )  # fmt: skip
    await player.answer_as(request, PERSONA["tiktok"])
    assert gate.headers["Host"] == "localhost:8080"
    assert gate.headers.getall("User-Agent") == [PERSONA["tiktok"].agent]
    assert (gate.headers["Cookie"], gate.headers["Accept-Language"]) == ("a=b", "de")
    assert gate.headers.keys().isdisjoint({"Sec-CH-UA-Mobile", "X-Requested-With"})
    assert gate.path == "/inbox?a=1"
    (proof,) = gate.headers.getall("DPoP")
    assert (claims(proof)["htm"], claims(proof)["htu"]) == ("GET", f"{URL}/inbox")
    assert len(gate.headers.getall("Device-Attestation")) == 1


@pytest.mark.parametrize("path", ["/%7Eada/", "/a%2Fb", "/a/%2e%2e/b", "/inbox?a=1%2F2", "/inbox?a=%41"])
async def test_an_address_is_asked_for_and_signed_in_the_spelling_that_came(
    player: PersonaProxy, gate: Gate, path: str
) -> None:
    await player.answer_as(asked(path), PERSONA["tiktok"])
    assert gate.path == path
    assert claims(gate.headers["DPoP"])["htu"] == URL + path.partition("?")[0]


async def test_a_device_of_which_nothing_is_known_proves_nothing(player: PersonaProxy, gate: Gate) -> None:
    await player.answer_as(asked(DPoP="own", Device_Attestation="own"), PERSONA["silent"])
    assert gate.headers.keys().isdisjoint({"DPoP", "Device-Attestation"})


async def test_addresses_of_the_persona_are_the_gate_s_there_and_its_own_here(
    player: PersonaProxy, gate: Gate
) -> None:
    gate.status, gate.told = 302, {"Location": f"{URL}/inbox", "Set-Cookie": "a=b"}
    own = f"http://{HOST}"
    answer = await player.answer_as(asked(Origin=own, Referer=f"{own}/inbox"), PERSONA["tiktok"])
    assert (gate.headers["Origin"], gate.headers["Referer"]) == (URL, f"{URL}/inbox")
    assert (answer.status, answer.headers["Location"], answer.headers["Set-Cookie"]) == (
        302, f"{own}/inbox", "a=b",
    )  # fmt: skip


async def test_an_answer_comes_as_it_is(player: PersonaProxy, gate: Gate) -> None:
    gate.status, gate.mail = 403, b"\x1f\x8b packed"
    gate.told = {"Content-Encoding": "gzip", "X-Own": "1"}
    answer = await player.answer_as(asked(body=b"sent", Content_Type="text/plain"), PERSONA["tiktok"])
    assert gate.body == b"sent"
    assert (answer.status, answer.body) == (403, b"\x1f\x8b packed")
    assert (answer.headers["Content-Encoding"], answer.headers["X-Own"]) == ("gzip", "1")


async def test_the_probe_reads_the_device_of_the_persona(player: PersonaProxy, gate: Gate) -> None:
    await player.answer_as(asked(PROBE, b'{"touch_points": 0}'), PERSONA["ipad"])
    assert json.loads(gate.body) == PERSONA["ipad"].readings


@pytest.mark.parametrize(("path", "key"), [(PROBE, "tiktok"), ("/inbox", "ipad")])
async def test_other_bodies_pass_as_they_came(player: PersonaProxy, gate: Gate, path: str, key: str) -> None:
    await player.answer_as(asked(path, b"as it came"), PERSONA[key])
    assert gate.body == b"as it came"


async def test_a_proxy_that_never_started_can_be_stopped() -> None:
    await PersonaProxy("http://127.0.0.1:8080", URL, Signer(ISSUER, URL, lambda: NOW)).stop()
