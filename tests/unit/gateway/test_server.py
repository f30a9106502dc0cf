"""The listener: bytes of a connection to requests, and the life of the connection around them."""

import asyncio
import re
import socket
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.wire import CUTS, FakeClient, FakeTransport, exchange, settle, split

from mailgate.gateway.answer import Answer, send
from mailgate.gateway.http1.body import chunk, last_chunk
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.server import MAX_PIPELINED, Outcome, RequestParser, Server, ServerLimits
from mailgate.model import Reason

LIMITS = ServerLimits(head=400, fields=10, body=100, head_time=10, keep_alive=75, linger=0)
HOST = b"Host: mail.example.com\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
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
    ],
)
def test_what_is_no_request_is_refused_without_waiting_for_more(wire):
    assert only(wire) == (400, Reason.REQUEST_MALFORMED)


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
    monkeypatch.setattr("mailgate.gateway.server.unfinished", lambda part: looked.append(len(part)))
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


def test_the_end_of_the_connection_inside_a_body_is_never_taken_for_its_end():
    """RFC 9112, 8."""
    for wire in (post(b"hello")[:-1], chunks(b"hello")[:-2]):
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


WORDS = rb"GET / HTTP/1.1|POST / HTTP/1.1|Host: a|Content-Length: 3|Transfer-Encoding: chunked|1|0|a| |:"
NOISE = st.lists(
    st.sampled_from([*WORDS.split(b"|"), b"\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\x00"]), max_size=24
)


@given(st.one_of(st.binary(max_size=80), NOISE.map(b"".join)), CUTS)
def test_random_bytes_are_requests_or_refusals_however_they_are_cut(wire, cuts):
    assert parse(*split(wire, cuts)) == parse(wire)


class Peer:
    """A client on a fake transport: what it sends, what it gets."""

    def __init__(self, handler, limits=LIMITS, **extra):
        self.server = Server(handler, limits)
        self.connection = self.server()
        self.transport = FakeTransport(self.connection, **extra)
        self.connection.connection_made(self.transport)

    async def send(self, data):
        self.connection.data_received(data)
        await settle()
        return self.transport.taken()

    async def leave(self):
        self.connection.connection_lost(None)
        await settle()


@pytest.fixture
async def connect():
    peers = []

    def connect(handler, limits=LIMITS, **extra):
        peers.append(Peer(handler, limits, **extra))
        return peers[-1]

    yield connect
    for peer in peers:
        await peer.leave()


async def echo(asked):
    """Answers with the target and the body; with the refusal where there is one."""
    if asked.head.refused:
        return send(asked, Answer(asked.head.refused.status), NOW)
    return send(asked, Answer(200, asked.head.target + b" " + await asked.body.read()), NOW)


async def test_a_connection_serves_one_request_after_the_other(connect):
    peer = connect(echo)
    assert (await peer.send(GET)).endswith(b"\r\n\r\n/a ")
    assert (await peer.send(post(b"hello"))).endswith(b"\r\n\r\n/ hello")
    assert not peer.transport.closing


async def test_pipelined_requests_are_answered_in_order_however_many_there_are(connect):
    """RFC 9112, 9.3.2."""
    peer, count = connect(echo), 5 * MAX_PIPELINED + 3
    got = await peer.send(b"".join(GET.replace(b"/a", b"/%d" % number) for number in range(count)))
    for _ in range(count):
        await settle()
        got += peer.transport.taken()
    assert got.count(b"HTTP/1.1 200 OK") == count
    targets = [got.index(b"\r\n\r\n/%d " % number) for number in range(count)]
    assert targets == sorted(targets)
    assert peer.transport.reading


async def test_a_client_that_sends_more_than_is_answered_is_not_read(connect):
    """Else it could fill the memory with requests that wait behind one slow answer."""
    go = asyncio.Event()

    async def slow(asked):
        await go.wait()
        return await echo(asked)

    peer = connect(slow)
    await peer.send(GET * (MAX_PIPELINED + 5))
    assert not peer.transport.reading
    go.set()
    for _ in range(MAX_PIPELINED):
        await settle()
    assert peer.transport.taken().count(b"HTTP/1.1 200 OK") == MAX_PIPELINED + 5
    assert peer.transport.reading


async def test_a_refusal_keeps_its_turn_and_ends_the_connection(connect):
    peer = connect(echo)
    got = await peer.send(GET + b"G(T / HTTP/1.1\r\n\r\n" + GET)
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == [b"200", b"400"]
    assert peer.transport.closing


