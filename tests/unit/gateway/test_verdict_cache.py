"""A request that is served as one was before gets, leaves and counts what it would have by the whole way."""

import asyncio
import os
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache as cached
from hashlib import sha256
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from structlog.testing import capture_logs
from tests.unit.clock import Clock
from tests.unit.gateway.gates import PAGES, Forgetful, Known, gate, policy, renew
from tests.unit.gateway.phones import with_certificates
from tests.unit.gateway.wire import FakeTransport
from tests.unit.http.proxy.test_upstream import endpoint
from tests.unit.http.test_connection import Peer
from tests.unit.silence import no_log

from mailgate.classify.probe_readings import ProbeFinding
from mailgate.gateway.authz.authorizer import Authorizer, Dialect
from mailgate.gateway.authz.verdict_key import ALWAYS
from mailgate.gateway.evaluate import facts
from mailgate.gateway.evaluate.browser_probe import COMPUTER, BrowserProbe, Mode
from mailgate.gateway.person_languages import PersonLanguages
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.gateway.verdict_cache import IGNORED_FIELDS, MAX_PATH, MAX_TARGET, SIZE, VerdictCache
from mailgate.http.connection import Server
from mailgate.http.parser import ServerLimits
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.proxy.heads import Rewrite
from mailgate.http.proxy.upstream import UpstreamConnection
from mailgate.model import Posture, PostureState, RequestFacts
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.rollout.halting import HaltMonitor
from mailgate.store import SharedKey
from mailgate.store.client_facts import LONGEST_NAME
from mailgate.store.ledger import Ledger
from mailgate.store.spool import Spool

START = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
KEYS = (SharedKey(1, b"k" * 32, START - timedelta(days=1)),)
PROXY, STRANGER = "192.0.2.1", "203.0.113.9"
LIMITS = ServerLimits(head=16384, fields=50, body=1000, head_time=10, keep_alive=75, linger=0)
"""Room for every request here: one that is too large is decided by nothing."""
RESPONSES = ResponseBuilder(
    PAGES,
    "mail.example.com",
    "en",
    tickets=Tickets(KEYS),
    extension_pages={"chromium": "https://example.com/extension"},
)
KEY = "Mailgate-Verdict-Key: " + " ".join(sorted(ALWAYS))
"""Sent by a proxy that keeps verdicts."""

