"""Bytes of a connection to requests: the same however they are cut, bounded, and nothing behind a refusal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.gateway.wire import CUTS, FakeClient, split

from mailgate.http.body import chunk, last_chunk
from mailgate.http.parser import RequestParser, ServerLimits
from mailgate.model import Reason

LIMITS = ServerLimits(head=400, fields=10, body=100, head_time=10, keep_alive=75, linger=0)
HOST = b"Host: mail.example.com\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
NEVER = object()  # stands for a loop that nothing waits on


def post(body):
    return b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunks(*pieces, trailers=()):
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(map(chunk, pieces)) + last_chunk([*trailers])


def parse(*pieces, limits=LIMITS):
    """What a connection makes of these bytes: each request with its body, then what came behind an upgrade."""
    parser, read, upgraded, behind = RequestParser(FakeClient(), NEVER, limits), [], False, b""
    for piece in pieces:
        messages, upgraded, tail = parser.feed_data(piece)
        read += messages
        behind += tail
    return [described(*message) for message in read], upgraded, behind


def described(head, body):
    error = head.refused or body.exception()
    if error is not None:
        return error.status, error.reason
    return head.method, head.target, head.fields, body.read_nowait(), body.is_eof(), head.trailers


def methods(*pieces):
    """The methods, as far as they are told, also of what is refused."""
    parser = RequestParser(FakeClient(), NEVER, LIMITS)
    return [head.method for piece in pieces for head, _ in parser.feed_data(piece)[0]]


def only(*pieces, limits=LIMITS):
    (message,), _, _ = parse(*pieces, limits=limits)
    return message


def test_requests_follow_each_other_on_one_connection():
    """RFC 9112, 9.3.2."""
    messages, _, _ = parse(GET + post(b"hello") + chunks(b"a", b"b", trailers=[(b"T", b"t")]) + GET)
    assert [message[0] for message in messages] == [b"GET", b"POST", b"POST", b"GET"]
    assert [message[3] for message in messages] == [b"", b"hello", b"ab", b""]
    assert messages[2][5] == [(b"T", b"t")]
    assert all(message[4] for message in messages)


def test_a_body_arrives_before_it_is_whole():
    assert only(post(b"hello")[:-2])[3:5] == (b"hel", False)


@pytest.mark.parametrize("empty", [b"\r\n", b"\r\n\r\n"])
def test_empty_lines_before_a_request_are_ignored(empty):
    """RFC 9112, 2.2."""
    assert only(empty + GET) == only(GET)
    assert len(parse(GET + empty + GET)[0]) == 2


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\n" + GET, id="2.2 bare LF before the request"),
        pytest.param(b"\r\r\n" + GET, id="2.2 bare CR before the request"),
        pytest.param(b" " + GET, id="2.2 space before the request"),
        pytest.param(GET.replace(b"\r\n", b"\n"), id="2.2 bare LF as line end"),
        pytest.param(GET.replace(b"Host", b" Host"), id="2.2 space before the first field"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="a TLS hello on a plain port"),
        pytest.param(b"GET / HTTP/1.1\r\nA: \x00", id="NUL, before the head has ended"),
        pytest.param(b"HELO mail.example.com\r\n", id="3 no version"),
        pytest.param(b"G(T / HTTP/1.1\r\nHost: a\r\n", id="9.1 no method, before the head has ended"),
        pytest.param(b"a b\r\n" + b"A" * 500, id="no target, before a head that is too long"),
    ],
)
def test_a_malformed_request_is_refused_without_waiting_for_more(wire):
    for cut in (len(wire), 3, 1):
        pieces = (wire[start : start + cut] for start in range(0, len(wire), cut))
        assert only(*pieces) == (400, Reason.REQUEST_MALFORMED)


def test_another_version_is_refused_without_waiting_for_more():
    """RFC 9110, 15.6.6."""
    assert only(b"GET / HTTP/2.0\r\n")[0] == only(b"GET / HTTP/2.0\r\nA: \x00\r\n\r\n")[0] == 505


def test_the_line_of_the_next_request_is_looked_at_too():
    assert parse(GET[:9], GET[9:] + b"HELO a\r\n")[0][1] == (400, Reason.REQUEST_MALFORMED)


def test_nothing_is_read_behind_a_refusal():
    """What follows could be read in two ways."""
    assert parse(b"G(T / HTTP/1.1\r\n\r\n" + GET, GET) == ([(400, Reason.REQUEST_MALFORMED)], False, b"")


@pytest.mark.parametrize(
    "body",
    [b"5\r\nhelloX", b"5 \r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"0\r\nT : t\r\n\r\n", b"5\nhello\r\n0\r\n\r\n"],
)
def test_a_malformed_body_is_ambiguous_and_nothing_is_read_behind_it(body):
    """RFC 9112, 7.1 and 11.2."""
    head = chunks()[: -len(last_chunk([]))]
    assert parse(head + body + GET, GET)[0] == [(400, Reason.REQUEST_AMBIGUOUS)]


@pytest.mark.parametrize("cut", [1000, 7, 1])
@pytest.mark.parametrize(
    ("wire", "status"),
    [
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 400 + b"\r\n\r\n", 431, id="one long field"
        ),
        pytest.param(b"GET /" + b"a" * 400 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431, id="a long target"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 10 + b"\r\n", 431, id="many fields"),
        pytest.param(b"G" * 401, 431, id="no line end"),
        pytest.param(post(b"a" * 101), 413, id="a long body, by its length"),
        pytest.param(chunks(b"a" * 60, b"b" * 60), 413, id="a long body in chunks"),
    ],
)
def test_sizes_are_bounded(wire, status, cut):
    """RFC 6585, 5; RFC 9110, 15.5.14."""
    assert only(*(wire[start : start + cut] for start in range(0, len(wire), cut)))[0] == status


def test_the_limits_themselves_are_allowed():
    head = b"GET / HTTP/1.1\r\n" + HOST + b"A: "
    assert only(head + b"a" * (400 - len(head) - 4) + b"\r\n\r\n")[0] == b"GET"
    assert only(chunks(b"a" * 60, b"b" * 40))[3] == b"a" * 60 + b"b" * 40
    unlimited = ServerLimits(head=400, fields=10, body=0, head_time=10, keep_alive=75)
    assert len(only(post(b"a" * 5000), limits=unlimited)[3]) == 5000


def test_a_head_that_comes_byte_by_byte_is_looked_at_once(monkeypatch):
    """Else one client could keep the loop busy by sending a long head slowly."""
    looked = []
    monkeypatch.setattr("mailgate.http.parser.refuse_hopeless_head", lambda part: looked.append(len(part)))
    limits = ServerLimits(head=70_000, fields=10, body=0, head_time=10, keep_alive=75)
    wire = b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 3000
    parser = RequestParser(FakeClient(), NEVER, limits)
    for at in range(len(wire)):
        parser.feed_data(wire[at : at + 1])
    assert sum(looked) <= 2 * len(wire)


UPGRADE = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_bytes_behind_a_websocket_handshake_are_not_read_as_a_request():
    messages, upgraded, behind = parse(GET + UPGRADE + GET)
    assert ([message[0] for message in messages], upgraded, behind) == ([b"GET", b"GET"], True, GET)


def test_a_declined_handshake_is_followed_by_requests_again():
    parser = RequestParser(FakeClient(), NEVER, LIMITS)
    _, upgraded, tail = parser.feed_data(UPGRADE + GET)
    assert upgraded
    parser.set_upgraded(False)
    messages, upgraded, _ = parser.feed_data(tail)
    assert ([described(*message)[1] for message in messages], upgraded) == ([b"/a"], False)


@pytest.mark.parametrize("wire", [post(b"hello")[:-1], chunks(b"hello")[:-2]], ids=["a length", "chunks"])
def test_a_cut_body_is_not_taken_for_a_whole_one(wire):
    """RFC 9112, 8."""
    parser = RequestParser(FakeClient(), NEVER, LIMITS)
    ((_, body),), _, _ = parser.feed_data(wire)
    parser.feed_eof()
    assert isinstance(body.exception(), ConnectionResetError)


REQUEST = st.one_of(
    st.just(GET),
    st.just(b"\r\n" + GET),
    st.binary(max_size=20).map(post),
    st.lists(st.binary(min_size=1, max_size=9), max_size=3).map(
        lambda pieces: chunks(*pieces, trailers=[(b"T", b"t")])
    ),
)


@given(st.lists(REQUEST, max_size=4), st.sampled_from([b"", UPGRADE + b"\x81\x00", b"GET /\n", b"G"]), CUTS)
def test_requests_read_the_same_however_the_stream_is_cut(requests, end, cuts):
    wire = b"".join(requests) + end
    whole = parse(wire)
    assert len(whole[0]) == len(requests) + (end not in (b"", b"G"))
    assert parse(*split(wire, cuts)) == whole


WORDS = rb"GET / HTTP/1.1|GET / HTTP/2.0|G(T|HEAD / HTTP/1.1|POST / HTTP/1.1|Host: a|Content-Length: 3|Transfer-Encoding: chunked|1|0|a| |:"
NOISE = st.lists(
    st.sampled_from([*WORDS.split(b"|"), b"\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\x00"]), max_size=24
)


@given(st.one_of(st.binary(max_size=80), NOISE.map(b"".join)), CUTS)
@example(b"\r\n\r\n\r\n", [5])
@example(b"\r\n\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", [3])
def test_random_bytes_are_requests_or_refusals_however_they_are_cut(wire, cuts):
    assert parse(*split(wire, cuts)) == parse(wire)
    assert methods(*split(wire, cuts)) == methods(wire)
