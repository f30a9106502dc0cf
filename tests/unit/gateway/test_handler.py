"""One request, from its facts to its answer."""

import asyncio
import json
import re

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import REFERENCE, ask, gate, value
from tests.unit.gateway.wire import FakeClient, exchange, handled

from mailgate.gateway.exchange import Exchange
from mailgate.gateway.http1.request import RequestRefused, refused_head
from mailgate.gateway.upstream import UpstreamClosed, UpstreamMalformed, UpstreamTimeout, UpstreamUnreachable
from mailgate.model import Effect, Reason

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


async def test_an_allowed_request_goes_on_to_the_webmail():
    on = gate()
    status, _, body, outcome = await ask(on, "/allow?a=%2F")
    assert (status, body, outcome.keep_alive) == (200, b"mail", True)
    assert on.carrier.usual.got == [(b"/allow?a=%2F", "192.0.2.7")]


@pytest.mark.parametrize(
    ("path", "reason"), [("/block", "rule-matched"), ("/challenge", None), ("/other", "no-rule-matched")]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
async def test_a_refused_request_never_reaches_the_webmail(path, reason, method):
    on = gate()
    status, head, _, _ = await ask(on, path, b"Authorization: Basic YTpi", method=method)
    assert (status, on.carrier.usual.got) == (403, [])
    assert f"\r\nX-Device-Reason: {reason or ''}" in head


@pytest.mark.parametrize("path", ["/.mailgate/status", "/.mailgate/nothing", "/.mailgate/healthz"])
async def test_own_addresses_never_reach_the_webmail(path):
    on = gate()
    await ask(on, path)
    assert (on.carrier.usual.got, on.recorder.ledger) == ([], [])


@pytest.mark.parametrize("path", ["/.mailgatex", "/x/.mailgate/status"])
async def test_other_addresses_are_the_webmails(path):
    status, _, body, _ = await ask(gate(), path)
    assert (status, json.loads(body)["reason"]) == (403, "no-rule-matched")


async def test_405_names_the_methods_that_would_do():
    """RFC 9110, 15.5.6."""
    status, head, _, _ = await ask(gate(), "/.mailgate/status", method="POST")
    assert status == 405
    assert "\r\nAllow: GET, HEAD\r\n" in head + "\r\n"


async def test_every_decision_is_recorded_and_a_refusal_with_its_reference():
    on = gate()
    for path in ("/allow", "/warn", "/block"):
        await ask(on, path)
    assert on.recorder.ledger == [
        ("/allow", Effect.ALLOW, "open", ""),
        ("/warn", Effect.WARN, "soon", REFERENCE),
        ("/block", Effect.BLOCK, "closed", REFERENCE),
    ]


SECRETS = (b"Cookie: secret-1", b"Authorization: Basic c2VjcmV0LTI6c2VjcmV0LTM=", b"Device-Attestation: secret-4", b"DPoP: secret-5")  # fmt: skip


@pytest.mark.parametrize("path", ["/allow?secret-6", "/block?secret-6", "/.mailgate/x?secret-6"])
@pytest.mark.parametrize("breaks", [None, UpstreamTimeout("x"), ValueError("secret-7")])
async def test_no_log_line_holds_a_header_a_query_a_name_or_an_address(path, breaks):
    on = gate()
    on.carrier.usual.breaks = breaks
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
    on.carrier.usual.breaks = breaks
    got, head, body, _ = await ask(on, "/allow", *fields)
    assert got == status
    assert REFERENCE.encode() in body
    assert b"secret" not in body
    assert ("text/html" in head) is bool(fields)
    assert value(on, "mailgate_errors_total", reason=reason) == 1


async def test_an_answer_that_had_begun_is_broken_not_completed():
    """RFC 9112, 8: a part must not look like the whole."""
    on = gate()
    on.carrier.usual.breaks, on.carrier.usual.starts = UpstreamMalformed("cut"), True
    asked = exchange(b"GET /allow HTTP/1.1")
    outcome = await handled(on, asked)
    assert asked.connection.transport.aborted
    assert (asked.connection.transport.written, outcome.keep_alive) == (b"", False)


async def test_no_error_widens_access():
    on = gate()
    on.judge.postures.breaks = RuntimeError("store")
    status, _, _, _ = await ask(on, "/allow")
    assert (status, on.carrier.usual.got) == (500, [])


async def test_a_request_that_could_not_be_read_is_answered_by_the_status_of_its_refusal():
    on, client = gate(), FakeClient()
    head = refused_head(
        RequestRefused(431, Reason.REQUEST_HEAD_TOO_LARGE, "The request head is over 9 bytes.")
    )
    outcome = await handled(on, Exchange(head, exchange().body, client))
    head, _, body = client.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert json.loads(body)["detail"] == "The request head is over 9 bytes."
    assert (outcome.keep_alive, on.carrier.usual.got, on.recorder.ledger) == (False, [], [])


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
    on.carrier.usual.breaks = asyncio.CancelledError()
    asked = exchange(b"GET /allow HTTP/1.1")
    with pytest.raises(asyncio.CancelledError):
        await handled(on, asked)
    assert asked.connection.transport.written == b""