LAPTOPS = {"id": "laptops", "when": 'client.kind == "laptop"', "effect": "allow"}
POLICIES = [
    policy(tuple(rules))
    for rules in (
        [LAPTOPS],
        [{"id": "watched", "when": "true", "effect": "block", "stages": {"report_only": "2026-11-01"}}, LAPTOPS],
        [{"id": "later", "when": "true", "effect": "block", "stages": {"enforce": "2026-11-24T09:05:09Z"}}, LAPTOPS],
        [{"id": "from-here", "when": f'request.remote == "{STRANGER}"', "effect": "allow"}],
        [{"id": "there", "when": 'request.path == "/mail/other"', "effect": "block"}, LAPTOPS],
        [{"id": "in-time", "when": 'now < timestamp("2026-11-24T09:05:10Z")', "effect": "allow"}],
        [{"id": "soon", "when": "true", "effect": "warn"}],
        [{"id": "staff", "when": "true", "effect": "block", "groups": ("staff",)}, LAPTOPS],
        [{"id": "watched", "when": "true", "effect": "block", "stages": {"report_only": "2026-11-24T09:05:08Z"}}, LAPTOPS],
        [{"id": "old", "when": 'client.browser_version == "146.0"', "effect": "block"}, LAPTOPS],
        [{"id": "all", "when": "true", "effect": "allow"}],
        [{"id": "other", "when": 'client.browser == "Chrome"', "effect": "block"}, LAPTOPS],
        [{"id": "not-ada", "when": 'user.name == "ada"', "effect": "block"}, LAPTOPS],
        [{"id": "some", "when": "true", "effect": "block", "share": "50%"}, LAPTOPS],
    )
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_lines_for_debugging(monkeypatch):
    """As a gate is run; while every decision has its line, nothing is remembered."""
    for module in ("recorder", "verdict_cache"):
        monkeypatch.setattr(f"mailgate.gateway.{module}.is_debugging", lambda: False)


class WebmailPool:
    """Connections that answer each request at once with what it asked for."""

    def __init__(self):
        self.asked, self.idle = [], []

    def take(self, *, repeatable):
        return self.idle.pop() if self.idle else None

    async def connect(self):
        connection = UpstreamConnection(endpoint(), asyncio.get_running_loop())
        transport = FakeTransport(connection)
        transport.write = lambda data: asyncio.get_running_loop().call_soon(self.answer, connection, data)
        connection.connection_made(transport)
        return connection

    def answer(self, connection, asked):
        self.asked.append(asked)
        body = b"" if asked.startswith(b"HEAD") else b"mail"
        kind = b"Content-Type: text/html\r\n" if b"/mail" in asked else b""
        date = b"" if b"/undated" in asked else b"Date: Tue, 24 Nov 2026 09:00:00 GMT\r\n"
        connection.data_received(b"HTTP/1.1 200 OK\r\n%b%bContent-Length: 4\r\n\r\n%b" % (date, kind, body))

    def release(self, connection):
        self.idle.append(connection)


class Tongues:
    def __init__(self):
        self.heard = []

    def note(self, login, tag, now):
        self.heard.append((login, tag, now))


class Devices(Known):
    """The devices that were reported, by their ActiveSync ids, and whether they are in memory."""

    def __init__(self):
        super().__init__()
        self.of, self.in_mind = {}, True

    def at_once(self, client, now):
        if not client.eas_id:
            return Posture()
        return self.of.get(client.eas_id, Posture()) if self.in_mind else None

    async def current(self, client, proof, now):
        return self.of.get(client.eas_id, Posture())


class Mails(list):
    """The mails that may be written, and what is read for them."""

    def __bool__(self):
        return True

    def queue(self, read, access, decision, reference):
        incoming, facts = read(), access.facts
        sent = incoming.login, incoming.facts.headers, incoming.facts.target
        of_this = facts.remote, facts.headers.get("accept-language"), access.now, reference
        self.append((sent, of_this, replace(decision, trials=())))


class Side:
    """A gate between clients and a webmail in memory, and everything that it does."""

    def __init__(self, cache, *, over_https=True):
        self.clock, self.got, self.peers = Clock(START), [], {}
        self.devices, self.mails = Devices(), Mails()
        self.halts = HaltMonitor(None, lambda: self.gate.in_force.live.policy, "here", self.clock, b"salt")
        self.webmail, self.languages = WebmailPool(), Tongues()
        self.book = Ledger(None, Spool(Path("/nonexistent/spool"), 1))
        rewrite = Rewrite.between("https://mail.example.com", "http://inner:9080")
        way = Forwarder(self.webmail, rewrite, b"mail.example.com", 5.0)
        references = (f"REF{number}" for number in count())
        self.gate = gate(
            way=way, clock=self.clock, draw=references.__next__,
            listeners=[self.book, PersonLanguages(self.languages), self.halts], trusted=(ip_network(PROXY),),
            authorizer=Authorizer(Dialect.NGINX, self.clock, timedelta(seconds=1)), responses=RESPONSES,
            postures=self.devices, mails=self.mails,
        )  # fmt: skip
        on = self.gate
        self.cache = cache(on.in_force, on.recorder.recurring, on.judge.postures.at_once)
        parts = {"verdicts": self.cache, "reader": replace(on.reader, over_https=over_https)}
        self.gate = replace(on, **parts, questions=replace(on.questions, **parts))
        self.server = Server(self.gate.handle, LIMITS, request_finished=self.gate.requests.request_finished)
        self.found = 0

    async def ask(self, peer, data):
        line = self.peers.get(peer)
        if line is None or line.transport.closing:
            line = self.peers[peer] = Peer(self.server, peername=(peer, 5))
        self.got.append(await line.send(data))

    def left(self):
        """All that can be seen of it afterwards."""
        numbers = generate_latest(self.gate.metrics.registry).decode()
        # how long anything took is another each time; how many were timed is not
        timed = re.sub(r"mailgate_\w+_seconds_(?:bucket|sum).*\n|process_.*\n", "", numbers)
        self.book._gather()
        rows = self.book._items
        return (
            self.got,
            self.webmail.asked,
            rows,
            self.book.strangers_not_recorded,
            self.languages.heard,
            timed,
            self.mails,
            self.halts._tallies,
        )

    def accept(self, credentials):
        """Let the webmail accept these credentials of a mail app."""
        self.halts.logins._checks = True
        self.halts.logins._known[sha256(b"salt" + credentials.encode()).digest()] = None


def request(method, target, *fields, version="1.1"):
    lines = [f"{method} {target} HTTP/{version}", "Host: mail.example.com", *fields, "", ""]
    return "\r\n".join(lines).encode()


def question(*fields, uri="/mail/inbox", method="GET", asking="GET", version="1.1"):
    told = f"X-Original-URI: {uri}", f"X-Original-Method: {method}"
    proxied = (
        "X-Forwarded-For: 198.51.100.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: mail.example.com",
    )
    return request(asking, "/.mailgate/authz", *told, *proxied, *fields, version=version)


def page(agent, *fields):
    return request("GET", "/mail/inbox", f"User-Agent: {agent}", *fields)


UNUSUAL = [
    (), ("Cookie: session=1; other=2",), ("X-Forwarded-For: 198.51.100.7",), ("X-Forwarded-User: ada", "Accept-Language: de"),
    ("Authorization: Basic YWRhOnNlY3JldA==",), ("Authorization: Basic Ym9iOnNlY3JldA==",), ("Device-Attestation: x",), ("DPoP: x",), ("TE: trailers",),
    ("Sec-Fetch-Mode: navigate", "Accept: text/html"), ("Accept-Language: de",), ("Connection: close",),
    ("Content-Type: application/vnd.ms-sync.wbxml",), ("Depth: 1",), ("Sec-CH-UA-Mobile: ?1",),
    ("Content-Length: 0",), ("Content-Length: 4",), ("Upgrade: websocket", "Connection: Upgrade"), ("Max-Forwards: 0",),
    ("Cookie: __Host-mailgate-probe={0}", "Sec-Fetch-Mode: navigate"), ("Cookie: __Host-mailgate-probe=made-up",), ("Via: 1.1 other",),
    (KEY,), ("Cookie: __Host-mailgate-probe={0}", "Sec-Fetch-Mode: navigate", KEY),
    ("Cookie: a=b; __Host-mailgate-probe={own}", "Sec-Fetch-Mode: navigate"),
]  # fmt: skip
AGENTS = [
    LAPTOP, LAPTOP.replace("145", "146"), LAPTOP.replace("145", "7.11.13"), LAPTOP.replace("X11; Linux x86_64", "Windows NT 10.0"),
    PHONE, PHONE.replace("18_1", "18_2"), LAPTOP.replace("Firefox/145.0", "Chrome/145.0"), LAPTOP + " Thunderbird/128.0", LAPTOP + " Mobile", "curl/8.1", "curl/8.2", "", " ", "x\ty", "z" * 600,
]  # fmt: skip
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PROPFIND"]
TARGETS = [
    "/", "/mail/inbox", "/mail/inbox?page=2", "/mail/other", "/undated", "/.mailgate/healthz", "/.mailgate/authz?x",
    "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=1&DeviceType=iPhone", "/dav/x", "/autodiscover/autodiscover.xml",
    "https://mail.example.com/mail/inbox", "http://other.example.com/mail/inbox", "*", f"/{'x' * MAX_PATH}",
]  # fmt: skip
forms = st.builds(
    lambda method, target, agent, fields, version: request(method, target, f"User-Agent: {agent}", *fields, version=version),
    st.sampled_from(METHODS), st.sampled_from(TARGETS), st.sampled_from([LAPTOP, LAPTOP, PHONE]),
    st.sampled_from(UNUSUAL), st.sampled_from(["1.1", "1.1", "1.0"]),
) | st.builds(
    lambda uri, method, asking, agent, fields, version: question(
        f"User-Agent: {agent}", *fields, uri=uri, method=method, asking=asking, version=version
    ),
    st.sampled_from(TARGETS), st.sampled_from(METHODS), st.sampled_from(METHODS),
    st.sampled_from([LAPTOP, LAPTOP, PHONE]), st.sampled_from(UNUSUAL), st.sampled_from(["1.1", "1.0"]),
)  # fmt: skip


NAMING = [
    "X-Forwarded-User: ada", "X-Forwarded-User: ADA", "X-Forwarded-User: bob", "X-Forwarded-User: ada@example.com", "X-Forwarded-User: a\xffb",
    "Authorization: Basic YWRhOng=", "Authorization: Basic Ym9iOng=", "Authorization: Basic Y2lkOng=", "Authorization: Bearer x", "Via: 1.1 x",
]  # fmt: skip
SPELLED = st.sampled_from(["User-Agent", "User-Agent", "User-Agent", "user-agent"])


@st.composite
def families(draw):
    """Requests that differ in nothing but who sends them, or questions that differ in the address as well."""
    agents = draw(st.lists(st.sampled_from(AGENTS), min_size=3, max_size=3))
    fields, spelled = draw(st.sampled_from(UNUSUAL)), draw(SPELLED)
    told = [(f"{spelled}: {agent}", *fields) for agent in agents] if draw(st.booleans()) else [fields] * 3
    if draw(st.booleans()):
        told = [(*each, draw(st.sampled_from(NAMING))) for each in told]
    targets = draw(st.lists(st.sampled_from(TARGETS), min_size=3, max_size=3))
    if draw(st.booleans()):
        return [question(*each, uri=uri) for each, uri in zip(told, targets, strict=True)]
    asked_too = draw(st.sampled_from([(), ("X-Original-URI: /mail/{}",), ("x-forwarded-uri: /mail/{}",)]))
    return [
        request("GET", targets[0], *each, *(name.format(number) for name in asked_too))
        for number, each in enumerate(told)
    ]


def relieved(on, at):
    relief = Relief(1, Cause.BREAK_GLASS, "", "x", "ada", START, START + timedelta(seconds=3))
    renew(on, policy=replace(on.in_force.live.policy, reliefs=Reliefs(1, (relief,))))


def exempt(on, at):
    end = START + timedelta(seconds=3)
    reliefs = [
        Relief(number, Cause.EXEMPTION, "", "x", "ada", START, end, person=person)
        for number, person in enumerate(("bob", "cid"))
    ]
    renew(on, policy=replace(on.in_force.live.policy, reliefs=Reliefs(2, tuple(reliefs))))


def live_with(index):
    def change(on, at):
        renew(on, policy=POLICIES[index])

    return change


def probing(mode):
    def change(on, at):
        renew(on, browser_probe=BrowserProbe(mode, timedelta(seconds=4), KEYS))

    return change


CHANGES = [
    *map(live_with, range(len(POLICIES))),
    relieved,
    lambda on, at: renew(on, groups=Groups.of_members({"staff": ["ada"]})),
    *map(probing, Mode),
    lambda on, at: renew(on, trusted=()),
    lambda on, at: renew(on, trusted=(ip_network(PROXY),)),
    lambda on, at: renew(on, authorizer=None),
    lambda on, at: renew(on, authorizer=Authorizer(Dialect.NGINX, on.clock, timedelta(seconds=2))),
    exempt,
]
PROBING = len(POLICIES) + 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2), st.sampled_from([PROXY, PROXY, STRANGER])),
        st.tuples(st.just("ask"), st.integers(0, 2), st.sampled_from([PROXY, PROXY, STRANGER])),
        st.tuples(st.just("wait"), st.sampled_from([0.4, 1, 3, -1, 60000]), st.none()),
        st.tuples(st.just("change"), st.integers(0, len(CHANGES) - 1), st.none()),
    ),
    max_size=24,
)


@cached
def sealed(agent, form=COMPUTER, issued=START):
    """The value of the probe's cookie in this browser."""
    browser = RequestFacts(headers={"user-agent": agent})
    probe = BrowserProbe(Mode.OBSERVE, timedelta(seconds=4), KEYS)
    return (
        probe.remember(ProbeFinding(form, "touch"), browser, issued)
        .partition("=")[2]
        .partition(";")[0]
        .encode()
    )


