"""nginx, Caddy, HAProxy and Envoy carry the mail and ask the gate about each request, as ``deploy/`` sets them up."""

import asyncio
import json
import re
import socket
import stat
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, get_port_socket
from tests.integration import front_proxies
from tests.integration.conftest import IPHONE, LAPTOP, NAVIGATION, Guarded, guarded
from tests.integration.gate import PHONE_RULES, Gate
from tests.integration.test_reload import until
from tests.servers import patiently
from yarl import URL

from mailgate.gateway.authz.verdict_key import ALWAYS
from mailgate.http.forgeable import KNOWN

FRONTS: dict[str, tuple[str, Callable[..., AbstractContextManager[str]]]] = {
    "nginx": ("nginx", front_proxies.nginx),
    "caddy": ("caddy", front_proxies.caddy),
    "haproxy": ("haproxy", front_proxies.haproxy),
    "envoy": ("envoy", front_proxies.envoy),
    "envoy-grpc": ("envoy-grpc", front_proxies.envoy_grpc),
}
if front_proxies.NEWER_CADDY.exists():
    FRONTS["newer-caddy"] = ("caddy", partial(front_proxies.caddy, binary=str(front_proxies.NEWER_CADDY)))
if front_proxies.TRAEFIK.exists():
    FRONTS["traefik"] = ("traefik", front_proxies.traefik)
EAS = "/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=alice&DeviceId=ApplC39X8FAKEID&DeviceType=iPhone"
LOGIN = {"Authorization": "Basic " + b64encode(b"alice:secret").decode()}
FORGED = {
    "X-Device-Decision": "forged",
    "X-Device-User": "forged",
    "X-Device-Status": "200",
    "X-Forwarded-User": "forged",
    "X-Forwarded-For": "203.0.113.9",
    "X-Original-URI": "/forged",
    "X-Forwarded-Uri": "/forged",
    "X-Original-Method": "OPTIONS",
    "X-Forwarded-Method": "OPTIONS",
    "Remote-User": "forged",
}
"""What a client writes to pass itself off as something."""


@dataclass
class Mail:
    """What the webmail was asked."""

    server: TestServer
    asked: list[web.Request] = field(default_factory=list)


@asynccontextmanager
async def answering(listening: Callable[..., socket.socket] = get_port_socket) -> AsyncIterator[Mail]:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        told = web.Response(text=f"mail for {request.method} {request.raw_path} {await request.text()}\n")
        if request.path.startswith("/Microsoft-Server") and "Authorization" not in request.headers:
            told = web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})
        told.force_close()  # a proxy that outlives this keeps no connection to it
        return told

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, socket_factory=listening) as server:
        yield Mail(server, asked)


@pytest.fixture
async def mail() -> AsyncIterator[Mail]:
    async with answering() as one:
        yield one


@pytest.fixture
def webmail(mail: Mail) -> TestServer:
    return mail.server


