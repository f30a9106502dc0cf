"""One request, from its facts to its answer."""

import asyncio
import json
import re
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, REFERENCE, ask, gate, policy, value
from tests.unit.gateway.phones import EAS, HANDED_ON, LOGIN, PROXIES, mobile, with_certificates
from tests.unit.gateway.wire import FakeClient, exchange, handled, settle

from mailgate.gateway.answer import Answer
from mailgate.gateway.exchange import Exchange
from mailgate.gateway.http1.request import RequestRefused, refused_head
from mailgate.gateway.judging import Live
from mailgate.gateway.prober import Mode, Prober
from mailgate.gateway.quarantine import NoNotices
from mailgate.gateway.upstream import UpstreamClosed, UpstreamMalformed, UpstreamTimeout, UpstreamUnreachable
from mailgate.model import Effect, Posture, PostureState, Reason
from mailgate.store import Key

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


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
    status, head, _, _ = await ask(on, path, b"Authorization: Basic YTpi", method=method)
    assert (status, on.forwarder.got) == (403, [])
    assert f"\r\nX-Device-Reason: {reason or ''}" in head


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
    outcome = await handled(on, asked)
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


SECRETS = (b"Cookie: secret-1", b"Authorization: Basic c2VjcmV0LTI6c2VjcmV0LTM=", b"Device-Attestation: secret-4", b"DPoP: secret-5")  # fmt: skip


@pytest.mark.parametrize("path", ["/allow?secret-6", "/block?secret-6", "/.mailgate/x?secret-6"])
@pytest.mark.parametrize("breaks", [None, UpstreamTimeout("x"), ValueError("secret-7")])
async def test_no_log_line_holds_a_header_a_query_a_name_or_an_address(path, breaks):
    on = gate()
    on.forwarder.breaks = breaks
    with capture_logs() as logs:
        await ask(on, path, *SECRETS)
    assert not re.search(r"secret|c2Vj|192\.0\.2", json.dumps(logs, default=str))


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
    outcome = await handled(on, asked)
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
    outcome = await handled(on, Exchange(head, exchange().body, client))
    head, _, body = client.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert json.loads(body)["detail"] == "The request head is over 9 bytes."
    assert (outcome.keep_alive, on.forwarder.got, on.ledger) == (False, [], [])


@pytest.mark.parametrize("asked_at", ["", "127.0.0.1:8082"])
async def test_a_refused_request_goes_with_its_answer(asked_at):
    """Raised where its exchange is in the frame it would be a cycle: a flood of bad heads would stay in memory for a while."""
    on, client = gate(), FakeClient()
    head = refused_head(RequestRefused(400, Reason.REQUEST_MALFORMED, "No."))
    assert on.handle(Exchange(head, exchange().body, client), asked_at) is None
    assert client.transport.written.startswith(b"HTTP/1.1 400 ")
    assert head.refused.__traceback__ is None


async def test_a_client_that_is_gone_is_no_error():
    on = gate()
    asked = exchange(b"GET /block HTTP/1.1")
    asked.connection.transport = None
    assert not (await handled(on, asked)).keep_alive
    assert value(on, "mailgate_errors_total", reason="internal-error") is None


async def test_a_cancelled_request_is_not_answered():
    on = gate()
    on.forwarder.breaks = asyncio.CancelledError()
    asked = exchange(b"GET /allow HTTP/1.1")
    with pytest.raises(asyncio.CancelledError):
        await handled(on, asked)
    assert asked.connection.transport.written == b""


@pytest.mark.parametrize(
    ("path", "method", "way"),
    [
        (EAS.format("Ping"), "POST", "patient"),
        (EAS.format("Sync"), "POST", "patient"),
        (EAS.format("FolderSync"), "POST", "forwarder"),
        (EAS.format("Ping"), "OPTIONS", "forwarder"),
        ("/Microsoft-Server-ActiveSync", "OPTIONS", "forwarder"),
        ("/autodiscover/autodiscover.xml", "POST", "discovery"),
    ],
)
async def test_each_request_goes_its_own_way(path, method, way):
    on = mobile()
    phone = b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
    assert (await ask(on, path, LOGIN, phone, method=method))[2] == b"mail"
    assert {name for name in ("forwarder", "patient", "discovery") if getattr(on, name).got} == {way}


async def hanging_ping(on):
    """A Ping that the webmail does not answer yet."""
    asked = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode(), LOGIN, b"MS-ASProtocolVersion: 14.1")
    mail = asyncio.Event()

    async def forward(*_):
        await mail.wait()

    on.patient.forward = forward
    running = asyncio.ensure_future(handled(on, asked))
    await settle()
    return asked, running