async def lived(cache, first, asked, steps):
    side = Side(cache)
    live_with(first)(side.gate, START)
    laptops = sealed(LAPTOP)
    for what, which, peer in steps:
        if what == "ask":
            agent = re.search(rb"(?i)user-agent: ([^\r]*)", asked[which])
            own = sealed(agent[1].decode("latin-1")) if agent else b""
            await side.ask(peer, asked[which].replace(b"{0}", laptops).replace(b"{own}", own))
        elif what == "wait":
            side.clock.now += timedelta(seconds=which)
        elif what == "drain":
            side.server.draining = True
        elif what == "report":
            side.devices.of[peer] = REPORTED[which]
        elif what == "forget":
            side.devices.in_mind = not which
        elif what == "accept":
            side.accept(which.partition(": ")[2])
        elif what == "rules":
            renew(side.gate, policy=HANDHELDS[which])
        else:
            CHANGES[which](side.gate, side.clock.now)
    return side.left()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, len(POLICIES) - 1),
    st.lists(forms, min_size=3, max_size=3) | families() | families(),
    STEPS,
)
def test_nobody_can_tell_whether_a_verdict_was_remembered(first, asked, steps):
    """Answers, what the webmail is asked, records, numbers, languages and log lines, whatever changes meanwhile."""
    with capture_logs() as quick:
        remembered = asyncio.run(lived(VerdictCache, first, asked, steps))
    with capture_logs() as slow:
        whole = asyncio.run(lived(Forgetful, first, asked, steps))
    assert remembered == whole
    assert quick == slow


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([0, 3, 4, 9, 10, 11]), st.booleans(), families(), st.lists(st.integers(0, 2), max_size=6)
)
def test_nobody_can_tell_whether_it_was_a_verdict_on_somebody_like_them(first, probed, asked, order):
    steps = [("change", PROBING, None)] if probed else []
    steps += [("ask", which, PROXY) for which in (0, 0, *order)]
    remembered = asyncio.run(lived(VerdictCache, first, asked, steps))
    assert remembered == asyncio.run(lived(Forgetful, first, asked, steps))


APPS = AppCatalog({"chat": ListedApp("chat", "Chat")}, {"prohibited": ("chat",)})
HANDHELDS = [
    policy((*rules, LAPTOPS, {"id": "clean", "when": 'device.state == "clean"', "effect": "allow"}), APPS)
    for rules in (
        [],
        [{"id": "apps", "title": "No mail with chat", "when": '"chat" in device.apps', "effect": "block", "notice": {"fix": "remove-app"}}],
        [{"id": "new", "when": "client.handheld && device.known", "effect": "block", "grace": "2s"}],
        [{"id": "later", "when": "client.handheld", "effect": "block", "stages": {"warn": "2026-11-24", "enforce": "2026-11-24T09:05:09Z"}}],
        [{"id": "halts", "when": "client.handheld", "effect": "block", "halt_when": {"block_rate": "50%", "of": "requests"}}],
        [{"id": "prove", "when": "client.handheld", "effect": "challenge"}],
        [{"id": "watched", "when": "client.handheld", "effect": "block", "stages": {"report_only": "2026-11-24T09:05:08Z"}}],
        [{"id": "ada", "when": 'client.handheld && user.name == "ada"', "effect": "block", "title": "Not you"}],
        [{"id": "old", "when": 'client.handheld && device.age > duration("24h")', "effect": "block"}],
        [{"id": "staff", "when": "client.handheld", "effect": "block", "groups": ("staff",)}],
        [{"id": "from-here", "when": f'request.remote == "{STRANGER}"', "effect": "block"}],
    )
]  # fmt: skip
ADA, ADA_TOO, BOB = (
    f"Authorization: Basic {b64encode(each).decode()}" for each in (b"ada:right", b"ada:wrong", b"bob:secret")
)
REPORTED = [
    Posture(),
    Posture(
        PostureState.CLEAN,
        device_id="d1",
        owner="ada",
        first_seen=START,
        expires_at=START + timedelta(seconds=4),
    ),
    Posture(
        PostureState.CLEAN,
        device_id="d1",
        owner="ada",
        first_seen=START - timedelta(days=9),
        reported_at=START,
    ),
    Posture(
        PostureState.LISTED,
        device_id="d2",
        owner="bob",
        apps=("chat",),
        lists=("prohibited",),
        reported_at=START,
    ),
    Posture(
        PostureState.UNAVAILABLE,
        device_id="d1",
        last_state=PostureState.CLEAN,
        expires_at=START + timedelta(seconds=2),
    ),
    Posture(PostureState.CLEAN, device_id="d1", lost=True),
]
SYNC_TYPE = "Content-Type: application/vnd.ms-sync.wbxml"
OWN_COOKIES = [
    "mailgate-language=de",
    "__Host-mailgate-language=fr",
    f"mailgate-help={'a' * 32}",
    "mailgate-warned=x",
    "theme=mailgate-dark",
]
BROWSER_PARTS = {
    "agent": [PHONE, PHONE.replace("18_1", "18_2"), PHONE.replace("Version/18.1", "CriOS/142.0 Chrome/142.0"), LAPTOP, "curl/8.1"],
    "target": ["/mail/inbox", "/mail/inbox?q=<b>", "/mail/?page=2", "/other/x", "/Microsoft-Server-ActiveSync?x"],
    "method": ["GET", "HEAD", "POST"],
    "accepts": [("Sec-Fetch-Mode: navigate",), ("Accept: text/html",), ("Accept: text/html", "X-Requested-With: x"), ("Sec-Fetch-Mode: cors",)],
    "language": [(), ("Accept-Language: de",), ("Accept-Language: fr", "Accept-Language: xx"), ("Accept-Language: ar;q=0.5",)],
    "cookie": [(), ("Cookie: s=1",), *((f"Cookie: s=1; {own}",) for own in OWN_COOKIES), (f"Cookie: {OWN_COOKIES[0]}; {OWN_COOKIES[2]}",)],
    "more": [(), ("X-Forwarded-User: ada",), ("X-Forwarded-User: bob",), ("X-Forwarded-Proto: https",), (ADA,), (BOB,), ("Device-Attestation: x",), ("Referer: x",), ("X-Forwarded-For: 198.51.100.9",)],
}  # fmt: skip
APP_PARTS = {
    "agent": ["Apple-iPhone16C1/2207.100", "Apple-iPhone16C1/2207.101", LAPTOP],
    "target": [
        f"/{path}?Cmd={command}&DeviceId={device}&DeviceType=iPhone&User=x"
        for path in ("Microsoft-Server-ActiveSync", "x/microsoft-server-activesync")
        for command in ("Ping", "FolderSync") for device in ("a", "b")
    ] + ["/Microsoft-Server-ActiveSync", "/mail/inbox"],
    "method": ["POST", "GET"],
    "accepts": [(SYNC_TYPE,), ("Content-Type: text/plain",)],
    "language": [(), ("MS-ASProtocolVersion: 14.1",), ("MS-ASProtocolVersion: 12.1", "Accept-Language: de")],
    "cookie": [(), ("Cookie: ClientId=1",), ("Cookie: session=1",)],
    "more": [(ADA,), (ADA_TOO,), (BOB,), (), ("Authorization: Bearer x",), ("X-Forwarded-User: ada",), ("X-Forwarded-User: ada", ADA), ("X-Forwarded-For: 198.51.100.9", ADA)],
}  # fmt: skip


PAGE = request("GET", "/mail/inbox", f"User-Agent: {LAPTOP}")
OTHER = request("GET", "/mail/other", f"User-Agent: {LAPTOP}")
ELSEWHERE = request("GET", "http://other.example.com/mail/inbox", f"User-Agent: {LAPTOP}")
PROBED = request(
    "GET", "/mail/", f"User-Agent: {LAPTOP}", "Cookie: __Host-mailgate-probe={0}", "Sec-Fetch-Mode: navigate"
)
ASKED = question(f"User-Agent: {LAPTOP}")
IN_A_COOKIE, IN_A_LANGUAGE = (
    request(
        "GET", "/mail/", f"User-Agent: {LAPTOP}", "Sec-Fetch-Mode: navigate", "X-Forwarded-User: ada",
        "Accept-Language: de", f"{name}: __Host-mailgate-probe={{0}}",
    )
    for name in ("Cookie", "Accept-Language")
)  # fmt: skip
PROBED_AND_KEPT = question(
    f"User-Agent: {LAPTOP}", "Cookie: __Host-mailgate-probe={0}", "Sec-Fetch-Mode: navigate", KEY
)
WITH_BODY = question(f"User-Agent: {LAPTOP}", "Content-Length: 4") + b"body"