@dataclass
class Fronted:
    """A front proxy, the gate that it asks, and the webmail behind it."""

    url: str
    guarded: Guarded
    mail: Mail
    client: aiohttp.ClientSession
    dialect: str
    before: int = 0
    """What the gate had decided before this test."""

    async def get(
        self, path: str = "/", method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, str, str]:
        async with self.client.request(
            method, self.url + path, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.content_type, await answer.text(errors="replace")

    async def decided(self) -> int:
        """How many requests of this test the gate has decided."""
        async with self.client.get(f"{self.guarded.admin}/metrics") as answer:
            text = await answer.text()
        counts = re.findall(r"^mailgate_decisions_total\{.*\} (\S+)", text, re.MULTILINE)
        return sum(int(float(each)) for each in counts) - self.before


def questions_of(gate: Gate) -> str:
    """Where a gate is asked at a port that carries no mail."""
    return str(next(each["questions"][0] for each in gate.records() if each.get("event") == "listening"))


def asked_in(dialect: str, asked: dict[str, str] | None = None) -> dict[str, Any]:
    """The settings of a gate that is asked beside the mail, where the dialect goes there."""
    asked = asked or {"dialect": dialect}
    return (
        {"authz_listeners": [asked | {"listen": "127.0.0.1:0"}]}
        if dialect == "envoy-grpc"
        else {"authz": asked}
    )


@contextmanager
def asking(
    name: str,
    folder: Path,
    webmail: str,
    policy: dict[str, Any] = PHONE_RULES,
    remember: str = "",
    *,
    keeping: bool = False,
    besides: str = "",
    apart: str = "",
    trusted_proxies: Sequence[str] = ("127.0.0.1/32",),
    **settings: Any,
) -> Iterator[tuple[str, Guarded]]:
    """A front proxy and its gate. ``keeping``: nginx goes by what it may keep, ``besides`` is what more its key holds. ``apart``:
    where the gate is asked and carries no mail."""
    dialect, serve = FRONTS[name]
    asked = {"dialect": dialect} | ({"remember": remember} if remember else {})
    listener = {"authz_listeners": [asked | {"listen": apart}]} if apart else asked_in(dialect, asked)
    run = folder / "front"
    run.mkdir()
    with guarded(folder, webmail, policy, **listener, trusted_proxies=trusted_proxies, **settings) as one:
        gate = questions_of(one.gate) if apart else one.url
        further: dict[str, Any] = {"keeping": True, "besides": besides} if keeping else {}
        if dialect == "envoy-grpc":
            further = {"questions": questions_of(one.gate)}
        with serve(gate, webmail, run, **further) as url:
            yield url, one


Start = Callable[..., Fronted]


@pytest.fixture(params=FRONTS)
def start(
    request: pytest.FixtureRequest, mail: Mail, client: aiohttp.ClientSession, tmp_path: Path
) -> Iterator[Start]:
    """Start a front proxy and a gate of this test's own."""
    with ExitStack() as stack:

        def started(*policy: dict[str, Any], **settings: Any) -> Fronted:
            webmail = str(mail.server.make_url(""))
            both = stack.enter_context(asking(request.param, tmp_path, webmail, *policy, **settings))
            return Fronted(*both, mail, client, FRONTS[request.param][0])

        yield started


@pytest.fixture(scope="module", params=FRONTS)
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[socket.socket, str, str, Guarded]]:
    """Where a webmail will listen, the dialect, and a front proxy and a gate that stay for all tests that change nothing."""
    here = {
        "id": "laptop",
        "when": 'client.kind == "laptop" && request.remote == "127.0.0.1"',
        "effect": "allow",
    }
    rules = {"rules": [here, *PHONE_RULES["rules"][1:]]}
    with socket.create_server(("127.0.0.1", 0), backlog=128) as origin:
        webmail = f"http://127.0.0.1:{origin.getsockname()[1]}"
        with asking(request.param, tmp_path_factory.mktemp("standing"), webmail, rules) as (url, one):
            yield origin, FRONTS[request.param][0], url, one


@pytest.fixture
async def front(
    standing: tuple[socket.socket, str, str, Guarded], client: aiohttp.ClientSession
) -> AsyncIterator[Fronted]:
    """The one that stays, with a webmail of this test's own behind it."""
    origin, dialect, url, one = standing
    assert one.gate.process.poll() is None, "\n".join(one.gate.log[-20:])
    async with answering(lambda *_: origin.dup()) as mail:
        front = Fronted(url, one, mail, client, dialect)
        front.before = await front.decided()
        yield front


async def test_a_laptop_reads_its_mail_and_nothing_that_it_forged_arrives(front: Fronted) -> None:
    """Nor does the gate take anything of it for true: the address is the one that the proxy sees."""
    answer = await front.get("/inbox?page=2", "POST", "hello", **{"User-Agent": LAPTOP, **FORGED})
    assert answer == (200, "text/plain", "mail for POST /inbox?page=2 hello\n")
    (asked,) = front.mail.asked
    told = {name.lower(): value for name, value in asked.headers.items() if value}
    assert told.pop("x-device-reference")
    assert {name: value for name, value in told.items() if name.startswith("x-device-")} == {
        "x-device-decision": "allow",
        "x-device-reason": "rule-matched",
        "x-device-class": "laptop",
        "x-device-assurance": "claimed",
    }
    assert "forged" not in told.values()
    assert told["x-forwarded-for"].startswith("127.0.0.1")
    assert await front.decided() == 1


def some_of(names: Iterable[str]) -> Iterator[list[str]]:
    """All of these names, as many at once as a head may hold."""
    left = sorted(names)
    return (left[start : start + 40] for start in range(0, len(left), 40))