async def test_a_hanging_request_is_refused_once_the_device_is_not_clean():
    on = mobile()
    asked, running = await hanging_ping(on)
    await on.hanging.recheck(on.judge_again)
    await settle()
    assert not running.done()
    on.postures.posture = Posture(PostureState.PROHIBITED)
    await on.hanging.recheck(on.judge_again)
    assert (await running).keep_alive
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    assert b"application/vnd.ms-sync.wbxml" in head
    assert b"129" in body
    assert [entry[1:3] for entry in on.ledger] == [(Effect.ALLOW, "clean"), (Effect.BLOCK, "default")]
    assert value(on, "mailgate_decisions_total", effect="block", reason="no-rule-matched", kind="phone") == 1


async def test_a_hanging_request_whose_answer_has_begun_is_broken_off():
    on = mobile()
    asked, running = await hanging_ping(on)
    asked.started = True
    on.live = Live(policy(), on.live.verifier)
    await on.hanging.recheck(on.judge_again)
    assert not (await running).keep_alive
    assert (asked.connection.transport.aborted, asked.connection.transport.written) == (True, b"")


async def test_a_refused_mail_app_without_a_login_is_asked_for_it(monkeypatch):
    async def asks(forwarder, head, incoming):
        return Answer(401, headers=(("WWW-Authenticate", "Basic"),))

    monkeypatch.setattr("mailgate.gateway.handler.ask_for_login", asks)
    on = gate()
    assert (await ask(on, EAS.format("Ping"), method="POST"))[0] == 401
    assert (await ask(on, EAS.format("Ping"), LOGIN, method="POST"))[0] == 403
    assert (await ask(on, "/block", method="POST"))[0] == 403
    monkeypatch.setattr("mailgate.gateway.handler.ask_for_login", silent)
    assert (await ask(on, EAS.format("Ping"), method="POST"))[0] == 403
    assert on.forwarder.got == []


async def silent(*_):
    return None


async def test_a_person_is_told_of_a_refusal_and_of_nothing_else():
    told = []
    notices = NoNotices()
    notices.tell = lambda incoming, access, decision, reference: told.append((access.user.name, reference))
    on = mobile(notices=notices)
    await ask(on, EAS.format("FolderSync"), LOGIN, method="POST")
    on.postures.posture = Posture()
    await ask(on, EAS.format("FolderSync"), LOGIN, method="POST")
    assert told == [("ada", REFERENCE)]


LAPTOP = (
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.REQUIRE])
async def test_an_unprobed_page_load_gets_the_probe_and_is_not_decided(mode):
    on = gate(prober=Prober(mode, keys=[Key(1, b"k" * 32, NOW)]))
    status, head, page, _ = await ask(on, "/allow", *NAVIGATION, LAPTOP)
    assert (status, on.forwarder.got, on.ledger) == (200, [], [])
    assert "X-Device-Reason: probe-required" in head
    assert "Cache-Control: no-store" in head
    assert (b"/.mailgate/probe/skip?to=/allow" in page) is (mode is Mode.OBSERVE)
    assert value(on, "mailgate_probes_total", result="shown") == 1
    assert (await ask(on, "/allow", LAPTOP))[2] == b"mail"


async def test_without_the_setting_nobody_is_probed():
    on = gate()
    assert (await ask(on, "/allow", *NAVIGATION, LAPTOP))[2] == b"mail"


@pytest.mark.parametrize(
    ("trusted", "field", "status", "result"),
    [
        (PROXIES, HANDED_ON, 200, "accepted"),
        ((), HANDED_ON, 403, None),
        (PROXIES, b"X-Forwarded-Client-Cert: Cert=a", 403, None),
        (PROXIES, b"Client-Cert: :!:", 403, "certificate-malformed"),
    ],
)
async def test_a_certificate_from_a_trusted_proxy_names_the_device(trusted, field, status, result):
    on = with_certificates()
    on.trusted = trusted
    with capture_logs() as logs:
        assert (await ask(on, EAS.format("FolderSync"), LOGIN, field, method="POST"))[0] == status
    counted = {result: 1} if result else {}
    assert {
        result: value(on, "mailgate_client_certificates_total", result=result) for result in counted
    } == counted
    assert logs[0]["certificate"] == (result or "none")


async def test_without_the_setting_no_certificate_is_looked_at():
    on = mobile(trusted=PROXIES)
    on.postures.certified_posture = Posture(PostureState.PROHIBITED, "d1")
    assert (await ask(on, EAS.format("FolderSync"), LOGIN, HANDED_ON, method="POST"))[0] == 200
    assert value(on, "mailgate_client_certificates_total", result="accepted") is None
