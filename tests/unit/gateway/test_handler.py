"""One request, from its facts to its answer."""

import asyncio
import base64
import json
import re
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, REFERENCE, gate
from tests.unit.gateway.wire import FakeClient, exchange

from mailgate.gateway.exchange import Exchange
from mailgate.gateway.facts import read_facts
from mailgate.gateway.handler import Gate, Live
from mailgate.gateway.http1.request import RequestRefused, refused_head
from mailgate.gateway.upstream import UpstreamClosed, UpstreamMalformed, UpstreamTimeout, UpstreamUnreachable
from mailgate.model import AttestationResult, Effect, Reason

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


async def ask(on: Gate, path: str, *fields: bytes, method: str = "GET"):
    """The status, the head and the body that one request gets."""
    asked = exchange(f"{method} {path} HTTP/1.1".encode(), *fields)
    outcome = await on.handle(asked)
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head.decode(), body, outcome


def value(on, name, **labels):
    return on.metrics.registry.get_sample_value(name, labels)


async def test_an_allowed_request_goes_on_to_the_webmail():
    on = gate()
    status, _, body, outcome = await ask(on, "/allow?a=%2F")
    assert (status, body, outcome.keep_alive) == (200, b"mail", True)
    assert on.forwarder.got == [(b"/allow?a=%2F", "192.0.2.7")]