async def test_no_proxy_passes_a_forged_field(front: Fronted) -> None:
    """Other methods and addresses than those that were judged, and names of people, in every spelling of CGI."""
    laptop = {"User-Agent": LAPTOP}
    for some in some_of(KNOWN):
        assert (await front.get(**dict.fromkeys(some, "forged"), **laptop))[0] == 200
    twins = {name.replace("-", "_", places) for name in KNOWN for places in (-1, 1)} - KNOWN
    for some in some_of(twins):
        await front.get(**dict.fromkeys(some, "forged"), **laptop)
    assert len(front.mail.asked) > len(KNOWN) // 40
    for asked in front.mail.asked:
        assert "forged" not in asked.headers.values()


async def test_similar_requests_get_their_own_mail(front: Fronted) -> None:
    """Other pages and other versions of a browser that came before, and a phone between them, which is refused each time."""
    for number in range(6):
        page = f"/inbox?page={number}"
        agent = LAPTOP.replace("145", str(140 + number // 2))
        answer = await front.get(page, **{"User-Agent": agent})
        assert answer == (200, "text/plain", f"mail for GET {page} \n")
        assert front.mail.asked[-1].headers["User-Agent"] == agent
        assert (await front.get(page, **{"User-Agent": IPHONE.replace("18_", f"{number}_")}))[0] == 403
    assert len(front.mail.asked) == 6
    assert await front.decided() == 12


async def test_a_refusal_says_why_in_the_form_of_its_client(front: Fronted) -> None:
    """A person on a page, a program in a problem document, a mail app by a status; or it is asked to log in first."""
    phone = front.guarded.with_key_of("listed")
    headers = phone.report("/inbox", subject="listed", apps=("tiktok",)) | NAVIGATION
    status, kind, page = await front.get("/inbox", **headers)
    assert (status, kind, "TikTok" in page) == (403, "text/html", True)
    told = [line for line in front.guarded.gate.records() if line.get("event") == "decided"]
    assert [line["reason"] for line in told if line["reference"] in page] == ["prohibited-app"]

    headers = phone.report("/api", subject="listed", apps=("tiktok",), method="POST") | {
        "Sec-Fetch-Mode": "cors"
    }
    status, kind, text = await front.get("/api", "POST", "{}", **headers)
    assert (status, kind) == (403, "application/problem+json")
    assert '"prohibited-app"' in text

    app = {"User-Agent": "Apple-iPhone16C1/2207.100", "MS-ASProtocolVersion": "16.1"}
    status, kind, told_to_app = await front.get(EAS, "POST", "x", **app, **LOGIN)
    assert (status, kind) == (403 if front.dialect == "traefik" else 200, "application/vnd.ms-sync.wbxml")
    assert told_to_app.encode("latin-1", "replace").endswith(b"129\0\1\1")
    assert front.mail.asked == []

    async with front.client.post(front.url + EAS, data=b"x", headers=app) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="mail"')


async def test_a_proof_is_for_the_original_request_alone(front: Fronted) -> None:
    clean = front.guarded.report("/inbox?page=2", method="PUT")
    url = f"{front.url}/inbox?page=2"
    async with front.client.put(url, data="x", headers=clean) as answer:
        assert (answer.status, "DPoP-Nonce" in answer.headers) == (200, front.dialect != "traefik")
    (asked,) = front.mail.asked
    assert not asked.headers.get("Device-Attestation")
    assert not asked.headers.get("DPoP")
    assert (await front.get("/inbox?page=2", "PUT", "x", **clean))[0] == 403
    for path, method in (("/other", "PUT"), ("/inbox", "POST")):
        assert (await front.get(path, method, "x", **front.guarded.report("/inbox", method="PUT")))[0] == 403
    assert len(front.mail.asked) == 1


async def test_the_gates_own_pages_are_there_and_its_questions_are_not(start: Start) -> None:
    front = start(probe="require")
    status, kind, page = await front.get("/inbox", **{"User-Agent": LAPTOP, **NAVIGATION})
    assert (status in (200, 403), kind, "/.mailgate/probe" in page) == (True, "text/html", True)
    assert (await front.get("/.mailgate/healthz", **{"User-Agent": IPHONE}))[0] == 200
    for path in ("/.mailgate/authz", "/.mailgate/authz/", "/.mailgate/authz/refusal"):
        status, _, _ = await front.get(path, **{"User-Agent": LAPTOP, **FORGED})
        assert status == (503 if front.dialect == "traefik" else 404)
    assert front.mail.asked == []
    assert await front.decided() == 0


async def test_changed_rules_count_and_without_the_gate_there_is_no_mail(start: Start) -> None:
    front = start()

    async def asked_again() -> int:
        return (await front.get("/inbox", **{"User-Agent": LAPTOP}))[0]

    async with front.client.get(f"{front.url}/inbox", headers={"User-Agent": LAPTOP}) as answer:
        assert (answer.status, "DPoP-Nonce" in answer.headers) == (200, False)
    shut = {
        "rules": [
            {"id": "shut", "when": 'request.path == "/inbox"', "effect": "block"},
            *PHONE_RULES["rules"],
        ]
    }
    (front.guarded.directory / "policy.yaml").write_text(json.dumps(shut))
    assert await until(asked_again, 403) == 403
    assert (await front.get("/outbox", **{"User-Agent": LAPTOP}))[0] == 200
    before = len(front.mail.asked)
    assert front.guarded.gate.stop() == 0
    down = {"nginx": 500, "caddy": 502, "haproxy": 503, "envoy": 503, "envoy-grpc": 503, "traefik": 500}
    silent = down[front.dialect]
    assert (await front.get("/outbox", **{"User-Agent": LAPTOP}))[0] == silent
    assert len(front.mail.asked) == before


@pytest.mark.parametrize("start", [each for each in FRONTS if each != "envoy-grpc"], indirect=True)
async def test_a_port_of_its_own_answers_questions_and_carries_no_mail(start: Start) -> None:
    """The proxy asks there alone; at the other port there is mail, and nobody can ask."""
    front = start(apart="127.0.0.1:0")
    questions, asked = questions_of(front.guarded.gate), "/.mailgate/authz"
    asked += "/inbox" if front.dialect == "envoy" else ""
    assert (await front.get("/inbox", **{"User-Agent": LAPTOP}))[0] == 200
    page = await front.get("/inbox", **{"User-Agent": IPHONE, **NAVIGATION})
    assert (page[:2], "/.mailgate/" in page[2]) == ((403, "text/html"), True)
    assert [each.raw_path for each in front.mail.asked] == ["/inbox"]
    told = {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "mail.example.com",
    }
    told |= {
        "nginx": {"X-Original-Method": "GET", "X-Original-URI": "/inbox"},
        "haproxy": {"X-Original-Method": "GET", "X-Original-URI": "/inbox"},
        "caddy": {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/inbox"},
        "traefik": {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/inbox"},
        "envoy": {"X-Original-For": "127.0.0.1"},
    }[front.dialect] | {"User-Agent": LAPTOP}
    for url, path, status in (
        (questions, asked, 200),
        (questions, "/inbox", 404),
        (questions, "/", 404),
        (questions, "/.mailgate/healthz", 200),
        (front.guarded.url, "/.mailgate/authz", 404),
        (front.guarded.url, "/.mailgate/authz/inbox", 404),
        (front.guarded.url, "/inbox", 200),
    ):
        async with front.client.get(url + path, headers=told) as answer:
            assert (answer.status, path) == (status, path)
    assert len(front.mail.asked) == 2


@pytest.mark.parametrize("start", ["nginx", "caddy", "envoy"], indirect=True)
async def test_a_proxy_that_asks_at_a_socket_is_believed(start: Start, socket_file: Path) -> None:
    here = 'client.kind == "laptop" && request.remote == "127.0.0.1"'
    rules = [{"id": "laptop-from-here", "when": here, "effect": "allow"}]
    front = start({"rules": rules}, apart=f"unix:{socket_file}", trusted_proxies=())
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o660
    for _ in range(3):
        assert (await front.get("/inbox", **{"User-Agent": LAPTOP, **FORGED}))[0] == 200
    page = await front.get("/inbox", **{"User-Agent": IPHONE, **NAVIGATION})
    assert (page[:2], "/.mailgate/" in page[2]) == ((403, "text/html"), True)
    assert [each.raw_path for each in front.mail.asked] == ["/inbox"] * 3
    assert await front.decided() == 4
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket_file))) as asking,
        asking.get("http://mail.example.com/inbox", headers={"User-Agent": LAPTOP}) as answer,
    ):
        assert answer.status == 404
    assert front.guarded.gate.stop() == 0
    assert not socket_file.exists()


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
async def test_nginx_keeps_a_yes_for_its_time_and_nothing_else(start: Start) -> None:
    """Whatever the decision may rest on is asked about anew; so is what was refused, and what was proved."""
    front = start(remember="2s", keeping=True)
    laptop = {"User-Agent": LAPTOP, "Cookie": "session=1"}
    for _ in patiently():  # a busy machine may need more than its time for three requests
        before = await front.decided()
        assert [(await front.get("/inbox", **laptop))[0] for _ in range(3)] == [200] * 3
        if await front.decided() <= before + 1:
            break
    else:
        pytest.fail("nginx asks about each request")
    before = await front.decided()
    await asyncio.sleep(3.1)
    assert ((await front.get("/inbox", **laptop))[0], await front.decided()) == (200, before + 1)
    for changed in (
        {"User-Agent": IPHONE},
        {"Cookie": "mailgate-probe=2"},
        {"Sec-CH-UA-Mobile": "?1"},
        LOGIN,
    ):
        before = await front.decided()
        await front.get("/inbox", **(laptop | changed))
        assert await front.decided() == before + 1
    before = await front.decided()
    for _ in range(2):
        assert (await front.get("/inbox", **{"User-Agent": IPHONE}))[0] == 403
        assert (await front.get("/inbox", **front.guarded.report("/inbox")))[0] == 200
    assert await front.decided() == before + 4


