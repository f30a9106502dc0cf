"""Answers that the gate gives itself."""

import json
from datetime import timedelta
from itertools import count

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, ask, gate
from tests.unit.gateway.wire import FakeClient, exchange

from mailgate.gateway import answer
from mailgate.gateway.answer import MAX_BYTES, PROBLEM, Answer, RateLimit, json_answer, read_small_body, send
from mailgate.http.exchange import Exchange
from mailgate.http.proxy.upstream import UpstreamTimeout
from mailgate.http.request import RequestRefused, refused_head
from mailgate.model import Reason
from mailgate.model.addresses import rate_limit_key

POST = (b"POST / HTTP/1.1", b"Content-Length: 5")


async def test_an_answer_is_whole_dated_and_never_stored():
    """RFC 9110, 6.6.1 (Date) and 8.6; RFC 9111, 5.2.2.5."""
    asked = exchange()
    outcome = send(asked, Answer(403, b"no\n", "text/plain", (("X-A", "b"), ("x-a", "c"))), NOW)
    assert asked.connection.transport.written == (
        b"HTTP/1.1 403 Forbidden\r\nDate: Tue, 24 Nov 2026 09:05:07 GMT\r\nContent-Type: text/plain\r\n"
        b"Content-Length: 3\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        b"X-A: b\r\nx-a: c\r\n\r\nno\n"
    )
    assert outcome.keep_alive
    assert asked.started


async def test_head_gets_the_length_without_the_body():
    """RFC 9110, 9.3.2."""
    asked = exchange(b"HEAD / HTTP/1.1")
    send(asked, Answer(200, b"four"), NOW)
    assert b"Content-Length: 4\r\n" in asked.connection.transport.written
    assert asked.connection.transport.written.endswith(b"\r\n\r\n")


async def test_not_modified_says_no_length():
    """RFC 9110, 8.6: it would have to be that of the answer that is not sent."""
    asked = exchange()
    assert send(asked, Answer(304, headers=(("ETag", 'W/"a"'),)), NOW).keep_alive
    assert b"Content-Length" not in asked.connection.transport.written
    assert asked.connection.transport.written.endswith(b'ETag: W/"a"\r\n\r\n')


@pytest.mark.parametrize(
    ("line", "fields", "body", "whole", "stays"),
    [
        (b"GET / HTTP/1.1", [], b"", True, True),
        (b"GET / HTTP/1.1", [b"Connection: close"], b"", True, False),
        (b"GET / HTTP/1.0", [], b"", True, False),
        (b"GET / HTTP/1.0", [b"Connection: keep-alive"], b"", True, True),
        (*POST[:1], [POST[1]], b"", True, True),
        (*POST[:1], [POST[1]], b"hello", True, True),
        (*POST[:1], [POST[1]], b"he", False, True),
        (*POST[:1], [POST[1], b"Expect: 100-continue"], b"", False, False),
        (*POST[:1], [POST[1], b"Expect: 100-continue"], b"hello", True, True),
        (*POST[:1], [b"Content-Length: 16385"], b"he", False, False),
        (*POST[:1], [b"Transfer-Encoding: chunked"], b"he", False, False),
        (*POST[:1], [b"Transfer-Encoding: chunked"], b"hello", True, True),
    ],
)
async def test_the_connection_stays_only_where_the_request_ends_soon(line, fields, body, whole, stays):
    """RFC 9112, 9.3 and 9.6."""
    asked = exchange(line, *fields, body=body, whole=whole)
    assert send(asked, Answer(403), NOW).keep_alive is stays
    assert (b"Connection: close\r\n" in asked.connection.transport.written) is not stays
    assert not asked.connection.transport.ended


async def test_the_connection_ends_behind_a_body_that_was_malformed():
    """Nothing that follows it can be read any more."""
    asked = exchange(*POST, whole=False)
    asked.body.set_exception(RequestRefused(400, Reason.REQUEST_AMBIGUOUS, "no"))
    asked.body.feed_eof()
    assert not send(asked, Answer(400), NOW).keep_alive
    assert b"Connection: close\r\n" in asked.connection.transport.written


async def test_a_refused_request_ends_with_a_half_close_so_that_the_answer_arrives():
    """RFC 9112, 9.6: closing at once could reset the connection and take the answer with it."""
    client = FakeClient()
    asked = Exchange(
        refused_head(RequestRefused(400, Reason.REQUEST_MALFORMED, "no")), exchange().body, client
    )
    assert not send(asked, Answer(400, b"no"), NOW).keep_alive
    assert client.transport.ended
    assert not client.transport.closing


