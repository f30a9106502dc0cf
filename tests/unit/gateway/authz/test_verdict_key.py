"""Whoever is let in by an answer that was given to another would have got the same one."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.gateway.authz.nginx_asking import Asked, Nginx
from tests.unit.gateway.gates import NOW, Forgetful, gate, policy, renew
from tests.unit.gateway.wire import exchange, handled
from tests.unit.silence import no_log

from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.classify.protocol import protocol_in_path
from mailgate.gateway.authz.authorizer import Authorizer, Dialect
from mailgate.gateway.authz.verdict_key import (
    ALWAYS,
    FIELDS,
    PLAIN,
    READ_BY_RULES,
    TARGETS,
    refuse_unremoved_fields,
    suffices,
)
from mailgate.gateway.evaluate.browser_probe import COMPUTER, BrowserProbe, Mode
from mailgate.http.fields import Fields
from mailgate.http.forgeable import forgeable
from mailgate.http.request import TARGET, RequestRefused
from mailgate.model import RequestFacts
from mailgate.policy.variables import VARIABLES, DependsOn
from mailgate.store import SharedKey

LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
KEYS = (SharedKey(1, b"k" * 32, NOW - timedelta(days=1)),)
EAS = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=a&DeviceId=1&DeviceType="
BROWSER = RequestFacts(headers={"user-agent": LAPTOP}, over_https=True)
PASS, TABLET = (
    BrowserProbe(Mode.OBSERVE, timedelta(days=7), KEYS)
    .remember(ProbeFinding(form, "touch"), BROWSER, NOW)
    .partition(";")[0]
    for form in (COMPUTER, "tablet")
)


def told(*words: str) -> Fields:
    return Fields([(b"Mailgate-Verdict-Key", " ".join(words).encode())])


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        (told(*ALWAYS), {"client.kind", "request.host", "request.method"}),
        (told(*ALWAYS, "made-up"), set()),
        (Fields([(b"mailgate-verdict-key", ",".join(ALWAYS).encode())]), set()),
    ],
    ids=["no more is read", "more is held", "without spaces"],
)
def test_a_key_with_all_that_is_always_read_is_enough(fields, read):
    assert suffices(fields, frozenset(read))


@pytest.mark.parametrize("missing", sorted(ALWAYS))
def test_a_key_that_lacks_a_part_is_not_enough(missing):
    assert not suffices(told(*(ALWAYS - {missing})), frozenset())


@pytest.mark.parametrize(("part", "word"), READ_BY_RULES.items())
def test_a_part_that_a_rule_reads_must_be_in_the_key(part, word):
    variables = [name for name, each in VARIABLES.items() if each.depends_on is part]
    assert variables
    assert not any(suffices(told(*ALWAYS), frozenset({name})) for name in variables)
    assert all(suffices(told(*ALWAYS, word), frozenset({name})) for name in variables)


def test_a_key_with_larger_parts_is_enough():
    words = ALWAYS - {TARGETS, "own-cookies"} | {"target", "cookie"}
    assert suffices(told(*words), frozenset())


@pytest.mark.parametrize(
    "fields",
    [
        Fields(),
        told(""),
        Fields([*told(*ALWAYS), *told(*ALWAYS)]),
        told(*(ALWAYS - {TARGETS}), "special-targets"),
        told(*(ALWAYS - {TARGETS}), "special-targets:00000000"),
        told(*(each.upper() for each in ALWAYS)),
    ],
)
def test_a_part_that_is_not_told_plainly_does_not_count(fields):
    assert not suffices(fields, frozenset())


def test_every_part_of_a_request_can_be_in_the_key():
    always = {DependsOn.AGENT: "user-agent", DependsOn.SCHEME: "scheme", DependsOn.HOST: "host"}
    assert {*always, *READ_BY_RULES, DependsOn.CLOCK} == set(DependsOn)
    assert {*always.values(), "method", "x-forwarded-user", "certificate"} <= ALWAYS


class Reading(dict):
    """Headers that note which of them are read."""

    def __init__(self, headers):
        super().__init__(headers)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name):
        self.read.add(name)
        return super().__contains__(name)


@pytest.mark.parametrize("target", ["/", EAS, "/dav", "/autodiscover/autodiscover.xml"])
def test_every_field_that_is_read_to_tell_a_client_is_held(target):
    headers = Reading({"user-agent": LAPTOP})
    classify(RequestFacts(target=target, headers=headers))
    assert {name for name in headers.read if not forgeable(name.encode())} <= FIELDS


PIECES = (
    *"/%;\\.?=&#@~ \n\x7f\xe9aeswdv40",
    "dav",
    "EWS",
    "/..",
    "%2f",
    "%40",
    ".mailgate",
    "autodiscover",
    "/remote.php",
)
ODD = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=1500)
@given(ODD)
def test_a_plain_target_names_nothing(text):
    target = f"/{text}".encode("latin-1")
    if not re.match(PLAIN.encode(), target, re.IGNORECASE) or b"\n" in target:
        return
    facts = RequestFacts(target=target.decode("ascii"))
    assert TARGET.fullmatch(target)
    assert protocol_in_path(facts.path) is None
    assert not facts.is_local
    assert not facts.target.lower().startswith("/autodiscover/")


@pytest.mark.parametrize(
    "target",
    [
        "/", "/?_task=mail&_mbox=INBOX&_uid=7", "/SOGo/so/ada@example.com/Mail/0/folderINBOX/7/view?_=1", "/SOGo/so/ada%40example.com/",
        "/news/1", "/david/", "/assets/app-1.2.js?s=1", "/skins/elastic/images/logo.svg",
    ],
)  # fmt: skip
def test_usual_targets_of_a_webmail_are_plain(target):
    assert Nginx()._value("special_target", Asked(uri=target)) == ""


LAPTOPS = {"id": "laptops", "when": 'client.kind == "laptop"', "effect": "allow"}
CONDITIONS = (
    "true", 'client.kind == "laptop"', 'client.kind != "phone"', 'request.remote == "203.0.113.7"', 'request.path.startsWith("/mail")',
    'request.method == "GET"', 'request.protocol == "web"', 'request.protocol == "activesync"', 'request.host == "mail.example.com"',
    'request.scheme == "https"', "client.probed", 'client.eas_type == "iPhone"', 'client.browser_version == "145.0"',
    "client.findings.size() == 0", 'attestation.refused == ""', 'user.name == "ada"', 'device.state == "missing"', "client.contradicted",
)  # fmt: skip
EFFECTS = ("allow", "allow", "allow", "block", "warn", "challenge")


def some_policy(random):
    rules = [
        {"id": f"rule-{number}", "when": random.choice(CONDITIONS), "effect": random.choice(EFFECTS)}
        for number in range(random.randint(1, 3))
    ]
    return policy((*rules, random.choice([LAPTOPS, {"id": "all", "when": "true", "effect": "allow"}])))


def a_gate(rules, mode, cold):
    on = gate(trusted=(ip_network("192.0.2.7/32"),))
    renew(
        on,
        policy=rules,
        authorizer=Authorizer(Dialect.NGINX, lambda: NOW, timedelta(seconds=2)),
        browser_probe=BrowserProbe(mode, timedelta(days=7), KEYS),
    )
    if not cold:
        return on
    forgetful = Forgetful(on.in_force, on.recorder.recurring, on.judge.postures.at_once)
    return replace(on, verdicts=forgetful, questions=replace(on.questions, verdicts=forgetful))


PATHS = (
    "/", "/mail/inbox", "/mail/7", "/news", "/dav/x", "/%64av/x", "/DAV", "/remote.php/x", "/x/ews", "/x%2fews", "/x;a/ews", "/x\\ews",
    "/autodiscover/autodiscover.xml", "/Autodiscover/x", "/.mailgatex", "/ada%40example.com", EAS.partition("?")[0], "/x/mapi;y", "*",
)  # fmt: skip
QUERIES = (
    "", "", "?a=1", "?a=2&token=8", "?Cmd=Sync&DeviceId=1&DeviceType=iPhone", "?Cmd=Sync&DeviceId=2&DeviceType=WindowsOutlook15", "?x#y",
    "?\x7f", "?" + "y" * 400,
)  # fmt: skip
FIELD_VALUES = {
    "User-Agent": (LAPTOP, LAPTOP, LAPTOP, PHONE, LAPTOP.replace("145", "146"), "Foxmail", "", "curl/8 CalDAV"),
    "Cookie": (
        "", "s=1", "s=2", PASS, f"s=1; {PASS}", f"s=2; {TABLET}", f"{PASS}; {TABLET}", f"x{PASS}", "mailgate-warned=0", "MAILGATE-x=1", f"a, {TABLET}",
    ),
    "Accept": ("text/html", "*/*", ""),
    "Sec-Fetch-Mode": ("navigate", "cors", ""),
    "Sec-Fetch-Dest": ("document", "empty", "iframe", ""),
    "Sec-CH-UA-Mobile": ("?0", "?1", ""),
    "X-Wap-Profile": ("http://x/", ""),
    "X-Requested-With": ("XMLHttpRequest", "com.example.mail", ""),
    "Content-Type": ("text/xml", "application/vnd.ms-sync.wbxml", "application/json", ""),
    "Content-Length": ("0", "7"),
    "MS-ASProtocolVersion": ("14.1", ""),
    "Depth": ("1", ""),
    "Authorization": ("Basic YWRhOnNlY3JldA==", "Basic Ym9iOnNlY3JldA==", "Bearer x", "Negotiate x", ""),
    "DPoP": ("0", "x", ""),
    "Device-Attestation": ("x", "x, y", ""),
    "HTTP2-Settings": ("x",),
    "Upgrade": ("websocket", "h2c"),
    "Connection": ("upgrade", "close"),
    "X-Forwarded-For": ("198.51.100.1",),
    "X-Forwarded-User": ("ada", "bob"),
    "X-Original-URI": ("/mail",),
    "Mailgate-Verdict-Key": ("address target",),
    "Referer": ("https://mail.example.com/", ""),
    "X-Request-ID": ("1", "2"),
    "Accept-Language": ("de", "fr"),
}  # fmt: skip
OFTEN = ("User-Agent", "Accept", "Sec-Fetch-Mode")
METHODS = ("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PROPFIND")


def a_field(random, name):
    return name, random.choice(FIELD_VALUES[name])


def some_request(random):
    names = [*OFTEN, *random.sample(sorted(FIELD_VALUES), random.choice([0, 0, 1, 2]))]
    fields = tuple(a_field(random, name) for name in names)
    return Asked(random.choice(METHODS), random.choice(PATHS) + random.choice(QUERIES), fields=fields)


def changed(random, asked):
    """Another request, with most of it the same."""
    match random.randrange(8):
        case 0:
            return replace(asked, remote=random.choice(["198.51.100.9", "203.0.113.7", "2001:db8::1"]))
        case 1:
            return replace(asked, uri=random.choice(PATHS) + random.choice(QUERIES))
        case 2:
            return replace(asked, uri=asked.uri.partition("?")[0] + random.choice(QUERIES))
        case 3:
            return replace(asked, user=random.choice(["", "ada"]))
        case 4:
            return replace(asked, fields=asked.fields[:-1])
        case 5:
            return replace(asked, fields=(*asked.fields, a_field(random, "Cookie")))
        case 6:
            split = [
                (n, part) for n, v in asked.fields for part in v.split(random.choice([", ", "; ", "\0"]))
            ]
            return replace(asked, fields=tuple(split))
        case _:
            return replace(
                asked, fields=(*asked.fields, a_field(random, random.choice(sorted(FIELD_VALUES))))
            )


async def answered(on, nginx, asked):
    """Status and results of the gate's answer; None where what nginx sends is no question at all."""
    with suppress(RequestRefused):
        question = exchange(b"GET /.mailgate/authz HTTP/1.1", *nginx.question(asked))
        await handled(on, question)
        head = question.connection.transport.written.partition(b"\r\n\r\n")[0].decode("latin-1")
        status, *rest = head.split("\r\n")
        fields = dict(line.split(": ", 1) for line in rest)
        seconds = int(fields.get("X-Accel-Expires", 0))
        results = {name: value for name, value in fields.items() if name.startswith("X-Device-")}
        return int(status.split()[1]), {**results, "X-Device-Reference": ""}, seconds
    return None


