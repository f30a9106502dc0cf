"""One line for each request: what of the client is told has to be asked for."""

import json

import pytest
from tests.unit.gateway.gates import NOW, gate
from tests.unit.gateway.wire import exchange, handled

from mailgate.gateway.observe.access_log import CLIENT_FACTS, AccessLog
from mailgate.model import DecisionSummary

PRIVATE = ("secret-folder", "token=1234", "ada@example.com", "192.0.2.7", "Mozilla", "cookie-value")


@pytest.fixture
def written():
    return []


def log_with(written, *include):
    return AccessLog(written.append, include, lambda: NOW, worker=1)


async def ended(**what):
    asked = exchange(
        b"GET /secret-folder/%22?token=1234 HTTP/1.1", b"User-Agent: Mozilla/5.0", b"Cookie: a=cookie-value"
    )
    for name, value in what.items():
        setattr(asked, name, value)
    return asked


BLOCKED = DecisionSummary("block", "prohibited-app", "no-tiktok", "phone", "web", "ada@example.com")


async def test_a_refused_request_is_told_in_words_of_closed_sets(written):
    asked = await ended(judged=BLOCKED, status=403, reference="REF2345")
    log_with(written).request_finished(asked)
    (line,) = map(json.loads, written)
    assert written[0].endswith(b"}\n")
    assert written[0].count(b"\n") == 1
    assert 0 <= line.pop("seconds") < 60
    assert line == {
        "event": "request", "timestamp": "2026-11-24T09:05:07+00:00", "worker": 1, "method": "GET", "status": 403,
        "effect": "block", "reason": "prohibited-app", "rule": "no-tiktok", "kind": "phone", "protocol": "web",
        "failed": None, "reference": "REF2345", "upstream_seconds": None,
    }  # fmt: skip


async def test_nothing_of_the_client_is_told_unless_it_is_asked_for(written):
    asked = await ended(judged=BLOCKED, status=403)
    log_with(written).request_finished(asked)
    assert [word for word in PRIVATE if word.encode() in written[0]] == []


async def test_facts_asked_for_are_logged_without_query_and_cookie(written):
    log_with(written, *CLIENT_FACTS).request_finished(await ended(judged=BLOCKED, status=403))
    line = json.loads(written[0])
    assert [line[name] for name in CLIENT_FACTS] == ["/secret-folder/%22", "ada@example.com", "192.0.2.7", "Mozilla/5.0"]  # fmt: skip
    assert b"1234" not in written[0]
    assert b"cookie-value" not in written[0]


async def test_a_request_without_decision_and_answer_is_logged_as_such(written):
    log_with(written, "name").request_finished(await ended())
    line = json.loads(written[0])
    assert (line["status"], line["effect"], line["name"]) == (None, None, "")


async def test_the_wait_for_the_webmail_is_told_and_one_that_had_no_end(written):
    asked = await ended(judged=BLOCKED, status=200)
    asked.asked_at, asked.answered_at = 5.0, 5.25
    log_with(written).request_finished(asked)
    asked.asked_at, asked.answered_at = asked.began_at, 0.0
    log_with(written).request_finished(asked)
    first, second = (json.loads(line)["upstream_seconds"] for line in written)
    assert first == 0.25
    assert 0 <= second < 60


async def test_a_whole_gate_fills_in_what_is_told(written):
    on = gate()
    asked = exchange(b"GET /block HTTP/1.1")
    await handled(on, asked)
    log_with(written, "address").request_finished(asked)
    line = json.loads(written[0])
    assert (line["status"], line["effect"], line["rule"], line["reference"], line["address"]) == (403, "block", "closed", "REF2345", "192.0.2.7")  # fmt: skip


async def test_a_request_that_could_not_be_read_has_its_reason(written):
    on = gate()
    asked = exchange(b"GET /.mailgate/nothing HTTP/1.1")
    await handled(on, asked)
    log_with(written).request_finished(asked)
    line = json.loads(written[0])
    assert (line["status"], line["failed"], line["effect"]) == (404, "not-found", None)