def asking(which, peer=PROXY):
    return [("ask", which, peer)]


def waiting(seconds):
    return [("wait", seconds, None)]


@pytest.mark.parametrize(
    ("first", "asked", "steps"),
    [
        pytest.param(0, [PAGE, ELSEWHERE], asking(0) * 4 + asking(1), id="an absolute target names another host"),
        pytest.param(0, [PAGE], asking(0) * 4 + asking(0, STRANGER), id="another peer"),
        pytest.param(0, [PAGE], asking(0) * 4 + waiting(60000) + asking(0), id="another day"),
        pytest.param(
            8, [PAGE], waiting(2) + asking(0) * 4 + waiting(-2) + asking(0), id="a clock that was put back"
        ),
        pytest.param(2, [PAGE], asking(0) * 4 + waiting(3) + asking(0), id="a stage begins"),
        pytest.param(4, [PAGE, OTHER], asking(0) * 4 + asking(1), id="a rule reads the path"),
        pytest.param(5, [PAGE], asking(0) * 4 + waiting(5) + asking(0), id="a rule reads the clock"),
        pytest.param(
            0, [PROBED], [("change", PROBING, None)] + asking(0) * 4 + waiting(5) + asking(0),
            id="what the probe found is too old",
        ),
        pytest.param(2, [ASKED], asking(0) * 4 + waiting(1.4) + asking(0), id="a yes that is kept for less"),
        pytest.param(
            0, [PROBED_AND_KEPT], [("change", PROBING, None)] + asking(0) * 4 + waiting(3.4) + asking(0),
            id="a yes that is kept for less, since what the probe found is soon too old",
        ),
        pytest.param(
            11, [IN_A_COOKIE, IN_A_LANGUAGE], [("change", PROBING + 1, None)] + asking(0) * 2 + asking(1),
            id="a cookie that stands in another field",
        ),
        pytest.param(0, [ASKED], [*asking(0) * 4, ("drain", 0, None), *asking(0)], id="the gate stops"),
        pytest.param(0, [WITH_BODY], asking(0) * 4, id="a question with a body"),
    ],
)  # fmt: skip
def test_no_old_verdict_serves_another_request_or_another_moment(first, asked, steps):
    assert asyncio.run(lived(VerdictCache, first, asked, steps)) == asyncio.run(
        lived(Forgetful, first, asked, steps)
    )


async def test_a_handshake_may_bring_a_certificate_where_those_count():
    side = Side(Watched)
    side.gate.in_force.live = with_certificates().in_force.live
    live_with(0)(side.gate, START)
    side.peers[STRANGER] = Peer(side.server, peername=(STRANGER, 5), sslcontext=object())
    for _ in range(6):
        await side.ask(STRANGER, PAGE)
    assert side.cache.known == 0


class Watched(VerdictCache):
    """Counts the requests that it knew."""

    known = 0

    def find(self, head, origin, now, port=0):
        found = super().find(head, origin, now, port)
        self.known += found is not None
        return found


async def believed_by(data, *, times=6, first=0, peer=STRANGER, change=lambda on, at: None):
    """How many of so many equal requests were known."""
    side = Side(Watched)
    live_with(first)(side.gate, START)
    for turn in range(times):
        if turn == times - 1:
            change(side.gate, START)
        await side.ask(peer, data)
    return side.cache.known


@pytest.mark.parametrize(
    "data", [PAGE, request("POST", "/mail/inbox", f"User-Agent: {LAPTOP}", "Content-Length: 0")]
)
async def test_the_second_of_equal_requests_is_known(data):
    assert await believed_by(data) == 5


async def test_a_question_is_known_too():
    assert await believed_by(question(f"User-Agent: {LAPTOP}"), peer=PROXY) == 5


async def test_hits_and_misses_are_counted():
    side = Side(VerdictCache)
    live_with(0)(side.gate, START)
    for _ in range(3):
        await side.ask(STRANGER, PAGE)
    await side.ask(STRANGER, request("GET", "/mail/inbox"))  # without a user agent
    assert (side.gate.verdicts.hits, side.gate.verdicts.misses) == (2, 2)


async def test_another_page_of_the_same_browser_is_known():
    side = Side(Watched)
    live_with(0)(side.gate, START)
    for number in range(6):
        await side.ask(STRANGER, request("GET", f"/mail/{number}?_={number}", f"User-Agent: {LAPTOP}"))
    assert side.cache.known == 5
    assert [asked.split(b" ")[1] for asked in side.webmail.asked] == [
        b"/mail/%d?_=%d" % (n, n) for n in range(6)
    ]


@pytest.mark.parametrize("first", [5, 6])
async def test_rules_that_read_the_clock_or_warn_are_asked_each_time(first):
    assert await believed_by(PAGE, first=first) == 0


DEVICE_A = "/Microsoft-Server-ActiveSync?Cmd=Ping&DeviceId=a&DeviceType=iPhone"


def of_an_app(*fields, target=DEVICE_A, agent="Apple-iPhone16C1/2207"):
    return request("POST", target, f"User-Agent: {agent}", SYNC_TYPE, *fields, "Content-Length: 0")


async def refused(*requests, change=lambda side: None, cache=None, **more):
    """Which of these requests of phones were known, one letter each, and what they left. ``change`` comes before the last one."""
    side, known = Side(cache or Watched, **more), ""
    renew(side.gate, policy=HANDHELDS[0])
    for number, data in enumerate(requests, 1):
        if number == len(requests):
            change(side)
        before = side.cache.known
        await side.ask(PROXY, data)
        known += "+" if side.cache.known > before else "-"
    return known, side


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(page(PHONE, "Sec-Fetch-Mode: navigate"), id="page"),
        pytest.param(page(PHONE, "Cookie: a=b"), id="problem document"),
        pytest.param(
            page(PHONE, "Accept: text/html", "X-Requested-With: x"), id="a script that accepts HTML"
        ),
        pytest.param(
            request("POST", "/mail/", f"User-Agent: {PHONE}", "Content-Length: 4") + b"body", id="with a body"
        ),
        pytest.param(of_an_app(ADA), id="ActiveSync"),
        pytest.param(question(f"User-Agent: {PHONE}", "Sec-Fetch-Mode: navigate"), id="asked by a proxy"),
    ],
)
async def test_the_third_of_equal_refusals_is_known(data):
    """Most who come once, as in a flood, never come again."""
    known, side = await refused(data, data, data, data)
    assert known == "--++"
    assert len({re.sub(rb"REF\d|[-\w.]{99,}|=[0-9a-f]{32};", b"", got) for got in side.got}) == 1
    (tally,) = side.left()[2].values()
    assert (tally.times, tally.shown, tally.reference) == (4, 4, "REF3")


async def test_a_page_of_memory_has_what_is_of_its_own_request():
    pages = [
        request("GET", f"/mail/{number}?for={number}", f"User-Agent: {PHONE}", "Sec-Fetch-Mode: navigate", f"Accept-Language: {tag}")
        for number, tag in enumerate(["de", "fr", "de", "fr"])
    ]  # fmt: skip
    known, side = await refused(*pages)
    assert known == "--++"
    for number, (got, tag) in enumerate(zip(side.got, [b"de", b"fr", b"de", b"fr"], strict=True)):
        assert b"\r\nContent-Language: %b\r\n" % tag in got
        assert b"REF%d" % number in got
        assert b"/mail/%d?for=%d" % (number, number) in got


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(of_an_app(ADA_TOO), id="another password"),
        pytest.param(of_an_app(BOB), id="another person"),
        pytest.param(of_an_app(ADA, "Cookie: ClientId=2"), id="another cookie"),
        pytest.param(of_an_app(ADA, agent="Apple-iPhone16C1/2208"), id="another user agent"),
        pytest.param(of_an_app(ADA, target=DEVICE_A.replace("Id=a", "Id=b")), id="another device"),
        pytest.param(of_an_app(ADA, target=DEVICE_A.replace("Ping", "Sync")), id="another command"),
        pytest.param(of_an_app(ADA, "X-MS-PolicyKey: 1"), id="another field"),
    ],
)
async def test_another_mail_app_is_not_refused_by_memory(other):
    again = of_an_app(ADA)
    assert (await refused(again, again, other, again))[0] == "---+"