@pytest.mark.parametrize(
    ("path", "reason"), [("/block", "rule-matched"), ("/challenge", None), ("/other", "no-rule-matched")]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
async def test_a_refused_request_never_reaches_the_webmail(path, reason, method):
    on = gate()
    status, _, body, _ = await ask(on, path, method=method)
    assert (status, on.forwarder.got) == (403, [])
    assert reason in (json.loads(body)["reason"], None)


async def test_a_warning_interrupts_a_page_load_once():
    on = gate()
    status, _, page, _ = await ask(on, "/warn", *NAVIGATION)
    mark = re.search(rb"rule=([0-9a-f]{16})", page)[1]
    assert (status, on.forwarder.got) == (200, [])
    assert b"No tablets from Monday" in page
    assert (await ask(on, "/warn", *NAVIGATION, b"Cookie: mailgate-warned=" + mark))[2] == b"mail"
    assert (await ask(on, "/warn", b"X-Requested-With: XMLHttpRequest"))[2] == b"mail"


@pytest.mark.parametrize("path", ["/.mailgate/status", "/.mailgate/nothing", "/.mailgate/healthz"])
async def test_own_addresses_never_reach_the_webmail(path):
    on = gate()
    await ask(on, path)
    assert (on.forwarder.got, on.ledger) == ([], [])


@pytest.mark.parametrize("path", ["/.mailgatex", "/x/.mailgate/status"])
async def test_other_addresses_are_the_webmails(path):
    status, _, body, _ = await ask(gate(), path)
    assert (status, json.loads(body)["reason"]) == (403, "no-rule-matched")


async def test_a_request_that_may_go_no_further_is_answered_here():
    """RFC 9110, 7.6.2; but not before the policy allows it."""
    on = gate()
    assert (await ask(on, "/allow", b"Max-Forwards: 0", method="OPTIONS"))[0] == 200
    assert (await ask(on, "/block", b"Max-Forwards: 0", method="OPTIONS"))[0] == 403
    status, head, _, _ = await ask(on, "/allow", b"Max-Forwards: 0", method="TRACE")
    assert (status, "\r\nAllow: OPTIONS\r\n" in head + "\r\n") == (405, True)
    assert on.forwarder.got == []


@pytest.mark.parametrize(
    ("target", "proto", "trusted", "status"),
    [
        (b"https://mail.example.com/allow", b"http", (), 421),
        (b"HTTPS://mail.example.com/.mailgate/healthz", b"http", (), 421),
        (b"https://mail.example.com/allow", b"https", (), 421),
        (b"https://mail.example.com/allow", b"https", (ip_network("192.0.2.0/24"),), 200),
        (b"http://mail.example.com/allow", b"http", (), 200),
    ],
)
async def test_an_https_address_is_not_served_over_plain_http(target, proto, trusted, status):
    """RFC 9110, 7.4: unless a trusted proxy says that it came in over TLS."""
    on = gate(trusted=trusted)
    asked = exchange(b"GET " + target + b" HTTP/1.1", b"X-Forwarded-Proto: " + proto)
    outcome = await on.handle(asked)
    assert asked.connection.transport.written.startswith(b"HTTP/1.1 %d " % status)
    assert outcome.keep_alive is (status == 200)


async def test_405_names_the_methods_that_would_do():
    """RFC 9110, 15.5.6."""
    status, head, _, _ = await ask(gate(), "/.mailgate/status", method="POST")
    assert status == 405
    assert "\r\nAllow: GET, HEAD\r\n" in head + "\r\n"


async def test_every_decision_is_recorded_and_a_refusal_with_its_reference():
    on = gate()
    for path in ("/allow", "/warn", "/block"):
        await ask(on, path)
    assert on.ledger == [
        ("/allow", Effect.ALLOW, "open", ""),
        ("/warn", Effect.WARN, "soon", REFERENCE),
        ("/block", Effect.BLOCK, "closed", REFERENCE),
    ]


async def test_reason_and_reference_stand_in_the_log_line_of_the_same_request():
    with capture_logs() as logs:
        _, _, body, _ = await ask(gate(), "/block")
    (line,) = logs
    problem = json.loads(body)
    assert (line["reference"], line["reason"]) == (problem["reference"], problem["reason"])
    assert (line["event"], line["rule"], line["log_level"]) == ("decided", "closed", "info")


SECRETS = (b"Cookie: secret-1", b"Authorization: Basic c2VjcmV0LTI6c2VjcmV0LTM=", b"Device-Attestation: secret-4", b"DPoP: secret-5")  # fmt: skip


@pytest.mark.parametrize("path", ["/allow?secret-6", "/block?secret-6", "/.mailgate/x?secret-6"])
@pytest.mark.parametrize("breaks", [None, UpstreamTimeout("x"), ValueError("secret-7")])
async def test_no_log_line_holds_a_header_a_query_a_name_or_an_address(path, breaks):
    on = gate()
    on.forwarder.breaks = breaks
    with capture_logs() as logs:
        await ask(on, path, *SECRETS)
    assert not re.search(r"secret|c2Vj|192\.0\.2", json.dumps(logs, default=str))


async def test_an_attestation_that_is_refused_is_counted_and_never_helps():
    on = gate()
    status, _, _, _ = await ask(on, "/block", b"Device-Attestation: x.y.z")
    assert status == 403
    assert value(on, "mailgate_attestations_total", result="token-malformed") == 1


class Believing:
    """A verifier that takes every request for one of this proof."""

    def __init__(self, proof):
        self.proof = proof

    def verify(self, *_, **__):
        return self.proof


ANN = AttestationResult("id", user="ann")
LATE = AttestationResult(refused=Reason.TOKEN_EXPIRED, user="ann")
PROXIES = (ip_network("192.0.2.0/24"),)
SYNC = "/Microsoft-Server-ActiveSync"


@pytest.mark.parametrize(
    ("trusted", "proof", "path", "user"),
    [
        (PROXIES, ANN, "/allow", "cy"),
        (PROXIES, None, SYNC, "cy"),
        ((), ANN, "/allow", "ann"),
        ((), ANN, SYNC, "ann"),
        ((), AttestationResult("id"), SYNC, "bob"),
        ((), LATE, SYNC, "bob"),
        ((), None, SYNC, "bob"),
        ((), LATE, "/allow", ""),
        ((), None, "/allow", ""),
        ((), None, "/dav/", ""),
    ],
)
async def test_who_asks_is_told_by_a_trusted_proxy_else_proved_else_the_login_of_a_mail_app(
    trusted, proof, path, user
):
    """Else a header would choose whose rules apply."""
    on = gate()
    on.live = Live(on.live.policy, Believing(proof))
    said = (b"X-Forwarded-User: cy", b"Authorization: Basic " + base64.b64encode(b"bob:x"))
    asked = exchange(f"GET {path} HTTP/1.1".encode(), *said)
    access, _ = await on.judge(read_facts(asked.head, peer="192.0.2.1", secure=True, trusted=trusted), NOW)
    assert access.user.name == user


async def test_numbers():
    on = gate()
    await ask(on, "/allow")
    assert value(on, "mailgate_would_total", rule="rehearsed", effect="block") == 1
    assert value(on, "mailgate_decisions_total", effect="allow", reason="rule-matched", kind="unknown") == 1
    assert value(on, "mailgate_decision_seconds_count") == 1
    assert value(on, "mailgate_requests_in_flight") == 0


@pytest.mark.parametrize(
    ("breaks", "status", "reason"),
    [
        (UpstreamUnreachable("x"), 502, Reason.UPSTREAM_UNREACHABLE),
        (UpstreamTimeout("x"), 504, Reason.UPSTREAM_TIMEOUT),
        (UpstreamMalformed("x"), 502, Reason.UPSTREAM_MALFORMED),
        (UpstreamClosed("x"), 502, Reason.UPSTREAM_MALFORMED),
        (RequestRefused(408, Reason.REQUEST_TIMEOUT, "Too slow."), 408, Reason.REQUEST_TIMEOUT),
        (ValueError("secret"), 500, Reason.INTERNAL_ERROR),
    ],
)
@pytest.mark.parametrize("fields", [(), NAVIGATION])
async def test_what_breaks_becomes_one_answer(breaks, status, reason, fields):
    on = gate()
    on.forwarder.breaks = breaks
    got, head, body, _ = await ask(on, "/allow", *fields)
    assert got == status
    assert REFERENCE.encode() in body
    assert b"secret" not in body
    assert ("text/html" in head) is bool(fields)
    assert value(on, "mailgate_errors_total", reason=reason) == 1


async def test_an_answer_that_had_begun_is_broken_not_completed():
    """RFC 9112, 8: a part must not look like the whole."""
    on = gate()
    on.forwarder.breaks, on.forwarder.starts = UpstreamMalformed("cut"), True
    asked = exchange(b"GET /allow HTTP/1.1")
    outcome = await on.handle(asked)
    assert asked.connection.transport.aborted
    assert (asked.connection.transport.written, outcome.keep_alive) == (b"", False)


async def test_no_error_widens_access():
    on = gate()
    on.postures.breaks = RuntimeError("store")
    status, _, _, _ = await ask(on, "/allow")
    assert (status, on.forwarder.got) == (500, [])


async def test_a_request_that_could_not_be_read_is_answered_by_the_status_of_its_refusal():
    on, client = gate(), FakeClient()
    head = refused_head(
        RequestRefused(431, Reason.REQUEST_HEAD_TOO_LARGE, "The request head is over 9 bytes.")
    )
    outcome = await on.handle(Exchange(head, exchange().body, client))
    head, _, body = client.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert json.loads(body)["detail"] == "The request head is over 9 bytes."
    assert (outcome.keep_alive, on.forwarder.got, on.ledger) == (False, [], [])


async def test_a_client_that_is_gone_is_no_error():
    on = gate()
    asked = exchange(b"GET /block HTTP/1.1")
    asked.connection.transport = None
    assert not (await on.handle(asked)).keep_alive
    assert value(on, "mailgate_errors_total", reason="internal-error") is None


async def test_a_cancelled_request_is_not_answered():
    on = gate()
    on.forwarder.breaks = asyncio.CancelledError()
    asked = exchange(b"GET /allow HTTP/1.1")
    with pytest.raises(asyncio.CancelledError):
        await on.handle(asked)
    assert asked.connection.transport.written == b""