async def kept_for_others(random, times):
    """How many yeses were found again by another request; each is the one that this would have got."""
    rules, mode = some_policy(random), random.choice([*Mode])
    warm, cold = a_gate(rules, mode, cold=False), a_gate(rules, mode, cold=True)
    nginx = Nginx(besides=random.choice(["", "", "address", "target", "address target"]))
    found = 0
    for _ in range(times):
        asked = some_request(random)
        first, key = await answered(warm, nginx, asked), nginx.key(asked)
        if first is None or not first[2]:
            continue
        assert first[0] == 200
        for _ in range(16):
            other = changed(random, changed(random, asked) if random.random() < 0.5 else asked)
            if other == asked or nginx.key(other) != key:
                continue
            found += 1
            second = await answered(cold, nginx, other)
            assert second is not None, (asked, other)
            assert second[:2] == first[:2], (asked, other)
    return found


@pytest.fixture
def no_lines_for_debugging(monkeypatch):
    """As a gate is run: a line about each of these decisions takes longer than to make it."""
    for module in ("recorder", "verdict_cache"):
        monkeypatch.setattr(f"mailgate.gateway.{module}.is_debugging", lambda: False)
    with no_log():
        yield


def test_the_same_key_gives_the_same_answer(no_lines_for_debugging):
    found = sum(asyncio.run(kept_for_others(Random(seed), 60)) for seed in range(80))
    assert found > 5_000


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1000, 2**32))
def test_the_same_key_gives_the_same_answer_on_another_day(no_lines_for_debugging, seed):
    asyncio.run(kept_for_others(Random(seed), 60))