@pytest.mark.parametrize("posture", REPORTED[1:], ids=str)
async def test_a_phone_of_which_something_else_is_known_by_now_is_judged_again(posture):
    asked = [of_an_app(ADA)] * 4
    assert (await refused(*asked, change=lambda side: side.devices.of.update(a=posture)))[0] == "--+-"


async def test_a_phone_about_which_the_store_has_to_be_asked_is_judged_again():
    asked = [of_an_app(ADA)] * 4
    assert (await refused(*asked, change=lambda side: setattr(side.devices, "in_mind", False)))[0] == "--+-"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(of_an_app(), id="it is asked for a login"),
        pytest.param(of_an_app(ADA, "Device-Attestation: x"), id="it offers a proof"),
        pytest.param(of_an_app(ADA, target="/x" + DEVICE_A), id="nobody checks which device it is"),
        pytest.param(of_an_app(ADA, target="/mail/inbox"), id="it speaks ActiveSync elsewhere"),
        pytest.param(of_an_app(ADA, target=f"{DEVICE_A}&{'x' * MAX_TARGET}"), id="a long target"),
        pytest.param(of_an_app(ADA, target=f"{DEVICE_A}&DeviceId=b"), id="a query with a fault"),
    ],
)
async def test_whose_refusal_may_rest_on_more_is_judged_each_time(data):
    assert (await refused(*[data] * 4))[0] == "----"


@pytest.mark.parametrize(
    "offered",
    [{"attestations": [b"x"]}, {"proofs": [b"x"]}, {"certificate": (b"x",)}, {"login_token": b"x"}],
    ids=str,
)
async def test_whoever_offers_a_proof_is_judged_each_time_however_good_it_is(offered):
    class Offered(Watched):
        def keep(self, exchange, head, incoming, *verdict, **more):
            super().keep(exchange, head, replace(incoming, **offered), *verdict, **more)

    assert (await refused(*[of_an_app(ADA)] * 4, cache=Offered))[0] == "----"


@pytest.mark.parametrize(("rule", "known"), [("default", "----"), ("other", "--++")])
async def test_a_browser_that_asked_for_help_because_of_the_rule_is_judged_each_time(rule, known):
    mark = sha256(rule.encode()).hexdigest()[:16]
    cookie = f"Cookie: __Host-mailgate-help={'0' * 32}.{mark}.1764000000"
    asked = page(PHONE, "Sec-Fetch-Mode: navigate", cookie)
    told, side = await refused(*[asked] * 4)
    assert told == known, "its page shows what was answered meanwhile"
    assert [got.count(b"403 Forbidden") for got in side.got] == [1] * 4


async def test_over_https_a_refused_browser_gets_a_cookie_of_another_name():
    plain = page(PHONE, "Sec-Fetch-Mode: navigate")
    secure = page(PHONE, "Sec-Fetch-Mode: navigate", "X-Forwarded-Proto: https")
    known, side = await refused(plain, plain, plain, secure, over_https=False)
    assert known == "--+-"
    assert [b"__Host-mailgate-help=" in got for got in side.got] == [False, False, False, True]


async def test_a_mail_is_written_about_each_refusal_with_what_is_of_its_own_request():
    addresses = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"]
    fields = [
        (f"X-Forwarded-For: {each}", f"Accept-Language: {number}") for number, each in enumerate(addresses)
    ]
    known, side = await refused(*(of_an_app(ADA, *each) for each in fields))
    assert known == "--++"
    assert [of_this[:2] for _, of_this, _ in side.mails] == [
        (address, str(number)) for number, address in enumerate(addresses)
    ]
    assert all(login == "ada" and "authorization" in sent for (login, sent, _), *_ in side.mails)


async def test_of_refusals_fewer_are_kept(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.verdict_cache.REFUSALS", 4)
    _, side = await refused(*(page(f"{PHONE} {number}") for number in range(20) for _ in range(2)))
    assert len(side.cache._refused.young) == len(side.cache._refused._old) == 4
    assert len(side.cache._came) <= 16
    assert not side.cache._allowed.young


async def test_if_a_rule_reads_the_path_only_the_same_path_is_known():
    side = Side(Watched)
    live_with(4)(side.gate, START)
    for data, known in ((PAGE, 0), (PAGE, 1), (OTHER, 1), (OTHER, 1), (PAGE, 2), (OTHER, 3)):
        await side.ask(STRANGER, data)
        assert side.cache.known == known


async def test_no_verdict_is_kept_while_each_decision_is_logged(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.verdict_cache.is_debugging", lambda: True)
    assert await believed_by(PAGE) == 0


@pytest.mark.parametrize("change", CHANGES)
async def test_every_replaced_part_is_looked_at_anew(change):
    assert await believed_by(PAGE, change=change) == 4


@pytest.mark.parametrize(
    "fields", [("Device-Attestation: x",), ("Content-Type: application/vnd.ms-sync.wbxml",)]
)
async def test_a_request_that_names_a_device_is_judged_in_full(fields):
    assert await believed_by(request("GET", "/mail/", f"User-Agent: {LAPTOP}", *fields), peer=PROXY) == 0


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("X-Roundcube-Request",), id="Roundcube"),
        pytest.param(("X-XSRF-TOKEN",), id="SOGo"),
        pytest.param(
            (
                "X-OWA-CANARY",
                "X-OWA-CorrelationId",
                "X-OWA-ActionId",
                "X-OWA-ClientBegin",
                "client-request-id",
            ),
            id="Outlook on the web",
        ),
        pytest.param(("requesttoken", "X-Request-ID"), id="Nextcloud Mail"),
        pytest.param(("traceparent", "baggage", "sentry-trace", "X-Amzn-Trace-Id"), id="traced scripts"),
    ],
)
async def test_fields_that_change_with_each_request_cost_no_hit(names):
    requests = [page(LAPTOP, *(f"{name}: {number}-{name}" for name in names)) for number in range(4)]
    known, side = await asked(requests)
    assert known == "-+++"
    assert all(f"{name}: 3-{name}\r\n".encode() in side.webmail.asked[-1] for name in names)


async def test_people_whom_a_proxy_names_are_known_to_each_other_and_heard_each_by_name_and_language():
    requests = [
        page(laptop(1), f"X-Forwarded-User: {login}", f"Accept-Language: {wanted}", f"Cookie: s={number}")
        for number, (login, wanted) in enumerate(
            [("ada", "de"), ("ada", "de"), ("bob", "de"), ("ada", "fr"), ("ada", "fr"), ("bob", "de")]
        )
    ]
    known, side = await asked(requests, peer=PROXY)
    assert known == "-+++++"
    heard = [(login, tag) for login, tag, _ in side.languages.heard]
    assert heard == [("ada", "de"), ("ada", "de"), ("bob", "de"), ("ada", "fr"), ("ada", "fr"), ("bob", "de")]
    assert sorted((each.user, tally.times) for each, tally in side.left()[2].items()) == [
        ("ada", 4),
        ("bob", 2),
    ]


EVERYBODY = ("ada", "eve", "bob", "cid", "eve", "ada")


@pytest.mark.parametrize(
    ("rule", "groups", "kept_out"),
    [
        ({"groups": ("staff",)}, {"staff": ["ada", "bob"]}, "ada bob"),
        ({"when": 'user.name in ["ada", "cid"]'}, {}, "ada cid"),
        ({"when": '"staff" in user.groups'}, {"staff": ["eve"]}, "eve"),
        ({"when": 'user.name.endsWith("e")'}, {}, "eve"),
    ],
)
async def test_who_is_let_in_is_known_to_those_whom_the_rules_let_in_alike(rule, groups, kept_out):
    side = Side(Watched)
    renew(
        side.gate,
        policy=policy(({"id": "out", "when": "true", "effect": "block", **rule}, LAPTOPS)),
        groups=Groups.of_members(groups),
    )
    for login in EVERYBODY:
        await side.ask(PROXY, page(laptop(1), f"X-Forwarded-User: {login}"))
    assert [each for each, got in zip(EVERYBODY, side.got, strict=True) if b" 403 " in got[:20]] == [
        each for each in EVERYBODY if each in kept_out
    ]
    let_in = [each for each in EVERYBODY if each not in kept_out]
    apart = len(set(let_in)) if "endsWith" in str(rule) else 1
    assert side.cache.known == len(let_in) - apart