def from_address(address: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
async def test_nginx_goes_by_a_yes_for_everybody_who_would_get_the_same(start: Start) -> None:
    """Each with a cookie, an address and a page of their own; a phone among them is asked about, and so is another protocol."""
    front = start(remember="10s", keeping=True)
    for number in range(4):
        page, cookie = f"/mail/{number}?_token={number}", f"session={number}"
        async with (
            from_address(f"127.0.0.{2 + number}") as client,
            client.get(front.url + page, headers={"User-Agent": LAPTOP, "Cookie": cookie}) as answer,
        ):
            assert (answer.status, await answer.text()) == (200, f"mail for GET {page} \n")
        assert front.mail.asked[-1].headers["Cookie"] == cookie
        assert front.mail.asked[-1].headers["X-Device-Class"] == "laptop"
    assert await front.decided() == 1
    assert (await front.get("/mail/9", **{"User-Agent": IPHONE, "Cookie": "session=0"}))[0] == 403
    for number, path in enumerate(("/dav/", "/x%2Fdav/", "/DAV/?x", EAS), 3):
        await front.get(path, **{"User-Agent": LAPTOP})
        assert (path, await front.decided()) == (path, number)
    assert (await front.get(EAS, "POST", "x", **{"User-Agent": LAPTOP}))[0] != 200


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
async def test_nginx_asks_about_what_only_looks_like_a_request_before(start: Start) -> None:
    front = start({"rules": [{"id": "all", "when": "true", "effect": "allow"}]}, remember="10s", keeping=True)
    page, sync = "/mail/1?Cmd=Sync&DeviceId=1", {"Content-Type": "application/vnd.ms-sync.wbxml"}
    assert (await front.get(page, **{"User-Agent": LAPTOP}))[0] == 200
    others: tuple[tuple[str, dict[str, str]], ...] = (
        ("/%64av/", {}),
        ("/mail;x/ews", {}),
        ("/mail%5Cews", {}),
        ("/Autodiscover/x", {}),
        (page, {"DPoP": "0"}),
        (page, sync),
        (page, sync),
        (page, {"Cookie": "a=1; MAILGATE-probe=1"}),
        (page, {"Sec-Fetch-Mode": "navigate"}),
        (page, {"Device-Attestation": "x"}),
        (page, {"Device-Attestation": "x"}),
    )
    for number, (path, fields) in enumerate(others, 2):
        url = URL(front.url + path, encoded=True)
        async with front.client.get(url, headers={"User-Agent": LAPTOP, **fields}):
            assert (path, fields, await front.decided()) == (path, fields, number)
    for like in ("/", "/news/2?a=/dav", "/mail/%40ada"):
        await front.get(like, **{"User-Agent": LAPTOP, "Cookie": "a=2", "Referer": "x"})
    assert await front.decided() == len(others) + 1


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
@pytest.mark.parametrize(
    ("besides", "decided"), [("", 3), ("target", 3), ("address", 1), ("address target", 1)]
)
async def test_if_a_rule_reads_the_address_the_key_of_a_yes_has_it(
    start: Start, besides: str, decided: int
) -> None:
    here = {"id": "here", "when": 'request.remote == "127.0.0.1"', "effect": "allow"}
    front = start({"rules": [here]}, remember="10s", keeping=True, besides=besides)
    forged = {"Mailgate-Verdict-Key": " ".join([*ALWAYS, "address", "target"])}
    for _ in range(3):
        assert (await front.get("/inbox", **{"User-Agent": LAPTOP}, **forged))[0] == 200
    assert await front.decided() == decided
    async with (
        from_address("127.0.0.9") as client,
        client.get(f"{front.url}/inbox", headers={"User-Agent": LAPTOP}) as answer,
    ):
        assert answer.status == 403


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
async def test_a_rule_that_comes_into_force_counts_once_the_yes_has_run_out(start: Start) -> None:
    front = start(remember="2s", keeping=True)

    async def asked_again() -> int:
        return (await front.get("/inbox", **{"User-Agent": LAPTOP}))[0]

    assert await asked_again() == 200
    shut = {"rules": [{"id": "shut", "when": 'request.path == "/inbox"', "effect": "block"}]}
    (front.guarded.directory / "policy.yaml").write_text(json.dumps(shut))
    assert await until(asked_again, 403) == 403


@pytest.mark.parametrize("start", ["nginx"], indirect=True)
@pytest.mark.parametrize(("keeping", "remember"), [(True, ""), (False, "2s")])
async def test_nginx_and_the_gate_both_have_to_allow_kept_verdicts(
    start: Start, keeping: bool, remember: str
) -> None:
    front = start(remember=remember, keeping=keeping)
    for _ in range(3):
        await front.get("/inbox", **{"User-Agent": LAPTOP})
    assert await front.decided() == 3


FINDING_THE_MAIL = (
    ("POST", "/autodiscover/autodiscover.xml", "<Autodiscover/>"),
    ("GET", "/autodiscover/autodiscover.json?Email=ada%40example.com&Protocol=ActiveSync", ""),
)


async def test_discovery_answers_hold_no_mail_whatever_a_request_carries(front: Fronted) -> None:
    """A webmail with one script for every address would show mail: it is asked by the gate, and what it says is the gate's no."""
    for method, path, body in FINDING_THE_MAIL:
        headers = {"User-Agent": IPHONE} | ({"Content-Type": "text/xml"} if body else {})
        cookie = {"Cookie": "session=1"}
        for login in ({}, LOGIN, cookie, LOGIN | cookie, {"X-AuthToken": "1"}):
            status, _, text = await front.get(path, method, body, **headers, **login)
            assert (status in (401, 403, 404), "mail for" in text) == (True, False)
            assert "Cookie" not in front.mail.asked[-1].headers
            assert not front.mail.asked[-1].headers.get("Content-Length", "0").strip("0")
        form = {"User-Agent": IPHONE, "Content-Type": "application/x-www-form-urlencoded"}
        status, _, text = await front.get(path, method, "user=ada&password=secret", **form)
        assert (status in (401, 403, 404), "mail for" in text) == (True, False)


async def test_an_unknown_phone_is_told_the_options_and_nothing_else(front: Fronted) -> None:
    """It asks for them with its login, before it names itself: the gate asks the webmail in its place."""
    told = 403 if front.dialect == "traefik" else 200  # it cannot hand on a success
    for login, wanted in ((LOGIN, told), ({}, 401), (LOGIN | {"Cookie": "session=1"}, told)):
        before = len(front.mail.asked)
        status, _, text = await front.get(
            "/Microsoft-Server-ActiveSync", "OPTIONS", "", **{"User-Agent": IPHONE}, **login
        )
        assert (status, text, len(front.mail.asked) - before) == (wanted, "", 1)
        assert "Cookie" not in front.mail.asked[-1].headers