NOTHING = frozenset[bytes]()
SENT = [
    (b"User-Agent", b"x"),
    (b"X-Forwarded-For", b"192.0.2.9"),
    (b"X-Forwarded-User", b"ann"),
    (b"DPoP", b"x"),
]
OWN = {
    Dialect.NGINX: (b"X-Original-URI", b"X-Original-Method", b"X-Device-Reference", b"Mailgate-Verdict-Key"),
    Dialect.HAPROXY: (b"x-original-uri", b"x-original-method"),
    Dialect.CADDY: (b"X-Forwarded-Uri", b"X-Forwarded-Method"),
    Dialect.TRAEFIK: (b"X-Forwarded-Uri", b"X-Forwarded-Method", b"X-Forwarded-Port", b"X-Real-Ip"),
    Dialect.ENVOY: (b"x-original-for",),
}


def ask(dialect: Dialect, *names: bytes, certificates: frozenset[bytes] = NOTHING) -> None:
    refuse_unremoved_fields(Fields([*SENT, *((name, b"1") for name in names)]), dialect, certificates)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_proxy_asks_with_fields_of_its_own(dialect: Dialect) -> None:
    ask(dialect, *OWN[dialect])


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    "name",
    [
        b"Remote-User",
        b"X-Forwarded-Email",
        b"X-SSL-Client-Anything",
        b"X_Forwarded_For",
        b"X_Original_URI",
        b"Transfer_Encoding",
        b"X-Mailgate-User",
        b"X-HTTP-Method",
        b"Client-Cert",
    ],
)
def test_a_request_with_anything_else_that_could_be_forged_is_refused(dialect: Dialect, name: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        ask(dialect, *OWN[dialect], name)
    assert refused.value.status == 403
    assert name.decode() not in refused.value.detail


@pytest.mark.parametrize("dialect", [each for each in Dialect if each is not Dialect.NGINX])
def test_only_nginx_keeps_verdicts_and_says_by_which_key(dialect: Dialect) -> None:
    with pytest.raises(RequestRefused):
        ask(dialect, *OWN[dialect], b"Mailgate-Verdict-Key")


@pytest.mark.parametrize("dialect", [Dialect.NGINX, Dialect.ENVOY])
def test_fields_of_another_dialect_are_not_its_own(dialect: Dialect) -> None:
    with pytest.raises(RequestRefused):
        ask(dialect, b"X-Forwarded-Uri")


def test_the_field_that_hands_on_a_certificate_is_the_proxys() -> None:
    ask(Dialect.NGINX, b"X-SSL-Client-Cert", certificates=frozenset({b"x-ssl-client-cert"}))
    with pytest.raises(RequestRefused):
        ask(Dialect.NGINX, b"X_SSL_Client_Cert", certificates=frozenset({b"x-ssl-client-cert"}))