async def test_whose_browser_goes_by_its_person_is_judged_each_time():
    """Two people whom no rule tells apart have different phones, and either may have one with a listed app by the next request."""
    side = Side(Watched)
    side.devices.terms = replace(side.devices.terms, by_person=True)
    side.devices.people = {"eve": Posture(PostureState.LISTED)}
    out = {"id": "out", "when": 'device.state == "listed"', "effect": "block"}
    renew(side.gate, policy=policy((out, {"id": "rest", "when": "true", "effect": "allow"})))
    for login in EVERYBODY:
        await side.ask(PROXY, page(PHONE, f"X-Forwarded-User: {login}"))
    side.devices.people = {"ada": Posture(PostureState.LISTED)}
    await side.ask(PROXY, page(PHONE, "X-Forwarded-User: ada"))
    kept_out = [
        login for login, got in zip((*EVERYBODY, "ada"), side.got, strict=True) if b" 403 " in got[:20]
    ]
    assert kept_out == ["eve", "eve", "ada"]
    assert side.cache.known == 0


async def test_names_that_no_record_holds_whole_are_not_remembered():
    logins = [f"{'x' * LONGEST_NAME}{number}" for number in range(3)]
    named = [page(laptop(1), f"X-Forwarded-User: {login}") for login in logins]
    claimed = [
        page(laptop(1), f"Authorization: Basic {b64encode(f'{login}:'.encode()).decode()}")
        for login in logins
    ]
    known, side = await asked([*named, *claimed], peer=PROXY)
    assert known == "------"
    assert not side.cache._people


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT"])
async def test_who_asks_a_calendar_is_known_whatever_their_login(method):
    requests = [
        request(method, f"/dav/calendars/{login}/", f"User-Agent: {LAPTOP}", f"Authorization: Basic {login}")
        for login in ("YWRhOng=", "Ym9iOng=", "Y2lkOng=")
    ]
    known, side = await asked(requests)
    assert known == "-++"
    assert {(each.client.method, each.client.target, each.client.protocol) for each in side.left()[2]} == {
        (method, "/dav/", "dav")
    }


async def test_an_address_of_another_protocol_has_a_verdict_of_its_own():
    requests = [
        request("GET", path, f"User-Agent: {LAPTOP}")
        for path in ("/mail/x", "/mail/dav", "/mail/jmap", "/mail/x", "/mail/dav")
    ]
    known, _ = await asked(requests)
    assert known == "---++"


async def test_the_number_of_kept_verdicts_is_bounded(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.verdict_cache.SIZE", 4)
    side = Side(VerdictCache)
    live_with(0)(side.gate, START)
    for number in range(20):
        await side.ask(STRANGER, request("GET", f"/folder{number}/x", f"User-Agent: {LAPTOP}"))
    assert len(side.cache._allowed.young) <= 4
    assert len(side.cache._allowed._old) <= 4
    assert SIZE == 8192


LONG = "x" * 7_000


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("/mail/inbox", ("Cookie: session={}",)),
        ("/mail/inbox", ("Referer: https://mail.example.com/{}", "Authorization: Bearer {}")),
        ("/mail/inbox?_token={}", ()),
        ("/mail/inbox", ("Cookie: __Host-mailgate-warned={}",)),
        ("/mail/inbox", ("X-Forwarded-User: ada", "Accept-Language: {}")),
        ("/mail/inbox", ("X-Made-Up: {}",)),
    ],
)
async def test_only_the_parts_that_are_read_stay_in_memory(target, fields):
    side = Side(VerdictCache)
    live_with(0)(side.gate, START)
    data = request("GET", target, f"User-Agent: {LAPTOP}", *fields).replace(b"{}", LONG.encode())
    await side.ask(PROXY, data)
    assert side.got[-1].startswith(b"HTTP/1.1 200")
    assert all(
        LONG not in f"{key!r} {known!r} {held(known)!r}" for key, known in side.cache._allowed.young.items()
    )


@pytest.mark.parametrize(
    "data",
    [
        page(PHONE, "Cookie: s={}; mailgate-language=de{}", "Referer: {}", "Accept-Language: {}", "Accept: text/html"),
        request("GET", "/mail/inbox?_token={}", f"User-Agent: {PHONE}", "Authorization: Bearer {}"),
        of_an_app(f"{ADA}{{}}", "Cookie: ClientId={}"),
        of_an_app("Authorization: Bearer {}"),
    ],
)  # fmt: skip
async def test_of_a_refused_request_only_what_is_read_stays_in_memory(data):
    _, side = await refused(*[data.replace(b"=de{}", b"=de").replace(b"{}", b"QUFB" * 60)] * 2)
    ((key, known),) = side.cache._refused.young.items()
    assert "QUFBQUFB" not in f"{key[1:]!r} {known!r} {held(known)!r} {known.refusal._access!r}"


def held(known):
    """What the counter of a kept verdict holds of the request."""
    (recurring,) = known.repeats[0].args
    assert recurring.decision.trials == (), "these would hold the request"
    return recurring.access


OF_EVERYBODY, READS_BROWSERS = 10, (9, 11)


def laptop(number):
    return LAPTOP.replace("145", str(number))


async def asked(requests, *, first=0, peer=STRANGER, change=None):
    """Which of these requests were known, one letter each, and what they left."""
    side, known = Side(Watched), ""
    live_with(first)(side.gate, None)
    if change:
        change(side.gate, None)
    for data in requests:
        before = side.cache.known
        await side.ask(peer, data)
        known += "+" if side.cache.known > before else "-"
    return known, side


async def test_a_login_of_somebody_else_is_not_known():
    bob, ada = (page(LAPTOP, f"Authorization: Basic {login}") for login in ("Ym9iOng=", "YWRhOng="))
    known, side = await asked([bob, bob, ada, ada, bob], first=12)
    assert known == "-+--+"
    assert [answer.split(b" ")[1] for answer in side.got] == [b"200", b"200", b"403", b"403", b"200"]


async def test_the_third_of_laptops_that_were_never_seen_is_known():
    known, side = await asked([page(laptop(number)) for number in range(100, 106)])
    assert known == "-+++++"
    assert all(f"Firefox/{100 + n}.0\r\n".encode() in asked for n, asked in enumerate(side.webmail.asked))
    side.book._gather()
    rows = side.book._items
    assert len(rows) == 6
    assert {dict(sighting.client.headers)["user-agent"] for sighting in rows} == {
        laptop(n) for n in range(100, 106)
    }
    assert {tally.times for tally in rows.values()} == {1}


async def test_a_kept_verdict_sends_the_webmail_the_same_request():
    agents = [laptop(number) for number in range(100, 103)]
    _, quick = await asked([page(agent, "Accept: a", "Via: 1.1 b") for agent in agents])
    for agent, sent in zip(agents, quick.webmail.asked, strict=True):
        _, whole = await asked([page(agent, "Accept: a", "Via: 1.1 b")])
        assert [sent] == whole.webmail.asked


async def test_two_requests_are_recorded_twice():
    known, side = await asked([page(laptop(number)) for number in (1, 2, 3, 3, 3)])
    assert known == "-++++"
    assert sorted(tally.times for tally in side.left()[2].values()) == [1, 1, 3]


def probed(agent, cookie, name="__Host-mailgate-probe"):
    return page(agent, f"Cookie: session=1; {name}={cookie.decode()}; theme=light")


async def test_browsers_on_a_computer_that_were_probed_are_known_to_each_other():
    """Each has a cookie of its own, which is opened; the key has what it says."""
    requests = [probed(laptop(n), sealed(laptop(n))) for n in range(100, 106)]
    known, side = await asked(requests, change=probing(Mode.REQUIRE))
    assert known == "-+++++"
    assert not any(b"mailgate-" in sent for sent in side.webmail.asked)
    alone = [await asked([each], change=probing(Mode.REQUIRE)) for each in requests]
    assert side.got == [got for _, other in alone for got in other.got]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(probed(laptop(3), sealed(laptop(1))), id="the cookie of another browser"),
        pytest.param(probed(laptop(3), sealed(laptop(3)), "mailgate-probe"), id="another name of the cookie"),
        pytest.param(probed(laptop(3), sealed(laptop(3), "tablet")), id="of a tablet"),
        pytest.param(probed(laptop(3), sealed(laptop(3), "")), id="of a person who went on unprobed"),
        pytest.param(probed(laptop(3), sealed(laptop(3)) + b"x"), id="made up"),
        pytest.param(probed(laptop(3), sealed(laptop(3)) + b"; mailgate-warned=x"), id="another cookie of the gate beside it"),
        pytest.param(probed(laptop(3), sealed(laptop(3)) + b"; __Host-mailgate-probe=x"), id="two of them"),
        pytest.param(page(laptop(3)), id="no cookie"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.REQUIRE])
