"""A question is judged, recorded and worded like any other request."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, REFERENCE, gate, renew, value
from tests.unit.gateway.phones import DEVICES
from tests.unit.gateway.wire import exchange, handled, over

from mailgate.attest.certificates import key_of
from mailgate.attest.client_certs import CertificateVerifier, Revocation, RevocationList
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.gateway.authz.authorizer import Authorizer, Dialect
from mailgate.gateway.authz.verdict_key import ALWAYS
from mailgate.gateway.evaluate.browser_probe import COMPUTER, BrowserProbe, Mode
from mailgate.http.client_certs import ProxyForm
from mailgate.model import RequestFacts
from mailgate.store import SharedKey

ENVOY = {
    "allowed": """\
GET /.mailgate/authz/allow?folder=Inbox HTTP/1.1
host: mail.example.com
content-length: 0
authorization: Basic YWxpY2U6c2VjcmV0
user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
accept: text/html
x-forwarded-proto: https
x-original-for: 203.0.113.7
x-envoy-internal: true
x-forwarded-for: 172.16.44.100
x-envoy-expected-rq-timeout-ms: 5000
""",
    "refused": """\
POST /.mailgate/authz/block HTTP/1.1
host: mail.example.com
content-length: 0
user-agent: curl/8.14.1
x-forwarded-proto: https
x-original-for: 203.0.113.7
x-envoy-internal: true
x-forwarded-for: 172.16.44.100
x-envoy-expected-rq-timeout-ms: 5000
""",
}
"""Requests of Envoy's ext_authz filter over HTTP: method, path behind ``path_prefix``, host, a length of 0, what
``allowed_headers`` lets through, what ``headers_to_add`` tells, and two that Envoy's own client adds: the second has an
address of Envoy's machine."""
TRAEFIK = {
    "allowed": """\
GET /.mailgate/authz HTTP/1.1
Host: 127.0.0.1:8080
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
Accept: text/html
Accept-Encoding: gzip, deflate, br
X-Forwarded-For: 203.0.113.7
X-Forwarded-Host: mail.example.com
X-Forwarded-Method: GET
X-Forwarded-Port: 443
X-Forwarded-Proto: https
X-Forwarded-Server: traefik-1
X-Forwarded-Uri: /allow?folder=Inbox
X-Real-Ip: 203.0.113.7
""",
    "refused": """\
GET /.mailgate/authz HTTP/1.1
Host: 127.0.0.1:8080
User-Agent: curl/8.14.1
Content-Type: application/json
X-Forwarded-For: 203.0.113.7
X-Forwarded-Host: mail.example.com
X-Forwarded-Method: POST
X-Forwarded-Proto: https
X-Forwarded-Uri: /block
""",
}
"""Requests of Traefik's ForwardAuth: GET, the client's own fields, and five that Traefik sets anew."""


def asked_gate(dialect, *, trusted="192.0.2.7/32", **more):
    on = gate(trusted=(ip_network(trusted),), **more)
    renew(on, authorizer=Authorizer(dialect, lambda: NOW, timedelta(seconds=2)))
    return on


async def reply(on, text):
    """Status, headers and body of the gate's answer to a request written out."""
    line, *fields = text.strip().encode().split(b"\n")
    fields = [each for each in fields if not each.lower().startswith(b"host:")]
    asked = exchange(line, *fields)
    await handled(on, asked)
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    status, *rest = head.decode().split("\r\n")
    return int(status.split()[1]), dict(each.split(": ", 1) for each in rest), body


@pytest.mark.parametrize(("dialect", "requests"), [(Dialect.ENVOY, ENVOY), (Dialect.TRAEFIK, TRAEFIK)])
async def test_documented_requests_of_envoy_and_traefik_are_answered(dialect, requests):
    on = asked_gate(dialect)
    status, headers, _ = await reply(on, requests["allowed"])
    assert (status, headers["X-Device-Decision"], headers["X-Device-Class"]) == (200, "allow", "laptop")
    status, headers, body = await reply(on, requests["refused"])
    assert (status, headers["X-Device-Reason"]) == (403, "rule-matched")
    assert json.loads(body)["reference"] == headers["X-Device-Reference"] == REFERENCE
    assert [(path, rule) for path, _, rule, _ in on.recorder.listeners[0]] == [
        ("/allow", "open"),
        ("/block", "closed"),
    ]
    assert value(on, "mailgate_decision_seconds_count") == 2


@pytest.mark.parametrize("on", [asked_gate(Dialect.TRAEFIK, trusted="198.51.100.0/24"), gate()])
async def test_only_trusted_proxies_may_ask(on):
    status, headers, _ = await reply(on, TRAEFIK["allowed"])
    assert (status, "X-Device-Decision" in headers, on.recorder.listeners[0]) == (404, False, [])