async def test_an_answer_to_a_client_that_is_gone_is_an_error():
    asked = exchange()
    asked.connection.transport = None
    with pytest.raises(ConnectionError):
        send(asked, Answer(200), NOW)


def test_json_is_utf_8_and_ends_in_a_line():
    answer = json_answer(403, {"title": "Gesperrt: é"}, PROBLEM)
    assert (answer.status, answer.content_type) == (403, "application/problem+json")
    assert answer.body == '{"title": "Gesperrt: é"}\n'.encode()


POST_SMALL_BODY = b"POST_SMALL_BODY /.mailgate/probe HTTP/1.1"


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES])
async def test_a_small_body_is_read_whole(size):
    asked = exchange(POST_SMALL_BODY, b"Content-Length: %d" % size, body=b"x" * size)
    assert await read_small_body(asked) == b"x" * size


async def test_without_a_body_nothing_is_awaited():
    assert await read_small_body(exchange(whole=False)) == b""


@pytest.mark.parametrize("coding", [b"gzip", b"Deflate", b"identity, br"])
async def test_a_coded_one_is_refused(coding):
    asked = exchange(POST_SMALL_BODY, b"Content-Encoding: " + coding, b"Content-Length: 1", body=b"x")
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 415
    plain = exchange(POST_SMALL_BODY, b"Content-Encoding: identity", b"Content-Length: 1", body=b"x")
    assert await read_small_body(plain) == b"x"


async def test_a_longer_one_is_refused_before_its_end():
    asked = exchange(POST_SMALL_BODY, b"Transfer-Encoding: chunked", body=b"x" * (MAX_BYTES + 1), whole=False)
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 413


async def test_one_that_does_not_come_is_refused(monkeypatch):
    monkeypatch.setattr(answer, "TIMEOUT_SECONDS", 0)
    asked = exchange(POST_SMALL_BODY, b"Content-Length: 9", body=b"x", whole=False)
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 408


NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")
DRAWN = "REF0"


def counting():
    """A gate whose references have numbers."""
    references = (f"REF{number}" for number in count())
    return gate(draw=references.__next__)


async def test_a_request_that_is_allowed_takes_none(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.recorder.is_debugging", lambda: False)
    on = counting()
    for _ in range(3):
        assert (await ask(on, "/allow"))[0] == 200
    assert on.references.draw() == DRAWN


@pytest.mark.parametrize("path", ["/block", "/challenge", "/warn", "/other"])
@pytest.mark.parametrize("shown", [(), NAVIGATION])
async def test_one_request_has_one_in_its_record_its_line_and_its_answer(path, shown):
    on = counting()
    with capture_logs() as lines:
        status, _, body, _ = await ask(on, path, *shown)
    assert on.recorder.listeners[0][0][3] == DRAWN
    assert [line["reference"] for line in lines] == [DRAWN]
    assert DRAWN.encode() in body or (status, shown) == (200, ())
    assert on.references.draw() == "REF1"


async def test_a_failure_after_the_record_has_that_of_the_record():
    on = counting()
    on.forwarding.usual.breaks = UpstreamTimeout("x")
    _, _, body, _ = await ask(on, "/warn")
    assert (on.recorder.listeners[0][0][3], json.loads(body)["reference"]) == (DRAWN, DRAWN)


SPAN = timedelta(minutes=10)
NOTHING = timedelta()


def test_a_few_tries_are_followed_by_a_wait_from_the_first_of_them() -> None:
    rates = RateLimit(2, SPAN)
    for _ in range(2):
        assert rates.wait("a", NOW) == NOTHING
        rates.note("a", NOW)
    assert rates.wait("a", NOW + timedelta(minutes=4)) == timedelta(minutes=6)
    assert rates.wait("b", NOW) == NOTHING
    assert rates.wait("a", NOW + SPAN) == NOTHING
    rates.note("a", NOW + SPAN)
    assert rates.wait("a", NOW + SPAN) == NOTHING


def test_only_the_last_callers_are_remembered() -> None:
    rates = RateLimit(1, SPAN, size=2)
    for who in "abc":
        rates.note(who, NOW)
    assert [bool(rates.wait(who, NOW)) for who in "abc"] == [False, True, True]


def test_a_clock_that_was_put_back_locks_nobody_out() -> None:
    rates = RateLimit(1, SPAN)
    rates.note("a", NOW)
    assert rates.wait("a", NOW - timedelta(days=1)) == NOTHING


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "::ffff:c000:201", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:DB8:0:0:ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "192.0.2.1", False),
        ("unix:", "unix:", True),
    ],
)
def test_an_address_or_a_64_is_one_caller(one, other, same):
    assert (rate_limit_key(one) == rate_limit_key(other)) is same