async def test_another_cookie_does_not_make_a_browser_known(other, mode):
    requests = [probed(laptop(n), sealed(laptop(n))) for n in (1, 2)]
    assert (await asked([*requests, other], change=probing(mode)))[0] == "-+-"


def test_a_yes_is_kept_no_longer_than_the_cookie_of_the_asker():
    """The yes was made for a browser whose cookie is newer."""
    older, newer = (
        question(f"User-Agent: {laptop(n)}", f"Cookie: __Host-mailgate-probe={cookie.decode()}", KEY)
        for n, cookie in ((1, sealed(laptop(1))), (2, sealed(laptop(2), issued=START + timedelta(seconds=3))))
    )
    steps = [("change", PROBING + 1, None), *waiting(3), *asking(1) * 2, *waiting(0.4), *asking(0) * 2]
    remembered = asyncio.run(lived(VerdictCache, 0, [older, newer], steps))
    assert [b"X-Accel-Expires" in got for got in remembered[0]] == [True, True, False, False]
    assert remembered == asyncio.run(lived(Forgetful, 0, [older, newer], steps))


async def test_a_cookie_that_has_ended_says_nothing_any_more():
    side = Side(Watched)
    live_with(0)(side.gate, None)
    probing(Mode.REQUIRE)(side.gate, None)
    requests = [probed(laptop(n), sealed(laptop(n))) for n in (1, 2)]
    for each in requests:
        await side.ask(STRANGER, each)
    assert side.cache.known == 1
    side.clock.now += timedelta(seconds=5)
    await side.ask(STRANGER, requests[1])
    assert side.cache.known == 1


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(PHONE, id="a phone"),
        pytest.param(LAPTOP.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64"), id="another system"),
        pytest.param(LAPTOP + " Mobile", id="a contradiction"),
        pytest.param("nothing known", id="nobody knows what"),
        pytest.param(LAPTOP + " CalDAV-Sync", id="another protocol"),
    ],
)
async def test_another_client_is_not_known(agent):
    assert (await asked([page(laptop(1)), page(laptop(2)), page(laptop(3)), page(agent)]))[0] == "-++-"


async def test_phones_that_may_read_their_mail_are_known_as_well():
    phones = [page(PHONE.replace("18_1", f"18_{number}")) for number in range(4)]
    assert (await asked(phones, first=OF_EVERYBODY))[0] == "-+++"


async def test_other_models_are_other_phones():
    phones = [
        page(f"Mozilla/5.0 (Linux; Android 14; {model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Mobile Safari/537.36")
        for model in ("Pixel 7", "Pixel 7", "Pixel 8", "SM-S928B")
    ]  # fmt: skip
    assert (await asked([phones[0], *phones], first=OF_EVERYBODY))[0] == "-++--"


async def test_another_browser_of_the_same_sort_is_recorded_as_what_it_is():
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    known, side = await asked([page(laptop(1)), page(laptop(2)), page(chrome)])
    assert known == "-++"
    side.book._gather()
    assert [sighting.client.browser for sighting in side.book._items] == ["Firefox", "Firefox", "Chrome"]


@pytest.mark.parametrize("first", READS_BROWSERS)
async def test_if_a_rule_reads_browsers_or_versions_each_is_looked_at(first):
    assert (await asked([page(laptop(n)) for n in range(143, 147)], first=first))[0] == "----"


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        pytest.param(("Sec-Fetch-Mode: cors",), "-+++", id="none has a pass"),
        pytest.param(("Cookie: __Host-mailgate-probe=x",), "----", id="a pass belongs to one user agent"),
        pytest.param(("Sec-Fetch-Mode: navigate",), "----", id="each is probed first"),
    ],
)
async def test_if_browsers_are_probed_only_unprobed_ones_are_alike(fields, known):
    requests = [page(laptop(number), *fields) for number in range(4)]
    assert (await asked(requests, change=probing(Mode.OBSERVE)))[0] == known


@pytest.mark.parametrize(
    ("other", "known"),
    [
        pytest.param(page(laptop(9), "Accept: b"), "-", id="another field"),
        pytest.param(page(laptop(9), "Cookie: b=c", "Referer: d"), "+", id="fields that nothing reads"),
        pytest.param(page(laptop(9), "Never-Heard-Of: b"), "-", id="a field that nobody thought of"),
        pytest.param(page(laptop(9) + " "), "+", id="a space behind"),
        pytest.param(
            page(laptop(9)).replace(b"User-Agent", b"USER-agent"), "+", id="in a spelling of its own"
        ),
        pytest.param(page(laptop(9)).replace(b"GET", b"HEAD"), "-", id="another method"),
        pytest.param(page(laptop(9), "User-Agent: x"), "-", id="two of them"),
        pytest.param(page(laptop(9)).replace(b"/mail/", b"/dav/"), "-", id="another protocol"),
        pytest.param(page(laptop(9)).replace(b"/mail/", b"http://a.example/mail/"), "-", id="another host"),
    ],
)
async def test_every_other_part_that_is_read_is_judged_in_full(other, known):
    assert (await asked([page(laptop(1)), page(laptop(2)), page(laptop(3)), other]))[0] == f"-++{known}"


@pytest.mark.parametrize("method", ["OPTIONS", "PROPPATCH", "get"])
async def test_methods_that_are_not_those_of_reading_mail_are_judged_in_full(method):
    known, _ = await asked(
        [request(method, "/mail/inbox", f"User-Agent: {laptop(number)}") for number in range(4)]
    )
    assert known == "----"


async def test_proxies_that_write_names_in_lower_case_make_no_difference():
    requests = [page(laptop(n), "accept: a").replace(b"User-Agent", b"user-agent") for n in range(5)]
    known, side = await asked(requests)
    assert known == "-++++"
    assert all(f"user-agent: {laptop(n)}\r\n".encode() in sent for n, sent in enumerate(side.webmail.asked))


def speaking(dialect):
    def change(on, at):
        renew(on, authorizer=Authorizer(dialect, on.clock, timedelta(seconds=1)))

    return change


@pytest.mark.parametrize(
    ("dialect", "renamed"),
    [
        (Dialect.NGINX, {}),
        (Dialect.HAPROXY, {b"X-Original-URI": b"x-original-uri", b"User-Agent": b"user-agent"}),
        (Dialect.CADDY, {b"X-Original-URI": b"X-Forwarded-Uri", b"X-Original-Method": b"X-Forwarded-Method"}),
        (
            Dialect.TRAEFIK,
            {b"X-Original-URI": b"X-Forwarded-Uri", b"X-Original-Method": b"X-Forwarded-Method"},
        ),
    ],
)
async def test_questions_about_other_addresses_are_known(dialect, renamed):
    questions = [question(f"User-Agent: {LAPTOP}", uri=f"/mail/{n}?_={n}") for n in range(5)]
    for name, other in renamed.items():
        questions = [each.replace(name, other) for each in questions]
    known, side = await asked(questions, peer=PROXY, change=speaking(dialect))
    assert known == "-++++"
    (tally,) = side.left()[2].values()
    assert tally.times == 5


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("/other/inbox", id="what is recorded is another folder"),
        pytest.param("/dav/ada/", id="another protocol"),
        pytest.param("/Microsoft-Server-ActiveSync?Cmd=Sync", id="ActiveSync"),
        pytest.param("/autodiscover/autodiscover.xml", id="Autodiscover"),
        pytest.param("/.mailgate/me", id="an address of the gate"),
        pytest.param("/mail/a b", id="no target"),
        pytest.param("mail", id="no path"),
        pytest.param("/mail/" + "x" * 300, id="a long one"),
    ],
)
async def test_questions_about_special_addresses_are_looked_at(uri):
    usual = [question(f"User-Agent: {LAPTOP}", uri=f"/mail/{number}") for number in range(3)]
    known, _ = await asked([*usual, question(f"User-Agent: {LAPTOP}", uri=uri)], peer=PROXY)
    assert known == "-++-"