async def test_an_incomplete_question_gets_no_yes():
    on = asked_gate(Dialect.TRAEFIK)
    status, _, _ = await reply(on, TRAEFIK["allowed"].replace("X-Forwarded-Uri", "X-Original-URI"))
    assert (status, on.recorder.listeners[0]) == (400, [])


NGINX = """\
GET {at} HTTP/1.0
X-Original-Method: GET
X-Original-URI: {path}
X-Forwarded-For: 203.0.113.7
X-Forwarded-Proto: https
X-Forwarded-Host: mail.example.com
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
Accept: text/html
X-Device-Reference: {reference}
"""
AT, REFUSAL = "/.mailgate/authz", "/.mailgate/authz/refusal"


async def nginx(on, path, at=AT, reference="none"):
    return await reply(on, NGINX.format(at=at, path=path, reference=reference))


async def test_a_warning_is_shown_and_then_no_more():
    on = asked_gate(Dialect.NGINX)
    status, headers, _ = await nginx(on, "/warn")
    assert (status, headers["X-Device-Decision"], headers["X-Device-Status"]) == (403, "warn", "200")
    status, headers, page = await nginx(on, "/warn", REFUSAL, headers["X-Device-Reference"])
    assert (status, b"/.mailgate/continue?rule=" in page) == (200, True)
    mark = page.partition(b"/.mailgate/continue?rule=")[2][:16].decode()
    renew(on, authorizer=replace(on.in_force.live.authorizer))
    status, headers, _ = await reply(
        on, NGINX.format(at=AT, path="/warn", reference="x") + f"Cookie: __Host-mailgate-warned={mark}\n"
    )
    assert (status, headers["X-Device-Decision"]) == (200, "warn")


async def test_the_page_of_a_refusal_is_fetched_by_its_reference():
    on = asked_gate(Dialect.NGINX)
    _, headers, told = await nginx(on, "/block")
    status, _, page = await nginx(on, "/block", REFUSAL, headers["X-Device-Reference"])
    assert (status, page) == (403, told)
    assert b"No mail here" in page
    assert len(on.recorder.listeners[0]) == 1


async def test_another_process_gives_an_answer_like_it_and_records_nothing():
    on = asked_gate(Dialect.NGINX)
    status, _, page = await nginx(on, "/block", REFUSAL, "UNKNOWN")
    assert (status, b"No mail here" in page, on.recorder.listeners[0]) == (403, True, [])
    status, _, page = await nginx(on, "/allow", REFUSAL, "UNKNOWN")
    assert (status, b"We made a mistake" in page, on.recorder.listeners[0]) == (403, True, [])


async def test_a_browser_is_probed_before_anything_is_recorded():
    on = asked_gate(
        Dialect.NGINX, browser_probe=BrowserProbe(Mode.REQUIRE, keys=[SharedKey(1, b"k" * 32, NOW)])
    )
    status, headers, _ = await nginx(on, "/allow")
    assert (status, headers["X-Device-Reason"], headers["X-Device-Decision"]) == (
        403,
        "probe-required",
        "challenge",
    )
    status, _, page = await nginx(on, "/allow", REFUSAL, headers["X-Device-Reference"])
    assert (status, b"/.mailgate/probe" in page, on.recorder.listeners[0]) == (200, True, [])
    status, _, page = await nginx(on, "/allow", REFUSAL, "UNKNOWN")
    assert (status, b"/.mailgate/probe" in page) == (200, True)


HELD = f"Mailgate-Verdict-Key: {' '.join(sorted(ALWAYS))} address target\n"


async def kept(on, path, *more, key=HELD):
    """For how many seconds the answer may be kept."""
    question = NGINX.format(at=AT, path=path, reference="x") + key + "".join(f"{each}\n" for each in more)
    _, headers, _ = await reply(on, question)
    return headers.get("X-Accel-Expires")


async def test_a_verdict_may_be_kept_only_until_it_can_change():
    on = asked_gate(Dialect.NGINX)
    assert await kept(on, "/allow") == "2"
    assert await kept(on, "/block") is None


async def test_a_verdict_is_kept_only_under_a_key_with_all_that_rules_read():
    on = asked_gate(Dialect.NGINX)
    for key in ("", HELD.replace("target", ""), HELD + HELD, HELD.replace("own-cookies", "")):
        assert await kept(on, "/allow", key=key) is None
    assert await kept(on, "/allow", key=HELD.replace("address", "")) == "2"


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("Content-Type: application/vnd.ms-sync.wbxml\nSec-Fetch-Mode: cors", None),
        ("Device-Attestation: x", None),
        ("Content-Type: text/xml", "2"),
    ],
)
async def test_activesync_and_refused_proofs_are_asked_about_each_time(field, seconds):
    assert await kept(asked_gate(Dialect.NGINX), "/allow", field) == seconds


