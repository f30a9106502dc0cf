"""A request that is served as it was before gets, leaves and counts what it would have by the whole way."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from structlog.testing import capture_logs
from tests.unit.clock import Clock
from tests.unit.gateway.gates import gate, policy
from tests.unit.gateway.phones import with_certificates
from tests.unit.gateway.test_connection import Peer
from tests.unit.gateway.test_parser import LIMITS
from tests.unit.gateway.test_upstream import endpoint
from tests.unit.gateway.wire import FakeTransport

from mailgate.classify.probe import Found
from mailgate.gateway.authz import Authorizer, Dialect
from mailgate.gateway.forward import Forwarder
from mailgate.gateway.hearing import Hearing
from mailgate.gateway.http1.memory import FieldMemory
from mailgate.gateway.pages.languages import asked_as, load_languages
from mailgate.gateway.prober import COMPUTER, Mode, Prober
from mailgate.gateway.remembered import FORMS, LONGEST
from mailgate.gateway.remembering import Remembering
from mailgate.gateway.rewrite import Rewrite
from mailgate.gateway.server import Server
from mailgate.gateway.upstream import UpstreamConnection
from mailgate.model import RequestFacts
from mailgate.policy.groups import Groups
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Key
from mailgate.store.ledger import Ledger
from mailgate.store.spool import Spool

START = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
ASKED_AS = asked_as(load_languages())
KEYS = (Key(1, b"k" * 32, START - timedelta(days=1)),)
PROXY, STRANGER = "192.0.2.1", "203.0.113.9"

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
    )
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_lines_for_debugging(monkeypatch):
    """As a gate is run; while every decision has its line, nothing is remembered."""
    for module in ("noting", "remembering"):
        monkeypatch.setattr(f"mailgate.gateway.{module}.debugging", lambda: False)


class WebmailPool:
    """Connections that answer each request at once with what it asked for."""

    def __init__(self):
        self.asked, self.idle, self.memory = [], [], FieldMemory()

    def take(self, *, repeatable):
        return self.idle.pop() if self.idle else None

    async def connect(self):
        connection = UpstreamConnection(endpoint(), asyncio.get_running_loop(), self.memory)
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


class Forgetful(Remembering):
    """Lets every request go the whole way."""

    def find(self, gate, exchange, now):
        return None


class Tongues:
    def __init__(self):
        self.heard = []

    def hear(self, login, tag, now):
        self.heard.append((login, tag, now))


class Side:
    """A gate between clients and a webmail in memory, and everything that it does."""

    def __init__(self, remembering):
        self.clock, self.got, self.peers = Clock(START), [], {}
        self.webmail, self.tongues = WebmailPool(), Tongues()
        self.book = Ledger(None, Spool(Path("/nonexistent/spool"), 1))
        rewrite = Rewrite.between("https://mail.example.com", "http://inner:9080")
        way = Forwarder(self.webmail, rewrite, b"mail.example.com", 5.0)
        references = (f"REF{number}" for number in count())
        self.gate = gate(
            forwarder=way, patient=way, discovery=way, clock=self.clock, new_reference=references.__next__,
            ledger=Hearing(self.book, self.tongues, ASKED_AS), trusted=(ip_network(PROXY),), remembering=remembering,
            authorizer=Authorizer(Dialect.NGINX, self.clock, timedelta(seconds=1)),
        )  # fmt: skip
        self.server = Server(self.gate.handle, LIMITS)
        self.found = 0

    async def ask(self, peer, data):
        line = self.peers.get(peer)
        if line is None or line.transport.closing:
            line = self.peers[peer] = Peer(self.server, peername=(peer, 5))
        self.got.append(await line.send(data))

    def left(self):
        """All that can be seen of it afterwards."""
        numbers = generate_latest(self.gate.metrics.registry).decode()
        # how long a decision took is another each time; how many were timed is not
        timed = re.sub(r"mailgate_decision_seconds_(?:bucket|sum).*\n|.*_created.*\n", "", numbers)
        self.book._gather()
        rows = self.book._items
        return self.got, self.webmail.asked, rows, self.book.passed_over, self.tongues.heard, timed


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


UNUSUAL = [
    (), ("Cookie: session=1; other=2",), ("X-Forwarded-For: 198.51.100.7",), ("X-Forwarded-User: ada", "Accept-Language: de"),
    ("Authorization: Basic YWRhOnNlY3JldA==",), ("Device-Attestation: x",), ("DPoP: x",), ("TE: trailers",),
    ("Sec-Fetch-Mode: navigate", "Accept: text/html"), ("Accept-Language: de",), ("Connection: close",),
    ("Content-Type: application/vnd.ms-sync.wbxml",), ("Depth: 1",), ("Sec-CH-UA-Mobile: ?1",),
    ("Content-Length: 0",), ("Content-Length: 4",), ("Upgrade: websocket", "Connection: Upgrade"), ("Max-Forwards: 0",),
    ("Cookie: mailgate-probe={0}", "Sec-Fetch-Mode: navigate"), ("Cookie: mailgate-probe=made-up",), ("Via: 1.1 other",),
]  # fmt: skip
AGENTS = [
    LAPTOP, LAPTOP.replace("145", "146"), LAPTOP.replace("145", "7.11.13"), LAPTOP.replace("X11; Linux x86_64", "Windows NT 10.0"),
    PHONE, PHONE.replace("18_1", "18_2"), LAPTOP.replace("Firefox/145.0", "Chrome/145.0"), LAPTOP + " Thunderbird/128.0", LAPTOP + " Mobile", "curl/8.1", "curl/8.2", "", " ", "x\ty", "z" * 600,
]  # fmt: skip
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PROPFIND"]
TARGETS = [
    "/", "/mail/inbox", "/mail/inbox?page=2", "/mail/other", "/undated", "/.mailgate/healthz", "/.mailgate/authz?x",
    "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=1&DeviceType=iPhone", "/dav/x", "/autodiscover/autodiscover.xml",
    "https://mail.example.com/mail/inbox", "http://other.example.com/mail/inbox", "*", f"/{'x' * LONGEST}",
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


SPELLED = st.sampled_from(["User-Agent", "User-Agent", "User-Agent", "user-agent"])


@st.composite
def families(draw):
    """Requests that differ in nothing but who sends them, or questions that differ in the address as well."""
    agents = draw(st.lists(st.sampled_from(AGENTS), min_size=3, max_size=3))
    fields, spelled = draw(st.sampled_from(UNUSUAL)), draw(SPELLED)
    told = [(f"{spelled}: {agent}", *fields) for agent in agents] if draw(st.booleans()) else [fields] * 3
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
    on.live = replace(on.live, policy=replace(on.live.policy, reliefs=Reliefs(1, (relief,))))


def live_with(index):
    def change(on, at):
        on.live = replace(on.live, policy=POLICIES[index])

    return change


def probing(mode):
    def change(on, at):
        on.prober = Prober(mode, timedelta(seconds=4), KEYS)

    return change


CHANGES = [
    *map(live_with, range(len(POLICIES))),
    relieved,
    lambda on, at: setattr(on, "live", replace(on.live, groups=Groups.of_members({"staff": ["ada"]}))),
    *map(probing, Mode),
    lambda on, at: setattr(on, "trusted", ()),
    lambda on, at: setattr(on, "trusted", (ip_network(PROXY),)),
    lambda on, at: setattr(on, "authorizer", None),
    lambda on, at: setattr(on, "authorizer", Authorizer(Dialect.NGINX, on.clock, timedelta(seconds=2))),
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


async def lived(remembering, first, asked, steps):
    side = Side(remembering)
    live_with(first)(side.gate, START)
    browser = RequestFacts(headers={"user-agent": LAPTOP})
    cookie = Prober(Mode.OBSERVE, timedelta(seconds=4), KEYS).remember(
        Found(COMPUTER, "touch"), browser, START
    )
    sealed = cookie.partition("=")[2].partition(";")[0].encode()
    for what, which, peer in steps:
        if what == "ask":
            await side.ask(peer, asked[which].replace(b"{0}", sealed))
        elif what == "wait":
            side.clock.now += timedelta(seconds=which)
        elif what == "drain":
            side.server.draining = True
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
        remembered = asyncio.run(lived(Remembering(), first, asked, steps))
    with capture_logs() as slow:
        whole = asyncio.run(lived(Forgetful(), first, asked, steps))
    assert remembered == whole
    assert quick == slow


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([0, 3, 4, 9, 10, 11]), st.booleans(), families(), st.lists(st.integers(0, 2), max_size=6)
)
def test_nobody_can_tell_whether_it_was_a_verdict_on_somebody_like_them(first, probed, asked, order):
    steps = [("change", PROBING, None)] if probed else []
    steps += [("ask", which, PROXY) for which in (0, 0, *order)]
    remembered = asyncio.run(lived(Remembering(), first, asked, steps))
    assert remembered == asyncio.run(lived(Forgetful(), first, asked, steps))


PAGE = request("GET", "/mail/inbox", f"User-Agent: {LAPTOP}")
OTHER = request("GET", "/mail/other", f"User-Agent: {LAPTOP}")
ELSEWHERE = request("GET", "http://other.example.com/mail/inbox", f"User-Agent: {LAPTOP}")
PROBED = request(
    "GET", "/mail/", f"User-Agent: {LAPTOP}", "Cookie: mailgate-probe={0}", "Sec-Fetch-Mode: navigate"
)
ASKED = question(f"User-Agent: {LAPTOP}")
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
        pytest.param(0, [ASKED], [*asking(0) * 4, ("drain", 0, None), *asking(0)], id="the gate stops"),
        pytest.param(0, [WITH_BODY], asking(0) * 4, id="a question with a body"),
    ],
)  # fmt: skip
def test_what_is_another_request_or_another_moment_is_not_served_by_the_old_verdict(first, asked, steps):
    assert asyncio.run(lived(Remembering(), first, asked, steps)) == asyncio.run(
        lived(Forgetful(), first, asked, steps)
    )


async def test_a_handshake_may_bring_a_certificate_where_those_count():
    side = Side(watched := Watched())
    side.gate.live = with_certificates().live
    live_with(0)(side.gate, START)
    side.peers[STRANGER] = Peer(side.server, peername=(STRANGER, 5), sslcontext=object())
    for _ in range(6):
        await side.ask(STRANGER, PAGE)
    assert watched.known == 0


class Watched(Remembering):
    """Counts the requests that it knew."""

    known = 0

    def find(self, gate, exchange, now):
        found = super().find(gate, exchange, now)
        self.known += found is not None
        return found


async def known_of(data, *, times=6, first=0, peer=STRANGER, change=lambda on, at: None):
    """How many of so many equal requests were known."""
    watched = Watched()
    side = Side(watched)
    live_with(first)(side.gate, START)
    for turn in range(times):
        if turn == times - 1:
            change(side.gate, START)
        await side.ask(peer, data)
    return watched.known


@pytest.mark.parametrize(
    "data", [PAGE, request("POST", "/mail/inbox", f"User-Agent: {LAPTOP}", "Content-Length: 0")]
)
async def test_the_third_of_equal_requests_is_known(data):
    assert await known_of(data) == 4


async def test_a_question_is_known_too():
    assert await known_of(question(f"User-Agent: {LAPTOP}"), peer=PROXY) == 4


async def test_another_page_of_the_same_browser_is_known():
    watched = Watched()
    side = Side(watched)
    live_with(0)(side.gate, START)
    for number in range(6):
        await side.ask(STRANGER, request("GET", f"/mail/{number}?_={number}", f"User-Agent: {LAPTOP}"))
    assert watched.known == 4
    assert [asked.split(b" ")[1] for asked in side.webmail.asked] == [
        b"/mail/%d?_=%d" % (n, n) for n in range(6)
    ]


@pytest.mark.parametrize("first", [4, 5, 6])
async def test_rules_that_read_the_path_or_the_clock_or_warn_are_asked_each_time(first):
    assert await known_of(PAGE, first=first) == 0


async def test_while_every_decision_has_its_line_none_is_remembered(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.remembering.debugging", lambda: True)
    assert await known_of(PAGE) == 0


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_is_replaced_is_looked_at_anew(change):
    assert await known_of(PAGE, change=change) == 3


@pytest.mark.parametrize(
    "fields",
    [
        ("X-Forwarded-User: ada",),
        ("Device-Attestation: x",),
        ("Content-Type: application/vnd.ms-sync.wbxml",),
    ],
)
async def test_who_names_a_person_or_a_device_goes_the_whole_way(fields):
    assert await known_of(request("GET", "/mail/", f"User-Agent: {LAPTOP}", *fields), peer=PROXY) == 0


async def test_what_is_remembered_of_one_client_is_bounded():
    side = Side(Remembering())
    live_with(0)(side.gate, START)
    for number in range(5 * FORMS):
        await side.ask(STRANGER, request("GET", f"/folder{number}/x", f"User-Agent: {LAPTOP}"))
    (fields,) = side.server.memory._blocks._young.values()
    assert 0 < len(fields.memo[Remembering]) <= FORMS
