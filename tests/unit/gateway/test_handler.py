"""One request, from its facts to its answer."""

import asyncio
import json
import re

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import ask, gate
from tests.unit.gateway.wire import FakeClient, exchange, handled

from mailgate.http.exchange import Exchange
from mailgate.http.proxy.upstream import UpstreamTimeout
from mailgate.http.request import RequestRefused, refused_head
from mailgate.model import Reason

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


async def test_an_allowed_request_goes_on_to_the_webmail():
    on = gate()
    status, _, body, outcome = await ask(on, "/allow?a=%2F")
    assert (status, body, outcome.keep_alive) == (200, b"mail", True)
    assert on.forwarding.usual.got == [(b"/allow?a=%2F", "192.0.2.7")]


@pytest.mark.parametrize(
    ("path", "reason"), [("/block", "rule-matched"), ("/challenge", None), ("/other", "no-rule-matched")]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
async def test_a_refused_request_never_reaches_the_webmail(path, reason, method):
    on = gate()
    status, head, _, _ = await ask(on, path, b"Authorization: Basic YTpi", method=method)
    assert (status, on.forwarding.usual.got) == (403, [])
    assert f"\r\nX-Device-Reason: {reason or ''}" in head


@pytest.mark.parametrize("path", ["/.mailgate/status", "/.mailgate/nothing", "/.mailgate/healthz"])
async def test_own_addresses_never_reach_the_webmail(path):
    on = gate()
    await ask(on, path)
    assert (on.forwarding.usual.got, on.recorder.listeners[0]) == ([], [])


@pytest.mark.parametrize("path", ["/.mailgatex", "/x/.mailgate/status"])
async def test_other_addresses_are_the_webmails(path):
    status, _, body, _ = await ask(gate(), path)
    assert (status, json.loads(body)["reason"]) == (403, "no-rule-matched")


async def test_405_names_the_methods_that_would_do():
    """RFC 9110, 15.5.6."""
    status, head, _, _ = await ask(gate(), "/.mailgate/status", method="POST")
    assert status == 405
    assert "\r\nAllow: GET, HEAD\r\n" in head + "\r\n"


SECRETS = (b"Cookie: secret-1", b"Authorization: Basic c2VjcmV0LTI6c2VjcmV0LTM=", b"Device-Attestation: secret-4", b"DPoP: secret-5")  # fmt: skip


@pytest.mark.parametrize("path", ["/allow?secret-6", "/block?secret-6", "/.mailgate/x?secret-6"])
@pytest.mark.parametrize("breaks", [None, UpstreamTimeout("x"), ValueError("secret-7")])
async def test_no_log_line_holds_a_header_a_query_a_name_or_an_address(path, breaks):
    on = gate()
    on.forwarding.usual.breaks = breaks
    with capture_logs() as logs:
        await ask(on, path, *SECRETS)
    assert not re.search(r"secret|c2Vj|192\.0\.2", json.dumps(logs, default=str))


async def test_no_error_widens_access():
    on = gate()
    on.judge.postures.breaks = RuntimeError("store")
    status, _, _, _ = await ask(on, "/allow")
    assert (status, on.forwarding.usual.got) == (500, [])


@pytest.mark.parametrize("asked_at", ["", "127.0.0.1:8082"])
async def test_a_refused_request_goes_with_its_answer(asked_at):
    """Raised where its exchange is in the frame it would be a cycle: a flood of bad heads would stay in memory for a while."""
    on, client = gate(), FakeClient()
    head = refused_head(RequestRefused(400, Reason.REQUEST_MALFORMED, "No."))
    assert on.handle(Exchange(head, exchange().body, client), asked_at) is None
    assert client.transport.written.startswith(b"HTTP/1.1 400 ")
    assert head.refused.__traceback__ is None


async def test_a_cancelled_request_is_not_answered():
    on = gate()
    on.forwarding.usual.breaks = asyncio.CancelledError()
    asked = exchange(b"GET /allow HTTP/1.1")
    with pytest.raises(asyncio.CancelledError):
        await handled(on, asked)
    assert asked.connection.transport.written == b""