@pytest.mark.parametrize("fields", [(), (f"USER-AGENT: {LAPTOP}", "user-Agent: x")])
async def test_without_exactly_one_user_agent_each_request_is_judged(fields):
    questions = [question(*fields, uri=f"/mail/{number}") for number in range(4)]
    known, side = await asked(questions, first=OF_EVERYBODY, peer=PROXY)
    assert known == "----"
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in side.got)


class Recording(dict):
    """Headers that know which of them were looked at."""

    def __init__(self, headers, looked_at):
        super().__init__(headers)
        self.looked_at = looked_at

    def __getitem__(self, name):
        self.looked_at.add(name.encode())
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.looked_at.add(name.encode())
        return super().get(name, default)

    def __contains__(self, name):
        self.looked_at.add(name.encode())
        return super().__contains__(name)

    def __iter__(self):
        self.looked_at.update(name.encode() for name in super().__iter__())
        return super().__iter__()

    keys = items = values = __iter__


READ_APART = frozenset({b"user-agent", b"cookie", b"accept-language"})
"""What ``_key`` has of these in its own way."""


@pytest.mark.parametrize("probe", Mode)
@pytest.mark.parametrize("fields", [*UNUSUAL, *((f"{name.decode()}: 1",) for name in sorted(IGNORED_FIELDS))])
async def test_every_header_that_is_read_is_in_the_key(monkeypatch, fields, probe):
    looked_at = set()
    plain = facts._headers
    monkeypatch.setattr(facts, "_headers", lambda fields: Recording(plain(fields), looked_at))
    side = Side(VerdictCache)
    for first in range(len(POLICIES)):
        live_with(first)(side.gate, START)  # with other rules nothing is remembered any more
        probing(probe)(side.gate, START)
        looked_at.clear()
        head = request("GET", "/mail/inbox", *_but_agent(fields), f"User-Agent: {LAPTOP}")
        for _ in range(2):
            await side.ask(PROXY, head + (b"body" if "Content-Length: 4" in fields else b""))
        if side.cache._allowed.young or side.cache._refused.young:
            assert looked_at, "nothing was recorded"
            assert looked_at & IGNORED_FIELDS <= READ_APART


def _but_agent(fields):
    return [field for field in fields if not field.lower().startswith(("user-agent", "host"))]


CASES = int(os.environ.get("WARM_CASES", "20000"))
"""Requests that a warm gate and a cold one are both asked, in rounds with a policy each: most parts that a key could lack are missed in each
second round. ``WARM_CASES=1000000`` asks as many."""
ROUNDS = CASES // 2_000
NEVER_READ = sorted(
    IGNORED_FIELDS - {b"content-length", b"transfer-encoding", b"host", b"connection", b"user-agent"}
)
PARTS = {
    "agent": lambda draw: draw.choice([*[LAPTOP] * 20, *AGENTS]),  # most are let in, and only those are remembered
    "unusual": lambda draw: [field for each in draw.sample(UNUSUAL, draw.choice([0, 0, 1, 1, 2])) for field in each],
    "silent": lambda draw: [f"{name.decode()}: {draw.randrange(3)}" for name in draw.sample(NEVER_READ, 2)],
    "turned": lambda draw: draw.randrange(5),
    "method": lambda draw: draw.choice(METHODS),
    "target": lambda draw: draw.choice([*TARGETS[1:4] * 4, *TARGETS]),
    "version": lambda draw: draw.choice(["1.1", "1.1", "1.0"]),
    "asks": lambda draw: draw.random() < 0.3,
}  # fmt: skip
"""Of what a request, or a question about one, is made up: few values each, so that much comes again in other company."""


def relatives(draw):
    """A request and some that differ from it in one part: those that a key with too little in it would mix up."""
    one = {name: made(draw) for name, made in PARTS.items()}
    parts = [draw.choice([*PARTS]) for _ in range(5)]
    return [sent(**each) for each in (one, *(one | {part: PARTS[part](draw)} for part in parts))]


def sent(agent, unusual, silent, turned, method, target, version, asks):
    fields = [f"User-Agent: {agent}", *unusual, *silent]
    fields = fields[turned:] + fields[:turned]
    if asks:
        return question(*fields, uri=target, method=method, version=version)
    return request(method, target, *fields, version=version)


def asked_in_turn(cache, seed):
    draw = Random(seed)

    async def ask():
        side = Side(cache)
        live_with(draw.randrange(len(POLICIES)))(side.gate, START)
        probing(draw.choice(list(Mode)))(side.gate, START)
        families = [relatives(draw) for _ in range(40)]
        for number in range(CASES // ROUNDS):
            if number % 12 == 0:
                family = draw.choice(families)
            if draw.random() < 0.01:
                draw.choice(CHANGES)(side.gate, side.clock.now)
            side.clock.now += timedelta(seconds=draw.choice([0] * 80 + [0.4] * 19 + [30]))
            among = family if draw.random() < 0.8 else draw.choice(families)
            await side.ask(draw.choice([PROXY, STRANGER]), draw.choice(among))
        return side.left()

    with no_log():
        return asyncio.run(ask())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_warm_gate_answers_as_a_cold_one(seed, monkeypatch):
    # who comes first gets the last places: that depends on when a repeated request is recorded
    for limit in (
        "ledger.MOST_STRANGERS",
        "stranger_limit.MOST_NAMELESS",
        "stranger_limit.MOST_OF_ONE_NETWORK",
    ):
        monkeypatch.setattr(f"mailgate.store.{limit}", CASES)
    assert asked_in_turn(VerdictCache, seed) == asked_in_turn(Forgetful, seed)


def phone_relatives(draw):
    """A request of a phone, or a question about one, and some that differ from it in one part."""
    parts, asks = draw.choice([BROWSER_PARTS, APP_PARTS, APP_PARTS]), draw.random() < 0.2
    one = {name: values[0] if draw.random() < 0.6 else draw.choice(values) for name, values in parts.items()}
    names = [draw.choice([*parts]) for _ in range(6)]
    return [
        of_a_phone(asks, **each)
        for each in (one, *(one | {name: draw.choice(parts[name])} for name in names))
    ]


def of_a_phone(asks, agent, target, method, accepts, language, cookie, more):
    fields = f"User-Agent: {agent}", *accepts, *language, *cookie, *more
    if asks:
        return question(*fields, uri=target, method=method)
    return request(method, target, *fields, *(("Content-Length: 0",) if method == "POST" else ()))


HAPPENS = {
    "rules": lambda draw, side: renew(side.gate, policy=draw.choice(HANDHELDS)),
    "change": lambda draw, side: draw.choice(CHANGES[len(POLICIES) :])(side.gate, side.clock.now),
    "report": lambda draw, side: side.devices.of.update({draw.choice("ab"): draw.choice(REPORTED)}),
    "forget": lambda draw, side: setattr(side.devices, "in_mind", not side.devices.in_mind),
    "accept": lambda draw, side: side.accept(draw.choice([ADA, BOB]).partition(": ")[2]),
}


def refused_in_turn(cache, seed):
    """What phones get, and leave, while rules, reports, logins and the time change."""
    draw = Random(seed)

    async def ask():
        side = Side(cache, over_https=bool(seed % 2))
        for _ in range(50):
            family = phone_relatives(draw)
            HAPPENS["rules"](draw, side)
            for _ in range(25):
                if draw.random() < 0.06:
                    HAPPENS[draw.choice([*HAPPENS, "report", "report"])](draw, side)
                side.clock.now += timedelta(seconds=draw.choice([0, 0, 0, 0, 0, 0, 0.4, 1, -0.4]))
                await side.ask(
                    draw.choice([PROXY, PROXY, PROXY, STRANGER]),
                    draw.choice(family[: draw.choice([1, 2, 7])]),
                )
            side.clock.now = START + timedelta(days=draw.choice([0, 0, 1]))
        return side.left()

    with capture_logs() as lines:
        return asyncio.run(ask()), lines


@pytest.mark.parametrize("seed", range(8))
def test_a_phone_is_refused_by_a_warm_gate_as_by_a_cold_one(seed):
    """Pages with their tickets and cookies, records, references, mails, what halts a rule, numbers and log lines."""
    assert refused_in_turn(VerdictCache, seed) == refused_in_turn(Forgetful, seed)