async def test_a_head_that_does_not_end_in_time_is_refused(connect):
    """RFC 9110, 15.5.9."""
    peer = connect(echo, ServerLimits(head=400, fields=10, body=100, head_time=0, keep_alive=75, linger=0))
    assert (await peer.send(b"GET / HT")).startswith(b"HTTP/1.1 408 ")
    assert peer.transport.closing


async def test_the_clock_of_a_head_stops_when_it_has_ended_and_does_not_run_between_requests(connect):
    peer = connect(echo)
    await peer.send(GET[:9])
    timer = peer.connection._head_timer
    await peer.send(GET[9:12])
    assert peer.connection._head_timer is timer  # bytes that trickle in win no time
    await peer.send(GET[12:])
    assert peer.connection._head_timer is None
    assert timer.cancelled()


async def test_an_idle_connection_is_closed(connect):
    peer = connect(echo)
    await peer.send(GET)
    peer.connection._next_keepalive_close_time = 0
    peer.connection._process_keepalive()
    assert peer.transport.closing


async def test_the_handler_ends_when_the_client_leaves(connect):
    ended = []

    async def slow(asked):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(asked.head.target)
        return Outcome(keep_alive=False)

    peer = connect(slow)
    await peer.send(GET)
    await peer.leave()
    assert ended == [b"/a"]


async def test_whoever_reads_the_body_is_woken_when_the_client_leaves(connect):
    seen = []

    async def reading(asked):
        try:
            await asked.body.read()
        except BaseException as error:
            seen.append(type(error))
            raise
        return Outcome(keep_alive=False)

    peer = connect(reading)
    await peer.send(post(b"hello")[:-1])
    await peer.leave()
    assert seen


async def test_a_body_that_is_not_read_stops_the_reading(connect):
    go = asyncio.Event()

    async def slow(asked):
        await go.wait()
        return await echo(asked)

    peer = connect(slow, ServerLimits(head=400, fields=10, body=0, head_time=10, keep_alive=75))
    await peer.send(post(b"a" * 2_000_000)[:1_500_000])
    assert not peer.transport.reading
    go.set()
    await settle()
    assert peer.transport.reading


async def test_draining_closes_idle_connections_and_lets_the_others_finish(connect):
    go = asyncio.Event()

    async def slow(asked):
        await go.wait()
        return Outcome(keep_alive=asked.head.keep_alive)

    idle, busy = connect(slow), connect(slow)
    await settle()
    await busy.send(GET)
    idle.connection.drain()
    busy.connection.drain()
    await settle()
    assert (idle.transport.closing, busy.transport.closing) == (True, False)
    go.set()
    await settle()
    assert busy.transport.closing


async def test_an_exchange_knows_its_peer_and_whether_it_is_secure(connect):
    seen = []

    async def look(asked):
        seen.append((asked.peer, asked.secure))
        return Outcome(keep_alive=True)

    await connect(look, peername=("2001:db8::1", 5, 0, 0)).send(GET)
    await connect(look, sslcontext=object()).send(GET)
    await connect(look, peername="").send(GET)
    assert seen == [("2001:db8::1", False), ("192.0.2.7", True), ("", False)]


class Socket:
    def __init__(self):
        self.options = []

    def setsockopt(self, level, option, value):
        self.options.append((level, option, struct.unpack("ii", value)))


async def test_a_broken_answer_ends_in_a_reset():
    """RFC 9112, 8: a body without a length is complete where the connection ends."""
    asked = exchange(client=FakeClient(socket=Socket()))
    asked.abort()
    transport = asked.connection.transport
    assert transport.aborted
    assert transport.extra["socket"].options == [(socket.SOL_SOCKET, socket.SO_LINGER, (1, 0))]


async def test_a_client_that_does_not_read_is_awaited_only_so_long(connect):
    seen = []

    async def patient(asked):
        asked.connection.pause_writing()
        try:
            await asked.drain(0)
        except TimeoutError:
            seen.append("timeout")
        asked.connection.resume_writing()
        await asked.drain(0)
        return Outcome(keep_alive=True)

    await connect(patient).send(GET)
    assert seen == ["timeout"]


async def test_tls_has_no_half_close():
    asked = exchange(client=FakeClient(sslcontext=object()))
    asked.half_close()
    assert not asked.connection.transport.ended


async def test_an_error_behind_the_handler_is_logged_without_its_values(connect, caplog):
    async def broken(asked):
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Cookie: a=1234")

    peer = connect(broken)
    await peer.send(GET)
    assert peer.transport.closing
    assert "1234" not in caplog.text