async def test_a_forgeable_field_gets_no_yes_even_without_a_value():
    question = NGINX.format(at=AT, path="/allow", reference="x") + "Remote-User: \n"
    status, headers, _ = await reply(asked_gate(Dialect.NGINX), question)
    assert (status, "X-Device-Decision" in headers) == (403, False)


async def test_a_question_may_carry_the_token_of_a_login_where_those_count():
    """It is asked about each time, since the next token may be of another login."""
    token = "X-Forwarded-Id-Token: a.b.c"
    question = NGINX.format(at=AT, path="/allow", reference="x") + f"{token}\n"
    assert (await reply(asked_gate(Dialect.NGINX), question))[0] == 403
    on = asked_gate(Dialect.NGINX, login_header=b"x-forwarded-id-token")
    assert (await reply(on, question))[0] == 200
    assert await kept(on, "/allow", token) is None


@pytest.mark.parametrize(("lasts", "seconds"), [(timedelta(days=7), "2"), (timedelta(seconds=1), "1")])
async def test_a_verdict_is_kept_no_longer_than_the_probes_finding(lasts, seconds):
    keys = (SharedKey(1, b"k" * 32, NOW - timedelta(days=1)),)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    browser = RequestFacts(headers={"user-agent": agent}, over_https=True)
    probe = BrowserProbe(Mode.REQUIRE, lasts, keys)
    on = asked_gate(Dialect.NGINX, browser_probe=probe)
    cookie = probe.remember(ProbeFinding(COMPUTER, "touch"), browser, NOW).partition(";")[0]
    assert await kept(on, "/allow", f"Cookie: {cookie}") == seconds


@pytest.mark.parametrize(
    ("lasts", "listed", "seconds"),
    [
        (timedelta(days=9), timedelta(days=1), "2"),
        (timedelta(seconds=1), timedelta(days=1), "1"),
        (timedelta(days=9), timedelta(seconds=1), "1"),
    ],
)
async def test_a_certificate_is_not_believed_longer_than_it_counts_by_the_asking_proxy(
    lasts, listed, seconds
):
    leaf = DEVICES.device(span=(timedelta(days=-1), lasts))
    lists = Revocation({key_of(DEVICES.certificate): RevocationList(frozenset(), NOW + listed)})
    verifier = CertificateVerifier([DEVICES.certificate], revocation=lists)
    on = asked_gate(Dialect.NGINX, certificates=verifier, proxy_form=ProxyForm("client-cert"))
    assert await kept(on, "/allow", f"Client-Cert: :{b64encode(leaf.der).decode()}:") == seconds


PAGES_ALONE = "GET /.mailgate/healthz HTTP/1.1\n"


async def at_port(on, where, text):
    """The status of an answer at a port for questions."""
    line, *fields = text.strip().encode().split(b"\n")
    asked = exchange(line, *(each for each in fields if not each.lower().startswith(b"host:")))
    await over(asked, on.handle(asked, where))
    return int(asked.connection.transport.written.split()[1])


async def test_a_port_for_questions_speaks_one_dialect_and_carries_no_mail():
    on = gate(trusted=(ip_network("192.0.2.7/32"),))
    clock = lambda: NOW  # noqa: E731
    ports = {"a:1": Authorizer(Dialect.TRAEFIK, clock), "a:2": Authorizer(Dialect.ENVOY, clock)}
    renew(on, authorizers=ports)
    assert await at_port(on, "a:1", TRAEFIK["allowed"]) == 200
    assert await at_port(on, "a:1", TRAEFIK["refused"]) == 403
    assert await at_port(on, "a:2", ENVOY["allowed"]) == 200
    asked = len(on.recorder.listeners[0])
    assert await at_port(on, "a:1", ENVOY["allowed"]) == 404
    assert await at_port(on, "a:2", TRAEFIK["allowed"]) == 404
    assert await at_port(on, "a:3", TRAEFIK["allowed"]) == 404
    for where in ("a:1", "a:2", "a:3"):
        assert await at_port(on, where, PAGES_ALONE) == 200
        for path in ("/", "/allow", "/SOGo/", "/.mailgate", "/Microsoft-Server-ActiveSync?Cmd=Ping"):
            assert await at_port(on, where, f"GET {path} HTTP/1.1\n") == 404
    assert len(on.recorder.listeners[0]) == asked
    status, headers, _ = await reply(on, TRAEFIK["allowed"])
    assert (status, "X-Device-Decision" in headers) == (404, False)
