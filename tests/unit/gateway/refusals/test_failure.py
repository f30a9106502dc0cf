import json

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import REFERENCE, ask, gate, value
from tests.unit.gateway.wire import FakeClient, exchange, handled

from mailgate.gateway.refusals.failure import note_failure, translate
from mailgate.http.exchange import Exchange
from mailgate.http.proxy.upstream import (
    UpstreamClosed,
    UpstreamMalformed,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mailgate.http.request import RequestRefused, refused_head
from mailgate.model import Reason

SECRET = "c2VjcmV0"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "This address takes GET.", ("GET",)),
            (405, Reason.METHOD_NOT_ALLOWED, "This address takes GET.", ("GET",)),
        ),
        (UpstreamUnreachable("10.0.0.7 refused"), (502, Reason.UPSTREAM_UNREACHABLE, "", ())),
        (UpstreamTimeout("nothing came"), (504, Reason.UPSTREAM_TIMEOUT, "", ())),
        (UpstreamMalformed("bad head"), (502, Reason.UPSTREAM_MALFORMED, "", ())),
        (UpstreamClosed("gone"), (502, Reason.UPSTREAM_MALFORMED, "", ())),
        (KeyError("secret"), (500, Reason.INTERNAL_ERROR, "", ())),
    ],
)
def test_an_error_becomes_a_status_and_a_reason_without_details(error, failure):
    told = translate(error)
    assert (told.status, told.reason, told.detail, told.allow) == failure


def test_an_internal_error_is_logged_without_its_text():
    with capture_logs() as logs:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            note_failure(translate(error), "REFERENCE", error)
    (line,) = logs
    assert (line["event"], line["log_level"], line["error"]) == ("failed", "error", "KeyError")
    assert SECRET not in str(line)
    assert "test_failure" in line["where"][-1]


NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


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
async def test_every_error_becomes_one_answer(breaks, status, reason, fields):
    on = gate()
    on.forwarding.usual.breaks = breaks
    got, head, body, _ = await ask(on, "/allow", *fields)
    assert got == status
    assert REFERENCE.encode() in body
    assert b"secret" not in body
    assert ("text/html" in head) is bool(fields)
    assert value(on, "mailgate_errors_total", reason=reason) == 1


async def test_an_answer_that_had_begun_is_broken_not_completed():
    """RFC 9112, 8: a part must not look like the whole."""
    on = gate()
    on.forwarding.usual.breaks, on.forwarding.usual.starts = UpstreamMalformed("cut"), True
    asked = exchange(b"GET /allow HTTP/1.1")
    outcome = await handled(on, asked)
    assert asked.connection.transport.aborted
    assert (asked.connection.transport.written, outcome.keep_alive) == (b"", False)


async def test_an_unreadable_request_is_answered_with_its_status():
    on, client = gate(), FakeClient()
    head = refused_head(
        RequestRefused(431, Reason.REQUEST_HEAD_TOO_LARGE, "The request head is over 9 bytes.")
    )
    outcome = await handled(on, Exchange(head, exchange().body, client))
    head, _, body = client.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert json.loads(body)["detail"] == "The request head is over 9 bytes."
    assert (outcome.keep_alive, on.forwarding.usual.got, on.recorder.listeners[0]) == (False, [], [])


async def test_a_client_that_is_gone_is_no_error():
    on = gate()
    asked = exchange(b"GET /block HTTP/1.1")
    asked.connection.transport = None
    assert not (await handled(on, asked)).keep_alive
    assert value(on, "mailgate_errors_total", reason="internal-error") is None
